import { randomUUID } from 'node:crypto'
import type { CompiledQuery } from 'kysely'
import type { AuditEntry } from '../core/audit.js'
import { newLink, type Link } from '../core/link.js'
import type { AcceptedEvent, Lease, LeasedDeal, Mark } from '../core/ports.js'
import { asLinkId, isEndRef, refKey, type Instant, type LinkId } from '../core/ref.js'
import { together, type Asked } from './asked.js'
import type { OpenDatabase, Trx } from './database.js'
import { append, beforeFirst, headsOf, type Head } from './ledger.js'
import { insertLink } from './links.js'
import type { Places } from './offers.js'
import { columnsFrom, joined, prepared, preparedMany } from './prepared.js'
import { markAll } from './queue.js'
import type { EventTable } from './schema.js'
import { standingOf, standingToWork, type Standing } from './standing.js'

/** What one caller brings. */
export interface Delivery {
  readonly events: readonly AcceptedEvent[]
  readonly now: Instant
}

/** Where events are taken in, and what is kept free for the deals that they mark. */
export interface Intake {
  readonly open: OpenDatabase
  readonly tenant: string
  readonly places: Pick<Places, 'count' | 'leaseMs'>
}

/**
 * Takes in what several callers bring, in few statements: each event once, the deals they concern found or made, and marked; where there are
 * places for them, leased as well. Says of each event whether it is new.
 */
export async function takeIn(trx: Trx, intake: Intake, group: readonly Delivery[]): Promise<Taken> {
  const { open, tenant, places } = intake
  if (group.length === 0) return { answers: [], heads: new Map(), marked: 0, leased: () => [], wrote: false }
  const rows = new Map<string, EventTable>()
  for (const { events, now } of group)
    for (const { source, eventKey, name } of events)
      if (eventKey !== null && !rows.has(`${source} ${eventKey}`)) rows.set(`${source} ${eventKey}`, { tenant, source, event_key: eventKey, name, at: now })
  // One order for everyone, so that two transactions never wait for each other in a circle.
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
  const hints = group.flatMap(({ events }) => events.flatMap((event) => event.hints))
  const standing = standingOf(trx, hints, { open, tenant, withDeals: places.count > 0 })
  const [unseen, found] = await together(trx, newOf(trx, sorted), standing)
  const fresh: { readonly event: AcceptedEvent; readonly now: Instant }[] = []
  const answers = group.map(({ events, now }) =>
    events.map((event) => {
      // The first of several that are the same takes the place.
      const isNew = event.eventKey === null || unseen.delete(`${event.source} ${event.eventKey}`)
      if (isNew) fresh.push({ event, now })
      return isNew
    }),
  )
  const marked = await markDeals(trx, intake, fresh, found)
  return { answers, ...marked, wrote: rows.size > 0 || marked.heads.size > 0 }
}
export interface Taken {
  /** Of each delivery: which of its events are new. */
  readonly answers: readonly boolean[][]
  /** Where the chains of the marked deals stand now. */
  readonly heads: ReadonlyMap<string, Head>
  /** How many deals were marked. */
  readonly marked: number
  /** Those of them that were leased: asked when the transaction is over. */
  readonly leased: () => readonly LeasedDeal[]
  /** The transaction has begun to write, be it only the row of an event that was there already. */
  readonly wrote: boolean
}

const eventsAtOnce = 100
const eventColumns = columnsFrom<EventTable>({ tenant: true, source: true, event_key: true, name: true, at: true })
const insertEvent = prepared((db, row: EventTable) =>
  db
    .insertInto('event')
    .values(eventColumns(row))
    .onConflict((conflict) => conflict.columns(['tenant', 'source', 'event_key']).doNothing()),
)
const insertEvents = preparedMany((db, rows: readonly EventTable[]) =>
  db
    .insertInto('event')
    .values(rows.map(eventColumns))
    .onConflict((conflict) => conflict.columns(['tenant', 'source', 'event_key']).doNothing())
    .returning(['source', 'event_key']),
)

const keyOf = ({ source, event_key }: Pick<EventTable, 'source' | 'event_key'>): string => `${source} ${event_key}`

