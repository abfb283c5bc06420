import type { MappedKind } from '../../core/mapping.js'
import type { CreateChange } from '../../core/change.js'
import type { Person, Projection, Solution } from '../../core/deal.js'
import { itemKey } from '../../core/deal.js'
import { Fault, isFault } from '../../core/fault.js'
import type { Receipt } from '../../core/ports.js'
import type { EndRef } from '../../core/ref.js'
import { overConstants, shownByConstants } from '../constants.js'
import { accountDoubt, chooseAccount, customerKey, customerOf, type Customer } from '../customers.js'
import { writeScalar } from '../values.js'
import type { Operation } from './exchange.js'
import { assertWorks, canonicalOf, decodeColumn, type Codec } from './codec.js'
import { personIn, relatedDeal } from './decode.js'
import { withIdentifier } from './discover.js'
import { encodeDeal, encodeStamp, markedName, personFields, type Body, type Encoded } from './encode.js'
import { tellsOfExisting } from './errors.js'
import { chooseOwner, lookUp, membersBeside, type Found, type Needs } from './lookups.js'
import { alone, type Org, type StillAlone } from './org.js'
import { IDENTIFIER } from './profile.js'
import { asRecordId, idOf, type Row } from './row.js'
import { fieldIn, objectOf, precisionOf } from './schema.js'

/** A new record and everything it needs, in the order in which it is made. `ids`: what its own answer is called. */
export interface NewRecord {
  readonly kind: NewKind
  readonly operations: readonly Operation[]
  readonly resolved: Projection
  readonly remarks: readonly string[]
  /** What a person should know about the choice of the account. */
  readonly accountRemark: string | null
}
export type NewKind = 'opportunity' | 'lead'
export function newKind(change: CreateChange): NewKind {
  if (change.as === 'opportunity' || change.as === 'lead') return change.as
  throw new Fault('bug', `Salesforce cannot make a "${change.as}".`, { remedy: 'Please report this.' })
}

export function customerFor(codec: Codec, deal: Projection): Customer | null {
  const kept = codec.rows.some(({ field, target }) => field === 'customerProfile.name' && target.kind === 'related')
  return kept ? customerOf(deal) : null
}
export function needsOf(codec: Codec, deals: readonly Projection[], owner: string | null): Needs {
  return {
    customers: deals.flatMap((deal) => customerFor(codec, deal) ?? []),
    contacts: codec.kind === 'opportunity' ? deals.flatMap((deal) => (deal['customerProfile.team'] ?? []).map(({ email }) => email)) : [],
    users: [...deals.flatMap((deal) => (deal.team ?? []).map(({ email }) => email)), ...(owner === null ? [] : [owner])],
  }
}

/** Account and contact of a new opportunity: an id where they were found, else the write that makes them. */
interface Related {
  readonly id: string
  readonly operation: Operation | null
  readonly resolved: Projection
  readonly remark: string | null
}

