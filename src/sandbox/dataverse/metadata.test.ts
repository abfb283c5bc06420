import { describe, expect, test } from 'vitest'
import { kit, label, origin, publisher, textColumn, valuesOf, type Answered, type JsonObject, type Kit } from './test-kit.js'

const base = `${origin}/api/data/v9.2`
const opportunity = "EntityDefinitions(LogicalName='opportunity')"
const inSolution = { 'mscrm.solutionuniquename': 'xcoConnector' }

async function prepared(given: Parameters<typeof kit>[0] = {}): Promise<Kit> {
  const made = kit(given)
  await publisher(made)
  return made
}

const outcome = (answer: Answered): [number, string] => [answer.status, answer.error.code]

const table = (schemaName: string, more: JsonObject = {}): JsonObject => ({
  '@odata.type': 'Microsoft.Dynamics.CRM.EntityMetadata',
  SchemaName: schemaName,
  DisplayName: label('Sync Audit'),
  DisplayCollectionName: label('Sync Audits'),
  OwnershipType: 'OrganizationOwned',
  IsActivity: false,
  HasActivities: false,
  HasNotes: false,
  Attributes: [textColumn('xco_Name', 200, { IsPrimaryName: true })],
  ...more,
})

const lookup: JsonObject = {
  '@odata.type': 'Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata',
  SchemaName: 'xco_opportunity_syncaudit',
  ReferencedEntity: 'opportunity',
  ReferencingEntity: 'xco_syncaudit',
  CascadeConfiguration: { Delete: 'Cascade' },
  Lookup: {
    '@odata.type': 'Microsoft.Dynamics.CRM.LookupAttributeMetadata',
    AttributeType: 'Lookup',
    SchemaName: 'xco_OpportunityId',
    DisplayName: label('Opportunity'),
  },
}

const picklist = (schemaName: string, options: readonly number[]): JsonObject => ({
  '@odata.type': 'Microsoft.Dynamics.CRM.PicklistAttributeMetadata',
  SchemaName: schemaName,
  DisplayName: label(schemaName),
  OptionSet: {
    '@odata.type': 'Microsoft.Dynamics.CRM.OptionSetMetadata',
    IsGlobal: false,
    OptionSetType: 'Picklist',
    Options: options.map((Value) => ({ Value, Label: label(`O${Value}`) })),
  },
})

