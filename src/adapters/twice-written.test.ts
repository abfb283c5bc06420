import { describe, expect, it } from 'vitest'
import { adapterWith, bodyOf, crm, faultOf, listing, noContent, patch, signal } from '../../test/support/dynamics-desk.js'
import { euroDeal, salesforceDesk } from '../../test/support/salesforce-desk.js'

describe('a row that writes what another row writes under another name', () => {
  it("stops the record where the connector's own name of a column stands for the one that it has here", async () => {
    const help = { LogicalName: 'msft_microsoftpartnercenterhelp', AttributeType: 'String' }
    crm.on(/LogicalName='opportunity'\)\/Attributes\?/, listing([help, { LogicalName: 'name', AttributeType: 'String' }]))
    const adapter = adapterWith({ mapping: { version: 1, opportunity: { campaignId: { crm: help.LogicalName } } } })
    const fault = await faultOf(adapter.write(patch({ campaignId: 'C-1' }), { signal }))
    expect(fault.message).toContain('campaignId: inviteContext.assistanceRequestCode ("cosell_help") writes opportunity.msft_microsoftpartnercenterhelp too.')
    const oneWay = adapterWith({ mapping: { version: 1, opportunity: { campaignId: { crm: help.LogicalName, flow: 'to-partner' } } } })
    crm.on(/^PATCH /, noContent)
    await oneWay.write(patch({ name: 'Renamed' }), { signal })
    expect(bodyOf(/^PATCH/)).toEqual({ name: 'Renamed' })
  })

  it('and where a place stands for it', async () => {
    const adapter = adapterWith({ mapping: { version: 1, opportunity: { campaignId: { crm: 'contact.telephone1' } } } })
    const fault = await faultOf(adapter.write(patch({ campaignId: 'C-1' }), { signal }))
    expect(fault.message).toContain('campaignId: customerProfile.team ("contact") writes contact.telephone1 too.')
  })

  it('in Salesforce as well', async () => {
    const desk = salesforceDesk({ mapping: { version: 1, opportunity: { campaignId: { crm: 'contact.Phone' } } } })
    const fault = await faultOf(desk.run(desk.create(euroDeal)))
    expect(fault.message).toContain('campaignId: customerProfile.team ("contact") writes Contact.Phone too.')
  })
})
