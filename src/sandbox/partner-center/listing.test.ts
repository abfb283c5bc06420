import { describe, expect, test } from 'vitest'
import { bearer, kit, messageOf, privateDeal, type JsonObject, type Kit } from './test-kit.js'
import { referralsAudience } from './index.js'

const values = (json: JsonObject): JsonObject[] => json['value'] as JsonObject[]
const list = (made: Kit, query: string) => made.call('GET', `?${query}`)
const ids = async (made: Kit, query: string): Promise<unknown[]> => values((await list(made, query)).json).map((referral) => referral['id'])

/** Follows nextLink to the end. */
async function walk(made: Kit, query: string): Promise<{ ids: unknown[]; pages: number }> {
  const all: unknown[] = []
  let pages = 0
  let path: string | undefined = `/v1.0/engagements/referrals?${query}`
  while (path !== undefined && pages < 100) {
    const { json } = await made.call('GET', path)
    pages += 1
    all.push(...values(json).map((referral) => referral['id']))
    const next = json['@odata.nextLink'] as string | undefined // a string where it is present
    path = next === undefined ? undefined : next.slice(new URL(next).origin.length)
  }
  return { ids: all, pages }
}

describe('a listing', () => {
  test('has the documented envelope', async () => {
    const made = kit()
    const own = (await made.call('POST', '', privateDeal())).json
    const { status, json } = await list(made, '')
    expect(status).toBe(200)
    expect(json['@odata.context']).toBe('http://pc.test/v1.0/$metadata#Referrals')
    expect(json['@odata.count']).toBe(1)
    const { '@odata.context': _context, ...withoutContext } = own
    expect(values(json)).toEqual([withoutContext])
  })

  test('selects top-level properties and refuses unknown ones', async () => {
    const made = kit()
    await made.call('POST', '', privateDeal())
    const { json } = await list(made, '$select=id,status, customerProfile')
    expect(Object.keys(values(json)[0] ?? {}).sort()).toEqual(['customerProfile', 'id', 'status'])
    expect((await list(made, '$select=id,dealName')).status).toBe(400)
  })

  test('sorts by creation and by update, both ways', async () => {
    const made = kit()
    const { portal } = made.simulator
    const first = portal.create('private').own.id
    const second = portal.create('private').own.id
    portal.edit(first, { notes: 'later' })
    expect(await ids(made, '$orderby=createdDateTime desc')).toEqual([second, first])
    expect(await ids(made, '$orderby=createdDateTime asc')).toEqual([first, second])
    expect(await ids(made, '$orderby=updatedDateTime asc')).toEqual([second, first])
    expect(await ids(made, '$orderby=updatedDateTime%20desc')).toEqual([first, second])
  })

  const refused: string[] = [
    '$orderby=name',
    '$orderby=createdDateTime asc,updatedDateTime asc',
    '$top=many',
    '$top=-1',
    '$skip=x',
    '$count=yes',
    '$expand=details',
    '$search=x',
    '$top=1&$top=2',
    '$skiptoken=nonsense',
  ]
  test.each(refused)('with %s is refused', async (query) => {
    const answer = await list(kit(), query)
    expect([answer.status, (answer.json['error'] as JsonObject)['code']]).toEqual([400, 'invalidRequest'])
  })
})

