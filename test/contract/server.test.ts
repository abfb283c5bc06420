import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { unzipSync } from 'fflate'
import { afterEach, describe, expect, it } from 'vitest'
import { realClock } from '../../src/clock.js'
import { createLogger, createRedactor } from '../../src/log.js'
import { checkBackup } from '../../src/store/index.js'
import { signingLeaf, webhookSigner } from '../../src/sandbox/signing.js'
import { installation, type Installation, type InstallationWish } from '../support/installation.js'

/** The server as browsers, scripts and Partner Center meet it: real HTTP. */
let here: Installation
const token = 'a-token-of-a-script-1'
const open = async (wish: InstallationWish = {}): Promise<Installation> =>
  (here = await installation({ ...wish, server: { adminTokens: [token], ...wish.server } }))
afterEach(() => here.close())

const ask = (path: string, init: RequestInit = {}): Promise<Response> => fetch(`${here.address}${path}`, { redirect: 'manual', ...init })
const bearer = { authorization: `Bearer ${token}` }
const own = { 'x-cosell-request': '1', 'content-type': 'application/json' }
const post = (path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> =>
  ask(path, { method: 'POST', headers: { ...own, ...headers }, body: JSON.stringify(body) })
const cookieOf = (answer: Response): string => (answer.headers.get('set-cookie') ?? '').split(';')[0] ?? ''

it('a remote system that is away is a sentence in the log, and no place in our own code', async () => {
  const lines: string[] = []
  const redactor = createRedactor([])
  await open({ log: createLogger({ level: 'warn', context: {}, stream: { write: (line) => lines.push(line) }, clock: realClock, redactor, color: false }) })
  here.sandbox.partnerCenter.faults.set([{ kind: 'drop-before', rate: 1, matching: /./ }])
  expect((await ask('/api/v1/webhook', { headers: bearer })).status).toBe(502)
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    expect.objectContaining({ level: 'warn', msg: 'a request could not be answered', path: '/api/v1/webhook', fault: 'offline', error: expect.stringMatching(/^Partner Center could not be reached: [^\n]*$/) as string }),
  ])
})

