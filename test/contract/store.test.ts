import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, expect, it } from 'vitest'
import { newLink } from '../../src/core/link.js'
import type { Lease } from '../../src/core/ports.js'
import { asLinkId } from '../../src/core/ref.js'
import { openStore, sealOf, type OpenStore } from '../../src/store/index.js'
import { memoryStore } from '../support/memory-store.js'
import { startPostgres, type PrivatePostgres } from '../support/postgres.js'
import { storeContract } from './store.contract.js'

const now = (): number => Date.UTC(2026, 10, 1)
const folders: string[] = []
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), 'cosell-store-'))
  folders.push(made)
  return made
}
let postgres: PrivatePostgres | null = null
afterAll(() => {
  postgres?.stop()
  for (const made of folders) rmSync(made, { recursive: true, force: true })
})

const tamperIn =
  (store: OpenStore) =>
  async (link: string): Promise<void> => {
    await store.database.db
      .updateTable('audit')
      .set({ payload: '{"kind":"hinted","forged":true}' })
      .where('link', '=', link)
      .where('sequence', '=', 1)
      .execute()
  }

storeContract('in memory', () => {
  let state = 1
  const store = memoryStore({ random: () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647 })
  return Promise.resolve({ store, second: null, wakesAlways: true as const, tamper: null, close: () => store.close() })
})

storeContract('a SQLite file', async () => {
  const store = await openStore({ url: folder(), now })
  return { store, second: null, tamper: tamperIn(store), close: () => store.close() }
})

storeContract('PostgreSQL', async () => {
  postgres ??= startPostgres()
  const { url } = postgres
  // Two processes that start at the same time both migrate; one of them does it.
  const [store, second] = await Promise.all([openStore({ url, now }), openStore({ url, now })])
  return {
    store,
    second,
    tamper: tamperIn(store),
    close: async () => {
      await second.close()
      await store.close()
    },
  }
})

it('finds a deal by its record without reading the records of all others', async () => {
  const store = await openStore({ url: folder(), now })
  const { db } = store.database
  const wanted = db.selectFrom('link_ref').select(['ref_key', 'link']).where('tenant', '=', 'default').where('ref_key', 'in', ['a', 'b']).compile()
  const steps = await db.executeQuery<{ detail: string }>({ ...wanted, sql: `explain query plan ${wanted.sql}` })
  expect(steps.rows.map(({ detail }) => detail)).toEqual([expect.stringContaining('(tenant=? AND ref_key=?)')])
  await store.close()
})

it('[R33] reads what was answered from the files as a loss of power leaves them, with the room that was laid out behind it', async () => {
  const [url, left] = [folder(), folder()]
  const store = await openStore({ url, now })
  const about = { source: 'partner-center', name: 'referral-updated', hints: [], urgency: 1 } as const
  const event = (index: number) => ({ ...about, eventKey: `kept-${index}` })
  const taken = 3_000 // More than the room that is laid out at once holds.
  for (let start = 0; start < taken; start += 10)
    await Promise.all(Array.from({ length: 10 }, (_, index) => store.acceptEvents([event(start + index)], now())))
  for (const name of ['cosell.db', 'cosell.db-wal']) cpSync(join(url, name), join(left, name))
  const log = readFileSync(join(left, 'cosell.db-wal'))
  expect(log.length).toBeGreaterThan(4 * 1_048_576)
  expect(log.subarray(-4_096).every((byte) => byte === 0), 'room behind the last commit').toBe(true)
  await store.close()
  const opened = await openStore({ url: left, now })
  const again = await opened.acceptEvents(Array.from({ length: taken }, (_, index) => event(index)), now())
  expect(again.filter(Boolean)).toEqual([])
  await opened.close()
})

it('[R54] tells a second process that the folder is taken', async () => {
  const url = folder()
  const first = await openStore({ url, now })
  await expect(openStore({ url, now })).rejects.toMatchObject({ kind: 'misconfigured' })
  await first.close()
  await (await openStore({ url, now })).close()
})

it('gives the deals and claims of a process that was killed to the next one at once, where only one can be', async () => {
  const url = folder()
  const first = await openStore({ url, now })
  const link = newLink(asLinkId('11111111-2222-4333-8444-555555555555'), now(), { partner: null, crm: null })
  await first.add(link, [], now())
  await first.queue.mark([{ link: link.id, dueAt: now(), urgency: 1, wide: false, because: 'test' }], now())
  const [held] = await first.queue.take({ limit: 1, now: now(), leaseMs: 60_000 })
  await first.claim('sweep.crm', { token: 'dead', forMs: 60_000, now: now() })
  await first.claim('turn:sweep', { token: 'done', forMs: 600_000, now: now() })
  await first.claim('turn:poll', { token: 'under way', forMs: 60_000, now: now() })
  await first.close()
  const second = await openStore({ url, now })
  expect(await second.queue.take({ limit: 1, now: now(), leaseMs: 60_000 })).toMatchObject([{ link: link.id }])
  expect(await second.queue.holds(held as Lease, now())).toBe(false)
  expect(await second.claim('sweep.crm', { token: 'alive', forMs: 60_000, now: now() })).toBe(true)
  expect(await second.claim('turn:sweep', { token: 'alive', forMs: 60_000, mostMs: 3_600_000, now: now() })).toBe(false)
  expect(await second.claim('turn:poll', { token: 'alive', forMs: 60_000, now: now() })).toBe(true)
  await second.close()
})

