import { describe, expect, test } from 'vitest'
import { currencyId, userId } from './index.js'
import { kit, origin, valuesOf } from './test-kit.js'

const base = `${origin}/api/data/v9.2`
const guid = '8c2d41aa-0e57-4f53-9a1e-61b7a0c0d001'

describe('creating rows', () => {
  test('a create answers 204 with the address of the row, and the row carries what the platform adds', async () => {
    const { call, simulator } = kit()
    const account = simulator.people.account({ name: 'Fabrikam GmbH' })
    const made = await call('POST', 'opportunities', {
      name: 'Fabrikam data estate move',
      estimatedvalue: 185_000,
      estimatedclosedate: '2026-09-30',
      'customerid_account@odata.bind': `/accounts(${account})`,
      'ownerid@odata.bind': `/systemusers(${userId('kim@fabrikam.example')})`,
    })
    expect(made.status).toBe(204)
    const id = /\(([0-9a-f-]{36})\)$/.exec(String(made.headers['odata-entityid']))?.[1] ?? ''
    expect(made.headers['odata-entityid']).toBe(`${base}/opportunities(${id})`)
    expect(made.headers['location']).toBe(`${base}/opportunities(${id})`)
    expect(simulator.read('opportunity', id)).toMatchObject({
      statecode: 0,
      statuscode: 1,
      createdon: '2026-05-04T09:15:30Z',
      _customerid_value: account,
      _parentaccountid_value: account,
      _ownerid_value: userId('kim@fabrikam.example'),
      _transactioncurrencyid_value: currencyId('EUR'),
      estimatedvalue_base: 185_000,
    })
  })

  test('with return=representation the row comes with 201, its ETag, and no OData-EntityId', async () => {
    const { call } = kit()
    const made = await call('POST', 'accounts?$select=name', { name: 'Fabrikam' }, { prefer: 'return=representation' })
    expect(made.status).toBe(201)
    expect(made.headers['odata-entityid']).toBeUndefined()
    expect(made.json['@odata.context']).toBe(`${base}/$metadata#accounts(name)/$entity`)
    expect(made.headers['etag']).toBe(made.json['@odata.etag'])
    expect(Object.keys(made.json).sort()).toEqual(['@odata.context', '@odata.etag', 'accountid', 'name'])
  })

  test('a primary key of the caller is taken once and refused with 412 the second time', async () => {
    const { call } = kit()
    expect((await call('POST', 'accounts', { accountid: guid, name: 'First' })).status).toBe(204)
    const again = await call('POST', 'accounts', { accountid: guid, name: 'Second' })
    expect([again.status, again.error.code]).toEqual([412, '0x80040237'])
  })

  test.each([
    ['an unknown property', { foo: 1 }, '0x80048d19'],
    ['a lookup as a property', { customerid: guid }, '0x80048d19'],
    ['a value property', { _parentaccountid_value: guid }, '0x80048d19'],
    ['a number for a text', { name: 7 }, '0x80048d19'],
    ['a text for a number', { estimatedvalue: '185000' }, '0x80048d19'],
    ['a time in a date', { estimatedclosedate: '2026-09-30T00:00:00Z' }, '0x80048d19'],
    ['a day that does not exist', { estimatedclosedate: '2026-02-30' }, '0x80048d19'],
    ['a text that is too long', { name: 'x'.repeat(301) }, '0x80044331'],
    ['an option that does not exist', { need: 9 }, '0x8004431A'],
    ['a number out of range', { closeprobability: 101 }, '0x8004431A'],
    ['a read-only column', { totalamount: 5 }, '0x80048d19'],
    ['a fraction for a whole number', { closeprobability: 1.5 }, '0x80048d19'],
  ])('%s is refused with 400', async (_, body, code) => {
    const { call } = kit()
    const refused = await call('POST', 'opportunities', body)
    expect([refused.status, refused.error.code]).toEqual([400, code])
  })

  test('read-only columns are passed over when the environment is told so', async () => {
    const { call } = kit({ options: { readOnlyColumns: 'ignored' } })
    expect((await call('POST', 'opportunities', { name: 'x', totalamount: 5 })).status).toBe(204)
  })

  test('a bind to a row that does not exist is refused with 404', async () => {
    const { call } = kit()
    const refused = await call('POST', 'opportunities', { 'parentaccountid@odata.bind': `/accounts(${guid})` })
    expect([refused.status, refused.error.code]).toEqual([404, '0x80040217'])
  })

  test('a bind to a row of the wrong table is refused', async () => {
    const { call, simulator } = kit()
    const contact = simulator.people.contact()
    expect((await call('POST', 'opportunities', { 'parentaccountid@odata.bind': `/contacts(${contact})` })).status).toBe(400)
  })

  test('nested rows are created in the same transaction, and not at all when one of them is refused', async () => {
    const { call, simulator } = kit()
    const before = simulator.size('account')
    const refused = await call('POST', 'contacts', { lastname: 'x'.repeat(51), parentcustomerid_account: { name: 'Nested' } })
    expect(refused.status).toBe(400)
    expect(simulator.size('account')).toBe(before)
    const made = await call(
      'POST',
      'accounts',
      { name: 'Outer', primarycontactid: { lastname: 'Inner' }, opportunity_parent_account: [{ name: 'Deal' }] },
      { prefer: 'return=representation' },
    )
    expect(simulator.find('opportunity', { _parentaccountid_value: made.json['accountid'] })).toHaveLength(1)
    expect(simulator.find('contact', { contactid: made.json['_primarycontactid_value'] })).toHaveLength(1)
  })

  test('amounts are rounded to the precision of their currency, and have a twin in base currency', () => {
    const { simulator } = kit()
    const yen = `/transactioncurrencies(${currencyId('JPY')})`
    const id = simulator.people.opportunity({ estimatedvalue: 16_000.5, 'transactioncurrencyid@odata.bind': yen })
    expect(simulator.read('opportunity', id)).toMatchObject({ estimatedvalue: 16_001, estimatedvalue_base: 100.01, exchangerate: 160 })
    simulator.people.edit('opportunity', id, { 'transactioncurrencyid@odata.bind': `/transactioncurrencies(${currencyId('USD')})` })
    expect(simulator.read('opportunity', id)).toMatchObject({ estimatedvalue: 16_001, estimatedvalue_base: 14_546.36 })
  })

  test('duplicates are only looked for when the caller asks', async () => {
    const { call, simulator } = kit()
    simulator.people.account({ name: 'Fabrikam' })
    const refused = await call('POST', 'accounts', { name: 'FABRIKAM' }, { 'mscrm.suppressduplicatedetection': 'false' })
    expect([refused.status, refused.error.code]).toEqual([412, '0x80040333'])
    expect((await call('POST', 'accounts', { name: 'Fabrikam' })).status).toBe(204)
  })
})

