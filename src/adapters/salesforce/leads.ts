import type { StepChange } from '../../core/change.js'
import type { Field, Projection } from '../../core/deal.js'
import { Fault, isFault } from '../../core/fault.js'
import { encodeStage } from '../../core/mapping-stages.js'
import type { Receipt } from '../../core/ports.js'
import { customerKey } from '../customers.js'
import { holdsNothing } from '../values.js'
import type { Operation } from './exchange.js'
import { assertWorks, canonicalOf, type Codec } from './codec.js'
import { customerFor, defaultsOf, needsOf, prepareCreate, solutionOperation } from './create.js'
import { movedTo, presentOf, readQuery, settlesIn, switchOf } from './decode.js'
import { encodeDeal, encodeStamp, personFields } from './encode.js'
import { lookUp, type Found } from './lookups.js'
import { alone, type Org, type StillAlone } from './org.js'
import { LINK } from './profile.js'
import { asRecordId, instantOf, rowsOf, textOf, type Row } from './row.js'
import { fieldIn, precisionOf } from './schema.js'
import { element } from './soap.js'
import { isIn, soql } from './soql.js'

/** What the org makes up for an opportunity that a lead became: a lead has neither, so that a conversion has nothing to copy. */
export const MADE_UP: readonly Field[] = ['details.currency', 'details.closingDateTime']

/** Everything the lead said when it was converted, and what its opportunity shall say. */
interface Converting {
  readonly lead: Codec
  readonly opportunity: Codec
  readonly change: StepChange
  readonly row: Row
  readonly deal: Projection
  readonly otherId: string | null
  readonly auditText: string | null
  readonly modifiedAt: number | null
  /** What the lead's switch says; without one the deal is the partner's alone to begin with, and is switched on. */
  readonly sync: boolean
}

/**
 * Turns a lead into an opportunity. Only the SOAP API can, and it knows no precondition: the lead's own patch goes before it and carries
 * the version. Salesforce copies only fields it has a rule for, so everything the connector knows is written to the new opportunity
 * afterwards; a crash in between leaves a lead that has moved, and the next pass writes what is missing.
 */
export async function convert(org: Org, change: StepChange, signal: AbortSignal): Promise<Receipt> {
  const lead = await org.codec('lead', signal)
  const opportunity = await org.codec('opportunity', signal)
  assertWorks(opportunity)
  const what = `lead ${change.ref.id}`
  const { rows, at } = await org.api.query({ soql: readQuery(lead, [change.ref.id]), deleted: true, what }, signal)
  const [row] = rows
  if (row === undefined)
    throw new Fault('missing', `The ${what} does not exist any more.`, { remedy: 'It may have been deleted in the CRM.' })
  const present = presentOf(lead, change.ref, row, at)
  if (movedTo(row) !== null || (change.expect !== null && present.version !== change.expect)) {
    throw new Fault('stale', `The ${what} was changed in the meantime.`, { remedy: 'Nothing to do: it is read again.' })
  }
  const deal: Projection = { ...present.deal, ...change.set, status: 'Active/Accepted' }
  const converting = {
    lead,
    opportunity,
    change,
    row,
    deal,
    otherId: present.otherId,
    auditText: present.auditText,
    modifiedAt: present.modifiedAt,
    sync: switchOf(lead, row) ?? true,
  }
  const customer = customerFor(opportunity, canonicalOf(opportunity, deal))
  const work = (stillAlone: StillAlone): Promise<Receipt> => convertAlone(org, converting, { signal, stillAlone })
  return customer === null ? work(alone) : org.guard(customerKey(customer), work, signal)
}

