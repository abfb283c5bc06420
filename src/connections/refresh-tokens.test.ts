import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { engineClock, runWithClock } from '../../test/simulation/hand-clock.js'
import { handClock } from '../sandbox/clock.js'
import { openStore, rotateSecrets, sealOf, type OpenStore } from '../store/index.js'
import { PARTNER_CENTER_TOKEN, refreshTokens, storeSignIn, tokenLapsesAt } from './refresh-tokens.js'

const day = 86_400_000
const start = Date.UTC(2026, 10, 1)
let now = start
let folder: string
let store: OpenStore
const planted: string[] = []
const clock = { now: () => now, sleep: () => Promise.resolve() }
const source = () => ({ kind: 'file', path: join(folder, 'seal.key') }) as const
const parts = () => ({ store, seal: sealOf(source()), plant: (secret: string) => void planted.push(secret), clock })

beforeEach(async () => {
  now = start
  folder = mkdtempSync(join(tmpdir(), 'cosell-token-'))
  store = await openStore({ url: folder, now: () => now })
  planted.length = 0
})
afterEach(async () => {
  await store.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('the refresh token', () => {
  it('is sealed where it stands, and every one that was seen is masked from then on', async () => {
    const tokens = refreshTokens(parts(), 'seed-token')
    expect(await tokens.read()).toBe('seed-token')
    expect(await tokens.renewed('seed-token', 'second-token')).toBe('stored')
    expect(JSON.stringify(await store.getValue(PARTNER_CENTER_TOKEN))).not.toMatch(/seed-token|second-token/)
    expect(await tokens.read()).toBe('second-token')
    expect(planted).toContain('second-token')
  })

  it('that a person has put in by signing in stands against a renewal of the one before', async () => {
    const tokens = refreshTokens(parts(), 'seed-token')
    const before = await tokens.signIn()
    await storeSignIn(parts(), 'seed-token', 'signed-in-anew')
    expect(await tokens.renewed('seed-token', 'late-renewal')).toBe('replaced')
    expect(await tokens.read()).toBe('signed-in-anew')
    const signIn = await tokens.signIn()
    expect(signIn).not.toBe(before)
    await tokens.renewed('signed-in-anew', 'next')
    expect(await tokens.signIn()).toBe(signIn)
  })

  it('is stored although the sealing key is changed between its being read and its being renewed', async () => {
    const tokens = refreshTokens(parts(), null)
    await storeSignIn(parts(), null, 'first')
    await rotateSecrets(folder, source(), now)
    expect(await tokens.renewed('first', 'second')).toBe('stored')
    expect(await tokens.read()).toBe('second')
  })

  it('does not lapse while it is used, also where the sign-in service gives the same one back', async () => {
    const tokens = refreshTokens(parts(), null)
    await storeSignIn(parts(), null, 'one-for-ever')
    for (let days = 0; days < 100; days += 1) {
      now += day
      await tokens.renewed('one-for-ever', 'one-for-ever')
    }
    expect(await tokenLapsesAt(store)).toBe(now + 90 * day)
    const { revision } = (await store.getValue(PARTNER_CENTER_TOKEN)) ?? {}
    now += 60_000
    await tokens.renewed('one-for-ever', 'one-for-ever')
    expect((await store.getValue(PARTNER_CENTER_TOKEN))?.revision).toBe(revision)
  })

  it('of the configuration is newer when a person has changed it there', async () => {
    await refreshTokens(parts(), 'old-seed').renewed('old-seed', 'renewed')
    expect(await refreshTokens(parts(), 'old-seed').read()).toBe('renewed')
    expect(await refreshTokens(parts(), 'new-seed').read()).toBe('new-seed')
  })

  it('is renewed by one process at a time, and waits some seconds only for one that was killed while it renewed', async () => {
    const hand = handClock(start)
    const shared = { ...parts(), clock: engineClock(hand) }
    const killed = { ...shared, store: { ...store, claim: onlyOnce(store.claim) } }
    const order: string[] = []
    void refreshTokens(killed, 'seed').exclusively(() => new Promise(() => order.push('killed')))
    const living = refreshTokens(shared, 'seed')
    const long = living.exclusively(async () => {
      order.push(`first after ${String((hand.now() - start) / 1_000)} s`)
      await shared.clock.sleep(25_000)
      order.push('first is through')
    })
    await runWithClock(hand, Promise.all([long, living.exclusively(async () => order.push('second'))]))
    expect(order).toEqual(['killed', expect.stringMatching(/^first after (\d|1[0-5])(\.\d+)? s$/), 'first is through', 'second'])
  })
})

/** The claims of a process that was killed after its first. */
const onlyOnce = (claim: OpenStore['claim']): OpenStore['claim'] => {
  let claims = 0
  return (...asked) => ((claims += 1) === 1 ? claim(...asked) : Promise.reject(new Error('killed')))
}
