import { afterEach, describe, expect, it } from 'vitest'
import { CRMS, type AnyInstallation } from '../support/crms.js'

/** What else must hold on every CRM, beside conformance and corners: the assembled service against the strict simulators over real sockets. */
let here: AnyInstallation
afterEach(() => here.close())

describe.each(CRMS)('on %s', (_name, open) => {
  const share = (name: string, more = {}): string => {
    const id = here.desk.seller.newDeal(name)
    here.desk.seller.edit('opportunity', id, { sync: true, ...more })
    return id
  }
  const card = (id: string) => here.desk.card('opportunity', id)

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

  it('a customer that several accounts could be gets one of its own, and the deal says so until a person had it tried again', async () => {
    here = await open()
    for (const postalCode of ['8001', '8002']) here.people.account({ name: 'Contoso Klinik AG', postalCode })
    const customerProfile = { name: 'Contoso Klinik AG', address: { addressLine1: 'Seestrasse 1', city: 'Zürich', postalCode: '', country: 'CH' } }
    const { own } = here.sandbox.partnerCenter.portal.create('private', { name: 'Doubted', customerProfile, details: { currency: 'EUR' } })
    await here.sync()
    const id = here.crmIdOf(own.id)
    expect(here.look.accountsNamed('Contoso Klinik AG')).toHaveLength(3)
    expect(await here.stateOf(id)).toBe('in-sync')
    const issues = await here.app.service.issues()
    expect(issues).toEqual([expect.objectContaining({ state: 'in-sync', reason: 'ambiguous-account', count: 1 })])
    here.sandbox.partnerCenter.portal.edit(own.id, { dealValue: 4_000 })
    await here.sync()
    expect((await here.app.service.deal(id, { live: false })).reason).toMatchObject({ code: 'ambiguous-account', remedy: expect.stringContaining('Merge') })
    await here.app.service.retry({ deal: id, by: 'mara' })
    await here.sync()
    expect(await here.app.service.issues()).toEqual([])
  })
})