describe('columns', () => {
  test('a new column works in rows at once, is read back, and stands in its solution', async () => {
    const made = await prepared()
    const created = await made.call('POST', `${opportunity}/Attributes`, textColumn('xco_ReferralId'), inSolution)
    expect(created.status).toBe(204)
    expect(created.headers['odata-entityid']).toMatch(/EntityDefinitions\([0-9a-f-]{36}\)\/Attributes\([0-9a-f-]{36}\)$/)
    const id = made.simulator.people.opportunity({ xco_referralid: 'R-1' })
    expect((await made.call('GET', `opportunities(${id})?$select=xco_referralid`)).json['xco_referralid']).toBe('R-1')
    const read = await made.call(
      'GET',
      `${opportunity}/Attributes(LogicalName='xco_referralid')/Microsoft.Dynamics.CRM.StringAttributeMetadata?$select=LogicalName,SchemaName,MaxLength`,
    )
    expect(read.json).toMatchObject({ LogicalName: 'xco_referralid', SchemaName: 'xco_ReferralId', MaxLength: 100 })
    expect(made.simulator.find('solutioncomponent', { componenttype: 2, objectid: read.json['MetadataId'] })).toHaveLength(1)
  })

  test.each([
    ['a prefix of no publisher', textColumn('foo_Bar'), '0x80044366'],
    ['no prefix', textColumn('Bar'), '0x80044366'],
    ['a length out of range', textColumn('xco_A', 4_001), '0x80044312'],
    ['no label', textColumn('xco_A', 10, { DisplayName: null }), '0x80048d19'],
    [
      'a label in another language only',
      textColumn('xco_A', 10, { DisplayName: { LocalizedLabels: [{ Label: 'x', LanguageCode: 1031 }] } }),
      '0x80044310',
    ],
    [
      'a lookup',
      { '@odata.type': 'Microsoft.Dynamics.CRM.LookupAttributeMetadata', SchemaName: 'xco_A', DisplayName: label('x') },
      '0x80044301',
    ],
  ])('%s is refused', async (_, body, code) => {
    expect(outcome(await (await prepared()).call('POST', `${opportunity}/Attributes`, body))).toEqual([400, code])
  })

  test('a name that is taken is refused, and an unknown solution is', async () => {
    const made = await prepared()
    await made.call('POST', `${opportunity}/Attributes`, textColumn('xco_A'))
    expect(outcome(await made.call('POST', `${opportunity}/Attributes`, textColumn('xco_A')))).toEqual([400, '0x80047013'])
    const refused = await made.call('POST', `${opportunity}/Attributes`, textColumn('xco_B'), { 'mscrm.solutionuniquename': 'nope' })
    expect(refused.status).toBe(400)
    expect((await made.call('GET', 'opportunities?$select=xco_b')).status).toBe(400)
  })

  test('every kind of column holds values of its kind', async () => {
    const made = await prepared()
    const kinds: readonly [string, JsonObject, unknown, unknown][] = [
      ['Memo', { MaxLength: 4_000 }, 'long', 7],
      ['Integer', { MinValue: 0, MaxValue: 100 }, 5, 101],
      ['Decimal', { MinValue: 0, MaxValue: 10, Precision: 2 }, 1.25, 11],
      ['Money', { PrecisionSource: 2 }, 12.5, 'x'],
      [
        'Boolean',
        {
          DefaultValue: false,
          OptionSet: { TrueOption: { Value: 1, Label: label('On') }, FalseOption: { Value: 0, Label: label('Off') } },
        },
        true,
        1,
      ],
      ['DateTime', { Format: 'DateAndTime', DateTimeBehavior: { Value: 'UserLocal' } }, '2026-05-04T09:15:30Z', '2026-05-04'],
      ['Picklist', { OptionSet: { Options: [{ Value: 412500000, Label: label('One') }] } }, 412500000, 412500001],
      ['MultiSelectPicklist', { OptionSet: { Options: [1, 2, 3].map((Value) => ({ Value, Label: label('x') })) } }, '1,3', '1,4'],
    ]
    for (const [kind, more, good, bad] of kinds) {
      const body = {
        '@odata.type': `Microsoft.Dynamics.CRM.${kind}AttributeMetadata`,
        SchemaName: `xco_${kind}`,
        DisplayName: label(kind),
        ...more,
      }
      expect([kind, (await made.call('POST', `${opportunity}/Attributes`, body)).status]).toEqual([kind, 204])
      const name = `xco_${kind.toLowerCase()}`
      const id = made.simulator.people.opportunity({ [name]: good })
      expect(made.simulator.read('opportunity', id)?.[name]).toEqual(good)
      expect((await made.call('PATCH', `opportunities(${id})`, { [name]: bad })).status).toBe(400)
    }
    const existing = await made.call('GET', 'opportunities?$filter=xco_boolean eq true&$select=xco_boolean&$count=true')
    expect(existing.json['@odata.count']).toBe(1)
  })

  test('rows from before a yes/no column hold nothing in it, so that neither yes nor no finds them', async () => {
    const made = await prepared()
    made.simulator.people.opportunity()
    await made.call('POST', `${opportunity}/Attributes`, {
      '@odata.type': 'Microsoft.Dynamics.CRM.BooleanAttributeMetadata',
      SchemaName: 'xco_Sync',
      DisplayName: label('Sync'),
      DefaultValue: false,
    })
    made.simulator.people.opportunity()
    const count = async (filter: string): Promise<string> =>
      (await made.call('GET', `opportunities/$count?$filter=xco_sync ${filter}`)).text
    expect([await count('eq true'), await count('eq false'), await count('ne true')]).toEqual(['0', '1', '2'])
  })

  test('a PUT of the whole definition changes labels and lets the length grow, never shrink', async () => {
    const made = await prepared()
    await made.call('POST', `${opportunity}/Attributes`, textColumn('xco_A', 50))
    const url = `${opportunity}/Attributes(LogicalName='xco_a')`
    const definition = (await made.call('GET', `${url}/Microsoft.Dynamics.CRM.StringAttributeMetadata`)).json
    const merge = { 'mscrm.mergelabels': 'true' }
    expect((await made.call('PUT', url, { ...definition, MaxLength: 80, DisplayName: label('New') }, merge)).status).toBe(204)
    expect((await made.call('GET', `${url}/Microsoft.Dynamics.CRM.StringAttributeMetadata`)).json).toMatchObject({ MaxLength: 80 })
    expect((await made.call('PUT', url, { ...definition, MaxLength: 40 }, merge)).status).toBe(400)
    expect((await made.call('PUT', url, { MaxLength: 90 }, merge)).status).toBe(400)
    expect(outcome(await made.call('PATCH', url, { MaxLength: 90 }))).toEqual([405, '0x80060888'])
  })

  test('a column goes with its values, but not while a key uses it', async () => {
    const made = await prepared()
    await made.call('POST', `${opportunity}/Attributes`, textColumn('xco_A'))
    const id = made.simulator.people.opportunity({ xco_a: 'x' })
    const url = `${opportunity}/Attributes(LogicalName='xco_a')`
    await made.call('POST', `${opportunity}/Keys`, { SchemaName: 'xco_Key', KeyAttributes: ['xco_a'], DisplayName: label('Key') })
    expect((await made.call('DELETE', url)).status).toBe(400)
    await made.call('DELETE', `${opportunity}/Keys(LogicalName='xco_key')`)
    expect((await made.call('DELETE', url)).status).toBe(204)
    await made.call('POST', `${opportunity}/Attributes`, textColumn('xco_A'))
    expect(made.simulator.read('opportunity', id)?.['xco_a']).toBeNull()
    expect((await made.call('DELETE', `${opportunity}/Attributes(LogicalName='name')`)).status).toBe(400)
  })
})

