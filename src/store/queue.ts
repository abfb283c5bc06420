import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { Fault, type Outcome } from '../core/fault.js'
import type { Lease, Mark, Queue } from '../core/ports.js'
import { asLinkId, type Instant } from '../core/ref.js'
import { inTransaction, visible, type OpenDatabase, type Trx } from './database.js'

const over = (lease: Lease): Fault =>
  new Fault('lease-lost', `The lease of deal ${lease.link} is over.`, { remedy: 'Nothing to do: another worker has the deal.' })

/** Insert, or one mark more: earliest due, most urgent, wide if any mark was. */
export async function markAll(trx: Trx, tenant: string, marks: readonly Mark[], now: Instant): Promise<void> {
  const merged = new Map<string, Mark>()
  for (const mark of marks) {
    const before = merged.get(mark.link)
    merged.set(
      mark.link,
      before === undefined
        ? mark
        : {
            ...mark,
            dueAt: Math.min(mark.dueAt, before.dueAt),
            // The smaller of two urgencies is one of them.
            urgency: Math.min(mark.urgency, before.urgency) as Mark['urgency'],
            wide: mark.wide || before.wide,
          },
    ) // the smaller of two urgencies
  }
  const all = [...merged.values()].sort((a, b) => (a.link < b.link ? -1 : 1)) // One order for everyone, so that two transactions never wait for each other in a circle.
  for (let start = 0; start < all.length; start += 200) {
    const rows = all.slice(start, start + 200).map((mark) => ({
      tenant,
      link: mark.link,
      due_at: mark.dueAt,
      priority: mark.urgency,
      marks: 1,
      attempts: 0,
      failing_since: null,
      lease_token: null,
      leased_until: 0,
      leased_marks: 0,
      wide: mark.wide ? 1 : 0,
      leased_wide: 0,
      reason: mark.because,
      marked_at: now,
      trace: mark.trace ?? null,
    }))
    await trx
      .insertInto('dirty')
      .values(rows)
      .onConflict((conflict) =>
        conflict.columns(['tenant', 'link']).doUpdateSet((eb) => ({
          marks: sql<number>`dirty.marks + 1`,
          due_at: sql<number>`case when dirty.due_at < excluded.due_at then dirty.due_at else excluded.due_at end`,
          priority: sql<number>`case when dirty.priority < excluded.priority then dirty.priority else excluded.priority end`,
          wide: sql<number>`case when dirty.wide = 1 or excluded.wide = 1 then 1 else 0 end`,
          reason: eb.ref('excluded.reason'),
          trace: eb.ref('excluded.trace'),
        })),
      )
      .execute()
  }
}

/** The row of a lease that still holds, locked until the end of the transaction. @throws Fault `lease-lost`. */
export async function leasedRow(trx: Trx, open: OpenDatabase, tenant: string, lease: Lease, now: Instant) {
  let query = trx.selectFrom('dirty').selectAll().where('tenant', '=', tenant).where('link', '=', lease.link)
  if (open.kind === 'postgres') query = query.forUpdate()
  const row = await query.executeTakeFirst()
  if (row === undefined || row.lease_token !== lease.token || row.leased_until <= now) throw over(lease)
  return row
}

/** Ends a lease in the transaction that saves what it did. A mark that came meanwhile makes the deal due again at once. */
export async function settleRow(
  trx: Trx,
  tenant: string,
  row: { link: string; marks: number; leased_marks: number; attempts: number; failing_since: number | null },
  outcome: Outcome,
  now: Instant,
): Promise<void> {
  const mine = trx.updateTable('dirty').where('tenant', '=', tenant).where('link', '=', row.link)
  const free = { lease_token: null, leased_until: 0 }
  const failing =
    outcome.kind === 'again'
      ? { attempts: row.attempts + 1, failing_since: row.failing_since ?? now }
      : { attempts: 0, failing_since: null }
  if (row.marks !== row.leased_marks) {
    await mine.set({ ...free, ...failing, marks: row.marks - row.leased_marks, leased_marks: 0, due_at: now, marked_at: now }).execute()
  } else if (outcome.kind === 'again') {
    await mine.set({ ...free, ...failing, due_at: now + outcome.inMs }).execute()
  } else {
    await trx.deleteFrom('dirty').where('tenant', '=', tenant).where('link', '=', row.link).execute()
  }
}