/** What a new record consists of, given what the org already has. */
export function prepareCreate(
  codec: Codec,
  change: CreateChange,
  context: { readonly found: Found; readonly owner: string | null },
): NewRecord {
  const kind = newKind(change)
  const what = `the ${kind} of referral ${change.marker}`
  const deal = canonicalOf(codec, change.deal)
  const encoded = encodeDeal(codec, change.deal, { precision: precisionOf(codec.schema, deal['details.currency'] ?? null), what })
  const customer = kind === 'opportunity' ? customerFor(codec, deal) : null
  const account = customer === null ? null : accountFor(codec, { customer, body: encoded.account, found: context.found, what })
  const contact =
    encoded.person == null
      ? null
      : contactFor(codec, { person: encoded.person, encoded, accountId: account?.id ?? null, found: context.found, what })
  const owner = chooseOwner(codec, change.deal.team ?? [], { configured: context.owner, users: context.found.users })
  const takesContact = kind === 'opportunity' && codec.schema.objects.Opportunity.has('ContactId')
  const constants = { ...defaultsOf(codec, codec.kind), ...mustHave(codec) }
  const body: Body = {
    ...overConstants(constants, encoded.own),
    ...nameOf(codec, change),
    ...(account === null ? {} : { AccountId: account.id }),
    // Makes the contact the primary contact role of the opportunity; it is taken with a new record only.
    ...(contact === null || !takesContact ? {} : { ContactId: contact.id }),
    ...(owner.id === null ? {} : { OwnerId: owner.id }),
    ...encodeStamp(codec, { ...change.stamp, sync: true, otherId: change.stamp.otherId ?? change.marker }),
  }
  const own: Operation = { name: 'deal', method: 'POST', path: `sobjects/${codec.object}`, unmodifiedSince: null, body, what }
  const solutions = (encoded.solutions ?? []).map((solution, index) =>
    solutionOperation(codec, { solution, opportunityId: '@{deal.id}', key: change.marker, name: `solution${index}` }),
  )
  const hasTeam = codec.rows.some(({ field }) => field === 'team')
  const members = hasTeam ? membersBeside(codec, change.deal.team ?? [], { owner: owner.id, users: context.found.users }) : []
  const shownOwner = hasTeam ? { team: [...owner.shows, ...members.map(({ person }) => person)] } : {}
  const around = [
    ...(contact === null || takesContact ? [] : [roleOperation('@{deal.id}', contact.id, what)]),
    ...members.map(({ id }, index) => memberOperation(codec, { userId: id, name: `member${index}`, what })),
  ]
  return {
    kind,
    operations: [account?.operation, contact?.operation, own, ...solutions, ...around].filter((operation) => operation != null),
    resolved: {
      ...(account === null ? relatedDeal(codec, 'account', {}) : account.resolved),
      ...(contact === null ? relatedDeal(codec, 'contact', {}) : contact.resolved),
      ...shownOwner,
      ...constantsShown(codec, codec.kind, { constants, given: encoded.own }),
    },
    remarks: [account?.remark, owner.remark].filter((remark) => remark != null),
    accountRemark: account?.remark ?? null,
  }
}

/** A lead must have a last name; this is what Salesforce itself writes where there is none. */
const mustHave = (codec: Codec): Body => (codec.kind === 'lead' ? { LastName: '[not provided]' } : {})
function nameOf(codec: Codec, change: CreateChange): Body {
  const name = markedName(codec, { name: change.deal.name ?? null, status: change.stamp.status ?? 'in-sync' })
  return name === null ? {} : { Name: name }
}

function accountFor(
  codec: Codec,
  given: { readonly customer: Customer; readonly body: Body; readonly found: Found; readonly what: string },
): Related {
  const made = given.found.made.get(customerKey(given.customer))
  if (made !== undefined) return { id: made.id, operation: null, resolved: relatedDeal(codec, 'account', made.row), remark: made.remark }
  const choice = chooseAccount(given.customer, given.found.accounts, '')
  if (choice.kind === 'create') {
    const constants = defaultsOf(codec, 'account')
    const operation: Operation = {
      name: 'account',
      method: 'POST',
      path: 'sobjects/Account',
      unmodifiedSince: null,
      body: overConstants(constants, given.body),
      what: `the account of ${given.what}`,
    }
    const resolved = constantsShown(codec, 'account', { constants, given: given.body })
    return { id: '@{account.id}', operation, resolved, remark: choice.remark }
  }
  const row = given.found.accounts.find(({ id }) => id === choice.id)?.row
  return { id: choice.id, operation: null, resolved: row === undefined ? {} : relatedDeal(codec, 'account', row), remark: null }
}