describe('tables and relationships', () => {
  test('a new table takes rows at once, with a lookup to bind and to expand', async () => {
    const made = await prepared()
    const created = await made.call('POST', 'EntityDefinitions', table('xco_SyncAudit'), inSolution)
    expect(created.status).toBe(204)
    const definition = await made.call(
      'GET',
      "EntityDefinitions(LogicalName='xco_syncaudit')?$select=EntitySetName,PrimaryIdAttribute,PrimaryNameAttribute",
    )
    expect(definition.json).toMatchObject({
      EntitySetName: 'xco_syncaudits',
      PrimaryIdAttribute: 'xco_syncauditid',
      PrimaryNameAttribute: 'xco_name',
    })
    const relation = await made.call('POST', 'RelationshipDefinitions', lookup, inSolution)
    expect(relation.headers['odata-entityid']).toMatch(/RelationshipDefinitions\([0-9a-f-]{36}\)$/)
    const deal = made.simulator.people.opportunity()
    const row = await made.call(
      'POST',
      'xco_syncaudits',
      { xco_name: 'first', 'xco_OpportunityId@odata.bind': `/opportunities(${deal})` },
      { prefer: 'return=representation' },
    )
    expect(row.json).toMatchObject({ _xco_opportunityid_value: deal, statecode: 0 })
    expect((await made.call('POST', 'xco_syncaudits', { 'xco_opportunityid@odata.bind': `/opportunities(${deal})` })).status).toBe(400)
    const expanded = await made.call('GET', `opportunities(${deal})?$select=name&$expand=xco_opportunity_syncaudit($select=xco_name)`)
    expect(expanded.json['xco_opportunity_syncaudit']).toMatchObject([{ xco_name: 'first' }])
    made.simulator.people.delete('opportunity', deal)
    expect(made.simulator.size('xco_syncaudit')).toBe(0)
  })

  test.each([
    ['no primary name', table('xco_T', { Attributes: [textColumn('xco_Name')] }), '0x80048d19'],
    [
      'two primary names',
      table('xco_T', { Attributes: [textColumn('xco_A', 9, { IsPrimaryName: true }), textColumn('xco_B', 9, { IsPrimaryName: true })] }),
      '0x80048d19',
    ],
    ['a wrong ownership', table('xco_T', { OwnershipType: 'None' }), '0x80048d19'],
    ['a foreign prefix', table('abc_T'), '0x80044366'],
  ])('%s is refused', async (_, body, code) => {
    expect(outcome(await (await prepared()).call('POST', 'EntityDefinitions', body))).toEqual([400, code])
  })

  test('privileges, message filters, a form and a view come with a table; privileges join a role by id', async () => {
    const made = await prepared({ applicationIds: ['3d6a7f1e-51c2-4b0e-a8d4-2f90c7be1102'] })
    await made.call('POST', 'EntityDefinitions', table('xco_SyncAudit'))
    const filters = await made.call(
      'GET',
      "sdkmessagefilters?$select=sdkmessagefilterid&$filter=primaryobjecttypecode eq 'xco_syncaudit' and sdkmessageid/name eq 'Update'",
    )
    expect(valuesOf(filters)).toHaveLength(1)
    const [privilege] = valuesOf(await made.call('GET', "privileges?$select=name&$filter=name eq 'prvReadxco_SyncAudit'"))
    const role = made.simulator.find('role', { name: 'Basic User' })[0]?.['roleid']
    const body = { Privileges: [{ PrivilegeId: privilege?.['privilegeid'], Depth: '3' }] }
    expect((await made.call('POST', `roles(${String(role)})/Microsoft.Dynamics.CRM.AddPrivilegesRole`, body)).status).toBe(204)
    const held = await made.call('GET', `roles(${String(role)})/roleprivileges_association?$select=name`)
    expect(valuesOf(held).map((item) => item['name'])).toEqual(['prvReadxco_SyncAudit'])
    expect(made.simulator.find('systemform', { objecttypecode: 'xco_syncaudit', type: 2 })).toHaveLength(1)
  })

  test('deleting a relationship removes the lookup, deleting a table removes everything', async () => {
    const made = await prepared()
    await made.call('POST', 'EntityDefinitions', table('xco_SyncAudit'))
    await made.call('POST', 'RelationshipDefinitions', lookup)
    expect((await made.call('DELETE', "RelationshipDefinitions(SchemaName='xco_opportunity_syncaudit')")).status).toBe(204)
    expect((await made.call('GET', 'xco_syncaudits?$select=_xco_opportunityid_value')).status).toBe(400)
    expect((await made.call('DELETE', "EntityDefinitions(LogicalName='xco_syncaudit')")).status).toBe(204)
    expect((await made.call('GET', 'xco_syncaudits')).status).toBe(404)
    expect((await made.call('DELETE', "EntityDefinitions(LogicalName='account')")).status).toBe(400)
  })

  test('without the Sales app there is no opportunity', async () => {
    const made = kit({ salesApp: 'absent' })
    expect((await made.call('GET', `${opportunity}?$select=MetadataId`)).status).toBe(404)
    expect((await made.call('GET', 'opportunities')).status).toBe(404)
    expect((await made.call('GET', 'accounts')).status).toBe(200)
  })
})

