import { sql } from 'kysely'
import { toFault, type Fault } from '../core/fault.js'
import type { Link } from '../core/link.js'
import type { Commit, LeasedDeal, Store } from '../core/ports.js'
import { asLinkId } from '../core/ref.js'
import { together } from './asked.js'
import { committed, needNotWait, type OpenDatabase, type Trx } from './database.js'
import { dealBook, type DealBook } from './deal-book.js'
import { takeIn, type Delivery } from './events.js'
import { groupCommit } from './group.js'
import { saveForeseen } from './foreseen-save.js'
import { append, chainsOf, headsOf, type Head } from './ledger.js'
import { alignAll, updatesOf } from './links.js'
import type { Offers } from './offers.js'
import type { Saved, Saving } from './saving.js'
import { leasedRows, leaseOver, settleRows, type LeaseEnd } from './queue.js'
import { takeNext, type Taken } from './take-next.js'

/** Something to be written, and what its caller is told. */
type Item = { readonly kind: 'delivery'; readonly delivery: Delivery } | { readonly kind: 'commit'; readonly commit: Commit }
type Done = { readonly kind: 'taken'; readonly fresh: boolean[] } | { readonly kind: 'saved'; readonly link: Link }

export interface Writer extends Pick<Store, 'acceptEvents' | 'save'> {
  /** A deal was read, and maybe where its chain ends: its save will most likely follow. */
  read(link: Link, head: Head | null): void
}

const itemsMost = 200

/**
 * Commits together what comes together: one transaction and one flush serve a burst of events and the passes that are under way. Whoever works
 * the events may begin while the disk is still being waited for; who brought them, and who is about to write to a remote system, is answered
 * after it. What comes while the disk is waited for shares the next transaction.
 */
export function writer(open: OpenDatabase, tenant: string, offers: Pick<Offers, 'keep' | 'keepOf'>): Writer {
  const book = dealBook()
  const commit = (items: readonly Item[]): Promise<Done[]> => write(open, tenant, { items, book, offers })
  const grouped = (): ((item: Item) => Promise<Done>) =>
    groupCommit(commit, { most: itemsMost, gather: (items) => (items.some(mustLast) ? open.durable() : Promise.resolve()) })
  const taking = grouped()
  // SQLite has one writer. On PostgreSQL the two lock rows in different orders, and would wait for those of another process in a circle.
  const saving = open.kind === 'sqlite' ? taking : grouped()
  const lasting = async (put: (item: Item) => Promise<Done>, item: Item): Promise<Done> => {
    const done = await put(item)
    if (mustLast(item)) await open.durable()
    return done
  }
  return {
    async acceptEvents(events, now) {
      const done = await lasting(taking, { kind: 'delivery', delivery: { events, now } })
      return done.kind === 'taken' ? done.fresh : []
    },
    async save(given) {
      const done = await lasting(saving, { kind: 'commit', commit: given })
      return done.kind === 'saved' ? done.link : given.link
    },
    read: (link, head) => book.note(link, head),
  }
}

/** The end of a pass may be lost with the power: that is what a crash before it would have been, and the intents tell the next pass. */
const mustLast = (item: Item): boolean => item.kind === 'delivery' || item.commit.outcome === null

interface Work {
  readonly items: readonly Item[]
  readonly book: DealBook
  readonly offers: Pick<Offers, 'keep' | 'keepOf'>
}

