import type { PatchChange, StepChange } from '../../core/change.js'
import type { Person, Projection, Solution } from '../../core/deal.js'
import { itemKey } from '../../core/deal.js'
import { Fault } from '../../core/fault.js'
import type { StageValues } from '../../core/mapping-stages.js'
import type { Receipt } from '../../core/ports.js'
import { assertNever } from '../../core/ref.js'
import type { Stage } from '../../core/stage.js'
import type { Operation } from './api.js'
import { closing } from './closing.js'
import type { Codec } from './codec.js'
import { defaultsOf } from './create.js'
import { personIn } from './decode.js'
import { currencyBind, encodeDeal, encodeStamp, markedName, personColumns, stageValues, type Body } from './encode.js'
import { guidOf } from '../guid.js'
import { chooseOwner, type Found, type Needs } from './lookups.js'
import { contactOperation, recordName, solutionOperations } from './operations.js'
import { precisionOf } from './schema.js'
import type { Seen } from './version.js'

/** A change of one existing record, ready to be sent: its operations happen together or not at all. */
export interface Prepared {
  readonly operations: readonly Operation[]
  readonly resolved: Projection
  readonly remarks: readonly string[]
}

export type Update = PatchChange | StepChange

/** What has to be looked up before an update can be prepared: usually nothing. */
export function needsOfUpdate(codec: Codec, change: Update, seen: Seen, owner: string | null): Needs {
  const person = personOf(codec, change.set)
  const switches = person !== undefined && person !== null && person.email.trim().toLowerCase() !== seen.contact?.email.trim().toLowerCase()
  const team = ownerOf(codec, change.set)
  return {
    customers: [],
    contacts: switches && person !== null ? [person.email] : [],
    users: team === undefined ? [] : [...team.map(({ email }) => email), ...(owner === null ? [] : [owner])],
    solutions: change.set['details.requirements.solutions'] ?? [],
  }
}

const place = (codec: Codec, name: string): boolean => codec.rows.some(({ target }) => target.kind === 'place' && target.place === name)
const personOf = (codec: Codec, set: Projection): Person | null | undefined =>
  place(codec, 'contact') && set['customerProfile.team'] !== undefined
    ? (set['customerProfile.team'].find(({ email }) => email !== '') ?? null)
    : undefined
const ownerOf = (codec: Codec, set: Projection): readonly Person[] | undefined => (place(codec, 'owner') ? set.team : undefined)

/** One conditional patch of the record with everything that stands on it, then the rows around it, then the closing action. */
export function prepareUpdate(
  codec: Codec,
  change: Update,
  context: { readonly seen: Seen; readonly found: Found; readonly owner: string | null },
): Prepared {
  const { seen, found } = context
  const what = recordName(change.ref.kind, change.ref.id)
  const currency = change.set['details.currency'] ?? seen.currency
  const encoded = encodeDeal(codec, change.set, { precision: precisionOf(codec.schema, currency), what })
  const stage = stageMove(codec, change, { patched: encoded.stage, version: seen.row, what })
  const contact = contactMove(codec, { change, seen, found, person: encoded.person })
  const owner = encoded.owner === undefined ? null : chooseOwner(codec, encoded.owner, { configured: context.owner, users: found.users })
  const name = markedName(codec, { name: nameAfter(change.set, seen), status: change.stamp.status })
  const body: Body = {
    ...encoded.own,
    ...(name === null ? {} : { [codec.kind === 'lead' ? 'subject' : 'name']: name }),
    ...(encoded.currency == null ? {} : currencyBind(codec, encoded.currency, what)),
    ...contact.body,
    ...(owner?.id == null ? {} : { 'ownerid@odata.bind': `/systemusers(${owner.id})` }),
    ...stage.body,
    ...encodeStamp(codec, change.stamp),
  }
  const operations = [
    ...contact.before,
    ...stage.before,
    ...rowPatch(codec, change, { body, seen, version: stage.before.length > 0 ? '*' : seen.row, what, needed: stage.after.length > 0 }),
    ...accountPatch(encoded.account, seen, what),
    ...contact.after,
    ...contactPatch(encoded.contact, seen, contact, what),
    ...solutionMoves(codec, change, { seen, found, wanted: encoded.solutions }),
    ...stage.after,
  ]
  const resolved: Projection = { ...contact.resolved, ...(owner === null ? {} : { team: owner.shows }) }
  return { operations, resolved, remarks: owner?.remark == null ? [] : [owner.remark] }
}