describe('changing rows', () => {
  test('an update raises the version and leaves the rest', async () => {
    const { call, simulator } = kit()
    const id = simulator.people.account({ name: 'Fabrikam', telephone1: '1' })
    const before = simulator.read('account', id)
    const changed = await call('PATCH', `accounts(${id})`, { telephone1: '2' }, { 'if-match': String(before?.['@odata.etag']) })
    expect(changed.status).toBe(204)
    const after = simulator.read('account', id)
    expect(after).toMatchObject({ name: 'Fabrikam', telephone1: '2' })
    expect(Number(after?.['versionnumber'])).toBeGreaterThan(Number(before?.['versionnumber']))
    expect(after?.['@odata.etag']).toBe(`W/"${String(after?.['versionnumber'])}"`)
  })

  test('a stale ETag is refused with 412, on PATCH and on DELETE', async () => {
    const { call, simulator } = kit()
    const id = simulator.people.account()
    const etag = String(simulator.read('account', id)?.['@odata.etag'])
    simulator.people.edit('account', id, { telephone1: '3' })
    for (const method of ['PATCH', 'DELETE']) {
      const refused = await call(method, `accounts(${id})`, method === 'PATCH' ? { name: 'y' } : undefined, { 'if-match': etag })
      expect([refused.status, refused.error.code]).toEqual([412, '0x80060882'])
    }
    simulator.options.versionMismatchCode = ''
    expect((await call('DELETE', `accounts(${id})`, undefined, { 'if-match': etag })).error.code).toBe('')
  })

  test('lookups are cleared with a null bind or by deleting the reference', async () => {
    const { call, simulator } = kit()
    const contact = simulator.people.contact()
    const id = simulator.people.opportunity({ 'parentcontactid@odata.bind': `/contacts(${contact})` })
    expect((await call('PATCH', `opportunities(${id})`, { 'parentcontactid@odata.bind': null })).status).toBe(204)
    expect(simulator.read('opportunity', id)?.['_parentcontactid_value']).toBeNull()
    await call('PUT', `opportunities(${id})/parentcontactid/$ref`, { '@odata.id': `${base}/contacts(${contact})` })
    expect(simulator.read('opportunity', id)?.['_parentcontactid_value']).toBe(contact)
    expect((await call('DELETE', `opportunities(${id})/parentcontactid/$ref`)).status).toBe(204)
    expect(simulator.read('opportunity', id)?.['_parentcontactid_value']).toBeNull()
  })

  test('one property is read, written and cleared by its own address', async () => {
    const { call, simulator } = kit()
    const id = simulator.people.account({ name: 'A', description: 'd' })
    expect((await call('GET', `accounts(${id})/name`)).json['value']).toBe('A')
    expect((await call('GET', `accounts(${id})/name/$value`)).text).toBe('A')
    await call('PUT', `accounts(${id})/name`, { value: 'B' })
    expect((await call('DELETE', `accounts(${id})/description`)).status).toBe(204)
    expect(simulator.read('account', id)).toMatchObject({ name: 'B', description: null })
  })

  test('state and status must be a pair; a state alone brings its default status', async () => {
    const { call, simulator } = kit()
    const id = simulator.people.account()
    const refused = await call('PATCH', `accounts(${id})`, { statecode: 1, statuscode: 1 })
    expect([refused.status, refused.error.code]).toEqual([400, '0x80048408'])
    await call('PATCH', `accounts(${id})`, { statecode: 1 })
    expect(simulator.read('account', id)).toMatchObject({ statecode: 1, statuscode: 2 })
  })

  test('a system-calculated opportunity ignores the amount it is sent', async () => {
    const { call, simulator } = kit()
    const id = simulator.people.opportunity({ estimatedvalue: 5_000 })
    await call('PATCH', `opportunities(${id})`, { isrevenuesystemcalculated: true, estimatedvalue: 9_000 })
    expect(simulator.read('opportunity', id)?.['estimatedvalue']).toBe(0)
    await call('PATCH', `opportunities(${id})`, { isrevenuesystemcalculated: false, estimatedvalue: 9_000 })
    expect(simulator.read('opportunity', id)?.['estimatedvalue']).toBe(9_000)
  })

  test('a delete cascades along the customer relationship and removes other links', async () => {
    const { call, simulator } = kit()
    const account = simulator.people.account()
    const deal = simulator.people.opportunity({ 'customerid_account@odata.bind': `/accounts(${account})` })
    const child = simulator.people.account({ 'parentaccountid@odata.bind': `/accounts(${account})` })
    expect((await call('DELETE', `accounts(${account})`)).status).toBe(204)
    expect(simulator.read('opportunity', deal)).toBeUndefined()
    expect(simulator.read('account', child)?.['_parentaccountid_value']).toBeNull()
    const gone = await call('GET', `accounts(${account})`)
    expect(gone.error).toEqual({ code: '0x80040217', message: `account With Id = ${account} Does Not Exist` })
  })
})

