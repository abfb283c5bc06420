import { afterEach, describe, expect, it } from 'vitest'
import { assemble } from '../../src/assemble.js'
import { realClock } from '../../src/clock.js'
import { silentLog } from '../../src/log.js'
import { CRMS, type AnyInstallation, type CrmWish } from '../support/crms.js'

/** What seldom happens and must still end in a state that a person understands, on every CRM. */
let here: AnyInstallation
afterEach(() => here.close())

const euro = { details: { currency: 'EUR' } }
const absenceAgainMs = 11 * 60_000 // Two looks ten minutes apart are what it takes to believe that a record is gone.
const view = (deal: string) => here.app.service.deal(deal, { live: false })
const card = (id: string, table: 'opportunity' | 'lead' = 'opportunity') => here.desk.card(table, id)
const patches = () => here.sandbox.partnerCenter.calls.list().filter(({ method }) => method === 'PATCH')

describe.each(CRMS)('on %s', (_name, start) => {
  const open = async (wish: CrmWish = {}): Promise<AnyInstallation> => (here = await start(wish))
  const inbound = async (name: string): Promise<{ referralId: string; crmId: string }> => {
    const { own } = here.sandbox.partnerCenter.portal.create('private', { name, ...euro })
    await here.sync()
    return { referralId: own.id, crmId: here.crmIdOf(own.id) }
  }

  describe('[R26] a gateway that answers with a page of its own and "400 Bad Request"', () => {
    const page = (matching: RegExp) => ({ kind: 'page-refusal', rate: 1, matching }) as const
    const systems = () => [here.sandbox.partnerCenter, here.sandbox.dynamics, here.sandbox.salesforce]
    const finish = async (): Promise<void> => {
      for (const { faults } of systems()) faults.clear()
      here.later(3_600_000)
      await here.sync()
      here.later(3_600_000)
      await here.sync()
    }
    it('is not taken for the refusal of a write: the deal is tried again by itself, and told of as retried meanwhile', async () => {
      await open()
      const { referralId, crmId } = await inbound('Behind a gateway')
      for (const { faults } of systems()) faults.set([page(/^(PATCH|POST) .*(referrals|opportunities|composite|batch)/)])
      here.people.edit(crmId, { value: 4_321 })
      here.sandbox.partnerCenter.portal.edit(referralId, { notes: 'From the portal' })
      await here.sync()
      expect(await view(crmId)).toMatchObject({ state: 'pending', reason: { code: 'retrying', text: expect.stringContaining('answered (400)') as string } })
      await finish()
      expect(await view(crmId)).toMatchObject({ state: 'in-sync', reason: null })
      expect(here.sandbox.partnerCenter.referral(referralId)?.details.dealValue).toBe(4_321)
      expect(card(crmId)).toMatchObject({ value: 4_321, description: 'From the portal' })
    })

    it('does not make a second referral of a deal that is shared meanwhile', async () => {
      await open()
      const id = here.people.newDeal('Shared behind a gateway')
      here.sandbox.partnerCenter.faults.set([page(/^POST .*referrals/)])
      here.people.share(id)
      await here.sync()
      expect(await view(id)).toMatchObject({ state: 'pending', reason: { code: 'retrying' } })
      await finish()
      expect(here.ownOf(id)).toHaveLength(1)
      expect(await here.stateOf(id)).toBe('in-sync')
    })
  })

  describe('a lead of the CRM whose Sync a seller switched on', () => {
    it('makes no referral, and says on the record, once, what to do instead', async () => {
      await open()
      const before = here.sandbox.partnerCenter.size()
      const id = here.people.lead('A lead of ours')
      here.desk.seller.edit('lead', id, { sync: true })
      await here.sync()
      expect(await view(id)).toMatchObject({ state: 'unlinked', reason: { code: 'excluded' } })
      expect(card(id, 'lead')).toMatchObject({ problem: expect.stringContaining('Qualify the lead') as string, audit: expect.stringContaining('It is a CRM lead') as string })
      here.writes()
      here.desk.seller.edit('lead', id, { description: 'Called them' })
      await here.sync()
      expect(here.writes()).toEqual([])
      expect(here.sandbox.partnerCenter.size()).toBe(before)
    })
  })

  describe('a record reopened in the CRM while its referral is closed', () => {
    it('is said on the record and in the deal, and nothing is sent for it', async () => {
      await open()
      const { referralId, crmId } = await inbound('Reopened')
      here.people.win(crmId)
      await here.sync()
      expect(here.sandbox.partnerCenter.referral(referralId)).toMatchObject({ status: 'Closed', substatus: 'Won' })
      here.sandbox.partnerCenter.calls.reset()
      here.people.reopen(crmId)
      here.people.edit(crmId, { description: 'A second try' })
      await here.sync()
      expect(patches()).toEqual([])
      expect(await view(crmId)).toMatchObject({ state: 'needs-attention', reason: { code: 'reopened' } })
      expect(card(crmId)?.problem).toMatch(/was reopened, but its referral is closed/)
      // Closing it again, the same way, is the end of the matter.
      here.people.win(crmId)
      await here.sync()
      expect(await view(crmId)).toMatchObject({ state: 'in-sync', reason: { code: 'closed' } })
      expect(patches()).toEqual([])
    })

    it('that is then closed the other way is held: won against lost is for a person', async () => {
      await open()
      const { referralId, crmId } = await inbound('Won, then lost')
      here.sandbox.partnerCenter.portal.win(referralId)
      await here.sync()
      here.people.reopen(crmId)
      here.people.lose(crmId)
      await here.sync()
      expect(await view(crmId)).toMatchObject({ state: 'needs-attention' })
      expect(here.sandbox.partnerCenter.referral(referralId)).toMatchObject({ substatus: 'Won' })
      expect((await here.app.service.conflicts()).map(({ conflict }) => conflict.field)).toContain('status')
    })
  })

  describe('a lead', () => {
    it('disqualified in the CRM while nobody has answered is declined at Partner Center', async () => {
      await open()
      const { own } = here.sandbox.partnerCenter.inbound.qualifiedLead({ currency: 'EUR' })
      await here.sync()
      here.people.disqualify(here.look.leadsOf(own.id)[0] ?? '')
      await here.sync()
      expect(here.sandbox.partnerCenter.referral(own.id)).toMatchObject({ status: 'Closed', substatus: 'Declined' })
      expect(here.look.opportunitiesOf(own.id)).toEqual([])
      expect((await view(own.id)).state).toBe('in-sync')
    })

    it('qualified in the CRM is accepted at Partner Center, and its opportunity carries on under the same identifier', async () => {
      await open()
      const { own } = here.sandbox.partnerCenter.inbound.qualifiedLead({ currency: 'EUR' })
      await here.sync()
      here.people.qualify(here.look.leadsOf(own.id)[0] ?? '')
      await here.sync()
      await here.sync()
      expect(here.sandbox.partnerCenter.referral(own.id)).toMatchObject({ status: 'Active', substatus: 'Accepted' })
      expect(here.look.opportunitiesOf(own.id)).toHaveLength(1)
      const crmId = here.crmIdOf(own.id)
      expect(await view(own.id)).toMatchObject({ kind: 'opportunity', crmId })
      here.sandbox.partnerCenter.portal.edit(own.id, { notes: 'After the conversion' })
      await here.sync()
      expect(card(crmId)?.description).toBe('After the conversion')
    })
  })

  describe('records that are merged', () => {
    it('keep their deal when their account is merged into another', async () => {
      await open()
      const { referralId, crmId } = await inbound('Of a merged customer')
      const winner = here.people.account({ name: 'The one that stays', postalCode: '3011' })
      here.people.merge('account', { winner, loser: here.look.account(crmId) })
      await here.sync()
      here.sandbox.partnerCenter.portal.edit(referralId, { notes: 'After the merge' })
      await here.sync()
      expect(card(crmId)?.description).toBe('After the merge')
      expect(here.look.account(crmId)).toBe(winner)
      expect(await view(crmId)).toMatchObject({ state: 'in-sync' })
      expect(here.look.opportunitiesOf(referralId)).toHaveLength(1)
    })

    it('two leads of one deal: the deal follows to the one that stays', async () => {
      await open()
      const { own } = here.sandbox.partnerCenter.inbound.qualifiedLead({ currency: 'EUR', name: 'Doubled' })
      await here.sync()
      const loser = here.look.leadsOf(own.id)[0] ?? ''
      const winner = here.people.lead('The same, typed by hand')
      here.people.merge('lead', { winner, loser })
      await here.sync()
      expect((await view(own.id)).crmId).toBe(winner)
      expect(here.look.openLeads()).toEqual([winner])
      if (here.names.keepsMergedIdentifier) {
        // The identifier is a key, and this CRM lets nobody change the lead that was merged away: that is for a person.
        expect(await view(own.id)).toMatchObject({
          state: 'needs-attention',
          reason: { text: expect.stringMatching(/was merged into.*still holds the referral identifier/) as string },
        })
        here.people.removeLead(loser)
        await here.app.service.retry({ deal: own.id, by: 'kim' })
        await here.sync([own.id])
      }
      expect(here.look.leadsOf(own.id)).toEqual([winner])
      expect(here.sandbox.partnerCenter.referral(own.id)?.externalReferenceId).toBe(winner)
      expect((await view(own.id)).state).toBe('in-sync')
    })

    // Neither CRM merges opportunities itself: people, and tools that they use for it, keep one of two and delete the other.
    it('two opportunities of one deal: the one that was kept says whose identifier it carries, and a person connects it', async () => {
      await open()
      const { referralId, crmId: loser } = await inbound('Typed twice')
      const winner = here.people.newDeal('Typed twice, kept')
      here.people.removeDeal(loser)
      here.people.claim(winner, referralId)
      await here.sync()
      here.later(absenceAgainMs)
      await here.sync()
      expect(await view(loser)).toMatchObject({ state: 'needs-attention', reason: { code: 'absent' } })
      const kept = await view(winner)
      expect(kept).toMatchObject({ state: 'needs-attention', reason: { code: 'linked-record-missing' } })
      expect(kept.reason?.text).toContain(`that referral belongs to CRM record "${loser}"`)
      expect(kept.reason?.remedy).toContain(`cosell deals link --referral ${referralId} --crm ${winner}`)
      expect(card(winner)?.problem).toContain(`belongs to CRM record "${loser}"`)
      expect(here.sandbox.partnerCenter.size()).toBe(1)
      await here.app.service.unlink(loser, { by: 'kim' })
      await here.app.service.link({ referral: referralId, crm: winner, by: 'kim' })
      await here.sync()
      // What the two show differently is for a person too, as whenever two records are connected that both existed.
      for (const { conflict } of await here.app.service.conflicts())
        await here.app.service.resolve(winner, { field: conflict.field, keep: 'crm', by: 'kim' })
      await here.sync()
      expect(await view(referralId)).toMatchObject({ crmId: winner, state: 'in-sync' })
      expect(here.sandbox.partnerCenter.referral(referralId)?.externalReferenceId).toBe(winner)
      here.people.edit(winner, { description: 'Goes on here' })
      await here.sync()
      expect(here.sandbox.partnerCenter.referral(referralId)?.details.notes).toBe('Goes on here')
    })
  })

  describe('an inbound deal whose sales team has no user of the CRM', () => {
    it('belongs to the owner that the configuration names, and says so', async () => {
      await open({ sync: { owner: 'kim@fabrikam.example' } })
      const { crmId } = await inbound('Sent by a stranger')
      expect(here.look.owner(crmId)).toBe('kim@fabrikam.example')
      const { records } = await here.app.service.audit({ deal: crmId, limit: 50, after: null })
      const remarks = records.flatMap(({ event }) => (event?.kind === 'wrote' ? event.remarks : []))
      expect(remarks).toContainEqual(
        expect.stringMatching(/no team member|None of .* is (?:an enabled|one active) user.*kim@fabrikam\.example, as sync\.owner says/),
      )
      // The next thing that is written onto the record brings the remark with it.
      here.sandbox.partnerCenter.portal.edit(String((await view(crmId)).referralId), { notes: 'More' })
      await here.sync()
      expect(card(crmId)?.audit).toMatch(/as sync\.owner says/)
    })
  })

  describe('[R38] a store', () => {
    const assembled = (change: { partnerTenant?: string; crmUrl?: string }, adopt: boolean) => {
      const { config } = here.load()
      const partnerCenter = { ...config.partnerCenter, tenant: change.partnerTenant ?? config.partnerCenter.tenant }
      const crm = { ...config.crm, url: change.crmUrl ?? config.crm.url }
      return assemble({ ...config, partnerCenter, crm }, { clock: realClock, demo: null, log: silentLog, version: 'test', adopt, plant: () => undefined })
    }
    it('refuses to serve another partner tenant or another CRM than it was made for, until a person adopts it', async () => {
      await open()
      await here.app.stop()
      await expect(assembled({ partnerTenant: 'other.onmicrosoft.com' }, false)).rejects.toMatchObject({
        kind: 'misconfigured',
        message: expect.stringContaining('other.onmicrosoft.com') as string,
      })
      const { elsewhere } = here.names
      await expect(assembled({ crmUrl: elsewhere }, false)).rejects.toMatchObject({
        message: expect.stringContaining(new URL(elsewhere).host) as string,
        remedy: expect.stringContaining('--adopt') as string,
      })
      const adopted = await assembled({ partnerTenant: 'other.onmicrosoft.com' }, true)
      await adopted.stop()
      await expect(assembled({}, false)).rejects.toMatchObject({ kind: 'misconfigured' })
      const back = await assembled({}, true)
      await back.stop()
    })
  })
})
