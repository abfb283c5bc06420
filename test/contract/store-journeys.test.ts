import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { AuditEntry } from '../../src/core/audit.js'
import type { Link } from '../../src/core/link.js'
import type { AcceptedEvent, LeasedDeal } from '../../src/core/ports.js'
import { together, type Asked } from '../../src/store/asked.js'
import { inTransaction, type Db, type OpenDatabase } from '../../src/store/database.js'
import { Batch } from '../../src/store/postgres-batch.js'
import { openStore, type OpenStore } from '../../src/store/index.js'
import { prepared, preparedMany } from '../../src/store/prepared.js'
import { startPostgres, type PrivatePostgres } from '../support/postgres.js'

// On PostgreSQL several statements go to the server in one journey. What one of them may do to the others, and how many journeys work costs.
const now = Date.UTC(2026, 10, 1)
const leaseMs = 60_000
let postgres: PrivatePostgres
let store: OpenStore
let open: OpenDatabase
beforeAll(async () => {
  postgres = startPostgres()
  store = await openStore({ url: postgres.url, now: () => now })
  open = store.database
}, 60_000)
afterAll(async () => {
  await store.close()
  postgres.stop()
})

interface Row {
  readonly name: string
}
const insert = prepared((db, { name }: Row) => db.insertInto('claim').values({ tenant: 't', name, token: 'x', until_at: 0 }))
const select = preparedMany((db, rows: readonly Row[]) =>
  db.selectFrom('claim').select('name').where('name', 'in', rows.map(({ name }) => name)),
)
const names = async (db: Db, ...wanted: string[]): Promise<string[]> =>
  (await select(db, wanted.map((name) => ({ name })))).rows.map(({ name }) => name)
const codeOf = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : error)

it('keeps nothing of a transaction whose last statement failed, although its commit went along', async () => {
  await insert(open.db, { name: 'there' })
  const twice = open.db.transaction().execute(async (trx) => {
    await insert.later(trx, { name: 'first' })
    await insert.later(trx, { name: 'there' })
  })
  expect(codeOf(await twice.catch((error: unknown) => error))).toBe('23505')
  expect(await names(open.db, 'first', 'there')).toEqual(['there'])
})

it('runs nothing that stands behind a statement which failed, and goes on over the same connection', async () => {
  const asked = (name: string): Asked<null> => ({ queries: insert.queries(open.db, { name }), read: () => null })
  await open.db.connection().execute(async (db) => {
    await insert(db, { name: 'taken' })
    expect(codeOf(await together(db, asked('taken'), asked('behind')).catch((error: unknown) => error))).toBe('23505')
    expect(await names(db, 'behind')).toEqual([])
    await together(db, asked('before'), asked('behind'))
    expect((await names(db, 'before', 'behind')).toSorted()).toEqual(['before', 'behind'])
  })
})

it('says so when a commit was none', async () => {
  const swallowed = open.db.transaction().execute(async (trx) => {
    await insert(trx, { name: 'swallowed' })
    await insert(trx, { name: 'swallowed' }).catch(() => undefined)
  })
  await expect(swallowed).rejects.toThrow('was not committed')
  expect(await names(open.db, 'swallowed')).toEqual([])
})

it('refuses a value it cannot send before it sends anything', async () => {
  const trouble = { name: { toString: () => 'no text' } as unknown as string } // what the types keep out elsewhere
  await open.db.connection().execute(async (db) => {
    await expect(insert(db, trouble)).rejects.toThrow(TypeError)
    expect(await names(db, 'there')).toEqual(['there'])
  })
})

it('gives values and their absence as the statement that is sent alone does', async () => {
  const one = sql<{ a: number; b: string | null; c: boolean }>`select 9007199254740991::bigint as a, ${null}::text as b, ${true}::boolean as c`
  const both: Asked<unknown[]> = {
    queries: [one.compile(open.db), one.compile(open.db)],
    read: (answers) => answers.map(({ rows }) => rows[0]),
  }
  const [rows] = await together(open.db, both, { queries: [], read: () => null })
  expect(rows).toEqual([{ a: 9_007_199_254_740_991, b: null, c: true }, { a: 9_007_199_254_740_991, b: null, c: true }])
})

it('asks nothing at all for a transaction of nothing', async () => {
  expect(await journeysOf(() => open.db.transaction().execute(() => Promise.resolve()))).toBe(0)
})