describe('paging', () => {
  test('shows a hundred rows a page and every row once', async () => {
    const made = kit()
    const seeded = made.simulator.seed(250)
    for (const query of ['', '$orderby=createdDateTime desc', '$orderby=updatedDateTime asc', '$orderby=updatedDateTime desc']) {
      const { ids: found, pages } = await walk(made, query)
      expect(pages).toBe(3)
      expect(found).toEqual(query.endsWith('desc') ? seeded.toReversed() : seeded)
    }
  })

  test('leaves nothing out when rows move while the listing is read in order of their updates', async () => {
    const made = kit()
    const seeded = made.simulator.seed(150)
    const { json } = await list(made, '$orderby=updatedDateTime asc')
    made.simulator.portal.edit(seeded[0] ?? '', { notes: 'moved to the end' })
    const next = new URL(String(json['@odata.nextLink']))
    const rest = values((await made.call('GET', next.pathname + next.search)).json).map((referral) => referral['id'])
    expect(rest).toEqual([...seeded.slice(100), seeded[0]])
  })

  test('by offset loses a row then, which is what a careful reader must survive', async () => {
    const made = kit({ continuation: 'offset' })
    const seeded = made.simulator.seed(150)
    const { json } = await list(made, '$orderby=updatedDateTime asc')
    made.simulator.portal.edit(seeded[0] ?? '', { notes: 'moved to the end' })
    const next = new URL(String(json['@odata.nextLink']))
    const rest = values((await made.call('GET', next.pathname + next.search)).json).map((referral) => referral['id'])
    expect(rest).not.toContain(seeded[100])
    expect(new Set((await walk(made, '$orderby=createdDateTime asc')).ids).size).toBe(150)
  })

  test('$top, $skip and $count do what they say', async () => {
    const made = kit()
    const seeded = made.simulator.seed(130)
    const top = await list(made, '$top=10&$skip=5&$count=true')
    expect(values(top.json).map((referral) => referral['id'])).toEqual(seeded.slice(5, 15))
    expect(top.json['@odata.count']).toBe(130)
    expect(top.json['@odata.nextLink']).toBeUndefined()
    expect((await walk(made, '$top=120')).ids).toEqual(seeded.slice(0, 120))
    expect((await list(made, '$top=0')).json).toMatchObject({ value: [] })
    made.simulator.options.topAbovePage = 'one-page'
    expect(values((await list(made, '$top=120')).json)).toHaveLength(120)
    made.simulator.options.countUnasked = 'absent'
    expect((await list(made, '$top=1')).json['@odata.count']).toBeUndefined()
  })

  test('the link to the next page is opaque, and may come as plain http on a path that does not exist', async () => {
    const made = kit()
    made.simulator.seed(101)
    expect((await list(made, '')).json['@odata.nextLink']).toMatch(/^http:\/\/pc\.test\/v1\.0\/engagements\/referrals\?\$skiptoken=[\w-]+$/)
    made.simulator.options.nextLinkForm = 'http-without-engagements'
    made.simulator.options.publicBase = 'https://pc.example'
    const next = String((await list(made, '')).json['@odata.nextLink'])
    expect(next).toMatch(/^http:\/\/pc\.example\/v1\.0\/referrals\?\$skiptoken=/)
    expect((await made.call('GET', next.slice('http://pc.example'.length))).status).toBe(404)
    const query = next.slice(next.indexOf('?'))
    expect(values((await made.call('GET', query)).json)).toHaveLength(1)
  })
})

