import { beforeEach, describe, expect, it } from 'vitest'
import { memoryStore } from '../../test/support/memory-store.js'
import { Fault } from '../core/fault.js'
import type { Check } from '../core/ports.js'
import { NoAnswer, type TransportRequest } from '../remote/transport.js'
import { guardAsker, guardConnection, guardConnections, type GuardedConnection, type GuardTurn } from './connection-guard.js'
import { noticeBoard, type NoticeBoard } from './notice.js'
import { relayOf } from './relay.js'
import { guardWebhook, HEARD, type WebhookPolicy } from './webhook-guard.js'

const minute = 60_000
const hour = 60 * minute
const day = 24 * hour
const start = Date.UTC(2026, 10, 1, 12)
let now = start
const clock = { now: () => now }
let store: ReturnType<typeof memoryStore>
let board: NoticeBoard
const signal = new AbortController().signal
beforeEach(() => {
  now = start
  store = memoryStore({ random: () => 0.5 })
  board = noticeBoard(store, clock, () => undefined)
})
const titles = async (): Promise<readonly string[]> => (await board.open()).map(({ title }) => title).sort()

const fine: Check = { name: 'CRM sign-in', status: 'pass', detail: 'Signed in.', remedy: null }
const expired = new Fault('signed-out', 'AADSTS700082: expired.', { remedy: 'Sign in again.' })
const away = new Fault('offline', 'down', { remedy: '' })

