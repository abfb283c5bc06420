import { describe, expect, test } from 'vitest'
import { id, ref, signal, noContent, listing, refused, crm, guarded, adapterWith, adapter, read, bodyOf, faultOf, patch, step, use } from '../../../test/support/dynamics-desk.js'
import type { Change, CreateChange } from '../../core/change.js'
import type { TinyDynamics } from '../../../test/support/tiny-dynamics.js'
import type { Projection } from '../../core/deal.js'
import { Fault } from '../../core/fault.js'
import { asVersion } from '../../core/ref.js'

describe('a step', () => {
  test.each([
    ['win', 'WinOpportunity', 3],
    ['lose', 'LoseOpportunity', 5],
  ] as const)('%s goes behind a conditional patch of the same row, in one change set', async (take, action, status) => {
    crm.on(/^(PATCH|POST) /, noContent)
    const { version } = await read()
    crm.calls.length = 0
    await adapter.write(
      step(take, { expect: version, reason: 'Chose another vendor', set: { 'details.notes': 'n' }, stamp: { audit: 'a' } }),
      { signal },
    )
    expect(crm.calls.length).toBe(1)
    expect(crm.requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`)).toEqual([
      `PATCH opportunities(${id})`,
      `POST ${action}`,
    ])
    expect(bodyOf(/^PATCH/)).toEqual({ description: 'n', cosell_audit: 'a' })
    expect(bodyOf(/^POST/)).toMatchObject({
      Status: status,
      OpportunityClose: {
        '@odata.type': 'Microsoft.Dynamics.CRM.opportunityclose',
        description: 'Chose another vendor',
        'opportunityid@odata.bind': `/opportunities(${id})`,
      },
    })
  })

  test('without fields still carries the version', async () => {
    crm.on(/^(PATCH|POST) /, noContent)
    await adapter.write(step('win'), { signal })
    expect(bodyOf(/^PATCH/)).toEqual({ cosell_syncwithpartnercenter: true })
  })

  test('that makes a closed lead again answers with the one that is there', async () => {
    const lead = (): CreateChange => create({ as: 'lead', deal: { name: 'Lead', status: 'Closed/Declined', 'details.currency': 'EUR' } })
    crm
      .on(/^GET systemusers\?/, listing([]))
      .on(/^POST leads/, () => ({ status: 412, json: { error: { code: '', message: 'A record exists.' } } }))
      .on(/^GET leads\(/, () => ({ status: 200, json: { leadid: id } }))
    expect((await adapter.create(lead(), { signal })).ref).toEqual({ side: 'crm', kind: 'lead', id })
  })

  test.each(['accept', 'reopen'] as const)('%s is a patch of the status', async (take) => {
    crm.on(/^PATCH /, noContent)
    await adapter.write(step(take), { signal })
    expect(bodyOf(/^PATCH/)).toEqual({ statecode: 0, statuscode: 1 })
  })

  test('on an opportunity that was closed meanwhile is stale', async () => {
    crm.on(/^PATCH /, noContent).on(/^POST WinOpportunity/, refused(400, '0x80040515'))
    expect((await faultOf(adapter.write(step('win'), { signal }))).kind).toBe('stale')
  })
})

const deal: Projection = {
  name: 'Data estate',
  status: 'New/Received',
  'details.dealValue': 5000,
  'details.currency': 'EUR',
  'details.closingDateTime': '2026-09-30',
  'details.notes': 'Notes',
  'details.requirements.solutions': [{ id: 'SOL-1', name: 'One' }],
  'customerProfile.name': 'Fabrikam',
  'customerProfile.address.postalCode': '80331',
  'customerProfile.address.country': 'DE',
  'customerProfile.team': [{ email: 'kim@fabrikam.example', firstName: 'Kim', lastName: 'Lee', phone: '+49 1' }],
  team: [
    { email: 'nobody@contoso.example', firstName: 'No', lastName: 'Body', phone: null },
    { email: 'Ann@contoso.example', firstName: 'Ann', lastName: 'Ray', phone: null },
  ],
}
const create = (more: Partial<CreateChange> = {}): CreateChange => ({
  kind: 'create',
  side: 'crm',
  as: 'opportunity',
  marker: id,
  deal,
  stamp: { otherId: 'r-1', sync: true },
  ...more,
})
const ann = {
  systemuserid: 'user-1',
  internalemailaddress: 'ann@contoso.example',
  firstname: 'Ann',
  lastname: 'Ray',
  mobilephone: '+1 5',
  accessmode: 0,
}
const nothingThere = (): TinyDynamics =>
  crm
    .on(/^GET accounts\?/, listing([]))
    .on(/^GET contacts\?/, listing([]))
    .on(/^GET systemusers\?/, listing([ann]))
    .on(/^POST /, noContent)

describe('making an opportunity', () => {
  test('is one call to look and one to write, under our own id, on hold while nobody accepted', async () => {
    nothingThere()
    await adapter.prepare({ signal })
    const receipt = await adapter.create(create(), { signal })
    expect(crm.counted.length).toBe(2)
    expect(guarded).toEqual(['customer:fabrikam|80331|DE'])
    expect(crm.requests.filter(({ method }) => method === 'POST').map(({ path }) => path)).toEqual([
      'accounts',
      'contacts',
      'opportunities',
      'cosell_microsoftsolutions',
    ])
    const account = bodyOf(/^POST accounts/)
    const contact = bodyOf(/^POST contacts/)
    expect(account).toMatchObject({ name: 'Fabrikam', address1_postalcode: '80331', address1_country: 'DE' })
    expect(contact).toMatchObject({
      lastname: 'Lee',
      emailaddress1: 'kim@fabrikam.example',
      'parentcustomerid_account@odata.bind': `/accounts(${String(account['accountid'])})`,
    })
    expect(bodyOf(/^POST opportunities/)).toMatchObject({
      opportunityid: id,
      name: 'Data estate',
      statuscode: 2,
      estimatedvalue: 5000,
      isrevenuesystemcalculated: false,
      cosell_syncwithpartnercenter: true,
      cosell_referralidentifier: 'r-1',
      'customerid_account@odata.bind': `/accounts(${String(account['accountid'])})`,
      'parentaccountid@odata.bind': `/accounts(${String(account['accountid'])})`,
      'parentcontactid@odata.bind': `/contacts(${String(contact['contactid'])})`,
      'transactioncurrencyid@odata.bind': '/transactioncurrencies(c-eur)',
      'ownerid@odata.bind': '/systemusers(user-1)',
    })
    expect(bodyOf(/^POST opportunities/)).not.toHaveProperty('statecode')
    expect(receipt).toEqual({
      ref,
      version: null,
      resolved: { team: [{ email: 'ann@contoso.example', firstName: 'Ann', lastName: 'Ray', phone: '+1 5' }] },
      remarks: [],
    })
  })

  test('that is refused by a server that does not say which part of it names them all, not the first', async () => {
    const untold = { status: 400, json: { error: { code: '0x80040265', message: 'Seven is not allowed here.' } }, headers: { 'Content-ID': '' } }
    nothingThere().on(/^POST opportunities/, () => untold)
    const { kind, message } = await faultOf(adapter.create(create(), { signal }))
    expect(kind).toBe('rejected')
    expect(message).toMatch(/^Dynamics 365, the account of .* or the contact .* or opportunity .*: a plug-in/)
  })

  test('of a known customer uses its account and contact, and tells what they show', async () => {
    nothingThere()
      .on(
        /^GET accounts\?.*name eq/,
        listing([
          {
            accountid: 'acc-1',
            name: 'FABRIKAM',
            address1_postalcode: '80331',
            address1_country: 'Germany',
            address1_city: 'Munich',
            statecode: 0,
          },
        ]),
      )
      .on(
        /^GET contacts\?/,
        listing([
          { contactid: 'con-1', emailaddress1: 'kim@fabrikam.example', firstname: 'K.', lastname: 'Lee', _parentcustomerid_value: 'acc-1' },
        ]),
      )
    const receipt = await adapter.create(create(), { signal })
    expect(crm.requests.filter(({ method }) => method === 'POST').map(({ path }) => path)).toEqual([
      'opportunities',
      'cosell_microsoftsolutions',
    ])
    expect(receipt.resolved).toMatchObject({
      'customerProfile.name': 'FABRIKAM',
      'customerProfile.address.country': 'DE',
      'customerProfile.address.city': 'Munich',
      'customerProfile.team': [{ firstName: 'K.', lastName: 'Lee' }],
    })
  })

  test('again answers with the record that is there', async () => {
    nothingThere().on(/^POST opportunities$/, refused(412, '0x80040237'))
    expect(await adapter.create(create(), { signal })).toMatchObject({ ref })
  })

  test('whose account was made by someone else in between looks again and goes on', async () => {
    let looks = 0
    nothingThere()
      .on(/^GET opportunities\(/, refused(404, '0x80040217'))
      .on(/^GET accounts\?.*In\(/, () =>
        looks++ === 0
          ? listing([])()
          : listing([{ accountid: bodyOf(/^POST accounts/)['accountid'], name: 'Fabrikam', address1_postalcode: '80331', statecode: 0 }])(),
      )
      .on(/^POST accounts$/, refused(412, '0x80040237'))
    await adapter.create(create(), { signal })
    expect(looks).toBe(2)
    expect(crm.requests.filter(({ method, path }) => method === 'POST' && path === 'accounts').length).toBe(1)
  })

  test('without a user in the team belongs to the configured owner, else to the connector, with a remark', async () => {
    const team = [{ email: 'nobody@contoso.example', firstName: null, lastName: null, phone: null }]
    nothingThere()
    use(adapterWith({ owner: 'ann@contoso.example' }))
    expect(await adapter.create(create({ deal: { ...deal, team } }), { signal })).toMatchObject({
      remarks: [expect.stringContaining('ann@contoso.example, as sync.owner says')],
      resolved: { team: [{ email: 'ann@contoso.example' }] },
    })
    nothingThere().on(/^GET systemusers\?/, listing([]))
    use(adapterWith())
    const receipt = await adapter.create(create({ deal: { ...deal, team } }), { signal })
    expect(receipt).toMatchObject({ remarks: [expect.stringContaining('nobody@contoso.example')], resolved: { team: [] } })
    // Asked again after its answer was lost, it is the same.
    expect(await adapter.resolved?.(create({ deal: { ...deal, team } }), { signal })).toEqual(receipt.resolved)
  })

  test('fills in the columns this CRM demands', async () => {
    nothingThere()
    use(adapterWith({
      mapping: { version: 1, defaults: { opportunity: { cosell_purchaseintent: 'have not decided', stepname: '1-Qualify' } } },
    }))
    await adapter.create(create(), { signal })
    expect(bodyOf(/^POST opportunities/)).toMatchObject({ cosell_purchaseintent: 299_600_002, stepname: '1-Qualify' })
  })
})

describe('making many', () => {
  test('takes a few calls for a hundred, one account per customer, and answers each in order', async () => {
    nothingThere()
    await adapter.prepare({ signal })
    const changes = Array.from({ length: 100 }, (_, index): Change =>
      create({
        marker: `7a1c0e52-3b44-4f11-a316-000d3a4b2${String(index).padStart(3, '0')}`,
        deal: { ...deal, 'customerProfile.name': `Customer ${index % 10}`, ...(index === 7 ? { 'details.currency': 'CHF' } : {}) },
      }),
    )
    const bad = changes[9]
    crm.on(/^POST opportunities$/, ({ body }) =>
      bad?.kind === 'create' && body?.['opportunityid'] === bad.marker ? refused(400, '0x80040265')() : noContent(),
    )
    const answers = await adapter.writeMany(changes, { signal })
    expect(crm.counted.length).toBeLessThanOrEqual(5)
    expect(answers.map((answer) => (answer instanceof Fault ? answer.kind : 'made')).filter((word) => word !== 'made')).toEqual([
      'rejected',
      'rejected',
    ])
    expect(answers[7]).toMatchObject({ kind: 'rejected', message: expect.stringContaining('CHF') })
    expect(answers[9]).toMatchObject({ kind: 'rejected', code: '0x80040265' })
    expect(answers[99]).toMatchObject({ ref: { id: '7a1c0e52-3b44-4f11-a316-000d3a4b2099' } })
    expect((bodyOf(/^POST accounts\/Microsoft.Dynamics.CRM.CreateMultiple/)['Targets'] as unknown[]).length).toBe(10)
    expect(new Set(guarded).size).toBe(10)
  })

  test('falls back to single ones when the bulk message is refused', async () => {
    nothingThere()
      .on(/^POST accounts\/Microsoft/, refused(400, '0x80040265'))
      .on(/^POST accounts$/, ({ body }) => (body?.['name'] === 'B' ? refused(400, '0x80040265')() : noContent()))
    const changes = ['A', 'B', 'C'].map((name, index): Change =>
      create({ marker: `7a1c0e52-3b44-4f11-a316-00000000000${index}`, deal: { ...deal, 'customerProfile.name': name } }),
    )
    const answers = await adapter.writeMany(changes, { signal })
    expect(answers.map((answer) => (answer instanceof Fault ? answer.kind : 'made'))).toEqual(['made', 'rejected', 'made'])
  })

  test('patches of many records go in one call, each with its own version and its own answer', async () => {
    crm.on(/^PATCH /, ({ path }) => (path.includes('0001') ? refused(412, '0x80060882')() : noContent()))
    await adapter.prepare({ signal })
    const version = asVersion(JSON.stringify(['W/"10"', null, null, [], 'EUR', 'n']))
    const changes = [0, 1, 2].map((index): Change =>
      patch({ 'details.notes': 'n' }, { ref: { ...ref, id: `7a1c0e52-3b44-4f11-a316-00000000000${index}` }, expect: version }),
    )
    const answers = await adapter.writeMany(changes, { signal })
    expect(crm.counted.length).toBe(1)
    expect(answers.map((answer) => (answer instanceof Fault ? answer.kind : 'written'))).toEqual(['written', 'stale', 'written'])
  })
})

describe('what a record will show', () => {
  test('is known before the first call', () => {
    const shown = adapter.canonical(
      { name: 'n'.repeat(400), status: 'Closed/Expired', 'details.dealValue': 10.555, 'details.currency': 'jpy', campaignId: 'c' },
      'opportunity',
    )
    expect(crm.calls).toEqual([])
    expect(shown).toEqual({ name: 'n'.repeat(300), status: 'Closed/Lost', 'details.dealValue': 11, 'details.currency': 'JPY' })
  })

  test('is one contact and one owner of several', () => {
    const people = [deal['customerProfile.team']?.[0], { email: 'b@x.example', firstName: null, lastName: null, phone: null }].filter(
      (person) => person !== undefined,
    )
    expect(adapter.canonical({ 'customerProfile.team': people, team: people }, 'opportunity')).toEqual({
      'customerProfile.team': [people[0]],
      team: [people[0]],
    })
  })
})

describe('finding', () => {
  test('asks both tables in one call and quotes what it is given', async () => {
    crm.on(/^GET opportunities\?/, listing([{ opportunityid: id }])).on(/^GET leads\?/, listing([]))
    await adapter.prepare({ signal })
    expect(await adapter.find({ as: 'opportunity', value: "O'Neil", notBefore: null }, { signal })).toEqual([ref])
    expect(crm.counted.length).toBe(1)
    expect(crm.requests[0]?.path).toContain("cosell_referralidentifier eq 'O''Neil'")
  })
})
