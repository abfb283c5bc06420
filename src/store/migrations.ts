import { setImmediate as aMoment } from 'node:timers/promises'
import { sql } from 'kysely'
import { Fault } from '../core/fault.js'
import { inTransaction, type Db, type OpenDatabase, type Trx } from './database.js'
import { IS_RARE, searchedCharacters } from './schema.js'

type Kind = OpenDatabase['kind']
/**
 * One step of a migration. `change` is a short transaction; `index` and `drop` name indexes, which on PostgreSQL are made and dropped beside
 * those who go on writing. Each may be repeated: a process that was killed in the middle left the earlier ones done.
 */
type Step =
  | { readonly kind: 'change'; readonly run: (trx: Trx, kind: Kind) => Promise<void> }
  | { readonly kind: 'index'; readonly name: string; readonly on: string }
  | { readonly kind: 'drop'; readonly name: string }
interface Migration {
  readonly number: number
  readonly name: string
  readonly steps: readonly Step[]
}
const change = (run: (trx: Trx, kind: Kind) => Promise<void>): Step => ({ kind: 'change', run })
const index = (name: string, on: string): Step => ({ kind: 'index', name, on })
const drop = (name: string): Step => ({ kind: 'drop', name })
const column = (table: string, definition: string): Step =>
  change(async (trx, kind) => {
    const add = kind === 'postgres' ? 'add column if not exists' : 'add column' // SQLite makes all steps in one transaction.
    await sql.raw(`alter table ${table} ${add} ${definition}`).execute(trx)
  })

/** Forward only, the same on both stores, and safe while the previous version still serves: add, never rename or drop in one release. */
const MIGRATIONS: readonly Migration[] = [
  { number: 1, name: 'first tables', steps: [change(firstTables)] },
  {
    number: 2,
    name: 'whose answer a deal waits for',
    steps: [column('link', 'waits_for text'), change(fillWaitsFor), index('link_waits_for', 'link (tenant, waits_for)')],
  },
  {
    // Lists of a hundred thousand deals and of millions of ledger entries are read in their own order, a page at a time. The order of all deals
    // carries what deals are searched by, so that a search reads the index and only what it finds of the table.
    number: 3,
    name: 'long lists by their order',
    steps: [
      column('link', 'answer_due text'),
      column('audit', 'outcome text'),
      change(fillOrders),
      index('link_order', 'link (tenant, created_at desc, id, kind, name_lower, engagement_id, partner_id, crm_id)'),
      index('link_state_order', 'link (tenant, state, created_at desc, id, partner_id, crm_id)'),
      index('link_reason_order', 'link (tenant, reason, created_at desc, id, state, partner_id, crm_id)'),
      index('link_waits_order', 'link (tenant, waits_for, created_at desc, id, partner_id, crm_id)'),
      ...['link_state', 'link_reason', 'link_waits_for'].map(drop), // The new ones begin with the same columns.
      index('audit_outcome', 'audit (tenant, outcome, id)'),
      index('audit_order', 'audit (tenant, id)'),
      index('audit_run', 'audit (tenant, run, id)'),
      index('audit_at', 'audit (tenant, at)'),
    ],
  },
  { number: 4, name: 'the trace a mark belongs to', steps: [column('dirty', 'trace text')] },
  {
    // A deal is found by one step in the order of its records: that order holds the deal as well, or SQLite, which knows no statistics of its
    // own, reads the records of all deals instead. What most entries of the ledger lack is in no order, so that writing them touches less.
    number: 5,
    name: 'a deal by its records, and shorter orders of the ledger',
    steps: [
      index('link_ref_record', 'link_ref (tenant, ref_key, link)'),
      index('audit_ran', 'audit (tenant, outcome, id) where outcome is not null'),
      index('audit_of_run', 'audit (tenant, run, id) where run is not null'),
      ...['link_ref_key', 'audit_outcome', 'audit_run'].map(drop),
    ],
  },
  {
    // What most deals lack is in no order: a pass takes a deal out of its state and back, and touches each order that it is in.
    number: 6,
    name: 'shorter orders of deals',
    steps: [
      index('link_reasons', 'link (tenant, reason, created_at desc, id, state, partner_id, crm_id) where reason is not null'),
      index('link_waits', 'link (tenant, waits_for, created_at desc, id, partner_id, crm_id) where waits_for is not null'),
      ...['link_reason_order', 'link_waits_order'].map(drop),
    ],
  },
  {
    // Five entries of an event were put into five places of the order by kinds. What every pass writes is found soon along the order of all
    // entries, which tells the kind of each; the order by kinds keeps what is rare.
    number: 7,
    name: 'the ledger in one order, and its rare kinds',
    steps: [
      index('audit_in_order', 'audit (tenant, id, kind)'),
      index('audit_rare', `audit (tenant, kind, id) where ${IS_RARE}`),
      ...['audit_order', 'audit_kind'].map(drop), // The first begins with the same columns.
    ],
  },
]

