import { describe, expect, test } from 'vitest'
import { opportunity, inSolution, prepared, outcome, table, lookup } from './test-kit-metadata.js'
import { kit, label, textColumn, valuesOf, type JsonObject } from './test-kit.js'

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

  test('an amount is rounded as its column says: by itself, by the organization, or by the currency of the row', async () => {
    const made = await prepared()
    const [organization] = made.simulator.find('organization', {})
    await made.call('PATCH', `organizations(${String(organization?.['organizationid'])})`, { pricingdecimalprecision: 3 })
    for (const [PrecisionSource, kept] of [[0, 12.3], [1, 12.346], [2, 12.35]] as const) {
      const body = { '@odata.type': 'Microsoft.Dynamics.CRM.MoneyAttributeMetadata', SchemaName: `xco_By${PrecisionSource}`, DisplayName: label('Amount'), Precision: 1, PrecisionSource }
      await made.call('POST', `${opportunity}/Attributes`, body)
      const id = made.simulator.people.opportunity({ [`xco_by${PrecisionSource}`]: 12.3456 })
      expect([PrecisionSource, made.simulator.read('opportunity', id)?.[`xco_by${PrecisionSource}`]]).toEqual([PrecisionSource, kept])
    }
    const cast = `${opportunity}/Attributes/Microsoft.Dynamics.CRM.MoneyAttributeMetadata?$select=LogicalName,Precision,PrecisionSource`
    expect((await made.call('GET', cast)).json['value']).toContainEqual(expect.objectContaining({ LogicalName: 'xco_by1', Precision: 1, PrecisionSource: 1 }))
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
