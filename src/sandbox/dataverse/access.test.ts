import { describe, expect, test } from 'vitest'
import { standardApplicationId, userId } from './index.js'
import { kit, origin, valuesOf } from './test-kit.js'

const tracked = { prefer: 'odata.track-changes' }

describe('who may call', () => {
  test('without a token the answer tells where to get one', async () => {
    const made = kit()
    const answer = await made.call('GET', '', undefined, { authorization: '' })
    expect([answer.status, answer.text]).toEqual([401, ''])
    expect(answer.headers['www-authenticate']).toBe(
      `Bearer authorization_uri=https://login.microsoftonline.com/${made.simulator.options.tenantId}/oauth2/authorize, resource_id=${origin}/`,
    )
  })

  test('a token for another environment is none', async () => {
    const made = kit()
    made.simulator.options.origin = 'https://other.crm.dynamics.example'
    expect((await made.call('GET', 'WhoAmI')).status).toBe(401)
  })

  test('an application without a user is no member of the organization', async () => {
    const answer = await kit().call('GET', 'WhoAmI', undefined, { authorization: 'Bearer 00000000-0000-0000-0000-00000000beef' })
    expect([answer.status, answer.error]).toEqual([403, { code: '0x80072560', message: 'The user is not a member of the organization.' }])
  })

  test('WhoAmI and RetrieveVersion, with and without parentheses', async () => {
    const made = kit()
    for (const name of ['WhoAmI', 'WhoAmI()']) {
      expect((await made.call('GET', name)).json).toMatchObject({ UserId: made.simulator.applicationUser(standardApplicationId) })
    }
    expect((await made.call('GET', 'RetrieveVersion()')).json['Version']).toMatch(/^9\.2\./)
    expect(
      (await made.call('GET', 'organizations?$select=name,languagecode,expirechangetrackingindays,_basecurrencyid_value')).json['value'],
    ).toMatchObject([{ languagecode: 1033, expirechangetrackingindays: 7 }])
  })

  test('an application user is created by the API, once per application', async () => {
    const made = kit()
    const applicationid = '11111111-2222-4333-8444-555555555555'
    const [unit] = valuesOf(await made.call('GET', 'businessunits?$select=businessunitid&$filter=parentbusinessunitid eq null'))
    const body = { applicationid, 'businessunitid@odata.bind': `/businessunits(${String(unit?.['businessunitid'])})` }
    const created = await made.call('POST', 'systemusers', body, { prefer: 'return=representation' })
    expect(created.json).toMatchObject({ accessmode: 4, azureactivedirectoryobjectid: expect.any(String) as string })
    expect((await made.call('POST', 'systemusers', body)).status).toBe(400)
    const authorization = `Bearer ${applicationid}`
    const denied = await made.call('GET', 'accounts', undefined, { authorization })
    expect([denied.status, denied.error.code, denied.error.message]).toEqual([
      403,
      '0x80040220',
      expect.stringContaining('missing prvReadAccount privilege'),
    ])
    const role = made.simulator.find('role', { name: 'System Administrator' })[0]?.['roleid']
    const url = `systemusers(${String(created.json['systemuserid'])})/systemuserroles_association/$ref`
    expect((await made.call('POST', url, { '@odata.id': `${origin}/api/data/v9.2/roles(${String(role)})` })).status).toBe(204)
    expect((await made.call('GET', 'accounts', undefined, { authorization })).status).toBe(200)
    expect((await made.call('DELETE', `${url}?$id=${origin}/api/data/v9.2/roles(${String(role)})`)).status).toBe(204)
    expect((await made.call('GET', 'accounts', undefined, { authorization })).status).toBe(403)
    await made.call('PATCH', `systemusers(${String(created.json['systemuserid'])})`, { isdisabled: true })
    expect((await made.call('GET', 'accounts', undefined, { authorization })).error.code).toBe('0x8004A112')
  })
})

