import type { CreateChange } from '../../core/change.js'
import type { Person, Projection } from '../../core/deal.js'
import { Fault, isFault } from '../../core/fault.js'
import type { MappedKind } from '../../core/mapping.js'
import type { StageValues } from '../../core/mapping-stages.js'
import type { Receipt } from '../../core/ports.js'
import type { EndRef } from '../../core/ref.js'
import type { Operation } from './api.js'
import { closing } from './closing.js'
import { assertWorks, canonicalOf, decodeColumn, type Codec } from './codec.js'
import { overConstants, shownByConstants } from '../constants.js'
import { accountDoubt, chooseAccount, customerKey, customerOf, type Customer } from '../customers.js'
import { personIn, relatedDeal } from './decode.js'
import { currencyBind, encodeDeal, encodeStamp, markedName, stageValues, type Body, type Encoded } from './encode.js'
import type { Environment } from './environment.js'
import { tellsOfExisting } from './errors.js'
import { asGuid, guidOf } from '../guid.js'
import { chooseOwner, lookUp, type Found, type Needs, type Owner } from './lookups.js'
import { contactOperation, recordName, solutionOperations } from './operations.js'
import { columnIn, precisionOf } from './schema.js'
import { putInto } from '../column.js'
import { writeScalar } from '../values.js'

/** A new record and everything it needs: `account` and `contact` are the operations that make them, null where they were found. */
export interface NewRecord {
  readonly ref: EndRef
  readonly account: { readonly id: string; readonly operation: Operation | null } | null
  readonly contact: { readonly id: string; readonly operation: Operation | null } | null
  readonly own: readonly Operation[]
  readonly resolved: Projection
  readonly remarks: readonly string[]
  readonly accountRemark: string | null
}

export type NewKind = 'opportunity' | 'lead'
export function newKind(change: CreateChange): NewKind {
  if (change.as === 'opportunity' || change.as === 'lead') return change.as
  throw new Fault('bug', `Dynamics 365 cannot make a "${change.as}".`, { remedy: 'Please report this.' })
}

/** What the record will show of the deal; the customer is looked for as it will be written. */
export const dealFor = (codec: Codec, change: CreateChange): Projection => canonicalOf(codec, change.deal)

export function customerFor(codec: Codec, deal: Projection): Customer | null {
  const kept = codec.rows.some(({ field, target }) => field === 'customerProfile.name' && target.kind === 'related')
  return kept ? customerOf(deal) : null
}

export function needsOf(codec: Codec, deals: readonly Projection[], owner: string | null): Needs {
  const contacts =
    codec.kind === 'opportunity' ? deals.flatMap((deal) => (deal['customerProfile.team'] ?? []).map(({ email }) => email)) : []
  return {
    customers: deals.flatMap((deal) => customerFor(codec, deal) ?? []),
    contacts,
    users: [...deals.flatMap((deal) => (deal.team ?? []).map(({ email }) => email)), ...(owner === null ? [] : [owner])],
    solutions: deals.flatMap((deal) => deal['details.requirements.solutions'] ?? []),
  }
}

