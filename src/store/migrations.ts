import { sql } from 'kysely'
import { Fault } from '../core/fault.js'
import { inTransaction, type OpenDatabase, type Trx } from './database.js'
import { searchedCharacters } from './schema.js'

interface Migration {
  readonly number: number
  readonly name: string
  readonly up: (trx: Trx, kind: OpenDatabase['kind']) => Promise<void>
}

/** Forward only, the same on both stores, and safe while the previous version still serves: add, never rename or drop in one release. */
const MIGRATIONS: readonly Migration[] = [
  { number: 1, name: 'first tables', up: firstTables },
  { number: 2, name: 'whose answer a deal waits for', up: waitsForColumn },
  { number: 3, name: 'long lists by their order', up: listOrders },
  { number: 4, name: 'the trace a mark belongs to', up: traceColumn },
  { number: 5, name: 'a deal by its records, and shorter orders of the ledger', up: recordsInOrder },
]

/** The newest schema this program knows. */
export const knownSchema = (): number => MIGRATIONS.at(-1)?.number ?? 0

// Any number that no other program on the same PostgreSQL is likely to use.
const advisoryLock = 8_205_114_771

/** `upTo`: as an earlier version would; for tests of the way from there. */
export async function migrate(open: OpenDatabase, now: number, upTo = knownSchema()): Promise<void> {
  await inTransaction(open, async (trx) => {
    if (open.kind === 'postgres') await sql`select pg_advisory_xact_lock(${sql.lit(advisoryLock)})`.execute(trx)
    await sql`create table if not exists schema_version (number integer primary key, name text not null, at bigint not null)`.execute(trx)
    const done = await trx.selectFrom('schema_version').select('number').execute()
    const newest = Math.max(0, ...done.map((row) => row.number))
    const known = upTo
    if (newest > known) {
      throw new Fault('misconfigured', `The store was written by a newer cosell (schema ${newest}; this program knows ${known}).`, {
        remedy: 'Start the newer version, or restore a backup made before the upgrade.',
      })
    }
    for (const migration of MIGRATIONS) {
      if (migration.number <= newest || migration.number > upTo) continue
      await migration.up(trx, open.kind)
      await trx.insertInto('schema_version').values({ number: migration.number, name: migration.name, at: now }).execute()
    }
  })
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

async function waitsForColumn(trx: Trx, kind: OpenDatabase['kind']): Promise<void> {
  await sql.raw('alter table link add column waits_for text').execute(trx)
  await sql.raw('create index link_waits_for on link (tenant, waits_for)').execute(trx)
  // Deals that wait for us are known by their stage; the others get their mark when they are next saved.
  const stage = kind === 'postgres' ? "(doc::json ->> 'stage')" : "json_extract(doc, '$.stage')"
  await sql.raw(`update link set waits_for = 'us' where ${stage} in ('New/Pending', 'New/Received')`).execute(trx)
}

/**
 * Lists of a hundred thousand deals and of millions of ledger entries are read in their own order, a page at a time. The order of all deals carries
 * what deals are searched by, so that a search reads the index and only what it finds of the table.
 */
async function listOrders(trx: Trx, kind: OpenDatabase['kind']): Promise<void> {
  const run = (text: string): Promise<unknown> => sql.raw(text).execute(trx)
  await run(`update link set name_lower = substr(name_lower, 1, ${searchedCharacters}) where length(name_lower) > ${searchedCharacters}`)
  await run('create index link_order on link (tenant, created_at desc, id, kind, name_lower, engagement_id, partner_id, crm_id)')
  await run('create index link_state_order on link (tenant, state, created_at desc, id, partner_id, crm_id)')
  await run('create index link_reason_order on link (tenant, reason, created_at desc, id, state, partner_id, crm_id)')
  await run('create index link_waits_order on link (tenant, waits_for, created_at desc, id, partner_id, crm_id)')
  await run('alter table link add column answer_due text')
  const due = kind === 'postgres' ? "(doc::json #>> '{base,partner,expirationDateTime}')" : "json_extract(doc, '$.base.partner.expirationDateTime')"
  await run(`update link set answer_due = ${due} where waits_for = 'us'`)
  for (const name of ['link_state', 'link_reason', 'link_waits_for']) await run(`drop index ${name}`) // The new ones begin with the same columns.
  await run('alter table audit add column outcome text')
  const outcome = kind === 'postgres' ? "(payload::json ->> 'outcome')" : "json_extract(payload, '$.outcome')"
  await run(`update audit set outcome = ${outcome} where kind = 'ran' and payload is not null`)
  await run('create index audit_outcome on audit (tenant, outcome, id)')
  await run('create index audit_order on audit (tenant, id)')
  await run('create index audit_run on audit (tenant, run, id)')
  await run('create index audit_at on audit (tenant, at)')
}

async function traceColumn(trx: Trx): Promise<void> {
  await sql.raw('alter table dirty add column trace text').execute(trx)
}

/**
 * A deal is found by one step in the order of its records: that order holds the deal as well, or SQLite, which knows no statistics of its own,
 * reads the records of all deals instead. What most entries of the ledger lack is in no order, so that writing them touches less.
 */
async function recordsInOrder(trx: Trx): Promise<void> {
  const run = (text: string): Promise<unknown> => sql.raw(text).execute(trx)
  for (const name of ['link_ref_key', 'audit_outcome', 'audit_run']) await run(`drop index ${name}`)
  await run('create index link_ref_record on link_ref (tenant, ref_key, link)')
  await run('create index audit_ran on audit (tenant, outcome, id) where outcome is not null')
  await run('create index audit_of_run on audit (tenant, run, id) where run is not null')
}
