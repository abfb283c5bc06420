import type { Link } from '../core/link.js'
import type { OpenDatabase } from './database.js'
import type { DealBook } from './deal-book.js'
import type { Head } from './ledger.js'

export interface Saving {
  readonly open: OpenDatabase
  readonly tenant: string
  /** Null: what was known is known no more. */
  readonly book: DealBook | null
  /** Where chains stand that grew in this transaction. */
  readonly heads: ReadonlyMap<string, Head>
}
export interface Saved {
  /** In the order of the commits. */
  readonly links: readonly Link[]
  readonly heads: ReadonlyMap<string, Head>
  /** Asked when the transaction is over. */
  readonly isDueAgain: () => boolean
}
