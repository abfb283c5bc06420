import type { PatchChange, StepChange } from '../../core/change.js'
import { itemKey, type Person, type Projection, type Solution } from '../../core/deal.js'
import { Fault } from '../../core/fault.js'
import type { Receipt } from '../../core/ports.js'
import { assertNever } from '../../core/ref.js'
import type { Stage } from '../../core/stage.js'
import type { Operation } from './exchange.js'
import type { Codec } from './codec.js'
import { contactOperation, defaultsOf, roleOperation, solutionOperation } from './create.js'
import { personIn } from './decode.js'
import { encodeDeal, encodeStamp, markedName, personFields, stageValues, type Body } from './encode.js'
import { chooseOwner, type Found, type Needs } from './lookups.js'
import { precisionOf } from './schema.js'
import type { Seen } from './version.js'

export type Update = PatchChange | StepChange
/** A change of one existing record, ready to be sent: its operations happen together or not at all. */
export interface Prepared {
  readonly operations: readonly Operation[]
  readonly resolved: Projection
  readonly remarks: readonly string[]
}

const hasPlace = (codec: Codec, name: string): boolean => codec.rows.some(({ target }) => target.kind === 'place' && target.place === name)
const sameEmail = (a: string, b: string): boolean => a.trim().toLowerCase() === b.trim().toLowerCase()

/** What has to be looked up before an update can be prepared: usually nothing. */
export function needsOfUpdate(codec: Codec, change: Update, seen: Seen, owner: string | null): Needs {
  const person = hasPlace(codec, 'contact') ? change.set['customerProfile.team']?.find(({ email }) => email !== '') : undefined
  const switches = person !== undefined && !sameEmail(person.email, seen.contact?.email ?? '')
  const team = hasPlace(codec, 'owner') ? change.set.team : undefined
  return {
    customers: [],
    contacts: switches ? [person.email] : [],
    users: team === undefined ? [] : [...team.map(({ email }) => email), ...(owner === null ? [] : [owner])],
  }
}

/** One conditional patch of the record with everything that stands on it, then the rows around it. */
export function prepareUpdate(
  codec: Codec,
  change: Update,
  context: { readonly seen: Seen; readonly found: Found; readonly owner: string | null },
): Prepared {
  const { seen, found } = context
  const what = `${change.ref.kind} ${change.ref.id}`
  const currency = change.set['details.currency'] ?? seen.currency
  const { status: _status, ...set } = change.set
  const encoded = encodeDeal(codec, change.kind === 'step' ? set : change.set, { precision: precisionOf(codec.schema, currency), what })
  const contact = codec.kind === 'lead' ? STAYS : contactMove(codec, { change, seen, found, person: encoded.person, what })
  const owner = encoded.owner === undefined ? null : chooseOwner(codec, encoded.owner, { configured: context.owner, users: found.users })
  const name = markedName(codec, { name: nameAfter(change.set, seen), status: change.stamp.status })
  const body: Body = {
    ...encoded.own,
    ...(change.kind === 'step' ? stageOfStep(codec, change, what) : {}),
    ...(name === null ? {} : { Name: name }),
    ...(owner?.id == null ? {} : { OwnerId: owner.id }),
    ...encodeStamp(codec, change.stamp),
  }
  const solutions = solutionMoves(codec, seen, change.ref.id, encoded.solutions)
  const around = [
    ...accountPatch(encoded.account, seen, what),
    ...contact.operations,
    ...contactPatch(encoded.contact, contact, seen, what),
    ...solutions,
  ]
  // The patch of the record carries its version for everything else in the call; where nothing of it changes, the switch says what it says.
  const unchanged = encodeStamp(codec, seen.sync === null ? {} : { sync: seen.sync })
  const own = Object.keys(body).length > 0 ? body : around.length > 0 ? unchanged : null
  const operations = [...(own === null ? [] : [rowPatch(codec, change.ref.id, { body: own, seen, what })]), ...around]
  return {
    operations,
    resolved: { ...contact.resolved, ...(owner === null ? {} : { team: owner.shows }) },
    remarks: owner?.remark == null ? [] : [owner.remark],
  }
}

const nameAfter = (set: Projection, seen: Seen): string | null => {
  const mark = /^[✔✘] /u.exec(seen.name ?? '')?.[0] ?? ''
  return set.name === undefined || set.name === null ? seen.name : `${mark}${set.name}`
}
const rowPatch = (codec: Codec, id: string, given: { readonly body: Body; readonly seen: Seen; readonly what: string }): Operation => ({
  name: 'deal',
  method: 'PATCH',
  path: `sobjects/${codec.object}/${id}`,
  unmodifiedSince: given.seen.row.modifiedAt,
  body: given.body,
  what: given.what,
})
function accountPatch(body: Body, seen: Seen, what: string): Operation[] {
  if (seen.account === null) return nowhere(body, 'account', what)
  if (Object.keys(body).length === 0) return []
  return [
    {
      name: 'account',
      method: 'PATCH',
      path: `sobjects/Account/${seen.account.id}`,
      unmodifiedSince: seen.account.modifiedAt,
      body,
      what: `the account of ${what}`,
    },
  ]
}
function contactPatch(body: Body, move: ContactMove, seen: Seen, what: string): Operation[] {
  const id = move.id ?? seen.contact?.id ?? null
  if (id === null) return nowhere(body, 'contact', what)
  if (Object.keys(body).length === 0) return []
  // After the contact itself was patched in this very call its stamp is new, so only the first patch can be conditional.
  const unmodifiedSince = move.operations.length === 0 ? (seen.contact?.modifiedAt ?? null) : null
  return [{ name: 'contactFields', method: 'PATCH', path: `sobjects/Contact/${id}`, unmodifiedSince, body, what: `the contact of ${what}` }]
}

