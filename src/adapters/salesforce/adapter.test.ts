import { describe, expect, it } from 'vitest'
import { euroDeal, salesforceDesk, signal } from '../../../test/support/salesforce-desk.js'
import type { CreateChange } from '../../core/change.js'
import { toFault } from '../../core/fault.js'
import type { EndRef } from '../../core/ref.js'

const person = (email: string) => ({ email, firstName: 'A', lastName: 'B', phone: null })
const [kim, sam, stranger] = ['kim@fabrikam.example', 'sam@fabrikam.example', 'nobody@elsewhere.example'].map(person) as [
  ReturnType<typeof person>,
  ReturnType<typeof person>,
  ReturnType<typeof person>,
] // three names, three people
const emails = (people: readonly { readonly email: string }[] | undefined) => people?.map(({ email }) => email)

describe('a record of this very second', () => {
  it('[R4] is looked at again a moment later; one of an earlier second is planned on at once', async () => {
    const desk = salesforceDesk()
    const ref = await desk.create()
    const young = await desk.present(ref)
    expect(young.settlesInMs).toBeGreaterThan(0)
    desk.hand.advance(young.settlesInMs)
    expect((await desk.present(ref)).settlesInMs).toBe(0)
  })

  it('[R4] counts as such until the answer cannot have been on its way since then', async () => {
    const slowMs = 1_500
    const desk = salesforceDesk({
      between: (transport) => async (request) => {
        const answer = await transport(request)
        if (!request.url.includes('FROM%20Opportunity')) return answer
        // What the org saw is older than the date of its answer.
        desk.hand.advance(slowMs)
        return { ...answer, headers: { ...answer.headers, date: new Date(desk.hand.now()).toUTCString() } }
      },
    })
    const ref = await desk.create()
    desk.hand.advance(300)
    expect((await desk.present(ref)).settlesInMs).toBeGreaterThan(0)
  })

  it('[R4] is known by our own clock where a gateway takes the date away', async () => {
    const desk = salesforceDesk({
      between: (transport) => async (request) => {
        const answer = await transport(request)
        const { date: _gone, ...headers } = answer.headers
        return { ...answer, headers }
      },
    })
    const ref = await desk.create()
    expect((await desk.present(ref)).settlesInMs).toBeGreaterThan(0)
  })
})

/** Between our look at a record and our write to it: the write is refused, and what they wrote stands. */
async function aPersonComesInBetween(desk: ReturnType<typeof salesforceDesk>, ref: EndRef): Promise<void> {
  desk.hand.advance(5_000)
  const { version } = await desk.present(ref)
  desk.hand.advance(2_000)
  desk.org.people.edit('Opportunity', ref.id, { Description: 'What a person wrote.' })
  await expect(desk.patch(ref, { 'details.notes': 'Written by us.' }, { expect: version })).rejects.toMatchObject({ kind: 'stale' })
  expect(desk.org.read('Opportunity', ref.id)).toMatchObject({ Description: 'What a person wrote.' })
}

