import { describe, expect, it } from 'vitest'
import { pace } from './pace.js'
import { remote, retryAfterMs, type CallReport, type RemoteOptions, type TokenSource } from './send.js'
import { witnessed } from './witness.js'
import { NoAnswer, type Transport, type TransportAnswer, type TransportRequest } from './transport.js'

const clock = { now: () => 1_000_000, sleep: async () => undefined }
type Step = Partial<TransportAnswer> | NoAnswer

function sending(steps: readonly Step[], more: Partial<Pick<RemoteOptions, 'token' | 'asksToWait' | 'locate'>> = {}) {
  const sent: TransportRequest[] = []
  const reports: CallReport[] = []
  const left = [...steps]
  const transport: Transport = async (request) => {
    sent.push(request)
    const next = left.shift() ?? { status: 200 }
    if (next instanceof NoAnswer) throw next
    return { status: 200, headers: {}, body: Buffer.from('{}'), ...next }
  }
  let ids = 0
  const send = remote({
    name: 'Example', transport, clock, random: () => 0.5, hosts: ['api.example'], newId: () => `id-${(ids += 1)}`, onCall: (report) => reports.push(report),
    pace: pace({ clock, inFlightMost: 10, requestsPerSecond: 0 }),
    token: more.token ?? (async ({ fresh }) => (fresh ? 'second' : 'first')),
    correlation: (id) => ({ 'client-request-id': id }),
    ...(more.asksToWait === undefined ? {} : { asksToWait: more.asksToWait }),
    ...(more.locate === undefined ? {} : { locate: more.locate }),
  })
  const ask = (method = 'GET', url = 'https://api.example/things?secret=1') => send({ method, url, headers: { accept: 'x' }, body: method === 'GET' ? null : '{}', signal: new AbortController().signal })
  return { ask, send, sent, reports }
}
const reset = new NoAnswer('connection reset', { sent: true, cause: null })
const refusedConnection = new NoAnswer('connection refused', { sent: false, cause: null })

