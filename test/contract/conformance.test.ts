import { afterEach, describe, expect, it } from 'vitest'
import { SETTINGS } from '../../src/config/settings.js'
import { signingLeaf, webhookSigner } from '../../src/sandbox/signing.js'
import { installation, type Installation, type InstallationWish } from '../support/installation.js'

/**
 * What Microsoft's own solution does, item by item, and what it does not do but its users need. Each item runs the assembled service
 * against the strict simulators over real sockets.
 */
let here: Installation
const open = async (wish: InstallationWish = {}): Promise<Installation> => (here = await installation(wish))
afterEach(() => here.close())

const euro = { details: { currency: 'EUR' } }
const crmIdOf = (referralId: string): string => String(here.opportunitiesOf(referralId)[0]?.['opportunityid'])
const wrote = async (deal: string): Promise<number> =>
  (await here.app.service.audit({ deal, limit: 200, after: null })).records.filter(({ event }) => event?.kind === 'wrote').length
const referral = (id: string) => {
  const found = here.sandbox.partnerCenter.referral(id)
  if (found === undefined) throw new Error(`no referral ${id}`)
  return found
}
const problemOf = async (deal: string): Promise<string> => {
  const view = await here.app.service.deal(deal, { live: false })
  return [view.reason?.text, ...(view.reason?.items ?? [])].join(' ')
}

