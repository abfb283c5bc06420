import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { parse as parseYaml } from 'yaml'
import { dynamicsAdapter, type DynamicsAdapter } from './adapters/dynamics/adapter.js'
import { dynamicsInbound } from './adapters/dynamics/inbound.js'
import { DYNAMICS_PROFILE } from './adapters/dynamics/profile.js'
import { guidOf } from './adapters/dynamics/guid.js'
import { partnerCenterAdapter } from './adapters/partner-center/adapter.js'
import { signatureVerifier } from './adapters/partner-center/certificates.js'
import { partnerCenterInbound } from './adapters/partner-center/inbound.js'
import { PlatformApi } from './adapters/partner-center/platform.js'
import { realClock, realRandom } from './clock.js'
import type { Config } from './config/index.js'
import { Fault } from './core/fault.js'
import { effectiveMapping, fieldPolicies } from './core/mapping.js'
import { parseMapping } from './core/mapping-document.js'
import type { Policy } from './core/policy.js'
import { customerGuard } from './engine/customer-guard.js'
import { LEASE_MS, type Engine } from './engine/engine.js'
import { readFlows } from './engine/flows.js'
import { assertIdentity } from './engine/identity.js'
import { schedule, sweepTurns, type Schedule } from './engine/schedule.js'
import { service } from './engine/service.js'
import type { Service } from './engine/views.js'
import { worker } from './engine/worker.js'
import type { Logger } from './log.js'
import { metricsOf } from './metrics.js'
import { pace } from './remote/pace.js'
import { remote, type CallReport } from './remote/send.js'
import { clientCredentials, delegated, type RefreshTokens, type TokenEndpoint } from './remote/tokens.js'
import { undiciTransport } from './remote/transport.js'
import { witnessed } from './remote/witness.js'
import { listenSocket, listenTcp, type RunningServer, type ServerDeps } from './server/app.js'
import { openStore, sealOf, type OpenStore, type Seal } from './store/index.js'

export { createDemo, type Demo } from './demo.js'
export { checkBackup, openStore, restoreBackup, rotateSecrets, writeBackup } from './store/index.js'
export { remoteService } from './server/remote-service.js'
export { OPERATIONS, parametersOf } from './server/operations.js'
export type { DealView, PlanDocument, Service, SyncSummary } from './engine/views.js'

export interface AppOptions {
  readonly log: Logger
  readonly version: string
  /** A person has read what taking over a store of other systems means. */
  readonly adopt: boolean
  /** Told about every secret that is learnt at run time, so that the log never shows it. */
  readonly plant: (secret: string) => void
}

/** The whole service, put together and not yet doing anything on its own. */
export interface App {
  readonly service: Service
  readonly store: OpenStore
  readonly seal: Seal
  /** Begins to serve and to work. Resolves when it is ready. */
  start(role: 'all' | 'server' | 'worker'): Promise<{ readonly address: string | null }>
  /** Stops taking, finishes or hands back what is under way, closes everything. */
  stop(): Promise<void>
}

const stopGraceMs = 10_000
const tidyEveryMs = 3_600_000
const policyFreshMs = 2_000 // A switch set in another process is seen within two seconds.

export const socketPath = (config: Config): string => join(config.stateFolder, 'cosell.sock')
/** The address of the store: a folder, or postgres://… */
export const storeUrl = ({ store }: Config): string => (store.kind === 'postgres' ? store.url : store.folder)

/** Builds every part from the configuration. This is the only place that knows which ones there are. */
export async function assemble(config: Config, options: AppOptions): Promise<App> {
  if (config.crm.kind !== 'dynamics')
    throw new Fault('misconfigured', 'This version speaks to Dynamics 365 only.', { remedy: 'Set crm.kind to dynamics.' })
  const store = await openStore({ url: storeUrl(config), now: () => realClock.now() })
  try {
    await assertIdentity(
      store,
      { partnerTenant: config.partnerCenter.tenant, crm: config.crm.url },
      { adopt: options.adopt, now: realClock.now() },
    )
    const seal = sealOf(config.seal)
    return await build(config, options, store, seal)
  } catch (error) {
    await store.close()
    throw error
  }
}

