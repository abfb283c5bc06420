import jsforce from 'jsforce'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { handClock, type HandClock } from '../clock.js'
import { listen, type SimListener } from '../http.js'
import { seededRng } from '../rng.js'
import { salesforce, standardClient, type Salesforce } from './index.js'

/** The widely used client, unmodified, against the simulated org: what it can do there it can do against a real one. */
let clock: HandClock
let org: Salesforce
let listener: SimListener
const version = '66.0'
beforeEach(async () => {
  clock = handClock(Date.parse('2026-03-04T09:15:27.400Z'))
  org = salesforce({ clock, rng: seededRng(3), installed: 'cosell' })
  listener = await listen(org.handle, { port: 0 })
  org.origin = listener.url
})
afterEach(() => listener.close())

async function connection(): Promise<InstanceType<typeof jsforce.Connection>> {
  const conn = new jsforce.Connection({
    version,
    instanceUrl: listener.url,
    maxRequest: 5,
    oauth2: { loginUrl: listener.url, clientId: standardClient.clientId, clientSecret: standardClient.secret },
  })
  await conn.authorize({ grant_type: 'client_credentials' })
  return conn
}
const deal = { Name: 'Contoso data estate', StageName: 'Prospecting', CloseDate: '2026-06-30', Amount: 125_000 }