describe('[R51] who may do what', () => {
  it('denies every operation to strangers, and every page of it that nobody named', async () => {
    await open()
    const { paths } = (await (await ask('/api/openapi.json')).json()) as { paths: Record<string, Record<string, { security?: [] }>> }
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, { security }] of Object.entries(methods)) {
        if (security !== undefined) continue // Signing in is open to strangers.
        const init = method === 'get' ? {} : { body: '{}', headers: own }
        expect([path, (await ask(path.replaceAll(/\{\w+\}/g, 'x'), { method: method.toUpperCase(), ...init })).status]).toEqual([path, 401])
      }
    }
    for (const path of ['/api/v1/me', '/api/v1/events', '/api/v1/sessions']) expect((await ask(path)).status).toBe(401)
    for (const path of ['/api/v1/nothing', '/sandbox-desk/', '/hooks/nobody'])
      expect((await ask(path, { headers: bearer })).status).toBe(404)
  })

  it('offers what else the command line can do for the installation', async () => {
    await open()
    const json = async (answer: Promise<Response>): Promise<unknown> => {
      const given = await answer
      expect([given.url, given.status]).toEqual([given.url, 200])
      return given.json()
    }
    const get = (path: string): Promise<unknown> => json(ask(`/api/v1${path}`, { headers: bearer }))
    const send = (path: string, body: object): Promise<unknown> => json(ask(`/api/v1${path}`, { method: 'POST', body: JSON.stringify(body), headers: { ...bearer, 'content-type': 'application/json' } }))
    expect(await get('/version')).toEqual({ version: 'test' })
    await here.app.service.setFlow('crmToPartner', 'observe', 'ada')
    const shown = await get('/configuration')
    expect(shown).toMatchObject({ sync: { flows: { partnerToCrm: 'on', crmToPartner: 'observe' } }, server: { adminTokens: ['••••••'] } })
    expect(JSON.stringify(shown)).not.toContain(token)
    expect(await send('/solutions/import', { solutions: [{ id: 'SOL-55555-API', name: 'By the API' }] })).toMatchObject({ read: 1, added: 1 })
    expect(await get('/solutions')).toMatchObject({ solutions: expect.arrayContaining([expect.objectContaining({ id: 'SOL-55555-API', known: true })]) as unknown })
    expect(await send('/audit/erase', { email: 'nobody@nowhere.example' })).toEqual({ erased: 0 })
    expect(await send('/secrets/rotate', {})).toMatchObject({ keyId: expect.any(String) as string })
    expect(await get('/install/removal')).toMatchObject({ items: expect.any(Array) as unknown[] })
    for (const path of ['/solutions/import', '/audit/erase', '/secrets/rotate', '/install/remove', '/webhook/crm/register', '/webhook/crm/remove'])
      expect((await ask(`/api/v1${path}`, { method: 'POST', body: '{}', headers: { 'content-type': 'application/json' } })).status).toBe(401)
  })

  it('hands out what the command line writes to files: the schema of the configuration, the package for the CRM, the store whole', async () => {
    await open()
    const get = (path: string): Promise<Response> => ask(`/api/v1${path}`, { headers: bearer })
    expect(await (await get('/config/schema')).json()).toMatchObject({ properties: { partnerCenter: expect.anything() as unknown } })
    const packed = await get('/install/package?form=managed')
    expect(packed.headers.get('content-disposition')).toContain('cosell.zip')
    expect(Object.keys(unzipSync(new Uint8Array(await packed.arrayBuffer())))).toContain('solution.xml')
    expect((await get('/install/package?form=source')).status).toBe(409) // Dynamics 365 has no such form.
    expect((await get('/install/package?form=boxed')).status).toBe(400)
    const leftOvers = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('cosell-backup-'))
    const before = leftOvers()
    const kept = await get('/backup')
    expect(kept.headers.get('content-type')).toBe('application/gzip')
    const file = join(mkdtempSync(join(tmpdir(), 'cosell-download-')), 'downloaded.gz')
    writeFileSync(file, Buffer.from(await kept.arrayBuffer()))
    expect((await checkBackup(file)).rows).toMatchObject({ link: 0 })
    rmSync(dirname(file), { recursive: true })
    await expect.poll(leftOvers).toEqual(before) // It was written to a file of its own first.
  })

  it('has the simulated Partner Center send an event about a deal, and refuses to pretend one of the real one', async () => {
    await open()
    const { own: referral } = here.sandbox.partnerCenter.portal.create('private', { details: { currency: 'EUR' } })
    await here.sync()
    const trigger = (body: object): Promise<Response> => post('/api/v1/trigger', body, bearer)
    const sent = (await (await trigger({ event: 'referral-updated', deal: referral.id })).json()) as { url: string }
    expect(sent).toMatchObject({ event: 'referral-updated', referral: referral.id })
    expect(sent.url).toMatch(/\/hooks\/partner-center$/)
    const forgotten = await trigger({ event: 'referral-forgotten', deal: referral.id })
    expect(forgotten.status).toBeGreaterThanOrEqual(400)
    expect(await forgotten.text()).toContain('The sandbox refused the event: There is no event')
    expect((await trigger({ event: 'referral-updated', deal: 'nobody' })).status).toBe(404)
    expect((await post('/api/v1/trigger', { event: 'referral-updated', deal: referral.id })).status).toBe(401)
  })

  it('takes a bearer token, and lets an address that guesses wait', async () => {
    await open()
    expect(await (await ask('/api/v1/me', { headers: bearer })).json()).toEqual({ name: 'admin token', role: 'admin', via: 'token' })
    const guess = async (): Promise<number> => (await ask('/api/v1/me', { headers: { authorization: 'Bearer wrong' } })).status
    for (let tries = 0; tries < 5; tries += 1) expect(await guess()).toBe(401)
    expect(await guess()).toBe(429)
    expect((await ask('/api/v1/me', { headers: bearer })).status).toBe(429)
    here.later(61_000)
    expect((await ask('/api/v1/me', { headers: bearer })).status).toBe(200)
  })

  it('turns a pasted token into a session that only this browser and only our own pages can use', async () => {
    await open()
    expect((await post('/api/v1/session', { token: 'wrong' })).status).toBe(401)
    const signedIn = await post('/api/v1/session', { token })
    expect(signedIn.status).toBe(204)
    expect(signedIn.headers.get('set-cookie')).toMatch(/HttpOnly.*SameSite=Lax/)
    expect(signedIn.headers.get('set-cookie')).not.toContain(token)
    const cookie = cookieOf(signedIn)
    expect(await (await ask('/api/v1/me', { headers: { cookie } })).json()).toMatchObject({ role: 'admin', via: 'session' })
    expect((await ask('/api/v1/overview', { headers: { cookie } })).status).toBe(200)
    const forged = await ask('/api/v1/flows/all', {
      method: 'PUT',
      headers: { cookie, 'content-type': 'application/json' },
      body: '{"value":"off"}',
    })
    expect(forged.status).toBe(403)
    const foreign = await ask('/api/v1/flows/all', {
      method: 'PUT',
      headers: { cookie, ...own, 'sec-fetch-site': 'cross-site' },
      body: '{"value":"off"}',
    })
    expect(foreign.status).toBe(403)
    const real = await ask('/api/v1/flows/all', { method: 'PUT', headers: { cookie, ...own }, body: '{"value":"observe"}' })
    expect(real.status).toBe(200)
    const { sessions } = (await (await ask('/api/v1/sessions', { headers: { cookie } })).json()) as { sessions: { id: string }[] }
    expect(
      (await ask(`/api/v1/sessions/${sessions[0]?.id ?? ''}`, { method: 'DELETE', headers: { cookie, 'x-cosell-request': '1' } })).status,
    ).toBe(204)
    expect((await ask('/api/v1/me', { headers: { cookie } })).status).toBe(401)
  })

  it('ends a session after half an hour of rest and after twelve hours of work', async () => {
    await open()
    const idle = cookieOf(await post('/api/v1/session', { token }))
    const busy = cookieOf(await post('/api/v1/session', { token }))
    const status = async (cookie: string): Promise<number> => (await ask('/api/v1/me', { headers: { cookie } })).status
    for (let minutes = 0; minutes < 12 * 60 - 20; minutes += 20) {
      here.later(20 * 60_000)
      expect(await status(busy)).toBe(200)
    }
    expect(await status(idle)).toBe(401)
    here.later(21 * 60_000)
    expect(await status(busy)).toBe(401)
  })

  it('trusts this machine in a demo only, and never through a proxy or by another name', async () => {
    await open({ demo: true })
    expect(await (await ask('/api/v1/me')).json()).toMatchObject({ role: 'admin', via: 'loopback' })
    expect((await ask('/api/v1/me', { headers: { 'x-forwarded-for': '203.0.113.7' } })).status).toBe(401)
    expect((await ask('/sandbox-desk/partnerCenter/referrals')).status).toBe(200)
    const acted = await post('/sandbox-desk/partnerCenter/inbound/coSell', [{ name: 'From the desk' }])
    expect(await acted.json()).toMatchObject({ own: { name: 'From the desk' } })
  })
})

