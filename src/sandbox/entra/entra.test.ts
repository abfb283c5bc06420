import { createHash, generateKeyPairSync, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { handClock } from '../clock.js'
import type { SimResponse } from '../http.js'
import { seededRng } from '../rng.js'
import { entra, type Entra, type EntraWorld } from './index.js'

const referrals = 'https://api.partner.microsoft.com'
const platform = 'https://api.partnercenter.microsoft.com'
const dataverse = 'https://contoso.crm.dynamics.com'
const tenantId = '77b9d0de-4f0e-4cf7-a1d2-2b8e6a1f4c55'
const clientId = '11111111-1111-4111-8111-111111111111'
const start = Date.parse('2026-08-03T09:00:00Z')

function world(changes: Partial<EntraWorld> = {}) {
  const clock = handClock(start)
  const simulator = entra({
    clock,
    rng: seededRng(1),
    tenantId,
    apps: [
      { clientId, secret: 'right', kind: 'delegated', consents: [referrals, platform], redirectUris: ['http://localhost:8080/callback'] },
      { clientId: 'dynamics-app', secret: 'deep', kind: 'app', consents: [] },
      { clientId: 'old-app', secret: 'old', secretExpiresAtMs: start - 1, kind: 'app', consents: [] },
    ],
    users: [
      { email: 'ana@partner.example', roles: ['ReferralsAdmin'], mfa: true },
      { email: 'bo@partner.example', roles: [], mfa: false },
    ],
    audiences: [dataverse],
    ...changes,
  })
  return { clock, simulator }
}

async function post(simulator: Entra, path: string, form: Record<string, string>, headers: Record<string, string> = {}) {
  const body = Buffer.from(new URLSearchParams(form).toString())
  const answer = await simulator.handle({ method: 'POST', path, headers: { host: 'login.test', ...headers }, body })
  return { status: answer.status, json: read(answer), answer }
}

const get = (simulator: Entra, path: string) =>
  simulator.handle({ method: 'GET', path, headers: { host: 'login.test' }, body: Buffer.alloc(0) })

function read(answer: SimResponse): Record<string, unknown> {
  const text = answer.body.toString()
  return text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {} // test data of this file's own requests
}

const v1 = `/${tenantId}/oauth2/token`
const v2 = `/${tenantId}/oauth2/v2.0/token`
const refresh = (simulator: Entra) => simulator.seedRefreshToken({ clientId, email: 'ana@partner.example' })
const redeem = (token: string, audience = referrals) => ({
  grant_type: 'refresh_token',
  refresh_token: token,
  client_id: clientId,
  client_secret: 'right',
  resource: audience,
})

describe('refusals of the token endpoint', () => {
  const credentials = { grant_type: 'client_credentials', client_id: 'dynamics-app', client_secret: 'deep', scope: `${dataverse}/.default` }
  const table: [string, string, Record<string, string>, number, string, number][] = [
    ['an unknown tenant', '/nobody.example/oauth2/v2.0/token', credentials, 400, 'invalid_request', 90002],
    ['app-only on common', '/common/oauth2/v2.0/token', credentials, 400, 'invalid_request', 50059],
    ['an unknown app', v2, { ...credentials, client_id: 'stranger' }, 400, 'unauthorized_client', 700016],
    ['a wrong secret', v2, { ...credentials, client_secret: 'wrong' }, 401, 'invalid_client', 7000215],
    ['a missing secret', v2, { ...credentials, client_secret: '' }, 401, 'invalid_client', 7000218],
    ['an expired secret', v2, { ...credentials, client_id: 'old-app', client_secret: 'old' }, 401, 'invalid_client', 7000222],
    ['an unknown resource', v1, { ...credentials, resource: 'https://nowhere.example' }, 400, 'invalid_resource', 500011],
    ['an unknown scope resource', v2, { ...credentials, scope: 'https://nowhere.example/.default' }, 400, 'invalid_resource', 500011],
    ['a malformed scope', v2, { ...credentials, scope: 'everything' }, 400, 'invalid_scope', 70011],
    ['two resources at once', v2, { ...credentials, scope: `${dataverse}/.default ${referrals}/.default` }, 400, 'invalid_scope', 70011],
    ['app-only with a delegated scope', v2, { ...credentials, scope: `${dataverse}/user_impersonation` }, 400, 'invalid_scope', 1002012],
    ['an unknown grant', v2, { ...credentials, grant_type: 'password' }, 400, 'unsupported_grant_type', 70003],
    ['no grant', v2, { client_id: clientId }, 400, 'invalid_request', 900144],
    ['a made-up refresh token', v1, redeem('made-up'), 400, 'invalid_grant', 70000],
  ]
  test.each(table)('%s is refused with its AADSTS code', async (_name, path, form, status, error, code) => {
    const { simulator } = world()
    const answer = await post(simulator, path, form)
    expect(answer.status).toBe(status)
    expect(answer.json).toMatchObject({ error, error_codes: [code], timestamp: '2026-08-03 09:00:00Z' })
    const description = new RegExp(`^AADSTS${code}: .+ Trace ID: [0-9a-f-]{36} Correlation ID: [0-9a-f-]{36}`)
    expect(String(answer.json['error_description'])).toMatch(description)
  })

  test('a resource nobody consented to is refused with 65001 until consent is given', async () => {
    const { simulator } = world({ audiences: [dataverse, 'https://other.example'] })
    const refused = await post(simulator, v1, redeem(refresh(simulator), 'https://other.example'))
    expect(refused.json).toMatchObject({ error: 'invalid_grant', error_codes: [65001], suberror: 'consent_required' })
    simulator.addApp({ clientId, secret: 'right', kind: 'delegated', consents: [referrals, 'https://other.example'] })
    expect((await post(simulator, v1, redeem(refresh(simulator), 'https://other.example'))).status).toBe(200)
  })

  test('an app registered for app-only use gets no delegated token', async () => {
    const { simulator } = world()
    const token = simulator.seedRefreshToken({ clientId: 'dynamics-app', email: 'ana@partner.example' })
    const form = { ...redeem(token), client_id: 'dynamics-app', client_secret: 'deep' }
    expect((await post(simulator, v1, form)).json).toMatchObject({ error_codes: [65001] })
  })
})

describe('client credentials', () => {
  test('v2 answers with numbers and a token for the resource of the scope', async () => {
    const { simulator } = world()
    const { json } = await post(simulator, v2, {
      grant_type: 'client_credentials',
      client_id: 'dynamics-app',
      client_secret: 'deep',
      scope: `${dataverse}/.default`,
    })
    expect(json).toMatchObject({ token_type: 'Bearer', expires_in: 3599, ext_expires_in: 3599 })
    const check = simulator.verify(`Bearer ${String(json['access_token'])}`, `${dataverse}/`)
    expect(check).toMatchObject({ ok: true, claims: { aud: dataverse, tid: tenantId, appid: 'dynamics-app', idtyp: 'app' } })
    expect(check.ok && check.claims.upn).toBeUndefined()
  })

  test('a signed client assertion stands in for the secret, and only with the registered key', async () => {
    const pair = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const { simulator } = world()
    const certificate = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString()
    simulator.addApp({ clientId: 'cert-app', secret: null, certificates: [certificate], kind: 'app', consents: [] })
    const assertion = (key: typeof pair.privateKey, changes: object = {}) => {
      const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
      const claims = { aud: `http://login.test${v2}`, iss: 'cert-app', sub: 'cert-app', exp: start / 1000 + 300, ...changes }
      const content = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`
      return `${content}.${sign('RSA-SHA256', Buffer.from(content), key).toString('base64url')}`
    }
    const ask = (jwt: string) =>
      post(simulator, v2, {
        grant_type: 'client_credentials',
        client_id: 'cert-app',
        scope: `${dataverse}/.default`,
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: jwt,
      })
    expect((await ask(assertion(pair.privateKey))).status).toBe(200)
    expect((await ask(assertion(stranger.privateKey))).json).toMatchObject({ error_codes: [700027] })
    expect((await ask(assertion(pair.privateKey, { exp: start / 1000 - 1 }))).json).toMatchObject({ error_codes: [700024] })
    const elsewhere = assertion(pair.privateKey, { aud: 'http://login.test/other/oauth2' })
    expect((await ask(elsewhere)).json).toMatchObject({ error_codes: [700023] })
  })
})

describe('refresh tokens', () => {
  test('one refresh token is exchanged for either audience, and every exchange brings a new one', async () => {
    const { simulator } = world()
    const first = refresh(simulator)
    const answer = await post(simulator, v1, redeem(first, referrals))
    expect(answer.json).toMatchObject({ expires_in: '3599', resource: referrals, scope: 'user_impersonation' })
    const second = String(answer.json['refresh_token'])
    expect(second).not.toBe(first)
    const other = await post(simulator, v1, redeem(second, platform))
    expect(simulator.verify(`Bearer ${String(other.json['access_token'])}`, platform)).toMatchObject({
      ok: true,
      claims: { upn: 'ana@partner.example', amr: ['pwd', 'mfa'], scp: 'user_impersonation' },
    })
  })

  test('a used refresh token is accepted again by default and refused when told so', async () => {
    const { simulator } = world()
    const token = refresh(simulator)
    expect((await post(simulator, v1, redeem(token))).status).toBe(200)
    expect((await post(simulator, v1, redeem(token))).status).toBe(200)
    simulator.options.usedRefreshToken = 'refused'
    expect((await post(simulator, v1, redeem(token))).json).toMatchObject({ error: 'invalid_grant', error_codes: [70000] })
  })

  test('a refresh token ends by time with 700082 and by revocation with 50173', async () => {
    const { simulator, clock } = world()
    const revoked = refresh(simulator)
    simulator.revoke({ email: 'ANA@partner.example' })
    expect((await post(simulator, v1, redeem(revoked))).json).toMatchObject({ error: 'invalid_grant', error_codes: [50173] })
    const old = refresh(simulator)
    clock.advance(90 * 86_400_000)
    expect((await post(simulator, v1, redeem(old))).json).toMatchObject({ error: 'invalid_grant', error_codes: [700082] })
  })

  test('a person without a second factor gets a token that says so', async () => {
    const { simulator } = world()
    const token = simulator.seedRefreshToken({ clientId, email: 'bo@partner.example' })
    const { json } = await post(simulator, v1, redeem(token))
    expect(simulator.verify(`Bearer ${String(json['access_token'])}`, referrals)).toMatchObject({ ok: true, claims: { amr: ['pwd'] } })
  })
})

describe('access tokens', () => {
  test('a token is refused for another audience, after its time, when altered, and when all are ended', () => {
    const { simulator, clock } = world()
    const good = simulator.authorization({ clientId, email: 'ana@partner.example', audience: referrals })
    const reason = (header: string | undefined, audience = referrals) => {
      const check = simulator.verify(header, audience)
      return check.ok ? 'ok' : check.reason
    }
    expect(reason(good)).toBe('ok')
    expect(reason(undefined)).toBe('missing')
    expect(reason('Bearer nonsense')).toBe('malformed')
    expect(reason(good, platform)).toBe('audience')
    const [head, body = '', tail] = good.split('.')
    const altered = Buffer.from(body, 'base64url').toString().replace('ana@', 'eve@')
    expect(reason(`${head}.${Buffer.from(altered).toString('base64url')}.${tail}`)).toBe('signature')
    clock.advance(3_599_000)
    expect(reason(good)).toBe('expired')
    const next = simulator.authorization({ clientId, email: 'ana@partner.example', audience: referrals })
    simulator.expireAccessTokens()
    expect(reason(next)).toBe('expired')
    expect(reason(simulator.authorization({ clientId, email: 'ana@partner.example', audience: referrals }))).toBe('ok')
  })

  test('a genuine token of this process is verified by its signature when the tenant never saw it', () => {
    const token = world().simulator.authorization({ clientId, email: 'ana@partner.example', audience: referrals })
    expect(world().simulator.verify(token, referrals)).toMatchObject({ ok: true })
  })

  test('recorded signatures need no RSA, and a token the tenant did not hand out is refused', () => {
    const { simulator } = world({ signatures: 'recorded' })
    const token = simulator.authorization({ clientId, email: 'ana@partner.example', audience: referrals })
    expect(simulator.verify(token, referrals)).toMatchObject({ ok: true })
    expect(world({ signatures: 'recorded' }).simulator.verify(token, referrals)).toEqual({ ok: false, reason: 'signature' })
  })
})

describe('sign-in pages', () => {
  const verifier = 'v'.repeat(50)
  const authorizePath = (extra: Record<string, string> = {}) =>
    `/${tenantId}/oauth2/v2.0/authorize?${new URLSearchParams({
      client_id: clientId,
      response_type: 'code',
      redirect_uri: 'http://localhost:8080/callback',
      scope: `openid offline_access ${referrals}/.default`,
      state: 's1',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...extra,
    }).toString()}`

  test('one click on a person redirects with a code that is redeemed once, with its verifier', async () => {
    const { simulator } = world()
    const shown = await get(simulator, authorizePath())
    expect(shown.body.toString()).toContain('ana@partner.example')
    const form = Object.fromEntries(new URLSearchParams(authorizePath().split('?')[1]))
    const clicked = await post(simulator, `/${tenantId}/oauth2/v2.0/authorize`, { ...form, sandbox_person: 'ana@partner.example' })
    const location = new URL(String(clicked.answer.headers['location']))
    expect(location.searchParams.get('state')).toBe('s1')
    const exchange = {
      grant_type: 'authorization_code',
      client_id: clientId,
      client_secret: 'right',
      redirect_uri: 'http://localhost:8080/callback',
      code: location.searchParams.get('code') ?? '',
    }
    expect((await post(simulator, v2, { ...exchange, code_verifier: 'w'.repeat(50) })).json).toMatchObject({ error_codes: [501481] })
    const wrongPlace = { ...exchange, code_verifier: verifier, redirect_uri: 'http://localhost:1/' }
    expect((await post(simulator, v2, wrongPlace)).json).toMatchObject({ error_codes: [500112] })
    const good = await post(simulator, v2, { ...exchange, code_verifier: verifier })
    expect(Object.keys(good.json)).toEqual(expect.arrayContaining(['access_token', 'refresh_token', 'id_token']))
    expect((await post(simulator, v2, { ...exchange, code_verifier: verifier })).json).toMatchObject({ error_codes: [54005] })
  })

  test('a code expires after ten minutes', async () => {
    const { simulator, clock } = world({ options: { signInAs: 'ana@partner.example' } })
    const redirected = await get(simulator, authorizePath())
    const code = new URL(String(redirected.headers['location'])).searchParams.get('code') ?? ''
    clock.advance(600_000)
    const exchange = { grant_type: 'authorization_code', client_id: clientId, client_secret: 'right', code, code_verifier: verifier }
    const late = await post(simulator, v2, { ...exchange, redirect_uri: 'http://localhost:8080/callback' })
    expect(late.json).toMatchObject({ error: 'invalid_grant', error_codes: [70008] })
  })

  test('a redirect address that is not registered is never redirected to', async () => {
    const { simulator } = world()
    const refused = await get(simulator, authorizePath({ redirect_uri: 'https://evil.example/' }))
    expect(refused.status).toBe(400)
    expect(refused.headers['location']).toBeUndefined()
    expect((await get(simulator, authorizePath({ redirect_uri: 'http://localhost:9999/callback' }))).status).toBe(200)
  })

  test('declining and silent sign-in come back as errors with the state', async () => {
    const { simulator } = world()
    const silent = await get(simulator, authorizePath({ prompt: 'none' }))
    expect(String(silent.headers['location'])).toMatch(/error=login_required.*state=s1/)
    const form = Object.fromEntries(new URLSearchParams(authorizePath().split('?')[1]))
    const declined = await post(simulator, `/${tenantId}/oauth2/v2.0/authorize`, { ...form, sandbox_decline: '1' })
    expect(String(declined.answer.headers['location'])).toContain('error=access_denied')
  })

  test('a device waits, is told to slow down, and gets its tokens after the page was used', async () => {
    const { simulator, clock } = world()
    simulator.addApp({ clientId: 'device-app', secret: null, kind: 'delegated', consents: [referrals] })
    const started = await post(simulator, `/${tenantId}/oauth2/v2.0/devicecode`, {
      client_id: 'device-app',
      scope: `${referrals}/.default offline_access`,
    })
    expect(started.json).toMatchObject({ verification_uri: 'http://login.test/devicelogin', interval: 5, expires_in: 900 })
    const poll = () =>
      post(simulator, v2, {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        client_id: 'device-app',
        device_code: String(started.json['device_code']),
      })
    expect((await poll()).json).toMatchObject({ error: 'authorization_pending' })
    expect((await poll()).json).toMatchObject({ error: 'slow_down' })
    clock.advance(10_000)
    expect((await poll()).json).toMatchObject({ error: 'authorization_pending' })
    const userCode = String(started.json['user_code'])
    expect((await get(simulator, `/devicelogin?user_code=${userCode}`)).body.toString()).toContain('bo@partner.example')
    await post(simulator, '/devicelogin', { user_code: userCode, sandbox_person: 'ana@partner.example' })
    expect((await poll()).status).toBe(200)
  })

  test('a device code expires and may be declined', async () => {
    const { simulator, clock } = world()
    simulator.addApp({ clientId: 'device-app', secret: null, kind: 'delegated', consents: [referrals] })
    const begin = async () =>
      (await post(simulator, `/${tenantId}/oauth2/v2.0/devicecode`, { client_id: 'device-app', scope: `${referrals}/.default` })).json
    const poll = (code: unknown) =>
      post(simulator, v2, {
        grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
        client_id: 'device-app',
        device_code: String(code),
      })
    const declined = await begin()
    expect(simulator.answerDevice(String(declined['user_code']), { kind: 'declined' })).toBeNull()
    expect((await poll(declined['device_code'])).json).toMatchObject({ error: 'authorization_declined' })
    const late = await begin()
    clock.advance(900_000)
    expect((await poll(late['device_code'])).json).toMatchObject({ error: 'expired_token' })
    expect(simulator.answerDevice(String(late['user_code']), { kind: 'approved', email: 'ana@partner.example' })).toMatch(/expired/)
  })
})

describe('discovery', () => {
  test('names the endpoints of the tenant, a template for common, and the keys', async () => {
    const { simulator } = world()
    const document = read(await get(simulator, `/${tenantId}/v2.0/.well-known/openid-configuration`))
    expect(document).toMatchObject({
      issuer: `http://login.test/${tenantId}/v2.0`,
      token_endpoint: `http://login.test${v2}`,
      device_authorization_endpoint: `http://login.test/${tenantId}/oauth2/v2.0/devicecode`,
    })
    const common = read(await get(simulator, '/common/v2.0/.well-known/openid-configuration'))
    expect(common['issuer']).toBe('http://login.test/{tenantid}/v2.0')
    const keys = read(await get(simulator, new URL(String(document['jwks_uri'])).pathname))
    expect(keys).toMatchObject({ keys: [{ kty: 'RSA', use: 'sig', alg: 'RS256' }] })
    const instance = read(await get(simulator, '/common/discovery/instance?api-version=1.1'))
    expect(instance).toMatchObject({ metadata: [{ preferred_network: 'login.test', aliases: ['login.test'] }] })
  })
})

