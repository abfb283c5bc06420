import { describe, expect, it } from 'vitest'
import { salesforceDesk, type SalesforceDesk } from '../../../test/support/salesforce-desk.js'

const minute = 60_000
const deal = { Name: 'Deal', StageName: 'Qualification', CloseDate: '2027-03-31', Cosell_Sync_With_Partner_Center__c: true }
const idsOf = (records: readonly { readonly ref: { readonly kind: string; readonly id: string } }[], kind = 'opportunity'): string[] =>
  records.filter(({ ref }) => ref.kind === kind).map(({ ref }) => ref.id)
/** A first round, so that the next one is a poll. */
const started = async (desk: SalesforceDesk): Promise<string> => {
  desk.hand.advance(2_000)
  return (await desk.feed(null)).cursor
}

describe('the change feed', () => {
  it('tells every change once, of the record and of what hangs on it', async () => {
    const desk = salesforceDesk()
    const { people } = desk.org
    const id = people.create('Opportunity', deal)
    const quiet = people.create('Opportunity', { ...deal, Cosell_Sync_With_Partner_Center__c: false })
    desk.hand.advance(2_000)
    let { records, cursor } = await desk.feed(null)
    expect(idsOf(records)).toEqual([id])
    const next = async (): Promise<string[]> => {
      desk.hand.advance(2_000)
      ;({ records, cursor } = await desk.feed(cursor))
      return [...new Set(idsOf(records))]
    }
    expect(await next()).toEqual([])
    desk.hand.advance(2_000)
    people.edit('Opportunity', quiet, { NextStep: 'not ours' })
    people.edit('Opportunity', id, { NextStep: 'Call' })
    expect(await next()).toEqual([id])
    const contact = people.create('Contact', { LastName: 'Moser', Email: 'ada@x.example' })
    const role = people.create('OpportunityContactRole', { OpportunityId: id, ContactId: contact, IsPrimary: true })
    expect(await next()).toEqual([id])
    people.remove('OpportunityContactRole', role)
    expect(await next()).toEqual([id])
    people.create('OpportunityTeamMember', { OpportunityId: id, UserId: people.user('sam@fabrikam.example') })
    expect(await next()).toEqual([id])
    people.create('Cosell_Solution__c', { Name: 'One', Cosell_Opportunity__c: id, Cosell_Solution_Identifier__c: 'SOL-1' })
    expect(await next()).toEqual([id])
    people.edit('Contact', contact, { Phone: '+1' })
    await next()
    expect(idsOf(records, 'contact')).toEqual([contact])
    people.remove('Opportunity', id)
    await next()
    expect(records.find(({ ref }) => ref.id === id)?.reading?.kind).toBe('absent')
    people.undelete('Opportunity', id)
    expect(await next()).toEqual([id])
    expect(await next()).toEqual([])
  })

  it('finds within the hour what a long transaction shows long after its stamp', async () => {
    const desk = salesforceDesk()
    const id = desk.org.people.create('Opportunity', deal)
    let cursor = await started(desk)
    desk.hand.advance(minute)
    desk.org.options.lateCommitMs = 30 * minute
    desk.org.options.coveredLagMs = 31 * minute
    desk.org.people.edit('Opportunity', id, { NextStep: 'under way' })
    const other = desk.org.people.create('Opportunity', deal, desk.org.integrationUser)
    const found: string[] = []
    for (let poll = 0; poll < 100; poll += 1) {
      desk.hand.advance(minute)
      const round = await desk.feed(cursor)
      cursor = round.cursor
      found.push(...idsOf(round.records))
    }
    expect(found).toContain(id)
    // What was told already is not told again.
    expect(found.filter((each) => each === other)).toHaveLength(1)
  })

  it('finds within the day what is gone from the recycle bin too', async () => {
    const desk = salesforceDesk()
    const [gone, binned] = [desk.org.people.create('Opportunity', deal), desk.org.people.create('Opportunity', deal)]
    const cursor = await started(desk)
    desk.hand.advance(minute)
    desk.org.people.remove('Opportunity', gone)
    desk.org.people.purge('Opportunity', gone)
    const soon = await desk.feed(cursor)
    expect(idsOf(soon.records)).toEqual([])
    desk.org.people.remove('Opportunity', binned)
    desk.hand.advance(2_000)
    const binnedOnly = await desk.feed(soon.cursor)
    expect(idsOf(binnedOnly.records)).toEqual([binned])
    desk.hand.advance(24 * 60 * minute)
    const later = await desk.feed(binnedOnly.cursor)
    expect(later.records.filter(({ ref }) => ref.id === gone)).toMatchObject([{ reading: { kind: 'absent' } }])
    expect(idsOf(later.records)).not.toContain(binned)
    expect(idsOf((await desk.feed(later.cursor)).records)).toEqual([])
  })

  it('begins anew with a cursor of another org, of another make, or of an older one', async () => {
    const desk = salesforceDesk()
    const id = desk.org.people.create('Opportunity', deal)
    const cursor = await started(desk)
    desk.hand.advance(11 * minute)
    const whole = (text: string | null) => desk.feed(text).then(({ records }) => idsOf(records))
    expect(await whole(cursor.replace(desk.org.organizationId, '00D000000000000EAA'))).toEqual([id])
    expect(await whole('no cursor')).toEqual([id])
    expect(await whole(cursor)).toEqual([])
    // The first cursors knew no floor: they go on where they were.
    const old: unknown = JSON.parse(cursor, (key, value: unknown) =>
      ['floor', 'rescannedAt', 'purgesSeenAt'].includes(key) ? undefined : value,
    )
    expect(await whole(JSON.stringify(old))).toEqual([])
  })

  it('of an org that serves no lists of changes and no jobs is read all the same', async () => {
    const refusing = /\/(?:updated|deleted)\/|\/jobs\//
    const desk = salesforceDesk({
      between: (transport) => (request) =>
        refusing.test(request.url)
          ? Promise.resolve({ status: 400, headers: {}, body: Buffer.from('[{"errorCode":"FEATURENOTENABLED","message":"no"}]') })
          : transport(request),
    })
    const id = desk.org.people.create('Opportunity', deal)
    const { records, cursor } = await desk.feed(null)
    expect(idsOf(records)).toEqual([id])
    desk.hand.advance(25 * 60 * minute)
    desk.org.people.edit('Opportunity', id, { NextStep: 'Call' })
    expect(idsOf((await desk.feed(cursor)).records)).toEqual([id])
  })
})