describe('signing in with OpenID Connect', () => {
  const signIn = { clientId: '0f4c1b7a-9f0e-4b61-8a4e-2a1f6c3d5e01', clientSecret: 'sandbox-partner-secret' }
  async function throughTheBrowser(roles: object): Promise<{ answer: Response; cookie: string }> {
    await open()
    const { credentials, urls } = here.sandbox
    const issuer = `${urls.entra}/${credentials.tenant}/v2.0`
    await here.restart({ server: { adminTokens: [token], signIn: { issuer, ...signIn, roles } } })
    const begun = await ask('/auth/sign-in?returnTo=/deals%3Fstate%3Dpending')
    expect(begun.status).toBe(303)
    const away = new URL(begun.headers.get('location') ?? '')
    for (const name of ['state', 'nonce', 'code_challenge']) expect(away.searchParams.get(name)).toBeTruthy()
    const form = new URLSearchParams(away.search)
    form.set('sandbox_person', 'cosell@partner.example')
    const back = await fetch(`${away.origin}${away.pathname}`, { method: 'POST', body: form, redirect: 'manual' })
    const callback = new URL(back.headers.get('location') ?? 'http://nowhere')
    const answer = await ask(`${callback.pathname}${callback.search}`, { headers: { cookie: cookieOf(begun) } })
    const session = answer.headers.getSetCookie().find((line) => line.startsWith('cosell=')) ?? ''
    return { answer, cookie: session.split(';')[0] ?? '' }
  }

  it('gives the role that the configuration gives, and goes where the person wanted to go', async () => {
    const { answer, cookie } = await throughTheBrowser({ operator: ['COSELL@partner.example'] })
    expect(answer.status).toBe(303)
    expect(answer.headers.get('location')).toBe('/deals?state=pending')
    expect(await (await ask('/api/v1/me', { headers: { cookie } })).json()).toMatchObject({
      name: 'cosell@partner.example',
      role: 'operator',
      via: 'session',
    })
    expect((await ask('/api/v1/flows/all', { method: 'PUT', headers: { cookie, ...own }, body: '{"value":"off"}' })).status).toBe(403)
  })

  it('lets nobody in who has no role, who brings an answer of another browser, or who would be sent elsewhere', async () => {
    const { answer, cookie } = await throughTheBrowser({ admin: ['somebody@else.example'] })
    expect([answer.status, cookie]).toEqual([403, ''])
    const begun = await ask('/auth/sign-in?returnTo=//evil.example')
    const state = new URL(begun.headers.get('location') ?? '').searchParams.get('state') ?? ''
    expect((await ask(`/auth/callback?code=x&state=${state}`)).status).toBe(400)
    expect((await ask(`/auth/callback?code=x&state=other`, { headers: { cookie: cookieOf(begun) } })).status).toBe(400)
  })
})