describe('a write', () => {
  it('[R4] [R26] is refused when a person changed the record since it was looked at, and their edit stands', async () => {
    const desk = salesforceDesk()
    const ref = await desk.create()
    await aPersonComesInBetween(desk, ref)
  })

  it.each(['LastModifiedDate', 'SystemModstamp'] as const)(
    '[R4] of a record that only the system touched goes through where the org compares %s, and a person who comes in between stands',
    async (comparedStamp) => {
      const desk = salesforceDesk()
      const ref = await desk.create()
      desk.hand.advance(5_000)
      desk.org.people.remove('Opportunity', ref.id)
      desk.hand.advance(60_000)
      desk.org.people.undelete('Opportunity', ref.id) // gives it a new SystemModstamp and leaves LastModifiedDate
      desk.org.options.comparedStamp = comparedStamp
      desk.hand.advance(5_000)
      await desk.patch(ref, { 'details.notes': 'Ours.' }, { expect: (await desk.present(ref)).version })
      expect(desk.org.read('Opportunity', ref.id)).toMatchObject({ Description: 'Ours.' })
      desk.org.people.remove('Opportunity', ref.id)
      desk.hand.advance(60_000)
      desk.org.people.undelete('Opportunity', ref.id)
      await aPersonComesInBetween(desk, ref)
    },
  )

  it('of a row that somebody holds is tried again, and so is one that ran into an automation; after that a person is asked', async () => {
    const desk = salesforceDesk()
    const ref = await desk.create()
    desk.org.options.lockedWrites = 2
    await desk.patch(ref, { 'details.notes': 'one' })
    desk.org.options.failingAutomations = 2
    await desk.patch(ref, { 'details.notes': 'two' })
    expect(desk.org.read('Opportunity', ref.id)?.['Description']).toBe('two')
    desk.org.options.failingAutomations = 3
    await expect(desk.patch(ref, { 'details.notes': 'three' })).rejects.toMatchObject({ kind: 'rejected', code: 'CANNOT_EXECUTE_FLOW_TRIGGER' })
    desk.org.options.lockedWrites = 9
    await expect(desk.patch(ref, { 'details.notes': 'four' })).rejects.toMatchObject({ kind: 'stale', code: 'UNABLE_TO_LOCK_ROW' })
    expect(desk.org.read('Opportunity', ref.id)?.['Description']).toBe('two')
  })

  it('that a duplicate rule refuses names the record it found, and forces nothing', async () => {
    const desk = salesforceDesk({ options: { duplicateRule: 'block' } })
    const twin = desk.org.people.create('Account', { Name: 'Fabrikam', BillingPostalCode: '99999' })
    await expect(desk.create({ ...euroDeal, 'customerProfile.address.postalCode': '20095' })).rejects.toMatchObject({
      kind: 'rejected',
      code: 'DUPLICATES_DETECTED',
      message: expect.stringContaining(twin) as string,
    })
    expect(desk.org.find('Account')).toHaveLength(1)
    expect(desk.org.find('Opportunity')).toEqual([])
  })

  it('keeps the owner we chose: rules of the org that assign leads are not asked', async () => {
    const desk = salesforceDesk({ owner: 'kim@fabrikam.example' })
    desk.org.options.assignLeadsTo = desk.org.people.user('sam@fabrikam.example')
    const lead = await desk.create({ ...euroDeal, 'customerProfile.team': [person('eva@fabrikam.example')] }, { as: 'lead' })
    expect(desk.org.read('Lead', lead.id)?.['OwnerId']).toBe(desk.org.people.user('kim@fabrikam.example'))
  })

  it('of many new deals keeps every address within what a server takes, in any script', async () => {
    const desk = salesforceDesk()
    const name = (index: number): string => `${'株式会社'.repeat(50)} ${index}`
    const changes = Array.from({ length: 60 }, (_each, index): CreateChange => {
      const deal = { ...euroDeal, name: `Deal ${index}`, 'customerProfile.name': name(index) }
      return { kind: 'create', side: 'crm', as: 'opportunity', marker: `ref-${index}`, deal, stamp: {} }
    })
    const receipts = await desk.run(desk.adapter.writeMany(changes, { signal }))
    expect(receipts.filter((receipt) => receipt instanceof Error)).toEqual([])
    const longest = Math.max(...desk.calls.map((call) => encodeURI(call).length))
    expect(longest).toBeLessThan(16_384 - 2_000)
    expect(desk.calls.length).toBeLessThan(60)
  })
})

describe("an opportunity's team", () => {
  it('holds everybody of the referral who is a user, beside the owner, and is read with it', async () => {
    const desk = salesforceDesk()
    const ref = await desk.create({ ...euroDeal, team: [stranger, sam, kim] })
    expect(desk.org.find('OpportunityTeamMember', { OpportunityId: ref.id })).toMatchObject([
      { UserId: desk.org.people.user('kim@fabrikam.example') },
    ])
    expect(emails((await desk.present(ref)).deal.team)).toEqual([sam.email, kim.email])
    desk.org.people.edit('User', desk.org.people.user(kim.email), { IsActive: false })
    expect(emails((await desk.present(ref)).deal.team)).toEqual([sam.email])
  })

  it('is told by the receipt as the record shows it, and by the canonical form as it would be with all of them', async () => {
    const desk = salesforceDesk()
    const team = [sam, kim, stranger]
    const change: CreateChange = { kind: 'create', side: 'crm', as: 'opportunity', marker: 'r', deal: { ...euroDeal, team }, stamp: {} }
    const receipt = await desk.run(desk.adapter.create(change, { signal }))
    expect(emails(receipt.resolved.team)).toEqual([sam.email, kim.email])
    expect(emails(desk.adapter.canonical({ team }, 'opportunity').team)).toEqual(emails(team))
    const again = await desk.run(desk.adapter.resolved?.(change, { signal }) ?? Promise.reject(new Error('nothing')))
    expect(again.team).toEqual(receipt.resolved.team)
  })

  it('is the owner alone in an org without teams', async () => {
    const desk = salesforceDesk({ options: { teams: false } })
    const ref = await desk.create({ ...euroDeal, team: [sam, kim] })
    expect(emails((await desk.present(ref)).deal.team)).toEqual([sam.email])
    expect(emails(desk.adapter.canonical({ team: [sam, kim] }, 'opportunity').team)).toEqual([sam.email])
  })
})

