import { randomUUID } from 'node:crypto'
import type { CompiledQuery } from 'kysely'
import type { AuditEntry } from '../core/audit.js'
import { newLink } from '../core/link.js'
import type { AcceptedEvent, Mark } from '../core/ports.js'
import { asLinkId, isEndRef, refKey, type Instant, type LinkId } from '../core/ref.js'
import { together, type Asked } from './asked.js'
import type { OpenDatabase, Trx } from './database.js'
import { append, type Head } from './ledger.js'
import { insertLink, linkIdsOf } from './links.js'
import { columnsFrom, joined, prepared, preparedMany } from './prepared.js'
import { markAll } from './queue.js'
import type { EventTable } from './schema.js'

/** What one caller brings. */
export interface Delivery {
  readonly events: readonly AcceptedEvent[]
  readonly now: Instant
}

/**
 * Takes in what several callers bring, in few statements: each event once, the deals they concern found or made, and marked. Says of each
 * event whether it is new.
 */
export async function takeIn(trx: Trx, tenant: string, group: readonly Delivery[]): Promise<Taken> {
  if (group.length === 0) return { answers: [], heads: new Map(), wrote: false }
  const rows = new Map<string, EventTable>()
  for (const { events, now } of group)
    for (const { source, eventKey, name } of events)
      if (eventKey !== null && !rows.has(`${source} ${eventKey}`)) rows.set(`${source} ${eventKey}`, { tenant, source, event_key: eventKey, name, at: now })
  // One order for everyone, so that two transactions never wait for each other in a circle.
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row)
  const hints = group.flatMap(({ events }) => events.flatMap((event) => event.hints))
  const [unseen, found] = await together(trx, newOf(trx, sorted), linkIdsOf(trx, tenant, hints))
  const fresh: { readonly event: AcceptedEvent; readonly now: Instant }[] = []
  const answers = group.map(({ events, now }) =>
    events.map((event) => {
      // The first of several that are the same takes the place.
      const isNew = event.eventKey === null || unseen.delete(`${event.source} ${event.eventKey}`)
      if (isNew) fresh.push({ event, now })
      return isNew
    }),
  )
  const heads = await markDeals(trx, tenant, fresh, found)
  return { answers, heads, wrote: rows.size > 0 || heads.size > 0 }
}
export interface Taken {
  /** Of each delivery: which of its events are new. */
  readonly answers: readonly boolean[][]
  /** Where the chains of the marked deals stand now. */
  readonly heads: ReadonlyMap<string, Head>
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
  tenant: string,
  fresh: readonly { readonly event: AcceptedEvent; readonly now: Instant }[],
  found: Map<string, LinkId[]>,
): Promise<ReadonlyMap<string, Head>> {
  const marks: Mark[] = []
  const audit: AuditEntry[] = []
  for (const { event, now } of fresh) {
    for (const hint of event.hints) {
      const key = refKey(hint.ref)
      const links = found.get(key) ?? []
      if (links.length === 0 && isEndRef(hint.ref)) {
        const ends = { partner: null, crm: null, [hint.ref.side]: hint.ref }
        const link = newLink(asLinkId(randomUUID()), now, ends)
        await insertLink(trx, tenant, link, now)
        links.push(link.id)
        found.set(key, links)
      }
      for (const link of links) {
        const trace = event.trace == null ? {} : { trace: event.trace }
        marks.push({ link, dueAt: now, urgency: event.urgency, wide: hint.wide, because: event.name, ...trace })
        audit.push({
          link,
          at: now,
          by: event.source,
          run: null,
          event: { kind: 'hinted', source: event.source, name: event.name, ref: hint.ref },
        })
      }
    }
  }
  const last = fresh.at(-1)
  if (marks.length > 0 && last !== undefined) await markAll(trx, tenant, marks, last.now)
  return append(trx, tenant, audit)
}

/** Keys of events are kept for a month: longer than any sender repeats one. */
export const EVENT_KEPT_MS = 31 * 86_400_000
export async function forgetEvents(open: OpenDatabase, tenant: string, now: Instant): Promise<void> {
  await open.db
    .deleteFrom('event')
    .where('tenant', '=', tenant)
    .where('at', '<', now - EVENT_KEPT_MS)
    .execute()
}
