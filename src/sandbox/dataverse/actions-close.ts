import { isObject, readBody, type Draft } from './bodies.js'
import type { Context, Emission } from './emission.js'
import { invalidArgument, invalidState, missingRow, opportunityClosed, payloadError } from './errors.js'
import { demandOn } from './privileges.js'
import type { Cell, Row } from './row-store.js'
import { createRow, internally, updateRow } from './rows.js'
import { table as tableNamed, type World } from './world.js'

export interface Closing {
  readonly outcome: 'won' | 'lost'
  readonly status: number
  readonly opportunityId: string
  /** Columns of the opportunityclose row. */
  readonly close: Draft
}

const states = { won: 1, lost: 2 } as const

/** Reads the body of WinOpportunity and LoseOpportunity. */
export function readClosing(world: World, outcome: 'won' | 'lost', body: unknown): Closing {
  const name = outcome === 'won' ? 'WinOpportunity' : 'LoseOpportunity'
  if (!isObject(body)) throw payloadError(name, 'The request body must be a JSON object.')
  for (const key of Object.keys(body)) {
    if (!['Status', 'OpportunityClose', 'Caller'].includes(key))
      throw payloadError(name, `The parameter '${key}' in the request payload is not a valid parameter for the operation '${name}'.`)
  }
  if (typeof body['Status'] !== 'number' || !Number.isInteger(body['Status']))
    throw payloadError(name, "The parameter 'Status' is required and must be an Edm.Int32.")
  if (!isObject(body['OpportunityClose'])) throw payloadError(name, "The parameter 'OpportunityClose' is required.")
  const close = readBody({ world, mode: 'create', references: new Map() }, tableNamed(world, 'opportunityclose'), body['OpportunityClose'])
  const opportunity = close.cells['opportunityid']
  if (typeof opportunity !== 'object' || opportunity === null) throw invalidArgument("OpportunityClose needs 'opportunityid@odata.bind'.")
  return { outcome, status: body['Status'], opportunityId: opportunity.id, close }
}

/** Closes an opportunity: state, status, actual revenue and date, and a completed opportunityclose row. Must run inside a transaction. */
export function closeOpportunity(world: World, context: Context, closing: Closing): void {
  const table = tableNamed(world, 'opportunity')
  demandOn(world, context, 'Write', table)
  const row = table.rows.get(closing.opportunityId)
  if (row === undefined) throw missingRow(table.name, closing.opportunityId)
  if (row.cells['statecode'] !== 0) throw opportunityClosed()
  const state = states[closing.outcome]
  const status = statusFor(world, state, closing.status)
  const revenue = numberIn(closing.close, 'actualrevenue') ?? revenueOf(row)
  const endedOn = textIn(closing.close, 'actualend')?.slice(0, 10) ?? context.now.slice(0, 10)
  const closeRow = writeCloseRow(world, context, closing, { row, status, state, revenue, endedOn })
  const quiet: Context = { ...context, bypass: world.options.closeRaisesUpdate === 'yes' ? context.bypass : 'custom-async' }
  const cells = { statecode: state, statuscode: status, actualvalue: revenue, actualclosedate: endedOn }
  const after = updateRow(world, quiet, table, row, { cells, parents: [], children: [] }, internally)
  raise(world, context, closing, { before: row, after, closeRow, status })
}

function statusFor(world: World, state: number, wanted: number): number {
  const statuses = tableNamed(world, 'opportunity').columns.get('statuscode')?.optionSet?.options ?? []
  if (wanted === -1 && world.options.defaultStatusMarker === 'accepted')
    return statuses.find((option) => option.state === state)?.value ?? wanted
  if (!statuses.some((option) => option.value === wanted && option.state === state)) throw invalidState('opportunity', state, wanted)
  return wanted
}

interface Closed {
  readonly row: Row
  readonly status: number
  readonly state: number
  readonly revenue: number | null
  readonly endedOn: string
}

function writeCloseRow(world: World, context: Context, closing: Closing, closed: Closed): Row {
  const given: Record<string, Cell> = { ...closing.close.cells }
  const statuses = tableNamed(world, 'opportunityclose').columns.get('opportunitystatuscode')?.optionSet?.options ?? []
  const known = statuses.some((option) => option.value === closed.status)
  const cells: Record<string, Cell> = {
    ...given,
    subject:
      given['subject'] ??
      `Opportunity Close - ${closing.outcome === 'won' ? 'Won' : 'Lost'} - ${String(closed.row.cells['name'] ?? '')}`.slice(0, 200),
    actualrevenue: closed.revenue,
    actualend: given['actualend'] ?? `${closed.endedOn}T00:00:00Z`,
    opportunitystatecode: closed.state,
    opportunitystatuscode: known ? closed.status : null,
    statecode: 1,
    statuscode: 2,
    transactioncurrencyid: given['transactioncurrencyid'] ?? closed.row.cells['transactioncurrencyid'] ?? null,
  }
  const table = tableNamed(world, 'opportunityclose')
  return createRow(world, { ...context, trusted: true }, table, { cells, parents: [], children: [] }, internally)
}

interface Outcome {
  readonly before: Row
  readonly after: Row
  readonly closeRow: Row
  readonly status: number
}

function raise(world: World, context: Context, closing: Closing, { before, after, closeRow, status }: Outcome): void {
  const sent = closing.close.cells
  const close = { kind: 'entity', table: 'opportunityclose', id: closeRow.id, version: null } as const
  const statusInput = { key: 'Status', value: { kind: 'option', value: status } } as const
  const emission: Emission = {
    message: closing.outcome === 'won' ? 'WinOpportunity' : 'LoseOpportunity',
    table: 'opportunity',
    id: after.id,
    context,
    sent: null,
    before,
    after,
    inputs: [{ key: 'OpportunityClose', value: { ...close, cells: { ...sent, activityid: closeRow.id } } }, statusInput],
    callerInputs: [{ key: 'OpportunityClose', value: { ...close, cells: sent } }, statusInput],
    outputs: [],
  }
  world.transactions.emit(emission.message, emission.table, () => emission)
}

const numberIn = (draft: Draft, name: string): number | null => {
  const cell = draft.cells[name]
  return typeof cell === 'number' ? cell : null
}

const textIn = (draft: Draft, name: string): string | null => {
  const cell = draft.cells[name]
  return typeof cell === 'string' ? cell : null
}

/** Without an actual revenue, the estimate counts; with lines, their total. */
function revenueOf(row: Row): number | null {
  const value = row.cells['isrevenuesystemcalculated'] === true ? row.cells['totalamount'] : row.cells['estimatedvalue']
  return typeof value === 'number' ? value : null
}
