import { describe, expect, it, test } from 'vitest'
import { ReferralsApi } from './api.js'
import { ownOrganization } from './own-organization.js'
import { PlatformApi } from './platform.js'
import { earlier, instantOf, stampFrom, stampOf } from './stamp.js'

const never = new AbortController().signal
const call = { signal: never, what: 'listing' }
const page = (items: readonly unknown[] = [], nextLink: string | null = null) => ({ status: 200, headers: {}, body: Buffer.from(JSON.stringify({ value: items, ...(nextLink === null ? {} : { '@odata.nextLink': nextLink }) })) })

interface Given {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Buffer
}
function api(url: string, answers: (path: string) => Given) {
  const asked: string[] = []
  const send = async (request: { url: string }) => {
    asked.push(request.url)
    return answers(request.url)
  }
  return { asked, referrals: new ReferralsApi({ url, send, now: () => 0 }), send }
}

describe('links to the next page', () => {
  const wrong = 'http://api.partner.microsoft.com/v1.0/referrals?$skiptoken=k1'
  it('are followed over https whatever they say, and at the collection when they lead nowhere', async () => {
    const { asked, referrals } = api('https://api.partner.microsoft.com', (url) => (url.includes('/engagements/') ? page() : { status: 404, headers: {}, body: Buffer.alloc(0) }))
    await referrals.next(wrong, call)
    await referrals.next(wrong.replace('k1', 'k2'), call)
    expect(asked).toEqual([
      'https://api.partner.microsoft.com/v1.0/referrals?$skiptoken=k1',
      'https://api.partner.microsoft.com/v1.0/engagements/referrals?$skiptoken=k1',
      'https://api.partner.microsoft.com/v1.0/engagements/referrals?$skiptoken=k2', // learnt
    ])
  })
  it('that are not found at the collection either are a refusal', async () => {
    const { referrals } = api('https://api.partner.microsoft.com', () => ({ status: 404, headers: {}, body: Buffer.alloc(0) }))
    await expect(referrals.next(wrong, call)).rejects.toMatchObject({ kind: 'missing' })
  })
  test.each(['https://evil.example/v1.0/engagements/referrals?$skiptoken=k', 'https://api.partner.microsoft.com.evil.example/x', 'https://user@api.partner.microsoft.com/x', 'https://api.partner.microsoft.com:8443/x', 'javascript:alert(1)'])('[R50] to elsewhere are not followed: %s', async (link) => {
    const { asked, referrals } = api('https://api.partner.microsoft.com', () => page())
    await expect(referrals.next(link, call)).rejects.toMatchObject({ kind: 'invalid-answer' })
    expect(asked).toEqual([])
  })
  it('that name the service itself are asked for at the gateway that stands before it', async () => {
    const { asked, referrals } = api('https://gateway.example/pc', (url) => (url.includes('/pc/') ? page() : { status: 404, headers: {}, body: Buffer.alloc(0) }))
    await referrals.next('https://api.partner.microsoft.com/v1.0/engagements/referrals?$skiptoken=k', call)
    expect(asked).toEqual(['https://gateway.example/v1.0/engagements/referrals?$skiptoken=k', 'https://gateway.example/pc/v1.0/engagements/referrals?$skiptoken=k'])
  })
  it('that are empty lead nowhere', async () => {
    const { referrals } = api('https://pc.test', () => page([], ''))
    expect(await referrals.list({ filter: null, orderBy: null, select: null, top: null }, call)).toMatchObject({ nextLink: null })
  })
  it('stay on a configured port', async () => {
    const { asked, referrals } = api('http://127.0.0.1:8500', () => page())
    await referrals.next('http://127.0.0.1:8500/v1.0/engagements/referrals?$skiptoken=k', call)
    expect(asked).toEqual(['http://127.0.0.1:8500/v1.0/engagements/referrals?$skiptoken=k'])
    await expect(referrals.next('http://127.0.0.1:8501/x', call)).rejects.toMatchObject({ kind: 'invalid-answer' })
  })
})

