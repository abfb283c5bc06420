import { describe, expect, test } from 'vitest'
import { currencyId } from './index.js'
import { kit, type JsonObject, type Kit } from './test-kit.js'

const closing = (id: string, status: number, more: JsonObject = {}): JsonObject => ({
  Status: status,
  OpportunityClose: {
    '@odata.type': 'Microsoft.Dynamics.CRM.opportunityclose',
    'opportunityid@odata.bind': `/opportunities(${id})`,
    ...more,
  },
})

const deal = (made: Kit): string => made.simulator.people.opportunity({ estimatedvalue: 5_000 })

describe('closing opportunities', () => {
  test('winning sets state, revenue and date, and leaves a completed close activity', async () => {
    const made = kit()
    const id = deal(made)
    const answer = await made.call(
      'POST',
      'WinOpportunity',
      closing(id, 3, { subject: 'Won', actualrevenue: 192_500, actualend: '2026-09-28T00:00:00Z' }),
    )
    expect(answer.status).toBe(204)
    expect(made.simulator.read('opportunity', id)).toMatchObject({
      statecode: 1,
      statuscode: 3,
      actualvalue: 192_500,
      actualclosedate: '2026-09-28',
    })
    expect(made.simulator.find('opportunityclose', { _opportunityid_value: id })).toMatchObject([
      { subject: 'Won', statecode: 1, statuscode: 2, actualrevenue: 192_500 },
    ])
  })

  test('without revenue and date the estimate and today count; -1 picks the default status', async () => {
    const made = kit()
    const id = deal(made)
    await made.call('POST', 'LoseOpportunity', closing(id, -1))
    expect(made.simulator.read('opportunity', id)).toMatchObject({
      statecode: 2,
      statuscode: 4,
      actualvalue: 5_000,
      actualclosedate: '2026-05-04',
    })
  })

  test.each([
    ['a status of the other outcome', 'WinOpportunity', 5, '0x80048408'],
    ['an unknown status', 'LoseOpportunity', 77, '0x80048408'],
  ])('%s is refused', async (_, action, status, code) => {
    const made = kit()
    const answer = await made.call('POST', action, closing(deal(made), status))
    expect([answer.status, answer.error.code]).toEqual([400, code])
  })

  test('a closed opportunity cannot be closed again, nor edited, until it is reopened', async () => {
    const made = kit()
    const id = deal(made)
    await made.call('POST', 'WinOpportunity', closing(id, 3))
    expect((await made.call('POST', 'LoseOpportunity', closing(id, 4))).error.code).toBe('0x80040515')
    expect((await made.call('PATCH', `opportunities(${id})`, { name: 'x' })).status).toBe(400)
    expect((await made.call('PATCH', `opportunities(${id})`, { statecode: 0, statuscode: 1 })).status).toBe(204)
    expect(made.simulator.read('opportunity', id)).toMatchObject({ statecode: 0, statuscode: 1, actualvalue: null, actualclosedate: null })
    expect(made.simulator.find('opportunityclose', { _opportunityid_value: id })).toHaveLength(1)
    made.simulator.people.win(id)
    made.simulator.options.closedRows = 'accepted'
    expect((await made.call('PATCH', `opportunities(${id})`, { name: 'x' })).status).toBe(204)
  })

  test.each([{ statecode: 1, statuscode: 3 }, { statecode: 2, statuscode: 4 }, { statecode: 1 }])(
    'a PATCH to %j is refused: closing has its own messages',
    async (body) => {
      const made = kit()
      const answer = await made.call('PATCH', `opportunities(${deal(made)})`, body)
      expect([answer.status, answer.error.code]).toEqual([400, '0x80100005'])
    },
  )

  test('on hold and back is an ordinary update', () => {
    const { simulator } = kit()
    const id = simulator.people.opportunity()
    simulator.people.hold(id)
    expect(simulator.read('opportunity', id)).toMatchObject({ statecode: 0, statuscode: 2 })
    simulator.people.moveOn(id)
    expect(simulator.read('opportunity', id)).toMatchObject({ statecode: 0, statuscode: 1 })
  })

  test('close activities are not created by hand', async () => {
    expect((await kit().call('POST', 'opportunitycloses', { subject: 'x' })).status).toBe(400)
  })
})

const qualification = (more: JsonObject = {}): JsonObject => ({
  CreateAccount: true,
  CreateContact: true,
  CreateOpportunity: true,
  Status: 3,
  ...more,
})

