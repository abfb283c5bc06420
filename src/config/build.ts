import { join } from 'node:path'
import type { Config, DynamicsConfig, FileText, NoticesConfig, PartnerCenterConfig, SalesforceConfig, SealConfig, ServerConfig, StoreConfig, SyncConfig } from './config.js'
import { isPostgres } from './cross-checks.js'
import type { Environment } from './environment.js'
import type { FileSettings } from './schema.js'

interface Surroundings {
  readonly file: string | null
  readonly folder: string
  readonly env: Environment
  readonly files: ReadonlyMap<string, FileText>
  readonly resolvePath: (path: string) => string
  readonly tenant: string | null
  /** The folder of the file that says where the store is. */
  readonly home: string
}

/** The cross-checks found this in place, so its absence is our own mistake. */
function certain<T>(value: T | undefined, path: string): T {
  if (value === undefined) throw new Error(`The configuration passed its checks without ${path}.`)
  return value
}

function buildServer(server: FileSettings['server']): ServerConfig {
  return {
    listen: server.listen, observe: server.observe ?? null, publicUrl: server.publicUrl ?? null, adminTokens: server.adminTokens,
    trustedProxies: server.trustedProxies, signIn: server.signIn ?? null,
  }
}

function buildPartnerCenter(partner: FileSettings['partnerCenter'], files: Surroundings['files']): PartnerCenterConfig {
  return {
    tenant: partner.tenant, clientId: partner.clientId, clientSecret: partner.clientSecret,
    clientSecretExpires: partner.clientSecretExpires ?? null,
    refreshToken: partner.refreshToken ?? null, partnerId: partner.partnerId ?? null,
    referralsUrl: partner.referralsUrl, platformUrl: partner.platformUrl, authorityUrl: partner.authorityUrl,
    webhook: {
      events: partner.webhook.events, certificateHosts: partner.webhook.certificateHosts,
      trustAnchors: files.get('partnerCenter.webhook.trustAnchors') ?? null, guard: partner.webhook.guard, relayTo: partner.webhook.relayTo,
    },
    requestsPerSecond: partner.requestsPerSecond,
  }
}

function buildCrm(crm: FileSettings['crm'], files: Surroundings['files']): DynamicsConfig | SalesforceConfig {
  const common = { url: crm.url, clientId: crm.clientId, webhookKey: crm.webhookKey ?? null,
    clientSecretExpires: crm.clientSecretExpires ?? null }
  if (crm.kind === 'dynamics') {
    return {
      kind: 'dynamics', ...common, authorityUrl: crm.authorityUrl ?? 'https://login.microsoftonline.com',
      tenant: certain(crm.tenant, 'crm.tenant'), clientSecret: certain(crm.clientSecret, 'crm.clientSecret'),
    }
  }
  const credential: SalesforceConfig['credential'] = crm.clientSecret === undefined
    ? { kind: 'private-key', privateKey: certain(files.get('crm.privateKey'), 'crm.privateKey'), username: certain(crm.username, 'crm.username') }
    : { kind: 'client-secret', clientSecret: crm.clientSecret }
  return { kind: 'salesforce', ...common, credential }
}

function buildSync(sync: FileSettings['sync']): SyncConfig {
  return {
    flows: sync.flows, leads: sync.leads, pollMs: sync.poll, sweepMs: sync.sweep, since: sync.since ?? null, openOnly: sync.open,
    irreversible: sync.irreversible, approval: sync.approval, owner: sync.owner ?? null, checkMarkInName: sync.checkMarkInName,
  }
}

function buildNotices({ email, teams, slack, crmTask, quietHours, timeZone }: FileSettings['notices']): NoticesConfig {
  return { email: email ?? null, teams: teams ?? null, slack: slack ?? null, crmTask, quietHours: quietHours ?? null, timeZone }
}

function stateFolderOf(store: StoreConfig, environment: string, { env, home }: Surroundings): string {
  if (store.kind === 'embedded') return store.folder
  const stateHome = env['XDG_STATE_HOME'] || (env['HOME'] ? join(env['HOME'], '.local', 'state') : '')
  // The environment's name may hold anything; as a folder's name it must not climb out.
  return stateHome === '' ? join(home, '.cosell') : join(stateHome, 'cosell', environment.replace(/[^A-Za-z0-9_-]/g, '-'))
}

/** Gives the checked settings the shape the rest of the program reads. */
export function buildConfig(settings: FileSettings, around: Surroundings): Config {
  const store: StoreConfig = isPostgres(settings.store) ? { kind: 'postgres', url: settings.store } : { kind: 'embedded', folder: around.resolvePath(settings.store) }
  const shared = stateFolderOf(store, settings.environment, around)
  const stateFolder = around.tenant === null ? shared : join(shared, 'tenants', around.tenant)
  const sealPath = settings.sealKeyFile === undefined ? join(shared, 'seal.key') : around.resolvePath(settings.sealKeyFile)
  const seal: SealConfig = settings.sealKey === undefined ? { kind: 'file', path: sealPath } : { kind: 'given', key: settings.sealKey, previous: settings.sealKeyPrevious ?? null }
  return {
    file: around.file, folder: around.folder, stateFolder, environment: settings.environment, tenant: around.tenant, store,
    server: buildServer(settings.server),
    partnerCenter: buildPartnerCenter(settings.partnerCenter, around.files),
    crm: buildCrm(settings.crm, around.files),
    sync: buildSync(settings.sync),
    mapping: around.files.get('mapping') ?? null,
    taxonomy: around.files.get('taxonomy') ?? null,
    proxy: settings.proxy ?? null,
    caBundle: around.files.get('caBundle') ?? null,
    seal, keepLedgerMs: settings.keepLedger ?? null, notices: buildNotices(settings.notices), log: settings.log,
  }
}
