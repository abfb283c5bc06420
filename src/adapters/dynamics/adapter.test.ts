import { describe, expect, test } from 'vitest'
import { id, ref, signal, row, noContent, listing, refused, crm, adapterWith, adapter, read, bodyOf, faultOf, patch, use } from '../../../test/support/dynamics-desk.js'

describe('reading an opportunity', () => {
  test('is one call that shows the whole deal', async () => {
    await adapter.prepare({ signal })
    const reading = await read()
    expect(crm.counted.map(({ method, path }) => `${method} ${path.split('?')[0]}`)).toEqual([`GET opportunities(${id})`])
    expect(reading.deal).toMatchObject({
      name: 'Data estate',
      status: 'Active/Accepted',
      'details.dealValue': 185000,
      'details.currency': 'EUR',
      'details.closingDateTime': '2026-09-30',
      'details.notes': 'Notes',
      'details.requirements.solutions': [{ id: 'SOL-1', name: 'One' }],
      'inviteContext.assistanceRequestCode': 'ProofOfConceptOrDemo',
      'consent.consentToShareReferralWithMicrosoftSellers': true,
      'customerProfile.name': 'Fabrikam',
      'customerProfile.address.country': 'DE',
      'customerProfile.team': [{ email: 'Kim@Fabrikam.example', firstName: 'Kim', lastName: 'Lee', phone: '+49 1' }],
      team: [{ email: 'ann@contoso.example', firstName: 'Ann', lastName: 'Ray', phone: '+1 5' }],
    })
    expect(reading).toMatchObject({
      otherId: 'r-1',
      sync: true,
      sealed: false,
      auditText: 'line',
      modifiedAt: Date.parse(row.modifiedon),
      unreadable: [],
    })
    expect(reading.parts).toEqual([
      { side: 'crm', kind: 'account', id: 'acc-1' },
      { side: 'crm', kind: 'contact', id: 'con-1' },
      { side: 'crm', kind: 'solution', id: 'row-1' },
    ])
  })

  test.each(['8C2D41AA-0E57-4F53-9A1E-61B7A0C0D001', ' {8c2d41aa-0E57-4f53-9a1e-61b7a0c0d001} '])('takes the identifier %s, as imports and people write it, for that of the same referral', async (written) => {
    crm.on(/^GET opportunities\(/, () => ({ status: 200, json: { ...row, cosell_referralidentifier: written } }))
    expect((await read()).otherId).toBe('8c2d41aa-0e57-4f53-9a1e-61b7a0c0d001')
  })

  test('takes the customer for the account, where the parent account is another one', async () => {
    const other = { ...row.parentaccountid, accountid: 'acc-2', name: 'Parent of Fabrikam', versionnumber: 8 }
    crm.on(/^GET opportunities\(/, () => ({ status: 200, json: { ...row, customerid_account: row.parentaccountid, parentaccountid: other } }))
    expect((await read()).deal['customerProfile.name']).toBe('Fabrikam')
    crm.on(/^GET opportunities\(/, () => ({ status: 200, json: { ...row, customerid_account: null, parentaccountid: other } }))
    expect((await read()).deal['customerProfile.name']).toBe('Parent of Fabrikam')
  })

  test('has another version as soon as any of its rows has', async () => {
    const before = (await read()).version
    expect((await read()).version).toBe(before)
    crm.on(/^GET opportunities\(/, () => ({
      status: 200,
      json: { ...row, parentaccountid: { ...row.parentaccountid, versionnumber: 50 } },
    }))
    expect((await read()).version).not.toBe(before)
  })

  test('a status reason that nobody mapped makes it unreadable, with the row to add', async () => {
    crm.on(/^GET opportunities\(/, () => ({ status: 200, json: { ...row, statuscode: 100_000_001 } }))
    const reading = await read()
    expect(reading.deal.status).toBeUndefined()
    expect(reading.unreadable).toMatchObject([{ field: 'status', remedy: expect.stringContaining('statuscode: 100000001') }])
  })

  test('a closed one takes no write, a missing one is absent, an outage is unreachable', async () => {
    crm.on(/^GET opportunities\(/, () => ({ status: 200, json: { ...row, statecode: 2, statuscode: 4 } }))
    expect(await read()).toMatchObject({ sealed: true, deal: { status: 'Closed/Lost' } })
    crm.on(/^GET opportunities\(/, refused(404, '0x80040217'))
    expect(await adapter.read(ref, { wide: false, signal })).toEqual({ kind: 'absent', ref })
    crm.on(/^GET opportunities\(/, () => ({ status: 503 }))
    expect(await adapter.read(ref, { wide: false, signal })).toMatchObject({ kind: 'unreachable', fault: { kind: 'offline' } })
  })

  test('an id that is no GUID names no record, and nothing is asked', async () => {
    expect(await adapter.read({ ...ref, id: "CRM-1') or (1 eq 1" }, { wide: false, signal })).toMatchObject({ kind: 'absent' })
    expect(crm.calls).toEqual([])
  })

  test('a mapped column that the CRM does not have is said, with the nearest name', async () => {
    use(adapterWith({ mapping: { version: 1, opportunity: { 'details.dealValue': { crm: 'estimatedvalu' } } } }))
    const reading = await adapter.read(ref, { wide: false, signal })
    expect(reading).toMatchObject({
      kind: 'unreachable',
      fault: { kind: 'misconfigured', message: expect.stringContaining('Did you mean "estimatedvalue"?') },
    })
  })
})

describe('reading many', () => {
  test('is one call for a hundred, in the order asked', async () => {
    const other = '8b1c0e52-3b44-4f11-a316-000d3a4b1102'
    crm.on(/^GET opportunities\?/, listing([row]))
    await adapter.prepare({ signal })
    const refs = [
      { ...ref, id: other },
      ref,
      ...Array.from({ length: 98 }, (_, index) => ({ ...ref, id: `8b1c0e52-3b44-4f11-a316-000d3a4b2${String(index).padStart(3, '0')}` })),
    ]
    const readings = await adapter.readMany(refs, { wide: false, signal })
    expect(crm.counted.length).toBe(1)
    expect(readings.slice(0, 2).map(({ kind }) => kind)).toEqual(['absent', 'present'])
  })

  test('follows a link to the next page that leaves out the host', async () => {
    const link = '/api/data/v9.2/opportunities?$skiptoken=2'
    crm
      .on(/^GET opportunities\?/, () => ({ status: 200, json: { value: [], '@odata.nextLink': link } }))
      .on(/^GET opportunities\?.*skiptoken=2/, listing([row]))
    expect((await adapter.readMany([ref], { wide: false, signal }))[0]?.kind).toBe('present')
  })
})


describe('patching an opportunity', () => {
  test('is one conditional call with changed columns and the stamp, and nothing else', async () => {
    crm.on(/^PATCH opportunities\(/, noContent)
    const { version } = await read()
    crm.calls.length = 0
    await adapter.write(
      patch(
        { 'details.dealValue': 1000.005, 'details.notes': 'x'.repeat(3000) },
        {
          expect: version,
          stamp: {
            audit: 'a',
            status: 'in-sync',
            problem: null,
            lastSynced: '2026-05-04T09:00:00.123Z',
            otherId: 'r-2',
            link: 'https://x',
          },
        },
      ),
      { signal },
    )
    expect(crm.calls.map(({ method, path, headers }) => [method, path, headers['If-Match']])).toEqual([
      ['PATCH', `opportunities(${id})`, 'W/"10"'],
    ])
    expect(crm.calls[0]?.body).toEqual({
      estimatedvalue: 1000.01,
      isrevenuesystemcalculated: false,
      description: 'x'.repeat(2000),
      cosell_audit: 'a',
      cosell_syncstatus: 'in-sync',
      cosell_syncproblem: null,
      cosell_lastsynced: '2026-05-04T09:00:00Z',
      cosell_referralidentifier: 'r-2',
      cosell_referrallink: 'https://x',
    })
  })

  test('whose contact is shown without a version asks only that it is still there', async () => {
    crm.on(/^PATCH /, noContent)
    const { versionnumber: _version, ...contact } = row.parentcontactid
    crm.on(/^GET opportunities\(/, () => ({ status: 200, json: { ...row, parentcontactid: contact } }))
    const { version } = await read()
    await adapter.write(patch({ 'customerProfile.team': [{ email: 'kim@fabrikam.example', firstName: 'Kim', lastName: 'Li', phone: null }] }, { expect: version }), { signal })
    expect(crm.requests.find(({ path, method }) => method === 'PATCH' && path.startsWith('contacts('))?.headers['If-Match']).toBe('*')
  })

  test('in a currency without decimals rounds to whole units', async () => {
    crm.on(/^PATCH opportunities\(/, noContent)
    await adapter.write(patch({ 'details.dealValue': 1000.6, 'details.currency': 'JPY' }), { signal })
    expect(bodyOf(/^PATCH opportunities/)).toMatchObject({
      estimatedvalue: 1001,
      'transactioncurrencyid@odata.bind': '/transactioncurrencies(c-jpy)',
    })
  })

  test('in a currency the CRM does not have is refused before anything is sent', async () => {
    const fault = await faultOf(adapter.write(patch({ 'details.currency': 'CHF' }), { signal }))
    expect(fault).toMatchObject({ kind: 'rejected', message: expect.stringContaining('CHF'), remedy: expect.stringContaining('CHF') })
    expect(crm.requests.some(({ method }) => method === 'PATCH')).toBe(false)
  })

  test('a record that moved is stale', async () => {
    crm.on(/^PATCH opportunities\(/, refused(412, '0x80060882'))
    expect((await faultOf(adapter.write(patch({ 'details.notes': 'n' }), { signal }))).kind).toBe('stale')
  })

  test('solutions and the same contact go with it in one change set, each row with its own version', async () => {
    crm.on(/^(PATCH|POST|DELETE) /, noContent)
    const { version } = await read()
    crm.calls.length = 0
    await adapter.write(
      patch(
        {
          'details.requirements.solutions': [{ id: 'SOL-2', name: 'Two' }],
          'customerProfile.team': [{ email: 'kim@fabrikam.example', firstName: 'Kim', lastName: 'Lee-Ray', phone: '+49 1' }],
          'details.notes': 'n',
        },
        { expect: version },
      ),
      { signal },
    )
    expect(crm.calls.length).toBe(1)
    const writes = crm.requests
      .filter(({ method }) => method !== 'GET')
      .map(({ method, path, headers }) => [method, path, headers['If-Match']])
    expect(writes).toEqual([
      ['PATCH', `opportunities(${id})`, 'W/"10"'],
      ['PATCH', 'contacts(con-1)', 'W/"6"'],
      ['DELETE', 'cosell_microsoftsolutions(row-1)', 'W/"7"'],
      ['POST', 'cosell_microsoftsolutions', undefined],
    ])
    expect(bodyOf(/^POST cosell/)).toMatchObject({
      cosell_solutionid: 'SOL-2',
      cosell_name: 'Two',
      'cosell_OpportunityId@odata.bind': `/opportunities(${id})`,
    })
  })

  test('another contact is found under the account by e-mail, and what it shows is told', async () => {
    crm
      .on(/^PATCH /, noContent)
      .on(
        /^GET contacts\?/,
        listing([
          {
            contactid: 'con-2',
            emailaddress1: 'lou@fabrikam.example',
            firstname: 'Lou',
            lastname: 'Old',
            telephone1: null,
            _parentcustomerid_value: 'acc-1',
          },
        ]),
      )
    const receipt = await adapter.write(
      patch({ 'customerProfile.team': [{ email: 'Lou@fabrikam.example', firstName: 'Lou', lastName: 'New', phone: null }] }),
      { signal },
    )
    expect(bodyOf(/^PATCH opportunities/)).toEqual({ 'parentcontactid@odata.bind': '/contacts(con-2)' })
    expect(receipt.resolved).toEqual({
      'customerProfile.team': [{ email: 'lou@fabrikam.example', firstName: 'Lou', lastName: 'Old', phone: null }],
    })
  })

  test('an option the column does not have is refused by name', async () => {
    const fault = await faultOf(adapter.write(patch({ 'inviteContext.assistanceRequestCode': 'SomethingNew' }), { signal }))
    expect(fault).toMatchObject({ kind: 'rejected', message: expect.stringContaining('no option "SomethingNew"') })
  })

  test('shows success and failure before the name only where that is wished', async () => {
    crm.on(/^PATCH /, noContent)
    use(adapterWith({ checkMark: true }))
    await adapter.write(patch({ 'details.notes': 'n' }, { stamp: { status: 'needs-attention' } }), { signal })
    expect(bodyOf(/^PATCH opportunities/)).toMatchObject({ name: '✘ Data estate' })
  })
})