describe('compatible with the reference', () => {
  it('1. a record without Sync never leaves the CRM; one with Sync and no referral makes exactly one engagement', async () => {
    await open()
    const quiet = here.completeOpportunity('Quiet')
    const shared = here.completeOpportunity('Shared')
    here.share(shared)
    const before = here.sandbox.partnerCenter.size()
    await here.sync()
    await here.sync()
    expect(here.ownReferrals(quiet)).toEqual([])
    expect(here.ownReferrals(shared)).toHaveLength(1)
    expect(here.sandbox.partnerCenter.size()).toBe(before + 1)
  })

  it('2. help makes two referrals of one engagement, the second for Microsoft; without it there is one; visibility makes it partner-led or private', async () => {
    await open()
    const [help, visible, hidden] = [
      here.completeOpportunity('Help', { cosell_help: 412_500_000 }),
      here.completeOpportunity('Visible', { cosell_referralvisibility: true }),
      here.completeOpportunity('Hidden'),
    ]
    for (const id of [help, visible, hidden]) here.share(id)
    await here.sync()
    await here.sync()
    const parties = (id: string) =>
      here
        .ownReferrals(id)
        .flatMap((own) => here.sandbox.partnerCenter.engagement(own.engagementId).map((one) => one.organizationId === 'msft'))
    expect(parties(help)).toEqual([false, true])
    expect(parties(visible)).toEqual([false])
    expect(parties(hidden)).toEqual([false])
    const seen = (id: string) => here.ownReferrals(id).map(({ consent }) => consent.consentToShareReferralWithMicrosoftSellers)
    expect([seen(help), seen(visible), seen(hidden)]).toEqual([[true], [true], [false]])
  })

  it("3. identifier, link and audit stand on the record after the share, and Microsoft's identifier after Microsoft accepted", async () => {
    await open()
    const id = here.completeOpportunity('Filled', { cosell_help: 412_500_000 })
    here.share(id)
    await here.sync()
    await here.sync()
    const [own] = here.ownReferrals(id)
    expect(here.opportunity(id)).toMatchObject({
      cosell_referralidentifier: own?.id,
      cosell_referrallink: expect.stringContaining(own?.id ?? '?') as string,
      cosell_audit: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d - CRM to Partner Center Referral sync success\./m) as string,
    })
    here.sandbox.partnerCenter.microsoft.accept(own?.engagementId ?? '', { msxId: '7-ABC' })
    await here.sync()
    expect(here.opportunity(id)).toMatchObject({ cosell_microsoftcrmidentifier: '7-ABC' })
  })

  it('4. edits of currency, value, closing date, notes, status and visibility reach the CRM, and equal values write nothing', async () => {
    await open()
    const { portal } = here.sandbox.partnerCenter
    const { own } = portal.create('private', { name: 'Edited there', ...euro })
    await here.sync()
    const id = crmIdOf(own.id)
    here.seller.create('transactioncurrency', {
      isocurrencycode: 'CHF',
      currencyname: 'Franc',
      currencysymbol: 'CHF',
      currencyprecision: 2,
      exchangerate: 0.95,
    })
    portal.edit(own.id, { dealValue: 77_000, currency: 'CHF', closingDateTime: '2027-03-31T00:00:00Z', notes: 'New notes' })
    portal.share(own.id)
    await here.sync()
    expect(here.opportunity(id)).toMatchObject({
      estimatedvalue: 77_000,
      estimatedclosedate: '2027-03-31',
      description: 'New notes',
      cosell_referralvisibility: true,
    })
    const [franc] = here.sandbox.dynamics.find('transactioncurrency', { isocurrencycode: 'CHF' })
    expect(here.opportunity(id)['_transactioncurrencyid_value']).toBe(franc?.['transactioncurrencyid'])
    const before = await wrote(own.id)
    portal.edit(own.id, { dealValue: 77_000, notes: 'New notes' })
    await here.sync([own.id])
    expect(await wrote(own.id)).toBe(before)
    portal.win(own.id)
    await here.sync()
    expect(here.opportunity(id)).toMatchObject({ statecode: 1 })
  })

  it('5. CRM edits of the same keys, contacts and solutions reach Partner Center through paths that it allows', async () => {
    await open()
    const id = here.completeOpportunity('Edited here')
    here.share(id)
    await here.sync()
    const [own] = here.ownReferrals(id)
    here.seller.edit('opportunity', id, {
      estimatedvalue: 65_000,
      estimatedclosedate: '2027-06-30',
      description: 'Other notes',
      cosell_referralvisibility: true,
    })
    here.seller.addSolution(id, { solutionId: 'SOL-67890-DEF', name: 'Second' })
    const contact = here.sandbox.dynamics.read('opportunity', id)?.['_parentcontactid_value']
    here.seller.edit('contact', String(contact), { telephone1: '+49 40 99' })
    await here.sync()
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
    const id = crmIdOf(own.id)
    expect(here.opportunity(id)).toMatchObject({ statecode: 0, statuscode: 2 })
    here.seller.edit('opportunity', id, { description: 'Written while it waits' })
    await here.sync()
    expect(referral(own.id)).toMatchObject({ status: 'New', details: { notes: 'From Microsoft' } })
    here.seller.moveOn(id)
    await here.sync()
    await here.sync()
    expect(referral(own.id)).toMatchObject({ status: 'Active', substatus: 'Accepted', details: { notes: 'Written while it waits' } })
  })

  it('7. an unanswered lead is a lead, an accepted one an opportunity; co-sell only keeps leads out and limits nothing else', async () => {
    await open()
    const lead = here.sandbox.partnerCenter.inbound.qualifiedLead({ currency: 'EUR' }).own
    const accepted = here.sandbox.partnerCenter.inbound.qualifiedLead({ currency: 'EUR' }).own
    here.sandbox.partnerCenter.portal.accept(accepted.id)
    await here.sync()
    expect(here.sandbox.dynamics.find('lead', { cosell_referralidentifier: lead.id })).toHaveLength(1)
    expect(here.opportunitiesOf(lead.id)).toEqual([])
    expect(here.opportunitiesOf(accepted.id)).toHaveLength(1)
    here.sandbox.partnerCenter.portal.accept(lead.id)
    await here.sync()
    await here.sync()
    expect(here.opportunitiesOf(lead.id)).toHaveLength(1)
    await here.restart({ sync: { leads: false } })
    const kept = here.sandbox.partnerCenter.inbound.qualifiedLead({ currency: 'EUR' }).own
    const coSell = here.sandbox.partnerCenter.inbound.coSell({ currency: 'EUR' }).own
    const outbound = here.completeOpportunity('Still shared')
    here.share(outbound)
    await here.sync()
    expect(here.sandbox.dynamics.find('lead', { cosell_referralidentifier: kept.id })).toEqual([])
    expect(here.opportunitiesOf(kept.id)).toEqual([])
    expect(here.opportunitiesOf(coSell.id)).toHaveLength(1)
    expect(here.ownReferrals(outbound)).toHaveLength(1)
  })

  it('8. an account of the same name and postal code is used before a new one is made', async () => {
    await open()
    const existing = here.seller.account({ name: 'Known Customer AG', address1_postalcode: '3011', address1_country: 'Switzerland' })
    const elsewhere = here.seller.account({ name: 'Known Customer AG', address1_postalcode: '9999' })
    const address = { addressLine1: 'Weg 1', city: 'Bern', state: 'BE', postalCode: '3011', country: 'CH' }
    const { own } = here.sandbox.partnerCenter.portal.create('private', {
      name: 'Matched',
      customerProfile: { name: 'Known Customer AG', address, team: [], ids: [] },
      ...euro,
    })
    await here.sync()
    expect(here.opportunity(crmIdOf(own.id))['_parentaccountid_value']).toBe(existing)
    expect(existing).not.toBe(elsewhere)
    expect(here.sandbox.dynamics.find('account', { name: 'Known Customer AG' })).toHaveLength(2)
  })

  it('9. a closed referral receives no patch', async () => {
    await open()
    const { portal } = here.sandbox.partnerCenter
    const { own } = portal.create('private', { name: 'Closed', ...euro })
    await here.sync()
    const id = crmIdOf(own.id)
    portal.lose(own.id, 'Customer did not respond')
    await here.sync()
    expect(here.opportunity(id)).toMatchObject({ statecode: 2 })
    here.sandbox.partnerCenter.calls.reset()
    here.seller.reopen('opportunity', id)
    here.seller.edit('opportunity', id, { description: 'After the close', estimatedvalue: 5 })
    await here.sync()
    await here.sync()
    expect(here.sandbox.partnerCenter.calls.list().filter(({ method }) => method === 'PATCH')).toEqual([])
  })

  it('10. the check mark in the name never reaches Partner Center and is no difference', async () => {
    await open({ sync: { checkMarkInName: true } })
    const id = here.completeOpportunity('Marked')
    here.share(id)
    await here.sync()
    await here.sync()
    expect(here.opportunity(id)['name']).toMatch(/^[✔✓] ?Marked$/)
    const [own] = here.ownReferrals(id)
    expect(own?.name).toBe('Marked')
    const before = await wrote(id)
    await here.sync([id])
    expect(await wrote(id)).toBe(before)
    expect((await here.app.service.deal(id, { live: true })).planned).toEqual([])
  })

  it('11. every environment variable of the reference has a setting or mapping row with the same default', () => {
    const kept = Promise.resolve(open())
    const defaults: Readonly<Record<string, string>> = {
      msft_synccosellopportunitiesonly: 'sync.leads',
      msft_displaycheckmarkinname: 'sync.checkMarkInName',
      msft_autohealrunscheduler: 'sync.sweep',
    }
    for (const setting of Object.values(defaults)) expect(SETTINGS.map(({ path }) => path)).toContain(setting)
    return kept.then(() => {
      const { sync } = here.load().config
      // "Co-sell only: No" is `leads: true`. New installations keep the check mark out of the name; migrated ones switch it on.
      expect(sync).toMatchObject({ leads: true, checkMarkInName: false, sweepMs: 600_000 })
    })
  })

  it("12. Microsoft's own fields are used as they are", async () => {
    await open({ customFields: 'microsoft' })
    const id = here.completeOpportunity('On their fields', { msft_microsoftpartnercenterhelp: 299_600_000 })
    here.share(id)
    const { own: inbound } = here.sandbox.partnerCenter.portal.create('private', { name: 'Inbound on their fields', ...euro })
    await here.sync()
    await here.sync()
    const [own] = here.ownReferrals(id)
    expect(here.opportunity(id)).toMatchObject({
      msft_microsoftpartnercenterreferralidentifier: own?.id,
      msft_microsoftpartnercenterreferralvisible: true,
      msft_microsoftpartnercenterreferralsyncaudit: expect.stringContaining('sync success') as string,
    })
    expect(here.sandbox.partnerCenter.engagement(own?.engagementId ?? '')).toHaveLength(2)
    expect(here.opportunitiesOf(inbound.id)).toHaveLength(1)
  })
})

