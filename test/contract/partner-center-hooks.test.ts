import { describe, expect, it, test } from 'vitest'
import { signatureVerifier } from '../../src/adapters/partner-center/certificates.js'
import { partnerCenterInbound } from '../../src/adapters/partner-center/inbound.js'
import type { InboundAnswer, InboundRequest } from '../../src/core/ports.js'
import { dispatchSubject, signingLeaf, testAuthorityPem, webhookSigner, type LeafKind } from '../../src/sandbox/signing.js'
import type { PartnerCenterOptions } from '../../src/sandbox/partner-center/index.js'
import { startMs } from '../../src/sandbox/partner-center/test-kit.js'
import { inProcess, partnerWorld, refTo } from '../support/partner-center-world.js'
import { der, having, host, receiver, signedRequest, status, without } from '../support/signed-events.js'

const hook = 'https://connector.example/hooks/partner-center'
const events = ['referral-created', 'referral-updated', 'related-referral-created', 'related-referral-updated', 'test-created']
const clock = { now: () => startMs, sleep: async () => undefined }

function receiving(options: Partial<PartnerCenterOptions> = {}) {
  const world = partnerWorld({ publicBase: `http://${host}`, ...options }, { signer: webhookSigner() })
  world.simulator.webhook.set({ url: hook, events })
  const verifier = signatureVerifier({
    transport: inProcess(world.simulator.handle),
    clock,
    hosts: [host],
    trustAnchors: testAuthorityPem(),
  })
  const inbound = partnerCenterInbound(verifier)
  const taken = async (): Promise<InboundAnswer[]> => {
    await world.kit.settle()
    const requests = world.kit.delivered.splice(0)
    return Promise.all(requests.map(({ headers, body }) => inbound.receive({ headers, url: '/hooks/partner-center', body })))
  }
  return { world, inbound, taken }
}

describe('[R33] a delivered event', () => {
  test.each([
    {},
    { signatureHeader: 'x-ms-signature-prefixed' },
    { signatureHeader: 'x-ms-signature-bare' },
    { eventCasing: 'camel' },
    { relatedEventId: 'own' },
    { timestamps: 'milliseconds' },
  ] as const)('is believed and says only where to look (%o)', async (options) => {
    const { world, taken } = receiving(options)
    const { own, theirs } = world.simulator.inbound.coSell()
    const answers = await taken()
    const named = options.relatedEventId === 'own' ? own.id : theirs?.id
    expect(answers.map((answer) => (answer.kind === 'accepted' ? answer.events[0] : answer))).toEqual([
      expect.objectContaining({ name: 'referral-created', hints: [{ ref: refTo(own.id), engagementId: null, wide: false }] }),
      expect.objectContaining({ name: 'related-referral-created', hints: [{ ref: refTo(named ?? ''), engagementId: null, wide: true }] }),
    ])
  })

  it('carries a key that is the same for a repeat and another for the next event', async () => {
    const { world, taken } = receiving({ eventDuplicateRate: 1, eventReorderMs: 1 })
    const { own } = world.simulator.inbound.qualifiedLead()
    await world.kit.settle(10)
    const keys = new Set(
      (await taken()).flatMap((answer) => (answer.kind === 'accepted' ? answer.events.map(({ eventKey }) => eventKey) : ['refused'])),
    )
    world.simulator.portal.accept(own.id)
    await world.kit.settle(10)
    const later = await taken()
    expect(keys.size).toBe(1)
    expect(later.every((answer) => answer.kind === 'accepted' && !keys.has(answer.events[0]?.eventKey ?? null))).toBe(true)
  })
})