// eslint-disable-next-line max-lines-per-function -- one list of parts that are handed to each other; split, every piece would take them all as arguments
async function build(config: Config, options: AppOptions, store: OpenStore, seal: Seal): Promise<App> {
  const { log } = options
  const metrics = metricsOf(new Registry(), store)
  const transport = undiciTransport({ proxy: config.proxy, ca: config.caBundle?.text ?? null })
  const remotes = remotesOf(config, { transport, store, seal, plant: options.plant, onCall: metrics.called })
  const mapping = effectiveMapping(
    DYNAMICS_PROFILE,
    parseMapping(config.mapping === null ? { version: 1 } : parseYaml(config.mapping.text)),
  )
  const settings = { mapping, owner: config.sync.owner, checkMarkInName: config.sync.checkMarkInName }
  const crm: DynamicsAdapter = dynamicsAdapter({
    url: config.crm.url,
    send: remotes.crm,
    clock: realClock,
    settings: () => settings,
    customerGuard: customerGuard(store, realClock, randomUUID),
  })
  const partner = partnerCenterAdapter({
    send: remotes.referrals,
    url: config.partnerCenter.referralsUrl,
    platform: remotes.platform,
    clock: realClock,
    partnerId: config.partnerCenter.partnerId,
  })
  const policy = await livePolicy(config, store, fieldPolicies(mapping))
  const engine: Engine = {
    store,
    clock: realClock,
    random: realRandom,
    newId: randomUUID,
    adapters: { partner, crm },
    policy: policy.now,
    crmIdFor: (referralId) => guidOf(`referral:${referralId}`),
    referralsKnown: async () => (await store.getValue('swept.partner')) !== null,
    witness: witnessed,
    leaseMs: LEASE_MS,
    report: (report) => {
      metrics.passed(report)
      log[report.fault === null ? 'info' : 'warn']({ deal_id: report.link, ...report }, 'worked a deal')
    },
    warn: (message, details) => log.warn(details, message),
  }
  const work = worker(engine)
  const signal = new AbortController()
  const desk = service({
    engine,
    worker: work,
    environment: config.environment,
    fileFlows: () => config.sync.flows,
    refresh: policy.refresh,
    firstSync: { since: config.sync.since, openOnly: config.sync.openOnly },
    checks: async (asked) => [...(await partner.checks({ signal: asked })), ...(await crm.checks({ signal: asked }))],
  })
  const turns = schedule(engine, () => [
    ...sweepTurns(engine, () => ({
      pollMs: config.sync.pollMs,
      sweepMs: config.sync.sweepMs,
      since: config.sync.since,
      openOnly: config.sync.openOnly,
    })),
    { name: 'tidy the store', everyMs: tidyEveryMs, run: () => store.tidy(realClock.now()) },
  ])
  let ready = false
  const serverDeps: ServerDeps = {
    service: desk,
    store,
    clock: realClock,
    log,
    environment: config.environment,
    version: options.version,
    adminTokens: config.server.adminTokens,
    metrics: metrics.registry,
    ready: () => ready,
    partnerCenter: partnerCenterInbound(
      signatureVerifier({
        transport,
        clock: realClock,
        hosts: config.partnerCenter.webhook.certificateHosts,
        trustAnchors: config.partnerCenter.webhook.trustAnchors?.text ?? null,
      }),
    ),
    crm: { kind: 'dynamics', inbound: dynamicsInbound({ key: config.crm.webhookKey, solutionTable: () => crm.solutionTable() }) },
    received: (source, fresh) => {
      metrics.received(source, fresh)
      if (fresh > 0) void store.setValue('event.last', realClock.now(), { expect: 'any', now: realClock.now() }).catch(() => undefined) // Only a display; the event itself is stored.
    },
  }
  return running({
    config,
    store,
    seal,
    service: desk,
    worker: work,
    turns,
    policy,
    crm,
    transport,
    signal,
    serverDeps,
    setReady: (value) => (ready = value),
  })
}

interface Parts {
  readonly config: Config
  readonly store: OpenStore
  readonly seal: Seal
  readonly service: Service
  readonly worker: ReturnType<typeof worker>
  readonly turns: Schedule
  readonly policy: { readonly stop: () => void }
  readonly crm: DynamicsAdapter
  readonly transport: { close(): Promise<void> }
  readonly signal: AbortController
  readonly serverDeps: ServerDeps
  readonly setReady: (value: boolean) => void
}

function running(parts: Parts): App {
  const servers: RunningServer[] = []
  const { config, store } = parts
  return {
    service: parts.service,
    store,
    seal: parts.seal,
    async start(role) {
      let address: string | null = null
      if (role !== 'worker') {
        servers.push(await listenTcp(parts.serverDeps, config.server.listen))
        address = servers[0]?.address ?? null
        servers.push(await listenSocket(parts.serverDeps, socketPath(config)))
      }
      if (role !== 'server') {
        parts.worker.start()
        parts.turns.start()
      }
      parts.setReady(true)
      return { address }
    },
    async stop() {
      parts.setReady(false)
      parts.signal.abort()
      parts.policy.stop()
      await parts.turns.stop()
      await parts.worker.stop(stopGraceMs)
      for (const server of servers) await server.close()
      await parts.transport.close()
      await store.close()
    },
  }
}

/** The policy in force: the file's, with the flow switches that were set by command. Read anew every moment, because another process may set one. */
async function livePolicy(
  config: Config,
  store: OpenStore,
  fields: Policy['fields'],
): Promise<{ now: Engine['policy']; refresh: () => Promise<void>; stop: () => void }> {
  const { leads, irreversible, owner, checkMarkInName } = config.sync
  let policy: Policy = { fields, leads, irreversible, owner, checkMarkInName, flows: config.sync.flows }
  const refresh = async (): Promise<void> => {
    const flows = await readFlows(store, config.sync.flows)
    policy = { ...policy, flows: Object.fromEntries(flows.map(({ flow, value }) => [flow, value])) as Policy['flows'] } // readFlows names every flow
  }
  await refresh()
  const timer = setInterval(() => void refresh().catch(() => undefined), policyFreshMs) // A store that cannot be read is said by everything else; the last policy holds.
  timer.unref()
  return { now: () => ({ policy, version: 1 }), refresh, stop: () => clearInterval(timer) }
}