const nameAfter = (set: Projection, seen: Seen): string | null => {
  const mark = /^[✔✘] /u.exec(seen.name ?? '')?.[0] ?? ''
  return set.name === undefined || set.name === null ? seen.name : `${mark}${set.name}`
}

/** The patch that carries the version of the record; an action that knows no version goes behind it in the same change set. */
function rowPatch(
  codec: Codec,
  change: Update,
  given: { readonly body: Body; readonly seen: Seen; readonly version: string; readonly what: string; readonly needed: boolean },
): Operation[] {
  const isEmpty = Object.keys(given.body).length === 0
  if (isEmpty && !given.needed) return []
  const body = isEmpty ? switchAsSeen(codec, given.seen) : given.body
  return [{ method: 'PATCH', path: `${codec.table.set}(${change.ref.id})`, ifMatch: given.version, body, what: given.what }]
}

/** What says nothing new and still carries the version. */
const switchAsSeen = (codec: Codec, { sync }: Seen): Body => (sync === null ? {} : encodeStamp(codec, { sync }))

function accountPatch(body: Body, seen: Seen, what: string): Operation[] {
  if (seen.account === null) return nowhere(body, 'account', what)
  if (Object.keys(body).length === 0) return []
  return [{ method: 'PATCH', path: `accounts(${seen.account.id})`, ifMatch: seen.account.etag, body, what: `the account of ${what}` }]
}
function contactPatch(body: Body, seen: Seen, contact: ContactMove, what: string): Operation[] {
  if (Object.keys(body).length === 0) return []
  if (contact.id !== null) return [{ method: 'PATCH', path: `contacts(${contact.id})`, ifMatch: '*', body, what: `the contact of ${what}` }]
  if (seen.contact === null) return nowhere(body, 'contact', what)
  return [
    {
      method: 'PATCH',
      path: `contacts(${seen.contact.id})`,
      ifMatch: contact.after.length > 0 ? '*' : seen.contact.etag,
      body,
      what: `the contact of ${what}`,
    },
  ]
}

/** @throws Fault `rejected` when a value belongs on a record that is not there: left out, it would look as if somebody had emptied it. */
function nowhere(body: Body, relation: 'account' | 'contact', what: string): [] {
  const columns = Object.keys(body).filter((name) => body[name] !== null)
  if (columns.length === 0) return []
  throw new Fault('rejected', `The ${what} has no ${relation}, and the mapping keeps ${columns.join(', ')} there.`, {
    remedy: `Give the record ${relation === 'account' ? 'an account' : 'a contact'} in the CRM, or map the field to a column of the record itself.`,
  })
}

interface ContactMove {
  readonly before: readonly Operation[]
  readonly after: readonly Operation[]
  readonly body: Body
  readonly resolved: Projection
  /** The contact that the record points to from now on, where that changes. */
  readonly id: string | null
}
const STAYS: ContactMove = { before: [], after: [], body: {}, resolved: {}, id: null }

/** The same e-mail is the same contact and is edited; another e-mail is another contact: found under the account, or made. */
function contactMove(
  codec: Codec,
  given: { readonly change: Update; readonly seen: Seen; readonly found: Found; readonly person: Person | null | undefined },
): ContactMove {
  const { change, seen, found, person } = given
  if (person === undefined) return STAYS
  if (person === null) return seen.contact === null ? STAYS : { ...STAYS, body: { 'parentcontactid@odata.bind': null } }
  const email = person.email.trim().toLowerCase()
  const what = `the contact ${person.email} of ${recordName(change.ref.kind, change.ref.id)}`
  if (seen.contact !== null && seen.contact.email.trim().toLowerCase() === email) {
    return {
      ...STAYS,
      after: [{ method: 'PATCH', path: `contacts(${seen.contact.id})`, ifMatch: seen.contact.etag, body: personColumns(person), what }],
    }
  }
  const account = seen.account?.id ?? null
  const known = found.contacts.find((contact) => contact.email === email && contact.accountId === account)
  if (known !== undefined)
    return { ...STAYS, id: known.id, body: contactBind(known.id), resolved: { 'customerProfile.team': personIn(known.row) } }
  // The record's version is part of the id: a repeat of this very write names the same contact, a later one another.
  const id = guidOf(`contact:${codec.kind}:${change.ref.id}:${email}:${seen.row}`)
  return { ...STAYS, id, before: [contactOperation({ id, person, accountId: account, more: defaultsOf(codec, 'contact'), what })], body: contactBind(id) }
}
const contactBind = (id: string): Body => ({ 'parentcontactid@odata.bind': `/contacts(${id})` })