describe('[R34] what is not right is refused', () => {
  it('without a signature 401, without the certificate headers 400, above 64 KiB 413', async () => {
    const { inbound, fetched } = receiver(der('genuine'))
    const request = signedRequest()
    expect(await status(inbound.receive(request))).toBe(202)
    expect(await status(inbound.receive(without(request, 'authorization')))).toBe(401)
    expect(await status(inbound.receive(having(request, { authorization: 'Bearer eyJ' })))).toBe(401)
    expect(await status(inbound.receive(without(request, 'authorization', 'x-ms-certificate-url')))).toBe(401)
    expect(await status(inbound.receive(having(without(request, 'authorization'), { 'content-type': 'text/plain' })))).toBe(401)
    expect(await status(inbound.receive(without(request, 'x-ms-certificate-url')))).toBe(400)
    expect(await status(inbound.receive(without(request, 'x-ms-signature-algorithm')))).toBe(400)
    expect(await status(inbound.receive({ ...request, body: Buffer.alloc(64 * 1024 + 1, 'a') }))).toBe(413)
    expect(await status(inbound.receive(having(request, { 'content-type': 'text/xml' })))).toBe(400)
    expect(fetched).toHaveLength(1)
  })

  it('a changed byte, another key and another algorithm are 401', async () => {
    const { inbound } = receiver(der('genuine'))
    const request = signedRequest()
    expect(await status(inbound.receive({ ...request, body: Buffer.from(request.body.toString().replace('updated', 'created')) }))).toBe(
      401,
    )
    expect(await status(inbound.receive(having(request, { authorization: `Signature ${Buffer.alloc(256, 7).toString('base64')}` })))).toBe(
      401,
    )
    for (const algorithm of ['rsa-sha1', 'rsa-md5', 'none', 'hmac-sha256']) {
      const named = having(request, { 'x-ms-signature-algorithm': algorithm })
      expect(await status(inbound.receive(named))).toBe(401)
      const weak = signingLeaf().sign(request.body, 'rsa-sha1').toString('base64')
      expect(await status(inbound.receive(having(named, { authorization: `Signature ${weak}` })))).toBe(401)
    }
  })

  test.each(['expired', 'not-yet-valid', 'other-issuer', 'self-signed', 'foreign-chain'] as const)(
    'a certificate that is %s is 401',
    async (kind) => {
      expect(await status(receiver(der(kind)).inbound.receive(signedRequest(kind)))).toBe(401)
    },
  )

  it('a chain through an intermediate is followed within the bundle, and nowhere else', async () => {
    const [intermediate = '', root = ''] = signingLeaf('via-intermediate').authoritiesPem
    const request = signedRequest('via-intermediate')
    expect(await status(receiver(der('via-intermediate'), { anchors: `${root}\n${intermediate}` }).inbound.receive(request))).toBe(202)
    expect(await status(receiver(der('via-intermediate'), { anchors: root }).inbound.receive(request))).toBe(401)
    expect(await status(receiver(der('via-intermediate'), { anchors: intermediate }).inbound.receive(request))).toBe(401)
  })

  it('takes the certificate as PEM, too', async () => {
    expect(await status(receiver(() => Buffer.from(signingLeaf().certificatePem)).inbound.receive(signedRequest()))).toBe(202)
  })

  it('links of the chain may stand in the certificate\'s own file, the root must be ours', async () => {
    const leaf = signingLeaf('via-intermediate')
    const [intermediate = '', root = ''] = leaf.authoritiesPem
    const request = signedRequest('via-intermediate')
    const file = (...more: string[]) => () => Buffer.from([leaf.certificatePem, ...more].join('\n'))
    expect(await status(receiver(file(intermediate), { anchors: root }).inbound.receive(request))).toBe(202)
    expect(await status(receiver(file(intermediate, root), { anchors: root }).inbound.receive(request))).toBe(202)
    expect(await status(receiver(file(), { anchors: root }).inbound.receive(request))).toBe(401)
    const foreign = signingLeaf('foreign-chain')
    const brought = receiver(() => Buffer.from([foreign.certificatePem, ...foreign.authoritiesPem].join('\n')))
    expect(await status(brought.inbound.receive(signedRequest('foreign-chain')))).toBe(401)
  })

  it('a certificate that the bundle itself names is believed while it is valid', async () => {
    const named = (kind: LeafKind) =>
      receiver(der(kind), { anchors: signingLeaf(kind).certificatePem }).inbound.receive(signedRequest(kind))
    expect(await status(named('self-signed'))).toBe(202)
    expect(await status(named('expired'))).toBe(401)
    expect(await status(named('other-issuer'))).toBe(401)
  })

  it('a body that is no event is 400, after its signature was believed', async () => {
    const { inbound } = receiver(der('genuine'))
    for (const body of [
      'not json',
      '[]',
      'null',
      '"text"',
      '{}',
      '{"EventName":"referral-updated"}',
      '{"EventName":7,"ResourceUri":"x"}',
      '',
    ]) {
      expect(await status(inbound.receive(signedRequest('genuine', body)))).toBe(400)
    }
    expect(await status(inbound.receive({ ...signedRequest(), body: Buffer.from('not json') }))).toBe(401)
  })

  test.each([{ status: 404 }, { status: 302 }, { status: 500 }])(
    'a certificate that cannot be fetched (%o) is 503, and no redirect is followed',
    async (answer) => {
      const { inbound, fetched } = receiver(() => answer)
      expect(await status(inbound.receive(signedRequest()))).toBe(503)
      expect(fetched).toEqual([`http://${host}/cert/${dispatchSubject}.cer`])
    },
  )
})

