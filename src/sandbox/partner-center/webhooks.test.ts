import { X509Certificate, verify } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { webhookSigner } from '../signing.js'
import { bearer, coSell, kit, privateDeal, type JsonObject, type Kit } from './test-kit.js'
import { platformAudience } from './index.js'

const url = 'https://connector.partner.example/hooks/pc/8f1c'
const referralEvents = ['referral-created', 'referral-updated', 'related-referral-created', 'related-referral-updated']
const body = (changes: JsonObject = {}) => ({ WebhookUrl: url, WebhookEvents: [...referralEvents, 'test-created'], ...changes })
const registration = '/webhooks/v1/registration'

async function registered(options: Parameters<typeof kit>[0] = {}): Promise<Kit> {
  const made = kit(options)
  await made.call('POST', registration, body())
  return made
}

describe('the registration', () => {
  test('lists the events there are', async () => {
    const { response } = await kit().call('GET', `${registration}/events`)
    expect(JSON.parse(response.body.toString())).toEqual(
      expect.arrayContaining([...referralEvents, 'test-created', 'subscription-updated']),
    )
  })

  test('is made, shown and replaced as a whole, in PascalCase', async () => {
    const made = kit()
    const created = await made.call('POST', registration, body())
    expect(created).toMatchObject({ status: 200, json: { WebhookUrl: url, SubscriberId: expect.any(String) as string } })
    expect((await made.call('GET', registration)).json).toEqual(body())
    const replaced = await made.call('PUT', registration, body({ WebhookUrl: 'https://other.example/', WebhookEvents: ['invoice-ready'] }))
    expect(replaced.json['SubscriberId']).toBe(created.json['SubscriberId'])
    expect((await made.call('GET', registration)).json).toEqual({ WebhookUrl: 'https://other.example/', WebhookEvents: ['invoice-ready'] })
  })

  test('takes its properties in any case', async () => {
    const made = kit()
    await made.call('POST', registration, { webhookUrl: url, webhookEvents: ['test-created'], signatureTokenToMsSignatureHeader: 'true' })
    expect(made.simulator.webhook.current()).toMatchObject({ url, signatureToMsHeader: true })
  })

  const wrong: [string, unknown][] = [
    ['an address that is not https', body({ WebhookUrl: 'http://connector.partner.example/' })],
    ['no address', body({ WebhookUrl: undefined })],
    ['no events', body({ WebhookEvents: [] })],
    ['an unknown event', body({ WebhookEvents: ['deal-created'] })],
    ['an unknown property', body({ Secret: 'x' })],
    ['broken JSON', '{'],
  ]
  test.each(wrong)('with %s is refused in the shape of its host', async (_name, given) => {
    const { status, json } = await kit().call('POST', registration, given)
    expect(status).toBe(400)
    expect(json).toEqual({ code: 400, description: expect.any(String) as string, data: [], source: 'PartnerFD' })
  })

  test('is 404 when there is none, or 200 null, or 204', async () => {
    const made = kit()
    expect((await made.call('GET', registration)).status).toBe(404)
    made.simulator.options.noRegistration = '200-null'
    const found = await made.call('GET', registration)
    expect([found.status, found.response.body]).toEqual([200, 'null'])
    made.simulator.options.noRegistration = '204'
    expect((await made.call('GET', registration)).status).toBe(204)
  })

  test('is not posted twice nor put before it exists, unless told so', async () => {
    const made = kit()
    expect((await made.call('PUT', registration, body())).status).toBe(404)
    made.simulator.options.putWithoutRegistration = 'created'
    expect((await made.call('PUT', registration, body())).status).toBe(200)
    expect((await made.call('POST', registration, body())).status).toBe(409)
    made.simulator.options.postOverRegistration = 'replaced'
    expect((await made.call('POST', registration, body())).status).toBe(200)
  })

  test('cannot be deleted', async () => {
    const made = await registered()
    expect((await made.call('DELETE', registration)).status).toBe(405)
    expect(made.simulator.webhook.current()).not.toBeNull()
  })

  test('is compressed for callers that can read that', async () => {
    const made = await registered()
    const { response, headers } = await made.call('GET', registration, undefined, { 'accept-encoding': 'gzip, deflate' })
    expect(headers['content-encoding']).toBe('gzip')
    expect(JSON.parse(gunzipSync(response.body as Buffer).toString())).toEqual(body())
  })
})

