import { connect } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { installation, type Installation, type InstallationWish } from '../support/installation.js'

/** Requests as proxies, scanners and other people's senders write them: by hand, over a connection of their own. */
let here: Installation
const token = 'a-token-of-a-script-1'
const open = async (wish: InstallationWish = {}): Promise<Installation> =>
  (here = await installation({ server: { adminTokens: [token] }, ...wish }))
afterEach(() => here.close())

const ask = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${here.address}${path}`, { redirect: 'manual', ...init })
const bearer = { authorization: `Bearer ${token}` }

/** What comes back for these very bytes. */
function raw(text: string): Promise<string> {
  const { hostname, port } = new URL(here.address)
  return new Promise((resolve, reject) => {
    let answer = ''
    const socket = connect(Number(port), hostname, () => socket.write(text))
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => (answer += chunk))
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })
}

describe('what no route ever sees', () => {
  it('is a problem like every other, and carries what every answer carries', async () => {
    await open()
    const answer = await ask('/api/v1/deals/%zz', { headers: bearer })
    expect([answer.status, answer.headers.get('content-type')]).toEqual([400, 'application/problem+json; charset=utf-8'])
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff')
    expect(answer.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(await answer.json()).toMatchObject({ status: 400, code: 'bad-request', type: 'urn:cosell:problem:bad-request' })
    for (const [bytes, status] of [
      ['NONSENSE\r\n\r\n', 400],
      ['GET / HTTP/1.1\r\nhost: x\r\nbad header: 1\r\n\r\n', 400],
      ['POST /hooks/partner-center HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n', 400],
      [`GET / HTTP/1.1\r\nhost: x\r\nlong: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ] as const) {
      const text = await raw(bytes)
      expect(text).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
      expect(text.toLowerCase()).toContain('content-type: application/problem+json')
      expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n')))).toMatchObject({ status, code: expect.any(String) as string })
    }
  })
})

describe('a callback key', () => {
  it('may hold a plus, whether the sender escapes it in ?code= or not', async () => {
    await open({ webhookKey: 'a+b/c==' })
    const status = async (path: string): Promise<number> => (await ask(path, { method: 'POST', body: '{}' })).status
    for (const path of ['/hooks/dynamics?code=a+b/c==', '/hooks/dynamics?x=1&code=a%2Bb%2Fc%3D%3D', '/hooks/dynamics/a+b%2Fc=='])
      expect([path, await status(path)]).not.toEqual([path, 401])
    for (const path of ['/hooks/dynamics?code=a%20b/c==', '/hooks/dynamics?code=a b/c==&code=', '/hooks/dynamics?code=%zz', '/hooks/dynamics?nocode=a+b/c=='])
      expect([path, await status(path)]).toEqual([path, 401])
  })
  it('may be as long as keys are, also as the last part of the path', async () => {
    const key = 'k'.repeat(256)
    await open({ webhookKey: key })
    expect((await ask(`/hooks/dynamics/${key}`, { method: 'POST', body: '{}' })).status).not.toBe(404)
    expect((await ask(`/hooks/dynamics/${key}`, { method: 'POST', body: '{}' })).status).not.toBe(401)
    expect((await ask(`/hooks/dynamics/${'x'.repeat(256)}`, { method: 'POST', body: '{}' })).status).toBe(401)
    expect((await ask(`/api/v1/deals/${'x'.repeat(150)}`, { headers: bearer })).status).toBe(404)
    expect(await (await ask(`/api/v1/deals/${'x'.repeat(150)}`, { headers: bearer })).json()).toMatchObject({ code: 'missing' })
    expect((await ask(`/api/v1/deals/${'x'.repeat(201)}`, { headers: bearer })).status).toBe(400)
  })
})

