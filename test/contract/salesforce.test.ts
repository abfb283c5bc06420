import { afterEach, describe, expect, it } from 'vitest'
import { salesforceInstallation, type SalesforceInstallation } from '../support/salesforce-installation.js'

/** What is particular to Salesforce; what holds on every CRM is played in conformance and corners. The assembled service against the strict simulators over real sockets. */
let here: SalesforceInstallation
const open = async (wish: Parameters<typeof salesforceInstallation>[0] = {}): Promise<SalesforceInstallation> =>
  (here = await salesforceInstallation(wish))
afterEach(() => here.close())

const euro = { details: { currency: 'EUR' } }
const inbound = { currency: 'EUR' } as const
const crmIdOf = (referralId: string): string => String(here.opportunitiesOf(referralId)[0]?.['Id'])
const referral = (id: string) => {
  const found = here.sandbox.partnerCenter.referral(id)
  if (found === undefined) throw new Error(`no referral ${id}`)
  return found
}
const leadIdOf = (id: string): string => String(here.sandbox.salesforce.find('Lead', { Cosell_Referral_Identifier__c: id })[0]?.['Id'])
const ownOf = (crmId: string) =>
  [...here.sandbox.partnerCenter.referrals()].filter(({ externalReferenceId }) => externalReferenceId === crmId)

describe('from the CRM to Partner Center', () => {
  it('a record without Sync never leaves; one with Sync makes exactly one engagement, and identifier, link and audit come back', async () => {
    await open()
    const quiet = here.completeOpportunity('Quiet')
    const shared = here.completeOpportunity('Shared')
    here.share(shared)
    await here.sync()
    expect(ownOf(quiet)).toEqual([])
    const [own, ...more] = ownOf(shared)
    expect(more).toEqual([])
    expect(here.opportunity(shared)).toMatchObject({
      Cosell_Referral_Identifier__c: own?.id,
      Cosell_Referral_Link__c: expect.stringContaining(own?.id ?? '?') as string,
      Cosell_Audit__c: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d - CRM to Partner Center Referral sync success\./m) as string,
      Cosell_Sync_Status__c: 'in-sync',
    })
    expect(own).toMatchObject({
      name: 'Shared',
      details: { dealValue: 50_000, currency: 'USD', notes: 'Wants reports.' },
      customerProfile: { address: { country: 'DE' } },
    })
    expect(own?.details.requirements.solutions.map(({ id }) => id)).toEqual(['SOL-12345-ABC'])
    expect(own?.customerProfile.team).toMatchObject([{ email: 'ada@shared.example', firstName: 'Ada' }])
  })

  it('what is missing for a share is said on the record, and nothing leaves', async () => {
    await open()
    const id = here.completeOpportunity('Lacking', { Amount: null })
    here.share(id)
    await here.sync()
    expect(ownOf(id)).toEqual([])
    expect(here.opportunity(id)).toMatchObject({
      Cosell_Sync_Status__c: 'needs-attention',
      Cosell_Sync_Problem__c: expect.stringMatching(/value/i) as string,
    })
  })

  it('winning closes the referral as won, losing as lost', async () => {
    await open()
    const [won, lost] = [here.completeOpportunity('Won'), here.completeOpportunity('Lost')]
    here.share(won)
    here.share(lost)
    await here.sync()
    here.sandbox.salesforce.people.edit('Opportunity', won, { StageName: 'Closed Won' })
    here.sandbox.salesforce.people.edit('Opportunity', lost, { StageName: 'Closed Lost' })
    await here.sync()
    expect(ownOf(won)[0]).toMatchObject({ status: 'Closed', substatus: 'Won' })
    expect(ownOf(lost)[0]).toMatchObject({ status: 'Closed', substatus: 'Lost' })
  })

  it('amount and currency of an opportunity with products are theirs: they go out and are never written, and the rest is', async () => {
    await open()
    const id = here.completeOpportunity('Products')
    here.share(id)
    await here.sync()
    here.sandbox.salesforce.people.addProducts(id, 81_000)
    await here.sync()
    expect(ownOf(id)[0]?.details.dealValue).toBe(81_000)
    const { CurrencyIsoCode: currency } = here.opportunity(id)
    here.sandbox.partnerCenter.portal.edit(ownOf(id)[0]?.id ?? '', { dealValue: 1_000, currency: 'CHF', notes: 'Goes on' })
    here.writes()
    await here.sync()
    expect(here.opportunity(id)).toMatchObject({ Amount: 81_000, CurrencyIsoCode: currency, Description: 'Goes on', Cosell_Sync_Status__c: 'in-sync' })
    expect(here.writes().filter((write) => write.includes('composite')).length).toBeLessThanOrEqual(2)
  })
})

