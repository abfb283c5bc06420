import { describe, expect, test } from 'vitest'
import { kit, origin, valuesOf, type Kit } from './test-kit.js'

const base = `${origin}/api/data/v9.2`

async function names(made: Kit, filter: string, set = 'accounts'): Promise<unknown[]> {
  const answer = await made.call('GET', `${set}?$select=name&$orderby=name&$filter=${encodeURIComponent(filter)}`)
  if (answer.status !== 200) return [answer.status, answer.error.code]
  return valuesOf(answer).map((row) => row['name'])
}

function accounts(): Kit {
  const made = kit()
  const { people } = made.simulator
  const parent = people.account({ name: 'Alpha', numberofemployees: 10, description: 'a' })
  people.account({ name: 'Beta', numberofemployees: 20, 'parentaccountid@odata.bind': `/accounts(${parent})` })
  people.account({ name: 'Gamma', numberofemployees: 30, customertypecode: 3 })
  people.account({ name: 'Zoë', donotemail: undefined, fax: '10%' })
  return made
}

describe('filters', () => {
  test.each([
    ["name eq 'ALPHA'", ['Alpha']],
    ["name eq 'zoe'", ['Zoë']],
    ["name ne 'Alpha'", ['Beta', 'Gamma', 'Zoë']],
    ['numberofemployees ge 20', ['Beta', 'Gamma']],
    ['numberofemployees gt 10 and not (numberofemployees eq 30)', ['Beta']],
    ["contains(name,'et') or startswith(name,'GAM')", ['Beta', 'Gamma']],
    ["endswith(name,'ma')", ['Gamma']],
    ["contains(name,'a_z')", []],
    ["contains(name,'l_h')", ['Alpha']],
    ['customertypecode eq null and numberofemployees ne null', ['Alpha', 'Beta']],
    ['numberofemployees ne 10', ['Beta', 'Gamma', 'Zoë']],
    ["parentaccountid/name eq 'Alpha'", ['Beta']],
    ['parentaccountid eq null', ['Alpha', 'Gamma', 'Zoë']],
    ['parentaccountid ne null', ['Beta']],
    ["account_parent_account/any(o:o/name eq 'Beta')", ['Alpha']],
    ["Microsoft.Dynamics.CRM.In(PropertyName='name',PropertyValues=['alpha','gamma'])", ['Alpha', 'Gamma']],
    ["Microsoft.Dynamics.CRM.Between(PropertyName='numberofemployees',PropertyValues=['15','30'])", ['Beta', 'Gamma']],
    ["Microsoft.Dynamics.CRM.LastXHours(PropertyName='modifiedon',PropertyValue=2) and name eq 'Beta'", ['Beta']],
    ['modifiedon ge 2026-05-04T09:15:30Z and numberofemployees le 10', ['Alpha']],
    ['modifiedon gt 2026-05-04T09:15:30.500Z', []],
    ['statecode eq 0 and numberofemployees lt 20', ['Alpha']],
  ])('%s', async (filter, expected) => {
    expect(await names(accounts(), filter)).toEqual(expected)
  })

  test.each([
    ["foo eq 'x'", [400, '0x80060888']],
    ['name eq 5', [400, '0x80060888']],
    ["statecode eq '0'", [400, '0x80060888']],
    ["accountid eq 'x'", [400, '0x80060888']],
    ["parentaccountid eq 'x'", [400, '0x80060888']],
    ["name eq 'x' and", [400, '0x80060888']],
    ["name like 'x'", [400, '0x80060888']],
  ])('%s is refused', async (filter, expected) => {
    expect(await names(accounts(), filter)).toEqual(expected)
  })

  test('an unknown property is named in the words of the service', async () => {
    const answer = await accounts().call('GET', "accounts?$filter=foo eq 'x'")
    expect(answer.error.message).toBe("Could not find a property named 'foo' on type 'Microsoft.Dynamics.CRM.account'.")
  })

  test('parameter aliases stand for values', async () => {
    const made = accounts()
    const answer = await made.call('GET', "accounts?$select=name&$filter=name eq @n&@n='Beta'")
    expect(valuesOf(answer).map((row) => row['name'])).toEqual(['Beta'])
  })
})

