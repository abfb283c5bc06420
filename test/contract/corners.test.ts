import { afterEach, describe, expect, it } from 'vitest'
import { assemble } from '../../src/assemble.js'
import { realClock } from '../../src/clock.js'
import { silentLog } from '../../src/log.js'
import { installation, type Installation, type InstallationWish } from '../support/installation.js'

/** What seldom happens and must still end in a state that a person understands. */
let here: Installation
const open = async (wish: InstallationWish = {}): Promise<Installation> => (here = await installation(wish))
afterEach(() => here.close())

const euro = { details: { currency: 'EUR' } }
const view = (deal: string) => here.app.service.deal(deal, { live: false })
const patches = () => here.sandbox.partnerCenter.calls.list().filter(({ method }) => method === 'PATCH')
const inbound = async (name: string): Promise<{ referralId: string; crmId: string }> => {
  const { own } = here.sandbox.partnerCenter.portal.create('private', { name, ...euro })
  await here.sync()
  return { referralId: own.id, crmId: String(here.opportunitiesOf(own.id)[0]?.['opportunityid']) }
}

describe('a record reopened in the CRM while its referral is closed', () => {
  it('is said on the record and in the deal, and nothing is sent for it', async () => {
    await open()
    const { referralId, crmId } = await inbound('Reopened')
    here.seller.win(crmId)
    await here.sync()
    expect(here.sandbox.partnerCenter.referral(referralId)).toMatchObject({ status: 'Closed', substatus: 'Won' })
    here.sandbox.partnerCenter.calls.reset()
    here.seller.reopen('opportunity', crmId)
    here.seller.edit('opportunity', crmId, { description: 'A second try' })
    await here.sync()
    await here.sync()
    expect(patches()).toEqual([])
    expect(await view(crmId)).toMatchObject({ state: 'needs-attention', reason: { code: 'reopened' } })
    expect(here.opportunity(crmId)['cosell_syncproblem']).toMatch(/was reopened, but its referral is closed/)
    // Closing it again, the same way, is the end of the matter.
    here.seller.win(crmId)
    await here.sync()
    expect(await view(crmId)).toMatchObject({ state: 'in-sync', reason: { code: 'closed' } })
    expect(patches()).toEqual([])
  })

  it('that is then closed the other way is held: won against lost is for a person', async () => {
    await open()
    const { referralId, crmId } = await inbound('Won, then lost')
    here.sandbox.partnerCenter.portal.win(referralId)
    await here.sync()
    here.seller.reopen('opportunity', crmId)
    here.seller.lose(crmId)
    await here.sync()
    expect(await view(crmId)).toMatchObject({ state: 'needs-attention' })
    expect(here.sandbox.partnerCenter.referral(referralId)).toMatchObject({ substatus: 'Won' })
    expect((await here.app.service.conflicts()).map(({ conflict }) => conflict.field)).toContain('status')
  })
})

describe('a lead', () => {
  const leadOf = (referralId: string) => here.sandbox.dynamics.find('lead', { cosell_referralidentifier: referralId })
  it('disqualified in the CRM while nobody has answered is declined at Partner Center', async () => {
    await open()
    const { own } = here.sandbox.partnerCenter.inbound.qualifiedLead({ currency: 'EUR' })
    await here.sync()
    here.seller.disqualify(String(leadOf(own.id)[0]?.['leadid']))
    await here.sync()
    await here.sync()
    expect(here.sandbox.partnerCenter.referral(own.id)).toMatchObject({ status: 'Closed', substatus: 'Declined' })
    expect(here.opportunitiesOf(own.id)).toEqual([])
    expect((await view(own.id)).state).toBe('in-sync')
  })

  it('qualified in the CRM is accepted at Partner Center, and its opportunity carries on under the same identifier', async () => {
    await open()
    const { own } = here.sandbox.partnerCenter.inbound.qualifiedLead({ currency: 'EUR' })
    await here.sync()
    here.seller.qualify(String(leadOf(own.id)[0]?.['leadid']), { account: true, contact: true, opportunity: true })
    await here.sync()
    await here.sync()
    await here.sync()
    expect(here.sandbox.partnerCenter.referral(own.id)).toMatchObject({ status: 'Active', substatus: 'Accepted' })
    expect(here.opportunitiesOf(own.id)).toHaveLength(1)
    const deal = await view(own.id)
    expect(deal).toMatchObject({ kind: 'opportunity', crmEntity: 'opportunity', crmId: here.opportunitiesOf(own.id)[0]?.['opportunityid'] })
    here.sandbox.partnerCenter.portal.edit(own.id, { notes: 'After the conversion' })
    await here.sync()
    expect(here.opportunitiesOf(own.id)[0]).toMatchObject({ description: 'After the conversion' })
  })
})

