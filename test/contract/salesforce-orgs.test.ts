import { afterEach, describe, expect, it } from 'vitest'
import { salesforceInstallation, type SalesforceInstallation } from '../support/salesforce-installation.js'

/** Orgs differ: in their stages, their currencies, their teams. The promises are the same in all of them. */
let here: SalesforceInstallation
const open = async (wish: Parameters<typeof salesforceInstallation>[0] = {}): Promise<SalesforceInstallation> =>
  (here = await salesforceInstallation(wish))
afterEach(() => here.close())

const crmIdOf = (referralId: string): string => String(here.opportunitiesOf(referralId)[0]?.['Id'])
const ownOf = (crmId: string) =>
  [...here.sandbox.partnerCenter.referrals()].filter(({ externalReferenceId }) => externalReferenceId === crmId)

describe('an org with the delivered stages only', () => {
  it("shares a seller's deal in its first stage as what it is, an active one, and lets the stage be", async () => {
    await open({ org: { stages: 'delivered' } })
    const id = here.completeOpportunity('Early', { StageName: 'Prospecting' })
    here.share(id)
    await here.sync()
    expect(ownOf(id)).toMatchObject([{ status: 'Active', substatus: 'Accepted' }])
    expect(here.opportunity(id)).toMatchObject({ StageName: 'Prospecting', Cosell_Sync_Status__c: 'in-sync' })
    here.sandbox.salesforce.people.edit('Opportunity', id, { StageName: 'Negotiation/Review' })
    await here.sync()
    expect(here.opportunity(id)).toMatchObject({ StageName: 'Negotiation/Review', Cosell_Sync_Status__c: 'in-sync' })
    here.sandbox.salesforce.people.edit('Opportunity', id, { StageName: 'Prospecting' })
    await here.sync()
    expect(ownOf(id)).toMatchObject([{ status: 'Active' }])
    here.sandbox.salesforce.people.edit('Opportunity', id, { StageName: 'Closed Won' })
    await here.sync()
    expect(ownOf(id)).toMatchObject([{ status: 'Closed', substatus: 'Won' }])
  })

  it('holds what waits for an answer in its first stage; leaving it accepts, losing there declines', async () => {
    await open({ org: { stages: 'delivered' } })
    const waiting = here.sandbox.partnerCenter.inbound.coSell({ currency: 'EUR' }).own
    const refused = here.sandbox.partnerCenter.inbound.coSell({ currency: 'EUR' }).own
    await here.sync()
    expect(here.opportunity(crmIdOf(waiting.id))).toMatchObject({ StageName: 'Prospecting' })
    here.sandbox.salesforce.people.edit('Opportunity', crmIdOf(waiting.id), { StageName: 'Proposal/Price Quote' })
    here.sandbox.salesforce.people.edit('Opportunity', crmIdOf(refused.id), { StageName: 'Closed Lost' })
    await here.sync()
    expect(here.sandbox.partnerCenter.referral(waiting.id)).toMatchObject({ status: 'Active', substatus: 'Accepted' })
    expect(here.sandbox.partnerCenter.referral(refused.id)).toMatchObject({ status: 'Closed', substatus: 'Declined' })
  })
})

describe("an org with Microsoft's own package", () => {
  const space = 'mspcsync__'
  it('is worked with as it is: its fields are found by their labels, its object of solutions too', async () => {
    await open({ fields: 'microsoft' })
    const { people } = here.sandbox.salesforce
    const { own } = here.sandbox.partnerCenter.portal.create('private', { name: 'Packaged', details: { currency: 'EUR' } })
    here.sandbox.salesforce.faults.set([{ kind: 'drop-after', rate: 1, times: 1, matching: /^POST .*composite/ }])
    await here.sync()
    await here.sync()
    // The identifier is no unique field there: a create whose answer was lost is looked for before it is repeated.
    const [made, ...more] = here.sandbox.salesforce.find('Opportunity', { [`${space}RefId__c`]: own.id })
    expect(more).toEqual([])
    expect(made).toMatchObject({
      Name: 'Packaged',
      [`${space}SyncFlag__c`]: true,
      [`${space}RefLink__c`]: expect.stringContaining(own.id) as string,
      [`${space}AuditTrail__c`]: expect.stringMatching(/success/) as string,
    })
    const id = String(made?.['Id'])
    const solutions = here.sandbox.salesforce.find(`${space}PartnerOffer__c`, { [`${space}Deal__c`]: id })
    expect(solutions.map((row) => row[`${space}OfferId__c`])).toEqual(own.details.requirements.solutions.map((solution) => solution.id))
    people.edit('Opportunity', id, { Amount: 4_321, [`${space}Help__c`]: 'Quotes or Licensing', [`${space}Visible__c`]: true })
    people.create(`${space}PartnerOffer__c`, { Name: 'Two', [`${space}Deal__c`]: id, [`${space}OfferId__c`]: 'SOL-67890-DEF' })
    await here.sync()
    const after = here.sandbox.partnerCenter.referral(own.id)
    expect(after?.details.dealValue).toBe(4_321)
    expect(after?.details.requirements.solutions.map((solution) => solution.id)).toContain('SOL-67890-DEF')
  })
})

describe('an org with the fields of the guide of 2020', () => {
  it('is worked with as it is, once the mapping says where the solutions are', async () => {
    await open({ fields: 'by-hand', mapping: { version: 1, opportunity: { 'details.requirements.solutions': { crm: 'Products__c' } } } })
    const { own } = here.sandbox.partnerCenter.portal.create('private', { name: 'By hand', details: { currency: 'EUR' } })
    await here.sync()
    const [made] = here.sandbox.salesforce.find('Opportunity', { Referral_Identifier__c: own.id })
    expect(made).toMatchObject({
      Sync_With_Partner_Center__c: true,
      Products__c: own.details.requirements.solutions.map((solution) => solution.id).join(', '),
    })
    here.sandbox.salesforce.people.edit('Opportunity', String(made?.['Id']), { Products__c: 'SOL-67890-DEF', Amount: 99 })
    await here.sync()
    const after = here.sandbox.partnerCenter.referral(own.id)
    expect(after?.details).toMatchObject({ dealValue: 99 })
    expect(after?.details.requirements.solutions.map((solution) => solution.id)).toContain('SOL-67890-DEF')
  })
})

describe('a sandbox that was refreshed', () => {
  it('[R38] is another org under the same address: neither side is written until a person adopts it', async () => {
    await open()
    const id = here.completeOpportunity('Copied')
    here.share(id)
    await here.sync()
    const [own] = ownOf(id)
    here.sandbox.salesforce.options.refreshedAs = '00D5g00000ReFrESHE'
    here.later(11 * 60_000)
    here.sandbox.salesforce.people.edit('Opportunity', id, { Amount: 77_000 })
    here.sandbox.partnerCenter.portal.edit(own?.id ?? '', { notes: 'Of the live account' })
    here.writes()
    await expect(here.sync()).rejects.toMatchObject({ kind: 'misconfigured', remedy: expect.stringContaining('--adopt') as string })
    expect(here.writes()).toEqual([])
    await here.restart()
    await here.app.service.sync({ deals: [id], release: true, signal: new AbortController().signal, by: 'test' }).catch(() => null)
    expect(here.writes()).toEqual([])
    expect(here.opportunity(id)).toMatchObject({ Description: 'Wants reports.' })
  })
})
