import type { Link } from './link.js'
import type { Instant, LinkId } from './ref.js'

/** A deal to be worked, held by one worker until `leasedUntil`. */
export interface Lease {
  readonly link: LinkId
  readonly token: string
  readonly until: Instant
  /** Marks covered by this lease: a later mark means run again. */
  readonly marks: number
  readonly attempts: number
  /** When the first failed attempt of this row happened, for the retry horizon; null after a success. */
  readonly failingSince: Instant | null
  readonly wide: boolean
  readonly because: string
  /** When the oldest mark covered by this lease was made: for the delay figures. */
  readonly markedAt: Instant
  /** The trace of the latest mark, where somebody traces. */
  readonly trace?: string | null
}
/** A deal that was read as it was leased. */
export interface LeasedDeal {
  readonly lease: Lease
  readonly link: Link
}
/** Whoever works deals in this process. */
export interface Hands {
  readonly leaseMs: number
  /** Keeps as many places free as there are, up to so many. Says how many: each is taken or given back by `work`. */
  keep(most: number): number
  /** So many deals are about to end: keeps their places for others that are due. Says how many; the same holds for them. */
  keepOf(ending: number): number
  /** These are yours, in places that were kept; all that were kept for them are over with this. */
  work(deals: readonly LeasedDeal[], kept: number): void
}
