import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { Fault, type Outcome } from '../core/fault.js'
import type { Lease, Mark, Queue } from '../core/ports.js'
import { asLinkId, type Instant, type LinkId } from '../core/ref.js'
import type { Asked } from './asked.js'
import { inTransaction, type Db, type OpenDatabase, type Trx } from './database.js'
import type { Offers } from './offers.js'
import { columnsFrom, joined, prepared, preparedMany } from './prepared.js'
import type { DirtyTable } from './schema.js'
import { clocksApart } from './values.js'

export const leaseOver = (lease: Lease): Fault =>
  new Fault('lease-lost', `The lease of deal ${lease.link} is over.`, { remedy: 'Nothing to do: another worker has the deal.' })

/** Deals that may be leased as they are marked: so many at most, for so long. */
export interface Claims {
  readonly most: number
  readonly leaseMs: number
  readonly may: (link: LinkId) => boolean
  /** Told of each that was, when the database has said so: one that was marked already may be somebody else's, and is never leased here. */
  readonly leased: (lease: Lease) => void
}
const noClaims: Claims = { most: 0, leaseMs: 0, may: () => false, leased: () => undefined }

/** Insert, or one mark more: earliest due, most urgent, wide if any mark was. */
export async function markAll(trx: Trx, tenant: string, marks: readonly Mark[], now: Instant, claims = noClaims): Promise<void> {
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
    )
  }
  const all = [...merged.values()].sort((a, b) => (a.link < b.link ? -1 : 1)) // One order for everyone, so that two transactions never wait for each other in a circle.
  const claimed = claimsOf(all, now, claims)
  for (let start = 0; start < all.length; start += marksAtOnce) {
    const rows = all.slice(start, start + marksAtOnce).map((mark) => rowOf(tenant, mark, { now, lease: claimed.get(mark.link) }))
    if (claimed.size === 0) await insertMarks.later(trx, rows)
    else
      await insertClaims.later(trx, rows, ({ rows: stand }) => {
        for (const { link, lease_token: token } of stand) {
          const lease = claimed.get(asLinkId(link))
          if (lease !== undefined && lease.token === token) claims.leased(lease)
        }
      })
  }
}

/** The leases of those that are claimed, should nobody have marked them before. */
function claimsOf(marks: readonly Mark[], now: Instant, { most, leaseMs, may }: Claims): ReadonlyMap<LinkId, Lease> {
  if (most === 0) return new Map()
  const token = randomUUID()
  const some = marks.filter(({ link }) => may(link)).slice(0, most)
  const leaseOf = ({ link, wide, because, trace }: Mark): Lease => {
    const fresh = { marks: 1, attempts: 0, failingSince: null, markedAt: now }
    return { link, token: `${token}:${link}`, until: now + leaseMs, ...fresh, wide, because, trace: trace ?? null }
  }
  return new Map(some.map((mark) => [mark.link, leaseOf(mark)]))
}
const rowOf = (tenant: string, mark: Mark, { now, lease }: { readonly now: Instant; readonly lease: Lease | undefined }): DirtyTable => ({
  tenant,
  link: mark.link,
  due_at: mark.dueAt,
  priority: mark.urgency,
  wide: mark.wide ? 1 : 0,
  reason: mark.because,
  marked_at: now,
  trace: mark.trace ?? null,
  marks: 1,
  attempts: 0,
  failing_since: null,
  lease_token: lease?.token ?? null,
  leased_until: lease?.until ?? 0,
  leased_marks: lease?.marks ?? 0,
  leased_wide: lease?.wide === true ? 1 : 0,
})

const marksAtOnce = 200

const markColumns = columnsFrom<DirtyTable>({
  ...{ tenant: true, link: true, due_at: true, priority: true, wide: true, reason: true, marked_at: true, trace: true, marks: true },
  ...{ attempts: true, failing_since: true, lease_token: true, leased_until: true, leased_marks: true, leased_wide: true },
})
const marking = (db: Db, rows: readonly DirtyTable[]) =>
  db
    .insertInto('dirty')
    .values(rows.map(markColumns))
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
const insertMarks = preparedMany(marking)
const insertClaims = preparedMany((db, rows: readonly DirtyTable[]) => marking(db, rows).returning(['link', 'lease_token']))

/** The rows of these leases, by their token, locked until the end of the transaction. A lease that is over has none. */
export function leasedRows(
  trx: Trx,
  open: OpenDatabase,
  tenant: string,
  held: readonly { readonly lease: Lease; readonly now: Instant }[],
): Asked<ReadonlyMap<string, LeasedRow>> {
  const keys = [...new Set(held.map(({ lease }) => lease.link))].map((link) => ({ tenant, link }))
  return {
    queries: keys.length === 0 ? [] : (open.kind === 'postgres' ? lockRows : selectRows).queries(trx, keys),
    read: (answers) => {
      const found = new Map((joined(answers).rows as LeasedRow[]).map((row) => [row.link, row])) // what the statements select
      const rows = new Map<string, LeasedRow>()
      for (const { lease, now } of held) {
        const row = found.get(lease.link)
        if (row !== undefined && row.lease_token === lease.token && row.leased_until > now) rows.set(lease.token, row)
      }
      return rows
    },
  }
}