interface RemoteParts {
  readonly transport: ReturnType<typeof undiciTransport>
  readonly store: OpenStore
  readonly seal: Seal
  readonly plant: (secret: string) => void
  readonly onCall: (report: CallReport) => void
}

// eslint-disable-next-line max-lines-per-function -- one list of connections, each a few lines of settings
function remotesOf(config: Config, parts: RemoteParts) {
  const { partnerCenter, crm } = config
  if (crm.kind !== 'dynamics')
    throw new Fault('misconfigured', 'This version speaks to Dynamics 365 only.', { remedy: 'Set crm.kind to dynamics.' })
  const common = { transport: parts.transport, clock: realClock, random: realRandom, newId: randomUUID, onCall: parts.onCall }
  const entra = (authority: string, tenant: string): string =>
    `${authority.replace(/\/+$/, '')}/${encodeURIComponent(tenant)}/oauth2/v2.0/token`
  const partnerEndpoint: TokenEndpoint = {
    transport: parts.transport,
    clock: realClock,
    name: 'Partner Center',
    repair: 'cosell connect partner-center',
    url: entra(partnerCenter.authorityUrl, partnerCenter.tenant),
  }
  const tokens = refreshTokens(config, parts)
  const forPartner = (audience: string) =>
    delegated(partnerEndpoint, {
      clientId: partnerCenter.clientId,
      clientSecret: partnerCenter.clientSecret,
      scope: `${audience}/.default offline_access`,
      tokens,
    })
  const partnerPace = pace({ clock: realClock, inFlightMost: 10, requestsPerSecond: partnerCenter.requestsPerSecond })
  const partnerHeaders = (id: string): Record<string, string> => ({ 'client-request-id': id, 'MS-CorrelationId': id })
  const referrals = remote({
    ...common,
    name: 'Partner Center',
    hosts: [hostOf(partnerCenter.referralsUrl)],
    pace: partnerPace,
    token: forPartner('https://api.partner.microsoft.com'),
    correlation: partnerHeaders,
  })
  const platformSend = remote({
    ...common,
    name: 'Partner Center',
    hosts: [hostOf(partnerCenter.platformUrl)],
    pace: partnerPace,
    token: forPartner('https://api.partnercenter.microsoft.com'),
    correlation: partnerHeaders,
  })
  const crmUrl = crm.url.replace(/\/+$/, '')
  const crmEndpoint: TokenEndpoint = {
    transport: parts.transport,
    clock: realClock,
    name: 'Dynamics 365',
    repair: 'cosell connect crm',
    url: entra(crm.authorityUrl, crm.tenant),
  }
  return {
    referrals,
    platform: new PlatformApi({ url: partnerCenter.platformUrl, send: platformSend, now: () => realClock.now(), newId: randomUUID }),
    crm: remote({
      ...common,
      name: 'Dynamics 365',
      hosts: [hostOf(crmUrl)],
      pace: pace({ clock: realClock, inFlightMost: 10, requestsPerSecond: 0 }),
      token: clientCredentials(crmEndpoint, { clientId: crm.clientId, clientSecret: crm.clientSecret, scope: `${crmUrl}/.default` }),
      correlation: (id) => ({ 'x-ms-client-request-id': id }),
    }),
  }
}
const hostOf = (url: string): string => new URL(url).host

const tokenName = 'token.partner-center'
const renewHoldMs = 60_000

/** The refresh token: sealed in the store once somebody signed in, else the configuration's. One renewal at a time among all workers. */
function refreshTokens(config: Config, { store, seal, plant }: RemoteParts): RefreshTokens {
  const claim = 'token renewal'
  return {
    async read() {
      const stored = await store.getValue<{ sealed: string; seed: string | null }>(tokenName)
      const seed = config.partnerCenter.refreshToken
      // A token in the configuration that is not the one we started from was put there by a person: it is newer.
      const usable = stored !== null && (seed === null || stored.value.seed === null || seal.open(stored.value.seed) === seed)
      const token = usable ? seal.open(stored.value.sealed) : seed
      if (token !== null) plant(token)
      return token
    },
    async write(token) {
      plant(token)
      const seed = config.partnerCenter.refreshToken
      await store.setValue(
        tokenName,
        { sealed: seal.close(token), seed: seed === null ? null : seal.close(seed) },
        { expect: 'any', now: realClock.now() },
      )
    },
    async exclusively(work) {
      const holder = randomUUID()
      const untilMs = realClock.now() + renewHoldMs
      while (!(await store.claim(claim, { token: holder, forMs: renewHoldMs, now: realClock.now() })) && realClock.now() < untilMs)
        await realClock.sleep(100)
      try {
        return await work()
      } finally {
        await store.unclaim(claim, holder)
      }
    },
  }
}
