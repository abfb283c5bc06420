import { afterEach, describe, expect, it } from 'vitest'
import { administrator, publisher, regions } from '../support/dynamics-administrator.js'
import { installation, type Installation } from '../support/installation.js'
import { salesforceInstallation, type SalesforceInstallation } from '../support/salesforce-installation.js'

/** Rows that keep a field on a record beside the deal's own: as a lookup, on the account, on the contact. */
let closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing) await close()
  closing = []
})
const euro = { details: { currency: 'EUR', notes: 'Needs reports.' } }

describe('a lookup of Dynamics 365', () => {
  const users = (here: Installation) => here.sandbox.dynamics.find('systemuser', { applicationid: null })
  interface Opened {
    readonly here: Installation
    readonly names: readonly string[]
    readonly id: string
    readonly account: () => Readonly<Record<string, unknown>>
  }
  async function open(): Promise<Opened> {
    const here = await installation({
      mapping: { version: 1, opportunity: { campaignId: { crm: 'account.preferredsystemuserid' } } },
    })
    closing.push(() => here.close())
    const [first, second] = users(here).map((user) => String(user['fullname']))
    const { own } = here.sandbox.partnerCenter.portal.create('private', { name: 'Looked up', ...euro, campaignId: first ?? '' })
    await here.sync()
    const opportunity = here.opportunitiesOf(own.id)[0]
    const account = () => here.sandbox.dynamics.read('account', String(opportunity?.['_parentaccountid_value'])) ?? {}
    return { here, names: [first ?? '', second ?? ''], id: own.id, account }
  }

  it('is written by the words of a row, and read by them', async () => {
    const { here, names, id, account } = await open()
    const idOf = (name: string | undefined): string =>
      String(users(here).find((user) => user['fullname'] === name)?.['systemuserid'])
    expect(String(account()['_preferredsystemuserid_value'])).toBe(idOf(names[0]))
    here.seller.edit('account', String(account()['accountid']), { 'preferredsystemuserid@odata.bind': `/systemusers(${idOf(names[1])})` })
    await here.sync([id])
    expect(here.sandbox.partnerCenter.referral(id)?.campaignId).toBe(names[1])
    here.sandbox.partnerCenter.portal.edit(id, { campaignId: names[0] ?? null })
    await here.sync([id])
    expect(String(account()['_preferredsystemuserid_value'])).toBe(idOf(names[0]))
  })

  it('stops the deal whose word no row has, with the rows there are', async () => {
    const { here, names, id, account } = await open()
    const before = account()['_preferredsystemuserid_value']
    expect(before).toMatch(/.+/)
    here.sandbox.partnerCenter.portal.edit(id, { campaignId: 'Nobody of that name' })
    await here.sync([id])
    const { problem } = await here.app.service.deal(id, { live: false })
    expect(problem).toMatch(/campaignId.*has no row "Nobody of that name" \(it has .*/)
    expect(problem).toContain(names[1])
    expect(account()['_preferredsystemuserid_value']).toEqual(before)
  })
})

describe('a lookup to a table of the house', () => {
  it.each(['opportunity', 'account'] as const)('of Dynamics 365 is written, read and checked by the names of its rows (on the %s)', async (table) => {
    const here = await installation()
    closing.push(() => here.close())
    const administer = await administrator(here.sandbox)
    await publisher(administer)
    const rows = await regions(administer, table, ['North', 'South'])
    await here.restart({
      mapping: { version: 1, opportunity: { campaignId: { crm: table === 'account' ? 'account.xco_regionid' : 'xco_regionid' } } },
    })
    const failing = (await here.app.service.mapping.check(null, new AbortController().signal)).filter(({ status }) => status === 'fail')
    expect(failing).toEqual([])
    const { own } = here.sandbox.partnerCenter.portal.create('private', { name: 'Regional', ...euro, campaignId: 'North' })
    await here.sync()
    const record = (): Readonly<Record<string, unknown>> => {
      const opportunity = here.opportunitiesOf(own.id)[0] ?? {}
      return table === 'opportunity' ? opportunity : (here.sandbox.dynamics.read('account', String(opportunity['_parentaccountid_value'])) ?? {})
    }
    expect(record()['_xco_regionid_value']).toBe(rows.get('North'))
    here.seller.edit(table, String(record()[`${table}id`]), { 'xco_RegionId@odata.bind': `/xco_regions(${String(rows.get('South'))})` })
    await here.sync([own.id])
    expect(here.sandbox.partnerCenter.referral(own.id)?.campaignId).toBe('South')
    here.sandbox.partnerCenter.portal.edit(own.id, { campaignId: null })
    await here.sync([own.id])
    expect(record()['_xco_regionid_value']).toBeNull()
    here.sandbox.partnerCenter.portal.edit(own.id, { campaignId: 'West' })
    await here.sync([own.id])
    expect((await here.app.service.deal(own.id, { live: false })).problem).toMatch(/campaignId.*has no row "West" \(it has (?:North, South|South, North)\)/)
    await administer('POST', 'xco_regions', { xco_name: 'West' })
    here.later(20_000)
    await here.app.service.retry({ deal: own.id, by: 'ada' })
    await here.sync([own.id])
    expect(here.sandbox.dynamics.find('xco_region', { xco_name: 'West' }).map((row) => row['xco_regionid'])).toEqual([record()['_xco_regionid_value']])
  })
})

describe('a field on the contact', () => {
  it('of Dynamics 365 is written with a new contact, and constants of account and contact with them', async () => {
    const here = await installation({
      mapping: {
        version: 1,
        opportunity: { campaignId: { crm: 'contact.department' } },
        defaults: { account: { industrycode: 'Accounting' }, contact: { jobtitle: 'Customer' } },
      },
    })
    closing.push(() => here.close())
    const team = [{ firstName: 'Ada', lastName: 'Byron', email: 'ada@new.example', phoneNumber: '1' }]
    const { own } = here.sandbox.partnerCenter.portal.create('private', {
      name: 'With a person',
      ...euro,
      campaignId: 'Spring',
      customerProfile: { name: 'Analytical Engines Ltd', team },
    })
    await here.sync()
    expect(here.sandbox.dynamics.find('contact', { emailaddress1: 'ada@new.example' })).toMatchObject([{ department: 'Spring', jobtitle: 'Customer' }])
    expect(here.sandbox.dynamics.find('account', { name: 'Analytical Engines Ltd' })).toMatchObject([{ industrycode: 1 }])
    expect(here.sandbox.partnerCenter.referral(own.id)?.campaignId).toBe('Spring')
  })

  it('[R64] of a deal without one is refused, and nobody takes it for emptied', async () => {
    const here = await installation({ mapping: { version: 1, opportunity: { campaignId: { crm: 'contact.department' } } } })
    closing.push(() => here.close())
    const { own } = here.sandbox.partnerCenter.portal.create('private', { name: 'Nobody there', ...euro, customerProfile: { team: [] } })
    await here.sync()
    here.sandbox.partnerCenter.portal.edit(own.id, { campaignId: 'Spring' })
    await here.sync([own.id])
    await here.sync([own.id])
    expect(here.sandbox.partnerCenter.referral(own.id)?.campaignId).toBe('Spring')
    expect((await here.app.service.deal(own.id, { live: false })).problem).toMatch(/has no contact, and the mapping keeps department there/)
  })
})

describe('a lookup of Salesforce', () => {
  it('is written by the name of a record, and read by it', async () => {
    const here: SalesforceInstallation = await salesforceInstallation({
      mapping: { version: 1, opportunity: { campaignId: { crm: 'account.OwnerId', flow: 'both' } } },
    })
    closing.push(() => here.close())
    const org = here.sandbox.salesforce
    const [first, second] = org.find('User').filter((user) => user['IsActive'] !== false)
    const { own } = here.sandbox.partnerCenter.portal.create('private', { name: 'Looked up', ...euro, campaignId: String(first?.['Name']) })
    await here.sync()
    const account = () => org.read('Account', String(here.opportunitiesOf(own.id)[0]?.['AccountId'])) ?? {}
    expect(account()['OwnerId']).toBe(first?.['Id'])
    here.later(5_000)
    org.people.edit('Account', String(account()['Id']), { OwnerId: second?.['Id'] })
    await here.sync([own.id])
    expect(here.sandbox.partnerCenter.referral(own.id)?.campaignId).toBe(second?.['Name'])
  })

  it('that was hidden and is shown again is found at the next attempt, not when what is known has grown old', async () => {
    const here = await salesforceInstallation({ mapping: { version: 1, opportunity: { campaignId: { crm: 'NextStep' } } } })
    closing.push(() => here.close())
    const { options } = here.sandbox.salesforce
    const { own } = here.sandbox.partnerCenter.portal.create('private', { name: 'Seen and not', ...euro, campaignId: 'Spring' })
    await here.sync()
    options.hidden.add('Opportunity.NextStep')
    here.later(3_600_000)
    here.sandbox.partnerCenter.portal.edit(own.id, { campaignId: 'Summer' })
    await here.sync([own.id])
    expect((await here.dealOf(own.id)).reason?.text).toMatch(/no field "NextStep"/)
    options.hidden.clear()
    here.later(20_000)
    await here.app.service.retry({ deal: own.id, by: 'ada' })
    await here.sync([own.id])
    expect(here.opportunitiesOf(own.id)[0]).toMatchObject({ NextStep: 'Summer' })
  })
})