it('[R54] leaves the deals and claims of a running service alone when a command looks at its store beside it', async () => {
  const url = folder()
  const service = await openStore({ url, now })
  const link = newLink(asLinkId('11111111-2222-4333-8444-666666666666'), now(), { partner: null, crm: null })
  await service.add(link, [], now())
  await service.queue.mark([{ link: link.id, dueAt: now(), urgency: 1, wide: false, because: 'test' }], now())
  const [held] = await service.queue.take({ limit: 1, now: now(), leaseMs: 60_000 })
  await service.claim('sweep.crm', { token: 'at work', forMs: 60_000, now: now() })
  const beside = await openStore({ url, now, standing: 'beside' })
  expect(await service.queue.holds(held as Lease, now())).toBe(true)
  expect(await beside.claim('sweep.crm', { token: 'a command', forMs: 60_000, now: now() })).toBe(false)
  await beside.close()
  await service.close()
})

it('[R54] keeps both when two processes write to one deal at the same moment, and outlives a restart of PostgreSQL', async () => {
  postgres ??= startPostgres()
  const { url } = postgres
  const stores = await Promise.all([openStore({ url, now, tenant: 'meeting' }), openStore({ url, now, tenant: 'meeting' })])
  const ref = { side: 'partner', kind: 'referral', id: 'meeting' } as const
  const event = (key: string) => ({
    source: 'partner-center' as const,
    eventKey: key,
    name: 'referral-updated',
    hints: [{ ref, engagementId: null, wide: false }],
    urgency: 1 as const,
  })
  const burst = (name: string) =>
    Promise.all(Array.from({ length: 30 }, (_, index) => (stores[index % 2] ?? stores[0]).acceptEvents([event(`${name}-${index}`)], now())))
  await burst('first')
  const inside = stores[0].database.db.transaction().execute(async (trx) => {
    await trx.selectFrom('link').select('id').execute()
    postgres?.restart()
    await new Promise((resolve) => setTimeout(resolve, 200))
    await trx.selectFrom('link').select('id').execute()
  })
  await expect(inside).rejects.toThrow()
  await burst('second')
  expect((await stores[0].audit({ kinds: ['hinted'], limit: 100 })).records).toHaveLength(60)
  expect((await stores[0].verifyAudit()).broken).toEqual([])
  expect((await stores[0].list({ limit: 10 })).links).toHaveLength(1)
  for (const store of stores) await store.close()
})

it('takes a burst of events in few commits, and one bad event fails alone', async () => {
  const store = await openStore({ url: folder(), now })
  const event = (key: string, name: string) => ({ source: 'partner-center' as const, eventKey: key, name, hints: [], urgency: 1 as const })
  const burst = Array.from({ length: 50 }, (_, index) =>
    store.acceptEvents([event(`burst-${index}`, index === 25 ? (null as unknown as string) : 'referral-updated')], now()),
  )
  const results = await Promise.allSettled(burst)
  expect(results.filter((result) => result.status === 'rejected')).toHaveLength(1)
  expect(results[25]?.status).toBe('rejected')
  await store.close()
})

it('[R43] seals a token so that neither the file nor another key gives it away', () => {
  const file = join(folder(), 'seal.key')
  const seal = sealOf({ kind: 'file', path: file })
  const sealed = seal.close('refresh-token-1')
  expect(sealed).not.toContain('refresh-token-1')
  expect(sealOf({ kind: 'file', path: file }).open(sealed)).toBe('refresh-token-1')
  expect(() => sealOf({ kind: 'given', key: 'x'.repeat(40), previous: null }).open(sealed)).toThrow(/a key that is not known here/)
  expect(() => seal.open(`${sealed.slice(0, -2)}AA`)).toThrow(/altered/)
})

it('[R6] a deal that another process saves while it is joined with a second is no lost lease of the second: nothing was joined, and it is tried again', async () => {
  postgres ??= startPostgres()
  const { url } = postgres
  const store = await openStore({ url, now, tenant: 'joined' })
  const at = now()
  const keep = await store.add(newLink(asLinkId('joined-keep'), at, { partner: null, crm: null }), [], at)
  const drop = await store.add(newLink(asLinkId('joined-drop'), at, { partner: null, crm: null }), [], at)
  const { db } = store.database
  const merging = await db.transaction().execute(async (trx) => {
    // Saved, and not yet committed: the join has looked at the revision before, and waits for the row.
    await trx.updateTable('link').set({ revision: drop.revision + 1 }).where('id', '=', drop.id).execute()
    const outcome = store.merge(keep, drop, [], at).then(() => 'joined', (error: unknown) => error)
    for (let looks = 0; looks < 500; looks += 1) {
      const { rows } = await sql<{ waiting: number }>`select count(*)::int as waiting from pg_locks where not granted`.execute(trx)
      if ((rows[0]?.waiting ?? 0) > 0) break
    }
    return { outcome }
  })
  expect(await merging.outcome).toMatchObject({ kind: 'stale' })
  await store.close()
})