describe('lists', () => {
  test('$top, $count and $count as a segment', async () => {
    const made = accounts()
    const answer = await made.call('GET', 'accounts?$select=name&$top=2&$count=true&$orderby=name desc')
    expect([answer.json['@odata.count'], valuesOf(answer).map((row) => row['name'])]).toEqual([4, ['Zoë', 'Gamma']])
    expect((await made.call('GET', 'accounts/$count')).text).toBe('4')
    expect((await made.call('GET', "accounts/$count?$filter=name eq 'Beta'")).text).toBe('1')
  })

  test.each(['$skip=1', '$foo=1', '$top=x', '$orderby=name sideways', '$select=foo', '$orderby=foo', '$expand=foo'])(
    '%s is refused',
    async (option) => {
      expect((await accounts().call('GET', `accounts?${option}`)).status).toBe(400)
    },
  )

  test('an unknown set is a 404 in the words of the service', async () => {
    const answer = await kit().call('GET', 'foos')
    expect([answer.status, answer.error]).toEqual([404, { code: '0x8006088a', message: "Resource not found for the segment 'foos'." }])
  })

  test('pages follow each other without gaps while rows come and go', async () => {
    const made = kit()
    for (let number = 0; number < 25; number++) made.simulator.people.account({ name: `A${String(number).padStart(2, '0')}` })
    for (const order of ['', '&$orderby=name desc', "&$filter=startswith(name,'A')"]) {
      const seen: unknown[] = []
      let url = `accounts?$select=name${order}`
      for (let page = 0; page < 10 && url !== ''; page++) {
        const answer = await made.call('GET', url, undefined, { prefer: 'odata.maxpagesize=10' })
        const rows = valuesOf(answer)
        expect(rows.length).toBeLessThanOrEqual(10)
        seen.push(...rows.map((row) => row['name']))
        url = String(answer.json['@odata.nextLink'] ?? '')
        if (page === 0) made.simulator.people.delete('account', String(rows[0]?.['accountid']))
        if (page === 0) made.simulator.people.account({ name: String(rows[0]?.['name']) })
      }
      expect(new Set(seen).size).toBe(25)
    }
  })

  test('a page without maxpagesize after one with it holds everything that is left', async () => {
    const made = kit()
    for (let number = 0; number < 12; number++) made.simulator.people.account()
    const first = await made.call('GET', 'accounts?$select=name', undefined, { prefer: 'odata.maxpagesize=5' })
    expect(first.headers['preference-applied']).toBe('odata.maxpagesize=5')
    const rest = await made.call('GET', String(first.json['@odata.nextLink']))
    expect(valuesOf(rest)).toHaveLength(7)
  })

  test('a broken cookie is refused', async () => {
    expect((await kit().call('GET', 'accounts?$skiptoken=%3Ccookie%3E')).status).toBe(400)
  })
})

describe('expanding', () => {
  test('single-valued and collection-valued, with nested options and a context that names them', async () => {
    const made = kit()
    const { people } = made.simulator
    const account = people.account({ name: 'Fabrikam' })
    const deal = people.opportunity({ name: 'One', 'parentaccountid@odata.bind': `/accounts(${account})` })
    people.opportunity({ name: 'Two', 'parentaccountid@odata.bind': `/accounts(${account})` })
    const one = await made.call(
      'GET',
      `opportunities(${deal})?$select=name&$expand=parentaccountid($select=name),transactioncurrencyid($select=isocurrencycode)`,
    )
    expect(one.json['@odata.context']).toBe(
      `${base}/$metadata#opportunities(name,parentaccountid(name),transactioncurrencyid(isocurrencycode))/$entity`,
    )
    expect(one.json).toMatchObject({
      parentaccountid: { name: 'Fabrikam', accountid: account },
      transactioncurrencyid: { isocurrencycode: 'USD' },
    })
    const many = await made.call(
      'GET',
      `accounts(${account})?$select=name&$expand=opportunity_parent_account($select=name;$orderby=name desc;$top=1)`,
    )
    expect(many.json['opportunity_parent_account']).toMatchObject([{ name: 'Two' }])
    const filtered = await made.call(
      'GET',
      `accounts(${account})?$expand=opportunity_parent_account($select=name;$filter=contains(name,'ne'))`,
    )
    expect(filtered.json['opportunity_parent_account']).toMatchObject([{ name: 'One' }])
  })

  test('an expanded collection pages by its own link', async () => {
    const made = kit()
    const account = made.simulator.people.account()
    for (let number = 0; number < 5; number++)
      made.simulator.people.opportunity({ name: `D${number}`, 'parentaccountid@odata.bind': `/accounts(${account})` })
    const first = await made.call('GET', `accounts(${account})?$select=name&$expand=opportunity_parent_account($select=name)`, undefined, {
      prefer: 'odata.maxpagesize=3',
    })
    expect(first.json['opportunity_parent_account']).toHaveLength(3)
    const rest = await made.call('GET', String(first.json['opportunity_parent_account@odata.nextLink']))
    expect(valuesOf(rest)).toHaveLength(2)
  })

  test('an empty lookup expands to null, a related row has its own address', async () => {
    const made = kit()
    const deal = made.simulator.people.opportunity()
    expect((await made.call('GET', `opportunities(${deal})?$expand=parentcontactid($select=fullname)`)).json['parentcontactid']).toBeNull()
    expect((await made.call('GET', `opportunities(${deal})/parentaccountid?$select=name`)).json['name']).toMatch(/^Contoso/)
    expect((await made.call('GET', `opportunities(${deal})/parentcontactid`)).status).toBe(204)
  })

  test('more than fifteen expands are refused', async () => {
    const made = kit()
    const deal = made.simulator.people.opportunity()
    const list = Array.from({ length: 16 }, () => 'parentaccountid').join(',')
    expect((await made.call('GET', `opportunities(${deal})?$expand=${list}`)).status).toBe(400)
  })
})

