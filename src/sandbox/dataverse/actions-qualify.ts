import { isObject, readReference } from './bodies.js'
import type { Context, Emission, EventInput } from './emission.js'
import { cannotQualify, invalidState, leadClosed, payloadError } from './errors.js'
import type { Table } from './metadata-model.js'
import { demandOn } from './privileges.js'
import type { Cell, Ref, Row } from './row-store.js'
import { createRow, current, internally, updateRow } from './rows.js'
import { put, table as tableNamed, type World } from './world.js'

export interface Qualification {
  readonly createAccount: boolean
  readonly createContact: boolean
  readonly createOpportunity: boolean
  readonly status: number
  readonly currency: Ref | null
  readonly customer: Ref | null
  readonly suppressDuplicates: boolean
}

const parameters: ReadonlySet<string> = new Set([
  'CreateAccount',
  'CreateContact',
  'CreateOpportunity',
  'Status',
  'OpportunityCurrencyId',
  'OpportunityCustomerId',
  'SourceCampaignId',
  'ProcessInstanceId',
  'SuppressDuplicateDetection',
])

export function readQualification(world: World, body: unknown): Qualification {
  if (!isObject(body)) throw payloadError('QualifyLead', 'The request body must be a JSON object.')
  for (const key of Object.keys(body)) {
    if (!parameters.has(key))
      throw payloadError(
        'QualifyLead',
        `The parameter '${key}' in the request payload is not a valid parameter for the operation 'QualifyLead'.`,
      )
  }
  const flag = (name: string): boolean => {
    const value = body[name]
    if (typeof value !== 'boolean') throw payloadError('QualifyLead', `The parameter '${name}' is required and must be an Edm.Boolean.`)
    return value
  }
  const reference = (name: string, tables: readonly string[]): Ref | null => {
    const value = body[name]
    if (value === undefined || value === null) return null
    const found = readReference(world, value, name)
    if (!tables.includes(found.table))
      throw payloadError('QualifyLead', `The parameter '${name}' cannot refer to a row of '${found.table}'.`)
    return found
  }
  const status = body['Status']
  if (typeof status !== 'number') throw payloadError('QualifyLead', "The parameter 'Status' is required and must be an Edm.Int32.")
  return {
    createAccount: flag('CreateAccount'),
    createContact: flag('CreateContact'),
    createOpportunity: flag('CreateOpportunity'),
    status,
    currency: reference('OpportunityCurrencyId', ['transactioncurrency']),
    customer: reference('OpportunityCustomerId', ['account', 'contact']),
    suppressDuplicates: body['SuppressDuplicateDetection'] === true,
  }
}

/** Columns that travel from a lead by the entity maps every environment starts with. */
const maps = {
  account: {
    name: 'companyname',
    ...same('telephone1', 'fax', 'emailaddress1', 'websiteurl', 'description', 'industrycode', 'numberofemployees', 'revenue', 'sic'),
    ...same(
      'address1_line1',
      'address1_line2',
      'address1_line3',
      'address1_city',
      'address1_stateorprovince',
      'address1_postalcode',
      'address1_country',
    ),
  },
  contact: {
    ...same(
      'firstname',
      'middlename',
      'lastname',
      'salutation',
      'jobtitle',
      'emailaddress1',
      'telephone1',
      'mobilephone',
      'fax',
      'websiteurl',
      'description',
    ),
    ...same(
      'address1_line1',
      'address1_line2',
      'address1_line3',
      'address1_city',
      'address1_stateorprovince',
      'address1_postalcode',
      'address1_country',
    ),
  },
  opportunity: {
    name: 'subject',
    estimatedvalue: 'estimatedamount',
    opportunityratingcode: 'leadqualitycode',
    ...same(
      'description',
      'estimatedclosedate',
      'budgetamount',
      'budgetstatus',
      'need',
      'purchaseprocess',
      'purchasetimeframe',
      'qualificationcomments',
    ),
    ...same('initialcommunication', 'decisionmaker', 'confirminterest', 'evaluatefit'),
  },
} as const

function same(...names: readonly string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, name]))
}

function mapped(target: Table, lead: Row, map: Readonly<Record<string, string>>): Record<string, Cell> {
  const cells: Record<string, Cell> = {}
  for (const [to, from] of Object.entries(map)) {
    const value = lead.cells[from] ?? null
    const column = target.columns.get(to)
    if (value === null || column === undefined) continue
    cells[to] = typeof value === 'string' && column.maxLength !== null ? value.slice(0, column.maxLength) : value
  }
  return cells
}

