import { randomUUID } from 'node:crypto'
import type { AuditEntry } from '../core/audit.js'
import { newLink } from '../core/link.js'
import type { AcceptedEvent, Mark } from '../core/ports.js'
import { asLinkId, isEndRef, refKey, type Instant } from '../core/ref.js'
import { inTransaction, type OpenDatabase, type Trx } from './database.js'
import { append } from './ledger.js'
import { findLinks, insertLink } from './links.js'
import { markAll } from './queue.js'

interface Waiting {
  readonly events: readonly AcceptedEvent[]
  readonly now: Instant
  readonly resolve: (fresh: boolean[]) => void
  readonly reject: (error: unknown) => void
}

// More than this in one transaction would make the first caller wait for the last.
const groupMost = 200

/**
 * Takes events in: once each, the deals they concern found or made, and marked, all in one durable commit. Callers that come while a commit is
 * under way share the next one, so that one flush to disk serves a burst; each is answered only after the commit that holds its event.
 */
export function eventDoor(open: OpenDatabase, tenant: string): (events: readonly AcceptedEvent[], now: Instant) => Promise<boolean[]> {
  const waiting: Waiting[] = []
  let busy = false

  const commit = (group: readonly Waiting[]): Promise<boolean[][]> =>
    inTransaction(open, async (trx) => {
      const answers: boolean[][] = []
      for (const item of group) answers.push(await takeIn(trx, tenant, item.events, item.now))
      return answers
    })
  const one = async (item: Waiting): Promise<void> => {
    try {
      item.resolve((await commit([item]))[0] ?? [])
    } catch (error) {
      item.reject(error)
    }
  }
  const pump = async (): Promise<void> => {
    busy = true
    while (waiting.length > 0) {
      const group = waiting.splice(0, groupMost)
      try {
        const answers = await commit(group)
        group.forEach((item, index) => item.resolve(answers[index] ?? []))
      } catch {
        // One bad event must not fail its neighbours: each again on its own, and each gets its own error.
        for (const item of group) await one(item)
      }
      open.announce()
    }
    busy = false
  }
  return (events, now) =>
    new Promise((resolve, reject) => {
      waiting.push({ events, now, resolve, reject })
      if (!busy) {
        busy = true
        setImmediate(() => void pump())
      }
    })
}

async function takeIn(trx: Trx, tenant: string, events: readonly AcceptedEvent[], now: Instant): Promise<boolean[]> {
  const fresh: boolean[] = []
  for (const event of events) {
    const isNew = event.eventKey === null || (await firstTime(trx, tenant, event, event.eventKey, now))
    fresh.push(isNew)
    if (isNew) await markDeals(trx, tenant, event, now)
  }
  return fresh
}

async function firstTime(trx: Trx, tenant: string, event: AcceptedEvent, key: string, now: Instant): Promise<boolean> {
  const done = await trx
    .insertInto('event')
    .values({ tenant, source: event.source, event_key: key, name: event.name, at: now })
    .onConflict((conflict) => conflict.columns(['tenant', 'source', 'event_key']).doNothing())
    .executeTakeFirst()
  return Number(done.numInsertedOrUpdatedRows ?? 0) > 0
}

async function markDeals(trx: Trx, tenant: string, event: AcceptedEvent, now: Instant): Promise<void> {
  const marks: Mark[] = []
  const audit: AuditEntry[] = []
  for (const hint of event.hints) {
    const found = (await findLinks(trx, tenant, [hint])).get(refKey(hint.ref)) ?? []
    if (found.length === 0 && isEndRef(hint.ref)) {
      const link = newLink(asLinkId(randomUUID()), now, {
        partner: hint.ref.side === 'partner' ? hint.ref : null,
        crm: hint.ref.side === 'crm' ? hint.ref : null,
      })
      await insertLink(trx, tenant, link, now)
      found.push(link)
    }
    for (const link of found) {
      marks.push({ link: link.id, dueAt: now, urgency: event.urgency, wide: hint.wide, because: event.name })
      audit.push({
        link: link.id,
        at: now,
        by: event.source,
        run: null,
        event: { kind: 'hinted', source: event.source, name: event.name, ref: hint.ref },
      })
    }
  }
  if (marks.length > 0) await markAll(trx, tenant, marks, now)
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