/** The newest schema this program knows. */
export const knownSchema = (): number => MIGRATIONS.at(-1)?.number ?? 0

// Any number that no other program on the same PostgreSQL is likely to use.
const advisoryLock = 8_205_114_772

/** `upTo`: as an earlier version would; for tests of the way from there. */
export async function migrate(open: OpenDatabase, now: number, upTo = knownSchema()): Promise<void> {
  if (open.kind === 'postgres') return open.db.connection().execute((db) => alone(db, () => migrateBeside(db, now, upTo)))
  await inTransaction(open, async (trx) => {
    const newest = await newestIn(trx, upTo)
    for (const migration of pending(newest, upTo)) await whole(trx, 'sqlite', migration, now)
  })
}

const pending = (newest: number, upTo: number): readonly Migration[] => MIGRATIONS.filter(({ number }) => number > newest && number <= upTo)

/** @throws Fault `misconfigured` when a newer program has been here. */
async function newestIn(db: Db | Trx, known: number): Promise<number> {
  await sql`create table if not exists schema_version (number integer primary key, name text not null, at bigint not null)`.execute(db)
  const done = await db.selectFrom('schema_version').select('number').execute()
  const newest = Math.max(0, ...done.map((row) => row.number))
  if (newest > known) {
    throw new Fault('misconfigured', `The store was written by a newer cosell (schema ${newest}; this program knows ${known}).`, {
      remedy: 'Start the newer version, or restore a backup made before the upgrade.',
    })
  }
  return newest
}

const note = (db: Db | Trx, { number, name }: Migration, at: number): Promise<unknown> =>
  db.insertInto('schema_version').values({ number, name, at }).execute()

async function whole(trx: Trx, kind: Kind, migration: Migration, now: number): Promise<void> {
  for (const step of migration.steps) {
    await aMoment() // A step of SQLite's keeps the whole process: between two, whoever asks is told what it does.
    if (step.kind === 'change') await step.run(trx, kind)
    else await sql.raw(step.kind === 'index' ? `create index ${step.name} on ${step.on}` : `drop index ${step.name}`).execute(trx)
  }
  await note(trx, migration, now)
}

/** On PostgreSQL the previous version goes on serving: nothing holds a lock on a table for longer than a moment. An empty store is made at once. */
async function migrateBeside(db: Db, now: number, upTo: number): Promise<void> {
  const newest = await newestIn(db, upTo)
  if (newest === 0)
    return db.transaction().execute(async (trx) => {
      for (const migration of pending(0, upTo)) await whole(trx, 'postgres', migration, now)
    })
  for (const migration of pending(newest, upTo)) {
    for (const step of migration.steps) await beside(db, step)
    await note(db, migration, now)
  }
}

async function beside(db: Db, step: Step): Promise<void> {
  const run = (text: string): Promise<unknown> => sql.raw(text).execute(db)
  switch (step.kind) {
    case 'change':
      return db.transaction().execute((trx) => step.run(trx, 'postgres'))
    case 'drop':
      return void (await run(`drop index concurrently if exists ${step.name}`))
    case 'index': {
      // What a process that was killed left half made is no index: it is never used, and slows every write.
      const { rows } = await sql`select 1 from pg_index where indexrelid = to_regclass(${step.name}) and not indisvalid`.execute(db)
      if (rows.length > 0) await run(`drop index concurrently ${step.name}`)
      await run(`create index concurrently if not exists ${step.name} on ${step.on}`)
    }
  }
}

const lockTriesMost = 36_000 // Two hours: longer than an index over a hundred million entries takes.

/**
 * One process migrates at a time. It is asked for again and again, not waited for: an index made beside the others waits for everybody who
 * holds a picture of the tables, and who waits for a lock within a statement holds one.
 */
