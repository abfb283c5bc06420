import { describe, expect, test } from 'vitest'
import { listen } from '../http.js'
import { bearer, kit, privateDeal, type JsonObject } from './test-kit.js'

const fresh = '6b1f7d0e-6c0b-4c53-9a44-1f0a9f0f7f11'

describe('the Referrals API', () => {
  const table: [string, string, number, string][] = [
    ['no token', '', 401, 'unauthenticated'],
    ['a token of the other host', bearer({ aud: 'https://api.partnercenter.microsoft.com' }), 401, 'unauthenticated'],
    ['an expired token', bearer({ expired: true }), 401, 'unauthenticated'],
    ['nonsense', 'Bearer x', 401, 'unauthenticated'],
    ['an app-only token', bearer({ upn: '' }), 403, 'accessDenied'],
    ['a token without a second factor', bearer({ amr: ['pwd'] }), 403, 'accessDenied'],
    ['a token of another tenant', bearer({ tid: 'other' }), 403, 'accessDenied'],
  ]
  test.each(table)('refuses %s', async (_name, authorization, status, code) => {
    const answer = await kit().call('GET', '', undefined, { authorization })
    expect([answer.status, (answer.json['error'] as JsonObject)['code']]).toEqual([status, code])
  })

  test('names the missing second factor inside the error, and reports it when asked', async () => {
    const { json, headers } = await kit().call('GET', '', undefined, { authorization: bearer({ amr: ['pwd'] }), validatemfa: 'true' })
    expect(json).toMatchObject({ error: { innerError: { code: 'insufficient_claims' } } })
    expect(headers['ismfacompliant']).toBe('false')
  })

  test('refuses people without a referral role', async () => {
    expect((await kit({}, { rolesOf: () => ['AdminAgent'] }).call('GET', '')).status).toBe(403)
  })

  test('answers with the headers of its host', async () => {
    const { headers } = await kit().call('GET', '', undefined, { 'client-request-id': fresh })
    expect(headers).toMatchObject({
      'client-request-id': fresh,
      'request-id': expect.any(String) as string,
      'x-ms-ags-diagnostic': expect.stringContaining('ServerInfo') as string,
      timestamp: '2026-08-03T09:00:00.000Z',
      date: 'Mon, 03 Aug 2026 09:00:00 GMT',
    })
  })

  test('knows nothing at other addresses, and forgives a trailing slash', async () => {
    const { call } = kit()
    expect((await call('GET', '/v1.0/referrals')).status).toBe(404)
    expect((await call('GET', '/v1.0/engagements/referrals/')).status).toBe(200)
    expect((await call('GET', '/v1.0/engagements/referrals/a/b')).status).toBe(404)
  })
})

describe('the profiles', () => {
  test('show the partner', async () => {
    const { call, simulator } = kit()
    expect((await call('GET', '/v1/profiles/mpn')).json).toMatchObject({
      mpnId: '1234567',
      partnerName: 'Example ISV',
      profileType: 'MpnProfile',
    })
    expect((await call('GET', '/v1/profiles/mpn?mpnId=7654321')).json).toMatchObject({ mpnId: '7654321' })
    simulator.facts.vettingStatus = 'pending'
    expect((await call('GET', '/v1/profiles/legalbusiness?vettingVersion=Current')).json).toMatchObject({
      companyName: 'Example ISV',
      vettingStatus: 'pending',
      vettingSubStatus: 'none',
    })
    expect((await call('GET', '/v1/profiles/organization')).json).toMatchObject({
      tenantId: simulator.organization.tenantId,
      culture: 'en-US',
    })
  })

  test('do not know a foreign Partner ID', async () => {
    const { status, json } = await kit().call('GET', '/v1/profiles/mpn?mpnId=9999999')
    expect([status, json]).toEqual([
      404,
      { code: 3000, description: 'Partner Organization with partner_id 9999999 could not be found', data: [], source: 'PartnerFD' },
    ])
  })

  test('of network and organisation are closed to apps, the legal one is open', async () => {
    const { call } = kit()
    const status = async (path: string) => (await call('GET', path, undefined, { authorization: bearer({ upn: '' }) })).status
    expect(await status('/v1/profiles/mpn')).toBe(403)
    expect(await status('/v1/profiles/organization')).toBe(403)
    expect(await status('/v1/profiles/legalbusiness')).toBe(200)
  })

  test('tell how the calls of people were signed in', async () => {
    const { call, simulator } = kit({ mfa: 'reported' })
    await call('GET', '/v1/profiles/mpn')
    await call('GET', '', undefined, { authorization: bearer({ amr: ['pwd'] }) })
    const { json } = await call('GET', '/v1/partnerRequests')
    expect(json).toMatchObject({
      totalCount: 2,
      items: [
        { mfaCompliant: false, operationName: 'GET /v1.0/engagements/referrals', upn: 'ana@partner.example' },
        { mfaCompliant: true, operationName: 'GET /v1/profiles/mpn' },
      ],
    })
    const { response } = await call('GET', '/v1/applicationmfaadoptionstatus')
    expect(JSON.parse(response.body.toString())).toEqual([
      { loginDate: '2026-08-03', mfaCompliantRequestCount: 2, totalRequestCount: 3, applicationId: 'app', applicationName: '' },
    ])
    expect(simulator.calls.total()).toBe(4)
  })

  test('answer with the headers of their host, also on refusals', async () => {
    const { headers } = await kit().call('GET', '/v1/nothing', undefined, {
      'ms-requestid': fresh,
      'ms-correlationid': fresh,
      'x-locale': 'de-DE',
    })
    expect(headers).toMatchObject({
      'ms-requestid': fresh,
      'ms-correlationid': fresh,
      'x-locale': 'de-DE',
      'ms-serverid': expect.any(String) as string,
    })
  })
})

