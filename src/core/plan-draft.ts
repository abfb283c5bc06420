import type { Conflict } from './change.js'
import type { Field } from './deal.js'
import type { FieldWrite } from './field-merge.js'
import type { PlannedChange } from './plan-types.js'
import type { Side } from './ref.js'
import type { Take } from './stage.js'

/** What the plan collects while it walks over the fields. */
export interface Draft {
  readonly writes: { readonly [S in Side]: (FieldWrite & { readonly field: Field })[] }
  readonly steps: PlannedChange[]
  readonly creates: PlannedChange[]
  readonly conflicts: Conflict[]
  readonly adopted: Field[]
  /** Why a change cannot be sent as it is, one sentence each. */
  readonly blocked: string[]
  /** Fields whose edit in the CRM Partner Center does not take yet: the deal waits for our answer, or Sync is off on the record. */
  readonly unsent: Field[]
  readonly dropped: { readonly take: Take; readonly why: string }[]
  /** Why nothing is sent any more: the record was reopened while its referral is closed. */
  reopened: string | null
}