describe('[R50] certificates', () => {
  test.each([
    'https://evil.example/cert/a.cer',
    'http://127.0.0.1/cert/a.cer',
    'http://127.0.0.1:4444/cert/a.cer',
    'https://3psostorageacct.blob.core.windows.net:8443/cert/a.cer',
    'http://3psostorageacct.blob.core.windows.net/cert/a.cer',
    'https://3psostorageacct.blob.core.windows.net.evil.example/a.cer',
    'https://3psostorageacct.blob.core.windows.net@evil.example/a.cer',
    'https://user:pw@3psostorageacct.blob.core.windows.net/a.cer',
    'https://3psostorageacct.blob.core.windows.net/a.txt',
    'https://3psostorageacct.blob.core.windows.net/a?x=.cer',
    'http://169.254.169.254/latest/meta-data/a.cer',
    'http://[::1]:4443/a.cer',
    'http://[::ffff:127.0.0.1]:4443/a.cer',
    'http://2130706433:4443/a.cer',
    'file:///etc/passwd.cer',
    'gopher://127.0.0.1:4443/a.cer',
    '//evil.example/a.cer',
    'not an address',
  ])('are never fetched from %s', async (url) => {
    const { inbound, fetched } = receiver(der('genuine'), { hosts: ['3psostorageacct.blob.core.windows.net', 'localhost:4443'] })
    expect(await status(inbound.receive(having(signedRequest(), { 'x-ms-certificate-url': url })))).toBe(401)
    expect(fetched).toEqual([])
  })

  it('of this machine are fetched from any port where none is named', async () => {
    const url = `http://127.0.0.1:9/cert/${dispatchSubject}.cer`
    const request = having(signedRequest(), { 'x-ms-certificate-url': url })
    expect(await status(receiver(der('genuine'), { hosts: ['127.0.0.1'] }).inbound.receive(request))).toBe(202)
    expect(await status(receiver(der('genuine'), { hosts: ['localhost'] }).inbound.receive(request))).toBe(401)
  })

  it('are fetched from the configured host over https', async () => {
    const { inbound, fetched } = receiver(der('genuine'), { hosts: ['3psostorageacct.blob.core.windows.net'] })
    const url = `https://3psostorageacct.blob.core.windows.net/cert/${dispatchSubject}.cer`
    expect(await status(inbound.receive(having(signedRequest(), { 'x-ms-certificate-url': url })))).toBe(202)
    expect(fetched).toEqual([url])
  })

  it('of ever new addresses are not fetched without end', async () => {
    const { inbound, fetched } = receiver(() => ({ status: 404 }))
    for (let index = 0; index < 100; index += 1)
      await inbound.receive(having(signedRequest(), { 'x-ms-certificate-url': `http://${host}/cert/${index}.cer` }))
    expect(fetched.length).toBeLessThanOrEqual(30)
  })
})