async function alone(db: Db, work: () => Promise<void>): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const { rows } = await sql<{ got: boolean }>`select pg_try_advisory_lock(${sql.lit(advisoryLock)}) as got`.execute(db)
    if (rows[0]?.got === true) break
    if (tries >= lockTriesMost)
      throw new Fault('stale', 'Another process has been changing the tables of the store for hours.', {
        remedy: 'Look at it with "select * from pg_stat_activity"; start this one when it is done.',
      })
    await sql`select pg_sleep(0.2)`.execute(db)
  }
  try {
    await work()
  } finally {
    await sql`select pg_advisory_unlock(${sql.lit(advisoryLock)})`.execute(db)
  }
}

async function firstTables(trx: Trx, kind: OpenDatabase['kind']): Promise<void> {
  const run = (text: string): Promise<unknown> => sql.raw(text).execute(trx)
  const serial = kind === 'postgres' ? 'bigint generated always as identity primary key' : 'integer primary key autoincrement'
  await run(`create table link (tenant text not null, id text not null, revision integer not null, doc text not null, state text not null, reason text,
    kind text not null, name text, name_lower text, engagement_id text, partner_id text, crm_id text, created_at bigint not null, updated_at bigint not null, primary key (tenant, id))`)
  await run('create index link_state on link (tenant, state)')
  await run('create index link_reason on link (tenant, reason)')
  await run('create index link_engagement on link (tenant, engagement_id)')
  await run(
    'create table link_ref (tenant text not null, link text not null, ref_key text not null, role text not null, end_key text, primary key (tenant, link, ref_key))',
  )
  await run('create index link_ref_key on link_ref (tenant, ref_key)')
  await run('create unique index link_ref_end on link_ref (tenant, end_key)')
  await run(`create table dirty (tenant text not null, link text not null, due_at bigint not null, priority integer not null, marks integer not null, attempts integer not null,
    failing_since bigint, lease_token text, leased_until bigint not null, leased_marks integer not null, wide integer not null, leased_wide integer not null,
    reason text not null, marked_at bigint not null, primary key (tenant, link))`)
  await run('create index dirty_due on dirty (tenant, priority, due_at)')
  await run(
    'create table event (tenant text not null, source text not null, event_key text not null, name text not null, at bigint not null, primary key (tenant, source, event_key))',
  )
  await run('create index event_at on event (tenant, at)')
  await run(
    'create table value (tenant text not null, name text not null, value text not null, revision integer not null, updated_at bigint not null, primary key (tenant, name))',
  )
  await run(
    'create table claim (tenant text not null, name text not null, token text not null, until_at bigint not null, primary key (tenant, name))',
  )
  await run(`create table audit (id ${serial}, tenant text not null, chain text not null, sequence integer not null, link text, at bigint not null, by_whom text not null, run text,
    kind text not null, payload text, salt text not null, digest text not null, prev_hash text not null, hash text not null)`)
  await run('create unique index audit_chain on audit (tenant, chain, sequence)')
  await run('create index audit_kind on audit (tenant, kind, id)')
}

/** Deals that wait for us are known by their stage; the others get their mark when they are next saved. */
async function fillWaitsFor(trx: Trx, kind: Kind): Promise<void> {
  const stage = kind === 'postgres' ? "(doc::json ->> 'stage')" : "json_extract(doc, '$.stage')"
  await sql.raw(`update link set waits_for = 'us' where ${stage} in ('New/Pending', 'New/Received')`).execute(trx)
}

async function fillOrders(trx: Trx, kind: Kind): Promise<void> {
  const run = (text: string): Promise<unknown> => sql.raw(text).execute(trx)
  await run(`update link set name_lower = substr(name_lower, 1, ${searchedCharacters}) where length(name_lower) > ${searchedCharacters}`)
  const due = kind === 'postgres' ? "(doc::json #>> '{base,partner,expirationDateTime}')" : "json_extract(doc, '$.base.partner.expirationDateTime')"
  await run(`update link set answer_due = ${due} where waits_for = 'us'`)
  const outcome = kind === 'postgres' ? "(payload::json ->> 'outcome')" : "json_extract(payload, '$.outcome')"
  await run(`update audit set outcome = ${outcome} where kind = 'ran' and outcome is null and payload is not null`)
}
