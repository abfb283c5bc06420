import { sql } from 'kysely'
import { Fault, isFault } from '../core/fault.js'
import type { Link } from '../core/link.js'
import type { Commit, Store } from '../core/ports.js'
import { refKey, SIDES, type Instant } from '../core/ref.js'
import { alone } from './asked.js'
import { inTransaction, openDatabase, type OpenDatabase, type Standing, type Trx } from './database.js'
import { checkpointFlaws, makeCheckpoint } from './checkpoints.js'
import { forgetEvents } from './events.js'
import { append, readAudit, verify } from './ledger.js'
import { answersDueByDay, countLinked, countStates, findLinks, insertLink, listLinks, loadLinks, namesOfLinks, updateLink } from './links.js'
import { migrate } from './migrations.js'
import { lockMarks, markAll, queueOf } from './queue.js'
import { erasePerson, forgetPayloads, forgetValues } from './retention.js'
import { offers } from './offers.js'
import type { Seal } from './seal.js'
import { standingToWork } from './standing.js'
import { valuesOf } from './values.js'
import { saveEach, writer } from './writer.js'

/** What is done until a store is open. */
export type Opening = 'opening' | 'migrating'

export interface DatabaseOptions {
  /** A folder (SQLite) or a postgres:// address. */
  readonly url: string
  readonly now: () => Instant
  /** `beside`: only to read, or to change single values, while another process may be working on it. */
  readonly standing?: Standing
  /** Told what is being done until it is open. Absent: nobody asks. */
  readonly doing?: ((what: Opening) => void) | undefined
}
export interface StoreOptions extends DatabaseOptions {
  /** One installation may serve several partner tenants; each sees its own rows only. */
  readonly tenant?: string
}
/** The tenant of an installation that serves one. */
export const ONLY_TENANT = 'default'

export interface OpenStore extends Store {
  readonly database: OpenDatabase
  /** What the clock says that all processes of the store have in common; null: the store is this process's own. */
  timeThere(): Promise<Instant | null>
  /** Drops what is kept for a time only; ledger payloads older than `keepLedgerMs` are emptied (null: kept). */
  tidy(now: Instant, keepLedgerMs: number | null): Promise<void>
  /** Signs what the ledger holds, so that a tail cut off shows. */
  checkpoint(seal: Seal, now: Instant): Promise<void>
  /** Empties the ledger entries that speak of this person. */
  erasePerson(email: string): Promise<number>
}

export async function openStore(options: StoreOptions): Promise<OpenStore> {
  return storeOver(await openMigrated(options), options.tenant ?? ONLY_TENANT)
}

/** One database under the stores of several tenants: it is closed with the last of them. */
export async function openStores(options: DatabaseOptions, tenants: readonly string[]): Promise<ReadonlyMap<string, OpenStore>> {
  const database = await openMigrated(options)
  const open = new Set(tenants)
  const closing = (tenant: string) => async (): Promise<void> => {
    if (open.delete(tenant) && open.size === 0) await database.close()
  }
  return new Map(tenants.map((tenant) => [tenant, { ...storeOver(database, tenant), close: closing(tenant) }]))
}

async function openMigrated(options: DatabaseOptions): Promise<OpenDatabase> {
  options.doing?.('opening')
  const open = await openDatabase(options.url, options.standing ?? 'own')
  try {
    if (options.standing !== 'beside') {
      await migratePatiently(open, options)
      // The folder is ours alone, so whoever held these is dead: nobody needs to wait for them to end.
      if (open.kind === 'sqlite') await forgetHolders(open, options.now())
    }
  } catch (error) {
    await open.close()
    throw error
  }
  return open
}

const migrationMs = 24 * 3_600_000 // Millions of entries may have to be rewritten or indexed once.

/** On PostgreSQL by a connection of its own: the ones of the service give up on what takes longer than a lease. */
async function migratePatiently(open: OpenDatabase, { url, now, doing }: DatabaseOptions): Promise<void> {
  doing?.('migrating')
  if (open.kind === 'sqlite') return migrate(open, now())
  const patient = await openDatabase(url, 'own', migrationMs)
  try {
    await migrate(patient, now())
  } finally {
    await patient.close()
  }
}

const turnMs = 60_000 // A turn that was under way is held for this long and no longer.

/**
 * Leases and claims of a process that is gone. Turns of the schedule that were done stay: they say when they are due again. Those that may have
 * been under way go, and those that would have been due within the minute with them: nobody polls until then.
 */
async function forgetHolders({ db }: OpenDatabase, now: number): Promise<void> {
  await db.updateTable('dirty').set({ lease_token: null, leased_until: 0 }).where('leased_until', '>', 0).execute()
  await db.deleteFrom('claim').where((eb) => eb.or([eb('name', 'not like', 'turn:%'), eb('until_at', '<=', now + turnMs)])).execute()
}