describe('from Partner Center to the CRM', () => {
  it('a deal makes an opportunity with account, contact and solutions, and its id is written back', async () => {
    await open()
    const address = { addressLine1: 'Weg 1', city: 'Bern', state: 'BE', postalCode: '3011', country: 'CH' }
    const team = [{ firstName: 'Eva', lastName: 'Roth', email: 'eva@known.example', phoneNumber: '+41 1' }]
    const existing = here.sandbox.salesforce.people.create('Account', { Name: 'Known Customer AG', BillingPostalCode: '3011' })
    const { own } = here.sandbox.partnerCenter.portal.create('private', {
      name: 'Matched',
      customerProfile: { name: 'Known Customer AG', address, team, ids: [] },
      ...euro,
    })
    await here.sync()
    const id = crmIdOf(own.id)
    expect(here.opportunity(id)).toMatchObject({
      Name: 'Matched',
      AccountId: existing,
      CurrencyIsoCode: 'EUR',
      Cosell_Sync_With_Partner_Center__c: true,
      Cosell_Referral_Identifier__c: own.id,
    })
    expect(referral(own.id).externalReferenceId).toBe(id)
    const roles = here.sandbox.salesforce.find('OpportunityContactRole', { OpportunityId: id })
    expect(roles).toHaveLength(1)
    expect(here.sandbox.salesforce.read('Contact', String(roles[0]?.['ContactId']))).toMatchObject({
      Email: 'eva@known.example',
      AccountId: existing,
    })
    expect(here.sandbox.salesforce.find('Account', { Name: 'Known Customer AG' })).toHaveLength(1)
  })

  it('later edits arrive in one call, and equal values and echoes write nothing', async () => {
    await open()
    const { own } = here.sandbox.partnerCenter.portal.create('private', { name: 'Edited there', ...euro })
    await here.sync()
    const id = crmIdOf(own.id)
    here.writes()
    here.sandbox.partnerCenter.portal.edit(own.id, { dealValue: 77_000, closingDateTime: '2027-03-31T00:00:00Z', notes: 'New notes' })
    await here.sync()
    expect(here.opportunity(id)).toMatchObject({ Amount: 77_000, CloseDate: '2027-03-31', Description: 'New notes' })
    expect(here.writes()).toHaveLength(1)
    await here.sync()
    expect(here.writes()).toEqual([])
  })

  it('an unanswered co-sell waits on hold, edits there are not sent, moving it on accepts, losing it declines', async () => {
    await open()
    const waiting = here.sandbox.partnerCenter.inbound.coSell({ ...inbound, notes: 'From Microsoft' }).own
    const refused = here.sandbox.partnerCenter.inbound.coSell(inbound).own
    await here.sync()
    const id = crmIdOf(waiting.id)
    expect(here.opportunity(id)).toMatchObject({ StageName: 'On Hold', IsClosed: false })
    here.sandbox.salesforce.people.edit('Opportunity', id, { Description: 'Written while it waits' })
    await here.sync()
    expect(referral(waiting.id)).toMatchObject({ status: 'New', details: { notes: 'From Microsoft' } })
    here.sandbox.salesforce.people.edit('Opportunity', id, { StageName: 'Needs Analysis' })
    here.sandbox.salesforce.people.edit('Opportunity', crmIdOf(refused.id), { StageName: 'Closed Lost' })
    await here.sync()
    expect(referral(waiting.id)).toMatchObject({ status: 'Active', substatus: 'Accepted', details: { notes: 'Written while it waits' } })
    expect(referral(refused.id)).toMatchObject({ status: 'Closed', substatus: 'Declined' })
    // The seller's own stage stays: an open one is as good as any other.
    expect(here.opportunity(id)['StageName']).toBe('Needs Analysis')
  })

  it('an unanswered lead is a lead; accepted there it is converted, converted here it is accepted; the identifier goes along', async () => {
    await open()
    const there = here.sandbox.partnerCenter.inbound.qualifiedLead(inbound).own
    const here_ = here.sandbox.partnerCenter.inbound.qualifiedLead(inbound).own
    await here.sync()
    const leadOf = (id: string) => here.sandbox.salesforce.find('Lead', { Cosell_Referral_Identifier__c: id })
    expect([leadOf(there.id), leadOf(here_.id)].map((leads) => leads.length)).toEqual([1, 1])
    here.sandbox.partnerCenter.portal.accept(there.id)
    const converted = here.sandbox.salesforce.people.convert(String(leadOf(here_.id)[0]?.['Id']))
    await here.sync()
    expect(leadOf(there.id)[0]?.['IsConverted']).toBe(true)
    expect(here.opportunitiesOf(there.id)).toHaveLength(1)
    expect(here.opportunitiesOf(there.id)[0]).toMatchObject({ Name: there.name, CurrencyIsoCode: 'EUR', Cosell_Sync_With_Partner_Center__c: true })
    expect(referral(here_.id)).toMatchObject({ status: 'Active', substatus: 'Accepted' })
    expect(here.opportunitiesOf(here_.id).map((row) => row['Id'])).toEqual([converted.opportunityId])
    // Nobody wrote the date and the currency that Salesforce makes up for an opportunity of a lead: they stay there, and the deal's own come.
    const { currency, closingDateTime } = here_.details
    expect(referral(here_.id)?.details).toMatchObject({ currency, closingDateTime })
    expect(here.opportunitiesOf(here_.id)[0]).toMatchObject({ CurrencyIsoCode: currency, CloseDate: closingDateTime?.slice(0, 10) })
  })

  it('[R23] a lead that a seller converts in an org that maps own fields is a lead converted: what the opportunity lacks is filled, and nobody is told of a stranger', async () => {
    await open({ org: { leadFields: 'mapped' } })
    const { own } = here.sandbox.partnerCenter.inbound.qualifiedLead(inbound)
    await here.sync()
    const [lead] = here.sandbox.salesforce.find('Lead', { Cosell_Referral_Identifier__c: own.id })
    const { opportunityId } = here.sandbox.salesforce.people.convert(String(lead?.['Id']))
    await here.sync()
    const { details } = own
    expect(referral(own.id)).toMatchObject({ status: 'Active', externalReferenceId: opportunityId, details: { notes: details.notes, closingDateTime: details.closingDateTime } })
    expect(here.opportunity(String(opportunityId))).toMatchObject({
      Amount: details.dealValue,
      CloseDate: details.closingDateTime?.slice(0, 10),
      Description: details.notes,
      Cosell_Sync_Status__c: 'in-sync',
      Cosell_Audit__c: expect.not.stringContaining('belongs to CRM record') as string,
    })
    expect(await here.dealOf(own.id)).toMatchObject({ state: 'in-sync', kind: 'opportunity' })
  })

  it('a lead that a seller converts is accepted also where the first stage of the org is the one of deals that wait', async () => {
    await open({ org: { stages: 'delivered' } })
    const { own } = here.sandbox.partnerCenter.inbound.qualifiedLead(inbound)
    await here.sync()
    const { opportunityId } = here.sandbox.salesforce.people.convert(leadIdOf(own.id))
    await here.sync()
    expect(referral(own.id)).toMatchObject({ status: 'Active', substatus: 'Accepted' })
    // The seller's own stage stays, and is no step back.
    expect(here.opportunity(String(opportunityId))).toMatchObject({ StageName: 'Prospecting', Cosell_Sync_Status__c: 'in-sync' })
    here.writes()
    await here.sync()
    expect(here.writes()).toEqual([])
  })

  it('[R8] a lead that a seller converts without an opportunity answers nobody: a person is asked, and may answer here', async () => {
    await open()
    const { own } = here.sandbox.partnerCenter.inbound.qualifiedLead(inbound)
    await here.sync()
    here.sandbox.salesforce.people.convertInto(leadIdOf(own.id), null)
    await here.sync()
    expect(await here.dealOf(own.id)).toMatchObject({
      state: 'needs-attention',
      reason: { code: 'conflict', items: [expect.stringContaining('converted without an opportunity') as string] },
    })
    expect(referral(own.id)).toMatchObject({ status: 'New' })
    // Neither side's stage is an answer.
    for (const keep of ['crm', 'partner'] as const) {
      await here.app.service.resolve(own.id, { field: 'status', keep, by: 'kim' })
      await here.sync()
      expect(await here.dealOf(own.id)).toMatchObject({ state: 'needs-attention', reason: { code: 'conflict' } })
    }
    here.sandbox.partnerCenter.portal.accept(own.id)
    await here.sync()
    expect(await here.dealOf(own.id)).toMatchObject({
      state: 'needs-attention',
      reason: { code: 'conflict', items: [expect.stringContaining('the CRM shows nothing of the referral') as string] },
    })
  })

  it('[R8] and where a person answers here, the referral follows', async () => {
    await open()
    const { own } = here.sandbox.partnerCenter.inbound.qualifiedLead(inbound)
    await here.sync()
    here.sandbox.salesforce.people.convertInto(leadIdOf(own.id), null)
    await here.sync()
    await here.app.service.order(own.id, { take: 'decline', reason: 'No deal', by: 'kim' })
    await here.sync()
    expect(referral(own.id)).toMatchObject({ status: 'Closed', substatus: 'Declined' })
  })

  it('[R64] an address that is too long for the CRM is told, never cut into another one', async () => {
    await open()
    const email = `${'m'.repeat(60)}@a-long-department.nordwind.example`
    const { own } = here.sandbox.partnerCenter.portal.create('private', {
      name: 'Long address',
      ...euro,
      customerProfile: { team: [{ firstName: 'Mara', lastName: 'Vogt', phoneNumber: '+49', email }] },
    })
    await here.sync()
    expect(here.opportunitiesOf(own.id)).toEqual([])
    expect(await here.dealOf(own.id)).toMatchObject({
      state: 'needs-attention',
      reason: { code: 'rejected', text: expect.stringMatching(/too (long|large).*Email/s) as string },
    })
  })

  it('[R6] a lead that a seller converts into the opportunity of another deal takes it from nobody', async () => {
    await open()
    const shared = here.completeOpportunity('Shared before')
    here.share(shared)
    const { own } = here.sandbox.partnerCenter.inbound.qualifiedLead(inbound)
    await here.sync()
    const before = ownOf(shared)[0]?.id ?? '?'
    here.sandbox.salesforce.people.convertInto(leadIdOf(own.id), shared)
    await here.sync()
    expect(await here.dealOf(own.id)).toMatchObject({
      state: 'needs-attention',
      reason: { code: 'linked-record-missing', text: expect.stringContaining(`became opportunity ${shared}, which belongs to the deal of referral ${before}`) as string },
    })
    here.sandbox.salesforce.people.edit('Opportunity', shared, { Amount: 77_000 })
    await here.sync()
    expect(referral(before).details).toMatchObject({ dealValue: 77_000 })
    expect(referral(own.id)).toMatchObject({ status: 'New', details: { dealValue: own.details.dealValue } })
    expect(here.opportunity(shared)).toMatchObject({ Cosell_Referral_Identifier__c: before, Cosell_Sync_Status__c: 'in-sync' })
    here.writes()
    await here.sync()
    expect(here.writes()).toEqual([])
  })

  it('a currency that the org does not have stops that deal with the code named, and is never converted', async () => {
    await open({ singleCurrency: true })
    const { own } = here.sandbox.partnerCenter.portal.create('private', { name: 'Foreign', ...euro })
    const dollars = here.sandbox.partnerCenter.portal.create('private', { name: 'Own currency', details: { currency: 'USD' } }).own
    await here.sync()
    expect(here.opportunitiesOf(own.id)).toEqual([])
    expect((await here.dealOf(own.id)).reason?.text).toContain('EUR')
    expect(here.opportunitiesOf(dollars.id)).toHaveLength(1)
  })
})