describe('faults and limits', () => {
  test.each([
    ['', { error: { code: 'serviceNotAvailable' } }],
    ['/v1/profiles/mpn', { code: 503, source: 'PartnerFD' }],
  ])('an unavailable service answers in the shape of its host (%s)', async (path, shape) => {
    const { call, simulator } = kit()
    simulator.faults.set([{ kind: 'unavailable', rate: 1, amount: 30, times: 1 }])
    const answer = await call('GET', path)
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '30'])
    expect(answer.json).toMatchObject(shape)
    expect((await call('GET', path)).status).toBe(200)
  })

  test('a server error, a gateway page and a throttled call', async () => {
    const { call, simulator } = kit()
    const next = async (kind: 'server-error' | 'bad-gateway-html' | 'throttle') => {
      simulator.faults.set([{ kind, rate: 1 }])
      return call('GET', '')
    }
    expect((await next('server-error')).json).toMatchObject({ error: { code: 'generalException' } })
    expect((await next('bad-gateway-html')).headers['content-type']).toBe('text/html')
    expect((await next('throttle')).json).toMatchObject({ statusCode: 429 })
  })

  test('an answer that is lost was carried out all the same, a request that is lost was not', async () => {
    const { call, simulator } = kit()
    simulator.faults.set([{ kind: 'drop-after', rate: 1, matching: /^POST/ }])
    expect((await call('POST', '', privateDeal())).response.drop).toBe(true)
    expect(simulator.size()).toBe(1)
    simulator.faults.set([{ kind: 'drop-before', rate: 1 }])
    expect((await call('POST', '', privateDeal())).response.drop).toBe(true)
    expect(simulator.size()).toBe(1)
    expect(simulator.calls.list().map(({ status }) => status)).toEqual([200, 0])
  })

  test('a quota answers 429 until its window ends', async () => {
    const { call, simulator, clock } = kit({ quota: { requests: 2, windowMs: 60_000 } })
    const statuses = async () => [(await call('GET', '')).status, (await call('GET', '')).status, (await call('GET', '')).status]
    expect(await statuses()).toEqual([200, 200, 429])
    clock.advance(20_000)
    expect((await call('GET', '')).headers['retry-after']).toBe('40')
    clock.advance(40_000)
    expect((await call('GET', '')).status).toBe(200)
    simulator.options.quota = null
    expect(await statuses()).toEqual([200, 200, 200])
  })

  test('calls are counted and can be forgotten', async () => {
    const { call, simulator } = kit()
    await call('POST', '', privateDeal())
    await call('GET', '?$top=1')
    expect(simulator.calls.count('GET')).toBe(1)
    expect(simulator.calls.count('POST', /referrals$/)).toBe(1)
    expect(simulator.calls.list()[1]).toMatchObject({
      path: '/v1.0/engagements/referrals?$top=1',
      status: 200,
      atMs: Date.parse('2026-08-03T09:00:00Z'),
    })
    simulator.calls.reset()
    expect([simulator.calls.total(), simulator.calls.list()]).toEqual([0, []])
  })
})

test('the handler serves sockets as well', async () => {
  const { simulator } = kit()
  simulator.portal.create('private')
  const listener = await listen(simulator.handle, { port: 0 })
  const answer = await fetch(`${listener.url}/v1.0/engagements/referrals?$select=links`, { headers: { authorization: bearer() } })
  expect(answer.headers.get('date')).toBe('Mon, 03 Aug 2026 09:00:00 GMT')
  expect(await answer.text()).toContain(`${listener.url}/v1.0/engagements/referrals/`)
  await listener.close()
})
