import type { Draft } from './bodies.js'
import type { Context, Emission, EventInput } from './emission.js'
import { duplicateId, duplicateKey, duplicatesFound, invalidArgument, invalidState, missingRow } from './errors.js'
import { keyIndex, keyIndexName } from './find.js'
import type { Change } from './change.js'
import { demandColumns } from './column-security.js'
import { hooksOf } from './hooks.js'
import type { Column, Table } from './metadata-model.js'
import { settleMoney } from './money.js'
import { demand, demandOn } from './privileges.js'
import { fold, type Cell, type Cells, type Ref, type Row } from './row-store.js'
import { recordComponentRow } from './solution-components.js'
import { put, rowOf, table as tableNamed, type World } from './world.js'

/** How a write comes about, beyond its body. */
export interface How {
  /** The simulator's own follow-up writes skip the rules made for callers. */
  readonly internal: boolean
  /** Key columns an upsert found in its URL. */
  readonly urlCells: Readonly<Record<string, Cell>>
  readonly urlId: string | null
}

export const direct: How = { internal: false, urlCells: {}, urlId: null }
export const internally: How = { internal: true, urlCells: {}, urlId: null }

const userRef = (id: string): Ref => ({ table: 'systemuser', id })

/** Creates a row, with everything the platform adds to it. Must run inside a transaction. */
export function createRow(world: World, context: Context, table: Table, draft: Draft, how: How = direct): Row {
  demandOn(world, context, 'Create', table)
  if (!how.internal) demandColumns(world, context, table, Object.keys(draft.cells), 'cancreate')
  const cells: Record<string, Cell> = { ...defaultsOf(table), ...how.urlCells, ...draft.cells }
  for (const parent of draft.parents) {
    const row = createRow(world, context, parent.table, parent.draft)
    cells[parent.navigation.column.name] = { table: parent.table.name, id: row.id }
  }
  const id = how.urlId ?? (typeof cells[table.primaryId] === 'string' ? String(cells[table.primaryId]) : world.guid())
  if (table.rows.get(id) !== undefined) throw duplicateId()
  cells[table.primaryId] = id
  demandLookups(world, context, table, Object.keys(draft.cells), cells)
  stampCreation(world, context, table, cells)
  settleState(table, undefined, cells, new Set(Object.keys(draft.cells)))
  numberColumns(world, table, cells)
  const change: Change = {
    world,
    context,
    table,
    before: undefined,
    sent: new Set(Object.keys(draft.cells)),
    cells,
    internal: how.internal,
  }
  hooksOf(table.name).before?.(change)
  settleMoney(world, table, cells, undefined, context.userId)
  requireSystemColumns(table, cells)
  requireUnique(world, table, id, undefined, cells)
  if (context.detectDuplicates) requireNoDuplicates(table, cells)
  const row: Row = { id, version: world.nextVersion(), cells }
  put(world, table, row)
  recordComponentRow(world, context, table, row)
  world.transactions.emit('Create', table.name, () => creation(context, table, row))
  hooksOf(table.name).after?.(change, row)
  for (const child of draft.children) {
    createRow(world, context, child.table, { ...child.draft, cells: { ...child.draft.cells, [child.column]: { table: table.name, id } } })
  }
  return table.rows.get(id) ?? row
}

function defaultsOf(table: Table): Readonly<Record<string, Cell>> {
  const held = table.prepared.get('defaults')
  if (held !== undefined) return held as Readonly<Record<string, Cell>> // only this function writes this key
  const made: Record<string, Cell> = {}
  for (const column of table.columns.values()) if (column.defaultValue !== null) made[column.name] = column.defaultValue
  table.prepared.set('defaults', made)
  return made
}

function stampCreation(world: World, context: Context, table: Table, cells: Record<string, Cell>): void {
  if (!table.columns.has('createdon')) return
  const overridden = cells['overriddencreatedon'] ?? null
  if (overridden !== null) demand(world, context, 'prvOverrideCreatedOnCreatedBy')
  cells['createdon'] = overridden ?? context.now
  cells['createdby'] = userRef(context.userId)
  stampChange(context, cells)
  cells['createdonbehalfby'] = cells['modifiedonbehalfby'] ?? null
  if (table.ownership === 'UserOwned') setOwner(world, context, table, cells, undefined)
}

function stampChange(context: Context, cells: Record<string, Cell>): void {
  cells['modifiedon'] = context.now
  cells['modifiedby'] = userRef(context.userId)
  cells['modifiedonbehalfby'] = context.userId === context.initiatingUserId ? null : userRef(context.initiatingUserId)
}

