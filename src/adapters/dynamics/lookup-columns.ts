import { columnOf, relationOf, type Mapping } from '../../core/mapping.js'
import { Fault, type FaultKind } from '../../core/fault.js'
import type { ChoiceOption, Column } from '../column.js'
import type { DynamicsApi, Question } from './api.js'
import type { TableName } from './columns.js'
import { idOf, query, rowsOf, textOf, type Row } from './row.js'
import { columnIn, type Schema } from './schema.js'

const rowsMost = 2_000 // A list that a person chooses from has fewer; a table of customers is no list.
const tables: readonly TableName[] = ['opportunity', 'lead', 'account', 'contact']

interface Wanted {
  readonly table: TableName
  readonly column: Column
}
interface Target extends Wanted {
  readonly bind: string
  readonly name: string
}

/**
 * The lookups that a mapping names become lists: the rows they may point to, by the words of their primary column. A lookup to several tables,
 * or to more rows than a list has, stays closed, and the check says so.
 * Source: learn.microsoft.com "Use lookup properties" and "Associate table rows on create" (read 2023-10).
 */
export async function withLookups(api: DynamicsApi, schema: Schema, mapping: Mapping, signal: AbortSignal): Promise<Schema> {
  const wanted = lookupsIn(schema, mapping)
  if (wanted.length === 0) return schema
  const relations = await api.ask(
    wanted.map(({ table }) => relationsOf(table)),
    signal,
  )
  const targets = wanted.flatMap((one, index) => targetOf(one, rowsIn(relations[index])))
  const heads = await api.ask(
    targets.map(({ name }) => headOf(name)),
    signal,
  )
  const known = targets.flatMap((target, index) => headIn(target, rowIn(heads[index])))
  const lists = await api.ask(known.map(listOf), signal)
  return known.reduce((so, head, index) => opened(so, head, rowsIn(lists[index])), schema)
}

/** A target whose table we may see. */
interface Head extends Target {
  readonly set: string
  readonly id: string
  readonly label: string
}
function headIn(target: Target, row: Row): Head[] {
  const [set, id, label] = [textOf(row, 'EntitySetName'), textOf(row, 'PrimaryIdAttribute'), textOf(row, 'PrimaryNameAttribute')]
  return set === null || id === null || label === null ? [] : [{ ...target, set, id, label }]
}
const listOf = ({ set, id, label }: Head): Question => ask(`the rows of ${set}`, `${set}?$select=${id},${label}&$top=${rowsMost + 1}`)

const lookupsIn = (schema: Schema, mapping: Mapping): Wanted[] => mappedColumns(schema, mapping).filter(({ column }) => column.type === 'lookup')

/** Columns that rows or constants name, each once. */
export function mappedColumns(schema: Schema, mapping: Mapping): Wanted[] {
  const found = new Map<string, Wanted>()
  const add = (table: TableName, name: string): void => {
    const column = columnIn(schema, table, name)
    if (column !== null) found.set(`${table}.${column.name}`, { table, column })
  }
  for (const kind of ['opportunity', 'lead'] as const) {
    for (const row of Object.values(mapping[kind])) {
      const relation = relationOf(row)
      if (relation === null || relation === 'account' || relation === 'contact') add(relation ?? kind, columnOf(row))
    }
  }
  for (const table of tables) for (const name of Object.keys(mapping.defaults[table])) add(table, name)
  return [...found.values()]
}

const ask = (what: string, path: string): Question => ({ what, path })
const relationsOf = (table: string): Question =>
  ask(
    `the lookups of table ${table}`,
    `EntityDefinitions(LogicalName='${table}')/ManyToOneRelationships${query({ $select: 'ReferencingAttribute,ReferencingEntityNavigationPropertyName,ReferencedEntity' })}`,
  )
const headOf = (table: string): Question =>
  ask(
    `table ${table}`,
    `EntityDefinitions(LogicalName='${table}')${query({ $select: 'LogicalName,EntitySetName,PrimaryIdAttribute,PrimaryNameAttribute' })}`,
  )
type Answer = Row | null | Fault | undefined
const closed: ReadonlySet<FaultKind> = new Set(['forbidden', 'misconfigured', 'missing', 'rejected'])
/** What we may not see is closed to us; an outage is an outage, and so is an answer that was lost. */
function rowIn(answer: Answer): Row {
  if (answer instanceof Fault && !closed.has(answer.kind)) throw answer
  return answer === null || answer === undefined || answer instanceof Fault ? {} : answer
}
export const rowsIn = (answer: Answer): readonly Row[] => rowsOf(rowIn(answer), 'value')

function targetOf(one: Wanted, relations: readonly Row[]): Target[] {
  const own = relations.filter((row) => textOf(row, 'ReferencingAttribute') === one.column.name)
  const [only] = own
  if (only === undefined || own.length > 1) return []
  const name = textOf(only, 'ReferencedEntity')
  const bind = textOf(only, 'ReferencingEntityNavigationPropertyName') ?? one.column.name
  return name === null ? [] : [{ ...one, name, bind: `${bind}@odata.bind` }]
}

function opened(schema: Schema, head: Head, rows: readonly Row[]): Schema {
  const table = schema.tables[head.table]
  if (table === null || rows.length > rowsMost) return schema
  const options = rows.flatMap((row): ChoiceOption[] => {
    const value = idOf(row, head.id)
    const label = textOf(row, head.label)
    return value === null || label === null ? [] : [{ value, label }]
  })
  const lookup = { read: `_${head.column.name}_value`, bind: head.bind, set: head.set }
  const columns = new Map(table.columns).set(head.column.name, { ...head.column, options, lookup })
  return { ...schema, tables: { ...schema.tables, [head.table]: { ...table, columns } } }
}
