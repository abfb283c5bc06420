import type { Cells, Row } from './row-store.js'

/** Who and what a write comes from. */
export interface Context {
  /** The systemuser whose rights apply and whose name stands in `modifiedby`. */
  readonly userId: string
  /** The systemuser who called; differs from `userId` when impersonating. */
  readonly initiatingUserId: string
  readonly nowMs: number
  /** The same moment as rows show it: UTC, whole seconds. */
  readonly now: string
  readonly correlationId: string
  readonly requestId: string
  readonly userAgent: string
  readonly tag: string | null
  readonly bypass: 'none' | 'custom-async' | { readonly steps: readonly string[] }
  /** Unique name of the solution that takes up new components. */
  readonly solution: string | null
  /** From `MSCRM.MergeLabels`: whether labels in other languages than those sent stay. */
  readonly mergeLabels: boolean
  readonly detectDuplicates: boolean
  /** The system's own work is not asked for privileges. */
  readonly trusted: boolean
}

export type EventInput =
  | { readonly kind: 'entity'; readonly table: string; readonly id: string; readonly cells: Cells; readonly version: number | null }
  | { readonly kind: 'reference'; readonly table: string; readonly id: string }
  | { readonly kind: 'option'; readonly value: number }
  | { readonly kind: 'plain'; readonly value: string | number | boolean | null }
  | { readonly kind: 'references'; readonly refs: readonly { readonly table: string; readonly id: string }[] }

/** One operation that registered steps may want to hear of. */
export interface Emission {
  readonly message: string
  readonly table: string
  readonly id: string
  readonly context: Context
  /** Names of the columns the caller sent; only updates have them. */
  readonly sent: readonly string[] | null
  readonly before: Row | undefined
  readonly after: Row | undefined
  readonly inputs: readonly { readonly key: string; readonly value: EventInput }[]
  /** The same inputs as the caller gave them, for the parent context. */
  readonly callerInputs: readonly { readonly key: string; readonly value: EventInput }[]
  readonly outputs: readonly { readonly key: string; readonly value: EventInput }[]
}

/** An event on its way: its details are only worked out when a step wants to hear of it. */
export interface Raised {
  readonly message: string
  readonly table: string
  readonly make: () => Emission
}