describe('[R33] an event is believed however it is written', () => {
  const body = signedRequest().body.toString()
  const hinted = async (request: InboundRequest) => {
    const answer = await receiver(der('genuine')).inbound.receive(request)
    return answer.kind === 'accepted' ? answer.events[0]?.hints.length : answer
  }
  test.each([['a byte order mark', `\uFEFF${body}`], ['a line end', `${body}\r\n`], ['blanks', ` \n${body}  `]])('with %s', async (_what, written) => {
    expect(await hinted(signedRequest('genuine', written))).toBe(1)
  })
  test.each(['Signature', 'signature', 'RSA-SHA256'])('with the scheme %s before a signature in the header of its own', async (scheme) => {
    const request = signedRequest()
    const signature = (request.headers['authorization'] ?? '').replace('Signature ', '')
    expect(await hinted(having(without(request, 'authorization'), { 'x-ms-signature': `${scheme} ${signature}` }))).toBe(1)
    expect(await hinted(having(without(request, 'authorization'), { 'x-ms-signature': signature.replace(/=+$/, '') }))).toBe(1)
  })
  test.each(['application/json; charset=utf-8', 'Application/JSON;charset="UTF-8"', ''])('as the type "%s"', async (type) => {
    expect(await hinted(having(signedRequest(), { 'content-type': type }))).toBe(1)
  })
})

describe('events that are no hint', () => {
  const event = (name: string, uri: string, more = '') => signedRequest('genuine', `{"eventName":"${name}","resourceUri":"${uri}"${more}}`)
  const accepted = async (request: InboundRequest) => {
    const answer = await receiver(der('genuine')).inbound.receive(request)
    if (answer.kind === 'refused') throw new Error(answer.detail)
    return answer.events[0]
  }
  it('are taken and forgotten', async () => {
    expect(await accepted(event('subscription-updated', 'https://api/x/1'))).toMatchObject({ name: 'subscription-updated', hints: [] })
    expect(await accepted(event('something-new', 'https://api/x/1'))).toMatchObject({ hints: [] })
  })
  it('need not name a record, those about referrals must', async () => {
    for (const uri of ['null', '""', '{}']) {
      const body = (name: string) => `{"EventName":"${name}","ResourceUri":${uri},"ResourceChangeUtcDate":"2026-08-03T09:21:05+00:00"}`
      // Without a record two events of one moment could not be told apart.
      expect(await accepted(signedRequest('genuine', body('invoice-ready')))).toMatchObject({ name: 'invoice-ready', eventKey: null, hints: [] })
      if (uri !== '""') expect(await status(receiver(der('genuine')).inbound.receive(signedRequest('genuine', body('referral-updated'))))).toBe(400)
    }
  })
  it('a test event is named by its correlation id', async () => {
    const id = '2f0f9c1e-7e0a-4f0b-9a55-6f2b6c0d1e11'
    expect(
      await accepted(event('test-created', `http://api.partnercenter.microsoft.com/webhooks/v1/registration/validationEvents/${id}`)),
    ).toMatchObject({ name: `test-created ${id}`, hints: [] })
  })
  it('an id that could lead a request astray is no hint', async () => {
    for (const uri of ['https://api/referrals/..%2F..%2Fprofiles', 'https://api/referrals/a b', `https://api/${'x'.repeat(200)}`])
      expect(await accepted(event('referral-updated', uri))).toMatchObject({ hints: [] })
  })
  it('knows the names of events in any case', async () => {
    const at = (name: string) => accepted(event(name, 'https://api/referrals/abc'))
    expect(await at('Referral-Updated')).toMatchObject({ hints: [{ ref: refTo('abc'), wide: false }] })
    expect(await at('RELATED-REFERRAL-CREATED')).toMatchObject({ hints: [{ ref: refTo('abc'), wide: true }] })
  })
  it('without its time an event is new each time', async () => {
    expect(await accepted(event('referral-updated', 'https://api/referrals/abc'))).toMatchObject({ eventKey: null })
  })
  it('spells the id in one way', async () => {
    expect(await accepted(signedRequest())).toMatchObject({ hints: [{ ref: refTo('5c1e0a7e-59e8-4d6b-9f0e-0b7f0a6b2c10') }] })
  })
})
