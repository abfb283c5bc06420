import { DynamicsWebApi } from 'dynamics-web-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { handClock } from '../../src/sandbox/clock.js'
import { dataverse, standardApplicationId, type Dataverse } from '../../src/sandbox/dataverse/index.js'
import { listen, type SimListener } from '../../src/sandbox/http.js'
import { seededRng } from '../../src/sandbox/rng.js'

/**
 * The client most Node programs use for Dataverse, `dynamics-web-api` 2.5.0 from npm, against the simulator over a socket.
 * It was written against the real service, so that what it can do here is evidence that the simulator speaks the real protocol.
 */
interface Row {
  readonly [column: string]: unknown
}

const clock = handClock(Date.parse('2026-05-04T09:15:30Z'))
let simulator: Dataverse
let listener: SimListener
let client: DynamicsWebApi

beforeAll(async () => {
  simulator = dataverse({
    clock,
    rng: seededRng(11),
    send: () => Promise.resolve({ status: 200 }),
    verifyToken: (authorization, audience) =>
      authorization === 'Bearer good' && audience === listener.url
        ? { ok: true, claims: { appid: standardApplicationId } }
        : { ok: false, reason: 'signature' },
    customFields: 'cosell',
  })
  listener = await listen(simulator.handle, { port: 0 })
  simulator.options.origin = listener.url
  client = clientWith('good')
})

afterAll(() => listener.close())

const clientWith = (token: string): DynamicsWebApi =>
  new DynamicsWebApi({ serverUrl: `${listener.url}/`, dataApi: { version: '9.2' }, onTokenRefresh: () => Promise.resolve(token) })

/** What the client throws: the service's error with the status beside it. */
async function refusal(work: Promise<unknown>): Promise<{ status: number; code: string; message: string }> {
  try {
    await work
  } catch (error) {
    return error as { status: number; code: string; message: string } // the shape the client documents
  }
  throw new Error('The client was expected to throw.')
}

describe('rows', () => {
  test('are created, read, changed and deleted', async () => {
    const id = await client.create<Row, string>({ collection: 'accounts', data: { name: 'Fabrikam GmbH', numberofemployees: 40 } })
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
    const read = await client.retrieve<Row>({ collection: 'accounts', key: id, select: ['name', 'numberofemployees'] })
    expect(read).toMatchObject({ name: 'Fabrikam GmbH', numberofemployees: 40, accountid: id })
    await client.update({ collection: 'accounts', key: id, data: { name: 'Fabrikam' } })
    expect(simulator.read('account', id)?.['name']).toBe('Fabrikam')
    await client.updateSingleProperty({ collection: 'accounts', key: id, fieldValuePair: { telephone1: '7' } })
    expect(simulator.read('account', id)?.['telephone1']).toBe('7')
    await client.deleteRecord({ collection: 'accounts', key: id, property: 'telephone1' })
    expect(simulator.read('account', id)?.['telephone1']).toBeNull()
    expect(await client.deleteRecord({ collection: 'accounts', key: id })).toBe(true)
    expect(simulator.read('account', id)).toBeUndefined()
  })

  test('come back whole when the representation is asked for', async () => {
    const made = await client.create<Row, Row>({
      collection: 'leads',
      data: { subject: 'S', lastname: 'L' },
      returnRepresentation: true,
      select: ['subject', 'fullname'],
    })
    expect(made).toMatchObject({ subject: 'S', fullname: 'L' })
  })

  test('are found by alternate key, upserted by it, and guarded by version', async () => {
    const key = "cosell_referralidentifier='r-42'"
    await client.upsert({ collection: 'opportunities', key, data: { name: 'one' } })
    const again = await client.upsert<Row, Row>({ collection: 'opportunities', key, data: { name: 'two' }, returnRepresentation: true })
    expect(again).toMatchObject({ name: 'two', cosell_referralidentifier: 'r-42' })
    const read = await client.retrieve<Row>({ collection: 'opportunities', key, select: ['name'] })
    expect(read['name']).toBe('two')
    const etag = String(read['@odata.etag'])
    await client.update({ collection: 'opportunities', key: String(read['opportunityid']), data: { name: 'three' }, ifmatch: etag })
    const stale = await client.update<Row, unknown>({
      collection: 'opportunities',
      key: String(read['opportunityid']),
      data: { name: 'four' },
      ifmatch: etag,
    })
    expect(stale).toBe(false)
    expect(simulator.read('opportunity', String(read['opportunityid']))?.['name']).toBe('three')
  })

  test('are linked and unlinked', async () => {
    const account = simulator.people.account()
    const contact = simulator.people.contact()
    await client.associateSingleValued({
      collection: 'accounts',
      primaryKey: account,
      navigationProperty: 'primarycontactid',
      relatedCollection: 'contacts',
      relatedKey: contact,
    })
    expect(simulator.read('account', account)?.['_primarycontactid_value']).toBe(contact)
    await client.disassociateSingleValued({ collection: 'accounts', primaryKey: account, navigationProperty: 'primarycontactid' })
    expect(simulator.read('account', account)?.['_primarycontactid_value']).toBeNull()
    const deal = simulator.people.opportunity()
    await client.associate({
      collection: 'accounts',
      primaryKey: account,
      relationshipName: 'opportunity_parent_account',
      relatedCollection: 'opportunities',
      relatedKey: deal,
    })
    expect(simulator.read('opportunity', deal)?.['_parentaccountid_value']).toBe(account)
  })
})