/** Turns a lead into account, contact and opportunity as asked. Answers the created rows. Must run inside a transaction. */
export function qualifyLead(world: World, given: Context, lead: Row, wanted: Qualification): readonly Ref[] {
  const leads = tableNamed(world, 'lead')
  demandOn(world, given, 'Write', leads)
  if (lead.cells['statecode'] !== 0) throw leadClosed()
  requireQualifies(world, lead, wanted)
  const context: Context = { ...given, detectDuplicates: given.detectDuplicates && !wanted.suppressDuplicates }
  const origin: Cell = { table: 'lead', id: lead.id }
  const owner = { ownerid: lead.cells['ownerid'] ?? null }
  const create = (name: 'account' | 'contact' | 'opportunity', more: Record<string, Cell>): Ref => {
    const target = tableNamed(world, name)
    const cells = { ...mapped(target, lead, maps[name]), ...owner, ...more }
    return { table: name, id: createRow(world, context, target, { cells, parents: [], children: [] }, internally).id }
  }
  const account = wanted.createAccount ? create('account', {}) : null
  const contact = wanted.createContact ? create('contact', { parentcustomerid: account ?? refIn(lead, 'parentaccountid') }) : null
  if (account !== null && contact !== null) {
    const accounts = tableNamed(world, 'account')
    const row = current(accounts, account.id)
    put(world, accounts, { id: row.id, version: world.nextVersion(), cells: { ...row.cells, primarycontactid: contact } })
  }
  const customer = wanted.customer ?? account ?? contact ?? refIn(lead, 'parentaccountid') ?? refIn(lead, 'parentcontactid')
  const opportunity = wanted.createOpportunity
    ? create('opportunity', opportunityCells(lead, { origin, customer, contact, currency: wanted.currency }))
    : null
  closeLead(world, context, lead, { status: wanted.status, opportunity, account, contact })
  const created = [account, contact, opportunity].filter((ref): ref is Ref => ref !== null)
  const answered = world.options.qualifyOrder === 'opportunity-first' ? created.reverse() : created
  raise(world, context, lead, { wanted, created: answered })
  return answered
}

function requireQualifies(world: World, lead: Row, wanted: Qualification): void {
  const statuses = tableNamed(world, 'lead').columns.get('statuscode')?.optionSet?.options ?? []
  if (!statuses.some((option) => option.value === wanted.status && option.state === 1)) throw invalidState('lead', 1, wanted.status)
  if (wanted.createAccount && typeof lead.cells['companyname'] !== 'string')
    throw cannotQualify('it has no company name to create an account from.')
  if (wanted.createContact && typeof lead.cells['lastname'] !== 'string')
    throw cannotQualify('it has no last name to create a contact from.')
}

const refIn = (row: Row, column: string): Ref | null => {
  const cell = row.cells[column]
  return typeof cell === 'object' && cell !== null ? cell : null
}

interface Links {
  readonly origin: Cell
  readonly customer: Ref | null
  readonly contact: Ref | null
  readonly currency: Ref | null
}

function opportunityCells(lead: Row, { origin, customer, contact, currency }: Links): Record<string, Cell> {
  const currencyCell = currency ?? refIn(lead, 'transactioncurrencyid')
  return {
    originatingleadid: origin,
    ...(customer === null ? {} : { customerid: customer }),
    ...(customer?.table === 'account' ? { parentaccountid: customer } : {}),
    ...(contact === null ? {} : { parentcontactid: contact }),
    ...(currencyCell === null ? {} : { transactioncurrencyid: currencyCell }),
  }
}

interface Closed {
  readonly status: number
  readonly opportunity: Ref | null
  readonly account: Ref | null
  readonly contact: Ref | null
}

function closeLead(world: World, context: Context, lead: Row, { status, opportunity, account, contact }: Closed): void {
  const cells: Record<string, Cell> = { statecode: 1, statuscode: status }
  if (opportunity !== null && world.options.qualifiedLead === 'names-opportunity') cells['qualifyingopportunityid'] = opportunity
  if (account !== null) cells['parentaccountid'] = account
  if (contact !== null) cells['parentcontactid'] = contact
  updateRow(world, context, tableNamed(world, 'lead'), lead, { cells, parents: [], children: [] }, internally)
}

function raise(world: World, context: Context, lead: Row, { wanted, created }: { wanted: Qualification; created: readonly Ref[] }): void {
  const flag = (key: string, value: boolean): { key: string; value: EventInput } => ({ key, value: { kind: 'plain', value } })
  const inputs: { key: string; value: EventInput }[] = [
    { key: 'LeadId', value: { kind: 'reference', table: 'lead', id: lead.id } },
    flag('CreateAccount', wanted.createAccount),
    flag('CreateContact', wanted.createContact),
    flag('CreateOpportunity', wanted.createOpportunity),
    { key: 'Status', value: { kind: 'option', value: wanted.status } },
  ]
  const emission: Emission = {
    message: 'QualifyLead',
    table: 'lead',
    id: lead.id,
    context,
    sent: null,
    before: lead,
    after: current(tableNamed(world, 'lead'), lead.id),
    inputs,
    callerInputs: inputs,
    outputs: [{ key: 'CreatedEntities', value: { kind: 'references', refs: created } }],
  }
  world.transactions.emit(emission.message, emission.table, () => emission)
}
