import type { StepChange } from '../../core/change.js'
import type { Projection } from '../../core/deal.js'
import { Fault, isFault } from '../../core/fault.js'
import { encodeStage } from '../../core/mapping-stages.js'
import type { Receipt } from '../../core/ports.js'
import type { EndRef } from '../../core/ref.js'
import type { DynamicsApi, Operation } from './api.js'
import { assertWorks, canonicalOf, type Codec } from './codec.js'
import { customerKey } from '../customers.js'
import { presentOf, readQuery, switchOf } from './decode.js'
import { currencyBind, encodeDeal, encodeStamp, type Body } from './encode.js'
import { customerFor, needsOf, prepareCreate, type NewRecord } from './create.js'
import type { Environment } from './environment.js'
import type { Answer } from './errors.js'
import { guidOf } from '../guid.js'
import { holdsNothing } from '../values.js'
import { lookUp } from './lookups.js'
import { recordName } from './operations.js'
import { LINK } from './profile.js'
import { asRow, idOf, numberOf, parseJson, query, rowOf, rowsOf, textOf, type Row } from './row.js'
import { columnIn, precisionOf } from './schema.js'

/** Where a lead went that is a lead no more: the opportunity it became, or the lead it was merged into. */
export function movedTo(row: Row): EndRef | null {
  const opportunity = idOf(row, '_qualifyingopportunityid_value')
  if (opportunity !== null) return { side: 'crm', kind: 'opportunity', id: opportunity }
  const master = row['merged'] === true ? idOf(row, '_masterid_value') : null
  return master === null ? null : { side: 'crm', kind: 'lead', id: master }
}

/**
 * Qualified leads with the opportunity they became. Some environments fill the lead's own lookup, in others only the opportunity names the lead;
 * of several the first is meant.
 */
export async function withOrigins(api: DynamicsApi, codec: Codec, rows: readonly Row[], signal: AbortSignal): Promise<readonly Row[]> {
  if (codec.kind !== 'lead') return rows
  const ids = rows.filter((row) => numberOf(row, 'statecode') === 1 && movedTo(row) === null).flatMap((row) => idOf(row, codec.table.id) ?? [])
  if (ids.length === 0) return rows
  const { set, id } = codec.schema.tables.opportunity
  const $filter = ids.map((lead) => `_originatingleadid_value eq ${lead}`).join(' or ')
  const path = `${set}${query({ $select: `${id},_originatingleadid_value`, $filter, $orderby: 'createdon desc' })}`
  const found = await api.list({ path, what: 'opportunities of qualified leads' }, signal)
  const becameOf = new Map(found.map((row): [string | null, string | null] => [idOf(row, '_originatingleadid_value'), idOf(row, id)]))
  return rows.map((row) => {
    const opportunity = becameOf.get(idOf(row, codec.table.id))
    return opportunity == null ? row : { ...row, _qualifyingopportunityid_value: opportunity }
  })
}

/** Everything the lead said when it was qualified, and what its opportunity shall say. */
interface Qualifying {
  readonly lead: Codec
  readonly opportunity: Codec
  readonly change: StepChange
  readonly row: Row
  readonly version: string
  readonly deal: Projection
  readonly otherId: string | null
  readonly auditText: string | null
  /** What the lead's switch says; without one the deal is the partner's alone to begin with, and is switched on. */
  readonly sync: boolean
}

/**
 * Turns a lead into an opportunity. The CRM copies only columns it has a rule for, so everything the connector knows is written to the
 * new opportunity in a second call; a crash between the two leaves a lead that has moved, and the next pass writes what is missing.
 */
export async function qualify(environment: Environment, change: StepChange, signal: AbortSignal): Promise<Receipt> {
  const lead = await environment.codec('lead', signal)
  const opportunity = await environment.codec('opportunity', signal)
  assertWorks(opportunity)
  const what = recordName('lead', change.ref.id)
  const row = await environment.api.get({ path: `${lead.table.set}(${change.ref.id})${readQuery(lead)}`, what }, signal)
  if (row === null) throw new Fault('missing', `The ${what} does not exist any more.`, { remedy: 'It may have been deleted in the CRM.' })
  const present = presentOf(lead, change.ref, row)
  const already = movedTo(row)
  if (already !== null || (change.expect !== null && present.version !== change.expect)) {
    throw new Fault('stale', `The ${what} was changed in the meantime.`, { remedy: 'Nothing to do: it is read again.' })
  }
  const deal: Projection = { ...present.deal, ...change.set, status: 'Active/Accepted' }
  const qualifying = { lead, opportunity, change, row, version: textOf(row, '@odata.etag') ?? '*', deal, otherId: present.otherId, auditText: present.auditText, sync: switchOf(lead, row) ?? true }
  const customer = customerFor(opportunity, canonicalOf(opportunity, deal))
  const work = (): Promise<Receipt> => qualifyAlone(environment, qualifying, signal)
  return customer === null ? work() : environment.guard(customerKey(customer), work, signal)
}