describe('annotations and conditional reads', () => {
  test('formatted values, lookup tables and navigation names come when asked for', async () => {
    const made = kit()
    const account = made.simulator.people.account({ name: 'Fabrikam GmbH' })
    const deal = made.simulator.people.opportunity({ estimatedvalue: 185_000, 'customerid_account@odata.bind': `/accounts(${account})` })
    const url = `opportunities(${deal})?$select=estimatedvalue,statecode,_customerid_value,estimatedclosedate`
    const all = await made.call('GET', url, undefined, { prefer: 'odata.include-annotations="*"' })
    expect(all.json).toMatchObject({
      'estimatedvalue@OData.Community.Display.V1.FormattedValue': '$185,000.00',
      'statecode@OData.Community.Display.V1.FormattedValue': 'Open',
      'estimatedclosedate@OData.Community.Display.V1.FormattedValue': '3/31/2027',
      '_customerid_value@OData.Community.Display.V1.FormattedValue': 'Fabrikam GmbH',
      '_customerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty': 'customerid_account',
      '_customerid_value@Microsoft.Dynamics.CRM.lookuplogicalname': 'account',
    })
    expect(all.json['_transactioncurrencyid_value']).toBeDefined()
    const some = await made.call('GET', url, undefined, { prefer: 'odata.include-annotations="Microsoft.Dynamics.CRM.lookuplogicalname"' })
    expect(Object.keys(some.json).filter((name) => name.includes('FormattedValue'))).toEqual([])
    expect(some.json['_customerid_value@Microsoft.Dynamics.CRM.lookuplogicalname']).toBe('account')
  })

  test('a row that did not change answers 304, unless the answer depends on more than the row', async () => {
    const made = kit()
    const id = made.simulator.people.account()
    const etag = String(made.simulator.read('account', id)?.['@odata.etag'])
    expect((await made.call('GET', `accounts(${id})`, undefined, { 'if-none-match': etag })).status).toBe(304)
    expect((await made.call('GET', `accounts(${id})?$expand=primarycontactid`, undefined, { 'if-none-match': etag })).status).toBe(200)
    const annotated = { 'if-none-match': etag, prefer: 'odata.include-annotations="*"' }
    expect((await made.call('GET', `accounts(${id})`, undefined, annotated)).status).toBe(200)
    made.simulator.people.edit('account', id, { telephone1: '9' })
    expect((await made.call('GET', `accounts(${id})`, undefined, { 'if-none-match': etag })).status).toBe(200)
  })

  test('errors carry details when annotations are asked for', async () => {
    const answer = await kit().call('GET', 'accounts?$select=foo', undefined, { prefer: 'odata.include-annotations="*"' })
    expect(answer.json['error']).toMatchObject({
      code: '0x80060888',
      '@Microsoft.PowerApps.CDS.InnerError.Message': expect.stringContaining('foo') as string,
    })
  })
})