/** Rows of solutions that are gone are deleted, each with its own version; new ones are added. The others are not touched. */
function solutionMoves(
  codec: Codec,
  change: Update,
  { seen, found, wanted }: { readonly seen: Seen; readonly found: Found; readonly wanted: readonly Solution[] | undefined },
): Operation[] {
  const table = codec.schema.solutions
  if (wanted === undefined || table === null) return []
  const keys = new Set(wanted.map(itemKey))
  const present = new Set(seen.solutions.map(({ solution }) => solution.trim().toLowerCase()))
  const what = `the solutions of ${recordName(change.ref.kind, change.ref.id)}`
  const gone = seen.solutions.filter(({ solution }) => !keys.has(solution.trim().toLowerCase()))
  return [
    ...gone.map(({ id, etag }): Operation => ({ method: 'DELETE', path: `${table.set}(${id})`, ifMatch: etag, body: null, what })),
    ...wanted
      .filter((solution) => !present.has(itemKey(solution)))
      .flatMap((solution) => solutionOperations(codec, { solution, opportunityId: change.ref.id, salt: seen.row, entries: found.entries })),
  ]
}

interface StageMove {
  readonly before: readonly Operation[]
  readonly body: Body
  readonly after: readonly Operation[]
}

/**
 * Open states are columns; an opportunity is won and lost by actions of their own, a lead is closed by its columns. A closed record is reopened
 * by a patch that says nothing else, because it may take no other column before it is open.
 */
function stageMove(
  codec: Codec,
  change: Update,
  given: { readonly patched: StageValues | null; readonly version: string; readonly what: string },
): StageMove {
  const { what } = given
  const target = change.kind === 'step' ? stageOfStep(change, what) : null
  const values = change.kind === 'step' && target !== null ? stageValues(codec, closedIn(change.set) ?? target, what) : given.patched
  if (values === null) return { before: [], body: {}, after: [] }
  const { statecode, statuscode, ...rest } = values
  if (change.kind === 'step' && change.take === 'reopen') {
    const path = `${codec.table.set}(${change.ref.id})`
    return { before: [{ method: 'PATCH', path, ifMatch: given.version, body: { statecode, statuscode }, what }], body: rest, after: [] }
  }
  if (codec.kind === 'opportunity' && statecode !== 0) {
    const reason = change.kind === 'step' ? change.reason : null
    return { before: [], body: rest, after: [closing({ opportunityId: change.ref.id, values, reason, what })] }
  }
  return { before: [], body: { ...values }, after: [] }
}

/** A step that closes may carry the exact closed status (declined, expired), which chooses the status reason. */
const closedIn = (set: Projection): Stage | null => (set.status?.startsWith('Closed/') ? set.status : null)

function stageOfStep(change: StepChange, what: string): Stage | null {
  switch (change.take) {
    case 'accept':
    case 'reopen':
      return 'Active/Accepted'
    case 'win':
      return 'Closed/Won'
    case 'lose':
      return 'Closed/Lost'
    case 'decline':
      return 'Closed/Declined'
    case 'qualify':
    case 'share':
      throw new Fault('bug', `${what} cannot take the step "${change.take}" this way.`, { remedy: 'Please report this.' })
    default:
      return assertNever(change.take)
  }
}

export function receiptOf(change: Update, prepared: Prepared): Receipt {
  return { ref: change.ref, version: null, resolved: prepared.resolved, remarks: prepared.remarks }
}