describe('upsert', () => {
  const keyUrl = `opportunities(cosell_referralidentifier='${guid}')`

  test('without headers a PATCH by key creates, then updates, and answers with the key form', async () => {
    const { call, simulator } = kit({ customFields: 'cosell' })
    const first = await call('PATCH', keyUrl, { name: 'one' })
    expect([first.status, first.headers['odata-entityid']]).toEqual([204, `${base}/${keyUrl}`])
    expect((await call('PATCH', keyUrl, { name: 'two' })).status).toBe(204)
    expect(simulator.find('opportunity')).toMatchObject([{ name: 'two', cosell_referralidentifier: guid }])
  })

  test('the representation tells a create (201) from an update (200)', async () => {
    const { call } = kit({ customFields: 'cosell' })
    const prefer = { prefer: 'return=representation' }
    expect((await call('PATCH', keyUrl, { name: 'one' }, prefer)).status).toBe(201)
    expect((await call('PATCH', keyUrl, { name: 'two' }, prefer)).status).toBe(200)
  })

  test('If-Match: * never creates, If-None-Match: * never updates', async () => {
    const { call, simulator } = kit({ customFields: 'cosell' })
    const byKey = await call('PATCH', keyUrl, { name: 'x' }, { 'if-match': '*' })
    expect([byKey.status, byKey.error.code]).toEqual([404, '0x80060891'])
    const byId = await call('PATCH', `opportunities(${guid})`, { name: 'x' }, { 'if-match': '*' })
    expect([byId.status, byId.error.code]).toEqual([404, '0x80040217'])
    expect((await call('PATCH', keyUrl, { name: 'x' }, { 'if-none-match': '*' })).status).toBe(204)
    const again = await call('PATCH', keyUrl, { name: 'y' }, { 'if-none-match': '*' })
    expect([again.status, again.error.code]).toEqual([412, '0x80060892'])
    expect(simulator.find('opportunity')).toMatchObject([{ name: 'x' }])
  })

  test('If-None-Match: null is no condition', async () => {
    const { call } = kit({ customFields: 'cosell' })
    await call('PATCH', keyUrl, { name: 'one' })
    expect((await call('PATCH', keyUrl, { name: 'two' }, { 'if-none-match': 'null' })).status).toBe(204)
  })

  test('two rows never share a key: the second write is refused', async () => {
    const { call, simulator } = kit({ customFields: 'cosell' })
    await call('POST', 'opportunities', { name: 'a', cosell_referralidentifier: 'R-1' })
    const refused = await call('POST', 'opportunities', { name: 'b', cosell_referralidentifier: 'r-1' })
    expect([refused.status, refused.error.code]).toEqual([412, '0x80060892'])
    const other = simulator.people.opportunity()
    expect((await call('PATCH', `opportunities(${other})`, { cosell_referralidentifier: 'R-1' })).status).toBe(412)
    simulator.people.opportunity()
    expect(simulator.find('opportunity', { cosell_referralidentifier: null })).toHaveLength(2)
  })

  test('a key with signs that URLs cannot carry is refused; others are found whatever their case', async () => {
    const { call } = kit({ customFields: 'cosell' })
    await call('POST', 'opportunities', { name: 'a', cosell_referralidentifier: "O'Neil" })
    expect((await call('GET', "opportunities(cosell_referralidentifier='O''NEIL')")).json['name']).toBe('a')
    expect((await call('GET', "opportunities(cosell_referralidentifier='a%2Fb')")).status).toBe(400)
    expect((await call('GET', "opportunities(name='a')")).error.code).toBe('0x80060890')
  })
})