describe('change tracking of a table', () => {
  test('is switched on by a PUT of the whole definition, counts after publishing, and never goes off again', async () => {
    const made = await prepared()
    await made.call('POST', 'EntityDefinitions', table('xco_SyncAudit'))
    const url = "EntityDefinitions(LogicalName='xco_syncaudit')"
    const definition = (await made.call('GET', url)).json
    const track = { prefer: 'odata.track-changes' }
    expect((await made.call('GET', 'xco_syncaudits?$select=xco_name', undefined, track)).error.code).toBe('0x80072491')
    expect((await made.call('PUT', url, { ChangeTrackingEnabled: true })).status).toBe(400)
    expect((await made.call('PUT', url, { ...definition, ChangeTrackingEnabled: true }, { 'mscrm.mergelabels': 'true' })).status).toBe(204)
    expect((await made.call('GET', 'xco_syncaudits?$select=xco_name', undefined, track)).error.code).toBe('0x80072491')
    await made.call('POST', 'PublishXml', {
      ParameterXml: '<importexportxml><entities><entity>xco_syncaudit</entity></entities></importexportxml>',
    })
    expect((await made.call('GET', 'xco_syncaudits?$select=xco_name', undefined, track)).status).toBe(200)
    expect(outcome(await made.call('PUT', url, { ...definition, ChangeTrackingEnabled: false }))).toEqual([400, '0x80072492'])
    expect((await made.call('PATCH', url, { ChangeTrackingEnabled: true })).status).toBe(405)
  })
})

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

