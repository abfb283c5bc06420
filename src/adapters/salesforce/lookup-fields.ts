import { isFault } from '../../core/fault.js'
import { columnOf, relationOf, type Mapping } from '../../core/mapping.js'
import type { ChoiceOption, Column } from '../column.js'
import type { SalesforceApi } from './api.js'
import { textOf, type Row } from './row.js'
import { fieldIn, objectOf, type ObjectName, type Schema } from './schema.js'
import { soql } from './soql.js'

const rowsMost = 2_000 // A list that a person chooses from has fewer; an object of customers is no list.

interface Wanted {
  readonly object: ObjectName
  readonly column: Column
  readonly to: string
}

/**
 * The lookups that a mapping names become lists: the records they may point to, by their names. A lookup to several objects, or to more
 * records than a list has, stays closed, and the check says so.
 */
export async function withLookups(api: SalesforceApi, schema: Schema, mapping: Mapping, signal: AbortSignal): Promise<Schema> {
  const wanted = lookupsIn(schema, mapping)
  const lists = await Promise.all(wanted.map((one) => listOf(api, one, signal)))
  return wanted.reduce((known, one, index) => opened(known, one, lists[index] ?? null), schema)
}

/** Lookup fields that rows or constants name, each once. */
function lookupsIn(schema: Schema, mapping: Mapping): Wanted[] {
  const found = new Map<string, Wanted>()
  const add = (object: ObjectName, name: string): void => {
    const column = fieldIn(schema, object, name)
    const [to, ...more] = column?.pointsTo ?? []
    if (column?.type === 'lookup' && to !== undefined && more.length === 0) found.set(`${object}.${column.name}`, { object, column, to })
  }
  for (const kind of ['opportunity', 'lead'] as const) {
    for (const row of Object.values(mapping[kind])) {
      const relation = relationOf(row)
      if (relation === null || relation === 'account' || relation === 'contact') add(objectOf(relation ?? kind), columnOf(row))
    }
  }
  for (const table of ['opportunity', 'lead', 'account', 'contact'] as const)
    for (const name of Object.keys(mapping.defaults[table])) add(objectOf(table), name)
  return [...found.values()]
}

/** Null: more than a list has, or hidden from us. */
async function listOf(api: SalesforceApi, { to }: Wanted, signal: AbortSignal): Promise<readonly Row[] | null> {
  const question = { soql: soql({ fields: ['Id', 'Name'], from: to, limit: rowsMost + 1 }), deleted: false, what: `the records of ${to}` }
  try {
    const { rows } = await api.query(question, signal)
    return rows.length > rowsMost ? null : rows
  } catch (error) {
    if (isFault(error) && (error.kind === 'forbidden' || error.kind === 'misconfigured' || error.kind === 'rejected')) return null
    throw error
  }
}

function opened(schema: Schema, { object, column }: Wanted, rows: readonly Row[] | null): Schema {
  const fields = schema.objects[object]
  if (rows === null || fields === null) return schema
  const options = rows.flatMap((row): ChoiceOption[] => {
    const value = textOf(row, 'Id')
    const label = textOf(row, 'Name')
    return value === null || label === null ? [] : [{ value, label }]
  })
  return { ...schema, objects: { ...schema.objects, [object]: new Map(fields).set(column.name, { ...column, options }) } }
}
