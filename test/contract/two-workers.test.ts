import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { realClock } from '../../src/clock.js'
import { commonClock } from '../../src/common-clock.js'
import { refreshTokens, storeSignIn } from '../../src/connections/refresh-tokens.js'
import { newLink } from '../../src/core/link.js'
import { asLinkId } from '../../src/core/ref.js'
import { delegated, type TokenEndpoint } from '../../src/remote/tokens.js'
import { entra } from '../../src/sandbox/entra/index.js'
import { seededRng } from '../../src/sandbox/rng.js'
import { openStore, sealOf, type OpenStore } from '../../src/store/index.js'
import { noticeBoard, type Channel } from '../../src/watch/notice.js'
import { remind } from '../../src/watch/response-clock.js'
import { inProcess } from '../support/partner-center-world.js'
import { startPostgres, type PrivatePostgres } from '../support/postgres.js'

/** What must happen once although several workers on one PostgreSQL do it at the same time, and although they are started anew. */
let postgres: PrivatePostgres
const day = 86_400_000
const start = Date.UTC(2026, 10, 1, 12)
let now = start
const open = (): Promise<OpenStore> => openStore({ url: postgres.url, now: () => now })
beforeAll(() => {
  postgres = startPostgres()
})
afterAll(() => postgres.stop())
const signal = new AbortController().signal

describe('several workers', () => {
  it('[R6] tell one time, the database\'s, however far their machines\' clocks are apart: a lease is worth nothing otherwise', async () => {
    const store = await open()
    const told: number[] = []
    const clocks = [90_000, -90_000, 0].map((aheadMs) =>
      commonClock(
        { ...realClock, now: () => Date.now() + aheadMs },
        () => store.timeThere(),
        (_text, byMs) => told.push(Math.round(byMs / 1_000)),
      ),
    )
    await Promise.all(clocks.map((clock) => clock.compare()))
    for (const clock of clocks) expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1_000)
    expect(told.sort()).toEqual([-90, 90])
    await store.close()
  })

  it('remind of an answer on days 7, 10 and 13, each once, however many there are and however often they start anew', async () => {
    const first = await open()
    for (const name of ['A', 'B']) {
      const link = newLink(asLinkId(`D-${name}`), start, { partner: { side: 'partner', kind: 'referral', id: `R-${name}` }, crm: null })
      const expires = new Date(start + 14 * day).toISOString()
      const base = { partner: { expirationDateTime: expires }, crm: {} }
      await first.add({ ...link, name, stage: 'New/Pending', base: base }, [], start) // what the clock reads of a deal
    }
    await first.close()
    const heard: string[] = []
    const channel: Channel = { name: 'chat', send: ({ key }) => Promise.resolve(void heard.push(key)) }
    for (now = start; now < start + 15 * day; now += day / 2) {
      const stores = await Promise.all([open(), open(), open()])
      const turn = async (store: OpenStore): Promise<void> => {
        const board = noticeBoard(store, { now: () => now }, () => undefined)
        await remind(store, board, { now: () => now })
        await board.deliver([channel], { quiet: false, signal })
      }
      await Promise.all(stores.map(turn))
      for (const store of stores) await store.close()
    }
    expect(heard.filter((key) => key.includes('D-A')).map((key) => key.split('.').at(-1))).toEqual(['7', '10', '13'])
    expect(new Set(heard).size).toBe(6)
    expect(heard).toHaveLength(6)
  }, 60_000)

  it('renew one refresh token that may be used once, and none of them is ever signed out', async () => {
    now = start
    const clock = { now: () => now, at: () => undefined }
    const clientId = '11111111-2222-4333-8444-555555555555'
    const audiences = ['https://api.partner.microsoft.com', 'https://api.partnercenter.microsoft.com']
    const directory = entra({
      clock: clock as never, // nothing in it waits
      rng: seededRng(7),
      tenantId: '77b9d0de-4f0e-4cf7-a1d2-2b8e6a1f4c55',
      signatures: 'rs256',
      options: { usedRefreshToken: 'refused' },
      apps: [{ clientId, secret: 'the secret', kind: 'delegated', consents: audiences }],
      users: [{ email: 'ana@partner.example', roles: ['ReferralsAdmin'], mfa: true }],
    })
    const seal = sealOf({ kind: 'given', key: 'k'.repeat(40), previous: null })
    const stores = await Promise.all([open(), open(), open()])
    const waiting = { now: () => now, sleep: () => new Promise<void>((resolve) => setTimeout(resolve, 5)) }
    const parts = (store: OpenStore) => ({ store, seal, plant: () => undefined, clock: waiting })
    const seed = directory.seedRefreshToken({ clientId, email: 'ana@partner.example' })
    const [one] = stores
    if (one !== undefined) await storeSignIn(parts(one), null, seed)
    let asked = 0
    let atOnce = 0
    let most = 0
    const send = inProcess(directory.handle)
    const endpoint: TokenEndpoint = {
      clock: waiting,
      name: 'Partner Center',
      repair: 'cosell connect partner-center',
      url: 'https://login.test/77b9d0de-4f0e-4cf7-a1d2-2b8e6a1f4c55/oauth2/v2.0/token',
      async transport(request) {
        asked += 1
        most = Math.max(most, (atOnce += 1))
        const answer = await send(request)
        await new Promise((resolve) => setTimeout(resolve, 3))
        atOnce -= 1
        return answer
      },
    }
    const sources = stores.flatMap((store) => {
      const tokens = refreshTokens(parts(store), null)
      return audiences.map((audience) => delegated(endpoint, { clientId, clientSecret: 'the secret', scope: `${audience}/.default offline_access`, tokens }))
    })
    for (let round = 0; round < 4; round += 1) {
      const got = await Promise.all(sources.map((source) => source({ fresh: false, signal })))
      expect(new Set(got).size).toBe(sources.length)
      now += 3_600_000
    }
    expect([asked, most]).toEqual([4 * sources.length, 1])
    for (const store of stores) await store.close()
  }, 60_000)
})
