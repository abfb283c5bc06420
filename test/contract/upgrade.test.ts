import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newLink } from '../../src/core/link.js'
import { asLinkId } from '../../src/core/ref.js'
import { openDatabase, type OpenDatabase } from '../../src/store/database.js'
import { openStore } from '../../src/store/index.js'
import { knownSchema, migrate } from '../../src/store/migrations.js'
import { startPostgres, type PrivatePostgres } from '../support/postgres.js'

/**
 * A rolling upgrade: the first process of the new version migrates while those of the earlier one serve on. So whatever they read must stay, and
 * whatever they write must still be taken.
 */
const at = Date.UTC(2026, 10, 1)
const now = (): number => at
const folders: string[] = []
let postgres: PrivatePostgres
let databases = 0
beforeAll(() => {
  postgres = startPostgres()
})
afterAll(() => {
  postgres.stop()
  for (const made of folders) rmSync(made, { recursive: true, force: true })
})

const kinds = [
  ['a SQLite file', () => Promise.resolve(mkdtempSync(join(tmpdir(), 'cosell-upgrade-'))).then((made) => (folders.push(made), made))],
  [
    'PostgreSQL',
    async () => {
      databases += 1
      const name = `upgrade_${databases}`
      const admin = await openDatabase(postgres.url, 'own')
      await sql.raw(`create database ${name}`).execute(admin.db)
      await admin.close()
      const url = new URL(postgres.url)
      url.pathname = `/${name}`
      return url.href
    },
  ],
] as const
/** Versions that may still be serving: all that were ever published, and as long as there is none, all. */
const earlier = Array.from({ length: knownSchema() - 1 }, (_, index) => index + 1)

interface Column {
  readonly table: string
  readonly name: string
  readonly type: string
  /** Whether a row may be written without it. */
  readonly mayBeLeftOut: boolean
}
const tables = ['link', 'link_ref', 'dirty', 'event', 'value', 'claim', 'audit', 'schema_version']

async function columnsOf({ db, kind }: OpenDatabase): Promise<Column[]> {
  if (kind === 'postgres') {
    const { rows } = await sql<{ table: string; name: string; type: string; nullable: string; preset: string | null; identity: string }>`
      select table_name as "table", column_name as name, data_type as type, is_nullable as nullable, column_default as preset, is_identity as identity
      from information_schema.columns where table_schema = 'public'`.execute(db)
    return rows.map(({ table, name, type, nullable, preset, identity }) => ({ table, name, type, mayBeLeftOut: nullable === 'YES' || preset !== null || identity === 'YES' }))
  }
  const all: Column[] = []
  for (const table of tables) {
    const { rows } = await sql<{ name: string; type: string; notnull: number; dflt_value: string | null; pk: number }>`select * from pragma_table_info(${table})`.execute(db)
    for (const { name, type, notnull, dflt_value: preset, pk } of rows)
      all.push({ table, name, type, mayBeLeftOut: notnull === 0 || preset !== null || (pk === 1 && type === 'integer') })
  }
  return all
}

/** A row as the earlier version writes it: its own columns and no others. */
const rowOf = (table: string, columns: readonly Column[], index: number): Record<string, string | number> =>
  Object.fromEntries(
    columns
      .filter((column) => column.table === table && !(table === 'audit' && column.name === 'id'))
      .map(({ name, type }) => [name, /int/.test(type) ? index : name === 'doc' || name === 'value' ? '{}' : `${name}-${index}`]),
  )

describe.each(kinds)('[R54] an upgrade of %s while the earlier version serves', (_name, fresh) => {
  it.each(earlier)('from schema %i: everything it reads is still there, and every row it writes is still taken', async (number) => {
    const url = await fresh()
    const database = await openDatabase(url, 'beside').catch(() => openDatabase(url, 'own'))
    try {
      await migrate(database, at, number)
      const before = await columnsOf(database)
      const write = async (index: number): Promise<void> => {
        for (const table of tables.filter((name) => name !== 'schema_version'))
          await sql`insert into ${sql.ref(table)} ${columnsAndValues(rowOf(table, before, index))}`.execute(database.db)
      }
      await write(1)
      await migrate(database, at)
      const after = await columnsOf(database)
      const there = (columns: readonly Column[], { table, name }: Column) =>
        columns.find((same) => same.table === table && same.name === name)
      expect(before.filter((column) => there(after, column)?.type !== column.type), 'columns that it reads').toEqual([])
      const added = after.filter((column) => there(before, column) === undefined)
      expect(added.filter(({ mayBeLeftOut }) => !mayBeLeftOut), 'columns that it does not write').toEqual([])
      await write(2)
    } finally {
      await database.close()
    }
  })
})

