import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { assemble, createDemo, type App, type Demo } from '../../src/assemble.js'
import { realClock } from '../../src/clock.js'
import { loadConfig, processWorld, type LoadedConfig } from '../../src/config/index.js'
import type { CliWorld } from '../../src/cli/app.js'
import { runProgram } from '../../src/cli/program.js'
import { silentLog } from '../../src/log.js'
import { signingLeaf, webhookSigner } from '../../src/sandbox/signing.js'

/** The assembled service against the strict simulators, over real sockets, signed and authenticated. */
describe('Partner Center and Dynamics 365 in step', () => {
  let demo: Demo
  let app: App
  let address: string
  const signal = new AbortController().signal
  const sync = () => app.service.sync({ deals: [], release: true, signal, by: 'test' })
  const load = () => loadConfig({ path: demo.configFile, ...processWorld(), env: {}, cwd: mkdtempSync(join(tmpdir(), 'cosell-e2e-')) })

  beforeAll(async () => {
    demo = await createDemo({ port: 0, crm: 'dynamics', say: () => undefined })
    app = await assemble(load().config, { clock: realClock, demo: null, log: silentLog, version: 'test', adopt: false, plant: () => undefined })
    // Only the server: the passes of these tests happen when a test asks for them.
    address = (await app.start('server')).address ?? ''
    for (const user of demo.sandbox.dynamics.find('systemuser', { applicationid: null })) {
      demo.sandbox.dynamics.people.edit('systemuser', String(user['systemuserid']), { mobilephone: '+49 30 1' })
    }
    await sync()
  })
  afterAll(async () => {
    await app.stop()
    await demo.close()
  })

  it('lets in who comes from elsewhere with the token of the demo, as the owner of a container does', async () => {
    const [token = ''] = load().config.server.adminTokens
    expect(token).toMatch(/^[\w-]{24}$/)
    const headers = { 'content-type': 'application/json', 'x-cosell-request': '1', 'x-forwarded-for': '203.0.113.9' }
    const signIn = (given: string) => fetch(`${address}/api/v1/session`, { method: 'POST', headers, body: JSON.stringify({ token: given }) })
    expect([(await signIn(`${token}x`)).status, (await signIn(token)).status]).toEqual([401, 204])
  })

  const seller = () => demo.sandbox.dynamics.people
  const opportunityOf = (referralId: string) => demo.sandbox.dynamics.find('opportunity', { cosell_referralidentifier: referralId })
  const euro = { details: { currency: 'EUR' } }
  const completeOpportunity = (name: string, more: Record<string, unknown> = {}): string => {
    const account = seller().account({
      name: `${name} GmbH`,
      address1_line1: 'Lindenallee 7',
      address1_city: 'Hamburg',
      address1_postalcode: '20095',
      address1_country: 'Germany',
    })
    const contact = seller().contact({ telephone1: '+49 40 1' })
    const id = seller().opportunity({
      name,
      description: 'Wants reports.',
      'parentaccountid@odata.bind': `/accounts(${account})`,
      'parentcontactid@odata.bind': `/contacts(${contact})`,
      ...more,
    })
    seller().addSolution(id, { solutionId: 'SOL-12345-ABC', name: 'Example Insights' })
    return id
  }
  const share = (id: string) => seller().edit('opportunity', id, { cosell_syncwithpartnercenter: true })
  const ownReferrals = (crmId: string) =>
    [...demo.sandbox.partnerCenter.referrals()].filter((referral) => referral.externalReferenceId === crmId)

  it('makes an opportunity of a referral, with switch, identifier, link, solutions and audit, and names it at Partner Center', async () => {
    const { own } = demo.sandbox.partnerCenter.portal.create('private', { name: 'Inbound deal', ...euro })
    await sync()
    const [row] = opportunityOf(own.id)
    expect(row).toMatchObject({ name: 'Inbound deal', cosell_syncwithpartnercenter: true, statecode: 0, statuscode: 1 })
    expect(row?.['cosell_audit']).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d - Partner Center Referral to CRM sync success\./)
    expect(demo.sandbox.partnerCenter.referral(own.id)?.externalReferenceId).toBe(row?.['opportunityid'])
    expect(demo.sandbox.dynamics.find('cosell_microsoftsolution').length).toBeGreaterThan(0)
  })

  it('[R4] carries an inbound edit with two reads and one conditional write, and writes nothing for the echo', async () => {
    const { own } = demo.sandbox.partnerCenter.portal.create('private', { name: 'Counted deal', ...euro })
    await sync()
    demo.sandbox.partnerCenter.portal.edit(own.id, { dealValue: 91_500 })
    demo.sandbox.partnerCenter.calls.reset()
    demo.sandbox.dynamics.calls.reset()
    await app.service.sync({ deals: [own.id], release: false, signal, by: 'test' })
    expect(opportunityOf(own.id)[0]).toMatchObject({ estimatedvalue: 91_500 })
    const patches = demo.sandbox.dynamics.calls.list().filter((call) => call.method === 'PATCH')
    expect(patches).toHaveLength(1)
    expect(demo.sandbox.partnerCenter.calls.list().filter((call) => call.method === 'PATCH')).toHaveLength(0)
    demo.sandbox.dynamics.calls.reset()
    await sync()
    expect(demo.sandbox.dynamics.calls.list().filter((call) => call.method !== 'GET' && !call.path.includes('$batch'))).toHaveLength(0)
    expect(demo.sandbox.partnerCenter.calls.list().filter((call) => call.method === 'PATCH')).toHaveLength(0)
  })

  it('shares an opportunity once: one referral, or two with one engagement when help is asked', async () => {
    const plain = completeOpportunity('Outbound deal')
    const withHelp = completeOpportunity('Co-sell deal', { cosell_help: 412_500_000 })
    share(plain)
    share(withHelp)
    await sync()
    await sync()
    expect(ownReferrals(plain)).toHaveLength(1)
    const [own] = ownReferrals(withHelp)
    expect(demo.sandbox.partnerCenter.engagement(own?.engagementId ?? '').map((referral) => referral.organizationId === 'msft')).toEqual([
      false,
      true,
    ])
    expect(demo.sandbox.dynamics.read('opportunity', withHelp)).toMatchObject({
      cosell_referralidentifier: own?.id,
      cosell_referralvisibility: true,
    })
    expect(String(demo.sandbox.dynamics.read('opportunity', plain)?.['cosell_audit'])).toContain(
      'CRM to Partner Center Referral sync success.',
    )
  })

  it('keeps a record whose switch is off in the CRM, and says what a share still needs on the record', async () => {
    const quiet = completeOpportunity('Not shared')
    const incomplete = seller().opportunity({ name: 'Incomplete', description: null, cosell_syncwithpartnercenter: true })
    await sync()
    expect(ownReferrals(quiet)).toHaveLength(0)
    expect(ownReferrals(incomplete)).toHaveLength(0)
    expect(demo.sandbox.dynamics.read('opportunity', incomplete)?.['cosell_syncproblem']).toMatch(/no notes.*at least one/)
  })

  it('accepts an inbound co-sell that is moved on, declines one that is lost, and closes won deals on both sides', async () => {
    const [toAccept, toDecline] = [
      demo.sandbox.partnerCenter.inbound.coSell({ currency: 'EUR' }),
      demo.sandbox.partnerCenter.inbound.coSell({ currency: 'EUR' }),
    ]
    await sync()
    const idOf = (referralId: string): string => String(opportunityOf(referralId)[0]?.['opportunityid'])
    expect(opportunityOf(toAccept.own.id)[0]).toMatchObject({ statecode: 0, statuscode: 2 })
    seller().moveOn(idOf(toAccept.own.id))
    // One of the eight reasons, as the form offers them.
    seller().edit('opportunity', idOf(toDecline.own.id), { cosell_declinereason: 412_500_005 })
    seller().lose(idOf(toDecline.own.id))
    await sync()
    expect(demo.sandbox.partnerCenter.referral(toAccept.own.id)).toMatchObject({ status: 'Active', substatus: 'Accepted' })
    expect(demo.sandbox.partnerCenter.referral(toDecline.own.id)).toMatchObject({
      status: 'Closed',
      substatus: 'Declined',
      statusReason: 'Proposed timeline too short',
    })
    demo.sandbox.partnerCenter.portal.win(toAccept.own.id)
    await sync()
    expect(opportunityOf(toAccept.own.id)[0]).toMatchObject({ statecode: 1 })
  })

  it('[R10] makes one account for two new deals of one new customer', async () => {
    const customer = {
      name: 'One Customer AG',
      address: { addressLine1: 'Weg 1', city: 'Bern', state: 'BE', postalCode: '3011', country: 'CH' },
    }
    for (const name of ['First', 'Second'])
      demo.sandbox.partnerCenter.portal.create('private', { name, customerProfile: { ...customer, team: [], ids: [] }, ...euro })
    await sync()
    expect(demo.sandbox.dynamics.find('account', { name: 'One Customer AG' })).toHaveLength(1)
  })

  describe('the hook of Partner Center', () => {
    const genuine = () => webhookSigner()
    const body = (name: string): Buffer =>
      Buffer.from(
        JSON.stringify({
          EventName: name,
          ResourceUri: 'https://api.partnercenter.microsoft.com/engagements/v1/referrals/5c1e0a7e-59e8-4d6b-9f0e-0b7f0a6b2c10',
          ResourceName: 'referral',
          AuditUri: null,
          ResourceChangeUtcDate: '2026-08-03T09:21:05.1234567+00:00',
        }),
      )
    const certificateUrl = () => `${demo.sandbox.urls.partnerCenter}/cert/pcnotifications-dispatch.microsoft.com.cer`
    const post = (given: { body: Buffer; headers?: Record<string, string> }) =>
      fetch(`${address}/hooks/partner-center`, { method: 'POST', headers: given.headers ?? {}, body: new Uint8Array(given.body) })
    const signed = (content: Buffer, over: Record<string, string> = {}): Record<string, string> => ({
      authorization: `Signature ${genuine().sign(content)}`,
      'x-ms-certificate-url': certificateUrl(),
      'x-ms-signature-algorithm': 'rsa-sha256',
      ...over,
    })

    it('[R33] answers 202 to a genuine event and to its repeat, which causes no work', async () => {
      const content = body('referral-updated')
      expect((await post({ body: content, headers: signed(content) })).status).toBe(202)
      const before = await app.store.queue.depth(Date.now())
      expect((await post({ body: content, headers: signed(content) })).status).toBe(202)
      expect((await app.store.queue.depth(Date.now())).due).toBe(before.due)
    })

    it('[R34] [R50] refuses what is not signed, not whole, too large, or certified elsewhere', async () => {
      const content = body('referral-created')
      const headers = signed(content)
      const without = (name: string): Record<string, string> => Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name))
      expect((await post({ body: content, headers: without('authorization') })).status).toBe(401)
      expect((await post({ body: content, headers: without('x-ms-certificate-url') })).status).toBe(400)
      expect((await post({ body: Buffer.concat([content, Buffer.from(' ')]), headers })).status).toBe(401)
      expect(
        (await post({ body: content, headers: { ...headers, 'x-ms-certificate-url': 'https://evil.example/cert/x.cer' } })).status,
      ).toBe(401)
      expect(
        (await post({ body: content, headers: { ...headers, 'x-ms-certificate-url': 'http://169.254.169.254/latest/x.cer' } })).status,
      ).toBe(401)
      const noJson = Buffer.from('not json')
      expect((await post({ body: noJson, headers: signed(noJson) })).status).toBe(400)
      const large = Buffer.alloc(64 * 1024 + 1, 32)
      expect((await post({ body: large, headers: signed(large) })).status).toBe(413)
      expect(signingLeaf('genuine').certificateDer.length).toBeGreaterThan(0)
    })

    it("[R35] takes Dynamics' callback by its key in header, query or path, and refuses it otherwise", async () => {
      const content = JSON.stringify({
        PrimaryEntityName: 'opportunity',
        PrimaryEntityId: '7a1c0e52-3b44-4f11-a316-000d3a4b1101',
        MessageName: 'Update',
      })
      const call = (path: string, headers: Record<string, string> = {}) =>
        fetch(`${address}/hooks/dynamics${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...headers },
          body: content,
        })
      expect((await call('', { 'x-cosell-key': 'demo-webhook-key' })).status).toBe(202)
      expect((await call('?code=demo-webhook-key')).status).toBe(202)
      expect((await call('/demo-webhook-key')).status).toBe(202)
      expect((await call('')).status).toBe(401)
      expect((await call('/wrong')).status).toBe(401)
    })
  })

  it('[R51] denies every operation of the API without a token, and [R56] tells liveness and readiness', async () => {
    const openapi = (await (await fetch(`${address}/api/openapi.json`)).json()) as { paths: Record<string, Record<string, { security?: [] }>> }
    expect(Object.keys(openapi.paths).length).toBeGreaterThan(15)
    for (const [path, methods] of Object.entries(openapi.paths)) {
      for (const [method, { security }] of Object.entries(methods)) {
        if (security !== undefined) continue // Signing in is open to strangers.
        const answer = await fetch(`${address}${path.replaceAll(/\{\w+\}/g, 'x')}`, {
          method: method.toUpperCase(),
          ...(method === 'get' ? {} : { body: '{}', headers: { 'content-type': 'application/json' } }),
        })
        expect([path, answer.status]).toEqual([path, 401])
      }
    }
    expect((await fetch(`${address}/healthz`)).status).toBe(200)
    expect((await fetch(`${address}/readyz`)).status).toBe(200)
  })

  it('[R45] [R46] ends commands with the promised codes, and prints one JSON document', async () => {
    let out = ''
    let err = ''
    const world: CliWorld = {
      io: { out: (text) => (out += text), err: (text) => (err += text), outIsTty: false, errIsTty: false, inIsTty: false, color: false },
      loadConfig: () => Promise.resolve(reachable(load())),
      loadTenants: () => Promise.resolve([reachable(load())]),
      connect: () => Promise.resolve({ service: app.service, via: 'own' as const, close: () => Promise.resolve() }),
      settingsAhead: () => Promise.resolve(null),
      administer: () => Promise.reject(new Error('not in this test')),
      start: () => Promise.resolve(),
      demo: () => Promise.resolve(),
      sandbox: () => Promise.resolve(),
      now: () => Date.UTC(2026, 10, 1),
      signal,
      user: 'test',
      version: '1',
    }
    function reachable(loaded: LoadedConfig): LoadedConfig {
      return { ...loaded, config: { ...loaded.config, server: { ...loaded.config.server, publicUrl: address } } }
    }
    const run = (...argv: string[]): Promise<number> => {
      out = ''
      err = ''
      return runProgram(argv, world)
    }
    demo.sandbox.partnerCenter.inbound.coSell({ currency: 'EUR' })
    await sync()
    expect(await run('deals', 'list', '--waits-for', 'us')).toBe(0)
    expect(out).toMatch(/in-sync +New\/Pending +answer until \d{4}-\d\d-\d\d/)
    expect(out).not.toContain('Active/')
    expect(await run('deals', 'list', '--json')).toBe(0)
    const listed = JSON.parse(out) as { deals: Record<string, unknown>[] }
    expect(Object.keys(listed.deals[0] ?? {})).toEqual(
      expect.arrayContaining([
        'id',
        'name',
        'kind',
        'state',
        'referralId',
        'engagementId',
        'crmId',
        'crmEntity',
        'status',
        'substatus',
        'lastSyncedAt',
        'problem',
      ]),
    )
    expect(await run('deals', 'shwo')).toBe(2)
    expect(await run('deals', 'show', 'nobody', '--json')).toBe(1)
    expect(JSON.parse(err)).toMatchObject({ error: { code: 'missing' } })
    expect(await run('sync', '--json')).toBe(1)
    expect(await run('flows', 'list', '--json')).toBe(0)
    const referral = demo.sandbox.partnerCenter.portal.create('private').own
    await sync()
    const before = demo.sandbox.partnerCenter.deliveries.attempts().length
    expect(await run('trigger', 'referral-updated', referral.id, '--json')).toBe(0)
    const triggered = (): number[] => demo.sandbox.partnerCenter.deliveries.attempts().slice(before).map(({ status }) => status)
    await vi.waitFor(() => expect(triggered()).toEqual([202]))
    expect(await run('trigger', 'referral-forgotten', referral.id)).toBe(1)
    expect(err).toContain('referral-updated')
    demo.sandbox.entra.revoke()
    demo.sandbox.entra.expireAccessTokens()
  })
})