describe('the guard of a connection', () => {
  const connection = (ready: () => Promise<readonly Check[]>, secretExpiresAt: number | null = null) => ({
    name: 'partner-center',
    label: 'Partner Center',
    ready,
    secretExpiresAt,
    tokenLapsesAt: () => Promise.resolve(null),
    repair: 'cosell connect partner-center',
  })
  const guard = (given: ReturnType<typeof connection>) => guardConnection(given, board, { now, signal })

  it('tells a refused sign-in at once and an outage not at all, and takes it back when it is repaired', async () => {
    await guard(connection(() => Promise.reject(away)))
    expect(await board.open()).toEqual([])
    await guard(connection(() => Promise.reject(expired)))
    expect(await board.open()).toMatchObject([
      { level: 'urgent', text: expect.stringContaining('AADSTS700082') as string, remedy: 'Sign in again.' },
    ])
    // An outage says nothing about the sign-in: what stood stands.
    expect(await guard(connection(() => Promise.reject(away)))).toEqual({ standing: 'unknown', repaired: false })
    expect(await board.open()).toHaveLength(1)
    expect(await guard(connection(() => Promise.resolve([fine])))).toEqual({ standing: 'well', repaired: true })
    expect(await board.open()).toEqual([])
  })

  it('tells a missing second factor or right, and a role that seems too small', async () => {
    const failed: Check = { name: 'Partner Center: second factor', status: 'fail', detail: 'No second factor.', remedy: 'Sign in with one.' }
    const small: Check = { name: 'Partner Center: role', status: 'warn', detail: 'Sees own deals only.', remedy: 'Give it Referrals admin.' }
    await guard(connection(() => Promise.resolve([fine, failed, small])))
    expect(await titles()).toEqual(['Partner Center refuses the connector', "Partner Center: the connector's role may be too small"])
    await guard(connection(() => Promise.resolve([fine, small])))
    expect(await titles()).toEqual(["Partner Center: the connector's role may be too small"])
    await guard(connection(() => Promise.resolve([fine])))
    expect(await titles()).toEqual([])
  })

  it('tells that the version of an API ends, and takes it back once another is spoken', async () => {
    const detail = 'The org says of version 66.0: it ends.'
    const ending: Check = { name: 'CRM API version', status: 'warn', detail, remedy: 'Update cosell.' }
    await guard(connection(() => Promise.resolve([fine, ending])))
    expect(await board.open()).toMatchObject([{ level: 'normal', text: detail, remedy: 'Update cosell.' }])
    await guard(connection(() => Promise.resolve([fine])))
    expect(await titles()).toEqual([])
  })

  it('tells that a secret ends 14, 7 and 1 days before, each once', async () => {
    const seen: number[] = []
    for (let days = 20; days >= -1; days -= 1) {
      now = start - days * day
      await guard(connection(() => Promise.resolve([fine]), start))
      seen.push((await board.open()).length)
    }
    expect(seen[5]).toBe(0)
    expect([seen[6], seen[12], seen[13], seen[18], seen[19], seen[20]]).toEqual([1, 1, 2, 2, 3, 4])
  })

  /** Lets time pass, with a turn of the guard every five seconds. */
  async function passing(parts: GuardTurn, ms: number, before: () => void = () => undefined): Promise<void> {
    for (const until = now + ms; now < until; now += 5_000) {
      before()
      await guardConnections(parts, signal)
    }
  }

  it('looks every ten minutes, at once when something was refused, and every minute until it is repaired, which is told to the queue once', async () => {
    let looks = 0
    let broken = false
    let repairs = 0
    const ready = (): Promise<readonly Check[]> => {
      looks += 1
      return broken ? Promise.reject(expired) : Promise.resolve([fine])
    }
    const parts = { store, clock, board, connections: [connection(ready)], repaired: () => Promise.resolve(void (repairs += 1)), back: () => Promise.reject(new Error('it was refused, not away')) }
    const ask = guardAsker(store, clock)
    const run = async (ms: number): Promise<number> => {
      const before = looks
      await passing(parts, ms)
      return looks - before
    }
    expect(await run(10 * minute)).toBe(1)
    broken = true
    ask('offline')
    expect(await run(minute)).toBe(1) // The ten minutes are over.
    expect(await titles()).toHaveLength(1)
    expect(await run(5 * minute)).toBe(5)
    broken = false
    await run(minute)
    expect([await titles(), repairs]).toEqual([[], 1])
    broken = true
    ask('signed-out')
    expect(await run(5_000)).toBe(1)
    expect(await titles()).toHaveLength(1)
  })

  it('looks a few times a minute while a system is away, and tells the queue once that it is back', async () => {
    let looks = 0
    let isAway = false
    let wakes = 0
    const ready = (): Promise<readonly Check[]> => {
      looks += 1
      return isAway ? Promise.reject(away) : Promise.resolve([fine])
    }
    const parts = { store, clock, board, connections: [connection(ready)], repaired: () => Promise.reject(new Error('nothing was refused')), back: () => Promise.resolve(void (wakes += 1)) }
    const ask = guardAsker(store, clock)
    const run = async (ms: number): Promise<number> => {
      const before = looks
      await passing(parts, ms)
      return looks - before
    }
    await run(5_000)
    for (const attempt of [1, 2, 3]) ask('offline', attempt)
    expect(await run(minute)).toBe(0) // A call that fails now and then is no outage.
    ask('offline', 4)
    expect([await run(minute), wakes]).toEqual([1, 0]) // Nor is one deal's own trouble: the system answers.
    isAway = true
    ask('offline', 4)
    expect([await run(minute), wakes, await titles()]).toEqual([4, 0, []])
    isAway = false
    expect([await run(minute), wakes]).toEqual([1, 1])
    // A system may say so in a check as well: it was not refused.
    isAway = true
    const cannotBeReached: Check = { name: 'CRM sign-in', status: 'fail', detail: 'down', remedy: '', fault: 'offline' }
    parts.connections = [connection(() => (isAway ? Promise.resolve([cannotBeReached]) : Promise.resolve([fine])))]
    ask('throttled', 9)
    await run(minute)
    expect(await titles()).toEqual([])
    isAway = false
    await run(minute)
    expect(wakes).toBe(2)
  })

  it('asks the one that is away, and leaves the others alone but for a whole look a minute where deals are in vain', async () => {
    const looks = { there: 0, gone: 0 }
    const there: GuardedConnection = {
      ...connection(() => Promise.resolve([fine])),
      name: 'crm',
      ready: () => Promise.resolve([fine]).finally(() => (looks.there += 1)),
    }
    const gone = connection(() => Promise.reject(away).finally(() => (looks.gone += 1)))
    const parts = { store, clock, board, connections: [there, gone], repaired: () => Promise.resolve(), back: () => Promise.resolve() }
    const ask = guardAsker(store, clock)
    const run = async (ms: number, asking: boolean): Promise<{ there: number; gone: number }> => {
      const before = { ...looks }
      await passing(parts, ms, () => (asking ? ask('offline', 4) : undefined))
      return { there: looks.there - before.there, gone: looks.gone - before.gone }
    }
    expect(await run(minute, false)).toEqual({ there: 1, gone: 4 })
    expect(await run(5 * minute, false)).toEqual({ there: 0, gone: 20 })
    expect((await run(5 * minute, true)).there).toBeLessThanOrEqual(6)
  })
})