describe('several processes of the new version that start together', () => {
  it('migrate once, and all of them work', async () => {
    const url = await kinds[1][1]()
    const old = await openDatabase(url, 'own')
    await migrate(old, at, 1)
    const stores = await Promise.all(Array.from({ length: 4 }, () => openStore({ url, now })))
    const done = await old.db.selectFrom('schema_version').select('number').orderBy('number').execute()
    expect(done.map(({ number }) => number)).toEqual(Array.from({ length: knownSchema() }, (_, index) => index + 1))
    await Promise.all(
      stores.map((store, index) => store.add(newLink(asLinkId(`D-${index}`), at, { partner: { side: 'partner', kind: 'referral', id: `R-${index}` }, crm: null }), [], at)),
    )
    expect((await stores[0]?.list({ limit: 10, after: null }))?.links).toHaveLength(4)
    for (const store of stores) await store.close()
    await old.close()
  })

  it('of an earlier version that starts after the upgrade says so and touches nothing', async () => {
    const url = await kinds[1][1]()
    await (await openStore({ url, now })).close()
    const old = await openDatabase(url, 'own')
    await expect(migrate(old, at, knownSchema() - 1)).rejects.toMatchObject({ kind: 'misconfigured', remedy: expect.stringContaining('newer version') as string })
    await old.close()
  })
})

describe('an upgrade of PostgreSQL', () => {
  it('keeps nobody from writing, also while it waits for somebody who reads for long, and ends when that one does', async () => {
    const url = await kinds[1][1]()
    const [old, reading, writing] = await Promise.all([1, 2, 3].map(() => openDatabase(url, 'own')))
    if (old === undefined || reading === undefined || writing === undefined) throw new Error('three were opened')
    await migrate(old, at, 2)
    const columns = await columnsOf(old)
    const insert = (table: string, index: number) =>
      sql`insert into ${sql.ref(table)} ${columnsAndValues(rowOf(table, columns, index))}`.execute(writing.db)
    let migrated = false
    let upgrade: Promise<void> = Promise.resolve()
    await reading.db.transaction().setIsolationLevel('repeatable read').execute(async (trx) => {
      // A picture of the tables, as a backup holds one, which takes no lock on them.
      await sql`select 1`.execute(trx)
      upgrade = migrate(old, at).then(() => void (migrated = true))
      const made = async (): Promise<boolean> => (await sql`select 1 from pg_class where relname = 'link_order'`.execute(writing.db)).rows.length > 0
      await expect.poll(made, { timeout: 10_000 }).toBe(true)
      for (const table of ['link', 'audit', 'dirty']) await insert(table, 7)
      expect(migrated).toBe(false)
    })
    await upgrade
    await expect(insert('link', 8)).resolves.toBeDefined()
    for (const database of [old, reading, writing]) await database.close()
  }, 30_000)

  it('that was cut in the middle is finished, and what was half made is made anew', async () => {
    const url = await kinds[1][1]()
    const database = await openDatabase(url, 'own')
    await migrate(database, at, 2)
    // As a process leaves it that was killed while the first index was being made.
    await sql`alter table link add column answer_due text`.execute(database.db)
    await sql`create index link_order on link (tenant, created_at desc)`.execute(database.db)
    await sql`update pg_index set indisvalid = false where indexrelid = to_regclass('link_order')`.execute(database.db)
    await migrate(database, at)
    const { rows } = await sql<{ valid: boolean; columns: number }>`select indisvalid as valid, indnatts as columns from pg_index
      where indexrelid = to_regclass('link_order')`.execute(database.db)
    expect(rows).toEqual([{ valid: true, columns: 8 }])
    const done = await database.db.selectFrom('schema_version').select('number').execute()
    expect(done).toHaveLength(knownSchema())
    await database.close()
  })
})

const columnsAndValues = (row: Record<string, string | number>) =>
  sql`(${sql.join(Object.keys(row).map((name) => sql.ref(name)))}) values (${sql.join(Object.values(row))})`
