import { isObject, readBody, type Draft } from './bodies.js'
import type { Context, Emission, EventInput } from './emission.js'
import { invalidArgument, missingRow, payloadError } from './errors.js'
import { relatedIds } from './expand.js'
import type { Table } from './metadata-model.js'
import { demand } from './privileges.js'
import type { Cell, Row } from './row-store.js'
import { current, internally, updateRow } from './rows.js'
import { put, table as tableNamed, type World } from './world.js'

export interface Merging {
  readonly table: Table
  readonly target: Row
  readonly subordinate: Row
  /** Columns the surviving row takes over. */
  readonly content: Draft
}

const mergeable: ReadonlySet<string> = new Set(['account', 'contact', 'lead'])

/** Reads the body of Merge. Source: learn.microsoft.com "Merge table rows using the Web API" (read 2023-10). */
export function readMerging(world: World, body: unknown): Merging {
  if (!isObject(body)) throw payloadError('Merge', 'The request body must be a JSON object.')
  const read = (name: string): { table: Table; row: Row; rest: Record<string, unknown> } => {
    const value = body[name]
    const type = isObject(value) ? value['@odata.type'] : undefined
    const table = typeof type === 'string' ? world.model.tables.get(type.replace(/^#?Microsoft\.Dynamics\.CRM\./, '')) : undefined
    const id = table && isObject(value) ? value[table.primaryId] : undefined
    if (table === undefined || !isObject(value) || typeof id !== 'string')
      throw payloadError('Merge', `The parameter '${name}' needs '@odata.type' and the id of a row.`)
    if (!mergeable.has(table.name)) throw invalidArgument(`Rows of '${table.name}' cannot be merged.`)
    const row = table.rows.get(id.toLowerCase())
    if (row === undefined) throw missingRow(table.name, id)
    const { [table.primaryId]: _id, '@odata.type': _type, ...rest } = value
    return { table, row, rest }
  }
  const target = read('Target')
  const subordinate = read('Subordinate')
  if (target.table !== subordinate.table) throw invalidArgument('Only rows of one table can be merged.')
  if (target.row.id === subordinate.row.id) throw invalidArgument('A row cannot be merged with itself.')
  const given = body['UpdateContent']
  const content = isObject(given) ? Object.fromEntries(Object.entries(given).filter(([name]) => name !== target.table.primaryId)) : {}
  return {
    table: target.table,
    target: target.row,
    subordinate: subordinate.row,
    content: readBody({ world, mode: 'update', references: new Map() }, target.table, content),
  }
}

const inactive: Readonly<Record<string, { state: number; status: number }>> = {
  account: { state: 1, status: 2 },
  contact: { state: 1, status: 2 },
  lead: { state: 2, status: 4 },
}

/** The subordinate becomes inactive and points at the survivor; everything that hung on it hangs on the survivor. Must run inside a transaction. */
export function merge(world: World, context: Context, merging: Merging): void {
  const { table, target, subordinate, content } = merging
  demand(world, context, 'prvMerge')
  if (subordinate.cells['merged'] === true || target.cells['merged'] === true)
    throw invalidArgument('A row that was merged before cannot be merged again.')
  if (Object.keys(content.cells).length > 0) updateRow(world, context, table, target, content, internally)
  reparent(world, table, subordinate, target)
  const end = inactive[table.name] ?? { state: 1, status: 2 }
  const cells: Record<string, Cell> = {
    statecode: end.state,
    statuscode: end.status,
    masterid: { table: table.name, id: target.id },
    merged: true,
  }
  updateRow(world, context, table, current(table, subordinate.id), { cells, parents: [], children: [] }, internally)
  raise(world, context, merging)
}

/** Moving children raises no events of its own, but every moved row gets a new version. */
function reparent(world: World, table: Table, from: Row, to: Row): void {
  for (const collection of table.collections.values()) {
    if (collection.kind !== 'one-to-many' || collection.relationship.onMerge === 'NoCascade') continue
    const { relationship } = collection
    const other = tableNamed(world, relationship.referencing)
    if (relationship.column === 'masterid') continue
    for (const id of relatedIds(world, collection, from.id)) {
      const row = other.rows.get(id)
      const cell = row?.cells[relationship.column]
      if (row === undefined || typeof cell !== 'object' || cell === null || cell.table !== table.name) continue
      const moved: Cell = { table: table.name, id: to.id }
      const twins: Record<string, Cell> = relationship.column === 'customerid' && row.cells['accountid'] ? { accountid: moved } : {}
      put(world, other, { id, version: world.nextVersion(), cells: { ...row.cells, [relationship.column]: moved, ...twins } })
    }
  }
}

function raise(world: World, context: Context, { table, target, subordinate, content }: Merging): void {
  const inputs: { key: string; value: EventInput }[] = [
    { key: 'Target', value: { kind: 'reference', table: table.name, id: target.id } },
    { key: 'SubordinateId', value: { kind: 'plain', value: subordinate.id } },
    { key: 'UpdateContent', value: { kind: 'entity', table: table.name, id: target.id, cells: content.cells, version: null } },
  ]
  const emission: Emission = {
    message: 'Merge',
    table: table.name,
    id: target.id,
    context,
    sent: null,
    before: target,
    after: current(table, target.id),
    inputs,
    callerInputs: inputs,
    outputs: [],
  }
  world.transactions.emit(emission.message, emission.table, () => emission)
}