describe('many rows at once', () => {
  const type = 'Microsoft.Dynamics.CRM.opportunity'
  const url = (message: string): string => `opportunities/Microsoft.Dynamics.CRM.${message}`

  test('CreateMultiple answers the ids, UpdateMultiple and UpsertMultiple answer nothing', async () => {
    const { call, simulator } = kit({ customFields: 'cosell' })
    const made = await call('POST', url('CreateMultiple'), {
      Targets: [
        { '@odata.type': type, name: 'A' },
        { '@odata.type': type, name: 'B' },
      ],
    })
    const ids = made.json['Ids'] as string[] // the shape under test
    expect(ids.map((id) => simulator.read('opportunity', id)?.['name'])).toEqual(['A', 'B'])
    const updated = await call('POST', url('UpdateMultiple'), {
      Targets: [{ '@odata.type': type, opportunityid: ids[0], closeprobability: 60 }],
    })
    expect([updated.status, simulator.read('opportunity', ids[0] ?? '')?.['closeprobability']]).toEqual([204, 60])
    const target = { '@odata.type': type, '@odata.id': "opportunities(cosell_referralidentifier='r-1')", closeprobability: 70 }
    await call('POST', url('UpsertMultiple'), { Targets: [target] })
    await call('POST', url('UpsertMultiple'), { Targets: [{ ...target, closeprobability: 80 }] })
    expect(simulator.find('opportunity', { cosell_referralidentifier: 'r-1' })).toMatchObject([{ closeprobability: 80 }])
  })

  test('one bad row takes all of them back', async () => {
    const { call, simulator } = kit()
    const refused = await call('POST', url('CreateMultiple'), {
      Targets: [
        { '@odata.type': type, name: 'A' },
        { '@odata.type': type, need: 99 },
      ],
    })
    expect(refused.status).toBe(400)
    expect(simulator.size('opportunity')).toBe(0)
    expect(valuesOf(await call('GET', 'opportunities'))).toEqual([])
  })
})
