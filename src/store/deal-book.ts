import type { Link } from '../core/link.js'
import type { LinkId } from '../core/ref.js'
import type { Head } from './ledger.js'
import { outlineOf, type Outline } from './links.js'

/** What the store holds of a deal at one revision, beside the deal itself. */
export interface Known {
  readonly outline: Outline
  /** Where its chain in the ledger stood after the last save; null: not looked up. */
  readonly head: Head | null
}

/** What this process has just read or saved of deals, so that the next save need not ask again. */
export interface DealBook {
  /** Null: unknown, or of another revision. */
  known(link: Link): Known | null
  note(link: Link, head: Head | null): void
  /** The chain of a deal has grown by something else than its save. */
  grown(id: LinkId, head: Head): void
}

const dealsMost = 200 // Several times the deals that one process works at once.

/**
 * A row changes only with its revision, so what is noted for a revision holds as long as a save of that revision is accepted. The ledger may
 * have grown meanwhile by an event: two entries never share a place of a chain, so that a head that is no longer the last one is refused.
 */
export function dealBook(): DealBook {
  const noted = new Map<string, Known & { readonly revision: number }>()
  return {
    known({ id, revision }) {
      const known = noted.get(id)
      return known?.revision === revision ? known : null
    },
    note(link, head) {
      noted.delete(link.id)
      noted.set(link.id, { revision: link.revision, outline: outlineOf(link), head })
      const [oldest] = noted.keys()
      if (noted.size > dealsMost && oldest !== undefined) noted.delete(oldest)
    },
    grown(id, head) {
      const known = noted.get(id)
      if (known !== undefined) noted.set(id, { ...known, head })
    },
  }
}