describe('sending', () => {
  it('[R50] leaves for configured hosts only', async () => {
    const { ask, sent } = sending([])
    for (const url of ['https://evil.example/', 'https://api.example:8443/', 'https://api.example@evil.example/', 'ftp://api.example/', 'https://api.example.evil.example/']) {
      await expect(ask('GET', url)).rejects.toMatchObject({ kind: 'invalid-answer' })
    }
    expect(sent).toEqual([])
  })

  it('carries the token and a correlation id of its own', async () => {
    const { ask, sent } = sending([])
    await ask()
    await ask('POST')
    expect(sent.map(({ headers }) => [headers['authorization'], headers['client-request-id']])).toEqual([['Bearer first', 'id-1'], ['Bearer first', 'id-2']])
  })

  it('waits longer where the caller knows that the service takes its time', async () => {
    const { sent, send } = sending([])
    const request = { method: 'POST', url: 'https://api.example/publish', headers: {}, body: '{}', signal: new AbortController().signal }
    await send(request)
    await send({ ...request, deadlineMs: 150_000 })
    expect(sent.map(({ timeoutMs }) => timeoutMs)).toEqual([25_000, 150_000])
  })

  it('[R6] sends nothing for work whose time went by while the call waited for its turn', async () => {
    let now = 1_000_000
    const seen: string[] = []
    const slow = { now: () => now, sleep: async () => void (now += 70_000) } // the process is stopped in its sleep
    const send = remote({
      name: 'Example', clock: slow, random: () => 0.5, hosts: ['api.example'], newId: () => 'id',
      transport: async ({ method }) => {
        seen.push(method)
        return seen.length === 1 ? { status: 429, headers: { 'retry-after': '1' }, body: Buffer.from('') } : { status: 201, headers: {}, body: Buffer.from('{}') }
      },
      pace: pace({ clock: slow, inFlightMost: 10, requestsPerSecond: 0 }), token: async () => 'token', correlation: () => ({}),
    })
    const post = (signal: AbortSignal) => send({ method: 'POST', url: 'https://api.example/things', headers: {}, body: '{}', signal })
    const quiet = { saw: () => undefined }
    expect((await witnessed(new AbortController().signal, post, { ...quiet, until: now + 60_000 })).status).toBe(429)
    await expect(witnessed(new AbortController().signal, post, { ...quiet, until: now + 60_000 })).rejects.toMatchObject({ kind: 'lease-lost' })
    expect(seen).toEqual(['POST'])
    expect((await witnessed(new AbortController().signal, post, { ...quiet, until: now + 1 })).status).toBe(201)
  })

  it('[R6] sends nothing for work whose time went by while the call waited for a connection', async () => {
    let now = 1_000_000
    const seen: string[] = []
    const stopped = { now: () => now, sleep: async () => undefined }
    const send = remote({
      name: 'Example', clock: stopped, random: () => 0.5, hosts: ['api.example'], newId: () => 'id',
      transport: async ({ method, lastLook }) => {
        now += 70_000
        lastLook?.()
        seen.push(method)
        return { status: 201, headers: {}, body: Buffer.from('{}') }
      },
      pace: pace({ clock: stopped, inFlightMost: 10, requestsPerSecond: 0 }), token: async () => 'token', correlation: () => ({}),
    })
    const post = (signal: AbortSignal) => send({ method: 'POST', url: 'https://api.example/things', headers: {}, body: '{}', signal })
    const within = (ms: number) => witnessed(new AbortController().signal, post, { saw: () => undefined, until: now + ms })
    await expect(within(60_000)).rejects.toMatchObject({ kind: 'lease-lost' })
    expect(seen).toEqual([])
    expect((await within(80_000)).status).toBe(201)
  })

  it('repeats a read a little, and a write never', async () => {
    const read = sending([reset, { status: 502 }])
    expect((await read.ask()).status).toBe(200)
    expect(read.sent).toHaveLength(3)
    const write = sending([{ status: 502 }])
    expect((await write.ask('PATCH')).status).toBe(502)
    expect(write.sent).toHaveLength(1)
  })

  it('does not repeat a read for which the whole deadline was waited', async () => {
    let now = 1_000_000
    let asked = 0
    const hanging: Transport = async ({ timeoutMs }) => {
      asked += 1
      now += timeoutMs
      throw new NoAnswer('no answer within 25 s', { sent: true, cause: null })
    }
    const late = { now: () => now, sleep: async () => undefined }
    const send = remote({
      ...{ name: 'Example', transport: hanging, clock: late, random: () => 0.5, hosts: ['api.example'], newId: () => 'id' },
      ...{ pace: pace({ clock: late, inFlightMost: 10, requestsPerSecond: 0 }), token: async () => 'token', correlation: () => ({}) },
    })
    const asking = send({ method: 'GET', url: 'https://api.example/things', headers: {}, body: null, signal: new AbortController().signal })
    await expect(asking).rejects.toMatchObject({ kind: 'offline' })
    expect(asked).toBe(1)
  })

  it('a POST that only asks is a read: a lost answer leaves nothing in doubt, and it is asked again', async () => {
    const url = 'https://api.example/things'
    const request = { method: 'POST', url, headers: {}, body: 'questions', signal: new AbortController().signal, asks: true }
    expect((await sending([reset, { status: 200 }]).send(request)).status).toBe(200)
    await expect(sending([reset, reset, reset, reset]).send(request)).rejects.toMatchObject({ kind: 'offline' })
  })

  it('a write whose answer was lost is ambiguous, one that never left is not', async () => {
    await expect(sending([reset]).ask('POST')).rejects.toMatchObject({ kind: 'ambiguous' })
    await expect(sending([refusedConnection]).ask('POST')).rejects.toMatchObject({ kind: 'offline' })
    await expect(sending([reset, reset, reset]).ask('GET')).rejects.toMatchObject({ kind: 'offline' })
  })

  it('asks for a new token once when the sign-in was refused, and repeats even a write', async () => {
    const { ask, sent } = sending([{ status: 401 }])
    expect((await ask('POST')).status).toBe(200)
    expect(sent.map(({ headers }) => headers['authorization'])).toEqual(['Bearer first', 'Bearer second'])
    const stubborn = sending([{ status: 401 }, { status: 401 }, { status: 401 }])
    expect((await stubborn.ask()).status).toBe(401)
    expect(stubborn.sent).toHaveLength(2)
  })

  it.each([429, 423, 509, 503])('after a %i with Retry-After nothing more is sent until then', async (status) => {
    const { ask, sent } = sending([{ status, headers: { 'retry-after': '30' } }])
    const first = await ask('POST')
    expect(first.status).toBe(status)
    await expect(ask()).rejects.toMatchObject({ kind: 'throttled', retryAfterMs: 30_000 })
    expect(sent).toHaveLength(1)
  })

  it('says until when it waits and why, and believes a demand of up to an hour', async () => {
    const plain = sending([{ status: 429, headers: { 'retry-after': '1200' } }])
    await plain.ask()
    await expect(plain.ask()).rejects.toMatchObject({ message: 'Example asked us to slow down; it is asked again at 00:36 UTC.', retryAfterMs: 1_200_000 })
    const why = { text: 'the calls of the day are used up', remedy: 'Have the allowance raised.' }
    const told = sending([{ status: 403 }], { asksToWait: ({ status }) => (status === 403 ? { ms: 900_000, why } : null) })
    await told.ask()
    const message = 'Example asked us to slow down: the calls of the day are used up; it is asked again at 00:31 UTC.'
    await expect(told.ask()).rejects.toMatchObject({ kind: 'throttled', message, remedy: why.remedy })
  })

  it.each([['a dead address', refusedConnection], ['a redirect', { status: 302 }], ['the edge', { status: 420 }]] as const)(
    'after %s the sign-in is asked where the service lives now, and a write goes there at once',
    async (_what, step) => {
      let host = 'api.example'
      let asked = 0
      const token: TokenSource = async ({ fresh }) => {
        if (fresh) [host, asked] = ['moved.example', asked + 1]
        return fresh ? 'second' : 'first'
      }
      const { ask, sent } = sending([step, { status: 204 }], { token, locate: (url) => url.replace('api.example', host) })
      expect((await ask('PATCH')).status).toBe(204)
      expect(sent.map(({ url }) => new URL(url).host)).toEqual(['api.example', 'moved.example'])
      expect(asked).toBe(1)
    },
  )

  it('a read that a page for people answers is asked for where the service lives now', async () => {
    let host = 'api.example'
    const token: TokenSource = async ({ fresh }) => (fresh ? (host = 'moved.example') : 'first')
    const page = { status: 404, headers: { 'content-type': 'text/html' }, body: Buffer.from('<html>Nobody lives here</html>') }
    const { ask } = sending([page, { status: 200 }, page], { token, locate: (url) => url.replace('api.example', host) })
    expect((await ask()).status).toBe(200)
    expect((await ask('PATCH')).status).toBe(404)
  })

  it('a read that the old address takes and cuts off is asked for where the service lives now; a write is not, as it may have happened', async () => {
    let host = 'api.example'
    const token: TokenSource = async ({ fresh }) => (fresh ? (host = 'moved.example') : 'first')
    const { ask, sent } = sending([reset, reset, { status: 200 }], { token, locate: (url) => url.replace('api.example', host) })
    await expect(ask('PATCH')).rejects.toMatchObject({ kind: 'ambiguous' })
    expect((await ask()).status).toBe(200)
    expect(sent.map(({ url }) => new URL(url).host)).toEqual(['api.example', 'api.example', 'moved.example'])
  })

  it('asks where a service lives once a minute, and tells what failed when it has not moved', async () => {
    let asked = 0
    const token: TokenSource = async ({ fresh }) => `token-${(asked += fresh ? 1 : 0)}`
    const { ask } = sending([refusedConnection, refusedConnection, { status: 420 }], { token, locate: (url) => url })
    await expect(ask('PATCH')).rejects.toMatchObject({ kind: 'offline' })
    await expect(ask('PATCH')).rejects.toMatchObject({ kind: 'offline' })
    expect((await ask('PATCH')).status).toBe(420)
    expect(asked).toBe(1)
  })

  it('reports every call without query, headers or body', async () => {
    const { ask, reports } = sending([{ headers: { 'request-id': 'r-7' } }])
    await ask()
    expect(reports).toEqual([{ system: 'Example', method: 'GET', path: '/things', status: 200, ms: 0, requestId: 'r-7', bytes: 2, waitMs: null, allowances: [] }])
  })

  it('reads Retry-After as seconds or as a date', () => {
    const at = (value: string) => retryAfterMs({ headers: { 'retry-after': value } }, Date.parse('2026-08-03T09:00:00Z'))
    expect(at('57')).toBe(57_000)
    expect(at('Mon, 03 Aug 2026 09:01:00 GMT')).toBe(60_000)
    expect(at('Mon, 03 Aug 2026 08:00:00 GMT')).toBe(0)
    expect(at('soon')).toBeNull()
    expect(at(' ')).toBeNull()
    expect(retryAfterMs({ headers: {} }, 0)).toBeNull()
    // The service's clock may differ from ours; its own date tells by how much.
    const headers = { date: 'Mon, 03 Aug 2026 09:10:00 GMT', 'retry-after': 'Mon, 03 Aug 2026 09:10:30 GMT' }
    expect(retryAfterMs({ headers }, Date.parse('2026-08-03T09:59:00Z'))).toBe(30_000)
  })
})
