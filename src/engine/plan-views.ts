import type { Change, Conflict } from '../core/change.js'
import type { FieldValue } from '../core/deal.js'
import type { LinkState, Reason } from '../core/link.js'
import type { Side } from '../core/ref.js'

/** What a sync would write, field by field. `saw` are the versions it was planned on: `apply` refuses a deal that has moved since. */
export interface PlanItem {
  readonly deal: string | null
  readonly name: string | null
  readonly state: LinkState
  readonly reason: Reason | null
  readonly changes: readonly PlanChangeView[]
  readonly conflicts: readonly Conflict[]
  readonly saw: { readonly partner: string | null; readonly crm: string | null; readonly revision: number | null }
}
export interface PlanChangeView {
  readonly kind: 'create' | 'patch' | 'step'
  readonly side: Side
  readonly what: string
  readonly fields: readonly { readonly field: string; readonly before: FieldValue | undefined; readonly after: FieldValue | undefined }[]
  readonly irreversible: boolean
  readonly change: Change
}
export interface PlanDocument {
  readonly version: 1
  readonly madeAt: string
  readonly totals: {
    readonly create: number
    readonly update: number
    readonly steps: number
    readonly conflicts: number
    readonly unchanged: number
    /** Steps that cannot be taken back. */
    readonly irreversible: number
    /** How many records would be written, by field. */
    readonly fields: Readonly<Record<string, number>>
  }
  readonly items: readonly PlanItem[]
}
export interface ApplyReport {
  readonly applied: number
  readonly refused: readonly { readonly deal: string | null; readonly why: string }[]
}

/** Deals planned, of so many that are known; a look at both sides may find more. */
export interface PlanProgress {
  readonly done: number
  readonly total: number
}
export type PlanWatch = (progress: PlanProgress | null) => void
