import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import type { App } from '../../src/assemble.js'
import { realClock } from '../../src/clock.js'
import { loadInstallation, processWorld } from '../../src/config/index.js'
import { assembleTenants, type Installation } from '../../src/installation.js'
import { silentLog } from '../../src/log.js'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.js'
import { startPostgres, type PrivatePostgres } from '../support/postgres.js'
import { sandboxSettings } from '../support/sandbox-settings.js'

const never = new AbortController().signal
const tokens = { contoso: 'contoso-token-of-a-script', fabrikam: 'fabrikam-token-of-a-script' }
type Name = keyof typeof tokens

/** What one tenant's own file says: its partner account and its CRM are simulated systems of their own. */
const fileOf = (name: Name, sandbox: Sandbox): string =>
  stringify({
    server: { publicUrl: `http://${name}.localhost:8400`, adminTokens: [tokens[name]] },
    ...sandboxSettings(sandbox, `${name}-key`),
    sync: { owner: 'kim@fabrikam.example' },
  })

describe.each(['sqlite', 'postgres'] as const)('[R80] one installation, two tenants, on %s', (kind) => {
  let postgres: PrivatePostgres | null = null
  let folder: string
  let installation: Installation
  let address: string
  const sandboxes = new Map<Name, Sandbox>()
  const sandboxOf = (name: Name): Sandbox => sandboxes.get(name) ?? expect.fail(name)
  const appOf = (name: Name): App => installation.apps.get(name) ?? expect.fail(name)
  const sync = (name: Name) => appOf(name).service.sync({ deals: [], release: true, signal: never, by: 'test' })
  const call = async (path: string, { host, token, method = 'GET', body = null }: { host: string; token?: string; method?: 'GET' | 'POST'; body?: string | null }) => {
    const headers = { host, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }), ...(body === null ? {} : { 'content-type': 'application/json' }) }
    const answer = await request(`${address}${path}`, { method, headers, body })
    const text = await answer.body.text()
    return { status: answer.statusCode, text, json: (): unknown => JSON.parse(text) }
  }
  const hostOf = (name: Name): string => `${name}.localhost:8400`

  beforeAll(async () => {
    postgres = kind === 'postgres' ? startPostgres() : null
    folder = mkdtempSync(join(tmpdir(), 'cosell-tenants-'))
    mkdirSync(join(folder, 'tenants'))
    const ids: Readonly<Record<Name, string>> = { contoso: '11111111-0000-4000-8000-000000000001', fabrikam: '22222222-0000-4000-8000-000000000002' }
    for (const [index, name] of (['contoso', 'fabrikam'] as const).entries()) {
      const sandbox = await startSandbox({ port: 0, seed: 7 + index, customFields: 'cosell', tenantId: ids[name] })
      sandboxes.set(name, sandbox)
      writeFileSync(join(folder, 'tenants', `${name}.yaml`), fileOf(name, sandbox))
      writeFileSync(join(folder, 'tenants', 'roots.pem'), sandbox.trustAnchors)
    }
    const file = join(folder, 'cosell.yaml')
    writeFileSync(file, stringify({
      environment: 'test',
      store: postgres?.url ?? './data',
      server: { listen: '127.0.0.1:0' },
      sealKey: 'a-key-that-seals-for-both-tenants-alike',
      tenants: { contoso: './tenants/contoso.yaml', fabrikam: './tenants/fabrikam.yaml' },
    }))
    const loaded = loadInstallation({ path: file, ...processWorld(), env: { XDG_STATE_HOME: folder }, cwd: folder }, null)
    const members = loaded.map(({ config }) => ({ config, log: silentLog, plant: () => undefined }))
    installation = await assembleTenants(members, { clock: realClock, version: 'test', adopt: false })
    address = (await installation.start('server')).address ?? ''
    for (const name of ['contoso', 'fabrikam'] as const) await sync(name)
  })
  afterAll(async () => {
    await installation.stop()
    for (const sandbox of sandboxes.values()) await sandbox.close()
    postgres?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  it('carries each tenant\'s deals between its own systems only', async () => {
    const before = sandboxOf('fabrikam').dynamics.find('opportunity').length
    const { own } = sandboxOf('contoso').partnerCenter.portal.create('private', { name: 'Only of Contoso', details: { currency: 'EUR' } })
    await sync('contoso')
    await sync('fabrikam')
    expect(sandboxOf('contoso').dynamics.find('opportunity', { cosell_referralidentifier: own.id })).toHaveLength(1)
    expect(sandboxOf('fabrikam').dynamics.find('opportunity')).toHaveLength(before)
    const [deal] = (await appOf('contoso').service.deals({ search: 'Only of Contoso', limit: 10 })).deals
    expect(deal?.referralId).toBe(own.id)
    expect((await appOf('fabrikam').service.deals({ search: 'Only of Contoso', limit: 10 })).deals).toEqual([])
  })

  it('knows each tenant\'s tokens and deals at its own host, and nowhere else', async () => {
    const mine = await call('/api/v1/deals', { host: hostOf('contoso'), token: tokens.contoso })
    expect(mine.status).toBe(200)
    const { deals } = mine.json() as { deals: { id: string }[] }
    const id = deals[0]?.id ?? expect.fail('no deal')
    expect((await call(`/api/v1/deals/${id}`, { host: hostOf('contoso'), token: tokens.contoso })).status).toBe(200)
    expect((await call('/api/v1/deals', { host: hostOf('fabrikam'), token: tokens.contoso })).status).toBe(401)
    const crossed = await call(`/api/v1/deals/${id}`, { host: hostOf('fabrikam'), token: tokens.fabrikam })
    expect(crossed.status).toBe(404)
    expect(crossed.text).not.toContain('Contoso')
    const ledger = await call('/api/v1/audit?limit=200', { host: hostOf('fabrikam'), token: tokens.fabrikam })
    expect(ledger.text).not.toContain(id)
    expect((await call('/api/v1/deals', { host: 'elsewhere.localhost:8400', token: tokens.contoso })).status).toBe(421)
  })

  it('gives no tenant a backup, which would hold the deals of all', async () => {
    const refused = await call('/api/v1/backup', { host: hostOf('contoso'), token: tokens.contoso })
    expect([refused.status, refused.json()]).toEqual([409, expect.objectContaining({ remedy: expect.stringContaining('cosell backup') as string })])
  })

  it('takes an event for the tenant its address names, and gives it to no other', async () => {
    const received = async (name: Name): Promise<number> => (await appOf(name).service.overview()).queue.due
    const { partnerCenter } = sandboxOf('contoso')
    partnerCenter.webhook.set({ url: `${address}/hooks/partner-center/contoso`, events: ['referral-created'] })
    const [contoso, fabrikam] = [await received('contoso'), await received('fabrikam')]
    partnerCenter.portal.create('private', { name: 'By event', details: { currency: 'EUR' } })
    await expect.poll(() => partnerCenter.deliveries.attempts().at(-1)?.status).toBe(202)
    expect(await received('contoso')).toBe(contoso + 1)
    expect(await received('fabrikam')).toBe(fabrikam)
    partnerCenter.webhook.set(null)
    await sync('contoso')
  })

  it('lets an address of one tenant lead to no other tenant', async () => {
    const answers = await Promise.all([
      call('/hooks/dynamics/fabrikam/contoso-key', { host: hostOf('contoso'), method: 'POST', body: '{}' }),
      call('/hooks/dynamics/contoso?code=fabrikam-key', { host: 'elsewhere', method: 'POST', body: '{}' }),
      call('/hooks/dynamics/fabrikam?code=contoso-key', { host: 'elsewhere', method: 'POST', body: '{}' }),
    ])
    expect(answers.map(({ status }) => status)).toEqual([421, 401, 401])
  })

  it('does nothing at a tenant for an event about another tenant\'s referral', async () => {
    const { partnerCenter } = sandboxOf('contoso')
    const before = sandboxOf('fabrikam').dynamics.find('opportunity').length
    partnerCenter.webhook.set({ url: `${address}/hooks/partner-center/fabrikam`, events: ['referral-created'] })
    const { own } = partnerCenter.portal.create('private', { name: 'Astray', details: { currency: 'EUR' } })
    await expect.poll(() => partnerCenter.deliveries.attempts().at(-1)?.status).toBe(202)
    partnerCenter.webhook.set(null)
    await sync('fabrikam')
    expect(sandboxOf('fabrikam').dynamics.find('opportunity')).toHaveLength(before)
    expect((await appOf('fabrikam').service.deals({ limit: 500 })).deals.every(({ crmId }) => crmId === null || sandboxOf('fabrikam').dynamics.read('opportunity', crmId) !== null)).toBe(true)
    await sync('contoso')
    expect(sandboxOf('contoso').dynamics.find('opportunity', { cosell_referralidentifier: own.id })).toHaveLength(1)
  })

  it('holds up nobody when another tenant is throttled or signed out', async () => {
    sandboxOf('contoso').partnerCenter.faults.set([{ kind: 'throttle', rate: 1, amount: 600 }])
    const { own } = sandboxOf('fabrikam').partnerCenter.portal.create('private', { name: 'Unhindered', details: { currency: 'EUR' } })
    await sync('fabrikam')
    expect(sandboxOf('fabrikam').dynamics.find('opportunity', { cosell_referralidentifier: own.id })).toHaveLength(1)
  })

  it('tells the figures of all tenants apart, to this machine only', async () => {
    const { status, text } = await call('/metrics', { host: '127.0.0.1' })
    expect(status).toBe(200)
    expect(text).toMatch(/cosell_deals\{[^}]*tenant="contoso"/)
    expect(text).toMatch(/cosell_deals\{[^}]*tenant="fabrikam"/)
    expect((await call('/metrics', { host: 'elsewhere.example' })).status).toBe(403)
    expect((await call('/readyz', { host: '127.0.0.1' })).status).toBe(200)
  })
})