describe('an address that guesses', () => {
  it('waits with its whole network, since one customer of a provider has every address in it', async () => {
    await open({ server: { adminTokens: [token], trustedProxies: ['127.0.0.1'] } })
    const guess = async (tail: number): Promise<number> =>
      (await ask('/api/v1/me', { headers: { authorization: 'Bearer wrong', 'x-forwarded-for': `2001:db8:1:2::${tail.toString(16)}` } })).status
    for (let tries = 1; tries <= 5; tries += 1) expect(await guess(tries)).toBe(401)
    expect(await guess(6)).toBe(429)
    expect((await ask('/api/v1/me', { headers: { ...bearer, 'x-forwarded-for': '2001:db8:1:3::1' } })).status).toBe(200)
  })
})

describe('[R34] while the last connections end', () => {
  it('answers 503 with Retry-After to a webhook, however its path is spelled', async () => {
    await open()
    const { hostname, port } = new URL(here.address)
    const socket = connect(Number(port), hostname)
    let heard = ''
    socket.setEncoding('utf8').on('data', (chunk: string) => (heard += chunk))
    const closed = new Promise((resolve) => socket.on('close', resolve))
    const post = (path: string): string => `POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n`
    // A request whose body is still on its way keeps the server from closing, and this connection with it.
    socket.write(`${post('/hooks/partner-center')}{`)
    await ask('/healthz')
    const stopping = here.app.stop()
    await expect.poll(() => ask('/healthz').then(() => 'answers', () => 'closed'), { interval: 20 }).toBe('closed')
    socket.write(`}${post('/%68ooks/partner-center')}{}`)
    await stopping
    await closed
    const [first, second] = heard.split('HTTP/1.1 ').slice(1)
    expect(first).toMatch(/^401 /)
    expect(second).toMatch(/^503 [\s\S]*retry-after: 5/i)
  }, 20_000)
})

describe('a request that no state of the deals would make right', () => {
  const problem = async (path: string, init: RequestInit = {}): Promise<unknown> => {
    const answer = await ask(`/api/v1${path}`, { ...init, headers: { ...bearer, 'content-type': 'application/json' } })
    return { ...((await answer.json()) as object), status: answer.status }
  }
  it('is 400 where a page is asked for by a mark that no list gave', async () => {
    await open()
    for (const list of ['deals', 'runs', 'audit'])
      expect([list, await problem(`/${list}?after=foreign`)]).toMatchObject([list, { status: 400, detail: 'The mark to continue after was not given by this list.', code: 'rejected' }])
  })
  it('is 400 where a deal is to be declined or lost without a word of why', async () => {
    await open()
    const { own } = here.sandbox.partnerCenter.inbound.coSell({ currency: 'EUR', name: 'Unanswered' })
    await here.sync()
    const order = (body: object): Promise<unknown> => problem(`/deals/${own.id}/order`, { method: 'POST', body: JSON.stringify(body) })
    for (const body of [{ take: 'decline' }, { take: 'decline', reason: null }, { take: 'lose', reason: '' }, { take: 'decline', reason: ' \t' }])
      expect([body, await order(body)]).toMatchObject([body, { status: 400, code: 'bad-request', detail: expect.stringContaining('reason') as string }])
    expect((await here.app.service.deal(own.id, { live: true })).status).toBe('New')
    expect(await order({ take: 'decline', reason: 'Not a customer' })).toMatchObject({ status: 200 })
  })
  it('is told in words, not as a schema tells it', async () => {
    await open()
    const told = 'deal: A deal is named by its id, its referral id or its CRM id, in 1 to 200 characters.'
    expect(await problem(`/deals/${'x'.repeat(201)}`)).toMatchObject({ status: 400, detail: told })
    expect(await problem('/links', { method: 'POST', body: '{"referral":"","crm":"x"}' })).toMatchObject({ detail: told.replace('deal:', 'referral:') })
    expect(await problem('/deals?limit=0&colour=blue')).toMatchObject({ detail: expect.not.stringMatching(/[✖→\n]/) as string })
  })
})