describe('the test event', () => {
  test('is delivered and its attempts are reported', async () => {
    const made = await registered()
    const { json } = await made.call('POST', `${registration}/validationEvents`)
    const result = () => made.call('GET', `${registration}/validationEvents/${String(json['correlationId'])}`)
    expect((await result()).json).toMatchObject({ status: 'inProgress', results: [] })
    made.receiver = () => (made.delivered.length === 1 ? 500 : 200)
    await made.settle()
    await made.settle(1_000)
    expect(made.delivered[0]?.event).toMatchObject({ EventName: 'test-created', ResourceName: 'test' })
    expect(String(made.delivered[0]?.event['ResourceUri'])).toBe(
      `http://api.partnercenter.microsoft.com/webhooks/v1/registration/validationEvents/${String(json['correlationId'])}`,
    )
    expect((await result()).json).toMatchObject({
      correlationId: json['correlationId'],
      partnerId: made.simulator.organization.organizationId,
      status: 'completed',
      callbackUrl: url,
      results: [
        { responseCode: 'InternalServerError', responseMessage: '', systemError: false },
        { responseCode: 'OK', systemError: false, dateTimeUtc: '2026-08-03T09:00:01.0000000' },
      ],
    })
  })

  test('is limited to two a minute, with the body and Retry-After of the gateway', async () => {
    const made = await registered()
    const start = () => made.call('POST', `${registration}/validationEvents`)
    await start()
    made.clock.advance(3_000)
    await start()
    const third = await start()
    expect([third.status, third.headers['retry-after']]).toEqual([429, '57'])
    expect(third.json).toEqual({ statusCode: 429, message: 'Rate limit is exceeded. Try again in 57 seconds.' })
    made.clock.advance(57_000)
    expect((await start()).status).toBe(200)
  })

  test('needs a registration that includes it, and its result is kept for seven days', async () => {
    const made = kit()
    expect((await made.call('POST', `${registration}/validationEvents`)).status).toBe(404)
    await made.call('POST', registration, body({ WebhookEvents: referralEvents }))
    expect((await made.call('POST', `${registration}/validationEvents`)).status).toBe(400)
    await made.call('PUT', registration, body())
    const { json } = await made.call('POST', `${registration}/validationEvents`)
    const result = () => made.call('GET', `${registration}/validationEvents/${String(json['correlationId'])}`)
    made.clock.advance(7 * 86_400_000 - 1)
    expect((await result()).status).toBe(200)
    made.clock.advance(1)
    expect((await result()).status).toBe(404)
  })
})

describe('events', () => {
  const names = (made: Kit) => made.delivered.map(({ event }) => [event['EventName'], String(event['ResourceUri']).split('/').at(-1)])

  test('tell of own referrals and of related ones, also when the caller made the change', async () => {
    const made = await registered()
    const { own, theirs } = await coSell(made)
    await made.call('PATCH', String(own['id']), [{ op: 'replace', path: '/campaignId', value: 'x' }])
    made.simulator.microsoft.accept(String(theirs['id']))
    await made.settle()
    expect(names(made)).toEqual([
      ['referral-created', own['id']],
      ['related-referral-created', theirs['id']],
      ['referral-updated', own['id']],
      ['related-referral-updated', theirs['id']],
    ])
    expect(made.delivered[0]).toMatchObject({
      url,
      event: {
        EventName: 'referral-created',
        ResourceUri: `https://api.partnercenter.microsoft.com/engagements/v1/referrals/${String(own['id'])}`,
        ResourceName: 'referral',
        AuditUri: null,
        ResourceChangeUtcDate: '2026-08-03T09:00:00.0000000+00:00',
      },
    })
  })

  test('of inbound deals tell of the new referral and of its sender', async () => {
    const made = await registered()
    const { own, theirs } = made.simulator.inbound.partnerToPartner()
    await made.settle()
    expect(names(made)).toEqual([
      ['referral-created', own.id],
      ['related-referral-created', theirs?.id],
    ])
    made.simulator.portal.accept(own.id)
    await made.settle()
    expect(names(made).at(-1)).toEqual(['referral-updated', own.id])
    expect(theirs?.organizationName).toBe('Proseware Consulting')
  })

  test('are only sent when registered for, and only to the present address', async () => {
    const made = await registered()
    await made.call('PUT', registration, body({ WebhookEvents: ['referral-updated'] }))
    const { own } = made.simulator.portal.create('private')
    made.simulator.portal.edit(own.id, { notes: 'x' })
    await made.settle()
    expect(names(made)).toEqual([['referral-updated', own.id]])
    made.simulator.webhook.set({ url: 'https://rival.example/', events: referralEvents })
    made.simulator.portal.edit(own.id, { notes: 'y' })
    await made.settle()
    expect(made.delivered.at(-1)?.url).toBe('https://rival.example/')
  })

  test('may name the own referral in place of the related one, and be written in camelCase', async () => {
    const made = await registered({ relatedEventId: 'own', eventCasing: 'camel' })
    const { own, theirs } = await coSell(made)
    made.simulator.microsoft.accept(String(theirs['id']))
    await made.settle()
    expect(made.delivered.at(-1)?.event).toMatchObject({
      eventName: 'related-referral-updated',
      resourceUri: expect.stringContaining(String(own['id'])) as string,
    })
  })
})

