import { afterEach, describe, expect, it } from 'vitest'
import { CRMS, type AnyInstallation } from '../support/crms.js'

/** What must hold on every CRM, played from one list: the assembled service against the strict simulators over real sockets. */
let here: AnyInstallation
afterEach(() => here.close())

describe.each(CRMS)('on %s', (_name, open) => {
  const euro = { details: { currency: 'EUR' } }
  const share = (name: string, more = {}): string => {
    const id = here.desk.seller.newDeal(name)
    here.desk.seller.edit('opportunity', id, { sync: true, ...more })
    return id
  }
  const card = (id: string) => here.desk.card('opportunity', id)

  it('a record without Sync never leaves; one with it makes one engagement, with help two referrals, and says so on the record', async () => {
    here = await open()
    const quiet = here.desk.seller.newDeal('Quiet')
    const [plain, help] = [share('Plain'), share('Help', { help: 3 })]
    await here.sync()
    expect(here.ownOf(quiet)).toEqual([])
    const sizes = [plain, help].map((id) => here.ownOf(id).map((own) => here.sandbox.partnerCenter.engagement(own.engagementId).length))
    expect(sizes).toEqual([[1], [2]])
    expect(card(plain)).toMatchObject({
      referral: here.ownOf(plain)[0]?.id,
      status: 'in-sync',
      audit: expect.stringContaining('CRM to Partner Center Referral sync success.') as string,
    })
    here.sandbox.partnerCenter.microsoft.accept(here.ownOf(help)[0]?.engagementId ?? '', { msxId: '7-ABC' })
    await here.sync()
    expect(card(help)?.section.microsoftId).toBe('7-ABC')
  })

  it('edits of either side reach the other, equal values write nothing, and rest is rest', async () => {
    here = await open()
    const { own } = here.sandbox.partnerCenter.portal.create('private', { name: 'Both ways', ...euro })
    await here.sync()
    const id = here.crmIdOf(own.id)
    here.sandbox.partnerCenter.portal.edit(own.id, { dealValue: 77_000, closingDateTime: '2027-03-31T00:00:00Z', notes: 'New notes' })
    await here.sync()
    expect(card(id)).toMatchObject({ value: 77_000, close: '2027-03-31', description: 'New notes' })
    here.desk.seller.edit('opportunity', id, { value: 65_000, description: 'Other notes', visible: true })
    await here.sync()
    const after = here.sandbox.partnerCenter.referral(own.id)
    expect(after).toMatchObject({ details: { dealValue: 65_000, notes: 'Other notes' } })
    expect(after?.consent.consentToShareReferralWithMicrosoftSellers).toBe(true)
    here.writes()
    here.sandbox.partnerCenter.portal.edit(own.id, { dealValue: 65_000 })
    await here.sync()
    expect(here.writes()).toEqual([])
    expect(await here.stateOf(id)).toBe('in-sync')
  })

  it('the two sides changed differently is for a person, and taking one edit back ends it', async () => {
    here = await open()
    const { own } = here.sandbox.partnerCenter.portal.create('private', { name: 'Argued', details: { currency: 'EUR', dealValue: 1_000 } })
    await here.sync()
    const id = here.crmIdOf(own.id)
    here.sandbox.partnerCenter.portal.edit(own.id, { dealValue: 2_000 })
    here.desk.seller.edit('opportunity', id, { value: 3_000 })
    await here.sync()
    expect(await here.stateOf(id)).toBe('needs-attention')
    expect(card(id)?.value).toBe(3_000)
    here.desk.seller.edit('opportunity', id, { value: 1_000 })
    await here.sync()
    expect(card(id)?.value).toBe(2_000)
    expect(await here.stateOf(id)).toBe('in-sync')
  })

  it('closing goes both ways; losing what waits for an answer declines it; a closed referral gets no patch', async () => {
    here = await open()
    const [won, there] = [share('Won here'), share('Won there')]
    const waiting = here.sandbox.partnerCenter.inbound.coSell({ currency: 'EUR' }).own
    await here.sync()
    here.desk.seller.win(won)
    here.sandbox.partnerCenter.portal.win(here.ownOf(there)[0]?.id ?? '')
    here.desk.seller.lose(here.crmIdOf(waiting.id))
    await here.sync()
    expect(here.ownOf(won)[0]).toMatchObject({ status: 'Closed', substatus: 'Won' })
    expect(card(there)?.state).toBe('1')
    expect(here.sandbox.partnerCenter.referral(waiting.id)).toMatchObject({ status: 'Closed', substatus: 'Declined' })
    here.writes()
    await here.sync()
    expect(here.writes()).toEqual([])
  })
})