describe('$filter', () => {
  async function world(): Promise<{ made: Kit; own: string; inbound: string; theirs: string; watermark: string }> {
    const made = kit()
    const own = made.simulator.portal.create('private', { customerProfile: { address: { country: 'PT' } } }).own.id
    const watermark = made.simulator.referral(own)?.updatedDateTime ?? ''
    made.clock.advance(1_000)
    const { own: second, theirs } = made.simulator.inbound.coSell({ customer: { address: { country: 'JP' } } })
    return { made, own, inbound: second.id, theirs: theirs?.id ?? '', watermark }
  }
  type Names = readonly ('own' | 'inbound' | 'theirs')[]
  const table: [string, Names][] = [
    ["status eq 'New'", ['inbound']],
    ["substatus eq 'Pending'", ['inbound']],
    ["(type eq 'Shared' and direction eq 'Incoming')", ['inbound', 'theirs']],
    ["(direction eq 'Incoming' and substatus eq 'Pending')", ['inbound']],
    ["direction eq 'Outgoing'", ['own']],
    ["qualification eq 'SalesQualified'", ['own', 'inbound', 'theirs']],
    ["customerProfile/address/country eq 'PT'", ['own']],
    ["status eq 'New' or direction eq 'Outgoing'", ['own', 'inbound']],
    ["not (status eq 'New')", ['own', 'theirs']],
    ["status ne 'New' and type ne 'Shared'", ['own']],
    ["status eq 'New' or status eq 'Active' and direction eq 'Outgoing'", ['own', 'inbound']],
    ['updatedDateTime gt WATERMARK', ['inbound', 'theirs']],
    ['updatedDateTime ge WATERMARK', ['own', 'inbound', 'theirs']],
    ['updatedDateTime le WATERMARK', ['own']],
    ['updatedDateTime lt WATERMARK', []],
    ["updatedDateTime gt WATERMARK and status eq 'New'", ['inbound']],
    ['updatedDateTime ge 2026-08-03T09:00:00Z and updatedDateTime lt 2026-08-03T09:00:01Z', ['own']],
  ]
  test.each(table)('%s', async (filter, expected) => {
    const found = await world()
    const query = `$filter=${encodeURIComponent(filter.replaceAll('WATERMARK', found.watermark))}`
    for (const order of ['createdDateTime', 'updatedDateTime']) {
      expect(await ids(found.made, `${query}&$orderby=${order} asc`)).toEqual(expected.map((name) => found[name]))
      expect(await ids(found.made, `${query}&$orderby=${order} desc`)).toEqual(expected.map((name) => found[name]).toReversed())
    }
  })

  test('finds an engagement, quoted or not, and a team member by e-mail', async () => {
    const { made, inbound, theirs } = await world()
    const engagementId = made.simulator.referral(inbound)?.engagementId ?? ''
    expect(await ids(made, `$filter=engagementId eq '${engagementId}'`)).toEqual([inbound, theirs])
    expect(await ids(made, `$filter=engagementId eq ${engagementId}&$orderby=updatedDateTime desc&$top=1`)).toEqual([theirs])
    const email = made.simulator.referral(theirs)?.team[0]?.email ?? ''
    expect(await ids(made, `$filter=team/any(t:t/email eq '${email}')`)).toEqual([theirs])
    expect(await ids(made, "$filter=team/any(t:t/email eq 'o''neil@partner.example')")).toEqual([])
  })

  const refused: string[] = [
    "name eq 'x'",
    "externalReferenceId eq 'OPP-1'",
    'createdDateTime gt 2026-01-01T00:00:00Z',
    "id eq '5c1e0a7e-59e8-4d6b-9f0e-0b7f0a6b2c10'",
    "status eq 'Open'",
    'status eq New',
    "Status eq 'New'",
    "status gt 'New'",
    "status eq 'New' and",
    "status eq 'New' substatus eq 'Pending'",
    "(status eq 'New'",
    "status is 'New'",
    "updatedDateTime gt '2026-01-01T00:00:00Z'",
    'updatedDateTime gt 2026-01-01',
    'engagementId eq 5',
    "team/any(t:t/title eq 'x')",
    "team/any(t:x/email eq 'x')",
    "contains(name,'x')",
    "status eq 'New' & ",
    `${'('.repeat(40)}status eq 'New'${')'.repeat(40)}`,
  ]
  test.each(refused)('refuses %s', async (filter) => {
    const answer = await list(kit(), `$filter=${encodeURIComponent(filter)}`)
    expect([answer.status, (answer.json['error'] as JsonObject)['target']]).toEqual([400, '$filter'])
    expect(messageOf(answer)).toMatch(/^The query specified in the URI is not valid/)
  })

  test('takes dates in quotes only, or not at all, when told so', async () => {
    const made = kit({ dateLiteral: 'quoted' })
    const status = async (filter: string) => (await list(made, `$filter=${encodeURIComponent(filter)}`)).status
    expect(await status("updatedDateTime gt '2026-01-01T00:00:00Z'")).toBe(200)
    expect(await status('updatedDateTime gt 2026-01-01T00:00:00Z')).toBe(400)
    made.simulator.options.dateLiteral = 'unsupported'
    expect(await status("updatedDateTime gt '2026-01-01T00:00:00Z'")).toBe(400)
    expect(await status('updatedDateTime gt 2026-01-01T00:00:00Z')).toBe(400)
  })

  test('may take only what is documented, or also what is not', async () => {
    const made = kit({ filterOperators: 'documented' })
    const status = async (filter: string) => (await list(made, `$filter=${encodeURIComponent(filter)}`)).status
    expect(await status("(type eq 'Shared' and status eq 'New')")).toBe(200)
    expect(await status("type eq 'Shared' or status eq 'New'")).toBe(400)
    expect(await status("status ne 'New'")).toBe(400)
    made.simulator.options.undocumentedFilters = 'accepted'
    expect(await status("externalReferenceId eq 'OPP-1'")).toBe(200)
  })
})

