import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import { assemble, type App } from '../../src/assemble.js'
import { realClock } from '../../src/clock.js'
import { loadConfig, processWorld, type LoadedConfig } from '../../src/config/index.js'
import type { DealView, SyncSummary } from '../../src/engine/views.js'
import { silentLog } from '../../src/log.js'
import { sandboxClock } from '../../src/sandbox/index.js'
import type { Installed, SalesforceOptions } from '../../src/sandbox/salesforce/index.js'
import { startSandbox, type Sandbox } from '../../src/sandbox/sandbox.js'
import { sandboxSettings } from './sandbox-settings.js'

export interface SalesforceInstallation {
  readonly sandbox: Sandbox
  app: App
  address: string
  /** Sweeps both sides and works until nothing due is left, also what waits for the second to pass. */
  sync(deals?: readonly string[]): Promise<SyncSummary>
  opportunity(id: string): Readonly<Record<string, unknown>>
  opportunitiesOf(referralId: string): readonly Readonly<Record<string, unknown>>[]
  /** A deal that lacks nothing for a share; its switch is off. */
  completeOpportunity(name: string, more?: Readonly<Record<string, unknown>>): string
  share(id: string): void
  dealOf(id: string): Promise<DealView>
  /** Writes that reached either system since the last call. */
  writes(): readonly string[]
  /** Turns the clock of all sides forward. */
  later(ms: number): void
  /** Ends the process and starts another on the same store and configuration. */
  restart(change?: Partial<SalesforceWish>): Promise<void>
  load(change?: Partial<SalesforceWish>): LoadedConfig
  close(): Promise<void>
}

const never = new AbortController().signal

export interface SalesforceWish {
  readonly fields?: Installed
  readonly singleCurrency?: true
  readonly sync?: object
  readonly mapping?: object
  readonly org?: Partial<SalesforceOptions>
}

/** What people fill in: ours, or what Microsoft's package has instead. */
const own = {
  object: 'Cosell_Solution__c',
  deal: 'Cosell_Opportunity__c',
  id: 'Cosell_Solution_Identifier__c',
  sync: 'Cosell_Sync_With_Partner_Center__c',
}
const packaged = { object: 'mspcsync__PartnerOffer__c', deal: 'mspcsync__Deal__c', id: 'mspcsync__OfferId__c', sync: 'mspcsync__SyncFlag__c' }

/** A whole installation on Salesforce: simulated systems on loopback, the assembled service with a store of its own, and the people. */
export async function salesforceInstallation(wish: SalesforceWish = {}): Promise<SalesforceInstallation> {
  let aheadMs = 0
  const clock = { ...realClock, now: () => realClock.now() + aheadMs }
  const real = sandboxClock()
  // Both sides of the wire live in one time, or a record of this second would stay one for ever.
  const world = { now: clock.now, at: (at: number, job: () => void) => real.at(at - aheadMs, job) }
  const sandbox = await startSandbox({
    port: 0,
    seed: 7,
    customFields: 'cosell',
    salesforceFields: wish.fields ?? 'cosell',
    clock: world,
    ...(wish.singleCurrency === true ? { singleCurrency: true } : {}),
    ...(wish.org === undefined ? {} : { salesforce: wish.org }),
  })
  const names = wish.fields === 'microsoft' ? packaged : own
  const folder = mkdtempSync(join(tmpdir(), 'cosell-salesforce-'))
  const { salesforce: org, partnerCenter } = sandbox
  // A share needs a member of the sales team who can be phoned.
  for (const user of org.find('User')) org.people.edit('User', String(user['Id']), { Phone: '+49 30 1' })
  const load = (change: Partial<SalesforceWish> = {}): LoadedConfig => configFor(sandbox, folder, { ...wish, ...change })
  const open = (change: Partial<SalesforceWish>): Promise<App> =>
    assemble(load(change).config, { clock, demo: null, log: silentLog, version: 'test', adopt: false, plant: () => undefined })
  const app = await open({})
  const made: SalesforceInstallation = {
    sandbox,
    app,
    address: (await app.start('server')).address ?? '',
    async sync(deals = []) {
      const { app } = made
      let summary = await app.service.sync({ deals, release: true, signal: never, by: 'test' })
      // A record of this very second is looked at again a moment later: turning the clock stands for that moment.
      for (let round = 0; round < 4; round += 1) {
        aheadMs += 3_000
        summary = await app.service.sync({ deals, release: true, signal: never, by: 'test' })
      }
      return summary
    },
    opportunity: (id) => org.read('Opportunity', id) ?? {},
    opportunitiesOf: (referralId) => org.find('Opportunity', { Cosell_Referral_Identifier__c: referralId }),
    completeOpportunity(name, more = {}) {
      const account = org.people.create('Account', {
        Name: `${name} GmbH`,
        BillingStreet: 'Lindenallee 7',
        BillingCity: 'Hamburg',
        BillingPostalCode: '20095',
        BillingCountry: 'Germany',
      })
      const contact = org.people.create('Contact', {
        FirstName: 'Ada',
        LastName: 'Moser',
        Email: `ada@${name.toLowerCase().replaceAll(' ', '-')}.example`,
        Phone: '+49 40 1',
        AccountId: account,
      })
      const id = org.people.create('Opportunity', {
        Name: name,
        StageName: 'Qualification',
        CloseDate: '2027-03-31',
        Amount: 50_000,
        Description: 'Wants reports.',
        AccountId: account,
        ContactId: contact,
        OwnerId: org.people.user('kim@fabrikam.example'),
        ...more,
      })
      org.people.create(names.object, { Name: 'Example Insights', [names.deal]: id, [names.id]: 'SOL-12345-ABC' })
      return id
    },
    share: (id) => org.people.edit('Opportunity', id, { [names.sync]: true }),
    dealOf: (id) => made.app.service.deal(id, { live: false }),
    writes() {
      const isWrite = ({ method, path }: { method: string; path: string }): boolean =>
        method !== 'GET' && !path.includes('/oauth2/') && !path.includes('/Soap/') && !path.includes('/webhooks/')
      const done = [...partnerCenter.calls.list(), ...org.calls.list()].filter(isWrite).map(({ method, path }) => `${method} ${path}`)
      partnerCenter.calls.reset()
      org.calls.clear()
      return done
    },
    later: (ms) => void (aheadMs += ms),
    async restart(change = {}) {
      await made.app.stop()
      made.app = await open(change)
      made.address = (await made.app.start('server')).address ?? ''
    },
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

function configFor(sandbox: Sandbox, folder: string, wish: Pick<SalesforceWish, 'sync' | 'mapping'>): LoadedConfig {
  const file = join(folder, 'cosell.yaml')
  const text = stringify({
    environment: 'test',
    store: './data',
    server: { listen: '127.0.0.1:0' },
    ...sandboxSettings(sandbox, 'test-webhook-key', 'salesforce'),
    sync: { owner: 'kim@fabrikam.example', ...wish.sync },
    ...(wish.mapping === undefined ? {} : { mapping: './mapping.yaml' }),
  })
  const files: Readonly<Record<string, string>> = {
    [file]: text,
    [join(folder, 'roots.pem')]: sandbox.trustAnchors,
    [join(folder, 'mapping.yaml')]: stringify(wish.mapping ?? {}),
  }
  return loadConfig({ path: file, ...processWorld(), env: {}, cwd: folder, readFile: (path) => files[path] ?? null })
}
