import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { AcceptedEvent } from '../../src/core/ports.js'
import type { EndRef } from '../../src/core/ref.js'
import { openStore, openStores } from '../../src/store/index.js'
import { startPostgres, type PrivatePostgres } from '../support/postgres.js'

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

const referral: EndRef = { side: 'partner', kind: 'referral', id: 'the same referral' }
const arrival: AcceptedEvent = {
  source: 'partner-center',
  eventKey: 'the same key',
  name: 'referral-updated',
  hints: [{ ref: referral, engagementId: null, wide: false }],
  urgency: 1,
}

describe.each(['sqlite', 'postgres'] as const)('on %s', (kind) => {
  const address = (): string => (kind === 'sqlite' ? folder() : (postgres ??= startPostgres()).url)

  it('[R80] keeps two tenants apart in one database, also where every id is the same', async () => {
    const stores = await openStores({ url: address(), now }, ['a', 'b'])
    const [a, b] = [stores.get('a') ?? expect.fail(), stores.get('b') ?? expect.fail()]
    expect([await a.acceptEvents([arrival], now()), await b.acceptEvents([arrival], now())]).toEqual([[true], [true]])
    const [ofA] = await a.linksOf(referral, null)
    const [ofB] = await b.linksOf(referral, null)
    expect(ofA?.id).not.toBe(ofB?.id)
    expect(await b.load(ofA?.id ?? expect.fail())).toBeNull()
    expect(await b.queue.take({ limit: 9, now: now(), leaseMs: 1_000, only: [ofA?.id ?? expect.fail()] })).toEqual([])
    expect(await a.setValue('x', 1, { expect: null, now: now() })).toBe(true)
    expect(await b.getValue('x')).toBeNull()
    expect(await a.claim('turn', { token: 'a', forMs: 1_000, now: now() })).toBe(true)
    expect(await b.claim('turn', { token: 'b', forMs: 1_000, now: now() })).toBe(true)
    expect((await b.list({ limit: 9 })).links.map(({ id }) => id)).toEqual([ofB?.id])
    await a.close()
    expect((await b.counts()).pending).toBe(1) // The database stays open for the one who is still there.
    await b.close()
  })

  it('wakes the tenant that has work, and no other', async () => {
    const stores = await openStores({ url: address(), now }, ['c', 'd'])
    const [a, b] = [stores.get('c') ?? expect.fail(), stores.get('d') ?? expect.fail()]
    const woken: string[] = []
    a.queue.onMark(() => woken.push('a'))
    b.queue.onMark(() => woken.push('b'))
    await b.acceptEvents([arrival], now())
    expect(new Set(woken)).toEqual(new Set(['b']))
    await a.close()
    await b.close()
  })

  it('refuses a mark to continue after that no list gave', async () => {
    const store = await openStore({ url: address(), now, tenant: 'marks' })
    for (const after of ['x', '~', '12', '1e9~a', '12~']) await expect(store.list({ limit: 5, after })).rejects.toMatchObject({ kind: 'rejected' })
    for (const after of ['x', '-1', '1.5', '9'.repeat(20)])
      await expect(store.audit({ limit: 5, after })).rejects.toMatchObject({ kind: 'rejected' })
    await store.close()
  })
})