it('an event costs two journeys to take, one each to lease and to load, and one for each save', async () => {
  await store.acceptEvents([arrival('the first makes the deal')], now)
  await inTransaction(open, (trx) => sql`delete from dirty`.execute(trx))
  expect(await journeysOf(() => store.acceptEvents([arrival(randomUUID())], now))).toBe(2)
  const [lease = expect.fail()] = await store.queue.take({ limit: 1, now, leaseMs })
  expect(await journeysOf(() => store.queue.take({ limit: 1, now, leaseMs }))).toBe(1)
  let [link = expect.fail()] = await store.loadToWork([lease.link])
  expect(await journeysOf(() => store.loadToWork([lease.link]))).toBe(1)
  expect(await journeysOf(async () => void (link = await store.save({ lease, link, audit: notedOf(link), now, outcome: null })))).toBe(1)
  expect(await journeysOf(() => store.save({ lease, link, audit: notedOf(link), now, outcome: { kind: 'settled' } }))).toBe(1)
  expect((await store.verifyAudit()).broken).toEqual([])
})

it('an event whose deal finds a free hand costs four journeys, its saves included', async () => {
  const handed: LeasedDeal[] = []
  const withdraw = store.queue.offer({ leaseMs, keep: (most) => most, keepOf: () => 0, work: (deals) => void handed.push(...deals) })
  expect(await journeysOf(() => store.acceptEvents([arrival(randomUUID())], now))).toBe(2)
  withdraw()
  const [{ lease, link } = expect.fail()] = handed
  let begun = link
  expect(await journeysOf(async () => void (begun = await store.save({ lease, link, audit: notedOf(link), now, outcome: null })))).toBe(1)
  expect(await journeysOf(() => store.save({ lease, link: begun, audit: notedOf(link), now, outcome: { kind: 'settled' } }))).toBe(1)
  expect(await store.queue.take({ limit: 1, now, leaseMs })).toEqual([])
})

it('the end of a deal leases and reads the one that is due next in its own journey', async () => {
  const handed: LeasedDeal[] = []
  await store.acceptEvents([arrival(randomUUID())], now)
  const withdraw = store.queue.offer({ leaseMs, keep: () => 0, keepOf: (ending) => ending, work: (deals) => void handed.push(...deals) })
  const [lease = expect.fail()] = await store.queue.take({ limit: 1, now, leaseMs })
  const [link = expect.fail()] = await store.loadToWork([lease.link])
  await store.acceptEvents([arrival(randomUUID())], now)
  expect(await journeysOf(() => store.save({ lease, link, audit: notedOf(link), now, outcome: { kind: 'settled' } }))).toBe(1)
  withdraw()
  const [next = expect.fail(), ...others] = handed
  expect([next.link.id, next.link.revision, others]).toEqual([link.id, link.revision + 1, []])
  expect(await journeysOf(() => store.save({ ...next, audit: notedOf(link), now, outcome: { kind: 'settled' } }))).toBe(1)
  expect((await store.verifyAudit()).broken).toEqual([])
})

const arrival = (eventKey: string): AcceptedEvent => ({
  ...{ source: 'partner-center', name: 'referral-updated', urgency: 1, eventKey },
  hints: [{ ref: { side: 'partner', kind: 'referral', id: 'r-1' }, engagementId: null, wide: false }],
})
const notedOf = ({ id }: Link): readonly AuditEntry[] => [{ link: id, at: now, by: 'cosell', run: 'run', event: { kind: 'state', state: 'pending', reason: null } }]

it('a process is not woken again by what it told the others itself', async () => {
  const second = await openStore({ url: postgres.url, now: () => now })
  const [own, others] = [wakesOf(store), wakesOf(second)]
  await store.queue.mark([{ link: (await store.list({ limit: 1 })).links[0]?.id ?? expect.fail(), dueAt: now, urgency: 1, wide: false, because: 'test' }], now)
  await others.first
  await sleep(20)
  expect([own.count, others.count]).toEqual([1, 1])
  await second.close()
})

function wakesOf({ queue }: OpenStore): { readonly count: number; readonly first: Promise<void> } {
  const seen = { count: 0, first: Promise.resolve() }
  seen.first = new Promise((resolve) =>
    queue.onMark(() => {
      seen.count += 1
      resolve()
    }),
  )
  return seen
}

/** How often a client was asked something while this went on, calls to other processes apart. */
async function journeysOf(work: () => Promise<unknown>): Promise<number> {
  const asked = await askedDuring(work)
  return asked.filter((one) => !(one instanceof Batch && one.queries.some(({ sql: text }) => text.includes('pg_notify')))).length
}

async function askedDuring(work: () => Promise<unknown>): Promise<unknown[]> {
  const { query } = pg.Client.prototype
  const asked: unknown[] = []
  pg.Client.prototype.query = function (this: pg.Client, ...given: unknown[]): never {
    asked.push(given[0])
    return (query as (...all: unknown[]) => unknown).apply(this, given) as never // any of its forms
  }
  try {
    await work()
  } finally {
    pg.Client.prototype.query = query
  }
  return asked
}