describe('what may be done', () => {
  test.each([
    ['prvReadOpportunity', 'GET', 'opportunities', undefined],
    ['prvCreateOpportunity', 'POST', 'opportunities', { name: 'x' }],
    ['prvWriteOpportunity', 'PATCH', 'opportunities(ID)', { name: 'x' }],
    ['prvDeleteOpportunity', 'DELETE', 'opportunities(ID)', undefined],
    ['prvAssignOpportunity', 'PATCH', 'opportunities(ID)', { 'ownerid@odata.bind': `/systemusers(${userId('ana@fabrikam.example')})` }],
    ['prvAppendToAccount', 'PATCH', 'opportunities(ID)', { 'parentaccountid@odata.bind': '/accounts(ACCOUNT)' }],
    [
      'prvCreateAttribute',
      'POST',
      "EntityDefinitions(LogicalName='opportunity')/Attributes",
      {
        '@odata.type': 'Microsoft.Dynamics.CRM.MemoAttributeMetadata',
        SchemaName: 'new_X',
        DisplayName: { LocalizedLabels: [{ Label: 'x', LanguageCode: 1033 }] },
      },
    ],
    ['prvPublishCustomization', 'POST', 'PublishAllXml', {}],
  ])('without %s a %s of %s is refused, naming it', async (privilege, method, path, body) => {
    const made = kit()
    const account = made.simulator.people.account()
    const id = made.simulator.people.opportunity()
    const url = path.replace('ID', id)
    const filled: unknown = body === undefined ? undefined : JSON.parse(JSON.stringify(body).replace('ACCOUNT', account))
    made.simulator.options.deniedPrivileges = [privilege]
    const refused = await made.call(method, url, filled)
    expect([refused.status, refused.error.code]).toEqual([403, '0x80040220'])
    expect(refused.error.message).toContain(`is missing ${privilege} privilege`)
    made.simulator.options.deniedPrivileges = []
    expect((await made.call(method, url, filled)).status).toBeLessThan(300)
  })

  test('acting for another user needs the right to, and shows both in the row', async () => {
    const made = kit()
    const kim = userId('kim@fabrikam.example')
    const objectId = String(made.simulator.read('systemuser', kim)?.['azureactivedirectoryobjectid'])
    const role = made.simulator.find('role', { name: 'System Administrator' })[0]?.['roleid']
    await made.call('POST', `systemusers(${kim})/systemuserroles_association/$ref`, { '@odata.id': `/roles(${String(role)})` })
    const own = made.simulator.applicationUser(standardApplicationId)
    for (const headers of [{ callerobjectid: objectId }, { mscrmcallerid: kim }]) {
      const created = await made.call('POST', 'accounts', { name: 'x' }, { ...headers, prefer: 'return=representation' })
      expect(created.json).toMatchObject({ _createdby_value: kim, _createdonbehalfby_value: own, _ownerid_value: kim })
    }
    expect((await made.call('GET', 'WhoAmI', undefined, { callerobjectid: objectId, mscrmcallerid: kim })).status).toBe(400)
    made.simulator.options.deniedPrivileges = ['prvActOnBehalfOfAnotherUser']
    expect((await made.call('GET', 'WhoAmI', undefined, { callerobjectid: objectId })).error.code).toBe('0x8004A110')
  })

  test('change tracking needs read access to everything, reading does not', async () => {
    const made = kit()
    const applicationid = '11111111-2222-4333-8444-555555555555'
    const unit = made.simulator.find('businessunit')[0]?.['businessunitid']
    const role = made.simulator.find('role', { name: 'Basic User' })[0]?.['roleid']
    const privilege = made.simulator.find('privilege', { name: 'prvReadOpportunity' })[0]?.['privilegeid']
    const user = { applicationid, 'businessunitid@odata.bind': `/businessunits(${String(unit)})` }
    const created = await made.call('POST', 'systemusers', user, { prefer: 'return=representation' })
    const url = `systemusers(${String(created.json['systemuserid'])})/systemuserroles_association/$ref`
    await made.call('POST', url, { '@odata.id': `/roles(${String(role)})` })
    const authorization = `Bearer ${applicationid}`
    const read = async (headers: Record<string, string>): Promise<number> =>
      (await made.call('GET', 'opportunities?$select=name', undefined, { ...headers, authorization })).status
    const grant = (Depth: string): Promise<unknown> =>
      made.call('POST', `roles(${String(role)})/Microsoft.Dynamics.CRM.AddPrivilegesRole`, {
        Privileges: [{ PrivilegeId: privilege, Depth }],
      })
    expect([await read({}), await read(tracked)]).toEqual([403, 403])
    await grant('Basic')
    expect([await read({}), await read(tracked)]).toEqual([200, 403])
    await grant('3')
    expect([await read({}), await read(tracked)]).toEqual([200, 200])
  })

  test('the bypass headers need their privileges', async () => {
    const made = kit({ options: { deniedPrivileges: ['prvBypassCustomBusinessLogic'] } })
    const id = made.simulator.people.account()
    const headers = { 'mscrm.bypassbusinesslogicexecutionstepids': id }
    expect((await made.call('PATCH', `accounts(${id})`, { name: 'x' }, headers)).error.code).toBe('0x80040220')
    made.simulator.options.deniedPrivileges = []
    const four = { 'mscrm.bypassbusinesslogicexecutionstepids': [id, id, id, id].join(',') }
    expect((await made.call('PATCH', `accounts(${id})`, { name: 'x' }, four)).status).toBe(400)
  })
})

