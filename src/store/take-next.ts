import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { LeasedDeal } from '../core/ports.js'
import type { Instant } from '../core/ref.js'
import type { Db, OpenDatabase, Trx } from './database.js'
import type { Head } from './ledger.js'
import type { Places } from './offers.js'
import { prepared } from './prepared.js'
import { dueFree, dueLocked, inTurn, lease, leaseOf, type TakeValues } from './queue.js'
import { standing, type FoundDeal } from './standing.js'

/** A deal that was leased, and where its chain in the ledger ends. */
export interface Taken extends LeasedDeal {
  readonly head: Head | null
}

/**
 * Leases the deals that are due next, and reads them, by the transaction that ends others: their places are never empty, and nothing need be
 * asked for by itself. On PostgreSQL a deal that somebody saves in this very moment may be read as it was before: its save is refused then, and
 * that comes before anything is written to a remote system.
 * @returns what was leased: asked when the transaction is over
 */
export async function takeNext(
  trx: Trx,
  { open, tenant }: { readonly open: OpenDatabase; readonly tenant: string },
  { count, leaseMs, now }: Pick<Places, 'count' | 'leaseMs'> & { readonly now: Instant },
): Promise<() => readonly Taken[]> {
  if (count === 0) return () => []
  const until = now + leaseMs
  let taken: readonly Taken[] = []
  const next = open.kind === 'postgres' ? nextLocked : nextFree
  await next.later(trx, { tenant, limit: count, now, until, token: randomUUID() }, ({ rows }) => {
    taken = inTurn(rows).flatMap((row) => {
      const { deal, head } = standing(row)
      return deal === null ? [] : [{ lease: leaseOf(row, until), link: deal, head }]
    })
  })
  return () => taken
}

type Read = Omit<FoundDeal, 'ref_key' | 'link'>
const ofDeal = <K extends 'doc' | 'revision'>(column: K) =>
  sql<Read[K]>`(select link.${sql.ref(column)} from link where link.tenant = dirty.tenant and link.id = dirty.link)`.as(column)
const ofNewest = <K extends 'sequence' | 'hash'>(column: K) =>
  sql<Read[K]>`(select audit.${sql.ref(column)} from audit where audit.tenant = dirty.tenant and audit.chain = dirty.link order by audit.sequence desc limit 1)`.as(column)
const whole = (db: Db, values: TakeValues, due: ReturnType<typeof dueFree>) =>
  lease(db, values, due).returning([ofDeal('doc'), ofDeal('revision'), ofNewest('sequence'), ofNewest('hash')])
const nextFree = prepared((db, values: TakeValues) => whole(db, values, dueFree(db, values)))
const nextLocked = prepared((db, values: TakeValues) => whole(db, values, dueLocked(db, values)))