/** Writes down the events; those that are there for the first time. */
function newOf(trx: Trx, rows: readonly EventTable[]): Asked<Set<string>> {
  const [only] = rows
  // Mostly there is one, and to count costs less than to have it told.
  if (only !== undefined && rows.length === 1) {
    return {
      queries: insertEvent.queries(trx, only),
      read: ([answer]) => new Set((answer?.numAffectedRows ?? 0n) > 0n ? [keyOf(only)] : []),
    }
  }
  const queries: CompiledQuery[] = []
  for (let start = 0; start < rows.length; start += eventsAtOnce)
    queries.push(...insertEvents.queries(trx, rows.slice(start, start + eventsAtOnce)))
  type Written = Pick<EventTable, 'source' | 'event_key'>[] // what the statements return
  return { queries, read: (answers) => new Set((joined(answers).rows as Written).map(keyOf)) } // see there
}

async function markDeals(
  trx: Trx,
  intake: Intake,
  fresh: readonly { readonly event: AcceptedEvent; readonly now: Instant }[],
  found: Map<string, Standing[]>,
): Promise<Pick<Taken, 'heads' | 'marked' | 'leased'>> {
  const marks: Mark[] = []
  const audit: AuditEntry[] = []
  const heads = new Map<string, Head>()
  const deals = new Map<LinkId, Link>()
  for (const { event, now } of fresh) {
    for (const hint of event.hints) {
      const key = refKey(hint.ref)
      const known = found.get(key) ?? []
      if (known.length === 0 && isEndRef(hint.ref)) {
        const ends = { partner: null, crm: null, [hint.ref.side]: hint.ref }
        const link = newLink(asLinkId(randomUUID()), now, ends)
        await insertLink(trx, intake.tenant, link, now)
        known.push({ id: link.id, head: beforeFirst, deal: link })
        found.set(key, known)
      }
      for (const { id, head, deal } of known) {
        if (head !== null) heads.set(id, head)
        if (deal !== null) deals.set(id, deal)
        const trace = event.trace == null ? {} : { trace: event.trace }
        marks.push({ link: id, dueAt: now, urgency: event.urgency, wide: hint.wide, because: event.name, ...trace })
        audit.push({
          link: id,
          at: now,
          by: event.source,
          run: null,
          event: { kind: 'hinted', source: event.source, name: event.name, ref: hint.ref },
        })
      }
    }
  }
  const last = fresh.at(-1)
  if (marks.length === 0 || last === undefined) return { heads: new Map(), marked: 0, leased: () => [] }
  return markAndRead(trx, intake, { marks, audit, heads, deals, now: last.now })
}

interface Marking {
  readonly marks: readonly Mark[]
  readonly audit: readonly AuditEntry[]
  /** Where chains end, and deals, as far as they were read; the others are, once they are marked. */
  readonly heads: Map<string, Head>
  readonly deals: Map<LinkId, Link>
  readonly now: Instant
}

async function markAndRead(
  trx: Trx,
  { tenant, places }: Intake,
  { marks, audit, heads, deals, now }: Marking,
): Promise<Pick<Taken, 'heads' | 'marked' | 'leased'>> {
  const marked = new Set(marks.map(({ link }) => link))
  const unread = new Set(places.count === 0 ? [] : [...marked].filter((link) => !deals.has(link)).slice(0, unreadMost))
  const leases: Lease[] = []
  const may = new Set([...deals.keys(), ...unread])
  await markAll(trx, tenant, marks, now, {
    most: places.count,
    leaseMs: places.leaseMs,
    may: (link) => may.has(link),
    leased: (lease) => void leases.push(lease),
  })
  // What is marked is locked by it: who works it can write neither to the deal nor to its chain until this is over.
  const chains = [...marked].filter((link) => !heads.has(link) && !unread.has(link))
  const [standing, ends] = await together(trx, standingToWork(trx, tenant, [...unread]), headsOf(trx, tenant, chains))
  for (const [chain, head] of ends) heads.set(chain, head)
  for (const { id, head, deal } of standing) {
    if (head !== null) heads.set(id, head)
    if (deal !== null) deals.set(id, deal)
  }
  const handed = (lease: Lease): LeasedDeal[] => {
    const link = deals.get(lease.link)
    return link === undefined ? [] : [{ lease, link }]
  }
  return { heads: await append(trx, tenant, audit, heads), marked: marked.size, leased: () => leases.flatMap(handed) }
}

const unreadMost = 16 // As many as one statement reads, and more than there are places.

/** Keys of events are kept for a month: longer than any sender repeats one. */
export const EVENT_KEPT_MS = 31 * 86_400_000
export async function forgetEvents(open: OpenDatabase, tenant: string, now: Instant): Promise<void> {
  await open.db
    .deleteFrom('event')
    .where('tenant', '=', tenant)
    .where('at', '<', now - EVENT_KEPT_MS)
    .execute()
}