describe('reading definitions', () => {
  test.each([
    [
      `${opportunity}?$select=LogicalName,EntitySetName,ChangeTrackingEnabled,IsOptimisticConcurrencyEnabled,ObjectTypeCode`,
      { LogicalName: 'opportunity', EntitySetName: 'opportunities', ChangeTrackingEnabled: true, ObjectTypeCode: 3 },
    ],
    [
      `${opportunity}/Attributes(LogicalName='estimatedvalue')?$select=AttributeType,RequiredLevel`,
      { AttributeType: 'Money', RequiredLevel: { Value: 'Recommended' } },
    ],
    [
      `${opportunity}/Attributes(LogicalName='statecode')/Microsoft.Dynamics.CRM.StateAttributeMetadata?$expand=OptionSet`,
      { OptionSet: { Options: [{ Value: 0 }, { Value: 1 }, { Value: 2 }] } },
    ],
  ])('%s', async (url, expected) => {
    expect((await kit().call('GET', url)).json).toMatchObject(expected)
  })

  test.each([
    [`EntityDefinitions?$filter=startswith(LogicalName,'opp')`, 501, '0x8006088a'],
    [`${opportunity}/Attributes?$filter=contains(LogicalName,'x')`, 501, '0x8006088a'],
    [`EntityDefinitions?$top=3`, 501, '0x8006088a'],
    [`${opportunity}/Attributes?$select=MaxLength`, 400, '0x80060888'],
    [`${opportunity}/Attributes?$select=LogicalName&$expand=OptionSet`, 400, '0x80060888'],
    [`EntityDefinitions(LogicalName='nope')`, 404, '0x80060888'],
  ])('%s is refused', async (url, status, code) => {
    expect(outcome(await kit().call('GET', url))).toEqual([status, code])
  })

  test('tables are found by their display name only by looking at all of them', async () => {
    const made = kit({ customFields: 'microsoft', microsoftTables: { solution: 'msft_Odd', solutionDetail: 'msft_Odder' } })
    const tables = valuesOf(
      await made.call('GET', 'EntityDefinitions?$select=LogicalName,EntitySetName,DisplayName&$filter=IsCustomEntity eq true'),
    )
    const found = tables.filter((item) => JSON.stringify(item['DisplayName']).includes('"Microsoft Solutions"'))
    expect(found).toMatchObject([{ LogicalName: 'msft_odd', EntitySetName: 'msft_odds' }])
    const relations = await made.call(
      'GET',
      "EntityDefinitions(LogicalName='msft_odd')/ManyToOneRelationships?$select=ReferencingAttribute,ReferencingEntityNavigationPropertyName&$filter=ReferencedEntity eq 'opportunity'",
    )
    expect(valuesOf(relations)).toMatchObject([
      { ReferencingAttribute: 'msft_opportunity', ReferencingEntityNavigationPropertyName: 'msft_Opportunity' },
    ])
  })

  test('reads without Consistency: Strong may miss new components for a while', async () => {
    const made = await prepared({ options: { metadataStaleMs: 30_000 } })
    await made.call('POST', `${opportunity}/Attributes`, textColumn('xco_A'))
    const url = `${opportunity}/Attributes?$select=LogicalName&$filter=LogicalName eq 'xco_a'`
    expect(valuesOf(await made.call('GET', url))).toHaveLength(0)
    expect(valuesOf(await made.call('GET', url, undefined, { consistency: 'Strong' }))).toHaveLength(1)
    made.clock.advance(30_000)
    expect(valuesOf(await made.call('GET', url))).toHaveLength(1)
  })

  test('customizations are refused while another one runs', async () => {
    const made = await prepared({ options: { customizationLock: 'held' } })
    expect((await made.call('POST', `${opportunity}/Attributes`, textColumn('xco_A'))).error.code).toBe('0x80071151')
  })
})