describe('an answer out of form', () => {
  test.each(['', 'null', '[]', '{}', '{"value":{}}', '<html></html>'])('is said, never guessed around: %s', async (body) => {
    const { referrals } = api('https://pc.test', () => ({ status: 200, headers: {}, body: Buffer.from(body) }))
    await expect(referrals.list({ filter: null, orderBy: null, select: null, top: null }, call)).rejects.toMatchObject({ kind: 'invalid-answer' })
  })
  it('that says "not found" on a page of its own does not say that a referral is gone', async () => {
    const gone = (body: string) => api('https://pc.test', () => ({ status: 404, headers: {}, body: Buffer.from(body) })).referrals.get('r', call)
    await expect(gone('<html><title>404 Not Found</title></html>')).rejects.toMatchObject({ kind: 'invalid-answer', status: 404 })
    expect(await gone('{"error":{"code":"itemNotFound","message":"No such referral."}}')).toBe(null)
    expect(await gone('')).toBe(null)
  })
  it('to a create leaves open what was created', async () => {
    const { referrals } = api('https://pc.test', () => ({ status: 201, headers: {}, body: Buffer.from('<html></html>') }))
    await expect(referrals.create({}, call)).rejects.toMatchObject({ kind: 'ambiguous' })
  })
  it('to a patch is a patch that was done', async () => {
    const { referrals } = api('https://pc.test', () => ({ status: 200, headers: { etag: '"7"' }, body: Buffer.from('{"odd":1}') }))
    expect(await referrals.patch('r', [], { ...call, ifMatch: null })).toEqual({ document: null, version: '"7"' })
  })
  it('an old record with single objects for lists is read', async () => {
    const { referrals } = api('https://pc.test', () => ({ status: 200, headers: { etag: '"7"' }, body: Buffer.from('{"id":"r","team":{"email":"a@b"},"customerProfile":{"ids":{},"team":{"email":"c@d"}},"details":{"dealValue":"10000"}}') }))
    const document = await referrals.get('r', call)
    expect(document).toMatchObject({ version: '"7"', referral: { team: [{ email: 'a@b' }], customerProfile: { ids: [], team: [{ email: 'c@d' }] } } })
  })
})

describe('a record in another form', () => {
  const read = (record: object) => api('https://pc.test', () => ({ status: 200, headers: {}, body: Buffer.from(JSON.stringify(record)) })).referrals.get('r', call)
  it('may show numbers where texts stand, and the requirements as a list', async () => {
    const attributes = [{ type: 'CustomerMarketplaceIntent', id: 'Yes' }]
    const record = { id: 'r', mpnId: 1234567, salesStage: 100, trackingInfo: { microsoftMsxId: 7 }, details: { requirements: { additionalRequirements: attributes } } }
    expect((await read(record))?.referral).toMatchObject({
      mpnId: '1234567', salesStage: '100', trackingInfo: { microsoftMsxId: '7' }, details: { requirements: { additionalRequirements: { attributes } } },
    })
  })
  it('with a value that is neither is refused: read as empty it would empty the other side', async () => {
    await expect(read({ id: 'r', details: { notes: ['a list'] } })).rejects.toMatchObject({ kind: 'invalid-answer' })
  })
})

describe('the version a write is tied to', () => {
  test.each([
    ['"3a00"', '"3a00"'],
    ['W/"3a00"', 'W/"3a00"'],
    ['3a00', '"3a00"'],
  ])('%s is sent as %s', async (version, header) => {
    const sent: Record<string, string>[] = []
    const send = async ({ headers }: { headers: Readonly<Record<string, string>> }) => {
      sent.push({ ...headers })
      return { status: 204, headers: {}, body: Buffer.alloc(0) }
    }
    await new ReferralsApi({ url: 'https://pc.test', send, now: () => 0 }).patch('r', [], { ...call, ifMatch: version })
    expect(sent[0]?.['If-Match']).toBe(header)
  })
})