describe('queries', () => {
  test('filter, order, count and expand', async () => {
    const account = simulator.people.account({ name: 'Expanding' })
    for (const name of ['b', 'a', 'c'])
      simulator.people.opportunity({ name: `X-${name}`, 'parentaccountid@odata.bind': `/accounts(${account})` })
    const found = await client.retrieveMultiple<Row>({
      collection: 'opportunities',
      select: ['name', 'estimatedvalue'],
      filter: "startswith(name,'X-')",
      orderBy: ['name asc'],
      count: true,
      expand: [{ property: 'parentaccountid', select: ['name'] }],
      includeAnnotations: '*',
    })
    expect(found.oDataCount).toBe(3)
    expect(found.value.map((row) => row['name'])).toEqual(['X-a', 'X-b', 'X-c'])
    expect(found.value[0]).toMatchObject({ parentaccountid: { name: 'Expanding' }, estimatedvalue_Formatted: '$50,000.00' })
    expect(await client.count({ collection: 'opportunities', filter: "startswith(name,'X-')" })).toBe(3)
  })

  test('page, and retrieveAll walks all pages', async () => {
    for (let number = 0; number < 7; number++) simulator.people.contact({ lastname: `P${number}` })
    const first = await client.retrieveMultiple<Row>({
      collection: 'contacts',
      select: ['lastname'],
      maxPageSize: 3,
      filter: "startswith(lastname,'P')",
    })
    expect(first.value).toHaveLength(3)
    const second = await client.retrieveMultiple<Row>({ collection: 'contacts', maxPageSize: 3 }, String(first.oDataNextLink))
    expect(second.value).toHaveLength(3)
    const all = await client.retrieveAll<Row>({
      collection: 'contacts',
      select: ['lastname'],
      maxPageSize: 3,
      filter: "startswith(lastname,'P')",
    })
    expect(new Set(all.value.map((row) => row['lastname'])).size).toBe(7)
  })

  test('follow delta links', async () => {
    const first = await client.retrieveMultiple<Row>({ collection: 'leads', select: ['subject'], trackChanges: true })
    expect(first.oDataDeltaLink).toBeDefined()
    const kept = simulator.people.lead({ subject: 'fresh' })
    const gone = simulator.people.lead()
    simulator.people.delete('lead', gone)
    const round = await client.retrieveMultiple<Row>({ collection: 'leads' }, String(first.oDataDeltaLink))
    expect(round.value).toMatchObject([
      { leadid: kept, subject: 'fresh' },
      { id: gone, reason: 'deleted' },
    ])
  })

  test('a URL above 2000 characters goes as a batch, and still answers', async () => {
    const filter = Array.from({ length: 120 }, (_, number) => `name eq 'name number ${number}'`).join(' or ')
    simulator.people.account({ name: 'name number 77' })
    const found = await client.retrieveMultiple<Row>({ collection: 'accounts', select: ['name'], filter })
    expect(found.value.map((row) => row['name'])).toEqual(['name number 77'])
  })
})

describe('batches', () => {
  test('create related rows in one change set', async () => {
    client.startBatch()
    void client.create({ collection: 'contacts', data: { firstname: 'John', lastname: 'Batch' }, contentId: '1' })
    void client.create({ collection: 'accounts', data: { name: 'Batch Inc', 'primarycontactid@odata.bind': '$1' } })
    const [contact, account] = (await client.executeBatch()) as [string, string] // two creates answer two ids
    expect(simulator.read('account', account)).toMatchObject({ name: 'Batch Inc', _primarycontactid_value: contact })
  })

  test('leave nothing behind when one part fails', async () => {
    const before = simulator.size('account')
    client.startBatch()
    void client.create({ collection: 'accounts', data: { name: 'first' } })
    void client.create({ collection: 'accounts', data: { nonsense: true } })
    await expect(client.executeBatch()).rejects.toBeDefined()
    expect(simulator.size('account')).toBe(before)
  })
})

describe('functions and actions', () => {
  test('WhoAmI, winning an opportunity and qualifying a lead', async () => {
    const me = await client.callFunction<Row>('WhoAmI')
    expect(me['UserId']).toBe(simulator.applicationUser(standardApplicationId))
    const deal = simulator.people.opportunity()
    await client.callAction({
      actionName: 'WinOpportunity',
      action: {
        Status: 3,
        OpportunityClose: {
          '@odata.type': 'Microsoft.Dynamics.CRM.opportunityclose',
          subject: 'Won',
          'opportunityid@odata.bind': `/opportunities(${deal})`,
        },
      },
    })
    expect(simulator.read('opportunity', deal)).toMatchObject({ statecode: 1, statuscode: 3 })
    const lead = simulator.people.lead()
    const qualified = await client.callAction<{ value: Row[] }>({
      collection: 'leads',
      key: lead,
      actionName: 'Microsoft.Dynamics.CRM.QualifyLead',
      action: { CreateAccount: true, CreateContact: false, CreateOpportunity: true, Status: 3 },
    })
    expect(qualified.value.map((row) => Object.keys(row).at(-1))).toEqual(['accountid', 'opportunityid'])
  })
})