function storeOver(open: OpenDatabase, tenant: string): OpenStore {
  const { db } = open
  const offered = offers()
  const queue = queueOf(open, tenant, offered)
  const values = valuesOf(open, tenant)
  const writing = writer(open, tenant, offered)
  return {
    database: open,
    queue,
    async linksOf(ref, engagementId) {
      return (await findLinks(db, tenant, [{ ref, engagementId }])).get(refKey(ref)) ?? []
    },
    linksOfMany: (refs) => findLinks(db, tenant, refs),
    load: async (id) => {
      const [link] = await loadLinks(db, tenant, [id])
      if (link !== undefined) writing.read(link, null)
      return link ?? null
    },
    loadMany: (ids) => loadLinks(db, tenant, ids),
    async loadToWork(ids) {
      const deals = await alone(db, standingToWork(db, tenant, ids))
      return deals.flatMap(({ deal, head }) => {
        if (deal !== null) writing.read(deal, head)
        return deal ?? []
      })
    },
    add: (link, audit, now) => inTransaction(open, (trx) => add(trx, tenant, link, audit, now)),
    save: writing.save,
    saveMany: (commits) => inTransaction(open, (trx) => saveEach(trx, { open, tenant }, commits)),
    merge: (keep, drop, audit, now) => inTransaction(open, (trx) => merge(trx, { open, tenant }, { keep, drop, audit, now })),
    list: (filter) => listLinks(db, tenant, filter),
    counts: () => countStates(db, tenant),
    linkedCount: () => countLinked(db, tenant),
    acceptEvents: writing.acceptEvents,
    ...values,
    answersDue: () => answersDueByDay(db, tenant),
    namesOf: (ids) => namesOfLinks(db, tenant, ids),
    audit: (filter) => readAudit(db, tenant, filter),
    addAudit: (entries) =>
      inTransaction(open, async (trx) => {
        await append(trx, tenant, entries)
      }),
    verifyAudit: async () => {
      const verdict = await verify(db, tenant)
      const flaws = await checkpointFlaws(db, tenant, values)
      return { ...verdict, broken: [...verdict.broken, ...flaws.map((flaw) => ({ link: null, ...flaw }))] }
    },
    timeThere: () => timeThere(open),
    async tidy(now, keepLedgerMs) {
      await forgetEvents(open, tenant, now)
      await forgetValues(open, tenant, now)
      if (keepLedgerMs !== null) await forgetPayloads(open, tenant, { before: now - keepLedgerMs, now })
    },
    checkpoint: (seal, now) => makeCheckpoint(db, tenant, { values, seal, now }),
    erasePerson: (email) => erasePerson(open, tenant, email),
    close: () => open.close(),
  }
}

async function timeThere({ db, kind }: OpenDatabase): Promise<Instant | null> {
  if (kind === 'sqlite') return null
  const { rows } = await sql<{ readonly now: string }>`select (extract(epoch from clock_timestamp()) * 1000)::bigint as now`.execute(db)
  return rows[0] === undefined ? null : Number(rows[0].now)
}

/** Adds a link, unless another already has one of its ends. */
async function add(trx: Trx, tenant: string, link: Link, audit: Commit['audit'], now: Instant): Promise<Link> {
  for (const side of SIDES) {
    const ref = link.ends[side]
    if (ref === null) continue
    const holder = await trx
      .selectFrom('link_ref')
      .select('link')
      .where('tenant', '=', tenant)
      .where('end_key', '=', refKey(ref))
      .executeTakeFirst()
    const existing = holder === undefined ? undefined : (await loadLinks(trx, tenant, [holder.link]))[0]
    if (existing !== undefined) return existing
  }
  await insertLink(trx, tenant, link, now)
  await append(trx, tenant, audit)
  return link
}

const movedMeanwhile = (link: Link): Fault =>
  new Fault('stale', `Deal ${link.id} moved while it was joined with another.`, { remedy: 'Nothing to do: it is tried again.' })

/** Two links that turned out to be one deal: `drop` gives up its ends and its marks. @throws Fault `stale` when either moved meanwhile. */
async function merge(
  trx: Trx,
  { open, tenant }: { readonly open: OpenDatabase; readonly tenant: string },
  { keep, drop, audit, now }: { keep: Link; drop: Link; audit: Commit['audit']; now: Instant },
): Promise<Link> {
  // The rows of leases before those of deals, as everyone locks them.
  if (open.kind === 'postgres') await lockMarks(trx, tenant, [keep.id, drop.id])
  const stored = await loadLinks(trx, tenant, [keep.id, drop.id])
  for (const link of [keep, drop]) if (stored.find((row) => row.id === link.id)?.revision !== link.revision) throw movedMeanwhile(link)
  const reason = { code: 'excluded' as const, text: `It turned out to be deal ${keep.id}.`, remedy: 'Nothing to do.' }
  const update = (link: Link): Promise<Link> => updateLink(trx, tenant, link, now).catch((error: unknown) => {
    // Another process saved it between our look and our write: whose lease that was is not known here.
    if (isFault(error) && error.kind === 'lease-lost') throw movedMeanwhile(link)
    throw error
  })
  await update({
      ...drop,
      ends: { partner: null, crm: null },
      aliases: [],
      parts: [],
      engagementId: null,
      base: null,
      intents: [],
      conflicts: [],
      state: 'unlinked',
      reason,
  })
  const saved = await update(keep)
  const row = await trx.selectFrom('dirty').selectAll().where('tenant', '=', tenant).where('link', '=', drop.id).executeTakeFirst()
  if (row !== undefined) {
    await trx.deleteFrom('dirty').where('tenant', '=', tenant).where('link', '=', drop.id).execute()
    await markAll(trx, tenant, [{ link: keep.id, dueAt: now, urgency: row.priority as 0 | 1 | 2, wide: true, because: 'joined' }], now) // stored from an urgency
  }
  await append(trx, tenant, audit)
  return saved
}
