import { DynamicsWebApi } from 'dynamics-web-api'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { InstallPlan } from '../../src/core/ports.js'
import type { InstallJob } from '../../src/engine/administration.js'
import { cosellOn, type Said } from '../support/commands.js'
import { installation, type Installation } from '../support/installation.js'

/** From an environment that knows nothing of the connector to deals that travel both ways. */
describe('an empty Dynamics 365 environment', () => {
  let made: Installation
  const publicUrl = 'https://cosell.example'

  beforeAll(async () => {
    made = await installation({ customFields: 'none', server: { publicUrl } })
  })
  afterAll(() => made.close())

  const cosell = (...argv: string[]): Promise<Said> => cosellOn(made, argv)
  const json = async <T>(...argv: string[]): Promise<T> => JSON.parse((await cosell(...argv, '--json')).out) as T // what a script would read

  const fieldCheck = async (): Promise<string | undefined> =>
    (await made.app.service.checks(new AbortController().signal)).find(({ name }) => name === 'CRM fields')?.status

  it('is told what it lacks, and stays as it is', async () => {
    expect(await fieldCheck()).toBe('fail')
    made.writes()
    const { code, out } = await cosell('install', 'plan')
    expect(code).toBe(0)
    expect(out).toContain('+ Column Sync With Partner Center of opportunity: create as cosell_syncwithpartnercenter')
    expect(out).toContain('~ Section Microsoft Partner Center on the form "Opportunity" of opportunity'.replace('~', '+'))
    expect(made.writes()).toEqual([])
  })

  it('gets everything new without --yes, and keeps its forms, views and definitions until somebody says so', async () => {
    const before = made.sandbox.dynamics.find('systemform', { objecttypecode: 'opportunity' })
    const { code, err } = await cosell('install', 'apply')
    expect(code, err).toBe(1)
    expect(err).toContain('Section Microsoft Partner Center on the form "Opportunity"')
    expect(made.sandbox.dynamics.find('systemform', { objecttypecode: 'opportunity' })).toEqual(before)
    expect(made.sandbox.dynamics.find('publisher', { customizationprefix: 'cosell' })).toHaveLength(1)
  }, 60_000)

  it('is complete after --yes, and a second run writes nothing', async () => {
    const { code, out, err } = await cosell('install', 'apply', '--yes')
    expect(code, `${out}${err}`).toBe(0)
    made.writes()
    const again = await json<{ done: string[]; left: unknown[] }>('install', 'apply', '--yes')
    expect(again).toMatchObject({ done: [], left: [] })
    expect(made.writes()).toEqual([])
    expect(await fieldCheck()).toBe('pass') // By the same process that said before that they lack.
  }, 60_000)

  it('sends its events here after "webhook register crm", and no more after "webhook remove crm"', async () => {
    const { code, err } = await cosell('webhook', 'register', 'crm')
    expect(code, err).toBe(0)
    expect(made.sandbox.dynamics.find('serviceendpoint').map((row) => row['url'])).toEqual([`${publicUrl}/hooks/dynamics`])
    expect((await cosell('webhook', 'remove', 'crm')).code).toBe(0)
    expect(made.sandbox.dynamics.size('serviceendpoint')).toBe(0)
  })

  it("carries a referral into the CRM and a seller's deal to Partner Center, in fields of our own", async () => {
    const { own } = made.sandbox.partnerCenter.portal.create('private', { name: 'Inbound deal', details: { currency: 'EUR' } })
    await made.sync()
    const [row] = made.opportunitiesOf(own.id)
    expect(row).toMatchObject({ name: 'Inbound deal', cosell_syncwithpartnercenter: true, cosell_syncstatus: 'in-sync' })
    expect(row?.['cosell_audit']).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d - Partner Center Referral to CRM sync success\./)
    const id = made.completeOpportunity('Outbound deal')
    made.share(id)
    await made.sync()
    const [referral] = made.ownReferrals(id)
    expect(referral).toMatchObject({ externalReferenceId: id })
    expect(made.opportunity(id)).toMatchObject({ cosell_referralidentifier: referral?.id, cosell_syncstatus: 'in-sync' })
  })

  it('carries a solution that is added or taken away, both ways', async () => {
    const { own } = made.sandbox.partnerCenter.portal.create('private', { name: 'Solution deal', details: { currency: 'EUR' } })
    await made.sync()
    const id = String(made.opportunitiesOf(own.id)[0]?.['opportunityid'])
    const rows = () =>
      made.sandbox.dynamics
        .find('cosell_microsoftsolution', { _cosell_opportunityid_value: id })
        .map((row) => String(row['cosell_solutionid']))
        .sort()
    const referral = () =>
      (made.sandbox.partnerCenter.referral(own.id)?.details.requirements?.solutions ?? []).map((solution) => solution.id).sort()
    expect(rows()).toEqual(referral())
    expect(rows()).not.toEqual([])
    made.seller.addSolution(id, { solutionId: 'SOL-77777-NEW', name: 'Added by a seller' })
    await made.sync()
    expect(referral()).toContain('SOL-77777-NEW')
    const [gone] = made.sandbox.dynamics.find('cosell_microsoftsolution', { cosell_solutionid: 'SOL-77777-NEW' })
    made.seller.delete('cosell_microsoftsolution', String(gone?.['cosell_microsoftsolutionid']))
    await made.sync()
    expect(referral()).not.toContain('SOL-77777-NEW')
    expect(rows()).toEqual(referral())
  })

  it('has a catalogue of solutions: from a file, from past deals, and ids it does not know are flagged', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'cosell-solutions-')), 'solutions.csv')
    writeFileSync(file, '\uFEFFSolution Name;Solution Identifier;Type\r\n"Insights; quoted";SOL-1-AAA;3P\r\n')
    expect(await json('solutions', 'import', file)).toEqual({ read: 1, added: 1, changed: 0 })
    expect(await json('solutions', 'import', file)).toEqual({ read: 1, added: 0, changed: 0 })
    const listed = await cosell('solutions', 'list', '--json')
    const { solutions } = JSON.parse(listed.out) as { solutions: { id: string; name: string; known: boolean; deals: number }[] } // as a script reads it
    expect(solutions.find(({ id }) => id === 'SOL-1-AAA')).toMatchObject({ name: 'Insights; quoted', known: true, deals: 0 })
    expect(listed.code).toBe(1)
    expect(solutions.find(({ id }) => id === 'SOL-12345-ABC')).toMatchObject({ known: false })
    expect((await cosell('solutions', 'import', '--from-deals')).code).toBe(0)
    expect((await cosell('solutions', 'list')).code).toBe(0)
  })

  it('has a check mark of doctor for its fields and tables', async () => {
    const checks = await made.app.service.checks(new AbortController().signal)
    const named = (name: string) => checks.find((check) => check.name === name)?.status
    expect([named('CRM fields'), named('CRM solutions table'), named('CRM change tracking')]).toEqual(['pass', 'pass', 'pass'])
  })

  it('is asked before anything is taken away, and keeps its data until somebody says otherwise', async () => {
    await cosell('flows', 'off', 'all')
    made.writes()
    const asked = await cosell('install', 'remove')
    expect(asked.code).toBe(1)
    expect(asked.out).toMatch(/^- Section Microsoft Partner Center on the form "Opportunity" of opportunity: take away$/m)
    expect(asked.out).toMatch(/^= Table Microsoft Solutions \(cosell_microsoftsolution\): Kept with its rows/m)
    expect(made.writes()).toEqual([])
    const kept = await cosell('install', 'remove', '--yes')
    expect(kept.code, kept.err).toBe(0)
    const count = made.sandbox.dynamics.size('cosell_microsoftsolution')
    expect(count).toBeGreaterThan(0)
    expect(await json('install', 'remove', '--yes')).toMatchObject({ done: [], left: [] })
    expect((await json<{ left: unknown[] }>('install', 'remove', '--data')).left.length).toBeGreaterThan(0)
    expect(made.sandbox.dynamics.size('cosell_microsoftsolution')).toBe(count)
    expect((await cosell('install', 'remove', '--data', '--yes')).code).toBe(0)
    const items = (await json<{ items: { id: string; state: string }[] }>('install', 'plan')).items
    expect(items.find(({ id }) => id === 'column:opportunity.cosell_audit')?.state).toBe('missing')
  }, 60_000)

  it('writes a package without any configuration', async () => {
    const file = join(mkdtempSync(join(tmpdir(), 'cosell-package-')), 'cosell.zip')
    const report = await json<{ file: string; kind: string }>('install', 'package', '--managed', '--out', file)
    expect(report).toMatchObject({ file, kind: 'managed' })
  })
})