/** A contact of the same account with the same e-mail is that person; any other is made. */
function contactFor(
  codec: Codec,
  given: {
    readonly person: Person
    readonly encoded: Encoded
    readonly accountId: string | null
    readonly found: Found
    readonly what: string
  },
): Related {
  const email = given.person.email.toLowerCase()
  const known = given.found.contacts.find((contact) => contact.email === email && contact.accountId === given.accountId)
  if (known !== undefined) {
    const resolved = { ...relatedDeal(codec, 'contact', known.row), 'customerProfile.team': personIn(known.row) }
    return { id: known.id, operation: null, resolved, remark: null }
  }
  const constants = defaultsOf(codec, 'contact')
  const more = overConstants(constants, given.encoded.contact)
  const resolved = constantsShown(codec, 'contact', { constants, given: given.encoded.contact })
  return { id: '@{contact.id}', operation: contactOperation({ ...given, more, name: 'contact' }), resolved, remark: null }
}
export function contactOperation(given: {
  readonly person: Person
  readonly accountId: string | null
  /** Fields of the contact that rows or constants fill. */
  readonly more: Body
  readonly what: string
  readonly name: string
}): Operation {
  const body = { ...given.more, ...personFields(given.person), ...(given.accountId === null ? {} : { AccountId: given.accountId }) }
  return {
    name: given.name,
    method: 'POST',
    path: 'sobjects/Contact',
    unmodifiedSince: null,
    body,
    what: `the contact ${given.person.email} of ${given.what}`,
  }
}

/** The primary contact of an opportunity. */
export const roleOperation = (opportunityId: string, contactId: string, what: string): Operation => ({
  name: 'role',
  method: 'POST',
  path: 'sobjects/OpportunityContactRole',
  unmodifiedSince: null,
  body: { OpportunityId: opportunityId, ContactId: contactId, IsPrimary: true },
  what: `the contact role of ${what}`,
})
function memberOperation(codec: Codec, given: { readonly userId: string; readonly name: string; readonly what: string }): Operation {
  const role = codec.schema.team?.role ?? null
  return {
    name: given.name,
    method: 'POST',
    path: 'sobjects/OpportunityTeamMember',
    unmodifiedSince: null,
    body: { OpportunityId: '@{deal.id}', UserId: given.userId, ...(role === null ? {} : { TeamMemberRole: role }) },
    what: `the team of ${given.what}`,
  }
}

/** One row of the child object. Our unique key makes a repeat be refused; the name is the object's own text, cut to what every name takes. */
export function solutionOperation(
  codec: Codec,
  given: { readonly solution: Solution; readonly opportunityId: string; readonly key: string; readonly name: string },
): Operation {
  const table = codec.schema.solutions
  if (table === null) throw new Fault('misconfigured', 'This org has no object of solutions.', { remedy: 'Run "cosell install apply".' })
  const { solution, opportunityId } = given
  const body: Body = {
    [table.lookup]: opportunityId,
    [table.solutionId]: solution.id,
    ...(table.hasName ? { Name: (solution.name ?? solution.id).slice(0, 80) } : {}),
    ...(table.key === null ? {} : { [table.key]: `${given.key}:${itemKey(solution)}`.slice(0, 150) }),
  }
  return {
    name: given.name,
    method: 'POST',
    path: `sobjects/${table.name}`,
    unmodifiedSince: null,
    body,
    what: `solution ${solution.id} of ${opportunityId}`,
  }
}

/** Constants for fields that this org demands. A choice is named by its label. */
export function defaultsOf(codec: Codec, table: MappedKind | 'account' | 'contact'): Body {
  const body: Body = {}
  for (const [name, value] of Object.entries(codec.mapping.defaults[table])) {
    const column = fieldIn(codec.schema, objectOf(table), name)
    const wire = column === null ? null : writeScalar(column, value, { precision: 4 })
    if (wire !== null && !wire.ok)
      throw new Fault('misconfigured', `The default for "${name}" cannot be used: ${wire.why}`, {
        remedy: `Correct "defaults" > "${table}" of the mapping.`,
      })
    body[column?.name ?? name] = wire === null ? value : wire.value
  }
  return body
}