const label = (text: string): Row => ({ LocalizedLabels: [{ Label: text, LanguageCode: 1033 }] })

describe('metadata', () => {
  test('a table, a column, a relationship and an option set are made and used', async () => {
    const tableId = await client.createEntity<string>({
      data: {
        '@odata.type': 'Microsoft.Dynamics.CRM.EntityMetadata',
        SchemaName: 'cosell_Trial',
        DisplayName: label('Trial'),
        DisplayCollectionName: label('Trials'),
        OwnershipType: 'UserOwned',
        HasActivities: false,
        HasNotes: false,
        Attributes: [
          {
            '@odata.type': 'Microsoft.Dynamics.CRM.StringAttributeMetadata',
            SchemaName: 'cosell_Name',
            IsPrimaryName: true,
            MaxLength: 100,
            FormatName: { Value: 'Text' },
            DisplayName: label('Name'),
          },
        ],
      },
    })
    const columnId = await client.createAttribute<string>({
      entityKey: tableId,
      data: {
        '@odata.type': 'Microsoft.Dynamics.CRM.IntegerAttributeMetadata',
        SchemaName: 'cosell_Count',
        DisplayName: label('Count'),
        MinValue: 0,
        MaxValue: 9,
      },
    })
    const column = await client.retrieveAttribute<Row>({
      entityKey: tableId,
      attributeKey: columnId,
      castType: 'Microsoft.Dynamics.CRM.IntegerAttributeMetadata',
    })
    expect(column).toMatchObject({ LogicalName: 'cosell_count', MaxValue: 9 })
    await client.createRelationship({
      data: {
        '@odata.type': 'Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata',
        SchemaName: 'cosell_account_trial',
        ReferencedEntity: 'account',
        ReferencingEntity: 'cosell_trial',
        Lookup: {
          '@odata.type': 'Microsoft.Dynamics.CRM.LookupAttributeMetadata',
          SchemaName: 'cosell_AccountId',
          DisplayName: label('Account'),
        },
      },
    })
    const account = simulator.people.account()
    const row = await client.create<Row, string>({
      collection: 'cosell_trials',
      data: { cosell_name: 'x', cosell_count: 3, 'cosell_AccountId@odata.bind': `/accounts(${account})` },
    })
    expect(simulator.read('cosell_trial', row)).toMatchObject({ cosell_count: 3, _cosell_accountid_value: account })
    const setId = await client.createGlobalOptionSet<string>({
      data: {
        '@odata.type': 'Microsoft.Dynamics.CRM.OptionSetMetadata',
        Name: 'cosell_colour',
        OptionSetType: 'Picklist',
        DisplayName: label('Colour'),
        Options: [{ Value: 412500000, Label: label('Red') }],
      },
    })
    expect(await client.retrieveGlobalOptionSet<Row>({ key: setId })).toMatchObject({ Name: 'cosell_colour' })
  })

  test('change tracking is switched on by reading, changing and writing back a table', async () => {
    const definition = await client.retrieveEntity<Row>({ key: "LogicalName='product'" })
    expect(definition['ChangeTrackingEnabled']).toBe(false)
    await client.updateEntity({ data: { ...definition, ChangeTrackingEnabled: true }, mergeLabels: true })
    await client.callAction({
      actionName: 'PublishXml',
      action: { ParameterXml: '<importexportxml><entities><entity>product</entity></entities></importexportxml>' },
    })
    const tracked = await client.retrieveMultiple<Row>({ collection: 'products', select: ['name'], trackChanges: true })
    expect(tracked.oDataDeltaLink).toBeDefined()
  })
})

describe('errors', () => {
  test('carry status, code and message', async () => {
    expect(await refusal(client.retrieve({ collection: 'accounts', key: '8c2d41aa-0e57-4f53-9a1e-61b7a0c0d001' }))).toMatchObject({
      status: 404,
      code: '0x80040217',
    })
    expect(await refusal(client.create({ collection: 'accounts', data: { nonsense: 1 } }))).toMatchObject({
      status: 400,
      code: '0x80048d19',
    })
    expect(await refusal(client.retrieveMultiple({ collection: 'accounts', filter: 'nonsense eq 1' }))).toMatchObject({
      status: 400,
      code: '0x80060888',
      message: "Could not find a property named 'nonsense' on type 'Microsoft.Dynamics.CRM.account'.",
    })
    expect(await refusal(clientWith('bad').callFunction('WhoAmI'))).toMatchObject({ status: 401 })
    simulator.faults.set([{ kind: 'throttle', rate: 1, times: 1, amount: 9 }])
    expect(await refusal(client.callFunction('WhoAmI'))).toMatchObject({ status: 429, code: '0x80072322' })
  })
})
