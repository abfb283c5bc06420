import type { Change, Hooks } from './change.js'
import { invalidArgument, invalidState, leadClosed, opportunityClosed, useCloseMessage } from './errors.js'
import type { Cell, Ref } from './row-store.js'
import { fullName, composedAddress } from './names.js'
import { roundTo } from './values.js'
import { put, table as tableNamed, type World } from './world.js'

const isRef = (cell: Cell | undefined): cell is Ref => typeof cell === 'object' && cell !== null

/** A won or lost opportunity, a qualified or disqualified lead: nothing but reopening gets through. */
function refuseClosed(change: Change, refused: () => Error): void {
  const { before, cells, sent, world } = change
  if (before === undefined || change.internal || before.cells['statecode'] === 0 || world.options.closedRows === 'accepted') return
  const more = [...sent].some((name) => name !== 'statecode' && name !== 'statuscode')
  if (cells['statecode'] !== 0 || (more && world.options.reopening === 'alone')) throw refused()
}

function opportunityBefore(change: Change): void {
  const { before, sent, cells, internal } = change
  const state = cells['statecode']
  if (!internal && sent.has('statecode') && state !== 0 && state !== before?.cells['statecode']) throw useCloseMessage()
  refuseClosed(change, opportunityClosed)
  if (before !== undefined && !internal && before.cells['statecode'] !== 0 && state === 0) {
    cells['actualclosedate'] = null
    cells['actualvalue'] = null
  }
  if (change.world.options.customerAlignment === 'kept') alignCustomer(change)
  twinsOfCustomer(cells)
  // Amounts of a system-calculated opportunity come from its lines, whatever the caller sends.
  if (cells['isrevenuesystemcalculated'] === true) cells['estimatedvalue'] = cells['totalamount'] ?? 0
}

/** The potential customer follows the parent account, else the parent contact; a customer set alone sets the parent. */
function alignCustomer({ sent, cells }: Change): void {
  const parentSent = sent.has('parentaccountid') || sent.has('parentcontactid')
  if (sent.has('customerid')) {
    const customer = cells['customerid']
    if (!parentSent && isRef(customer)) cells[customer.table === 'account' ? 'parentaccountid' : 'parentcontactid'] = customer
    return
  }
  if (parentSent) cells['customerid'] = cells['parentaccountid'] ?? cells['parentcontactid'] ?? null
}

function twinsOfCustomer(cells: Record<string, Cell>): void {
  const customer = cells['customerid']
  cells['accountid'] = isRef(customer) && customer.table === 'account' ? customer : null
  cells['contactid'] = isRef(customer) && customer.table === 'contact' ? customer : null
}

function leadBefore(change: Change): void {
  const { before, cells, sent } = change
  if (before === undefined && cells['statecode'] !== 0 && !change.internal) {
    throw invalidState('lead', Number(cells['statecode']), Number(cells['statuscode']))
  }
  refuseClosed(change, leadClosed)
  if (before === undefined || ['firstname', 'middlename', 'lastname'].some((name) => sent.has(name))) cells['fullname'] = fullName(cells)
  if (before === undefined || [...sent].some((name) => name.startsWith('address1_'))) cells['address1_composite'] = composedAddress(cells)
}

function productBefore({ table, before, sent, cells }: Change): void {
  if (before === undefined && !sent.has('statecode')) {
    cells['statecode'] = 2
    cells['statuscode'] = 0
  }
  const number = cells['productnumber']
  if (number === before?.cells['productnumber'] || typeof number !== 'string') return
  for (const row of table.rows.all()) {
    if (row.cells['productnumber'] === number && row.id !== before?.id)
      throw invalidArgument(`A product with the number ${number} already exists.`)
  }
}

/** Totals of an opportunity follow its lines. */
function recalculate(world: World, opportunity: Cell | undefined): void {
  if (!isRef(opportunity)) return
  const opportunities = tableNamed(world, 'opportunity')
  const row = opportunities.rows.get(opportunity.id)
  if (row === undefined) return
  const lines = tableNamed(world, 'opportunityproduct')
  const total = roundTo(
    lines.rows.find('opportunityid', row.id).reduce((sum, id) => sum + Number(lines.rows.get(id)?.cells['extendedamount'] ?? 0), 0),
    2,
  )
  const calculated = row.cells['isrevenuesystemcalculated'] === true ? { estimatedvalue: total } : {}
  put(world, opportunities, {
    id: row.id,
    version: world.nextVersion(),
    cells: { ...row.cells, totallineitemamount: total, totalamountlessfreight: total, totalamount: total, ...calculated },
  })
}

export const salesHooks: Readonly<Record<string, Hooks>> = {
  opportunity: { before: opportunityBefore },
  lead: { before: leadBefore },
  product: { before: productBefore },
  opportunityproduct: {
    before({ cells }) {
      cells['extendedamount'] = roundTo(Number(cells['quantity'] ?? 0) * Number(cells['priceperunit'] ?? 0), 2)
    },
    after: ({ world }, row) => recalculate(world, row.cells['opportunityid']),
    afterDelete: (world, row) => recalculate(world, row.cells['opportunityid']),
  },
  opportunityclose: {
    before({ internal, before }) {
      if (!internal && before === undefined) {
        throw invalidArgument('An opportunityclose row is created by the WinOpportunity and LoseOpportunity messages only.')
      }
    },
  },
}