function constantsShown(codec: Codec, table: MappedKind | 'account' | 'contact', made: { readonly constants: Body; readonly given: Body }): Projection {
  const rows = codec.rows.flatMap((bound) => {
    const { target } = bound
    return target.kind !== 'place' && (target.kind === 'related' ? target.relation : codec.kind) === table ? [{ ...bound, target }] : []
  })
  return shownByConstants(rows, made, decodeColumn)
}

/** Makes one record: a look, then everything in one call. Repeating it is safe: the identifier is unique. */
export async function create(org: Org, change: CreateChange, signal: AbortSignal): Promise<Receipt> {
  const codec = await org.codec(newKind(change), signal)
  assertWorks(codec)
  assertIdentifier(codec)
  const customer = customerFor(codec, canonicalOf(codec, change.deal))
  const work = (stillAlone: StillAlone): Promise<Receipt> => createAlone(org, codec, change, { signal, stillAlone })
  return customer === null ? work(alone) : org.guard(customerKey(customer), work, signal)
}

/** Without the unique field a repeated create would make a second record. */
export function assertIdentifier(codec: Codec): void {
  if (fieldIn(codec.schema, codec.object, IDENTIFIER) !== null) return
  throw new Fault(
    'misconfigured',
    `${codec.object} has no field for the referral identifier in this org, or it is hidden from the connector's user.`,
    { remedy: 'Run "cosell install apply".' },
  )
}

async function createAlone(
  org: Org,
  codec: Codec,
  change: CreateChange,
  { signal, stillAlone }: { readonly signal: AbortSignal; readonly stillAlone: StillAlone },
): Promise<Receipt> {
  const { owner } = org.settings
  const found = await lookUp(org.api, codec, needsOf(codec, [canonicalOf(codec, change.deal)], owner), signal)
  const record = prepareCreate(codec, change, { found, owner })
  await stillAlone()
  try {
    return receiptOf(record, await org.api.run(record.operations, signal))
  } catch (error) {
    if (!isFault(error) || !tellsOfExisting(error)) throw error
    const existing = await existingOf(org, codec, change.marker, signal)
    if (existing === null) throw error
    return { ...toldOf(record), ref: existing, found: true }
  }
}

export function receiptOf(record: NewRecord, answers: ReadonlyMap<string, Row>): Receipt {
  const id = idOf(answers.get('deal') ?? {}, 'id')
  if (id === null)
    throw new Fault('ambiguous', `Salesforce made the ${record.kind} but did not say which.`, {
      remedy: 'Nothing to do: it is searched for by its identifier.',
    })
  const ref: EndRef = { side: 'crm', kind: record.kind, id }
  return { ...toldOf(record), ref }
}
const toldOf = ({ resolved, remarks, accountRemark }: NewRecord): Omit<Receipt, 'ref'> =>
  ({ version: null, resolved, remarks, ...accountDoubt(accountRemark) })

/** The one record that carries this identifier. */
export async function existingOf(org: Org, codec: Codec, identifier: string, signal: AbortSignal): Promise<EndRef | null> {
  const field = fieldIn(codec.schema, codec.object, IDENTIFIER)?.name
  if (field === undefined) return null
  const { rows } = await org.api.query(
    { soql: withIdentifier(codec.object, field, identifier.toLowerCase()), deleted: false, what: `records of referral ${identifier}` },
    signal,
  )
  const ids = rows.flatMap((row) => asRecordId(row['Id']) ?? [])
  const [id] = ids
  return id === undefined || ids.length > 1 ? null : { side: 'crm', kind: codec.kind, id }
}

/** What a record that was made of this change shows, where it took an existing account, contact or owner instead of the values it was given. */
export async function resolvedBy(org: Org, change: CreateChange, signal: AbortSignal): Promise<Projection> {
  const codec = await org.codec(newKind(change), signal)
  const { owner } = org.settings
  const found = await lookUp(org.api, codec, needsOf(codec, [canonicalOf(codec, change.deal)], owner), signal)
  return prepareCreate(codec, change, { found, owner }).resolved
}
