import { FIELDS, itemKey, VISIBILITY, type Field, type FieldValue, type Person, type Projection, type Solution } from '../../core/deal.js'
import type { PatchChange, StepChange } from '../../core/change.js'
import { Fault } from '../../core/fault.js'
import type { Operation } from './api.js'
import { asPerson, canonicalValue } from './canonical.js'
import { dayOnWire, memberOnWire, reachableFirst, solutionOnWire } from './encode.js'
import type { Referral, WireMember, WireSolution } from './wire.js'

/** Partner Center's samples patch amounts as text and create them as numbers; which one a service takes is learnt. */
export type MoneyForm = 'number' | 'text'

/** The paths that take a plain value. Source: the closed list of paths in the definition of Microsoft's referrals connector (read 2023-10). */
const PATHS: { readonly [F in Field]?: string } = {
  'details.dealValue': '/details/dealValue',
  'details.currency': '/details/currency',
  'details.closingDateTime': '/details/closingDateTime',
  'details.notes': '/details/notes',
  campaignId: '/campaignId',
  referralProgram: '/referralProgram',
  salesStage: '/salesStage',
}
const LISTS: ReadonlySet<Field> = new Set<Field>(['team', 'customerProfile.team', 'details.requirements.solutions'])

/** Whether the record as it stands is needed to say what a change means. */
export const needsDocument = (set: Projection): boolean => Object.keys(set).some((name) => LISTS.has(name as Field)) // a Projection's keys are fields

const replace = (path: string, value: unknown): Operation => ({ op: 'replace', path, value })

/** The fewest operations that bring the record to what is wanted. `record` is needed for lists. */
export function operationsOf(
  change: PatchChange | StepChange,
  options: { readonly record: Referral | null; readonly money: MoneyForm },
): readonly Operation[] {
  // A Projection's entries are fields with their values.
  const fields = (Object.entries(change.set) as [Field, FieldValue][]).flatMap(([field, value]) =>
    fieldOperations(field, canonicalValue(field, value), options),
  ) // a Projection's entries
  const stamp = change.stamp.otherId === undefined ? [] : [replace('/externalReferenceId', change.stamp.otherId)]
  return [...fields, ...stamp, ...(change.kind === 'step' ? stepOperations(change) : [])]
}

function fieldOperations(
  field: Field,
  value: FieldValue,
  { record, money }: { readonly record: Referral | null; readonly money: MoneyForm },
): readonly Operation[] {
  const path = PATHS[field]
  if (path !== undefined) return [replace(path, onWire(field, value, money))]
  switch (field) {
    case 'team':
      return [replace('/team', mergedMembers(record?.team ?? [], value as readonly Person[]))] // the field's kind
    case 'customerProfile.team':
      return [replace('/customerProfile/team', mergedMembers(record?.customerProfile?.team ?? [], value as readonly Person[]))] // the field's kind
    case 'details.requirements.solutions':
      return solutionOperations(record?.details?.requirements?.solutions ?? [], value as readonly Solution[]) // the field's kind
    case VISIBILITY:
      if (value === true) return [replace('/consent/consentToShareReferralWithMicrosoftSellers', true)]
      throw notTaken(field, 'Sharing with Microsoft cannot be taken back.')
    default:
      throw notTaken(field, 'Change it in Partner Center, or set its mapping row to "flow: to-crm".')
  }
}

const notTaken = (field: Field, remedy: string): Fault =>
  new Fault('rejected', `Partner Center takes no change of ${field} on an existing referral.`, { remedy })

function onWire(field: Field, value: FieldValue, money: MoneyForm): unknown {
  if (FIELDS[field].kind === 'money' && typeof value === 'number') return money === 'text' ? String(value) : value
  if (FIELDS[field].kind === 'date') return dayOnWire(typeof value === 'string' ? value : null)
  return value
}

const clean = (text: string | null | undefined): string => (text ?? '').trim()

/**
 * The wanted people over those that stand there: a person who is already on the list keeps everything we have no name for (title,
 * preferences), and members without an e-mail, whom we cannot tell apart, stay.
 */
function mergedMembers(present: readonly WireMember[], wanted: readonly Person[]): readonly unknown[] {
  const known = new Map(present.map((member) => [clean(member.email).toLowerCase(), member]))
  const people = reachableFirst(wanted).map((person) => {
    const before = known.get(itemKey(person))
    if (before === undefined) return memberOnWire(person)
    const now = asPerson({
      email: clean(before.email),
      firstName: before.firstName ?? null,
      lastName: before.lastName ?? null,
      phone: before.phoneNumber ?? null,
    })
    const same = now.firstName === person.firstName && now.lastName === person.lastName && now.phone === person.phone
    return same ? before : { ...before, ...memberOnWire({ ...person, email: clean(before.email) }) }
  })
  return [...people, ...present.filter((member) => clean(member.email) === '')]
}

/** Additions go to the end of the list one by one; a removal writes the list anew, with each remaining item as it stands. */
function solutionOperations(present: readonly WireSolution[], wanted: readonly Solution[]): readonly Operation[] {
  const known = new Map(present.map((solution) => [clean(solution.id).toLowerCase(), solution]))
  const kept = new Set(wanted.map(itemKey))
  const removes = present.some((solution) => clean(solution.id) !== '' && !kept.has(clean(solution.id).toLowerCase()))
  if (removes) {
    const nameless = present.filter((solution) => clean(solution.id) === '')
    return [
      replace('/details/requirements/solutions', [
        ...nameless,
        ...wanted.map((solution) => known.get(itemKey(solution)) ?? solutionOnWire(solution)),
      ]),
    ]
  }
  return wanted
    .filter((solution) => !known.has(itemKey(solution)))
    .map((solution) => ({ op: 'add', path: '/details/requirements/solutions/-', value: solutionOnWire(solution) }))
}

/** Status and substatus travel together. Source: the transition table of "Referral resources" and the portal's actions (read 2023-10). */
function stepOperations({ take, reason }: StepChange): readonly Operation[] {
  const stage = (status: string, substatus: string): readonly Operation[] => [
    replace('/status', status),
    replace('/substatus', substatus),
    ...(reason === null ? [] : [replace('/statusReason', reason)]),
  ]
  switch (take) {
    case 'accept':
      return stage('Active', 'Accepted')
    case 'decline':
      return stage('Closed', 'Declined')
    case 'win':
      return stage('Closed', 'Won')
    case 'lose':
      return stage('Closed', 'Lost')
    case 'share':
      return [replace('/consent/consentToShareReferralWithMicrosoftSellers', true)]
    case 'qualify':
    case 'reopen':
      throw new Fault('bug', `A referral knows no step "${take}".`, { remedy: 'Please report this.' })
  }
}