async function qualifyAlone(environment: Environment, qualifying: Qualifying, signal: AbortSignal): Promise<Receipt> {
  const { opportunity, change, deal } = qualifying
  const { owner } = environment.settings
  const shown = canonicalOf(opportunity, deal)
  const found = await lookUp(environment.api, opportunity, { ...needsOf(opportunity, [shown], owner), users: [] }, signal)
  // The new opportunity's id is the CRM's to choose; this one only names the contact that is made for it.
  const marker = guidOf(`qualify:${change.ref.id}`)
  const record = prepareCreate(opportunity, { kind: 'create', side: 'crm', as: 'opportunity', marker, deal, stamp: {} }, { found, owner })
  const answers = await environment.api.run(operationsOf(qualifying, record), signal)
  const id = createdOpportunity(answers.at(-1)) ?? (await lookAgain(environment, qualifying, signal))
  await fill(environment, { qualifying, record, id }, signal)
  const { team: _owner, ...resolved } = record.resolved
  return { ref: { side: 'crm', kind: 'opportunity', id }, version: null, resolved: { ...shown, ...resolved, ...(deal.team === undefined ? {} : { team: deal.team }) }, remarks: [] }
}

/** Account and contact if they are missing, a patch that carries the lead's version, and the action behind it. */
function operationsOf(qualifying: Qualifying, record: NewRecord): Operation[] {
  const { lead, change, deal, version, sync } = qualifying
  const what = recordName('lead', change.ref.id)
  const encoded = encodeDeal(lead, change.set, { precision: precisionOf(lead.schema, deal['details.currency'] ?? null), what })
  const patch: Body = {
    ...encoded.own,
    ...encodeStamp(lead, { sync, ...change.stamp }),
    ...(record.account === null ? {} : { 'parentaccountid@odata.bind': `/accounts(${record.account.id})` }),
    ...(record.contact === null ? {} : { 'parentcontactid@odata.bind': `/contacts(${record.contact.id})` }),
  }
  const currency = lead.schema.currencies?.get(deal['details.currency'] ?? '')
  const status = encodeStage(lead.mapping.stages.lead, 'Active/Accepted')?.['statuscode']
  const action: Body = {
    CreateAccount: false,
    CreateContact: false,
    CreateOpportunity: true,
    Status: typeof status === 'number' ? status : -1,
    ...(currency === undefined ? {} : { OpportunityCurrencyId: { '@odata.type': 'Microsoft.Dynamics.CRM.transactioncurrency', transactioncurrencyid: currency.id } }),
    ...(record.account === null ? {} : { OpportunityCustomerId: { '@odata.type': 'Microsoft.Dynamics.CRM.account', accountid: record.account.id } }),
    SuppressDuplicateDetection: true,
  }
  return [
    ...[record.account?.operation, record.contact?.operation].filter((operation) => operation != null),
    { method: 'PATCH', path: `${lead.table.set}(${change.ref.id})`, ifMatch: version, body: patch, what },
    { method: 'POST', path: `${lead.table.set}(${change.ref.id})/Microsoft.Dynamics.CRM.QualifyLead`, ifMatch: null, body: action, what },
  ]
}

function createdOpportunity(answer: Answer | undefined): string | null {
  if (answer === undefined || answer.text === '') return null
  const body = asRow(parseJson(answer.text, 'the qualified lead'), 'the qualified lead')
  return rowsOf(body, 'value').map((row) => idOf(row, 'opportunityid')).find((id) => id !== null) ?? null
}