describe('a hostile world', () => {
  it('a create whose answer was lost makes one record', async () => {
    await open()
    const { own } = here.sandbox.partnerCenter.portal.create('private', { name: 'Lost answer', ...euro })
    here.sandbox.salesforce.faults.set([{ kind: 'drop-after', rate: 1, times: 1, matching: /^POST .*composite/ }])
    await here.sync()
    await here.sync()
    expect(here.sandbox.salesforce.find('Opportunity', { Name: 'Lost answer' })).toHaveLength(1)
    expect(here.opportunitiesOf(own.id)).toHaveLength(1)
  })

  it('an edit between the look and the write is kept: the write is refused and planned again', async () => {
    await open()
    const { own } = here.sandbox.partnerCenter.portal.create('private', { name: 'Raced', ...euro })
    await here.sync()
    const id = crmIdOf(own.id)
    here.sandbox.partnerCenter.portal.edit(own.id, { dealValue: 12_000 })
    let acted = false
    const { handle } = here.sandbox.salesforce
    expect(handle).toBeTypeOf('function')
    here.sandbox.salesforce.onWrite((object) => {
      if (object !== 'Opportunity' || acted) return
      acted = true
      here.sandbox.salesforce.people.edit('Opportunity', id, { NextStep: 'A flow of the org was here' })
    })
    await here.sync()
    expect(here.opportunity(id)).toMatchObject({ Amount: 12_000, NextStep: 'A flow of the org was here' })
    here.writes()
    await here.sync()
    expect(here.writes()).toEqual([])
  })

  it('a session that ended is renewed once, and the call is repeated', async () => {
    await open()
    const { own } = here.sandbox.partnerCenter.portal.create('private', { name: 'After the session', ...euro })
    here.sandbox.salesforce.sessions.expire()
    await here.sync()
    expect(here.opportunitiesOf(own.id)).toHaveLength(1)
  })

  it('a deleted opportunity is never taken for a wish to close: the deal waits for a person, and an undelete mends it', async () => {
    await open()
    const id = here.completeOpportunity('Deleted')
    here.share(id)
    await here.sync()
    here.sandbox.salesforce.people.remove('Opportunity', id)
    await here.sync()
    here.later(11 * 60_000)
    await here.sync()
    expect(ownOf(id)[0]?.status).not.toBe('Closed')
    expect((await here.dealOf(id)).state).toBe('needs-attention')
    here.sandbox.salesforce.people.undelete('Opportunity', id)
    await here.sync()
    expect((await here.dealOf(id)).state).toBe('in-sync')
  })

  it('an outbound message is taken as a nudge and answered as Salesforce wants it; without the key it is refused', async () => {
    await open()
    const id = here.completeOpportunity('Nudged')
    const message = `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>${here.sandbox.salesforce.organizationId}</OrganizationId><Notification><Id>04l5g00000AaAaAAAV</Id><sObject xsi:type="sf:Opportunity" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:sf="urn:sobject.enterprise.soap.sforce.com"><sf:Id>${id}</sf:Id></sObject></Notification></notifications></soapenv:Body></soapenv:Envelope>`
    const send = (path: string): Promise<Response> =>
      fetch(`${here.address}${path}`, { method: 'POST', headers: { 'content-type': 'text/xml' }, body: message })
    const taken = await send('/hooks/salesforce/test-webhook-key')
    expect(taken.status).toBe(200)
    expect(await taken.text()).toContain('<Ack>true</Ack>')
    expect((await send('/hooks/salesforce')).status).toBe(401)
  })
})