describe('whose referral it is', () => {
  const ours = '77b9d0de-4f0e-4cf7-a1d2-2b8e6a1f4c55'
  const theirs = '00000000-4f0e-4cf7-a1d2-2b8e6a1f4c55'
  function owning(items: readonly object[], profile: object | number) {
    let at = 0
    const { referrals, asked, send } = api('https://pc.test', (url) => (url.includes('profiles') ? { status: typeof profile === 'number' ? profile : 200, headers: {}, body: Buffer.from(JSON.stringify(profile)) } : page(items)))
    const platform = new PlatformApi({ url: 'https://pc.test', send, now: () => 0, newId: () => 'id' })
    return { own: ownOrganization({ referrals, platform, now: () => at }), asked, wait: (ms: number) => (at += ms) }
  }
  const of = (organizationId: string, engagementId: string) => ({ id: `${organizationId}-${engagementId}`, organizationId, engagementId })

  it('is ours when the organisation stands in every engagement', async () => {
    const { own, asked } = owning([of(theirs, 'e1'), of(ours, 'e1'), of('msft', 'e2'), of(ours.toUpperCase(), 'e2')], 403)
    expect(await own.owns({ organizationId: ours }, never)).toBe(true)
    expect(await own.owns({ organizationId: theirs }, never)).toBe(false)
    expect(await own.owns({ organizationId: 'MSFT' }, never)).toBe(false)
    expect(asked).toHaveLength(1)
  })
  it('the profile breaks a tie', async () => {
    const { own } = owning([of(theirs, 'e1'), of(ours, 'e1')], { tenantId: ours, id: 'something else' })
    expect(await own.owns({ organizationId: theirs }, never)).toBe(false)
    expect(await own.owns({ organizationId: ours }, never)).toBe(true)
  })
  it('is never Microsoft\'s, however often it takes part', async () => {
    const { own, asked } = owning(['e1', 'e2'].flatMap((engagement) => [of('msft', engagement), of(ours, engagement)]), 403)
    expect(await own.owns({ organizationId: theirs }, never)).toBe(false)
    expect(asked).toHaveLength(1)
  })
  it('is not decided by an outage', async () => {
    await expect(owning([of(theirs, 'e1'), of(ours, 'e1')], 503).own.owns({ organizationId: ours }, never)).rejects.toMatchObject({ kind: 'offline' })
  })
  it('stays open without evidence, is asked about again after a while, and learnt from a deal we made', async () => {
    const { own, asked, wait } = owning([], 403)
    expect(await own.owns({ organizationId: theirs }, never)).toBe(true)
    await own.owns({ organizationId: theirs }, never)
    expect(asked).toHaveLength(1)
    wait(61_000)
    await own.owns({ organizationId: theirs }, never)
    expect(asked).toHaveLength(2)
    own.learn(ours)
    expect(await own.owns({ organizationId: theirs }, never)).toBe(false)
  })
})

describe('stamps', () => {
  it('compare as text to the tenth of a microsecond', () => {
    expect(stampOf('2026-08-03T09:14:22.4171234Z')).toBe('2026-08-03T09:14:22.4171234Z')
    expect(stampOf('2026-08-03T09:14:22Z')).toBe('2026-08-03T09:14:22.0000000Z')
    expect(stampOf('2026-08-03T09:14:22.5+00:00')).toBe('2026-08-03T09:14:22.5000000Z')
    expect(stampOf('2026-08-03T11:14:22.5+02:00')).toBe('2026-08-03T09:14:22.5000000Z')
    expect([stampOf(null), stampOf(''), stampOf('yesterday'), stampOf('2026-08-03')]).toEqual([null, null, null, null])
    expect(instantOf(stampOf('2026-08-03T09:14:22.4171234Z'))).toBe(Date.parse('2026-08-03T09:14:22.417Z'))
    expect(earlier(stampFrom(1_000), 1)).toBe('1970-01-01T00:00:00.9990000Z')
  })
})