export type LeasedRow = Pick<DirtyTable, 'link' | 'marks' | 'leased_marks' | 'attempts' | 'failing_since' | 'lease_token' | 'leased_until'>
interface RowKey {
  readonly tenant: string
  readonly link: string
}
const rowsOf = (db: Db, keys: readonly RowKey[]) =>
  db
    .selectFrom('dirty')
    .select(['link', 'marks', 'leased_marks', 'attempts', 'failing_since', 'lease_token', 'leased_until'])
    .where('tenant', '=', keys[0]?.tenant ?? '')
    .where('link', 'in', keys.map(({ link }) => link))
const selectRows = preparedMany(rowsOf)
// In one order for everyone, so that two transactions never wait for each other in a circle.
const lockRows = preparedMany((db, keys: readonly RowKey[]) => rowsOf(db, keys).orderBy('link').forUpdate())

/** Locked until the end of the transaction. */
export const lockMarks = (trx: Trx, tenant: string, links: readonly string[]): Promise<void> =>
  lockRows.later(trx, links.map((link) => ({ tenant, link })))

export interface LeaseEnd {
  readonly row: LeasedRow
  readonly outcome: Outcome
  readonly now: Instant
}

/**
 * Ends leases in the transaction that saves what they did. A mark that came meanwhile makes the deal due again at once.
 * Returns whether any is to be worked again, now or later.
 */
export async function settleRows(trx: Trx, tenant: string, ends: readonly LeaseEnd[]): Promise<boolean> {
  const done: RowKey[] = []
  for (const { row, outcome, now } of ends) {
    const failing =
      outcome.kind === 'again'
        ? { attempts: row.attempts + 1, failing_since: row.failing_since ?? now }
        : { attempts: 0, failing_since: null }
    const again = { tenant, link: row.link, ...failing }
    if (row.marks !== row.leased_marks) await dueAgain.later(trx, { ...again, marks: row.marks - row.leased_marks, now })
    else if (outcome.kind === 'settled' && outcome.next !== undefined)
      await dueNext.later(trx, { ...again, due_at: outcome.next.at, reason: outcome.next.because, now })
    else if (outcome.kind === 'again') await dueLater.later(trx, { ...again, due_at: now + outcome.inMs })
    else done.push({ tenant, link: row.link })
  }
  if (done.length > 0) await deleteRows.later(trx, done)
  return done.length < ends.length
}

interface Again extends RowKey {
  readonly attempts: number
  readonly failing_since: number | null
}
const free = { lease_token: null, leased_until: 0 }
const dueAgain = prepared((db, { tenant, link, attempts, failing_since, marks, now }: Again & { marks: number; now: Instant }) =>
  db
    .updateTable('dirty')
    .set({ ...free, attempts, failing_since, marks, leased_marks: 0, due_at: now, marked_at: now })
    .where('tenant', '=', tenant)
    .where('link', '=', link),
)
const dueLater = prepared((db, { tenant, link, attempts, failing_since, due_at }: Again & { due_at: Instant }) =>
  db
    .updateTable('dirty')
    .set({ ...free, attempts, failing_since, due_at })
    .where('tenant', '=', tenant)
    .where('link', '=', link),
)
// Its own wish, and no longer what marked it before.
type Next = Again & { readonly due_at: Instant; readonly reason: string; readonly now: Instant }
const dueNext = prepared((db, { tenant, link, attempts, failing_since, due_at, reason, now }: Next) =>
  db
    .updateTable('dirty')
    .set({ ...free, attempts, failing_since, due_at, reason, wide: 0, priority: 2, trace: null, marked_at: now })
    .where('tenant', '=', tenant)
    .where('link', '=', link),
)
const deleteRows = preparedMany((db, keys: readonly RowKey[]) =>
  db
    .deleteFrom('dirty')
    .where('tenant', '=', keys[0]?.tenant ?? '')
    .where('link', 'in', keys.map(({ link }) => link)),
)

// The same for leases that are known to hold, decided where the rows are: those without a later mark are done,
export const deleteSettled = preparedMany((db, keys: readonly RowKey[]) =>
  db
    .deleteFrom('dirty')
    .where('tenant', '=', keys[0]?.tenant ?? '')
    .where('link', 'in', keys.map(({ link }) => link))
    .whereRef('marks', '=', 'leased_marks'),
)
// and the others due again at once.
export const releaseMarked = preparedMany((db, keys: readonly (RowKey & { readonly now: Instant })[]) =>
  db
    .updateTable('dirty')
    .set({ ...free, attempts: 0, failing_since: null, marks: sql<number>`marks - leased_marks`, leased_marks: 0, due_at: keys[0]?.now, marked_at: keys[0]?.now })
    .where('tenant', '=', keys[0]?.tenant ?? '')
    .where('link', 'in', keys.map(({ link }) => link)),
)