function setOwner(world: World, context: Context, table: Table, cells: Record<string, Cell>, before: Row | undefined): void {
  const given = cells['ownerid'] ?? null
  if (given === null && before !== undefined) throw invalidArgument(`The owner of a ${table.name} cannot be empty.`)
  const owner: Ref = given !== null && typeof given === 'object' ? given : userRef(context.userId)
  const held = before?.cells['ownerid']
  const same = typeof held === 'object' && held !== null && held.id === owner.id
  if (!same && (before !== undefined || owner.id !== context.userId)) demandOn(world, context, 'Assign', table)
  const row = rowOf(tableNamed(world, owner.table), owner.id)
  cells['ownerid'] = owner
  cells['owninguser'] = owner.table === 'systemuser' ? owner : null
  cells['owningteam'] = owner.table === 'team' ? owner : null
  cells['owningbusinessunit'] = row.cells['businessunitid'] ?? { table: 'businessunit', id: world.ids.businessUnit }
}

/** Rows that are linked need Append on one side and AppendTo on the other. */
function demandLookups(
  world: World,
  context: Context,
  table: Table,
  names: readonly string[],
  cells: Readonly<Record<string, Cell>>,
): void {
  if (context.trusted) return
  for (const name of names) {
    const cell = cells[name]
    if (name === 'ownerid' || typeof cell !== 'object' || cell === null) continue
    demandOn(world, context, 'Append', table)
    demandOn(world, context, 'AppendTo', tableNamed(world, cell.table))
  }
}

/** Keeps state and status a valid pair. A state alone brings its first status; a status alone has to belong to the row's state. */
function settleState(table: Table, before: Row | undefined, cells: Record<string, Cell>, sent: ReadonlySet<string>): void {
  const stateColumn = table.columns.get('statecode')
  const statuses = table.columns.get('statuscode')?.optionSet?.options
  if (stateColumn === undefined || statuses === undefined) return
  const first = stateColumn.optionSet?.options[0]?.value ?? 0
  const held = before?.cells['statecode']
  const state = Number((sent.has('statecode') ? cells['statecode'] : held) ?? first)
  cells['statecode'] = state
  const keepsStatus = before !== undefined && !sent.has('statecode') && !sent.has('statuscode')
  if (keepsStatus) return
  const given = sent.has('statuscode') ? cells['statuscode'] : null
  if (given === null || given === undefined) {
    const isNewState = before === undefined || held !== state
    if (isNewState) cells['statuscode'] = statuses.find((status) => status.state === state)?.value ?? null
    return
  }
  const status = statuses.find((option) => option.value === given)
  if (status === undefined || status.state !== state) throw invalidState(table.name, state, Number(given))
}

/** Numbers the auto-number columns nobody filled: `{DATETIMEUTC:yyyy-MM-dd}` and `{SEQNUM:5}` among plain text. */
function numberColumns(world: World, table: Table, cells: Record<string, Cell>): void {
  for (const column of autoNumbered(table)) {
    if ((cells[column.name] ?? null) !== null) continue
    const counter = `autonumber:${table.name}.${column.name}`
    const next = Number(world.caches.get(counter) ?? 1_000)
    world.caches.set(counter, next + 1)
    cells[column.name] = (column.autoNumber ?? '')
      .replace(/\{SEQNUM:(\d+)\}/, (_, digits: string) => String(next).padStart(Number(digits), '0'))
      .replace(/\{DATETIMEUTC:[^}]*\}/, new Date(world.clock.now()).toISOString().slice(0, 10))
  }
}

function autoNumbered(table: Table): readonly Column[] {
  const held = table.prepared.get('autonumber')
  if (held !== undefined) return held as readonly Column[] // only this function writes this key
  const made = [...table.columns.values()].filter(({ autoNumber }) => autoNumber !== null)
  table.prepared.set('autonumber', made)
  return made
}

function requireSystemColumns(table: Table, cells: Readonly<Record<string, Cell>>): void {
  for (const column of systemRequired(table)) {
    if ((cells[column.name] ?? null) === null) throw invalidArgument(`Attribute: ${column.name} cannot be set to NULL on ${table.name}.`)
  }
}

function systemRequired(table: Table): readonly Column[] {
  const held = table.prepared.get('required')
  if (held !== undefined) return held as readonly Column[] // only this function writes this key
  const made = [...table.columns.values()].filter(({ required }) => required === 'SystemRequired')
  table.prepared.set('required', made)
  return made
}

function requireUnique(world: World, table: Table, id: string, before: Cells | undefined, cells: Cells): void {
  for (const key of table.keys.values()) {
    if (key.status !== 'Active') continue
    const extract = keyIndex(key)
    const value = extract(cells)
    if (value === undefined || (before !== undefined && extract(before) === value)) continue
    if (table.rows.find(keyIndexName(key), value).some((other) => other !== id)) throw duplicateKey(world.options.duplicateKeyStatus)
  }
}