describe('publishing', () => {
  async function form(made: Kit): Promise<{ id: string; xml: string }> {
    const url = "systemforms?$select=formid,formxml&$filter=objecttypecode eq 'opportunity' and type eq 2 and formactivationstate eq 1"
    const [row] = valuesOf(await made.call('GET', url))
    return { id: String(row?.['formid']), xml: String(row?.['formxml']) }
  }
  const section = (controlId: string, column: string): string =>
    `<section name="xco_cosell" id="{c1f7a3e0-5d11-4a0e-9c55-0f2b7d110001}"><labels><label description="Co-sell" languagecode="1033" /></labels><rows><row>` +
    `<cell id="{c1f7a3e0-5d11-4a0e-9c55-0f2b7d110003}"><control id="${controlId}" classid="{4273EDBD-AC1D-40d3-9FB2-095C621B552D}" datafieldname="${column}" /></cell></row></rows></section></sections>`

  test('a changed form shows its old state until the table is published', async () => {
    const made = await prepared()
    const { id, xml } = await form(made)
    const changed = xml.replace('</sections>', section('customerneed', 'customerneed'))
    expect((await made.call('PATCH', `systemforms(${id})`, { formxml: changed }, { 'if-match': '*' })).status).toBe(204)
    expect((await form(made)).xml).toBe(xml)
    expect(
      (await made.call('GET', `systemforms(${id})/Microsoft.Dynamics.CRM.RetrieveUnpublished()?$select=formxml`)).json['formxml'],
    ).toBe(changed)
    await made.call('POST', 'PublishXml', { ParameterXml: '<importexportxml><entities><entity>lead</entity></entities></importexportxml>' })
    expect((await form(made)).xml).toBe(xml)
    expect(
      (
        await made.call('POST', 'PublishXml', {
          ParameterXml: '<importexportxml><entities><entity>opportunity</entity></entities></importexportxml>',
        })
      ).status,
    ).toBe(204)
    expect((await form(made)).xml).toBe(changed)
  })

  test.each([
    ['XML that is not well-formed', '<form><tabs></form>'],
    ['an element in the wrong place', '<form><tabs><section id="x"/></tabs></form>'],
    [
      'a control without a class',
      '<form><tabs><tab id="1"><columns><column width="1"><sections><section id="2"><rows><row><cell id="3"><control id="a"/></cell></row></rows></section></sections></column></columns></tab></tabs></form>',
    ],
  ])('a form with %s is refused', async (_, xml) => {
    const made = await prepared()
    const { id } = await form(made)
    expect((await made.call('PATCH', `systemforms(${id})`, { formxml: xml })).status).toBe(400)
  })

  test('a control id used twice and a column that does not exist are refused', async () => {
    const made = await prepared()
    const { id, xml } = await form(made)
    for (const broken of [section('name', 'customerneed'), section('x', 'xco_nope')]) {
      expect((await made.call('PATCH', `systemforms(${id})`, { formxml: xml.replace('</sections>', broken) })).status).toBe(400)
    }
  })

  test('web resources want a publisher prefix and base64, and publish by id', async () => {
    const made = await prepared()
    const body = {
      name: 'xco_/scripts/icon.js',
      displayname: 'Icon',
      webresourcetype: 3,
      content: Buffer.from('a').toString('base64'),
      languagecode: 1033,
    }
    expect((await made.call('POST', 'webresourceset', { ...body, name: 'foo_/x.js' })).error.code).toBe('0x80044366')
    expect((await made.call('POST', 'webresourceset', { ...body, content: '!!' })).status).toBe(400)
    const created = await made.call('POST', 'webresourceset', body, inSolution)
    const id = /\(([0-9a-f-]{36})\)$/.exec(String(created.headers['odata-entityid']))?.[1] ?? ''
    expect(made.simulator.find('solutioncomponent', { objectid: id, componenttype: 61 })).toHaveLength(1)
    await made.call('PATCH', `webresourceset(${id})`, { content: Buffer.from('b').toString('base64') })
    expect(made.simulator.read('webresource', id)?.['content']).toBe(Buffer.from('a').toString('base64'))
    await made.call('POST', 'PublishXml', {
      ParameterXml: `<importexportxml><webresources><webresource>{${id}}</webresource></webresources></importexportxml>`,
    })
    expect(made.simulator.read('webresource', id)?.['content']).toBe(Buffer.from('b').toString('base64'))
  })

  test('a view must fetch what it shows', async () => {
    const made = await prepared()
    const [view] = valuesOf(
      await made.call('GET', "savedqueries?$select=layoutxml,fetchxml&$filter=returnedtypecode eq 'opportunity' and querytype eq 0"),
    )
    const layoutxml = String(view?.['layoutxml']).replace('</row>', '<cell name="customerneed" width="60" /></row>')
    const url = `savedqueries(${String(view?.['savedqueryid'])})`
    expect((await made.call('PATCH', url, { layoutxml })).status).toBe(400)
    const fetchxml = String(view?.['fetchxml']).replace('</entity>', '<attribute name="customerneed" /></entity>')
    expect((await made.call('PATCH', url, { layoutxml, fetchxml })).status).toBe(204)
  })
})