describe('what every answer carries', () => {
  it('allows no foreign script, frame or guess of a type, and shows no insides', async () => {
    await open()
    const page = await ask('/')
    expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'.*frame-ancestors 'none'/)
    expect(page.headers.get('content-security-policy')).not.toContain('unsafe')
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')
    expect(page.headers.get('x-powered-by') ?? page.headers.get('server')).toBeNull()
    const bad = await ask('/api/v1/deals?limit=none', { headers: bearer })
    expect(bad.headers.get('content-type')).toContain('application/problem+json')
    expect(await bad.json()).toMatchObject({ status: 400, code: 'bad-request', type: expect.any(String) as string })
    const polluted = await ask('/api/v1/sync', { method: 'POST', headers: { ...bearer, ...own }, body: '{"__proto__":{"release":true}}' })
    expect(polluted.status).toBe(400)
    expect((await ask('/api/docs/', { headers: bearer })).status).toBe(200)
    expect((await ask('/api/openapi.json', { headers: { 'x-forwarded-for': '203.0.113.7' } })).status).toBe(401)
    expect((await ask('/metrics', { headers: { 'x-forwarded-for': '203.0.113.7' } })).status).toBe(401)
    expect(await (await ask('/metrics')).text()).toContain('cosell_deals{state="in-sync"}')
  })
})

