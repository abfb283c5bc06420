import type { Context, Emission, EventInput } from './emission.js'
import { deleteBlocked } from './errors.js'
import { relatedIds } from './expand.js'
import { hooksOf } from './hooks.js'
import type { Collection, Table } from './metadata-model.js'
import { demandOn } from './privileges.js'
import type { Row } from './row-store.js'
import { put, remove, type World } from './world.js'

/** Deletes a row and what its relationships say about rows that point at it. Must run inside a transaction. */
export function deleteRow(world: World, context: Context, table: Table, row: Row): void {
  demandOn(world, context, 'Delete', table)
  hooksOf(table.name).beforeDelete?.(world, row)
  for (const collection of table.collections.values()) settleRelated(world, context, collection, row)
  remove(world, table, row)
  const target: EventInput = { kind: 'reference', table: table.name, id: row.id }
  const inputs = [{ key: 'Target', value: target }]
  const emission: Emission = {
    message: 'Delete',
    table: table.name,
    id: row.id,
    context,
    sent: null,
    before: row,
    after: undefined,
    inputs,
    callerInputs: inputs,
    outputs: [],
  }
  world.transactions.emit(emission.message, emission.table, () => emission)
  hooksOf(table.name).afterDelete?.(world, row)
}

function settleRelated(world: World, context: Context, collection: Collection, row: Row): void {
  if (collection.kind === 'many-to-many') {
    for (const id of relatedIds(world, collection, row.id)) unpair(world, collection, row.id, id)
    return
  }
  const { relationship } = collection
  const other = world.model.tables.get(relationship.referencing)
  // Columns without an index are the stamps of every row; nothing that they point at can be deleted.
  if (other === undefined || !other.rows.hasIndex(relationship.column)) return
  for (const id of relatedIds(world, collection, row.id)) {
    const related = other.rows.get(id)
    const cell = related?.cells[relationship.column]
    if (related === undefined || typeof cell !== 'object' || cell === null || cell.table !== relationship.referenced) continue
    if (relationship.onDelete === 'Restrict') throw deleteBlocked(relationship.schemaName)
    if (relationship.onDelete === 'Cascade') deleteRow(world, { ...context, trusted: true }, other, related)
    else if (relationship.onDelete === 'RemoveLink') {
      // Removing the link changes the row's version but raises no event.
      put(world, other, { id, version: world.nextVersion(), cells: { ...related.cells, [relationship.column]: null } })
    }
  }
}

export function pair(world: World, collection: Extract<Collection, { kind: 'many-to-many' }>, id: string, otherId: string): void {
  const [first, second] = collection.side === 'first' ? [id, otherId] : [otherId, id]
  const { pairs, reverse } = collection.relation
  if (pairs.get(first)?.has(second)) return
  add(pairs, first, second)
  add(reverse, second, first)
  world.transactions.undo(() => {
    pairs.get(first)?.delete(second)
    reverse.get(second)?.delete(first)
  })
}

export function unpair(world: World, collection: Extract<Collection, { kind: 'many-to-many' }>, id: string, otherId: string): void {
  const [first, second] = collection.side === 'first' ? [id, otherId] : [otherId, id]
  const { pairs, reverse } = collection.relation
  if (!pairs.get(first)?.delete(second)) return
  reverse.get(second)?.delete(first)
  world.transactions.undo(() => {
    add(pairs, first, second)
    add(reverse, second, first)
  })
}

function add(map: Map<string, Set<string>>, key: string, value: string): void {
  const held = map.get(key)
  if (held === undefined) map.set(key, new Set([value]))
  else held.add(value)
}