describe('publishers and solutions', () => {
  test.each([
    ['a prefix that is too long', 'publishers', { uniquename: 'a', friendlyname: 'a', customizationprefix: 'abcdefghi' }, '0x80044331'],
    ['a prefix that begins with a digit', 'publishers', { uniquename: 'a', friendlyname: 'a', customizationprefix: '1ab' }, '0x80044366'],
    ['the prefix mscrm', 'publishers', { uniquename: 'a', friendlyname: 'a', customizationprefix: 'mscrm' }, '0x80044366'],
    [
      'an option prefix out of range',
      'publishers',
      { uniquename: 'a', friendlyname: 'a', customizationprefix: 'ab', customizationoptionvalueprefix: 5 },
      '0x8004431A',
    ],
    ['a solution name with a blank', 'solutions', { uniquename: 'a b', friendlyname: 'a', version: '1.0' }, '0x8004F002'],
    ['a solution name that is taken', 'solutions', { uniquename: 'XCOconnector', friendlyname: 'a', version: '1.0' }, '0x8004F023'],
  ])('%s is refused', async (_, set, body, code) => {
    expect(outcome(await (await prepared()).call('POST', set, body))).toEqual([400, code])
  })

  test('existing components join a solution once', async () => {
    const made = await prepared()
    const id = String((await made.call('GET', `${opportunity}?$select=MetadataId`)).json['MetadataId'])
    const body = {
      ComponentId: id,
      ComponentType: 1,
      SolutionUniqueName: 'xcoConnector',
      AddRequiredComponents: false,
      DoNotIncludeSubcomponents: true,
      IncludedComponentSettingsValues: null,
    }
    const first = await made.call('POST', 'AddSolutionComponent', body)
    const again = await made.call('POST', 'AddSolutionComponent', body)
    expect([first.status, first.json['id']]).toEqual([200, again.json['id']])
    expect(made.simulator.find('solutioncomponent', { objectid: id })).toMatchObject([{ componenttype: 1, rootcomponentbehavior: 1 }])
  })

  test('the answers name their service root', async () => {
    expect((await kit().call('GET', `${opportunity}/Keys`)).json['@odata.context']).toContain(base)
  })
})