describe('jsforce', () => {
  it('signs in, creates, reads, changes and deletes', async () => {
    const conn = await connection()
    const made = await conn.sobject('Opportunity').create(deal)
    expect(made).toMatchObject({ success: true, errors: [] })
    const id = String(made.id)
    expect(id).toHaveLength(18)
    expect(await conn.sobject('Opportunity').retrieve(id)).toMatchObject({
      ...deal,
      IsClosed: false,
      ForecastCategory: 'Pipeline',
      SystemModstamp: '2026-03-04T09:15:27.000+0000',
    })
    expect(await conn.sobject('Opportunity').update({ Id: id, StageName: 'Closed Won' })).toMatchObject({ success: true })
    expect(await conn.sobject('Opportunity').retrieve(id)).toMatchObject({ IsClosed: true, IsWon: true, Probability: 100 })
    expect(await conn.sobject('Opportunity').destroy(id)).toMatchObject({ success: true })
    await expect(conn.sobject('Opportunity').retrieve(id)).rejects.toMatchObject({ errorCode: 'ENTITY_IS_DELETED' })
  })

  it('takes lists of records, and is told of each what became of it', async () => {
    const conn = await connection()
    const results = await conn.sobject('Opportunity').create([deal, { Name: 'No stage' }])
    expect(results).toMatchObject([{ success: true }, { success: false, errors: [{ statusCode: 'REQUIRED_FIELD_MISSING' }] }])
  })

  it('upserts by the external id: once made, then changed', async () => {
    const conn = await connection()
    const upsert = (Amount: number) =>
      conn.sobject('Opportunity').upsert({ ...deal, Amount, Cosell_Referral_Identifier__c: 'ref-1' }, 'Cosell_Referral_Identifier__c')
    expect(await upsert(1)).toMatchObject({ success: true, created: true })
    expect(await upsert(2)).toMatchObject({ success: true, created: false })
    expect(org.find('Opportunity')).toHaveLength(1)
    await expect(
      conn.sobject('Opportunity').create({ ...deal, Cosell_Referral_Identifier__c: 'REF-1' } as typeof deal),
    ).rejects.toMatchObject({ errorCode: 'DUPLICATE_VALUE' })
  })

  it('queries page by page, with parents, children and everything the recycle bin holds', async () => {
    const conn = await connection()
    const account = org.people.create('Account', { Name: 'Contoso' })
    for (let index = 0; index < 450; index += 1) org.people.create('Opportunity', { ...deal, Name: `Deal ${index}`, AccountId: account })
    const rows = await conn.query('SELECT Id, Name, Account.Name FROM Opportunity ORDER BY Name', {
      autoFetch: true,
      maxFetch: 1_000,
      headers: { 'Sforce-Query-Options': 'batchSize=200' },
    })
    expect(rows.records).toHaveLength(450)
    expect(rows.records[0]).toMatchObject({ Name: 'Deal 0', Account: { Name: 'Contoso' } })
    org.people.remove('Opportunity', String(rows.records[0]?.['Id']))
    expect((await conn.query('SELECT COUNT() FROM Opportunity')).totalSize).toBe(449)
    expect((await conn.query('SELECT Id FROM Opportunity WHERE IsDeleted = true', { scanAll: true })).totalSize).toBe(1)
    await expect(conn.query('SELECT Nope__c FROM Opportunity')).rejects.toMatchObject({ errorCode: 'INVALID_FIELD' })
  })

  it('describes objects, reads limits and knows who it is', async () => {
    const conn = await connection()
    const described = await conn.describe('Opportunity')
    expect(described.fields.find(({ name }) => name === 'Cosell_Referral_Identifier__c')).toMatchObject({
      externalId: true,
      unique: true,
      length: 50,
    })
    expect((await conn.describeGlobal()).sobjects.map(({ name }) => name)).toContain('Cosell_Solution__c')
    expect(await conn.limits()).toMatchObject({ DailyApiRequests: { Max: 100_000 } })
    expect(conn.limitInfo.apiUsage).toMatchObject({ limit: 100_000 })
    expect(await conn.soap.getUserInfo()).toMatchObject({ organizationMultiCurrency: true, userId: org.integrationUser })
  })

  it('renews a session that ended, once for several calls', async () => {
    const conn = await connection()
    const before = org.sessions.count()
    org.sessions.expire()
    const conns = new jsforce.Connection({
      version,
      instanceUrl: listener.url,
      accessToken: String(conn.accessToken),
      refreshFn: (_conn, done) =>
        void connection().then(
          (fresh) => {
            done(null, String(fresh.accessToken))
          },
          (error: unknown) => {
            done(error as Error) // whatever it was, the client only hands it on
          },
        ),
    }) // what jsforce hands on
    const answers = await Promise.all([conns.limits(), conns.limits(), conns.limits()] as Promise<unknown>[])
    expect(answers).toHaveLength(3)
    expect(org.sessions.count()).toBe(before + 1)
  })

  it('sends composites: a conditional change is refused when the record moved, and everything with it', async () => {
    const conn = await connection()
    const id = org.people.create('Opportunity', deal)
    clock.advance(5_000)
    org.people.edit('Opportunity', id, { NextStep: 'Somebody was here' })
    const url = `/services/data/v${version}/sobjects/Opportunity/${id}`
    const headers = { 'If-Unmodified-Since': new Date(Date.parse('2026-03-04T09:15:27Z')).toUTCString() }
    const answer = await conn.requestPost<{ compositeResponse: { httpStatusCode: number }[] }>(`/services/data/v${version}/composite`, {
      allOrNone: true,
      compositeRequest: [
        { method: 'POST', url: `/services/data/v${version}/sobjects/Account`, referenceId: 'account', body: { Name: 'Rolled back' } },
        { method: 'PATCH', url, referenceId: 'deal', httpHeaders: headers, body: { AccountId: '@{account.id}' } },
      ],
    })
    expect(answer.compositeResponse.map(({ httpStatusCode }) => httpStatusCode)).toEqual([400, 412])
    expect(org.find('Account')).toEqual([])
  })

  it('lists what changed and what went, and asks long lists as jobs', async () => {
    const conn = await connection()
    const [kept, gone] = [org.people.create('Opportunity', deal), org.people.create('Opportunity', deal)]
    org.people.remove('Opportunity', gone)
    org.people.purge('Opportunity', gone)
    const span = ['2026-03-04T09:00:00Z', '2026-03-04T09:20:00Z'] as const
    expect((await conn.sobject('Opportunity').updated(...span)).ids).toEqual([kept])
    expect((await conn.sobject('Opportunity').deleted(...span)).deletedRecords).toMatchObject([{ id: gone }])
    const jobs = `/services/data/v${version}/jobs/query`
    const { id } = await conn.requestPost<{ id: string }>(jobs, { operation: 'query', query: 'SELECT Id, Name FROM Opportunity' })
    const states: string[] = []
    while (states.at(-1) !== 'JobComplete' && states.length < 9) states.push((await conn.requestGet<{ state: string }>(`${jobs}/${id}`)).state)
    expect(states).toEqual(['InProgress', 'InProgress', 'JobComplete'])
    const rows = await conn.request<unknown>({ method: 'GET', url: `${jobs}/${id}/results?maxRecords=50`, headers: { accept: 'text/csv' } })
    expect(JSON.stringify(rows)).toContain(kept)
  })

  it('sends graphs, each a whole, and reads page layouts by the metadata API', async () => {
    const conn = await connection()
    const url = `/services/data/v${version}/sobjects/Account`
    const graph = (graphId: string, body: object) => ({ graphId, compositeRequest: [{ method: 'POST', url, referenceId: 'account', body }] })
    const graphs = [graph('good', { Name: 'Contoso' }), graph('bad', { Nope: 1 })]
    const answer = await conn.requestPost<{ graphs: { isSuccessful: boolean }[] }>(`/services/data/v${version}/composite/graph`, { graphs })
    expect(answer.graphs.map(({ isSuccessful }) => isSuccessful)).toEqual([true, false])
    expect(org.find('Account')).toHaveLength(1)
    const names = (await conn.metadata.list([{ type: 'Layout' }], version)).map(({ fullName }) => fullName)
    expect(names).toContain('Opportunity-Opportunity Layout')
    expect(await conn.metadata.read('Layout', 'Opportunity-Renewals')).toMatchObject({
      fullName: 'Opportunity-Renewals',
      layoutSections: [{ label: 'Renewal' }],
    })
  })

  it('converts a lead by SOAP', async () => {
    const conn = await connection()
    const leadId = org.people.create('Lead', { LastName: 'Roth', Company: 'Contoso', Email: 'eva@contoso.example' })
    const [result] = await conn.soap.convertLead([{ leadId, convertedStatus: 'Closed - Converted', opportunityName: 'Converted' }])
    expect(result).toMatchObject({ success: true, leadId })
    expect(org.read('Lead', leadId)).toMatchObject({ IsConverted: true, ConvertedOpportunityId: result?.opportunityId })
    await expect(conn.sobject('Lead').update({ Id: leadId, Company: 'Too late' })).rejects.toMatchObject({
      errorCode: 'CANNOT_UPDATE_CONVERTED_LEAD',
    })
  })

  it('makes, reads and deletes custom fields by metadata, one by one, and makes one by tooling', async () => {
    const conn = await connection()
    const field = (name: string) => ({ fullName: `Opportunity.${name}`, label: name.slice(0, 20), length: 50, type: 'Text' })
    const upserted = await conn.metadata.upsert('CustomField', [field('Ours__c'), { ...field('Bad name__c') }])
    expect(upserted).toMatchObject([{ success: true, created: true, fullName: 'Opportunity.Ours__c' }, { success: false }])
    expect(await conn.metadata.upsert('CustomField', field('Ours__c'))).toMatchObject({ success: true, created: false })
    expect(await conn.metadata.create('CustomField', field('Ours__c'))).toMatchObject({
      success: false,
      errors: [{ statusCode: 'DUPLICATE_DEVELOPER_NAME' }],
    })
    expect(await conn.metadata.read('CustomField', 'Opportunity.Ours__c')).toMatchObject({ fullName: 'Opportunity.Ours__c', label: 'Ours__c' })
    // A field that metadata made is seen by nobody until a permission set shows it.
    await expect(conn.query('SELECT Ours__c FROM Opportunity')).rejects.toMatchObject({ errorCode: 'INVALID_FIELD' })
    expect(await conn.metadata.delete('CustomField', 'Opportunity.Ours__c')).toMatchObject({ success: true })
    expect(org.hasField('Opportunity', 'Ours__c')).toBe(false)
    const Metadata = { label: 'Tooled', length: 50, type: 'Text' }
    const tooled = await conn.tooling.sobject('CustomField').create({ FullName: 'Opportunity.Tooled__c', Metadata } as never) // its types know records only
    expect(tooled).toMatchObject({ success: true })
    expect(org.hasField('Opportunity', 'Tooled__c')).toBe(true)
  })

  it('loads rows as a job, and is told of each what became of it', async () => {
    const conn = await connection()
    const job = conn.bulk2.createJob({ object: 'Opportunity', operation: 'upsert', externalIdFieldName: 'Cosell_Referral_Identifier__c' })
    await job.open()
    await job.uploadData([
      { ...deal, Cosell_Referral_Identifier__c: 'r-1' },
      { Name: 'No stage', Cosell_Referral_Identifier__c: 'r-2' },
    ] as never) // rows of text
    await job.close()
    await job.poll(1, 20_000)
    expect(await job.getSuccessfulResults()).toMatchObject([{ sf__Created: 'true', Name: deal.Name }])
    expect(await job.getFailedResults()).toMatchObject([{ sf__Error: expect.stringMatching(/^REQUIRED_FIELD_MISSING:/) as string }])
    expect(org.find('Opportunity', { Cosell_Referral_Identifier__c: 'r-1' })).toMatchObject([{ Amount: 125_000 }])
    await job.delete()
  })

  it('signs out, and finds no stream', async () => {
    const conn = await connection()
    expect((await fetch(`${listener.url}/cometd/${version}`)).status).toBe(400)
    const authorization = `Bearer ${String(conn.accessToken)}`
    const ask = async () => (await fetch(`${listener.url}/services/data/v${version}/limits`, { headers: { authorization } })).status
    expect(await ask()).toBe(200)
    await conn.logout()
    expect(await ask()).toBe(401)
  })
})
