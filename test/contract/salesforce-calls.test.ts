import { afterEach, describe, expect, it } from 'vitest'
import { salesforceInstallation, type SalesforceInstallation } from '../support/salesforce-installation.js'

/** What a deal costs of the org's allocation, counted at the org. */
let here: SalesforceInstallation
afterEach(() => here.close())

const isPoll = (path: string): boolean => path.includes('ORDER%20BY%20SystemModstamp') || /\/(?:updated|deleted)\//.test(path)
/** Calls about deals since the last look: what the polls themselves cost, and what the org does not count, left out. */
const calls = (): readonly string[] => {
  const list = here.sandbox.salesforce.calls.list().filter(({ path }) => /\/services\/data\/v/.test(path) && !isPoll(path))
  const seen = list.map(({ method, path }) => `${method} ${decodeURIComponent(path).slice(0, 60)}…${decodeURIComponent(path).slice(-60)}`)
  here.sandbox.salesforce.calls.clear()
  return seen
}
const crmIdOf = (referralId: string): string => String(here.opportunitiesOf(referralId)[0]?.['Id'])

describe('calls to the org', () => {
  it('an update from Partner Center costs at most three, one from the CRM at most four, and rest costs none', async () => {
    here = await salesforceInstallation()
    const { own } = here.sandbox.partnerCenter.portal.create('private', { name: 'Counted', details: { currency: 'EUR' } })
    await here.sync()
    await here.sync()
    calls()
    await here.sync()
    expect(calls()).toEqual([])
    here.sandbox.partnerCenter.portal.edit(own.id, { dealValue: 77_000, notes: 'Counted' })
    await here.sync()
    const inbound = calls()
    expect(inbound.length, inbound.join('\n')).toBeLessThanOrEqual(3)
    here.sandbox.salesforce.people.edit('Opportunity', crmIdOf(own.id), { Amount: 99_000 })
    await here.sync()
    const outbound = calls()
    expect(outbound.length, outbound.join('\n')).toBeLessThanOrEqual(4)
    expect(here.sandbox.partnerCenter.referral(own.id)?.details.dealValue).toBe(99_000)
  })

  it('the first sync of many deals costs less than a tenth of a call for each, also where they share their customers', async () => {
    here = await salesforceInstallation()
    const many = 200
    for (let index = 0; index < many; index += 1)
      here.sandbox.partnerCenter.portal.create('private', { name: `First ${index}`, details: { currency: 'EUR' } })
    calls()
    await here.app.service.sync({ deals: [], release: true, signal: new AbortController().signal, by: 'test' })
    const first = calls()
    const { salesforce } = here.sandbox
    expect(salesforce.find('Opportunity')).toHaveLength(many)
    expect(first.length / many, first.join('\n')).toBeLessThanOrEqual(0.1)
    const names = salesforce.find('Account').map((account) => `${String(account['Name'])}|${String(account['BillingPostalCode'])}`)
    expect(new Set(names).size).toBe(names.length)
    const people = salesforce.find('Contact').map((contact) => `${String(contact['AccountId'])}|${String(contact['Email'])}`)
    expect(new Set(people).size).toBe(people.length)
    const [deal] = salesforce.find('Opportunity')
    expect(salesforce.find('OpportunityContactRole', { OpportunityId: String(deal?.['Id']) })).toHaveLength(1)
    here.writes()
    await here.sync()
    expect(salesforce.find('Opportunity')).toHaveLength(many)
    expect(here.opportunity(String(deal?.['Id']))['Cosell_Sync_Status__c']).toBe('in-sync')
  })
})
