import { sql } from 'kysely'
import { Fault } from '../core/fault.js'
import type { Link } from '../core/link.js'
import type { Commit, Lease } from '../core/ports.js'
import type { Instant } from '../core/ref.js'
import type { Db, Trx } from './database.js'
import { append, chainsOf, type Head } from './ledger.js'
import { isSameOutline, outlineOf } from './links.js'
import { prepared } from './prepared.js'
import { deleteSettled, lockMarks, releaseMarked } from './queue.js'
import type { Saved, Saving } from './saving.js'

/** A save of which everything that decides it is known before the database is asked. */
interface Foreseen {
  readonly commit: Commit
  readonly lease: Lease
  readonly next: Link
}

/**
 * Saves of passes that go as nearly all do: the deal is as it was read, none of its records changed, its chain is known, and it stays leased or
 * is done. Nothing has to be looked at between the statements, so that on PostgreSQL they are one journey together with the commit.
 * Null: something is not known, or the end is another.
 */
export async function saveForeseen(trx: Trx, { open, tenant, book, heads }: Saving, commits: readonly Commit[]): Promise<Saved | null> {
  const foreseen = commits.map((commit) => foresee(commit, book))
  const saves = foreseen.flatMap((save) => save ?? [])
  if (saves.length < commits.length || new Set(commits.map(({ link }) => link.id)).size < commits.length) return null
  const stood = new Map<string, Head>()
  for (const { link } of commits) {
    const head = heads.get(link.id) ?? book?.known(link)?.head
    if (head != null) stood.set(link.id, head)
  }
  // One order for everyone, so that two transactions never wait for each other in a circle.
  const ordered = [...saves].sort((a, b) => (a.next.id < b.next.id ? -1 : 1))
  const audit = ordered.flatMap(({ commit }) => commit.audit)
  if (chainsOf(audit, stood).length > 0) return null
  // The rows of leases before those of deals, as everyone locks them.
  if (open.kind === 'postgres') await lockMarks(trx, tenant, ordered.map(({ next }) => next.id))
  for (const { commit, lease, next } of ordered) {
    const row = { tenant, id: next.id, token: lease.token, planned: commit.link.revision, doc: JSON.stringify(next) }
    const to = { ...row, revision: next.revision, state: next.state, reason: next.reason?.code ?? null, now: commit.now }
    if (open.kind === 'postgres') await updateOrFail.later(trx, to)
    else
      await updateHeld.later(trx, to, ({ numAffectedRows }) => {
        if (numAffectedRows !== 1n) throw lost(next)
      })
  }
  const grown = await append(trx, tenant, audit, stood)
  const settled = ordered.filter(({ commit }) => commit.outcome !== null)
  const left = await settle(trx, tenant, settled)
  const places = new Map(saves.map(({ commit, next }) => [commit, next]))
  return { links: commits.flatMap((commit) => places.get(commit) ?? []), heads: grown, isDueAgain: left }
}

function foresee(commit: Commit, book: Saving['book']): Foreseen | null {
  const { lease, link, outcome } = commit
  const known = book?.known(link) ?? null
  if (lease === null || known === null || outcome?.kind === 'again' || (outcome?.kind === 'settled' && outcome.next !== undefined)) return null
  const next: Link = { ...link, revision: link.revision + 1 }
  return isSameOutline(known.outline, outlineOf(next)) ? { commit, lease, next } : null
}

/** Ends leases. @returns whether any deal is due again, for whom the transaction is over. */
async function settle(trx: Trx, tenant: string, settled: readonly Foreseen[]): Promise<() => boolean> {
  let released = 0n
  let isDone = settled.length === 0
  const keys = settled.map(({ next, commit }) => ({ tenant, link: next.id, now: commit.now }))
  if (keys.length > 0)
    await deleteSettled.later(trx, keys, ({ numAffectedRows }) => {
      isDone = numAffectedRows === BigInt(keys.length)
    })
  // A mark that came meanwhile makes the deal due again at once.
  if (!isDone) await releaseMarked.later(trx, keys, ({ numAffectedRows = 0n }) => (released += numAffectedRows))
  return () => released > 0n
}

interface Held {
  readonly tenant: string
  readonly id: string
  readonly planned: number
  readonly token: string
  readonly now: Instant
  readonly revision: number
  readonly doc: string
  readonly state: string
  readonly reason: string | null
}
/** The next revision, if nobody was faster and the lease holds. */
const held = (db: Pick<Db, 'updateTable'>, to: Held) =>
  db
    .updateTable('link')
    .set({ revision: to.revision, doc: to.doc, state: to.state, reason: to.reason, updated_at: to.now })
    .where('tenant', '=', to.tenant)
    .where('id', '=', to.id)
    .where('revision', '=', to.planned)
    .where((eb) =>
      eb.exists(
        eb
          .selectFrom('dirty')
          .select('dirty.link')
          .where('dirty.tenant', '=', to.tenant)
          .where('dirty.link', '=', to.id)
          .where('dirty.lease_token', '=', to.token)
          .where('dirty.leased_until', '>', to.now),
      ),
    )
const updateHeld = prepared(held)
// Its answer comes with that of the commit: where nothing was written, nothing may be committed, and a division by zero ends the transaction.
// Source: postgresql.org "Message Flow", 55.2.4 Pipelining (read for version 15): what stands behind a statement that failed is passed over.
const updateOrFail = prepared((db, to: Held) =>
  db
    .with('saved', (query) => held(query, to).returning('link.id'))
    .selectFrom('saved')
    .select(sql<number>`1 / count(*)`.as('saved')),
)

const lost = ({ id }: Link): Fault =>
  new Fault('lease-lost', `Deal ${id} was saved by someone else meanwhile.`, { remedy: 'Nothing to do: it is worked again.' })
