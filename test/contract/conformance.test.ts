import { afterEach, describe, expect, it } from 'vitest'
import { SETTINGS } from '../../src/config/settings.js'
import { CRMS, type AnyInstallation, type CrmWish } from '../support/crms.js'

/**
 * What Microsoft's own solution does, item by item. Each item runs the assembled service against the strict simulators over real
 * sockets, on every CRM.
 */
let here: AnyInstallation
afterEach(() => here.close())

const euro = { details: { currency: 'EUR' } }
const generalHelp = 5
const proofOfConcept = 2
const referral = (id: string) => {
  const found = here.sandbox.partnerCenter.referral(id)
  if (found === undefined) throw new Error(`no referral ${id}`)
  return found
}
const card = (id: string) => here.desk.card('opportunity', id)
const wrote = async (deal: string): Promise<number> =>
  (await here.app.service.audit({ deal, limit: 200, after: null })).records.filter(({ event }) => event?.kind === 'wrote').length

describe.each(CRMS)('%s does what the reference does', (_name, start) => {
  const open = async (wish: CrmWish = {}): Promise<AnyInstallation> => (here = await start(wish))

  it('1. a record without Sync never leaves the CRM; one with Sync and no referral makes exactly one engagement', async () => {
    await open()
    const quiet = here.people.newDeal('Quiet')
    const shared = here.people.newDeal('Shared')
    here.people.share(shared)
    const before = here.sandbox.partnerCenter.size()
    await here.sync()
    expect(here.ownOf(quiet)).toEqual([])
    expect(here.ownOf(shared)).toHaveLength(1)
    expect(here.sandbox.partnerCenter.size()).toBe(before + 1)
  })

  it('2. help makes two referrals of one engagement, the second for Microsoft; without it there is one; visibility makes it partner-led or private', async () => {
    await open()
    const [help, visible, hidden] = [
      here.people.newDeal('Help', { help: generalHelp }),
      here.people.newDeal('Visible', { visible: true }),
      here.people.newDeal('Hidden'),
    ]
    for (const id of [help, visible, hidden]) here.people.share(id)
    await here.sync()
    const parties = (id: string) =>
      here
        .ownOf(id)
        .flatMap((own) => here.sandbox.partnerCenter.engagement(own.engagementId).map((one) => one.organizationId === 'msft'))
    expect(parties(help)).toEqual([false, true])
    expect(parties(visible)).toEqual([false])
    expect(parties(hidden)).toEqual([false])
    const seen = (id: string) => here.ownOf(id).map(({ consent }) => consent.consentToShareReferralWithMicrosoftSellers)
    expect([seen(help), seen(visible), seen(hidden)]).toEqual([[true], [true], [false]])
  })

  it("3. identifier, link and audit stand on the record after the share, and Microsoft's identifier after Microsoft accepted", async () => {
    await open()
    const id = here.people.newDeal('Filled', { help: proofOfConcept })
    here.people.share(id)
    await here.sync()
    const [own] = here.ownOf(id)
    expect(card(id)).toMatchObject({
      referral: own?.id,
      section: { link: expect.stringContaining(own?.id ?? '?') as string },
      audit: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d - CRM to Partner Center Referral sync success\./m) as string,
    })
    here.sandbox.partnerCenter.microsoft.accept(own?.engagementId ?? '', { msxId: '7-ABC' })
    await here.sync()
    expect(card(id)?.section.microsoftId).toBe('7-ABC')
  })

  it('4. edits of currency, value, closing date, notes, status and visibility reach the CRM, and equal values write nothing', async () => {
    await open()
    const { portal } = here.sandbox.partnerCenter
    const { own } = portal.create('private', { name: 'Edited there', ...euro })
    await here.sync()
    const id = here.crmIdOf(own.id)
    here.people.currency('CHF')
    portal.edit(own.id, { dealValue: 77_000, currency: 'CHF', closingDateTime: '2027-03-31T00:00:00Z', notes: 'New notes' })
    portal.share(own.id)
    await here.sync()
    expect(card(id)).toMatchObject({ value: 77_000, close: '2027-03-31', description: 'New notes', visible: true })
    expect(here.look.currency(id)).toBe('CHF')
    const before = await wrote(own.id)
    portal.edit(own.id, { dealValue: 77_000, notes: 'New notes' })
    await here.sync([own.id])
    expect(await wrote(own.id)).toBe(before)
    portal.win(own.id)
    await here.sync()
    expect(here.look.isWon(id)).toBe(true)
  })

  it('5. CRM edits of the same keys, contacts and solutions reach Partner Center through paths that it allows', async () => {
    await open()
    const id = here.people.newDeal('Edited here')
    here.people.share(id)
    await here.sync()
    const [own] = here.ownOf(id)
    here.people.edit(id, { value: 65_000, close: '2027-06-30', description: 'Other notes', visible: true })
    here.people.addSolution(id, 'SOL-67890-DEF')
    here.people.phone(id, '+49 40 99')
    await here.sync()
    const after = referral(own?.id ?? '')
    expect(after.details).toMatchObject({
      dealValue: 65_000,
      notes: 'Other notes',
      closingDateTime: expect.stringMatching(/^2027-06-30/) as string,
    })
    expect(after.consent.consentToShareReferralWithMicrosoftSellers).toBe(true)
    expect(after.details.requirements.solutions.map((solution) => solution.id).sort()).toEqual(['SOL-12345-ABC', 'SOL-67890-DEF'])
    expect(after.customerProfile.team.map((person) => person.phoneNumber)).toContain('+49 40 99')
    const refused = here.sandbox.partnerCenter.calls.list().filter(({ method, status }) => method === 'PATCH' && status >= 400)
    expect(refused).toEqual([])
  })

  it('6. an unanswered inbound co-sell waits on hold, edits there are not sent, and moving it on accepts it', async () => {
    await open()
    const { own } = here.sandbox.partnerCenter.inbound.coSell({ currency: 'EUR', notes: 'From Microsoft' })
    await here.sync()
    const id = here.crmIdOf(own.id)
    expect(here.look.waits(id)).toBe(true)
    const said = async () => (await here.app.service.deal(id, { live: false })).reason
    expect(await said()).toBe(null)
    here.people.edit(id, { description: 'Written while it waits' })
    await here.sync()
    expect(await said()).toMatchObject({ code: 'unanswered', items: ['details.notes'] })
    expect(JSON.stringify(card(id))).toContain('not sent until the deal is accepted')
    expect(referral(own.id)).toMatchObject({ status: 'New', details: { notes: 'From Microsoft' } })
    here.people.moveOn(id)
    await here.sync()
    expect(referral(own.id)).toMatchObject({ status: 'Active', substatus: 'Accepted', details: { notes: 'Written while it waits' } })
    expect(await said()).toBe(null)
  })

  it('7. an unanswered lead is a lead, an accepted one an opportunity; co-sell only keeps leads out and limits nothing else', async () => {
    await open()
    const lead = here.sandbox.partnerCenter.inbound.qualifiedLead({ currency: 'EUR' }).own
    const accepted = here.sandbox.partnerCenter.inbound.qualifiedLead({ currency: 'EUR' }).own
    here.sandbox.partnerCenter.portal.accept(accepted.id)
    await here.sync()
    expect(here.look.leadsOf(lead.id)).toHaveLength(1)
    expect(here.look.opportunitiesOf(lead.id)).toEqual([])
    expect(here.look.opportunitiesOf(accepted.id)).toHaveLength(1)
    here.sandbox.partnerCenter.portal.accept(lead.id)
    await here.sync()
    expect(here.look.opportunitiesOf(lead.id)).toHaveLength(1)
    await here.restart({ sync: { leads: false } })
    const kept = here.sandbox.partnerCenter.inbound.qualifiedLead({ currency: 'EUR' }).own
    const coSell = here.sandbox.partnerCenter.inbound.coSell({ currency: 'EUR' }).own
    const outbound = here.people.newDeal('Still shared')
    here.people.share(outbound)
    await here.sync()
    expect(here.look.leadsOf(kept.id)).toEqual([])
    expect(here.look.opportunitiesOf(kept.id)).toEqual([])
    expect(here.look.opportunitiesOf(coSell.id)).toHaveLength(1)
    expect(here.ownOf(outbound)).toHaveLength(1)
  })

  it('8. an account of the same name and postal code is used before a new one is made', async () => {
    await open()
    const existing = here.people.account({ name: 'Known Customer AG', postalCode: '3011' })
    const elsewhere = here.people.account({ name: 'Known Customer AG', postalCode: '9999' })
    const address = { addressLine1: 'Weg 1', city: 'Bern', state: 'BE', postalCode: '3011', country: 'CH' }
    const { own } = here.sandbox.partnerCenter.portal.create('private', {
      name: 'Matched',
      customerProfile: { name: 'Known Customer AG', address, team: [], ids: [] },
      ...euro,
    })
    await here.sync()
    expect(here.look.account(here.crmIdOf(own.id))).toBe(existing)
    expect([...here.look.accountsNamed('Known Customer AG')].sort()).toEqual([existing, elsewhere].sort())
  })

  it('9. a closed referral receives no patch', async () => {
    await open()
    const { portal } = here.sandbox.partnerCenter
    const { own } = portal.create('private', { name: 'Closed', ...euro })
    await here.sync()
    const id = here.crmIdOf(own.id)
    portal.lose(own.id, 'Customer did not respond')
    await here.sync()
    expect(here.look.isLost(id)).toBe(true)
    here.sandbox.partnerCenter.calls.reset()
    here.people.reopen(id)
    here.people.edit(id, { description: 'After the close', value: 5 })
    await here.sync()
    expect(here.sandbox.partnerCenter.calls.list().filter(({ method }) => method === 'PATCH')).toEqual([])
  })

  it('10. the check mark in the name never reaches Partner Center and is no difference', async () => {
    await open({ sync: { checkMarkInName: true } })
    const id = here.people.newDeal('Marked')
    here.people.share(id)
    await here.sync()
    expect(card(id)?.topic).toMatch(/^[✔✓] ?Marked$/)
    const [own] = here.ownOf(id)
    expect(own?.name).toBe('Marked')
    const before = await wrote(id)
    await here.sync([id])
    expect(await wrote(id)).toBe(before)
    expect((await here.app.service.deal(id, { live: true })).planned).toEqual([])
  })

  it('11. every environment variable of the reference has a setting or mapping row with the same default', async () => {
    await open()
    const settings = {
      msft_synccosellopportunitiesonly: 'sync.leads',
      msft_displaycheckmarkinname: 'sync.checkMarkInName',
      msft_autohealrunscheduler: 'sync.sweep',
    }
    for (const setting of Object.values(settings)) expect(SETTINGS.map(({ path }) => path)).toContain(setting)
    // "Co-sell only: No" is `leads: true`. New installations keep the check mark out of the name; migrated ones switch it on.
    expect(here.load().config.sync).toMatchObject({ leads: true, checkMarkInName: false, sweepMs: 600_000 })
    const { rows, stages } = await here.app.service.mapping.show()
    for (const [field, crm] of Object.values(here.names.mapped))
      expect(rows.find((row) => row.field === field && row.kind === 'opportunity'), field).toMatchObject({ crm, origin: 'built-in' })
    // The stages that mean "accepted" and "on hold" are rows of the stage table, which a person may name otherwise.
    expect(stages.filter(({ kind }) => kind === 'opportunity').map(({ stage }) => stage)).toEqual(
      expect.arrayContaining(['Active/Accepted', 'New/*']) as string[],
    )
  })

  it("12. Microsoft's own fields are used as they are", async () => {
    await open({ fields: 'microsoft' })
    const { theirs } = here.names
    const id = here.people.newDeal('On their fields')
    here.people.set(id, { [theirs.help[0]]: theirs.help[1] })
    here.people.share(id)
    const { own: inbound } = here.sandbox.partnerCenter.portal.create('private', { name: 'Inbound on their fields', ...euro })
    await here.sync()
    const [own] = here.ownOf(id)
    expect(here.look.row(id)).toMatchObject({
      [theirs.referral]: own?.id,
      [theirs.visible]: true,
      [theirs.audit]: expect.stringContaining('sync success') as string,
    })
    expect(here.sandbox.partnerCenter.engagement(own?.engagementId ?? '')).toHaveLength(2)
    expect(here.look.opportunitiesWith({ [theirs.referral]: inbound.id })).toHaveLength(1)
  })
})