/** What a new record consists of, given what the CRM already has. */
export function prepareCreate(
  codec: Codec,
  change: CreateChange,
  context: { readonly found: Found; readonly owner: string | null },
): NewRecord {
  const kind = newKind(change)
  const id = asGuid(change.marker)
  if (id === null) throw new Fault('bug', `The marker "${change.marker}" is no GUID.`, { remedy: 'Please report this.' })
  const what = recordName(kind, id)
  const deal = dealFor(codec, change)
  const encoded = encodeDeal(codec, change.deal, { precision: precisionOf(codec.schema, deal['details.currency'] ?? null), what })
  const customer = customerFor(codec, deal)
  const account = customer === null ? null : accountFor(codec, { customer, encoded, found: context.found, what })
  const contact =
    encoded.person == null
      ? null
      : contactFor(codec, { person: encoded.person, encoded, accountId: account?.id ?? null, recordId: id, found: context.found, what })
  const owner = chooseOwner(codec, change.deal.team ?? [], { configured: context.owner, users: context.found.users })
  const constants = defaultsOf(codec, codec.kind)
  const body: Body = {
    [codec.table.id]: id,
    ...overConstants(constants, encoded.own),
    ...nameOf(codec, change),
    ...(encoded.currency == null ? {} : currencyBind(codec, encoded.currency, what)),
    ...(account === null
      ? {}
      : { 'parentaccountid@odata.bind': `/accounts(${account.id})`, 'customerid_account@odata.bind': `/accounts(${account.id})` }),
    ...(contact === null ? {} : { 'parentcontactid@odata.bind': `/contacts(${contact.id})` }),
    ...(owner.id === null ? {} : { 'ownerid@odata.bind': `/systemusers(${owner.id})` }),
    ...encodeStamp(codec, { ...change.stamp, sync: true }),
  }
  const stage = openThenClose(codec, { values: encoded.stage, id, what })
  const own: Operation[] = [
    { method: 'POST', path: codec.table.set, ifMatch: null, body: { ...body, ...stage.body }, what },
    ...(encoded.solutions ?? []).flatMap((solution) =>
      solutionOperations(codec, { solution, opportunityId: id, salt: 'new', entries: context.found.entries }),
    ),
    ...stage.after,
  ]
  return {
    ref: { side: 'crm', kind, id },
    account: account && { id: account.id, operation: account.operation },
    contact: contact && { id: contact.id, operation: contact.operation },
    own,
    resolved: {
      ...(account === null ? relatedDeal(codec, 'account', {}) : account.resolved),
      ...(contact === null ? relatedDeal(codec, 'contact', {}) : contact.resolved),
      ...ownerShown(codec, owner),
      ...constantsShown(codec, codec.kind, { constants, given: encoded.own }),
    },
    remarks: [...(account?.remark == null ? [] : [account.remark]), ...(owner.remark === null ? [] : [owner.remark])],
    accountRemark: account?.remark ?? null,
  }
}

const ownerShown = (codec: Codec, owner: Owner): Projection =>
  codec.rows.some(({ field }) => field === 'team') ? { team: owner.shows } : {}

function nameOf(codec: Codec, change: CreateChange): Body {
  const name = markedName(codec, { name: change.deal.name ?? null, status: change.stamp.status ?? 'in-sync' })
  return name === null ? {} : { [codec.kind === 'lead' ? 'subject' : 'name']: name }
}

interface Related {
  readonly id: string
  readonly operation: Operation | null
  readonly resolved: Projection
  readonly remark: string | null
}

function accountFor(
  codec: Codec,
  given: { readonly customer: Customer; readonly encoded: Encoded; readonly found: Found; readonly what: string },
): Related {
  const choice = chooseAccount(given.customer, given.found.accounts)
  if (choice.kind === 'create') {
    const constants = defaultsOf(codec, 'account')
    const body = { accountid: choice.id, ...overConstants(constants, given.encoded.account) }
    return {
      id: choice.id,
      operation: { method: 'POST', path: 'accounts', ifMatch: null, body, what: `the account of ${given.what}` },
      resolved: constantsShown(codec, 'account', { constants, given: given.encoded.account }),
      remark: choice.remark,
    }
  }
  const row = given.found.accounts.find(({ id }) => id === choice.id)?.row
  return { id: choice.id, operation: null, resolved: row === undefined ? {} : relatedDeal(codec, 'account', row), remark: null }
}

/** A contact of the same account with the same e-mail is that person; any other is made, under an id that belongs to this record. */
function contactFor(
  codec: Codec,
  given: {
    readonly person: Person
    readonly encoded: Encoded
    readonly accountId: string | null
    readonly recordId: string
    readonly found: Found
    readonly what: string
  },
): Related {
  const { person, accountId } = given
  const email = person.email.trim().toLowerCase()
  const known = given.found.contacts.find((contact) => contact.email === email && contact.accountId === accountId)
  if (known !== undefined) {
    const resolved = { ...relatedDeal(codec, 'contact', known.row), 'customerProfile.team': personIn(known.row) }
    return { id: known.id, operation: null, resolved, remark: null }
  }
  const id = guidOf(`contact:${given.recordId}:${email}`)
  const what = `the contact ${person.email} of ${given.what}`
  const constants = defaultsOf(codec, 'contact')
  const more = overConstants(constants, given.encoded.contact)
  const resolved = constantsShown(codec, 'contact', { constants, given: given.encoded.contact })
  return { id, operation: contactOperation({ id, person, accountId, more, what }), resolved, remark: null }
}