describe('a poll', () => {
  it('brings changed deals whole, so that an echo is known for one', async () => {
    const desk = salesforceDesk()
    const account = desk.org.people.create('Account', { Name: 'Fabrikam', BillingCountry: 'Germany' })
    const id = desk.org.people.create('Opportunity', { ...deal, AccountId: account, Amount: 5 })
    const cursor = await started(desk)
    desk.hand.advance(minute)
    desk.org.people.edit('Opportunity', id, { Amount: 7 })
    desk.hand.advance(minute)
    const [record] = (await desk.feed(cursor)).records
    expect(record?.reading).toEqual(await desk.present({ side: 'crm', kind: 'opportunity', id }))
    expect(record?.reading).toMatchObject({ deal: { 'details.dealValue': 7, 'customerProfile.name': 'Fabrikam' }, settlesInMs: 0 })
  })

  it('tells a record of its own second again: it may change once more under the same stamp', async () => {
    const desk = salesforceDesk()
    const id = desk.org.people.create('Opportunity', deal)
    let cursor = await started(desk)
    const next = async (): Promise<unknown[]> => {
      const round = await desk.feed(cursor)
      cursor = round.cursor
      return round.records.map(({ reading }) => reading?.kind === 'present' && reading.deal['details.dealValue'])
    }
    desk.hand.advance(1_000 - (desk.hand.now() % 1_000))
    desk.org.people.edit('Opportunity', id, { Amount: 1 })
    expect(await next()).toEqual([1])
    desk.org.people.edit('Opportunity', id, { Amount: 2 })
    expect(await next()).toEqual([2])
    desk.hand.advance(2_000)
    expect(await next()).toEqual([2])
    expect(await next()).toEqual([])
  })
})

describe('a long list', () => {
  const many = (desk: SalesforceDesk, count: number): void => {
    for (let index = 0; index < count; index += 1) desk.org.people.create('Opportunity', { ...deal, Name: `Deal "${index}", one` })
  }
  it('comes by one job, however many pages its result has', async () => {
    const desk = salesforceDesk()
    many(desk, 2_050)
    const { records } = await desk.feed(null)
    expect(new Set(idsOf(records)).size).toBe(2_050)
    expect(desk.calls.filter((call) => call.includes('jobs/query')).length).toBeGreaterThan(2)
    expect(desk.calls.filter((call) => /query\?q=SELECT Id,SystemModstamp FROM Opportunity/.test(call))).toEqual([])
  })
  it('comes page by page where the org takes no jobs', async () => {
    const desk = salesforceDesk()
    desk.org.options.bulk = 'off'
    many(desk, 2_050)
    expect(new Set(idsOf((await desk.feed(null)).records)).size).toBe(2_050)
  })
  it('may leave out what is closed and what is old', async () => {
    const desk = salesforceDesk()
    const old = desk.org.people.create('Opportunity', deal)
    desk.hand.advance(60 * minute)
    const closed = desk.org.people.create('Opportunity', { ...deal, StageName: 'Closed Won' })
    const open = desk.org.people.create('Opportunity', deal)
    expect(idsOf((await desk.feed(null, { openOnly: true })).records).sort()).toEqual([old, open].sort())
    expect(idsOf((await desk.feed(null, { since: desk.clock.now() - minute })).records).sort()).toEqual([closed, open].sort())
  })
})

describe("the org's allocation of calls", () => {
  it('is respected: at its end nothing is looked for but deals are written, and a quarter of an hour later it is asked again', async () => {
    const desk = salesforceDesk()
    const id = desk.org.people.create('Opportunity', deal)
    const cursor = await started(desk)
    const ref = { side: 'crm', kind: 'opportunity', id } as const
    desk.org.options.dailyCalls = 200
    while (desk.calls.length < 192) await desk.present(ref)
    const before = desk.calls.length
    await expect(desk.feed(cursor)).rejects.toMatchObject({ kind: 'throttled', code: 'api-allocation', retryAfterMs: 15 * minute })
    expect(desk.calls.length).toBe(before)
    desk.org.options.dailyCalls = 100_000
    await expect(desk.feed(cursor)).rejects.toMatchObject({ kind: 'throttled' })
    desk.hand.advance(15 * minute)
    desk.org.people.edit('Opportunity', id, { NextStep: 'Call' })
    expect(idsOf((await desk.feed(cursor)).records)).toEqual([id])
  })

  it('that runs low is spared by what can wait: the rows around deals are asked about every ten minutes only', async () => {
    const desk = salesforceDesk()
    let cursor = await started(desk)
    desk.org.options.dailyCalls = 200
    while (desk.calls.length < 165) await desk.feed(cursor)
    const polled = async (): Promise<number> => {
      const before = desk.calls.length
      desk.hand.advance(30_000)
      ;({ cursor } = await desk.feed(cursor))
      return desk.calls.length - before
    }
    await polled()
    expect(await polled()).toBe(2)
    desk.org.options.dailyCalls *= 20
    desk.hand.advance(11 * minute)
    expect(await polled()).toBeGreaterThan(4)
  })
})