/** @throws Fault `rejected` when a value belongs on a record that is not there: left out, it would look as if somebody had emptied it. */
function nowhere(body: Body, relation: 'account' | 'contact', what: string): [] {
  const fields = Object.keys(body).filter((name) => body[name] !== null)
  if (fields.length === 0) return []
  throw new Fault('rejected', `The ${what} has no ${relation}, and the mapping keeps ${fields.join(', ')} there.`, {
    remedy: `Give the record ${relation === 'account' ? 'an account' : 'a contact'} in the CRM, or map the field to one of the record itself.`,
  })
}

interface ContactMove {
  readonly operations: readonly Operation[]
  readonly resolved: Projection
  /** The contact that the record has from now on, where that changes. */
  readonly id: string | null
}
const STAYS: ContactMove = { operations: [], resolved: {}, id: null }

/** The same e-mail is the same contact and is edited; another e-mail is another contact: found under the account, or made. */
function contactMove(
  codec: Codec,
  given: {
    readonly change: Update
    readonly seen: Seen
    readonly found: Found
    readonly person: Person | null | undefined
    readonly what: string
  },
): ContactMove {
  const { change, seen, found, person, what } = given
  if (person === undefined) return STAYS
  if (person === null) {
    if (seen.contact === null) return STAYS
    // The person goes from the deal, never from the customer.
    return {
      ...STAYS,
      operations: [
        {
          name: 'role',
          method: 'DELETE',
          path: `sobjects/OpportunityContactRole/${seen.contact.roleId}`,
          unmodifiedSince: null,
          body: null,
          what: `the contact role of ${what}`,
        },
      ],
    }
  }
  if (seen.contact !== null && sameEmail(seen.contact.email, person.email)) {
    const patch: Operation = {
      name: 'contact',
      method: 'PATCH',
      path: `sobjects/Contact/${seen.contact.id}`,
      unmodifiedSince: seen.contact.modifiedAt,
      body: personFields(person),
      what: `the contact of ${what}`,
    }
    return { ...STAYS, operations: [patch] }
  }
  const accountId = seen.account?.id ?? null
  const known = found.contacts.find((contact) => contact.email === person.email.toLowerCase() && contact.accountId === accountId)
  const id = known?.id ?? '@{contact.id}'
  const make = known === undefined ? [contactOperation({ person, accountId, more: defaultsOf(codec, 'contact'), what, name: 'contact' })] : []
  const before = seen.contact === null ? [] : [steppingBack(seen.contact.roleId, what)]
  const role = roleOperation(change.ref.id, id, what)
  return { operations: [...make, ...before, role], id, resolved: known === undefined ? {} : { 'customerProfile.team': personIn(known.row) } }
}

/** There is one primary contact: whoever was it stays on the deal, and is read for it no more. */
const steppingBack = (roleId: string, what: string): Operation => ({
  name: 'before',
  method: 'PATCH',
  path: `sobjects/OpportunityContactRole/${roleId}`,
  unmodifiedSince: null,
  body: { IsPrimary: false },
  what: `the contact role of ${what}`,
})

/** Rows of solutions that are gone are deleted, new ones are added. The others are not touched. */
function solutionMoves(codec: Codec, seen: Seen, opportunityId: string, wanted: readonly Solution[] | undefined): Operation[] {
  const table = codec.schema.solutions
  if (wanted === undefined || table === null) return []
  const keys = new Set(wanted.map(itemKey))
  const key = (solution: string): string => solution.trim().toLowerCase()
  const present = new Set(seen.solutions.map(({ solution }) => key(solution)))
  const gone = seen.solutions.filter(({ solution }) => !keys.has(key(solution)))
  return [
    ...gone.map(({ id, solution }, index): Operation => ({
      name: `gone${index}`,
      method: 'DELETE',
      path: `sobjects/${table.name}/${id}`,
      unmodifiedSince: null,
      body: null,
      what: `solution ${solution} of opportunity ${opportunityId}`,
    })),
    ...wanted
      .filter((solution) => !present.has(itemKey(solution)))
      .map((solution, index) => solutionOperation(codec, { solution, opportunityId, key: opportunityId, name: `solution${index}` })),
  ]
}

/** Winning, losing and reopening are stages like any other here. A step that closes may carry the exact closed status. */
function stageOfStep(codec: Codec, change: StepChange, what: string): Body {
  const { status } = change.set
  return { ...stageValues(codec, status?.startsWith('Closed/') === true ? status : stageAfter(change, what), what) }
}
function stageAfter(change: StepChange, what: string): Stage {
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

export const receiptOfUpdate = (change: Update, prepared: Prepared): Receipt => ({
  ref: change.ref,
  version: null,
  resolved: prepared.resolved,
  remarks: prepared.remarks,
})