describe('the guard of the webhook', () => {
  const wanted = { url: 'https://ours.example/hooks/partner-center', events: ['referral-created', 'referral-updated'] }
  const theirs = { url: 'https://theirs.example', events: ['referral-created'] }
  const world = async (registered: { url: string; events: string[] } | null, policy: WebhookPolicy) => {
    const state = { registered, puts: 0, tests: 0, arrives: true, refused: false }
    const webhook = {
      wanted: () => Promise.resolve(wanted),
      show: () => (state.refused ? Promise.reject(new Fault('forbidden', '403.', { remedy: 'A role.' })) : Promise.resolve(state.registered)),
      register: () => {
        state.puts += 1
        state.registered = wanted
        return Promise.resolve()
      },
      test: () => {
        state.tests += 1
        return Promise.resolve({ arrived: state.arrives, detail: '502 Bad gateway' })
      },
    }
    await store.setValue('webhook.ours', { url: wanted.url }, { expect: 'any', now })
    return { state, look: () => guardWebhook({ store, clock, board, webhook, policy }, signal) }
  }

  it('announces a foreign registration and puts ours back only where the policy says so', async () => {
    const announced = await world(theirs, 'announce')
    await announced.look()
    expect(announced.state.puts).toBe(0)
    expect(await board.open()).toMatchObject([{ text: expect.stringContaining('https://theirs.example') as string }])
    const repaired = await world(theirs, 'repair')
    await repaired.look()
    expect(repaired.state.registered).toEqual(wanted)
    await repaired.look()
    expect(repaired.state.puts).toBe(1)
    expect(await board.open()).toEqual([])
  })

  it('puts ours back three times a day and no more: two that do so for ever help nobody', async () => {
    const { state, look } = await world(theirs, 'repair')
    for (let times = 0; times < 6; times += 1) {
      state.registered = theirs
      await look()
      now += hour
    }
    expect(state.puts).toBe(3)
    now += day
    await look()
    expect(state.puts).toBe(4)
  })

  it('is none of our business before ours was ever registered', async () => {
    const { state, look } = await world(theirs, 'repair')
    await store.dropValue('webhook.ours')
    await look()
    expect([state.puts, state.tests, await titles()]).toEqual([0, 0, []])
  })

  it('proves by a test event that events arrive: after the registration, and after six hours of quiet', async () => {
    const { state, look } = await world(wanted, 'announce')
    await look()
    expect(state.tests).toBe(1)
    for (let times = 0; times < 35; times += 1) {
      now += 10 * minute
      await look()
    }
    expect(state.tests).toBe(1)
    await store.setValue(HEARD, now, { expect: 'any', now })
    now += 5 * hour
    await look()
    expect(state.tests).toBe(1)
    now += hour
    state.arrives = false
    await look()
    expect(state.tests).toBe(2)
    expect(await board.open()).toMatchObject([{ text: expect.stringContaining('502 Bad gateway') as string }])
    now += hour
    await store.setValue(HEARD, now, { expect: 'any', now })
    await look()
    expect(await titles()).toEqual([])
  })

  it('says that a right is missing, and goes on looking', async () => {
    const { state, look } = await world(wanted, 'announce')
    state.refused = true
    await look()
    expect(await titles()).toEqual(['Partner Center does not show its webhook registration to the connector'])
    state.refused = false
    await look()
    expect(await titles()).toEqual([])
  })
})

describe('the relay', () => {
  const asked: TransportRequest[] = []
  let status: number | null = 200
  let target: string | null = 'https://before.example/hook'
  const relay = () =>
    relayOf({
      store,
      clock,
      board,
      warn: () => undefined,
      target: () => Promise.resolve(target),
      transport: (request) => {
        asked.push(request)
        if (status === null) return Promise.reject(new NoAnswer('nobody', { sent: false, cause: null }))
        return Promise.resolve({ status, headers: { location: 'https://elsewhere.example/' }, body: Buffer.alloc(0) })
      },
    })
  const event = {
    key: 'k1',
    name: 'subscription-updated',
    headers: { authorization: 'Signature AAAA', 'x-ms-certificate-url': 'https://c.example/a.cer', cookie: 'session', host: 'ours', 'x-forwarded-for': '10.0.0.1' },
    body: Buffer.from('{"EventName":"subscription-updated"}'),
  }
  beforeEach(() => {
    asked.length = 0
    status = 200
    target = 'https://before.example/hook'
  })

  it('passes an event on as it came, once, with the headers that prove it and no others', async () => {
    await relay().keep(event)
    await relay().keep(event)
    await relay().deliver(signal)
    await relay().keep(event)
    await relay().deliver(signal)
    expect(asked).toMatchObject([{ method: 'POST', url: target, body: event.body }])
    expect(asked[0]?.headers).toEqual({ authorization: 'Signature AAAA', 'x-ms-certificate-url': 'https://c.example/a.cer' })
  })

  it('keeps what is not taken, follows no redirect, tells it, and gives up after three days', async () => {
    await relay().keep(event)
    for (const answer of [302, 500, null]) {
      status = answer
      await relay().deliver(signal)
      await relay().deliver(signal) // Not before its pause is over.
      now += minute
    }
    expect(asked.map(({ url }) => url)).toEqual(Array.from({ length: 3 }, () => target))
    expect(await titles()).toEqual(['Events of the earlier webhook owner cannot be passed on'])
    status = 204
    await relay().deliver(signal)
    expect([asked.length, await titles()]).toEqual([4, []])
    status = 500
    await relay().keep({ ...event, key: 'k2' })
    for (; now < start + 4 * day; now += hour) await relay().deliver(signal)
    const before = asked.length
    now += day
    await relay().deliver(signal)
    expect(asked.length).toBe(before)
    expect(await store.listValues('relay.waiting.')).toEqual([])
  })

  it('sends nothing once the address is not allowed any more', async () => {
    await relay().keep(event)
    target = null
    for (let times = 0; times < 4; times += 1) {
      await relay().deliver(signal)
      now += minute
    }
    expect(asked).toEqual([])
    expect(await titles()).toHaveLength(1)
  })
})