/** The duplicate rules every new environment publishes. */
const duplicateRules: Readonly<Record<string, string>> = { account: 'name', contact: 'emailaddress1', lead: 'emailaddress1' }

function requireNoDuplicates(table: Table, cells: Cells): void {
  const column = duplicateRules[table.name]
  const value = column === undefined ? null : (cells[column] ?? null)
  if (column === undefined || typeof value !== 'string') return
  const folded = fold(value)
  const repeated = table.rows.hasIndex(column)
    ? table.rows.count(column, folded) > 0
    : [...table.rows.all()].some((row) => fold(String(row.cells[column] ?? '')) === folded)
  if (repeated) throw duplicatesFound()
}

function creation(context: Context, table: Table, row: Row): Emission {
  const target: EventInput = { kind: 'entity', table: table.name, id: row.id, cells: row.cells, version: null }
  const inputs = [
    { key: 'Target', value: target },
    { key: 'SuppressDuplicateDetection', value: { kind: 'plain', value: !context.detectDuplicates } as const },
  ]
  return {
    message: 'Create',
    table: table.name,
    id: row.id,
    context,
    sent: null,
    before: undefined,
    after: row,
    inputs,
    callerInputs: inputs,
    outputs: [{ key: 'id', value: { kind: 'plain', value: row.id } }],
  }
}

/** Changes a row. Every column sent counts as changed, also when its value stays the same. Must run inside a transaction. */
export function updateRow(world: World, context: Context, table: Table, row: Row, draft: Draft, how: How = direct): Row {
  demandOn(world, context, 'Write', table)
  const id = draft.cells[table.primaryId]
  if (id !== undefined && id !== row.id) throw invalidArgument(`The id in the body, ${String(id)}, is not the id of the row, ${row.id}.`)
  const sent = new Set(Object.keys(draft.cells).filter((name) => name !== table.primaryId))
  if (!how.internal) demandColumns(world, context, table, sent, 'canupdate')
  if (table.publishable && !how.internal) return draftUpdate(world, context, table, row, draft)
  const cells: Record<string, Cell> = { ...(row.cells as Record<string, Cell>), ...draft.cells } // rows hold no undefined members
  demandLookups(world, context, table, [...sent], cells)
  settleState(table, row, cells, sent)
  if (table.columns.has('modifiedon')) stampChange(context, cells)
  if (sent.has('ownerid')) setOwner(world, context, table, cells, row)
  const change: Change = { world, context, table, before: row, sent, cells, internal: how.internal }
  hooksOf(table.name).before?.(change)
  settleMoney(world, table, cells, row.cells, context.userId)
  requireSystemColumns(table, cells)
  requireUnique(world, table, row.id, row.cells, cells)
  const next: Row = { id: row.id, version: world.nextVersion(), cells }
  put(world, table, next)
  world.transactions.emit('Update', table.name, () => updating(context, table, row, next, [...sent]))
  hooksOf(table.name).after?.(change, next)
  return table.rows.get(row.id) ?? next
}

/** Forms, views and web resources keep showing their published state until somebody publishes. */
function draftUpdate(world: World, context: Context, table: Table, row: Row, draft: Draft): Row {
  const before = table.drafts.get(row.id)
  const cells = { ...(row.cells as Record<string, Cell>), ...before, ...draft.cells } as Record<string, Cell> // drafts hold cells
  hooksOf(table.name).before?.({ world, context, table, before: row, sent: new Set(Object.keys(draft.cells)), cells, internal: false })
  requireSystemColumns(table, cells)
  world.transactions.undo(() => void (before === undefined ? table.drafts.delete(row.id) : table.drafts.set(row.id, before)))
  table.drafts.set(row.id, cells)
  return row
}

function updating(context: Context, table: Table, before: Row, after: Row, sent: readonly string[]): Emission {
  const callers: Record<string, Cell> = {}
  for (const name of sent) callers[name] = after.cells[name] ?? null
  const full: Record<string, Cell> = { ...callers, [table.primaryId]: after.id }
  for (const name of ['modifiedon', 'modifiedby', 'modifiedonbehalfby']) if (table.columns.has(name)) full[name] = after.cells[name] ?? null
  const target = (cells: Cells): EventInput => ({ kind: 'entity', table: table.name, id: after.id, cells, version: before.version })
  return {
    message: 'Update',
    table: table.name,
    id: after.id,
    context,
    sent,
    before,
    after,
    inputs: [{ key: 'Target', value: target(full) }],
    callerInputs: [{ key: 'Target', value: target(callers) }],
    outputs: [],
  }
}

/** The row as it stands now; a write of the same transaction may have replaced the one at hand. */
export function current(table: Table, id: string): Row {
  const row = table.rows.get(id)
  if (row === undefined) throw missingRow(table.name, id)
  return row
}
