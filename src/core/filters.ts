import type { LinkState, WaitsFor } from './link.js'
import type { Instant, LinkId } from './ref.js'

export interface LinkFilter {
  readonly state?: LinkState
  readonly kind?: 'opportunity' | 'lead'
  readonly reason?: string
  /** Deals that wait for this answer. */
  readonly waitsFor?: WaitsFor
  /** Case-insensitive part of the name, or an exact id of the link, referral or CRM record. */
  readonly search?: string
  /** `newest` first (unless said otherwise), or by the day an answer is due, those without one last. */
  readonly order?: 'newest' | 'due'
  readonly limit: number
  /** Opaque; from the previous page. Only for `newest`. */
  readonly after?: string | null
  /** Rows to pass over instead: for a list that is looked at anywhere. */
  readonly offset?: number
}

export interface AuditFilter {
  readonly link?: LinkId
  readonly run?: string
  readonly since?: Instant
  readonly until?: Instant
  readonly kinds?: readonly string[]
  /** Of runs: how they ended. */
  readonly outcomes?: readonly ('settled' | 'again' | 'stopped')[]
  /** Case-insensitive part of the name of who did it. */
  readonly by?: string
  /** Case-insensitive part of what was recorded. */
  readonly search?: string
  readonly limit: number
  /** Opaque; from the previous page. */
  readonly after?: string | null
}