export function queueOf(open: OpenDatabase, tenant: string, { offer }: Pick<Offers, 'offer'>): Queue {
  const { db } = open
  return {
    async mark(marks, now) {
      if (marks.length === 0) return
      await inTransaction(open, (trx) => markAll(trx, tenant, marks, now))
      open.announce(tenant)
    },
    take: ({ limit, now, leaseMs, only = null, retriesDueBy = null }) =>
      only?.length === 0 || limit <= 0 ? Promise.resolve([]) : take(open, tenant, { limit, now, leaseMs, only, retriesDueBy }),
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
    setBack: (now, leaseMs) => setBack(open, tenant, { now, leaseMs }),
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
    offer,
  }
}

async function setBack({ db, kind }: OpenDatabase, tenant: string, { now, leaseMs }: Pick<Take, 'now' | 'leaseMs'>): Promise<void> {
  const later = now + clocksApart(kind)
  const rows = db.updateTable('dirty').where('tenant', '=', tenant)
  // Whoever holds one may still be at work: it gets the time of a lease that is made now.
  await rows.where('leased_until', '>', later + leaseMs).set({ leased_until: now + leaseMs }).execute()
  await rows.where('marked_at', '>', later).set({ due_at: now, marked_at: now }).execute()
}

interface Take {
  readonly limit: number
  readonly now: Instant
  readonly leaseMs: number
  readonly only: readonly string[] | null
  readonly retriesDueBy: Instant | null
}

/** A lease may be lost with the power, because every process that relied on it is lost too: nothing waits for the disk here. */
async function take(open: OpenDatabase, tenant: string, { limit, now, leaseMs, only, retriesDueBy }: Take): Promise<Lease[]> {
  const until = now + leaseMs
  const values = { tenant, limit, now, until, token: randomUUID() }
  const isLocking = open.kind === 'postgres'
  const some = () =>
    (isLocking ? dueLocked : dueFree)(open.db, values)
      .$if(only !== null, (query) => query.where('link', 'in', [...(only ?? [])]))
      .$if(retriesDueBy !== null, (query) => query.where((eb) => eb.or([eb('attempts', '=', 0), eb('due_at', '<=', retriesDueBy)])))
  const { rows } = await (only === null && retriesDueBy === null
    ? (isLocking ? takeLocked : takeFree)(open.db, values)
    : open.db.executeQuery(lease(open.db, values, some()).compile()))
  return inTurn(rows).map((row) => leaseOf(row, until))
}

export type TakenRow = Omit<DirtyTable, 'tenant' | 'leased_until' | 'leased_marks' | 'leased_wide'>
export const inTurn = <R extends TakenRow>(rows: readonly R[]): R[] =>
  rows.toSorted((a, b) => a.priority - b.priority || a.due_at - b.due_at)
export const leaseOf = (row: TakenRow, until: Instant): Lease => ({
  link: asLinkId(row.link),
  token: row.lease_token ?? '',
  until,
  marks: row.marks,
  attempts: row.attempts,
  failingSince: row.failing_since,
  wide: row.wide === 1,
  because: row.reason,
  markedAt: row.marked_at,
  trace: row.trace,
})

export interface TakeValues {
  readonly tenant: string
  readonly limit: number
  readonly now: Instant
  readonly until: Instant
  readonly token: string
}
export const dueFree = (db: Db, { tenant, now, limit }: TakeValues) =>
  db
    .selectFrom('dirty')
    .select('link')
    .where('tenant', '=', tenant)
    .where('due_at', '<=', now)
    .where('leased_until', '<=', now)
    .orderBy('priority')
    .orderBy('due_at')
    .limit(limit)
export const dueLocked = (db: Db, values: TakeValues) => dueFree(db, values).forUpdate().skipLocked()

/** One statement finds and leases. Each lease has a token of its own: the deal is part of it. */
export const lease = (db: Db, { tenant, token, until }: TakeValues, due: ReturnType<typeof dueFree>) =>
  db
    .with('due', () => due)
    .updateTable('dirty')
    .set((eb) => ({
      lease_token: sql<string>`${token} || ':' || dirty.link`,
      leased_until: until,
      leased_marks: eb.ref('dirty.marks'),
      leased_wide: eb.ref('dirty.wide'),
    }))
    .where('dirty.tenant', '=', tenant)
    .where('dirty.link', 'in', (eb) => eb.selectFrom('due').select('due.link'))
    .returning(['link', 'lease_token', 'marks', 'attempts', 'failing_since', 'wide', 'reason', 'marked_at', 'trace', 'priority', 'due_at'])
const takeFree = prepared((db, values: TakeValues) => lease(db, values, dueFree(db, values)))
const takeLocked = prepared((db, values: TakeValues) => lease(db, values, dueLocked(db, values)))
