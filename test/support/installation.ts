import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { assemble, type App } from '../../src/assemble.js'
import { realClock } from '../../src/clock.js'
import { loadConfig, processWorld, type LoadedConfig } from '../../src/config/index.js'
import { silentLog, type Logger } from '../../src/log.js'
import type { DataverseOptions } from '../../src/sandbox/dataverse/options.js'
import type { PartnerCenterOptions } from '../../src/sandbox/partner-center/options.js'
import { startSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.js'
import type { SyncSummary } from '../../src/engine/views.js'
import { sandboxSettings } from './sandbox-settings.js'

export interface InstallationWish {
  readonly customFields?: SandboxOptions['customFields']
  readonly microsoftTables?: NonNullable<SandboxOptions['microsoftTables']>
  readonly sync?: Readonly<Record<string, unknown>>
  readonly server?: Readonly<Record<string, unknown>>
  readonly mapping?: object
  readonly notices?: Readonly<Record<string, unknown>>
  readonly webhook?: Readonly<Record<string, unknown>>
  /** The shared secret of the CRM's callbacks. */
  readonly webhookKey?: string
  /** Further settings at the top of the file. */
  readonly more?: Readonly<Record<string, unknown>>
  /** Other readings of what the documentation leaves open. */
  readonly partnerOptions?: Partial<PartnerCenterOptions>
  readonly dynamicsOptions?: Partial<DataverseOptions>
  readonly log?: Logger
  /** As in a demo: whoever sits at this machine may do everything. */
  readonly demo?: true
}

/** A whole installation as a user has one: simulated systems on loopback, the assembled service with a store of its own, and the people. */
export interface Installation {
  readonly sandbox: Sandbox
  app: App
  address: string
  readonly seller: Sandbox['dynamics']['people']
  /** Sweeps both sides and works until nothing due is left. */
  sync(deals?: readonly string[]): Promise<SyncSummary>
  /** The opportunity as the CRM holds it. */
  opportunity(id: string): Readonly<Record<string, unknown>>
  opportunitiesOf(referralId: string): readonly Readonly<Record<string, unknown>>[]
  ownReferrals(crmId: string): ReturnType<Sandbox['partnerCenter']['engagement']>
  /** A deal that lacks nothing for a share; its switch is off. */
  completeOpportunity(name: string, more?: Readonly<Record<string, unknown>>): string
  share(id: string): void
  /** Writes that reached either system since the last call. */
  writes(): readonly string[]
  /** Ends the process and starts another on the same store and configuration. */
  restart(change?: Partial<InstallationWish>): Promise<void>
  /** Turns the clock of the service forward. */
  later(ms: number): void
  load(change?: Partial<InstallationWish>): LoadedConfig
  close(): Promise<void>
}

const never = new AbortController().signal
const usualKey = 'test-webhook-key'

export async function installation(wish: InstallationWish = {}): Promise<Installation> {
  const customFields = wish.customFields ?? 'cosell'
  const { microsoftTables } = wish
  const sandbox = await startSandbox({ port: 0, seed: 7, customFields, ...(microsoftTables === undefined ? {} : { microsoftTables }) })
  Object.assign(sandbox.partnerCenter.options, wish.partnerOptions)
  Object.assign(sandbox.dynamics.options, wish.dynamicsOptions)
  const folder = mkdtempSync(join(tmpdir(), 'cosell-installation-'))
  const column = customFields === 'microsoft' ? 'msft_microsoftpartnercenterreferralidentifier' : 'cosell_referralidentifier'
  const switchColumn = customFields === 'microsoft' ? 'msft_microsoftpartnercenterreferralsync' : 'cosell_syncwithpartnercenter'
  const { dynamics, partnerCenter } = sandbox
  const seller = dynamics.people
  // A share needs a member of the sales team who can be phoned.
  for (const user of dynamics.find('systemuser', { applicationid: null }))
    seller.edit('systemuser', String(user['systemuserid']), { mobilephone: '+49 30 1' })
  let aheadMs = 0
  const clock = { ...realClock, now: () => realClock.now() + aheadMs }
  const load = (change: Partial<InstallationWish> = {}): LoadedConfig => loaded({ ...wish, ...change }, sandbox, folder)
  const open = async (change: Partial<InstallationWish>): Promise<App> =>
    assemble(load(change).config, {
      clock,
      demo: wish.demo === true ? { desk: sandbox.urls.desk } : null,
      log: wish.log ?? silentLog,
      version: 'test',
      adopt: false,
      plant: () => undefined,
    })
  const app = await open({})
  const made: Installation = {
    sandbox,
    app,
    // Only the server: passes happen when a test asks for them.
    address: (await app.start('server')).address ?? '',
    seller,
    sync: (deals = []) => made.app.service.sync({ deals, release: true, signal: never, by: 'test' }),
    opportunity: (id) => dynamics.read('opportunity', id) ?? {},
    opportunitiesOf: (referralId) => dynamics.find('opportunity', { [column]: referralId }),
    ownReferrals: (crmId) => [...partnerCenter.referrals()].filter((referral) => referral.externalReferenceId === crmId),
    completeOpportunity(name, more = {}) {
      const account = seller.account({
        name: `${name} GmbH`,
        address1_line1: 'Lindenallee 7',
        address1_city: 'Hamburg',
        address1_postalcode: '20095',
        address1_country: 'Germany',
      })
      const contact = seller.contact({ telephone1: '+49 40 1' })
      const references = { 'parentaccountid@odata.bind': `/accounts(${account})`, 'parentcontactid@odata.bind': `/contacts(${contact})` }
      const id = seller.opportunity({ name, description: 'Wants reports.', ...references, ...more })
      seller.addSolution(id, { solutionId: 'SOL-12345-ABC', name: 'Example Insights' })
      return id
    },
    share: (id) => seller.edit('opportunity', id, { [switchColumn]: true }),
    writes() {
      const isWrite = ({ method, path }: { method: string; path: string }): boolean =>
        method !== 'GET' && !path.includes('$batch') && !path.includes('/webhooks/')
      const done = [...partnerCenter.calls.list(), ...dynamics.calls.list()].filter(isWrite).map(({ method, path }) => `${method} ${path}`)
      partnerCenter.calls.reset()
      dynamics.calls.reset()
      return done
    },
    async restart(change = {}) {
      await made.app.stop()
      made.app = await open(change)
      made.address = (await made.app.start('server')).address ?? ''
    },
    later: (ms) => void (aheadMs += ms),
    load,
    async close() {
      await made.app.stop()
      await sandbox.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
  await made.sync()
  return made
}

/** The configuration as its file would say it. */
function loaded(wish: InstallationWish, sandbox: Sandbox, folder: string): LoadedConfig {
  const { partnerCenter, crm } = sandboxSettings(sandbox, wish.webhookKey ?? usualKey)
  const file = join(folder, 'cosell.yaml')
  const text = stringify({
    environment: 'test',
    store: './data',
    server: { listen: '127.0.0.1:0', ...wish.server },
    partnerCenter: { ...partnerCenter, webhook: { ...partnerCenter.webhook, ...wish.webhook } },
    crm,
    sync: { owner: 'kim@fabrikam.example', ...wish.sync },
    notices: { ...wish.notices },
    ...wish.more,
    ...(wish.mapping === undefined ? {} : { mapping: './mapping.yaml' }),
  })
  const files: Readonly<Record<string, string>> = {
    [file]: text,
    [join(folder, 'roots.pem')]: sandbox.trustAnchors,
    [join(folder, 'mapping.yaml')]: stringify(wish.mapping ?? {}),
  }
  return loadConfig({ path: file, ...processWorld(), env: {}, cwd: folder, readFile: (path) => files[path] ?? null })
}