export function queueOf(open: OpenDatabase, tenant: string): Queue {
  const { db } = open
  return {
    async mark(marks, now) {
      if (marks.length === 0) return
      await inTransaction(open, (trx) => markAll(trx, tenant, marks, now))
      open.announce(tenant)
    },
    take: ({ limit, now, leaseMs, only }) =>
      only?.length === 0 || limit <= 0
        ? Promise.resolve([])
        : visible(open, (trx) => take(trx, open, tenant, { limit, now, leaseMs, only: only ?? null })),
    async holds(lease, now, leaseMs) {
      const mine = db
        .updateTable('dirty')
        .where('tenant', '=', tenant)
        .where('link', '=', lease.link)
        .where('lease_token', '=', lease.token)
        .where('leased_until', '>', now)
      const done = await mine
        .set((eb) => ({ leased_until: leaseMs === undefined ? eb.ref('leased_until') : now + leaseMs }))
        .executeTakeFirst()
      return Number(done.numUpdatedRows) === 1
    },
    async release(leases) {
      for (const lease of leases)
        await db
          .updateTable('dirty')
          .set({ lease_token: null, leased_until: 0 })
          .where('tenant', '=', tenant)
          .where('link', '=', lease.link)
          .where('lease_token', '=', lease.token)
          .execute()
      open.announce(tenant)
    },
    async depth(now) {
      const row = await db
        .selectFrom('dirty')
        .where('tenant', '=', tenant)
        .select([
          sql<number>`coalesce(sum(case when leased_until > ${now} then 1 else 0 end), 0)`.as('leased'),
          sql<number>`coalesce(sum(case when leased_until <= ${now} and due_at <= ${now} then 1 else 0 end), 0)`.as('due'),
          sql<number>`coalesce(sum(case when leased_until <= ${now} and due_at > ${now} then 1 else 0 end), 0)`.as('later'),
          sql<number | null>`min(case when leased_until <= ${now} and due_at <= ${now} then due_at end)`.as('oldest'),
          sql<number | null>`min(case when leased_until <= ${now} then due_at end)`.as('next'),
        ])
        .executeTakeFirstOrThrow()
      return {
        due: Number(row.due),
        later: Number(row.later),
        leased: Number(row.leased),
        oldestDueAt: row.oldest === null ? null : Number(row.oldest),
        nextDueAt: row.next === null ? null : Number(row.next),
      }
    },
    onMark: (callback) => open.onAnnounce(tenant, callback),
  }
}

async function take(
  trx: Trx,
  open: OpenDatabase,
  tenant: string,
  options: { limit: number; now: Instant; leaseMs: number; only: readonly string[] | null },
): Promise<Lease[]> {
  const { limit, now, leaseMs, only } = options
  let query = trx.selectFrom('dirty').selectAll().where('tenant', '=', tenant).where('due_at', '<=', now).where('leased_until', '<=', now)
  if (only !== null) query = query.where('link', 'in', [...only])
  query = query.orderBy('priority').orderBy('due_at').limit(limit)
  if (open.kind === 'postgres') query = query.forUpdate().skipLocked()
  const rows = await query.execute()
  const leases: Lease[] = []
  for (const row of rows) {
    const token = randomUUID()
    const until = now + leaseMs
    await trx
      .updateTable('dirty')
      .set({ lease_token: token, leased_until: until, leased_marks: row.marks, leased_wide: row.wide })
      .where('tenant', '=', tenant)
      .where('link', '=', row.link)
      .execute()
    leases.push({
      link: asLinkId(row.link),
      token,
      until,
      marks: row.marks,
      attempts: row.attempts,
      failingSince: row.failing_since,
      wide: row.wide === 1,
      because: row.reason,
      markedAt: row.marked_at,
      trace: row.trace,
    })
  }
  return leases
}