describe('records that are merged', () => {
  it('keep their deal when their account is merged into another', async () => {
    await open()
    const { referralId, crmId } = await inbound('Of a merged customer')
    const loser = String(here.opportunity(crmId)['_parentaccountid_value'])
    const winner = here.seller.account({ name: 'The one that stays' })
    here.seller.merge('account', { winner, loser })
    await here.sync()
    here.sandbox.partnerCenter.portal.edit(referralId, { notes: 'After the merge' })
    await here.sync()
    expect(here.opportunity(crmId)).toMatchObject({ description: 'After the merge', _parentaccountid_value: winner })
    expect(await view(crmId)).toMatchObject({ state: 'in-sync' })
    expect(here.opportunitiesOf(referralId)).toHaveLength(1)
  })

  it('two leads of one deal: the deal follows to the one that stays', async () => {
    await open()
    const { own } = here.sandbox.partnerCenter.inbound.qualifiedLead({ currency: 'EUR', name: 'Doubled' })
    await here.sync()
    const loser = String(here.sandbox.dynamics.find('lead', { cosell_referralidentifier: own.id })[0]?.['leadid'])
    const winner = here.seller.lead({ subject: 'The same, typed by hand' })
    here.seller.merge('lead', { winner, loser })
    await here.sync()
    await here.sync()
    expect((await view(own.id)).crmId).toBe(winner)
    expect(here.sandbox.dynamics.find('lead', { statecode: 0 })).toHaveLength(1)
    // The identifier is a key, and this CRM lets nobody change the lead that was merged away: that is for a person.
    expect(await view(own.id)).toMatchObject({
      state: 'needs-attention',
      reason: { text: expect.stringMatching(/was merged into.*still holds the referral identifier/) as string },
    })
    here.seller.delete('lead', loser)
    await here.app.service.retry({ deal: own.id, by: 'kim' })
    await here.sync([own.id])
    expect(here.sandbox.dynamics.read('lead', winner)).toMatchObject({ cosell_referralidentifier: own.id })
    expect(here.sandbox.partnerCenter.referral(own.id)?.externalReferenceId).toBe(winner)
    expect((await view(own.id)).state).toBe('in-sync')
  })
})

describe('an inbound deal whose sales team has no user of the CRM', () => {
  it('belongs to the owner that the configuration names, and says so', async () => {
    await open({ sync: { owner: 'kim@fabrikam.example' } })
    const { crmId } = await inbound('Sent by a stranger')
    const [kim] = here.sandbox.dynamics.find('systemuser', { internalemailaddress: 'kim@fabrikam.example' })
    expect(here.opportunity(crmId)['_ownerid_value']).toBe(kim?.['systemuserid'])
    const { records } = await here.app.service.audit({ deal: crmId, limit: 50, after: null })
    const remarks = records.flatMap(({ event }) => (event?.kind === 'wrote' ? event.remarks : []))
    expect(remarks).toContainEqual(
      expect.stringMatching(/no team member|None of .* is an enabled user.*kim@fabrikam\.example, as sync\.owner says/),
    )
    // The next thing that is written onto the record brings the remark with it.
    here.sandbox.partnerCenter.portal.edit(String((await view(crmId)).referralId), { notes: 'More' })
    await here.sync()
    expect(String(here.opportunity(crmId)['cosell_audit'])).toMatch(/as sync\.owner says/)
  })
})

describe('[R38] a store', () => {
  const start = (change: { partnerTenant?: string; crmUrl?: string }, adopt: boolean) => {
    const { config } = here.load()
    const partnerCenter = { ...config.partnerCenter, tenant: change.partnerTenant ?? config.partnerCenter.tenant }
    const crm = { ...config.crm, url: change.crmUrl ?? config.crm.url }
    return assemble({ ...config, partnerCenter, crm }, { clock: realClock, demo: null, log: silentLog, version: 'test', adopt, plant: () => undefined })
  }
  it('refuses to serve another partner tenant or another CRM than it was made for, until a person adopts it', async () => {
    await open()
    await here.app.stop()
    await expect(start({ partnerTenant: 'other.onmicrosoft.com' }, false)).rejects.toMatchObject({
      kind: 'misconfigured',
      message: expect.stringContaining('other.onmicrosoft.com') as string,
    })
    await expect(start({ crmUrl: 'https://sandbox-copy.crm.dynamics.com' }, false)).rejects.toMatchObject({
      message: expect.stringContaining('sandbox-copy') as string,
      remedy: expect.stringContaining('--adopt') as string,
    })
    const adopted = await start({ partnerTenant: 'other.onmicrosoft.com' }, true)
    await adopted.stop()
    await expect(start({}, false)).rejects.toMatchObject({ kind: 'misconfigured' })
    const back = await start({}, true)
    await back.stop()
  })
})