describe('better than the reference', () => {
  it('13. two saves in a second, repeated webhooks and a crash between the two creations make one engagement', async () => {
    await open()
    const id = here.completeOpportunity('Once', { cosell_help: 412_500_000 })
    here.share(id)
    here.seller.edit('opportunity', id, { description: 'Saved again at once' })
    // The answer of the first creation is lost, then the process dies.
    here.sandbox.partnerCenter.faults.set([{ kind: 'drop-after', rate: 1, times: 1, matching: /POST .*referrals/ }])
    await here.sync()
    here.sandbox.partnerCenter.faults.clear()
    await here.restart()
    const body = Buffer.from(JSON.stringify({ PrimaryEntityName: 'opportunity', PrimaryEntityId: id, MessageName: 'Update' }))
    for (let repeat = 0; repeat < 3; repeat += 1) {
      const answer = await fetch(`${here.address}/hooks/dynamics?code=test-webhook-key`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })
      expect(answer.status).toBe(202)
    }
    // A creation of unknown fate is searched for once its lease and the listing's lag are over.
    here.later(5 * 60_000)
    await here.sync()
    await here.sync()
    const [own] = here.ownReferrals(id)
    expect(here.ownReferrals(id)).toHaveLength(1)
    expect(here.sandbox.partnerCenter.engagement(own?.engagementId ?? '').map(({ organizationId }) => organizationId === 'msft')).toEqual([
      false,
      true,
    ])
  })

  it('14. a lost webhook is found by the sweep and healed without a manual edit', async () => {
    await open()
    const { portal } = here.sandbox.partnerCenter
    const { own } = portal.create('private', { name: 'Nobody said so', ...euro })
    await here.sync()
    portal.edit(own.id, { notes: 'Changed in silence' })
    expect(here.sandbox.partnerCenter.deliveries.attempts()).toEqual([])
    await here.sync()
    expect(here.opportunity(crmIdOf(own.id))['description']).toBe('Changed in silence')
  })

  it('15. a missing linked record, an unmapped status, a missing currency and an invalid country each have a name on the record', async () => {
    await open()
    const { portal } = here.sandbox.partnerCenter
    const currency = portal.create('private', { name: 'Paid in francs of Africa', details: { currency: 'XAF' } }).own
    const orphan = portal.create('private', {
      name: 'Belongs to nobody',
      externalReferenceId: '7a1c0e52-3b44-4f11-a316-000d3a4b1101',
      ...euro,
    }).own
    const country = here.completeOpportunity('Nowhere')
    here.seller.edit('account', String(here.opportunity(country)['_parentaccountid_value']), { address1_country: 'Atlantis' })
    here.share(country)
    const status = here.completeOpportunity('Odd status')
    here.share(status)
    await here.sync()
    await here.sync()
    expect(await problemOf(currency.id)).toMatch(/XAF/)
    expect(await problemOf(orphan.id)).toMatch(/7a1c0e52.*no such record/)
    expect(await problemOf(country)).toMatch(/Atlantis.*two-letter/i)
    expect(here.opportunity(country)['cosell_syncproblem']).toMatch(/Atlantis/i)
    await here.restart({
      mapping: { version: 1, stages: { 'Active/Accepted': { statecode: 0, statuscode: 1 }, 'New/*': { statecode: 0, statuscode: 3 } } },
    })
    here.seller.hold(status)
    await here.sync()
    expect(await problemOf(status)).toMatch(/On Hold.*/)
  })

  it('16. steps that cannot be taken back wait for a person under `confirm` and are not taken under `forbid`', async () => {
    await open({ sync: { irreversible: 'confirm' } })
    const id = here.completeOpportunity('Asked first', { cosell_help: 412_500_000 })
    here.share(id)
    await here.sync()
    await here.sync()
    expect(here.ownReferrals(id)).toEqual([])
    expect((await here.app.service.deal(id, { live: false })).reason).toMatchObject({ code: 'confirm' })
    await here.app.service.order(id, { take: 'share', reason: null, by: 'kim' })
    await here.sync()
    await here.sync()
    expect(here.ownReferrals(id)).toHaveLength(1)
    const [own] = here.ownReferrals(id)
    here.seller.win(id)
    await here.sync()
    expect(referral(own?.id ?? '')).toMatchObject({ status: 'Active' })
    await here.restart({ sync: { irreversible: 'forbid' } })
    await here.sync([id])
    expect(referral(own?.id ?? '')).toMatchObject({ status: 'Active' })
    expect(await problemOf(id)).toMatch(/irreversible/)
    await here.restart({ sync: { irreversible: 'allow' } })
    await here.app.service.retry({ deal: id, by: 'kim' })
    await here.sync([id])
    expect(referral(own?.id ?? '')).toMatchObject({ status: 'Closed', substatus: 'Won' })
  })

  it('17. every write is traced to its event, the version of the rules, and the values before and after', async () => {
    await open()
    const { portal } = here.sandbox.partnerCenter
    const { own } = portal.create('private', { name: 'Traced', ...euro })
    await here.sync()
    portal.edit(own.id, { notes: 'Before you ask' })
    const body = Buffer.from(
      JSON.stringify({
        EventName: 'referral-updated',
        ResourceUri: `https://api.partnercenter.microsoft.com/engagements/v1/referrals/${own.id}`,
        ResourceName: 'referral',
        AuditUri: null,
        ResourceChangeUtcDate: '2026-08-03T09:21:05.1234567+00:00',
      }),
    )
    const headers = {
      authorization: `Signature ${webhookSigner().sign(body)}`,
      'x-ms-certificate-url': `${here.sandbox.urls.partnerCenter}/cert/pcnotifications-dispatch.microsoft.com.cer`,
      'x-ms-signature-algorithm': 'rsa-sha256',
    }
    expect(signingLeaf('genuine').certificateDer.length).toBeGreaterThan(0)
    expect((await fetch(`${here.address}/hooks/partner-center`, { method: 'POST', headers, body })).status).toBe(202)
    await here.sync([own.id])
    const { records } = await here.app.service.audit({ deal: own.id, limit: 200, after: null })
    const written = records.find(
      ({ event }) => event?.kind === 'wrote' && event.change.kind === 'patch' && event.change.set['details.notes'] === 'Before you ask',
    )
    expect(written?.event).toMatchObject({
      kind: 'wrote',
      requestId: expect.any(String) as string,
      before: { 'details.notes': own.details.notes },
    })
    const ofRun = records.filter(({ run }) => run !== null && run === written?.run).map(({ event }) => event)
    expect(ofRun).toContainEqual(expect.objectContaining({ kind: 'planned', policyVersion: 1 }))
    expect(records.map(({ event }) => event)).toContainEqual(expect.objectContaining({ kind: 'hinted', name: 'referral-updated' }))
    const { runs } = await here.app.service.runs({ deal: own.id, failedOnly: false, limit: 10, after: null })
    expect(runs.map(({ id }) => id)).toContain(written?.run)
  })
})
