export type Scalar = string | number | boolean | null
export type FieldType =
  | 'id'
  | 'string'
  | 'textarea'
  | 'boolean'
  | 'int'
  | 'double'
  | 'currency'
  | 'percent'
  | 'date'
  | 'datetime'
  | 'picklist'
  | 'reference'
  | 'phone'
  | 'email'
  | 'url'

/** One field of an object. What a real org would refuse follows from it. */
export interface FieldDef {
  readonly name: string
  readonly label: string
  readonly type: FieldType
  readonly length: number
  /** Of a number: all digits, and those after the point. */
  readonly precision: number
  readonly scale: number
  readonly createable: boolean
  readonly updateable: boolean
  readonly nillable: boolean
  readonly defaultValue: Scalar
  readonly unique: boolean
  readonly externalId: boolean
  readonly values: readonly { readonly value: string; readonly label: string; readonly isDefault: boolean }[]
  readonly restricted: boolean
  readonly referenceTo: readonly string[]
  /** How the parent is called in a query: `Account` for `AccountId`. */
  readonly relationship: string | null
  /** How the rows are called as children of the parent. */
  readonly childRelationship: string | null
  readonly calculated: boolean
  /** Of a calculated field: what it is made of. */
  readonly formula: string
  readonly custom: boolean
}

export interface Row {
  readonly id: string
  values: Record<string, Scalar>
}
export interface ObjectDef {
  readonly name: string
  readonly label: string
  readonly labelPlural: string
  readonly keyPrefix: string
  readonly custom: boolean
  readonly createable: boolean
  readonly fields: Map<string, FieldDef>
  readonly rows: Map<string, Row>
}

export interface UserSeed {
  readonly id: string
  readonly email: string
  readonly firstName: string
  readonly lastName: string
  readonly active: boolean
}

/** What the documentation leaves open, or what a person may want to see happen. The first reading is the default. */
export interface SalesforceOptions {
  multiCurrency: boolean
  /** `empty` answers 412 without a body, `coded` with the usual list. */
  preconditionBody: 'empty' | 'coded'
  /** Milliseconds an access token lives. */
  sessionMs: number
  /** Milliseconds a row stays invisible to queries after it was written: a transaction that commits late. */
  lateCommitMs: number
  dailyCalls: number
  /** `shaped` keeps object names as they are documented; extra members appear in every answer with `extended`. */
  answers: 'shaped' | 'extended'
  /** Fields that the connector's user may not see, as `Object.Field`; `Layout`: it may not read page layouts. */
  readonly hidden: Set<string>
  /** `delivered` has the stages of a fresh org only: none of them is called "On Hold". Chosen when the org is made. */
  stages: 'with-on-hold' | 'delivered'
  /** Whether opportunities have teams. Chosen when the org is made. */
  teams: boolean
  /** Whether states and countries come from lists, with codes in fields of their own. Chosen when the org is made. */
  statePicklists: boolean
  /** How far `latestDateCovered` stays behind: a long transaction is under way. */
  coveredLagMs: number
  /** Whether the org takes jobs of the Bulk API, and how many looks one takes to end. */
  bulk: 'on' | 'off'
  bulkPolls: number
  /** So many of the next writes find their row locked, or run into an automation that fails. */
  lockedWrites: number
  /** Which of a row's two times If-Unmodified-Since is compared with: the documentation calls it the last-modified date and does not say which. */
  comparedStamp: 'LastModifiedDate' | 'SystemModstamp'
  failingAutomations: number
  /** Whether a second account or lead of one name is refused by a duplicate rule. */
  duplicateRule: 'off' | 'block'
  /** Whom the assignment rule gives a new lead to, unless the call says otherwise. Null: no such rule. */
  assignLeadsTo: string | null
  /** Rows of a list below a record that come with it; the others are fetched by a locator. */
  childRowsMost: number
  /** What every answer says of an API version that will be withdrawn (`Warning: 299`); null: nothing. */
  retirement: string | null
  /** The n-th answer about metadata from now on is cut off before its last record; 0: none. */
  cutMetadata: number
  /** Whether calls at any other address than the one named by the sign-in are refused. */
  onlyAtInstance: boolean
  /** The org that stands at this address since it was refreshed: a copy of another with an id of its own. Null: it was not. */
  refreshedAs: string | null
  /** `mapped`: a conversion copies the lead's own fields to fields of the same name, as an org's mapping of lead fields does. */
  leadFields: 'left' | 'mapped'
}
export const salesforceDefaults = (): SalesforceOptions => ({
  multiCurrency: true,
  preconditionBody: 'empty',
  sessionMs: 2 * 3_600_000,
  lateCommitMs: 0,
  dailyCalls: 100_000,
  leadFields: 'left',
  refreshedAs: null,
  answers: 'shaped',
  hidden: new Set(),
  stages: 'with-on-hold',
  teams: true,
  statePicklists: false,
  coveredLagMs: 0,
  bulk: 'on',
  bulkPolls: 2,
  lockedWrites: 0,
  comparedStamp: 'LastModifiedDate',
  failingAutomations: 0,
  duplicateRule: 'off',
  assignLeadsTo: null,
  childRowsMost: 200,
  retirement: null,
  cutMetadata: 0,
  onlyAtInstance: false,
})

/** The 15 characters of an id become 18 by a checksum of which are capitals. */
export function longId(short: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345'
  let tail = ''
  for (let group = 0; group < 3; group += 1) {
    let bits = 0
    for (let index = 0; index < 5; index += 1) {
      const char = short.charAt(group * 5 + index)
      if (char >= 'A' && char <= 'Z') bits += 2 ** index
    }
    tail += alphabet.charAt(bits)
  }
  return short + tail
}
const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
export function idFrom(prefix: string, count: number): string {
  let left = count
  let text = ''
  for (let place = 0; place < 8; place += 1) {
    text = digits.charAt(left % 62) + text
    left = Math.floor(left / 62)
  }
  return longId(`${prefix}5g00${text}`)
}
/** The canonical spelling of an id of 15 or 18 characters; null for anything else. */
export const fullId = (text: string): string | null =>
  /^[A-Za-z0-9]{15}$/.test(text) ? longId(text) : /^[A-Za-z0-9]{18}$/.test(text) ? longId(text.slice(0, 15)) : null

export const isoStamp = (ms: number): string => `${new Date(Math.floor(ms / 1_000) * 1_000).toISOString().slice(0, 19)}.000+0000`
export const stampMs = (text: Scalar): number => Date.parse(String(text).replace('+0000', 'Z'))