describe('the signature', () => {
  async function signedDelivery(changes: JsonObject, options: Parameters<typeof kit>[0] = {}) {
    const made = kit(options, { signer: webhookSigner() })
    await made.call('POST', registration, body(changes))
    made.simulator.portal.create('private')
    await made.settle()
    const delivery = made.delivered[0]
    if (delivery === undefined) throw new Error('nothing was delivered')
    return { made, delivery }
  }

  test('stands in Authorization and verifies over the raw body with the certificate the header points to', async () => {
    const { made, delivery } = await signedDelivery({})
    expect(delivery.headers).toMatchObject({ 'x-ms-signature-algorithm': 'rsa-sha256', 'content-type': 'application/json' })
    expect(delivery.headers['x-ms-certificate-url']).toBe('http://pc.test/cert/pcnotifications-dispatch.microsoft.com.cer')
    const file = await made.call('GET', new URL(delivery.headers['x-ms-certificate-url'] ?? '').pathname, undefined, { authorization: '' })
    const certificate = new X509Certificate(file.response.body)
    const signature = Buffer.from(delivery.headers['authorization']?.replace('Signature ', '') ?? '', 'base64')
    expect(verify('sha256', delivery.body, certificate.publicKey, signature)).toBe(true)
    expect(certificate.issuer).toContain('O=Microsoft Corporation')
    expect((await made.call('GET', '/cert/other.cer')).status).toBe(404)
  })

  const bare = /^[A-Za-z0-9+/]+=*$/
  const prefixed = /^Signature [A-Za-z0-9+/]+=*$/
  const table: [string, JsonObject, Parameters<typeof kit>[0], string, RegExp][] = [
    ['x-ms-signature when the registration wants that', { SignatureTokenToMsSignatureHeader: true }, {}, 'x-ms-signature', prefixed],
    ['x-ms-signature when the sandbox is told so', {}, { signatureHeader: 'x-ms-signature-prefixed' }, 'x-ms-signature', prefixed],
    ['x-ms-signature without its prefix', {}, { signatureHeader: 'x-ms-signature-bare' }, 'x-ms-signature', bare],
  ]
  test.each(table)('stands in %s', async (_name, changes, options, header, form) => {
    const { delivery } = await signedDelivery(changes, options)
    expect(delivery.headers[header]).toMatch(form)
    expect(delivery.headers['authorization']).toBeUndefined()
  })
})

