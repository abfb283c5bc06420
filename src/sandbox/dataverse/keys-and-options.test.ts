import { describe, expect, test } from 'vitest'
import { opportunity, prepared, outcome, picklist } from './test-kit-metadata.js'
import { label, textColumn, valuesOf, type Answered, type Kit } from './test-kit.js'

describe('alternate keys', () => {
  const key = {
    '@odata.type': 'Microsoft.Dynamics.CRM.EntityKeyMetadata',
    SchemaName: 'xco_ReferralKey',
    KeyAttributes: ['xco_referralid'],
    DisplayName: label('Key'),
  }

  async function withColumn(): Promise<Kit> {
    const made = await prepared()
    await made.call('POST', `${opportunity}/Attributes`, textColumn('xco_ReferralId'))
    return made
  }
  const status = async (made: Kit): Promise<unknown> =>
    valuesOf(await made.call('GET', `${opportunity}/Keys?$select=SchemaName,EntityKeyIndexStatus`))[0]?.['EntityKeyIndexStatus']

  test('go from Pending over InProgress to Active, and only then serve URLs', async () => {
    const made = await withColumn()
    made.simulator.people.opportunity({ name: 'A', xco_referralid: 'r1' })
    expect((await made.call('POST', `${opportunity}/Keys`, key)).status).toBe(204)
    expect([await status(made), (await made.call('GET', "opportunities(xco_referralid='r1')")).error.code]).toEqual([
      'Pending',
      '0x80060890',
    ])
    made.clock.advance(1_000)
    expect(await status(made)).toBe('InProgress')
    made.clock.advance(2_000)
    expect(await status(made)).toBe('Active')
    expect((await made.call('GET', "opportunities(xco_referralid='r1')?$select=name")).json['name']).toBe('A')
    expect((await made.call('GET', "opportunities(xco_referralid='r2')")).error.code).toBe('0x80060891')
  })

  test('fail over duplicates, and can be reactivated once those are gone', async () => {
    const made = await withColumn()
    const twins = ['r1', 'R1'].map((value) => made.simulator.people.opportunity({ xco_referralid: value }))
    await made.call('POST', `${opportunity}/Keys`, key)
    const reactivate = (): Promise<Answered> =>
      made.call('POST', 'ReactivateEntityKey', { EntityLogicalName: 'opportunity', EntityKeyLogicalName: 'xco_referralkey' })
    expect((await reactivate()).error.code).toBe('0x80060897')
    made.clock.advance(10_000)
    expect(await status(made)).toBe('Failed')
    expect(made.simulator.find('asyncoperation', { statuscode: 31 })).toHaveLength(1)
    made.simulator.people.edit('opportunity', twins[1] ?? '', { xco_referralid: 'r2' })
    expect((await reactivate()).status).toBe(204)
    made.clock.advance(10_000)
    expect(await status(made)).toBe('Active')
  })

  test.each([
    ['the same name', key, '0x80060893'],
    ['the same columns', { ...key, SchemaName: 'xco_Other' }, '0x80060894'],
    ['a column that does not exist', { ...key, SchemaName: 'xco_Other', KeyAttributes: ['xco_nope'] }, '0x80047007'],
    ['a column of a kind keys do not take', { ...key, SchemaName: 'xco_Other', KeyAttributes: ['description'] }, '0x80060898'],
    ['too many bytes', { ...key, SchemaName: 'xco_Other', KeyAttributes: ['name', 'stepname'] }, '0x80060899'],
  ])('%s is refused', async (_, body, code) => {
    const made = await withColumn()
    await made.call('POST', `${opportunity}/Keys`, key)
    const answer = await made.call('POST', `${opportunity}/Keys`, body)
    expect(outcome(answer)).toEqual([400, code])
  })
})

