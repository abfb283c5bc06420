import { digitsOf } from '../../core/money.js'
import { labelKey } from '../../core/conversions.js'
import type { Person } from '../../core/deal.js'
import type { Instant } from '../../core/ref.js'
import type { Column } from '../column.js'
import { CUSTOM_FIELDS } from './profile.js'

export type ObjectName = 'Opportunity' | 'Lead' | 'Account' | 'Contact'
export const objectOf = (kind: 'opportunity' | 'lead' | 'account' | 'contact'): ObjectName =>
  kind === 'opportunity' ? 'Opportunity' : kind === 'lead' ? 'Lead' : kind === 'account' ? 'Account' : 'Contact'

/** An object as the connector's user sees it: what its profile hides is not there. */
export type Fields = ReadonlyMap<string, Column>

/** The child object that holds one row per solution of an opportunity. */
export interface SolutionObject {
  readonly name: string
  readonly solutionId: string
  /** Our own unique key of a row: a repeated create is refused instead of doubled. Null where a foreign object has none. */
  readonly key: string | null
  /** Whether its rows are named by a text, and not by a number of the org's own. */
  readonly hasName: boolean
  readonly lookup: string
  readonly relationship: string
}
/** The object that holds the members of an opportunity's team, where the org has teams and shows them to us. */
export interface TeamObject {
  readonly relationship: string
  readonly writable: boolean
  /** A role that the org demands of a member; null where it demands none. */
  readonly role: string | null
}
/** A stage of an opportunity, or a status of a lead, as the org has it. */
export interface OrgStage {
  readonly value: string
  readonly order: number
  readonly closed: boolean
  readonly won: boolean
}

/** What is known of an org. `readAt` null: nothing was read yet. */
export interface Schema {
  readonly objects: { readonly [N in Exclude<ObjectName, 'Lead'>]: Fields } & { readonly Lead: Fields | null }
  /** Per object: our name of a custom field to the name it has here, null where there is none. */
  readonly aliases: { readonly [N in 'Opportunity' | 'Lead']: ReadonlyMap<string, string | null> }
  readonly solutions: SolutionObject | null
  readonly team: TeamObject | null
  readonly stages: readonly OrgStage[]
  /** Stages that were chosen here for deals that wait, oldest first: what still shows one of them waits still. */
  readonly heldBefore: readonly string[]
  readonly leadStatuses: readonly (OrgStage & { readonly converted: boolean })[]
  /** Decimal places by ISO code. In an org of one currency, that one alone. */
  readonly currencies: ReadonlyMap<string, number>
  readonly multiCurrency: boolean
  readonly self: { readonly userId: string; readonly organizationId: string; readonly person: Person | null } | null
  /** Phone fields of users that this org shows us, best first. */
  readonly userPhones: readonly string[]
  readonly readAt: Instant | null
}

const none: Fields = new Map()
export const UNREAD_SCHEMA: Schema = {
  objects: { Opportunity: none, Lead: none, Account: none, Contact: none },
  aliases: { Opportunity: new Map(), Lead: new Map() },
  solutions: null,
  team: null,
  stages: [],
  heldBefore: [],
  leadStatuses: [],
  currencies: new Map(),
  multiCurrency: false,
  self: null,
  userPhones: [],
  readAt: null,
}

/** The field that a mapping row means here, or null where this org has none of that name, or hides it. */
export function fieldIn(schema: Schema, object: ObjectName, name: string): Column | null {
  const fields = schema.objects[object]
  if (fields === null) return null
  const alias = object === 'Opportunity' || object === 'Lead' ? schema.aliases[object].get(name) : undefined
  if (alias === null) return null
  const wanted = alias ?? name
  return fields.get(wanted) ?? [...fields.values()].find((field) => field.name.toLowerCase() === wanted.toLowerCase()) ?? null
}

/** Of fields that every org should have, those that this one shows us: a question that names one more is refused as a whole. */
export const present = (schema: Schema, object: ObjectName, names: readonly string[]): readonly string[] =>
  schema.readAt === null ? names : names.filter((name) => schema.objects[object]?.has(name) === true)

/** Finds every custom field: ours, then those of the guide of 2020, then those of Microsoft's package by their labels. */
export function aliasesOf(fields: Fields): Map<string, string | null> {
  const labelled = (label: string): boolean =>
    [...fields.values()].some((field) => field.name.endsWith('__c') && labelKey(field.label) === labelKey(label))
  // A customer's own "Audit" is the customer's: labels count only where Microsoft's package, or fields made by its guide, are there.
  const hasPackage = labelled('Sync With Partner Center') && labelled('Referral Identifier')
  return new Map(
    CUSTOM_FIELDS.map(({ name, byHand, labels }): [string, string | null] => {
      const known = [name, ...byHand].find((candidate) => fields.has(candidate))
      return [name, known ?? (hasPackage ? byLabel(fields, labels) : null)]
    }),
  )
}
export function byLabel(fields: Fields, labels: readonly string[]): string | null {
  const wanted = new Set(labels.map(labelKey))
  return (
    [...fields.values()].find(
      (field) => field.name.endsWith('__c') && !field.name.startsWith('Cosell_') && wanted.has(labelKey(field.label)),
    )?.name ?? null
  )
}

export const precisionOf = (schema: Schema, currency: string | null): number =>
  schema.currencies.get(currency?.toUpperCase() ?? '') ?? digitsOf(currency ?? '')