describe('delivery', () => {
  async function one(made: Kit): Promise<void> {
    made.simulator.portal.create('private')
    await made.settle()
  }

  test('is tried up to ten times, each time twice as late, and then goes offline', async () => {
    const made = await registered()
    made.receiver = () => 503
    await one(made)
    for (let attempt = 1; attempt < 12; attempt += 1) await made.settle(1_000 * 2 ** (attempt - 1))
    const attempts = made.simulator.deliveries.attempts()
    expect(attempts.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    const gaps = attempts.slice(1).map(({ atMs }, index) => atMs - (attempts[index]?.atMs ?? 0))
    expect(gaps).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256].map((seconds) => seconds * 1_000))
    expect(made.simulator.deliveries.offline()).toHaveLength(1)
    expect(made.simulator.deliveries.pending()).toBe(0)
  })

  test.each([200, 202, 204])('ends with %i', async (status) => {
    const made = await registered()
    made.receiver = () => status
    await one(made)
    await made.settle(3_600_000)
    expect(made.delivered).toHaveLength(1)
  })

  test.each([301, 400, 401, 404, 500])('is repeated after %i', async (status) => {
    const made = await registered()
    made.receiver = () => (made.delivered.length === 1 ? status : 200)
    await one(made)
    await made.settle(1_000)
    expect(made.delivered).toHaveLength(2)
  })

  test('is repeated after a lost connection, and waits at most ten seconds for an answer', async () => {
    const timeouts: number[] = []
    const made = await registered()
    made.receiver = () => {
      if (made.delivered.length === 1) throw new Error('reset')
      return 200
    }
    await one(made)
    expect(made.simulator.deliveries.attempts()[0]?.status).toBe(0)
    await made.settle(1_000)
    expect(made.delivered).toHaveLength(2)
    timeouts.push(made.simulator.options.deliveryTimeoutMs)
    expect(timeouts).toEqual([10_000])
  })

  test('may give up on refusals of the receiver', async () => {
    const made = await registered({ deliveryRetryOn: 'server-errors-only' })
    made.receiver = () => 400
    await one(made)
    await made.settle(3_600_000)
    expect(made.delivered).toHaveLength(1)
  })

  test('may be late, twice, or never', async () => {
    const made = await registered({ eventDelayMs: 2_000 })
    await one(made)
    expect(made.delivered).toHaveLength(0)
    await made.settle(2_000)
    expect(made.delivered).toHaveLength(1)
    Object.assign(made.simulator.options, { eventDelayMs: 0, eventDuplicateRate: 1, eventReorderMs: 1_000 })
    await one(made)
    await made.settle(1_000)
    expect(made.delivered).toHaveLength(3)
    expect(made.delivered[1]?.event).toEqual(made.delivered[2]?.event)
    Object.assign(made.simulator.options, { eventDuplicateRate: 0, eventLossRate: 1 })
    await one(made)
    await made.settle(60_000)
    expect(made.delivered).toHaveLength(3)
    expect(made.simulator.deliveries.lost()).toHaveLength(1)
  })

  test('may be out of order', async () => {
    const made = await registered({ eventReorderRate: 0.5, eventReorderMs: 10_000 })
    for (let index = 0; index < 20; index += 1) {
      made.simulator.portal.create('private')
      made.clock.advance(100)
    }
    await made.settle(10_000)
    const dates = made.delivered.map(({ event }) => String(event['ResourceChangeUtcDate']))
    expect(dates).toHaveLength(20)
    expect(dates).not.toEqual(dates.toSorted())
  })
})

describe('who may use the webhook API', () => {
  const get = (made: Kit, authorization: string) => made.call('GET', `${registration}/events`, undefined, { authorization })

  test('an app by itself, and people with one of the listed roles', async () => {
    expect((await get(kit(), bearer({ upn: '' }))).status).toBe(200)
    const made = kit({}, { rolesOf: () => ['Referrals admin'] })
    const refused = await get(made, bearer())
    expect(refused).toMatchObject({ status: 403, json: { code: 900308 } })
    made.simulator.options.webhookRoles = 'referrals-admin-too'
    expect((await get(made, bearer())).status).toBe(200)
    for (const role of ['Billing admin', 'AdminAgent', 'sales-agent', 'Helpdesk agent']) {
      expect((await get(kit({}, { rolesOf: () => [role] }), bearer())).status).toBe(200)
    }
  })

  test('not a token for the other host, an expired one, or none', async () => {
    expect(await get(kit(), bearer({ aud: 'https://api.partner.microsoft.com' }))).toMatchObject({ status: 401, json: { code: 400 } })
    expect(await get(kit(), bearer({ aud: platformAudience, expired: true }))).toMatchObject({ status: 401 })
    const without = await kit().simulator.handle({ method: 'GET', path: `${registration}/events`, headers: {}, body: Buffer.alloc(0) })
    expect([without.status, JSON.parse(without.body.toString())]).toMatchObject([401, { code: 800001 }])
  })

  test('nor people who signed in without a second factor, unless that is only reported', async () => {
    const made = kit()
    const token = bearer({ amr: ['pwd'] })
    expect(await get(made, token)).toMatchObject({ status: 403, json: { code: 900309 } })
    made.simulator.options.mfa = 'reported'
    const asked = await made.call('GET', `${registration}/events`, undefined, { authorization: token, validatemfa: 'true' })
    expect([asked.status, asked.headers['ismfacompliant']]).toEqual([200, 'false'])
  })
})

test('a deal made through the API is told of after its answer, not before', async () => {
  const made = await registered()
  await made.call('POST', '', privateDeal())
  expect(made.delivered).toHaveLength(0)
  await made.settle()
  expect(made.delivered).toHaveLength(1)
})