describe('options', () => {
  test('global option sets serve columns, and a new option works at once', async () => {
    const made = await prepared()
    const created = await made.call('POST', 'GlobalOptionSetDefinitions', {
      '@odata.type': 'Microsoft.Dynamics.CRM.OptionSetMetadata',
      Name: 'xco_referralstatus',
      OptionSetType: 'Picklist',
      DisplayName: label('Status'),
      Options: [{ Value: 412500000, Label: label('New') }],
    })
    const id = /\(([0-9a-f-]{36})\)$/.exec(String(created.headers['odata-entityid']))?.[1] ?? ''
    await made.call('POST', `${opportunity}/Attributes`, {
      '@odata.type': 'Microsoft.Dynamics.CRM.PicklistAttributeMetadata',
      SchemaName: 'xco_Status',
      DisplayName: label('Status'),
      'GlobalOptionSet@odata.bind': `/GlobalOptionSetDefinitions(${id})`,
    })
    const deal = made.simulator.people.opportunity({ xco_status: 412500000 })
    expect((await made.call('PATCH', `opportunities(${deal})`, { xco_status: 412500001 })).error.code).toBe('0x8004431A')
    const inserted = await made.call('POST', 'InsertOptionValue', { OptionSetName: 'xco_referralstatus', Label: label('Active') })
    expect(inserted.json['NewOptionValue']).toBe(412500001)
    expect((await made.call('PATCH', `opportunities(${deal})`, { xco_status: 412500001 })).status).toBe(204)
    expect(
      (
        await made.call('POST', 'GlobalOptionSetDefinitions', {
          Name: 'xco_referralstatus',
          OptionSetType: 'Picklist',
          DisplayName: label('x'),
        })
      ).error.code,
    ).toBe('0x80044345')
    expect((await made.call('DELETE', `GlobalOptionSetDefinitions(${id})`)).status).toBe(400)
    const read = await made.call(
      'GET',
      `${opportunity}/Attributes/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet,GlobalOptionSet&$filter=LogicalName eq 'xco_status'`,
    )
    expect(valuesOf(read)[0]).toMatchObject({
      GlobalOptionSet: { Name: 'xco_referralstatus', Options: [{ Value: 412500000 }, { Value: 412500001 }] },
    })
  })

  test('options of one column are renamed, ordered and deleted', async () => {
    const made = await prepared()
    await made.call('POST', `${opportunity}/Attributes`, picklist('xco_P', [1, 2, 3]))
    const place = { EntityLogicalName: 'opportunity', AttributeLogicalName: 'xco_p' }
    expect((await made.call('POST', 'UpdateOptionValue', { ...place, Value: 2, Label: label('Two'), MergeLabels: true })).status).toBe(204)
    expect((await made.call('POST', 'OrderOption', { ...place, Values: [3, 1, 2] })).status).toBe(204)
    expect((await made.call('POST', 'DeleteOptionValue', { ...place, Value: 1 })).status).toBe(204)
    const read = await made.call(
      'GET',
      `${opportunity}/Attributes(LogicalName='xco_p')/Microsoft.Dynamics.CRM.PicklistAttributeMetadata?$select=LogicalName&$expand=OptionSet`,
    )
    expect(read.json['OptionSet']).toMatchObject({ Options: [{ Value: 3 }, { Value: 2, Label: { UserLocalizedLabel: { Label: 'Two' } } }] })
  })

  test('a customer may add a status reason, with which an opportunity can be lost', async () => {
    const made = await prepared()
    const place = { EntityLogicalName: 'opportunity', AttributeLogicalName: 'statuscode' }
    const inserted = await made.call('POST', 'InsertStatusValue', { ...place, Label: label('No budget'), StateCode: 2 })
    const value = Number(inserted.json['NewOptionValue'])
    const deal = made.simulator.people.opportunity()
    made.simulator.people.lose(deal, { status: value })
    expect(made.simulator.read('opportunity', deal)).toMatchObject({ statecode: 2, statuscode: value })
    const read = await made.call(
      'GET',
      `${opportunity}/Attributes(LogicalName='statuscode')/Microsoft.Dynamics.CRM.StatusAttributeMetadata?$select=LogicalName&$expand=OptionSet`,
    )
    const options = (read.json['OptionSet'] as { Options: { Value: number; State: number }[] }).Options // the shape under test
    expect(options.find((option) => option.Value === value)?.State).toBe(2)
  })
})