/** What another process does in the middle of a transaction. Nobody of ours may have to begin anew for it: two that wait in a circle cost a second. */
async function stranger(work: (client: pg.Client) => Promise<void>): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  try {
    expect(await askedDuring(() => work(client))).not.toContain('rollback')
  } finally {
    await client.end()
  }
}
const markOf = (client: pg.Client, link: string): Promise<unknown> =>
  client.query(
    `insert into dirty (tenant, link, due_at, priority, marks, attempts, leased_until, leased_marks, wide, leased_wide, reason, marked_at)
     values ('default', $1, $2, 2, 1, 0, 0, 0, 0, 0, 'sweep', $2) on conflict (tenant, link) do update set marks = dirty.marks + 1`,
    [link, now],
  )
/** The server is asked until it says so: no time is guessed. */
async function someoneWaits(client: pg.Client): Promise<void> {
  for (let tries = 0; tries < 2_000; tries += 1) {
    const { rows } = await client.query<{ n: string }>('select count(*) as n from pg_locks where not granted')
    if (Number(rows[0]?.n) > 0) return
  }
  expect.fail('nobody waits')
}
const dealOf = async (id: string): Promise<Link> => (await store.linksOf({ side: 'partner', kind: 'referral', id }, null))[0] ?? expect.fail(id)
const about = (...ids: string[]): AcceptedEvent[] =>
  ids.map((id) => ({ ...arrival(randomUUID()), hints: [{ ref: { side: 'partner', kind: 'referral', id }, engagementId: null, wide: false }] }))

it('events of several deals and a sweep that marks them never wait for each other in a circle', async () => {
  await store.acceptEvents(about('r-sweep-a', 'r-sweep-b'), now)
  const links = [await dealOf('r-sweep-a'), await dealOf('r-sweep-b')].map(({ id }) => id).toSorted()
  const [first = expect.fail(), second = expect.fail()] = links
  await inTransaction(open, (trx) => sql`delete from dirty where link = ${first}`.execute(trx))
  await stranger(async (client) => {
    await client.query('begin')
    await markOf(client, first)
    const accepted = store.acceptEvents(about('r-sweep-a', 'r-sweep-b'), now)
    await someoneWaits(client)
    await markOf(client, second)
    await client.query('commit')
    expect(await accepted).toEqual([true, true])
    const { rows } = await client.query<{ marks: number }>('select marks from dirty where link = any($1) order by link', [links])
    expect(rows).toEqual([{ marks: 2 }, { marks: 3 }])
  })
  expect((await store.verifyAudit()).broken).toEqual([])
})

it('events of several deals are handed over, each as it stands when it is marked', async () => {
  await store.acceptEvents(about('r-both-a', 'r-both-b'), now)
  const links = [await dealOf('r-both-a'), await dealOf('r-both-b')]
  await inTransaction(open, (trx) => sql`delete from dirty`.execute(trx))
  const handed: LeasedDeal[] = []
  const withdraw = store.queue.offer({ leaseMs, keep: (most) => most, keepOf: () => 0, work: (deals) => void handed.push(...deals) })
  await stranger(async (client) => {
    await client.query('begin')
    await client.query('lock table dirty in share mode')
    const accepted = store.acceptEvents(about('r-both-a', 'r-both-b'), now)
    await someoneWaits(client)
    await client.query(`update link set revision = revision + 1 where id = $1`, [links[0]?.id])
    await client.query('commit')
    await accepted
  })
  withdraw()
  const revisions = new Map(handed.map(({ link }) => [link.id, link.revision]))
  expect(links.map(({ id, revision }) => (revisions.get(id) ?? 0) - revision)).toEqual([1, 0])
  for (const { lease, link } of handed) await store.save({ lease, link, audit: notedOf(link), now, outcome: { kind: 'settled' } })
  expect((await store.verifyAudit()).broken).toEqual([])
})

it('two deals are joined while one of them is saved, and neither waits for the other in a circle', async () => {
  await store.acceptEvents(about('r-keep', 'r-drop'), now)
  const [keep, drop] = [await dealOf('r-keep'), await dealOf('r-drop')]
  await stranger(async (client) => {
    // As a save of the deal that is given up goes: its mark first, then the deal.
    await client.query('begin')
    await client.query('select link from dirty where link = $1 for update', [drop.id])
    const joined = store.merge(keep, drop, [], now)
    await someoneWaits(client)
    await client.query('update link set updated_at = updated_at where id = $1', [drop.id])
    await client.query('commit')
    expect(await joined).toMatchObject({ id: keep.id, revision: keep.revision + 1 })
  })
})