describe('qualifying leads', () => {
  test('account, contact and opportunity come out, linked with the lead and with its values', async () => {
    const made = kit()
    const lead = made.simulator.people.lead({ subject: 'Move', companyname: 'Northwind', estimatedamount: 700, description: 'text' })
    const answer = await made.call(
      'POST',
      `leads(${lead})/Microsoft.Dynamics.CRM.QualifyLead`,
      qualification({
        OpportunityCurrencyId: { '@odata.type': 'Microsoft.Dynamics.CRM.transactioncurrency', transactioncurrencyid: currencyId('USD') },
      }),
    )
    expect(answer.status).toBe(200)
    const created = answer.json['value'] as JsonObject[] // the shape under test
    expect(created.map((row) => row['@odata.type'])).toEqual(
      ['account', 'contact', 'opportunity'].map((name) => `#Microsoft.Dynamics.CRM.${name}`),
    )
    const opportunityId = String(created[2]?.['opportunityid'])
    expect(made.simulator.read('opportunity', opportunityId)).toMatchObject({
      name: 'Move',
      estimatedvalue: 700,
      description: 'text',
      _originatingleadid_value: lead,
      _customerid_value: created[0]?.['accountid'],
      _parentaccountid_value: created[0]?.['accountid'],
      _parentcontactid_value: created[1]?.['contactid'],
      _transactioncurrencyid_value: currencyId('USD'),
    })
    expect(made.simulator.read('lead', lead)).toMatchObject({ statecode: 1, statuscode: 3, _qualifyingopportunityid_value: opportunityId })
    expect(made.simulator.read('account', String(created[0]?.['accountid']))).toMatchObject({
      name: 'Northwind',
      _primarycontactid_value: created[1]?.['contactid'],
    })
  })

  test('an existing customer is used instead of new rows', () => {
    const { simulator } = kit()
    const account = simulator.people.account()
    const made = simulator.people.qualify(simulator.people.lead(), { account: false, contact: false, customerId: account })
    expect(made).toMatchObject({ accountId: null, contactId: null })
    expect(simulator.read('opportunity', made.opportunityId ?? '')?.['_customerid_value']).toBe(account)
  })

  test.each([
    ['a second time', (made: Kit, id: string) => void made.simulator.people.qualify(id), qualification(), '0x80040519'],
    ['with a status of another state', () => undefined, qualification({ Status: 4 }), '0x80048408'],
    ['without a required flag', () => undefined, { CreateAccount: true, Status: 3 }, '0x80048d19'],
    ['with an unknown parameter', () => undefined, qualification({ Foo: 1 }), '0x80048d19'],
  ])('%s it is refused', async (_, prepare, body, code) => {
    const made = kit()
    const lead = made.simulator.people.lead()
    prepare(made, lead)
    const answer = await made.call('POST', `leads(${lead})/Microsoft.Dynamics.CRM.QualifyLead`, body)
    expect([answer.status, answer.error.code]).toEqual([400, code])
  })

  test('a refused qualification leaves no half-made rows', async () => {
    const made = kit()
    const lead = made.simulator.people.lead({ companyname: 'Northwind', emailaddress1: 'taken@x.example' })
    made.simulator.people.contact({ emailaddress1: 'taken@x.example' })
    const answer = await made.call('POST', `leads(${lead})/Microsoft.Dynamics.CRM.QualifyLead`, qualification(), {
      'mscrm.suppressduplicatedetection': 'false',
    })
    expect([answer.status, answer.error.code]).toEqual([412, '0x80040333'])
    expect(made.simulator.find('account', { name: 'Northwind' })).toEqual([])
    expect(made.simulator.read('lead', lead)).toMatchObject({ statecode: 0 })
  })

  test('the namespace is mandatory for a bound action', async () => {
    const made = kit()
    expect((await made.call('POST', `leads(${made.simulator.people.lead()})/QualifyLead`, qualification())).status).not.toBe(200)
  })

  test('disqualified leads take no edits until they are reopened', () => {
    const { simulator } = kit()
    const lead = simulator.people.lead()
    simulator.people.disqualify(lead, 6)
    expect(simulator.read('lead', lead)).toMatchObject({ statecode: 2, statuscode: 6 })
    expect(() => simulator.people.edit('lead', lead, { subject: 'x' })).toThrow('already closed')
    simulator.people.reopen('lead', lead)
    simulator.people.edit('lead', lead, { subject: 'x' })
    expect(simulator.read('lead', lead)).toMatchObject({ statecode: 0, subject: 'x' })
  })
})

describe('merging', () => {
  test('the loser becomes inactive and points at the winner, which takes over its children and values', async () => {
    const made = kit()
    const { people } = made.simulator
    const winner = people.account({ name: 'Fabrikam' })
    const loser = people.account({ name: 'Fabrikam Inc' })
    const id = people.opportunity({ 'customerid_account@odata.bind': `/accounts(${loser})` })
    const reference = (accountid: string): JsonObject => ({ '@odata.type': 'Microsoft.Dynamics.CRM.account', accountid })
    const answer = await made.call('POST', 'Merge', {
      Target: reference(winner),
      Subordinate: reference(loser),
      UpdateContent: { '@odata.type': 'Microsoft.Dynamics.CRM.account', telephone1: '99' },
      PerformParentingChecks: false,
    })
    expect(answer.status).toBe(204)
    expect(made.simulator.read('account', loser)).toMatchObject({ statecode: 1, _masterid_value: winner, merged: true })
    expect(made.simulator.read('account', winner)).toMatchObject({ statecode: 0, telephone1: '99' })
    expect(made.simulator.read('opportunity', id)).toMatchObject({
      _customerid_value: winner,
      _parentaccountid_value: winner,
      _accountid_value: winner,
    })
  })

  test('leads merge as well, other tables do not', () => {
    const { simulator } = kit()
    const [winner, loser] = [simulator.people.lead(), simulator.people.lead()]
    simulator.people.merge('lead', { winner, loser })
    expect(simulator.read('lead', loser)).toMatchObject({ statecode: 2, _masterid_value: winner })
  })
})