describe('limits, faults and headers', () => {
  test('too many requests of one user in the window are refused, until the oldest leave it', async () => {
    const made = kit({ options: { requestLimit: { requests: 3, windowMs: 300_000 } } })
    const first = await made.call('GET', 'WhoAmI')
    expect(first.headers['x-ms-ratelimit-burst-remaining-xrm-requests']).toBe('2')
    made.clock.advance(100_000)
    await made.call('GET', 'WhoAmI')
    await made.call('GET', 'WhoAmI')
    const refused = await made.call('GET', 'WhoAmI')
    expect([refused.status, refused.error.code, refused.headers['retry-after']]).toEqual([429, '0x80072322', '200'])
    made.clock.advance(200_000)
    expect((await made.call('GET', 'WhoAmI')).status).toBe(200)
  })

  test.each([
    ['throttle', 'requests', 429, '0x80072322'],
    ['throttle', 'execution-time', 429, '0x80072321'],
    ['throttle', 'concurrency', 429, '0x80072326'],
    ['unavailable', 'requests', 503, '0x80072327'],
    ['server-error', 'requests', 500, '0x80040216'],
  ] as const)('an injected %s (%s) answers %i %s', async (kind, throttleKind, status, code) => {
    const made = kit({ options: { throttleKind } })
    made.simulator.faults.set([{ kind, rate: 1, times: 1, amount: 17 }])
    const refused = await made.call('GET', 'WhoAmI')
    expect([refused.status, refused.error.code]).toEqual([status, code])
    if (status !== 500) expect(refused.headers['retry-after']).toBe('17')
    expect((await made.call('GET', 'WhoAmI')).status).toBe(200)
  })

  test('a gateway error is HTML, a dropped request was not done, a dropped answer was', async () => {
    const made = kit()
    made.simulator.faults.set([{ kind: 'bad-gateway-html', rate: 1, times: 1 }])
    expect((await made.call('GET', 'WhoAmI')).text).toContain('<html>')
    made.simulator.faults.set([{ kind: 'drop-before', rate: 1, times: 1 }])
    expect((await made.call('POST', 'accounts', { name: 'a' })).drop).toBe(true)
    expect(made.simulator.size('account')).toBe(0)
    made.simulator.faults.set([{ kind: 'drop-after', rate: 1, times: 1 }])
    expect((await made.call('POST', 'accounts', { name: 'a' })).drop).toBe(true)
    expect(made.simulator.size('account')).toBe(1)
  })

  test('every answer carries the service headers; the client request id comes back; calls are counted', async () => {
    const made = kit()
    const answer = await made.call('GET', 'accounts?$top=1', undefined, { 'x-ms-client-request-id': 'abc', cookie: 'ARRAffinity=x' })
    expect(answer.headers).toMatchObject({ 'odata-version': '4.0', 'x-ms-client-request-id': 'abc', 'x-ms-dop-hint': '4' })
    expect(answer.headers['x-ms-service-request-id']).toBeDefined()
    await made.call('GET', 'nope')
    expect(made.simulator.calls.list().map(({ status }) => status)).toEqual([200, 404])
    expect([made.simulator.calls.total(), made.simulator.calls.count('GET', /accounts/)]).toEqual([2, 1])
    made.simulator.calls.reset()
    expect(made.simulator.calls.total()).toBe(0)
  })

  test.each([
    ['another OData version', { 'odata-version': '3.0' }, 400],
    ['a body that is no JSON', { 'content-type': 'text/plain' }, 415],
  ])('%s is refused', async (_, headers, status) => {
    expect((await kit().call('POST', 'accounts', { name: 'x' }, headers)).status).toBe(status)
  })

  test('broken JSON and URLs that are too long are refused', async () => {
    const made = kit()
    expect((await made.call('POST', 'accounts', '{"name":', { 'content-type': 'application/json' })).error.code).toBe('0x80048d19')
    expect((await made.call('GET', `accounts?$select=${'x'.repeat(32_768)}`)).status).toBe(400)
    expect((await made.call('DELETE', 'accounts')).status).toBe(405)
    expect((await made.call('PATCH', 'accounts', {})).status).toBe(405)
  })
})