describe('the same from the console, over the API', () => {
  let made: Installation
  beforeAll(async () => {
    made = await installation({ customFields: 'none', demo: true })
  })
  afterAll(() => made.close())

  const ask = async <T>(path: string, body?: object): Promise<T> => {
    const answer = await fetch(`${made.address}/api/v1${path}`, {
      ...(body === undefined
        ? {}
        : { method: 'POST', headers: { 'content-type': 'application/json', 'x-cosell-request': '1' }, body: JSON.stringify(body) }),
    })
    expect(answer.status, await answer.clone().text()).toBe(200)
    return (await answer.json()) as T // the shape that the server's own code gives it
  }
  const open = async (): Promise<InstallPlan['items']> =>
    (await ask<InstallPlan>('/install/plan')).items.filter(({ state, change }) => state !== 'present' && change !== null)

  it('makes what is missing while it is watched, once however often it is begun, and has nothing left to do', async () => {
    expect((await open()).length).toBeGreaterThan(50)
    expect((await ask<InstallJob>('/install')).state).toBe('idle')
    const begun = await Promise.all([ask<InstallJob>('/install', { alter: true }), ask<InstallJob>('/install', { alter: true })])
    expect(begun.map(({ state }) => state)).toEqual(['running', 'running'])
    const states = new Set<string>()
    await expect
      .poll(
        async () => {
          const job = await ask<InstallJob>('/install')
          if (job.progress !== null) states.add(job.progress.what)
          return job.state
        },
        { timeout: 25_000, interval: 20 },
      )
      .toBe('done')
    expect(states.size).toBeGreaterThan(3)
    expect(await open()).toEqual([])
    const { records } = await made.app.service.audit({ limit: 20 })
    expect(records.filter(({ event }) => event?.kind === 'setting' && event.detail.startsWith('installed:'))).toHaveLength(1)
  })

  it('is what a client reads that others wrote', async () => {
    const { urls, credentials } = made.sandbox
    const form = {
      grant_type: 'client_credentials',
      client_id: credentials.crmClientId,
      client_secret: credentials.crmClientSecret,
      scope: `${urls.dynamics}/.default`,
    }
    const answer = await fetch(`${urls.entra}/${credentials.tenant}/oauth2/v2.0/token`, { method: 'POST', body: new URLSearchParams(form) })
    const { access_token: token } = (await answer.json()) as { access_token: string } // what a token endpoint gives
    const client = new DynamicsWebApi({
      serverUrl: `${urls.dynamics}/`,
      dataApi: { version: '9.2' },
      onTokenRefresh: () => Promise.resolve(token),
    })
    for (const table of ['opportunity', 'lead']) {
      const { value } = await client.retrieveAttributes({ entityKey: `LogicalName='${table}'`, select: ['LogicalName', 'IsSecured'] })
      const columns = new Map(value.map((column) => [String(column['LogicalName']), column['IsSecured']]))
      expect([...columns.keys()]).toEqual(
        expect.arrayContaining(['cosell_syncwithpartnercenter', 'cosell_referralidentifier', 'cosell_help']),
      )
      expect(columns.get('cosell_audit')).toBe(true)
    }
    const id = await client.create<object, string>({
      collection: 'opportunities',
      data: { name: 'By another client', cosell_syncwithpartnercenter: false },
    })
    const row = await client.retrieve({ collection: 'opportunities', key: id, select: ['name', 'cosell_syncwithpartnercenter'] })
    expect(row).toMatchObject({ name: 'By another client', cosell_syncwithpartnercenter: false })
    const { value: solutions } = await client.retrieveMultiple({
      collection: 'cosell_microsoftsolutions',
      select: ['cosell_microsoftsolutionid'],
    })
    expect(solutions).toEqual([])
  })

  it('leaves what stands there, and makes everything else beside it', async () => {
    await made.close()
    made = await installation({ customFields: 'cosell', demo: true })
    await ask<InstallJob>('/install', {})
    await expect.poll(async () => (await ask<InstallJob>('/install')).state, { timeout: 25_000, interval: 20 }).not.toBe('running')
    expect(await ask<InstallJob>('/install')).toMatchObject({ state: 'done', problem: null })
    const left = await open()
    expect(left.length).toBeGreaterThan(5)
    expect(left.filter(({ touches }) => touches === 'new')).toEqual([])
  })
})
