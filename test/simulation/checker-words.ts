import type { AuditRecord } from '../../src/core/audit.js'
import type { Conflict } from '../../src/core/change.js'
import type { Link } from '../../src/core/link.js'
import type { Field } from '../../src/core/deal.js'
import type { Happening, ShownField } from './truth.js'
import type { World } from './world.js'

export interface Violation {
  readonly invariant: string
  readonly text: string
}

/** Everything that is looked at when a run has come to rest. */
export interface Desk {
  readonly world: World
  readonly links: readonly Link[]
  readonly ledger: readonly AuditRecord[]
  readonly conflicts: readonly { readonly at: number; readonly link: string; readonly conflict: Conflict }[]
}

export type Phase = 'waiting' | 'open' | 'won' | 'lost'
/** The first word of a CRM stage, as the simulated CRM itself tells it. */
export const phaseIn = (stage: string): Phase => stage.split(' ')[0] as Phase // every CRM of the simulation begins it with one
/** Every value of these that a person writes is unlike every other. */
export const UNIQUE: readonly ShownField[] = ['value', 'notes', 'date']

export const FIELD_OF: Partial<Record<ShownField, Field>> = {
  value: 'details.dealValue',
  notes: 'details.notes',
  date: 'details.closingDateTime',
  currency: 'details.currency',
  solutions: 'details.requirements.solutions',
  stage: 'status',
  visible: 'consent.consentToShareReferralWithMicrosoftSellers',
}

/** Whether this is what the record began with. */
export const isFirst = (world: World, item: Happening): boolean =>
  world.truth.happenings.find(({ record, field }) => record === item.record && field === item.field) === item

export const sameSeen = (seen: unknown, value: unknown): boolean =>
  seen === value || (typeof seen === 'string' && typeof value === 'string' && seen.slice(0, 10) === value)