describe('what is not offered', () => {
  it('is 405 with what is, where only the method is wrong, and 404 where there is nothing', async () => {
    await open()
    const wrong = async (path: string, method: string): Promise<unknown> => {
      const answer = await ask(path, { method, headers: bearer })
      return [answer.status, answer.headers.get('allow')]
    }
    for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) expect(await wrong('/hooks/partner-center', method)).toEqual([405, 'POST'])
    expect(await wrong('/hooks/dynamics/some-key', 'PUT')).toEqual([405, 'POST'])
    expect(await wrong('/api/v1/deals/x/order', 'GET')).toEqual([405, 'POST'])
    expect(await wrong('/api/v1/flows/all', 'DELETE')).toEqual([405, 'PUT'])
    expect(await wrong('/api/v1/nothing', 'DELETE')).toEqual([404, null])
    expect(await wrong('/hooks/nobody', 'POST')).toEqual([404, null])
  })
  it('is 400 where a text holds what no store takes', async () => {
    await open()
    for (const path of ['/api/v1/deals/%00', '/api/v1/deals?search=a%00b']) expect((await ask(path, { headers: bearer })).status).toBe(400)
    expect((await post('/api/v1/plan', { deals: ['a\0b'] }, bearer)).status).toBe(400)
  })
  it('is 422 where a text that was given is wrong, which is no failure of ours', async () => {
    await open()
    const bad = 'version: 1\nopportunity:\n  details.notse: { crm: description }\n'
    const unfit = 'version: 1\nopportunity:\n  details.notes: { crm: new_nowhere }\n'
    const asked = [
      ['/api/v1/mapping/check', { text: bad }],
      ['/api/v1/mapping/plan', { text: unfit }],
      ['/api/v1/settings/compare', { document: 'just: words' }],
    ] as const
    for (const [path, body] of asked) {
      const answer = await post(path, body, bearer)
      expect([path, answer.status, await answer.json()]).toMatchObject([path, 422, { code: 'misconfigured', title: 'The text is not right' }])
    }
  })
  it('is 415 where a body is no JSON', async () => {
    await open()
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'text/xml'])
      expect((await ask('/api/v1/plan', { method: 'POST', headers: { ...bearer, 'content-type': type }, body: '{}' })).status).toBe(415)
  })
})

describe('what is too much', () => {
  it('is refused: headers, bodies, nesting', async () => {
    await open()
    expect((await ask('/healthz', { headers: { 'x-long': 'x'.repeat(20_000) } }).catch(() => ({ status: 431 }))).status).toBe(431)
    const deep = await ask('/api/v1/plan', { method: 'POST', headers: { ...bearer, ...own }, body: `${'{"a":'.repeat(70)}1${'}'.repeat(70)}` })
    expect([deep.status, await deep.json()]).toMatchObject([400, { detail: expect.stringContaining('nested') as string }])
    const large = await ask('/api/v1/plan', { method: 'POST', headers: { ...bearer, ...own }, body: `"${'x'.repeat(21 * 1024 * 1024)}"` })
    expect(large.status).toBe(413)
    const poisoned = await ask('/api/v1/plan', { method: 'POST', headers: { ...bearer, ...own }, body: '{"__proto__":{"admin":true}}' })
    expect(poisoned.status).toBe(400)
  })
})

describe('server-sent events', () => {
  it('tell of a changed deal while it is looked at, and end when the service stops', async () => {
    await open()
    const stop = new AbortController()
    const stream = await ask('/api/v1/events', { headers: bearer, signal: stop.signal })
    expect(stream.headers.get('content-type')).toContain('text/event-stream')
    const reader = (stream.body ?? new ReadableStream<Uint8Array>()).getReader()
    const decoder = new TextDecoder()
    let seen = ''
    const until = async (text: string): Promise<void> => {
      while (!seen.includes(text)) {
        const { done, value } = await reader.read()
        if (done) throw new Error(`The stream ended before ${text}: ${seen}`)
        seen += decoder.decode(value as Uint8Array) // a body is read as bytes
      }
    }
    await until('event: overview')
    const { own: made } = here.sandbox.partnerCenter.portal.create('private', { details: { currency: 'EUR' } })
    await here.sync()
    const { id } = await here.app.service.deal(made.id, { live: false })
    // The first look only notes where the ledger stands; a change after it is told.
    await expect
      .poll(
        async () => {
          here.sandbox.partnerCenter.portal.edit(made.id, { notes: `Noted ${Math.trunc(performance.now())}` })
          await here.sync([made.id])
          return Promise.race([until(id).then(() => true), new Promise((resolve) => setTimeout(resolve, 2_000, false))])
        },
        { timeout: 15_000 },
      )
      .toBe(true)
    await here.app.stop()
    let ended = false
    while (!ended) ended = (await reader.read()).done
    stop.abort()
  }, 30_000)
})