describe('faults', () => {
  test('a throttled token request names when to come back, and a lost answer still used the refresh token', async () => {
    const { simulator } = world({ options: { usedRefreshToken: 'refused' } })
    const token = refresh(simulator)
    simulator.faults.set([{ kind: 'throttle', rate: 1, amount: 7, times: 1 }])
    const throttled = await post(simulator, v1, redeem(token))
    expect([throttled.status, throttled.answer.headers['retry-after']]).toEqual([429, '7'])
    simulator.faults.set([{ kind: 'drop-after', rate: 1, times: 1 }])
    expect((await post(simulator, v1, redeem(token))).answer.drop).toBe(true)
    expect((await post(simulator, v1, redeem(token))).json).toMatchObject({ error: 'invalid_grant' })
  })

  test('a slow answer comes when the clock has turned far enough', async () => {
    const { simulator, clock } = world()
    simulator.faults.set([{ kind: 'slow', rate: 1, amount: 5_000 }])
    let status = 0
    const pending = post(simulator, v1, redeem(refresh(simulator))).then((answer) => (status = answer.status))
    await Promise.resolve()
    clock.advance(4_999)
    await new Promise((resolve) => setImmediate(resolve))
    expect(status).toBe(0)
    clock.advance(1)
    await pending
    expect(status).toBe(200)
  })
})