async function lookAgain({ api }: Environment, { lead, change }: Qualifying, signal: AbortSignal): Promise<string> {
  const what = recordName('lead', change.ref.id)
  const row = await api.get({ path: `${lead.table.set}(${change.ref.id})?$select=statecode,merged,_masterid_value,_qualifyingopportunityid_value`, what }, signal)
  const [moved] = row === null ? [] : await withOrigins(api, lead, [row], signal)
  const id = moved && idOf(moved, '_qualifyingopportunityid_value')
  if (id != null) return id
  throw new Fault('invalid-answer', `The ${what} was qualified, but no opportunity came of it.`, { remedy: 'Look at the lead in the CRM.' })
}

/** An opportunity that came of a lead. */
interface Made {
  readonly qualifying: Qualifying
  readonly record: NewRecord
  readonly id: string
}

const fillTriesMost = 3 // Somebody works on the new record at this very moment; what is missing then is written by the next pass.

/** Writes what the new opportunity shall say, under the version that is looked at: a seller may have been there before us. */
async function fill({ api }: Environment, made: Made, signal: AbortSignal): Promise<void> {
  const { set } = made.qualifying.opportunity.table
  const body = filling(made)
  const what = recordName('opportunity', made.id)
  const names = Object.keys(body).filter((name) => !name.includes('@'))
  const path = `${set}(${made.id})${query({ $select: ['_createdby_value', '_modifiedby_value', ...names].join(',') })}`
  let began: Row | null = null
  for (let attempt = 1; ; attempt += 1) {
    const row = await api.get({ path, what }, signal)
    if (row === null) throw new Fault('missing', `The ${what} does not exist any more.`, { remedy: 'It may have been deleted in the CRM.' })
    if (isUntouched(row)) began ??= row
    const ifMatch = textOf(row, '@odata.etag') ?? '*'
    try {
      await api.run([{ method: 'PATCH', path: `${set}(${made.id})`, ifMatch, body: besideOthers(body, row, began), what }], signal)
      return
    } catch (error) {
      if (!isFault(error) || error.kind !== 'stale' || attempt >= fillTriesMost) throw error
    }
  }
}

const isUntouched = (row: Row): boolean => textOf(row, '_modifiedby_value') === textOf(row, '_createdby_value')

/**
 * Where somebody else was at the new record first, what they may have written stands: only columns are filled that are empty, or show what the
 * action left there (`began`, where the record was seen before anybody's hand).
 */
function besideOthers(body: Body, row: Row, began: Row | null): Body {
  if (isUntouched(row)) return body
  const isAsItBegan = (name: string): boolean => holdsNothing(row[name]) || (began !== null && row[name] === began[name])
  // The action itself was told the currency and the customer; a contact may not have come along.
  const isFree = (name: string): boolean => (name.includes('@') ? !name.startsWith('transactioncurrencyid@') : isAsItBegan(name))
  return Object.fromEntries(Object.entries(body).filter(([name]) => isFree(name)))
}

/** What the CRM's own copying leaves out: our columns, the deal's columns, and the customer. */
function filling({ qualifying, record, id }: Made): Body {
  const { lead, opportunity, change, deal, row, otherId, auditText, sync } = qualifying
  const what = recordName('opportunity', id)
  const currency = deal['details.currency'] ?? null
  const encoded = encodeDeal(opportunity, deal, { precision: precisionOf(opportunity.schema, currency), what })
  const linkColumn = columnIn(lead.schema, 'lead', LINK)
  const link = linkColumn === null ? null : textOf(row, linkColumn.name)
  const owner = rowOf(row, 'owninguser')
  const ownerId = owner && idOf(owner, 'systemuserid')
  return {
    ...encoded.own,
    ...encoded.stage,
    ...(currency === null ? {} : currencyBind(opportunity, currency, what)),
    ...(record.account === null ? {} : { 'parentaccountid@odata.bind': `/accounts(${record.account.id})`, 'customerid_account@odata.bind': `/accounts(${record.account.id})` }),
    ...(record.contact === null ? {} : { 'parentcontactid@odata.bind': `/contacts(${record.contact.id})` }),
    ...(ownerId === null ? {} : { 'ownerid@odata.bind': `/systemusers(${ownerId})` }),
    ...encodeStamp(opportunity, {
      ...(otherId === null ? {} : { otherId }),
      ...(link === null ? {} : { link }),
      ...(auditText === null ? {} : { audit: auditText }),
      sync,
      ...change.stamp,
    }),
  }
}