/** A record is always made open; a closed one is closed by its action in the same change set. */
function openThenClose(
  codec: Codec,
  given: { readonly values: StageValues | null; readonly id: string; readonly what: string },
): { readonly body: Body; readonly after: readonly Operation[] } {
  if (given.values === null) return { body: {}, after: [] }
  // The state follows from the reason; the state itself is no column of a create.
  const { statecode, ...rest } = given.values
  if (statecode === undefined || statecode === 0) return { body: rest, after: [] }
  const { statuscode: _closed, ...kept } = rest
  const { statecode: _open, ...open } = stageValues(codec, codec.kind === 'lead' ? 'New/Received' : 'Active/Accepted', given.what)
  const close: Operation =
    codec.kind === 'opportunity'
      ? closing({ opportunityId: given.id, values: given.values, reason: null, what: given.what })
      : { method: 'PATCH', path: `${codec.table.set}(${given.id})`, ifMatch: '*', body: { ...given.values }, what: given.what }
  return { body: { ...kept, ...open }, after: [close] }
}

/** Constants for columns that this CRM demands. A choice and a lookup are named by their label. */
export function defaultsOf(codec: Codec, table: MappedKind | 'account' | 'contact'): Body {
  const body: Body = {}
  for (const [name, value] of Object.entries(codec.mapping.defaults[table])) {
    const column = name.includes('@') ? null : columnIn(codec.schema, table, name)
    const wire = column === null ? null : writeScalar(column, value, { precision: 4 }) // scalars by the mapping's own schema
    if (wire !== null && !wire.ok) {
      throw new Fault('misconfigured', `The default for "${name}" cannot be used: ${wire.why}`, {
        remedy: `Correct "defaults" > "${table}" of the mapping.`,
      })
    }
    if (column !== null && wire !== null) putInto(body, column, wire.value)
    else body[name] = value
  }
  return body
}

function constantsShown(codec: Codec, table: NewKind | 'account' | 'contact', made: { readonly constants: Body; readonly given: Body }): Projection {
  const rows = codec.rows.flatMap((bound) => {
    const { target } = bound
    return target.kind !== 'place' && (target.kind === 'related' ? target.relation : codec.kind) === table ? [{ ...bound, target }] : []
  })
  return shownByConstants(rows, made, decodeColumn)
}

/** Makes one record: one call to look, one to write. Repeating it is safe. */
export async function create(environment: Environment, change: CreateChange, signal: AbortSignal): Promise<Receipt> {
  const codec = await environment.codec(newKind(change), signal)
  assertWorks(codec)
  const customer = customerFor(codec, dealFor(codec, change))
  const work = (): Promise<Receipt> => createAlone(environment, codec, change, signal)
  return customer === null ? work() : environment.guard(customerKey(customer), work, signal)
}

/** What a record that was made of this change shows, where it took an existing account, contact or owner instead of the values it was given. */
export async function resolvedBy(environment: Environment, change: CreateChange, signal: AbortSignal): Promise<Projection> {
  const codec = await environment.codec(newKind(change), signal)
  const { owner } = environment.settings
  const found = await lookUp(environment.api, codec, needsOf(codec, [dealFor(codec, change)], owner), signal)
  return prepareCreate(codec, change, { found, owner }).resolved
}

const attemptsMost = 2 // The second look sees the account or contact that someone else made in between.

async function createAlone(environment: Environment, codec: Codec, change: CreateChange, signal: AbortSignal): Promise<Receipt> {
  const { owner } = environment.settings
  const needs = needsOf(codec, [dealFor(codec, change)], owner)
  for (let attempt = 1; ; attempt++) {
    const found = await lookUp(environment.api, codec, needs, signal)
    const record = prepareCreate(codec, change, { found, owner })
    const operations = [record.account?.operation, record.contact?.operation, ...record.own].filter((operation) => operation != null)
    try {
      await environment.api.run(operations, signal)
      return receiptOf(record)
    } catch (error) {
      if (!isFault(error) || !tellsOfExisting(error)) throw error
      if (await exists(environment, codec, record.ref, signal)) return { ...receiptOf(record), found: true }
      if (attempt >= attemptsMost) throw error
    }
  }
}

export const receiptOf = (record: NewRecord): Receipt => ({
  ref: record.ref,
  version: null,
  resolved: record.resolved,
  remarks: record.remarks,
  ...accountDoubt(record.accountRemark),
})

export async function exists(environment: Environment, codec: Codec, ref: EndRef, signal: AbortSignal): Promise<boolean> {
  const path = `${codec.table.set}(${ref.id})?$select=${codec.table.id}`
  return (await environment.api.get({ path, what: recordName(ref.kind, ref.id) }, signal)) !== null
}