async function convertAlone(
  org: Org,
  converting: Converting,
  { signal, stillAlone }: { readonly signal: AbortSignal; readonly stillAlone: StillAlone },
): Promise<Receipt> {
  const { lead, opportunity, change, deal } = converting
  const { owner } = org.settings
  const shown = canonicalOf(opportunity, deal)
  const found = await lookUp(org.api, opportunity, { ...needsOf(opportunity, [shown], owner), users: [] }, signal)
  const marker = converting.otherId ?? change.ref.id
  const record = prepareCreate(opportunity, { kind: 'create', side: 'crm', as: 'opportunity', marker, deal, stamp: {} }, { found, owner })
  const body = record.operations.find(({ name }) => name === 'deal')?.body ?? {}
  // Where the object shows no contact of its own, the contact's role names it.
  const role = record.operations.find(({ name }) => name === 'role')?.body ?? {}
  const existing = { account: asRecordId(body['AccountId']), contact: asRecordId(body['ContactId'] ?? role['ContactId']) }
  await stillAlone()
  await touchLead(org, converting, signal)
  const result = await org.api.soap(
    conversion(lead, converting, { ...existing, name: deal.name ?? 'Co-sell deal' }),
    `lead ${change.ref.id}`,
    signal,
  )
  const id = opportunityOf(result, change.ref.id)
  const operations = fillOperations(converting, {
    id,
    found,
    body,
    accountId: asRecordId(result['accountId']),
    contactId: asRecordId(result['contactId']),
    contactFound: existing.contact !== null,
  })
  const left = await fill(org, operations, signal)
  const { team: _owner, ...resolved } = record.resolved
  return {
    ref: { side: 'crm', kind: 'opportunity', id },
    version: null,
    resolved: { ...shown, ...resolved, ...(deal.team === undefined ? {} : { team: deal.team }) },
    unsure: madeUpIn(opportunity, left),
    remarks: [],
  }
}

/** Of the columns that somebody's hand at the record kept us from, those that may show what the org made up. */
const madeUpIn = ({ rows }: Codec, left: readonly string[]): Field[] =>
  rows.flatMap(({ field, target }) => {
    const column = target.kind === 'field' ? target.column.name : target.kind === 'place' && target.place === 'currency' ? 'CurrencyIsoCode' : null
    return column !== null && left.includes(column) && MADE_UP.includes(field) ? [field] : []
  })

/** The lead's last write: refused when somebody changed it since the plan, and then nothing is converted. The identifier leaves it, as it is unique per object only. */
async function touchLead(org: Org, { lead, change, deal, modifiedAt, sync }: Converting, signal: AbortSignal): Promise<void> {
  const what = `lead ${change.ref.id}`
  const encoded = encodeDeal(lead, withoutStatus(change.set), {
    precision: precisionOf(lead.schema, deal['details.currency'] ?? null),
    what,
  })
  const body = { ...encoded.own, ...encodeStamp(lead, { sync, ...change.stamp }) }
  await org.api.run(
    [{ name: 'lead', method: 'PATCH', path: `sobjects/Lead/${change.ref.id}`, unmodifiedSince: modifiedAt, body, what }],
    signal,
  )
}
const withoutStatus = ({ status: _status, ...set }: Projection): Projection => set

function conversion(
  lead: Codec,
  { change }: Converting,
  given: { readonly account: string | null; readonly contact: string | null; readonly name: string },
): string {
  const status = encodeStage(lead.stages, 'Active/Accepted')?.['Status']
  const parts = [
    element('accountId', given.account),
    element('contactId', given.contact),
    element('convertedStatus', typeof status === 'string' ? status : 'Closed - Converted'),
    element('doNotCreateOpportunity', 'false'),
    element('leadId', change.ref.id),
    element('opportunityName', given.name.slice(0, 120)),
  ]
  return `<convertLead><leadConverts>${parts.join('')}</leadConverts></convertLead>`
}

function opportunityOf(result: Row, leadId: string): string {
  const id = asRecordId(result['opportunityId'])
  if (result['success'] === 'true' && id !== null) return id
  const errors = [result['errors'], ...rowsOf(result, 'errors')].filter(
    (error): error is Row => typeof error === 'object' && error !== null,
  )
  const error = errors.find((candidate) => textOf(candidate, 'statusCode') !== null)
  const code = error === undefined ? '' : (textOf(error, 'statusCode') ?? '')
  const text = error === undefined ? 'no reason given' : (textOf(error, 'message') ?? code)
  throw new Fault(code === 'CANNOT_UPDATE_CONVERTED_LEAD' ? 'stale' : 'rejected', `Salesforce did not convert lead ${leadId}: ${text}`, {
    remedy: 'Look at the lead in the CRM; validation rules and required fields of the opportunity may stand in the way.',
    ...(code === '' ? {} : { code }),
  })
}

const fillTriesMost = 3 // Somebody works on the new record at this very moment; what is missing then is written by the next pass.
// The first look falls into the second of the conversion itself, and the server tells its time in whole seconds.
const looksMost = 12
const lookAgainMs = 400

/**
 * Writes what the new opportunity shall say, under the version that is looked at: a seller may have been there before us.
 * @returns the columns that were left as they stood.
 */
