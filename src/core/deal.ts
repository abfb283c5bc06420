import type { Stage } from './stage.js'

/** A person on either side: a customer contact or a member of the sales team. Identified by e-mail, as Partner Center has no member ids. */
export interface Person {
  readonly email: string
  readonly firstName: string | null
  readonly lastName: string | null
  readonly phone: string | null
}

/** One solution of a deal. Identified by its id (`SOL-…` or a GUID). */
export interface Solution {
  readonly id: string
  readonly name: string | null
}

/** The shapes a field can have. `date` is a calendar day `YYYY-MM-DD`; `instant` an ISO-8601 UTC time; `money` an amount in major units. */
export interface ValueOf {
  readonly text: string | null
  readonly choice: string | null
  readonly currency: string | null
  readonly date: string | null
  readonly instant: string | null
  readonly money: number | null
  readonly flag: boolean | null
  readonly stage: Stage
  readonly people: readonly Person[]
  readonly solutions: readonly Solution[]
}
export type ValueKind = keyof ValueOf

/**
 * What Partner Center takes for a field: `edit` at any time before the close · `create` only with a new referral ·
 * `door` once, by a step of its own · `read` never.
 * Source: the closed list of patch paths in Microsoft's published connector definition (2023-10) and the "locked columns" of the
 * bulk-operations page.
 */
export type PartnerTakes = 'edit' | 'create' | 'door' | 'read'

interface FieldDefinition {
  readonly kind: ValueKind
  readonly partner: PartnerTakes
}

/** Every field a deal can carry, by its property path in the Referrals API. `microsoft.*` is read from Microsoft's referral of the same engagement. */
export const FIELDS = {
  name: { kind: 'text', partner: 'create' },
  status: { kind: 'stage', partner: 'door' },
  statusReason: { kind: 'text', partner: 'read' },
  'details.dealValue': { kind: 'money', partner: 'edit' },
  'details.currency': { kind: 'currency', partner: 'edit' },
  'details.closingDateTime': { kind: 'date', partner: 'edit' },
  'details.notes': { kind: 'text', partner: 'edit' },
  'details.requirements.solutions': { kind: 'solutions', partner: 'edit' },
  'details.requirements.marketplaceIntent': { kind: 'choice', partner: 'create' },
  'details.requirements.partnerRole': { kind: 'choice', partner: 'create' },
  'details.requirements.solutionArea': { kind: 'choice', partner: 'create' },
  'details.requirements.solutionPlay': { kind: 'choice', partner: 'create' },
  'consent.consentToShareReferralWithMicrosoftSellers': { kind: 'flag', partner: 'door' },
  'inviteContext.assistanceRequestCode': { kind: 'choice', partner: 'door' },
  'inviteContext.notes': { kind: 'text', partner: 'create' },
  'customerProfile.name': { kind: 'text', partner: 'create' },
  'customerProfile.address.addressLine1': { kind: 'text', partner: 'create' },
  'customerProfile.address.addressLine2': { kind: 'text', partner: 'create' },
  'customerProfile.address.city': { kind: 'text', partner: 'create' },
  'customerProfile.address.state': { kind: 'text', partner: 'create' },
  'customerProfile.address.postalCode': { kind: 'text', partner: 'create' },
  'customerProfile.address.country': { kind: 'text', partner: 'create' },
  'customerProfile.size': { kind: 'choice', partner: 'create' },
  'customerProfile.ids.duns': { kind: 'text', partner: 'create' },
  'customerProfile.team': { kind: 'people', partner: 'edit' },
  team: { kind: 'people', partner: 'edit' },
  campaignId: { kind: 'text', partner: 'edit' },
  referralProgram: { kind: 'text', partner: 'edit' },
  salesStage: { kind: 'choice', partner: 'edit' },
  expirationDateTime: { kind: 'date', partner: 'read' },
  'microsoft.status': { kind: 'text', partner: 'read' },
  'microsoft.team': { kind: 'people', partner: 'read' },
  'trackingInfo.microsoftMsxId': { kind: 'text', partner: 'read' },
} as const satisfies Record<string, FieldDefinition>

export type Field = keyof typeof FIELDS
export const FIELD_NAMES: readonly Field[] = Object.keys(FIELDS) as Field[] // the keys of a literal are its own names
export const isField = (name: string): name is Field => Object.hasOwn(FIELDS, name)

export const VISIBILITY = 'consent.consentToShareReferralWithMicrosoftSellers'
export const HELP = 'inviteContext.assistanceRequestCode'
export const SOLUTIONS = 'details.requirements.solutions'

export type FieldValue = ValueOf[ValueKind]
/** A deal with every field known. */
export type Deal = { readonly [F in Field]: ValueOf[(typeof FIELDS)[F]['kind']] }
/** What one side shows of a deal. Key absent: this side has no such field, or this look did not carry it. `null`: it says "empty". */
export type Projection = { readonly [F in Field]?: Deal[F] }
/** Per side: what it showed when the two last agreed. */
export interface Base {
  readonly partner: Projection
  readonly crm: Projection
}

