import type { Hands, LeasedDeal } from '../core/ports.js'

/** Places that were kept free for deals which are about to be leased. */
export interface Places {
  readonly count: number
  readonly leaseMs: number
  /** Said once, whatever became of the transaction: these deals were leased, the other places are free again. */
  fill(deals: readonly LeasedDeal[]): void
}

/** The hands of this process to which a deal may be handed by the transaction that marks it, or that ends another. */
export interface Offers {
  offer(hands: Hands): () => void
  keep(most: number): Places
  /** Places of deals that end. */
  keepOf(ending: number): Places
}

const none: Places = { count: 0, leaseMs: 0, fill: () => undefined }

export function offers(): Offers {
  let offered: Hands | null = null
  const places = (wanted: number, kept: (hands: Hands) => number): Places => {
    const hands = offered
    const count = hands === null || wanted === 0 ? 0 : kept(hands)
    return hands === null || count === 0 ? none : { count, leaseMs: hands.leaseMs, fill: (deals) => hands.work(deals, count) }
  }
  return {
    offer(hands) {
      offered = hands
      return () => {
        if (offered === hands) offered = null
      }
    },
    keep: (most) => places(most, (hands) => hands.keep(most)),
    keepOf: (ending) => places(ending, (hands) => hands.keepOf(ending)),
  }
}