async function fill(org: Org, operations: readonly Operation[], signal: AbortSignal): Promise<readonly string[]> {
  const [deal, ...rest] = operations
  if (deal === undefined) return []
  const body = deal.body ?? {}
  const id = deal.path.slice(deal.path.lastIndexOf('/') + 1)
  const fields = ['Id', 'CreatedById', 'LastModifiedById', 'LastModifiedDate', ...Object.keys(body)]
  let began: Row | null = null
  for (let looks = 1, tries = 1; ; looks += 1) {
    const { rows, at } = await org.api.query({ soql: soql({ fields, from: 'Opportunity', where: [isIn('Id', [id])] }), deleted: false, what: deal.what }, signal)
    const [row] = rows
    if (row === undefined) throw new Fault('missing', `The ${deal.what} does not exist any more.`, { remedy: 'It may have been deleted in the CRM.' })
    if (isUntouched(row)) began ??= row
    const modifiedAt = instantOf(row, 'LastModifiedDate')
    const waitMs = settlesIn([modifiedAt], at)
    if (waitMs > 0) {
      if (looks >= looksMost) throw new Fault('stale', `The ${deal.what} keeps changing.`, { remedy: 'Nothing to do: it is read again.' })
      await org.clock.sleep(Math.max(waitMs, lookAgainMs), signal)
      continue
    }
    const ours = besideOthers(body, row, began)
    try {
      await org.api.run([{ ...deal, unmodifiedSince: modifiedAt, body: ours }, ...rest], signal)
      return Object.keys(body).filter((name) => !(name in ours))
    } catch (error) {
      if (!isFault(error) || error.kind !== 'stale' || tries >= fillTriesMost) throw error
      tries += 1
    }
  }
}

const isUntouched = (row: Row): boolean => textOf(row, 'LastModifiedById') === textOf(row, 'CreatedById')

/**
 * Where somebody else was at the new record first, what they may have written stands: only fields are filled that are empty, or show what the
 * conversion left there (`began`, where the record was seen before anybody's hand).
 */
function besideOthers(body: Row, row: Row, began: Row | null): Row {
  if (isUntouched(row)) return body
  const isFree = (name: string): boolean => holdsNothing(row[name]) || (began !== null && row[name] === began[name])
  return Object.fromEntries(Object.entries(body).filter(([name]) => isFree(name)))
}

/** What the org's own copying leaves out: our fields, the deal's fields, its solutions, and what the customer's rows should say. */
function fillOperations(
  converting: Converting,
  made: {
    readonly id: string
    readonly found: Found
    readonly body: Row
    readonly accountId: string | null
    readonly contactId: string | null
    readonly contactFound: boolean
  },
): Operation[] {
  const { lead, opportunity, change, deal, row, otherId, auditText, sync } = converting
  const what = `opportunity ${made.id}`
  const encoded = encodeDeal(opportunity, deal, { precision: precisionOf(opportunity.schema, deal['details.currency'] ?? null), what })
  const linkField = fieldIn(lead.schema, 'Lead', LINK)
  const link = linkField === null ? null : textOf(row, linkField.name)
  const body = {
    ...encoded.own,
    ...encodeStamp(opportunity, {
      ...(otherId === null ? {} : { otherId }),
      ...(link === null ? {} : { link }),
      ...(auditText === null ? {} : { audit: auditText }),
      sync,
      ...change.stamp,
    }),
  }
  const solutions = (encoded.solutions ?? []).map((solution, index) =>
    solutionOperation(opportunity, { solution, opportunityId: made.id, key: otherId ?? made.id, name: `solution${index}` }),
  )
  // What a mapping adds to a contact is written with a new one only, as at a creation.
  const more = made.contactFound ? {} : { ...defaultsOf(opportunity, 'contact'), ...encoded.contact }
  const contact =
    encoded.person == null || made.contactId === null
      ? []
      : [patch('contact', `sobjects/Contact/${made.contactId}`, { ...more, ...personFields(encoded.person) }, `the contact of ${what}`)]
  const account =
    asRecordId(made.body['AccountId']) !== null || made.accountId === null || Object.keys(encoded.account).length === 0
      ? []
      : [patch('account', `sobjects/Account/${made.accountId}`, encoded.account, `the account of ${what}`)]
  return [patch('deal', `sobjects/Opportunity/${made.id}`, body, what), ...account, ...contact, ...solutions]
}
const patch = (name: string, path: string, body: Row, what: string): Operation => ({
  name,
  method: 'PATCH',
  path,
  unmodifiedSince: null,
  body,
  what,
})
