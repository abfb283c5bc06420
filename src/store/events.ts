import { randomUUID } from 'node:crypto'
import type { AuditEntry } from '../core/audit.js'
import { newLink } from '../core/link.js'
import type { AcceptedEvent, Mark } from '../core/ports.js'
import { asLinkId, isEndRef, refKey, type Instant } from '../core/ref.js'
import { committed, type OpenDatabase, type Trx } from './database.js'
import { groupCommit } from './group.js'
import { append } from './ledger.js'
import { findLinkIds, insertLink } from './links.js'
import { prepared } from './prepared.js'
import { markAll } from './queue.js'

interface Delivery {
  readonly events: readonly AcceptedEvent[]
  readonly now: Instant
}

const groupMost = 200

/**
 * Takes events in: once each, the deals they concern found or made, and marked, all in one commit that serves a whole burst. Whoever works
 * them may begin while the disk is still being waited for; the callers are answered after it.
 */
export function eventDoor(open: OpenDatabase, tenant: string): (events: readonly AcceptedEvent[], now: Instant) => Promise<boolean[]> {
  const take = groupCommit<Delivery, boolean[]>(async (group) => {
    const fresh = await committed(open, (trx) => takeIn(trx, tenant, group))
    open.announce(tenant)
    return fresh
  }, { most: groupMost, gather: open.durable })
  return async (events, now) => {
    const fresh = await take({ events, now })
    await open.durable()
    return fresh
  }
}

/** Everything that a group brings in few statements: a burst is answered as one. */
async function takeIn(trx: Trx, tenant: string, group: readonly Delivery[]): Promise<boolean[][]> {
  const fresh: { readonly event: AcceptedEvent; readonly now: Instant }[] = []
  const answers: boolean[][] = []
  for (const { events, now } of group) {
    const answer: boolean[] = []
    for (const event of events) {
      const isNew = event.eventKey === null || (await firstTime(trx, tenant, event, event.eventKey, now))
      answer.push(isNew)
      if (isNew) fresh.push({ event, now })
    }
    answers.push(answer)
  }
  await markDeals(trx, tenant, fresh)
  return answers
}

const insertEvent = prepared((db, event: { tenant: string; source: string; event_key: string; name: string; at: number }) =>
  db
    .insertInto('event')
    .values({ tenant: event.tenant, source: event.source, event_key: event.event_key, name: event.name, at: event.at })
    .onConflict((conflict) => conflict.columns(['tenant', 'source', 'event_key']).doNothing()),
)

async function firstTime(trx: Trx, tenant: string, event: AcceptedEvent, key: string, now: Instant): Promise<boolean> {
  const done = await insertEvent(trx, { tenant, source: event.source, event_key: key, name: event.name, at: now })
  return Number(done.numAffectedRows ?? 0) > 0
}

async function markDeals(
  trx: Trx,
  tenant: string,
  fresh: readonly { readonly event: AcceptedEvent; readonly now: Instant }[],
): Promise<void> {
  const marks: Mark[] = []
  const audit: AuditEntry[] = []
  const found = await findLinkIds(
    trx,
    tenant,
    fresh.flatMap(({ event }) => event.hints),
  )
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
  await append(trx, tenant, audit)
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