describe('what a listing leaves out', () => {
  test('marketplace leads, unless they are switched on', async () => {
    const made = kit()
    const lead = made.simulator.inbound.marketplaceLead().own.id
    const qualified = made.simulator.inbound.qualifiedLead().own.id
    expect(await ids(made, '')).toEqual([qualified])
    expect((await made.call('GET', lead)).status).toBe(404)
    made.simulator.options.marketplaceLeads = 'on'
    expect(await ids(made, '')).toEqual([lead, qualified])
    expect((await made.call('GET', lead)).json).toMatchObject({ referralSource: 'AzureMarketplace', callToAction: 'ContactMe' })
  })

  test('referrals out of scope, which are 403 by id, or 404 when told so', async () => {
    const made = kit()
    const [first = '', second = ''] = made.simulator.seed(2)
    made.simulator.hide(first)
    expect(await ids(made, '')).toEqual([second])
    expect((await made.call('GET', first)).status).toBe(403)
    made.simulator.options.outOfScopeStatus = 404
    expect((await made.call('GET', first)).status).toBe(404)
    made.simulator.reveal(first)
    expect((await made.call('GET', first)).status).toBe(200)
  })

  test('deals of others for a Referrals user, who sees the own team and what belongs to it', async () => {
    const made = kit({}, { rolesOf: () => ['ReferralsUser'] })
    const mine = made.simulator.portal.create('co-sell', {
      team: [{ firstName: 'A', lastName: 'S', phoneNumber: '1', email: 'Ana@partner.example' }],
    })
    const other = made.simulator.portal.create('private').own.id
    expect(await ids(made, '')).toEqual([mine.own.id, mine.theirs?.id])
    expect((await made.call('GET', other)).status).toBe(403)
    made.simulator.options.referralsUser = 'reads-own'
    expect((await made.call('PATCH', mine.own.id, [{ op: 'replace', path: '/campaignId', value: 'x' }])).status).toBe(403)
  })

  test('related referrals, when they are shown only to an engagement filter', async () => {
    const made = kit({ relatedInListing: 'engagement-filter-only' })
    const { own, theirs } = made.simulator.portal.create('co-sell')
    expect(await ids(made, '')).toEqual([own.id])
    expect(await ids(made, `$filter=engagementId eq '${own.engagementId}'`)).toEqual([own.id, theirs?.id])
  })
})

describe('a lagging listing', () => {
  test('shows the state of a moment ago while reading by id is current', async () => {
    const made = kit()
    const { own } = made.simulator.portal.create('private')
    made.simulator.options.listingLagMs = 10_000
    made.simulator.portal.edit(own.id, { notes: 'new notes' })
    const later = made.simulator.portal.create('private').own
    const shown = async () => values((await list(made, '')).json).map((referral) => (referral['details'] as JsonObject)['notes'])
    expect(await shown()).toEqual([own.details.notes])
    expect((await made.call('GET', own.id)).json).toMatchObject({ details: { notes: 'new notes' } })
    expect(values((await list(made, `$filter=engagementId eq '${later.engagementId}'`)).json)).toEqual([])
    made.clock.advance(10_000)
    expect(await shown()).toEqual(['new notes', later.details.notes])
  })

  test('that does not keep the order of writes never goes back, and ends with the newest state', async () => {
    const made = kit({ listingLagMs: 60_000, listingLagOrder: 'any' })
    const { own } = made.simulator.portal.create('private')
    const shown: number[] = []
    for (let second = 0; second < 80; second += 1) {
      if (second < 20) made.simulator.portal.edit(own.id, { dealValue: second })
      made.clock.advance(1_000)
      const found = values((await list(made, '$orderby=updatedDateTime asc')).json)
      shown.push(...found.map((referral) => Number((referral['details'] as JsonObject)['dealValue'])).filter((value) => value < 20))
    }
    expect(shown).toEqual(shown.toSorted((a, b) => a - b))
    expect(shown.at(-1)).toBe(19)
    expect(new Set(shown).size).toBeLessThan(20)
  })
})

describe('size', () => {
  test('a hundred thousand referrals are filtered and paged by watermark in the time of a page', async () => {
    const made = kit()
    const seeded = made.simulator.seed(100_000)
    const newest = made.simulator.referral(seeded[99_800] ?? '')?.updatedDateTime ?? ''
    const query = `$filter=${encodeURIComponent(`updatedDateTime gt ${newest}`)}&$orderby=updatedDateTime asc`
    const startedAt = performance.now()
    const rounds = 20
    for (let round = 0; round < rounds; round += 1) {
      const { ids: found, pages } = await walk(made, query)
      expect([found.length, pages]).toEqual([199, 2])
    }
    const perPageMs = (performance.now() - startedAt) / (rounds * 2)
    // A scan of all records takes more than ten times as long; the margin is for busy machines.
    expect(perPageMs).toBeLessThan(60)
    const engagementId = made.simulator.referral(seeded[50_000] ?? '')?.engagementId ?? ''
    const lookupAt = performance.now()
    for (let round = 0; round < 100; round += 1) await list(made, `$filter=engagementId eq '${engagementId}'`)
    expect((performance.now() - lookupAt) / 100).toBeLessThan(5)
  })
})

test('a caller of another tenant sees nothing', async () => {
  const answer = await kit().call('GET', '', undefined, { authorization: bearer({ aud: referralsAudience, tid: 'other' }) })
  expect(answer.status).toBe(403)
})