type Item = Person | Solution
export const itemKey = (item: Item): string => ('email' in item ? item.email : item.id).trim().toLowerCase()
const isList = (value: FieldValue | undefined): value is readonly Person[] | readonly Solution[] => Array.isArray(value)

const sameText = (a: string | null, b: string | null): boolean => (a ?? '') === (b ?? '')
function sameItem(a: Item, b: Item): boolean {
  if (itemKey(a) !== itemKey(b)) return false
  if ('email' in a && 'email' in b) {
    return sameText(a.firstName, b.firstName) && sameText(a.lastName, b.lastName) && sameText(a.phone, b.phone)
  }
  // A solution is its id: names are catalogue text that Microsoft rewords.
  return true
}

/**
 * Whether two values say the same. Lists are sets by key; an empty text and `null` are the same "empty". How a system ends its lines, and blanks
 * around a text, are nobody's edit: a CRM that stores them otherwise would look as if a person had written there.
 */
export function sameValue(a: FieldValue | undefined, b: FieldValue | undefined): boolean {
  if (a === b) return true
  if (typeof a === 'string' && typeof b === 'string') return plainText(a) === plainText(b)
  if (isList(a) && isList(b)) {
    if (a.length !== b.length) return false
    const other = new Map<string, Item>(b.map((item) => [itemKey(item), item]))
    return a.every((item) => {
      const match = other.get(itemKey(item))
      return match !== undefined && sameItem(item, match)
    })
  }
  if (isList(a) || isList(b)) return isEmpty(a) && isEmpty(b) && a !== undefined && b !== undefined
  return a !== undefined && b !== undefined && isEmpty(a) && isEmpty(b)
}

const plainText = (text: string): string => text.replaceAll('\r\n', '\n').trim()

export function isEmpty(value: FieldValue | undefined): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '') || (isList(value) && value.length === 0)
}

export const isListField = (field: Field): boolean => FIELDS[field].kind === 'people' || FIELDS[field].kind === 'solutions'

/**
 * Carries the difference between two states of a list over to a third: what was added is added, what was removed is removed, and of a person who
 * stands there those parts are written that were edited. Items that only `target` has stay. So a side that shows one contact of three never deletes
 * the other two. A person about whom nothing was agreed before gets what is missing there; with `overrides` everything.
 * `known` is what the target showed at the last agreement: what was added there since stays, also when the other side removed the same
 * item meanwhile, or the two would hand it to and fro for ever.
 */
export function applyListDiff<T extends Item>(change: {
  readonly from: readonly T[]
  readonly to: readonly T[]
  readonly target: readonly T[]
  readonly known: readonly T[]
  readonly overrides?: boolean
}): readonly T[] {
  const before = new Map(change.from.map((item) => [itemKey(item), item]))
  const after = new Map(change.to.map((item) => [itemKey(item), item]))
  const known = new Set(change.known.map(itemKey))
  const result = new Map<string, T>()
  for (const item of change.target) {
    const key = itemKey(item)
    const edited = after.get(key)
    if (before.has(key) && edited === undefined && known.has(key)) continue
    const edits = edited === undefined ? null : { original: before.get(key), edited, overrides: change.overrides === true }
    result.set(key, edits === null ? item : withEdits(item, edits))
  }
  for (const [key, item] of after) if (!before.has(key) && !result.has(key)) result.set(key, item)
  return [...result.values()]
}

/** What can be edited of a person; the e-mail is who it is. */
export const PERSON_PARTS = ['firstName', 'lastName', 'phone'] as const

type PersonPart = (typeof PERSON_PARTS)[number]
const isPerson = (item: Item): item is Person => 'email' in item

interface Edits<T> {
  readonly original: T | undefined
  readonly edited: T
  readonly overrides: boolean
}
function withEdits<T extends Item>(item: T, edits: Edits<T>): T {
  const { original = null, edited, overrides } = edits
  // A solution is its id: what it is called is each side's own.
  if (!isPerson(item) || !isPerson(edited) || (original !== null && !isPerson(original))) return item
  const takes = (part: PersonPart): boolean => (original === null ? overrides || isEmpty(item[part]) : !samePart(original, edited, part))
  return { ...item, ...Object.fromEntries(PERSON_PARTS.filter(takes).map((part) => [part, edited[part]])) }
}
export const samePart = (a: Person, b: Person, part: PersonPart): boolean => sameText(a[part], b[part])

/** Fields in which `next` differs from `previous`, looking only at fields that both carry. */
export function changedFields(previous: Projection, next: Projection): Field[] {
  return FIELD_NAMES.filter((field) => field in previous && field in next && !sameValue(previous[field], next[field]))
}

/** Copies only the named fields that are present. */
export function pick(projection: Projection, fields: Iterable<Field>): Projection {
  const result: Record<string, FieldValue> = {}
  for (const field of fields) {
    const value = projection[field]
    if (value !== undefined) result[field] = value
  }
  return result // built from a Projection's own entries
}

/** A copy with one field set; the value's type was checked by the caller's field. */
export function withField(projection: Projection, field: Field, value: FieldValue): Projection {
  return { ...projection, [field]: value }
}