describe('[R34] before it is ready and while it drains', () => {
  it('answers 503 with Retry-After to a webhook, however well it is signed', async () => {
    await open()
    const body = Buffer.from(
      JSON.stringify({
        EventName: 'referral-updated',
        ResourceUri: 'https://api.partnercenter.microsoft.com/engagements/v1/referrals/5c1e0a7e-59e8-4d6b-9f0e-0b7f0a6b2c10',
        ResourceName: 'referral',
        AuditUri: null,
        ResourceChangeUtcDate: '2026-08-03T09:21:05Z',
      }),
    )
    const headers = {
      authorization: `Signature ${webhookSigner().sign(body)}`,
      'x-ms-certificate-url': `${here.sandbox.urls.partnerCenter}/cert/pcnotifications-dispatch.microsoft.com.cer`,
      'x-ms-signature-algorithm': 'rsa-sha256',
    }
    expect(signingLeaf('genuine').certificateDer.length).toBeGreaterThan(0)
    expect((await ask('/hooks/partner-center', { method: 'POST', headers, body })).status).toBe(202)
    // A pass that takes its time keeps the service draining while events still arrive.
    const { own: made } = here.sandbox.partnerCenter.portal.create('private', { details: { currency: 'EUR' } })
    await here.sync()
    here.sandbox.partnerCenter.faults.set([{ kind: 'slow', rate: 1, amount: 1_500 }])
    const working = here.sync([made.id]).catch(() => undefined)
    await expect.poll(async () => (await here.app.store.queue.depth(Date.now())).leased).toBeGreaterThan(0)
    const stopping = here.app.stop()
    const late = await ask('/hooks/partner-center', { method: 'POST', headers, body })
    expect([late.status, late.headers.get('retry-after')]).toEqual([503, '5'])
    expect((await ask('/readyz')).status).toBe(503)
    expect((await ask('/healthz')).status).toBe(200)
    await stopping
    await working
  }, 20_000)
})

describe('the installation over the API', () => {
  it('shows connections, registers the webhook, and begins a sign-in that the service waits for', async () => {
    await open({ server: { publicUrl: 'https://ours.example' } })
    const headers = { ...bearer, ...own }
    const { connections } = (await (await ask('/api/v1/connections', { headers })).json()) as {
      connections: { system: string; state: string }[]
    }
    expect(connections).toMatchObject([
      { system: 'partner-center', state: 'connected' },
      { system: 'crm', state: 'connected' },
    ])
    here.sandbox.partnerCenter.webhook.set({ url: 'https://theirs.example', events: ['referral-created'] })
    expect(await (await ask('/api/v1/webhook/register', { method: 'POST', headers, body: '{}' })).json()).toMatchObject({
      kind: 'occupied',
    })
    expect(await (await ask('/api/v1/webhook/register', { method: 'POST', headers, body: '{"overwrite":true}' })).json()).toMatchObject({
      kind: 'registered',
    })
    expect(await (await ask('/api/v1/webhook', { headers })).json()).toMatchObject({
      ours: true,
      previous: { url: 'https://theirs.example' },
    })
    const code = (await (await ask('/api/v1/connections/partner-center/sign-in', { method: 'POST', headers, body: '{}' })).json()) as {
      userCode: string
    }
    expect(code.userCode).toMatch(/^[A-Z0-9]{6,}$/)
    expect(JSON.stringify(code)).not.toContain('device_code')
    expect(here.sandbox.entra.answerDevice(code.userCode, { kind: 'approved', email: 'cosell@partner.example' })).toBeNull()
    await expect.poll(async () => (await here.app.store.listValues('token.')).length, { timeout: 10_000 }).toBe(1)
    expect(await (await ask('/api/v1/notices', { headers })).json()).toEqual({ notices: [] })
  }, 20_000)
})