/** One transaction, all of it or nothing: an item that is refused is told apart by writing each on its own. */
async function write(open: OpenDatabase, tenant: string, { items, book, offers }: Work): Promise<Done[]> {
  const deliveries = items.flatMap((item) => (item.kind === 'delivery' ? [item.delivery] : []))
  const commits = items.flatMap((item) => (item.kind === 'commit' ? [item.commit] : []))
  const places = offers.keep(deliveries.reduce((sum, { events }) => sum + events.length, 0))
  const ending = commits.filter(({ outcome }) => outcome !== null)
  const followed = offers.keepOf(ending.length)
  let leased: readonly LeasedDeal[] = []
  let following: readonly Taken[] = []
  try {
    const { taken, saves, next } = await committed(open, async (trx, attempt) => {
      if (!items.some(mustLast)) await needNotWait(open, trx)
      const taken = await takeIn(trx, { open, tenant, places }, deliveries)
      const saving = { open, tenant, book: attempt === 1 ? book : null, heads: taken.heads }
      const saves = await saveAll(trx, saving, commits)
      const next = await takeNext(trx, { open, tenant }, { ...followed, now: Math.max(...ending.map(({ now }) => now)) })
      if (commits.length > 0 || taken.wrote) open.makeRoom()
      return { taken, saves, next }
    })
    leased = taken.leased()
    for (const [chain, head] of taken.heads) book.grown(asLinkId(chain), head)
    for (const { link } of leased) book.note(link, taken.heads.get(link.id) ?? null) // Its pass begins.
    following = next()
    for (const { link, head } of following) book.note(link, head) // So does its own.
    commits.forEach(({ outcome }, index) => {
      const link = saves.links[index]
      if (outcome === null && link !== undefined) book.note(link, saves.heads.get(link.id) ?? null) // Its pass goes on.
    })
    // What was handed over here waits for nobody.
    if (saves.isDueAgain() || taken.marked > leased.length) open.announce(tenant)
    let [answered, saved] = [0, 0]
    return items.map((item): Done => {
      if (item.kind === 'delivery') return { kind: 'taken', fresh: taken.answers[answered++] ?? [] }
      return { kind: 'saved', link: saves.links[saved++] ?? item.commit.link }
    })
  } finally {
    places.fill(leased)
    followed.fill(following)
  }
}

async function saveAll(trx: Trx, saving: Saving, commits: readonly Commit[]): Promise<Saved> {
  if (commits.length === 0) return { links: [], heads: new Map(), isDueAgain: () => false }
  return (await saveForeseen(trx, saving, commits)) ?? saveLooking(trx, saving, commits)
}

async function saveLooking(trx: Trx, { open, tenant, book, heads }: Saving, commits: readonly Commit[]): Promise<Saved> {
  // One order for everyone, so that two transactions never wait for each other in a circle.
  const ordered = [...commits].sort((a, b) => (a.link.id < b.link.id ? -1 : 1))
  const held = ordered.flatMap(({ lease, now }) => (lease === null ? [] : [{ lease, now }]))
  const known = new Map(ordered.map(({ link }) => [link.id, book?.known(link) ?? null]))
  const updates = ordered.map(({ link, now }) => ({ link, now, outline: known.get(link.id)?.outline ?? null }))
  const audit = ordered.flatMap((commit) => commit.audit)
  const stood = new Map([...[...known].flatMap(([id, deal]): [string, Head][] => (deal?.head == null ? [] : [[id, deal.head]])), ...heads])
  // The rows of leases before those of deals, as everyone locks them; and the ledger when nobody else can write to it any more.
  const [rows, { links, changed }, looked] = await together(
    trx,
    leasedRows(trx, open, tenant, held),
    updatesOf(trx, tenant, updates),
    headsOf(trx, tenant, chainsOf(audit, stood)),
  )
  const ends: LeaseEnd[] = []
  for (const { lease, outcome, now } of ordered) {
    const row = lease === null ? undefined : rows.get(lease.token)
    if (lease !== null && row === undefined) throw leaseOver(lease)
    if (row !== undefined && outcome !== null) ends.push({ row, outcome, now })
  }
  await alignAll(trx, tenant, changed)
  const grown = await append(trx, tenant, audit, new Map([...stood, ...looked]))
  const isDueAgain = await settleRows(trx, tenant, ends)
  const places = new Map(ordered.map((commit, index) => [commit, links[index]]))
  return { links: commits.flatMap((commit) => places.get(commit) ?? []), heads: grown, isDueAgain: () => isDueAgain }
}

/** Each commit behind a savepoint of its own: one that is refused leaves the others standing. */
export async function saveEach(
  trx: Trx,
  { open, tenant }: Pick<Saving, 'open' | 'tenant'>,
  commits: readonly Commit[],
): Promise<(Link | Fault)[]> {
  const results: (Link | Fault)[] = []
  for (const commit of commits) {
    await sql`savepoint one`.execute(trx)
    try {
      results.push(...(await saveAll(trx, { open, tenant, book: null, heads: new Map() }, [commit])).links)
      await sql`release savepoint one`.execute(trx)
    } catch (error) {
      await sql`rollback to savepoint one`.execute(trx)
      await sql`release savepoint one`.execute(trx)
      results.push(toFault(error))
    }
  }
  return results
}