describe('an org with lists of states and countries', () => {
  const address = (state: string) => ({
    ...euroDeal,
    'customerProfile.name': `Customer of ${state}`,
    'customerProfile.address.state': state,
    'customerProfile.address.country': 'US',
  })
  it.each(['WA', 'Washington', 'washington'])('takes %s as the state it is', async (state) => {
    const desk = salesforceDesk({ options: { statePicklists: true } })
    const ref = await desk.create(address(state))
    expect(desk.org.find('Account')).toMatchObject([{ BillingStateCode: 'WA', BillingState: 'Washington', BillingCountryCode: 'US' }])
    expect((await desk.present(ref)).deal).toMatchObject({ 'customerProfile.address.state': 'WA', 'customerProfile.address.country': 'US' })
    expect(desk.adapter.canonical({ 'customerProfile.address.state': state }, 'opportunity')).toEqual({ 'customerProfile.address.state': 'WA' })
  })
  it('refuses a state that is in no list before anything is sent, and says where the list is', async () => {
    const desk = salesforceDesk({ options: { statePicklists: true } })
    await expect(desk.create(address('Atlantis'))).rejects.toMatchObject({
      kind: 'rejected',
      message: expect.stringMatching(/"Atlantis" is not in the org's list.*Setup/) as string,
    })
    expect(desk.calls.filter((call) => call.startsWith('POST'))).toEqual([])
  })
})

describe('an org without a stage called "On Hold"', () => {
  it('waits in its first stage and is active in the next; a deal of a seller in any open stage is an active one', async () => {
    const desk = salesforceDesk({ options: { stages: 'delivered' } })
    const waiting = await desk.create({ ...euroDeal, status: 'New/Received' })
    const active = await desk.create()
    expect(desk.org.read('Opportunity', waiting.id)?.['StageName']).toBe('Prospecting')
    expect(desk.org.read('Opportunity', active.id)?.['StageName']).toBe('Qualification')
    expect((await desk.present(waiting)).deal.status).toBe('New/Received')
  })
})

describe('what an org hides', () => {
  it('is done without: a contact becomes a role of its own where new opportunities take none', async () => {
    const desk = salesforceDesk({ options: { hidden: new Set(['Opportunity.ContactId']) } })
    const ref = await desk.create({ ...euroDeal, 'customerProfile.team': [person('eva@fabrikam.example')] })
    expect(desk.org.find('OpportunityContactRole', { OpportunityId: ref.id })).toMatchObject([{ IsPrimary: true }])
    expect(emails((await desk.present(ref)).deal['customerProfile.team'])).toEqual(['eva@fabrikam.example'])
  })

  it('may be the SOAP API: deals are read all the same, and a write says that the currency is unknown', async () => {
    const desk = salesforceDesk({
      options: { multiCurrency: false },
      between: (transport) => (request) =>
        request.url.includes('/Soap/')
          ? Promise.resolve({ status: 403, headers: {}, body: Buffer.from('<html>Forbidden</html>') })
          : transport(request),
    })
    const id = desk.org.people.create('Opportunity', { Name: 'Deal', StageName: 'Qualification', CloseDate: '2027-03-31', Amount: 5 })
    const reading = await desk.present({ side: 'crm', kind: 'opportunity', id })
    expect(reading.deal).toMatchObject({ 'details.dealValue': 5, 'details.currency': null })
    const checks = await desk.run(desk.adapter.checks({ signal }))
    expect(checks.find(({ name }) => name === 'CRM currencies')).toMatchObject({ status: 'fail' })
    const refused = await desk.create().then(() => null, toFault)
    expect(refused).toMatchObject({ kind: 'rejected', code: 'unknown-currency' })
  })
})

describe('a list below a record', () => {
  it('that comes in pages of its own is read to its end', async () => {
    const desk = salesforceDesk()
    const ref = await desk.create()
    const ids = ['SOL-1', 'SOL-2', 'SOL-3']
    for (const solution of ids)
      desk.org.people.create('Cosell_Solution__c', { Name: solution, Cosell_Opportunity__c: ref.id, Cosell_Solution_Identifier__c: solution })
    const solutions = async (): Promise<unknown> => (await desk.present(ref)).deal['details.requirements.solutions']
    const whole = await solutions()
    expect(whole).toHaveLength(ids.length)
    desk.org.options.childRowsMost = 1
    expect(await solutions()).toEqual(whole)
    expect(desk.calls.filter((call) => call.startsWith('GET query/01g')).length).toBe(2)
  })

  it('that goes on without saying where is an answer nobody can use, and no list that ended', async () => {
    const desk = salesforceDesk({
      between: (transport) => async (request) => {
        const answer = await transport(request)
        return { ...answer, body: Buffer.from(answer.body.toString('utf8').replaceAll(/,"nextRecordsUrl":"[^"]*"/g, '')) }
      },
    })
    const ref = await desk.create()
    for (const name of ['SOL-1', 'SOL-2'])
      desk.org.people.create('Cosell_Solution__c', { Name: name, Cosell_Opportunity__c: ref.id, Cosell_Solution_Identifier__c: name })
    desk.org.options.childRowsMost = 1
    expect(await desk.read(ref)).toMatchObject({ kind: 'unreachable', fault: { kind: 'invalid-answer' } })
  })
})

describe('the version of the API', () => {
  it('is the one we were read against where it is served, else the next, and asked for anew when it is withdrawn', async () => {
    const served = { list: ['58.0', '67.0', '68.0'] }
    const desk = salesforceDesk({
      between: (transport) => (request) => {
        const { pathname } = new URL(request.url)
        const list = Buffer.from(JSON.stringify(served.list.map((version) => ({ version }))))
        if (pathname === '/services/data') return Promise.resolve({ status: 200, headers: {}, body: list })
        const version = /\/v(\d+\.0)\//.exec(pathname)?.[1]
        return version === undefined || served.list.includes(version)
          ? transport(request)
          : Promise.resolve({ status: 410, headers: {}, body: Buffer.from('[{"errorCode":"GONE","message":"gone"}]') })
      },
    })
    const ref = await desk.create()
    expect(desk.calls.length).toBeGreaterThan(0)
    served.list = ['66.0', '67.0'].slice(0, 1)
    const first = await desk.read(ref)
    expect(first.kind).toBe('unreachable')
    expect((await desk.read(ref)).kind).toBe('present')
  })

  it('that will be withdrawn is told by the org in its own words, and doctor shows them', async () => {
    const desk = salesforceDesk()
    const version = async () => (await desk.run(desk.adapter.checks({ signal }))).find(({ name }) => name === 'CRM API version')
    expect(await version()).toMatchObject({ status: 'pass' })
    desk.org.options.retirement = 'API version 66.0 is scheduled for retirement in Summer 2029.'
    await desk.create()
    expect(await version()).toMatchObject({ status: 'warn', detail: expect.stringContaining('retirement in Summer 2029') as string })
  })
})

describe('a constant of a field that a row fills too', () => {
  it('stands where the deal says nothing, and the receipt says so', async () => {
    const desk = salesforceDesk({ mapping: { version: 1, opportunity: { campaignId: { crm: 'NextStep' } }, defaults: { opportunity: { NextStep: 'None given' } } } })
    const create = (campaignId: string | null) => ({
      kind: 'create' as const, side: 'crm' as const, as: 'opportunity' as const, marker: `6f9b2c1e-0000-4000-8000-00000000000${campaignId === null ? 'b' : 'c'}`,
      deal: { ...euroDeal, campaignId }, stamp: {},
    })
    const { ref, resolved } = await desk.run(desk.adapter.create(create(null), { signal }))
    expect(resolved).toMatchObject({ campaignId: 'None given' })
    expect((await desk.present(ref)).deal.campaignId).toBe('None given')
    const said = await desk.run(desk.adapter.create(create('C-1'), { signal }))
    expect(said.resolved).not.toHaveProperty('campaignId')
    expect((await desk.present(said.ref)).deal.campaignId).toBe('C-1')
  })
})

describe('a lead that was converted before it was known', () => {
  const identifier = '6f9b2c1e-0000-4000-8000-00000000000a'
  const converted = async (desk = salesforceDesk()) => {
    const lead = await desk.create({ ...euroDeal, status: 'New/Received' }, { as: 'lead', marker: identifier, stamp: { otherId: identifier } })
    const opportunityId = desk.org.people.convert(lead.id).opportunityId
    if (opportunityId === null) throw new Error('it became an opportunity')
    return { desk, lead, opportunityId, find: () => desk.run(desk.adapter.find({ as: 'opportunity', value: identifier, notBefore: null }, { signal })) }
  }

  it('[R27] is found by its identifier, where the opportunity did not take it along, and leads there', async () => {
    const { desk, lead, opportunityId, find } = await converted()
    expect(await find()).toEqual([lead])
    expect(await desk.read(lead)).toMatchObject({ kind: 'moved', to: { kind: 'opportunity', id: opportunityId } })
  })

  it('is its opportunity, where that carries the identifier as well', async () => {
    const { desk, opportunityId, find } = await converted()
    desk.org.people.edit('Opportunity', opportunityId, { Cosell_Referral_Identifier__c: identifier })
    expect(await find()).toEqual([{ side: 'crm', kind: 'opportunity', id: opportunityId }])
  })
})
