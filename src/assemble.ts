import { join } from 'node:path'
import { Registry } from 'prom-client'
import { realRandom } from './clock.js'
import { commonClock, type CommonClock } from './common-clock.js'
import type { Config } from './config/index.js'
import { webhookRegistration } from './adapters/partner-center/registration.js'
import { doctor } from './connections/doctor.js'
import { administration } from './connections/administration.js'
import { callBook } from './connections/call-book.js'
import { inForce } from './connections/in-force.js'
import { draftsOf, printOf, usedColumns } from './connections/mapping.js'
import type { ConnectionParts } from './connections/parts.js'
import { taxonomyDesk } from './connections/taxonomy.js'
import { connectPartnerCenter } from './connections/partner-center.js'
import { settingsDesk } from './connections/settings.js'
import { settingsOfFile, underSettings } from './connections/settings-document.js'
import { bookOver, identityOf, socketNameOf, storeUrl, tenantOf } from './connections/store-of.js'
import { displacedBefore, isOurs, relayTarget } from './connections/webhook-wanted.js'
import { mendsItself } from './core/fault.js'
import type { Clock } from './core/ports.js'
import { asLinkId } from './core/ref.js'
import { LEASE_MS, type Engine } from './engine/engine.js'
import { markRepaired, markRetrying, markUnderColumns, markUnderNewRows, markUnderSwitches } from './engine/mark-again.js'
import { mappingDesk } from './engine/mapping-desk.js'
import { assertIdentity } from './engine/identity.js'
import { referralsKnown } from './engine/referrals-known.js'
import { schedule, sweepTurns, type Schedule } from './engine/schedule.js'
import { service } from './engine/service.js'
import type { Service } from './engine/views.js'
import { worker } from './engine/worker.js'
import type { Logger } from './log.js'
import { metricsOf } from './metrics.js'
import { otelTracing } from './tracing.js'
import { fetchOver } from './remote/fetch.js'
import { undiciTransport } from './remote/transport.js'
import { witnessed } from './remote/witness.js'
import { listen, type RunningServer, type ServerDeps } from './server/app.js'
import { noDoors, openDoors, type Doing, type Doors } from './server/gate.js'
import type { Readiness } from './server/health.js'
import { observe, type Observer } from './server/observe.js'
import { openStore, sealOf, type OpenStore, type Seal } from './store/index.js'
import { noticeBoard, viewOf } from './watch/notice.js'
import { guardAsker } from './watch/connection-guard.js'
import { acceptColumns } from './watch/schema-guard.js'
import { relayOf } from './watch/relay.js'
import { watchTurns } from './watch/turns.js'
import { guarded } from './guarded.js'
import { timeOrderedId } from './ids.js'
import { lastHeard } from './last-heard.js'
import { upkeepOf } from './upkeep.js'

export { createDemo, type Demo } from './demo.js'
export {
  checkBackup,
  countInLedger,
  eraseFromLedger,
  heldDeals,
  openStores,
  restoreBackup,
  rotateSecrets,
  sealedSecrets,
  writeBackup,
} from './store/index.js'
export { readCatalogueFile } from './connections/catalogue-file.js'
export { crmPackage } from './connections/crm-package.js'
export { trigger } from './connections/trigger.js'
export { undiciTransport } from './remote/transport.js'
export type { AdministrationDesk } from './connections/administration.js'
export { storeUrl, tenantOf } from './connections/store-of.js'
export { underSettings } from './connections/settings-document.js'
export type { Foreseen } from './engine/versions.js'
export type { Administration, ConnectionView, WebhookView } from './engine/administration.js'
export { openDoors, type Doing, type Doors } from './server/gate.js'
export { fitsSocket } from './server/local-socket.js'
export { STORE_TAKEN } from './store/index.js'
export { remoteService } from './server/remote-service.js'
export { OPERATIONS, parametersOf } from './server/operations.js'
export type { DealView, MatchReport, ObserveReport, Overview, PlanDocument, PlanItem, Proposal, Service, SettingsSummary, SyncSummary } from './engine/views.js'

export interface AppOptions {
  /** Where people of the simulated systems act; null: not a demo. */
  readonly demo: { readonly desk: string } | null
  readonly clock: Clock
  readonly log: Logger
  readonly version: string
  /** A person has read what taking over a store of other systems means. */
  readonly adopt: boolean
  /** Told about every secret that is learnt at run time, so that the log never shows it. */
  readonly plant: (secret: string) => void
  /** Told what is being done, step by step, until it is put together. Absent: nobody asks. */
  readonly doing?: (what: Doing) => void
}

export type Role = 'all' | 'server' | 'worker'

/** The whole service, put together and not yet doing anything on its own. */
export interface App {
  readonly service: Service
  readonly store: OpenStore
  readonly seal: Seal
  readonly metrics: Registry
  ready(): Readiness
  /** Begins to serve and to work, where somebody opened the doors already behind these. Resolves when it is ready. */
  start(role: Role, doors?: Doors): Promise<{ readonly address: string | null; readonly handle: RunningServer['handle'] | null }>
  /** Where figures and health are told besides, e.g. `http://127.0.0.1:9464`; null: nowhere, or told for all tenants together. */
  observed(): string | null
  /** Stops taking, finishes or hands back what is under way, closes everything. */
  stop(): Promise<void>
}

const stopGraceMs = 8_000 // Two seconds of the ten that a stop may take are for what then has to be handed back.
const tidyEveryMs = 3_600_000
const checkpointEveryMs = 3_600_000
const callsNotedMs = 60_000
const clocksComparedMs = 30_000 // Half of a lease: what a clock that jumps could spoil.
const settingsFreshMs = 2_000 // A switch set in another process is seen within two seconds.

export const socketPath = (config: Config): string => join(config.stateFolder, socketNameOf(config))
/** As people and log lines read it. */
export const environmentOf = ({ environment, tenant }: Config): string => (tenant === null ? environment : `${environment} · ${tenant}`)

/** Builds every part from the configuration. This is the only place that knows which ones there are. */
export async function assemble(config: Config, options: AppOptions): Promise<App> {
  const { clock, doing } = options
  return assembleOver(await openStore({ url: storeUrl(config), now: () => clock.now(), doing, tenant: tenantOf(config) }), config, options)
}

/** The same over a store that is open already, which the app closes. Of several tenants each has its own; a front receives their requests. */
export async function assembleOver(store: OpenStore, config: Config, { clock: own, ...others }: AppOptions): Promise<App> {
  const clock = commonClock(own, () => store.timeThere(), (text, aheadMs) => others.log.warn({ ahead_ms: aheadMs }, text))
  const options = { ...others, clock }
  options.doing?.('reading')
  try {
    await clock.compare()
    await assertIdentity(
      store,
      identityOf(config),
      { adopt: options.adopt, now: clock.now() },
    )
    const seal = sealOf(config.seal)
    return await build(config, options, store, seal)
  } catch (error) {
    await store.close()
    throw error
  }
}

// eslint-disable-next-line max-lines-per-function -- one list of parts that are handed to each other; split, every piece would take them all as arguments
async function build(config: Config, options: AppOptions & { readonly clock: CommonClock }, store: OpenStore, seal: Seal): Promise<App> {
  const { log } = options
  const { clock } = options
  const tracing = otelTracing()
  const metrics = metricsOf(new Registry(), {
    store,
    now: () => clock.now(),
    version: options.version,
    notices: () => board.open(),
  })
  const transport = undiciTransport({ proxy: config.proxy, ca: config.caBundle?.text ?? null })
  const calls = callBook(store, clock)
  const parts: ConnectionParts = {
    transport,
    clock,
    random: realRandom,
    store,
    seal,
    plant: options.plant,
    tracing,
    onCall: (call) => {
      metrics.called(call)
      calls.called(call)
    },
  }
  const warn: Engine['warn'] = (message, details) => log.warn(details, message)
  const board = noticeBoard(store, clock, warn)
  const book = bookOver(config, { store, clock })
  await book.readFile(settingsOfFile(config))
  const held = await inForce(config, parts, { book, warn })
  const lookAgain = async (): Promise<void> => {
    await markUnderNewRows({ store, clock }, printOf(held.settings().mapping))
    await markUnderSwitches({ store, clock }, held.policy().policy)
  }
  await lookAgain()
  const { crm } = held
  const partner = connectPartnerCenter(config.partnerCenter, parts, () => held.settings().mapping.timeZone)
  const freshness = setInterval(() => void held.refresh().catch(() => undefined), settingsFreshMs) // A store that cannot be read is said by everything else; the last version holds.
  freshness.unref()
  const noting = setInterval(() => void calls.note().catch(() => undefined), callsNotedMs) // Only a display; what could not be noted goes with the next turn.
  noting.unref()
  const comparing = setInterval(() => void clock.compare(), clocksComparedMs)
  comparing.unref()
  const askGuard = guardAsker(store, clock)
  const engine: Engine = {
    store,
    clock,
    random: realRandom,
    newId: () => timeOrderedId(clock.now()),
    adapters: {
      partner: partner.adapter,
      get crm() {
        return crm.adapter
      },
    },
    policy: held.policy,
    freshen: held.refresh,
    crmIdFor: crm.idFor,
    referralsKnown: () => referralsKnown(store),
    witness: witnessed,
    leaseMs: LEASE_MS,
    tracing,
    report: (report) => {
      metrics.passed(report)
      askGuard(report.fault, report.attempt)
      const { link, trace, ...line } = report
      const level = report.fault === null || mendsItself(report.fault, report.attempt) ? 'info' : 'warn'
      log[level]({ deal_id: link, ...(trace == null ? {} : { trace_id: trace }), ...line }, 'worked a deal')
    },
    warn,
  }
  let ready: Readiness = 'starting'
  const registration = webhookRegistration({ platform: partner.platform, clock })
  const work = worker(engine)
  const signal = new AbortController()
  const drafts = draftsOf({ config, parts, engine, partner, settings: held.settings })
  const desk = service({
    engine,
    worker: work,
    environment: environmentOf(config),
    versions: book,
    refresh: held.refresh,
    firstSync: { since: config.sync.since, openOnly: config.sync.openOnly },
    rounds: { partner: config.sync.sweepMs, crm: config.sync.pollMs },
    mapping: mappingDesk(drafts, (by) => acceptColumns({ store, board, clock }, by)),
    taxonomy: taxonomyDesk(store, config.taxonomy),
    quotas: calls.show,
    settings: settingsDesk({
      ...{ config, book },
      draftOf: ({ mapping }) => drafts(mapping ?? 'version: 1'),
      refresh: () => held.refresh().then(lookAgain),
    }),
    checks: (asked) =>
      doctor({
        ...{ config, partner, crm, registration, store, clock, transport, nodeVersion: process.version },
        mapping: () => held.settings().mapping, serving: () => ready === 'ready',
      }, asked),
  })
  const admin = administration({ ...parts, config, partner, crm })
  const relay =
    config.partnerCenter.webhook.relayTo.length === 0
      ? null
      : relayOf({ store, clock, transport, board, warn, target: async () => relayTarget(config, await displacedBefore(store)) })
  const watched = watchTurns({
    store,
    clock,
    transport,
    board,
    notices: config.notices,
    ca: config.caBundle?.text ?? null,
    publicUrl: config.server.publicUrl,
    ...guarded({ config, partner, crm, registration, store, registerWebhook: admin.registerWebhook }),
    tasks: { addTask: (task, asked) => crm.tasks.addTask(task, asked) },
    recordOf: async (deal) => (await store.load(asLinkId(deal)))?.ends.crm ?? null,
    relay,
    repaired: () => markRepaired(engine),
    back: () => markRetrying(engine),
    schema: {
      describe: (signal) => crm.adapter.describe({ signal }),
      used: () => ({ version: held.policy().version, columns: usedColumns(held.settings().mapping) }),
      changed: (what) => markUnderColumns(engine, what),
    },
  })
  const turns = schedule(engine, () => [
    ...watched,
    ...sweepTurns(engine, () => ({
      pollMs: config.sync.pollMs,
      sweepMs: config.sync.sweepMs,
      since: config.sync.since,
      openOnly: config.sync.openOnly,
    })),
    { name: 'tidy the store', everyMs: tidyEveryMs, run: () => store.tidy(clock.now(), config.keepLedgerMs) },
    { name: 'sign a checkpoint of the ledger', everyMs: checkpointEveryMs, run: () => store.checkpoint(seal, clock.now()) },
  ], (turn, fault) => {
    metrics.turnFailed(turn, fault)
    askGuard(fault)
  })
  const heard = lastHeard(store, clock)
  const serverDeps: ServerDeps = {
    service: {
      ...desk,
      administration: admin,
      upkeep: upkeepOf({
        ...{ config, store, clock, transport, signal: signal.signal, version: options.version },
        inForce: () => underSettings(config, held.source()),
        deal: (name) => desk.deal(name, { live: false }),
      }),
      notices: async () => (await board.open()).map(viewOf),
    },
    store,
    clock,
    log,
    environment: environmentOf(config),
    version: options.version,
    adminTokens: config.server.adminTokens,
    metrics: metrics.registry,
    tracing,
    ready: () => ready,
    ending: signal.signal,
    inbound: { partnerCenter: partner.inbound, crm: { kind: crm.kind, inbound: crm.inbound } },
    trustedProxies: config.server.trustedProxies,
    publicUrl: config.server.publicUrl,
    signIn: config.server.signIn,
    signInFetch: fetchOver(transport),
    thisMachine: options.demo === null ? 'asks' : 'admin',
    sandboxDesk: options.demo?.desk ?? null,
    foreign: relay === null ? null : { isOurs, keep: relay.keep },
    received: (source, fresh) => {
      metrics.received(source, fresh)
      if (fresh > 0) heard(source)
    },
  }
  return running({
    config,
    clock,
    store,
    seal,
    service: desk,
    worker: work,
    turns,
    clocks: [freshness, noting, comparing],
    transport,
    signal,
    serverDeps,
    setReady: (value) => (ready = value),
  })
}

interface Parts {
  readonly config: Config
  readonly clock: Clock
  readonly store: OpenStore
  readonly seal: Seal
  readonly service: Service
  readonly worker: ReturnType<typeof worker>
  readonly turns: Schedule
  readonly clocks: readonly NodeJS.Timeout[]
  readonly transport: { close(): Promise<void> }
  readonly signal: AbortController
  readonly serverDeps: ServerDeps
  readonly setReady: (value: Readiness) => void
}

function running(parts: Parts): App {
  const servers: RunningServer[] = []
  const opened: Doors[] = []
  let observed: Observer | null = null
  let stopped: Promise<void> | null = null
  const { config, store } = parts
  return {
    service: parts.service,
    store,
    seal: parts.seal,
    metrics: parts.serverDeps.metrics,
    ready: parts.serverDeps.ready,
    async start(role, given) {
      const { listen: address, observe: second } = config.server
      // Of several tenants the installation has the doors, for all of them together.
      const own = config.tenant === null ? { listen: role === 'worker' ? null : address, observe: observed === null ? second : null } : null
      const doors = given ?? (own === null ? noDoors : await openDoors(own))
      opened.push(doors)
      if (doors.observe !== null) observed = await observe(parts.serverDeps, doors.observe)
      if (role !== 'worker') servers.push(await listen(parts.serverDeps, { gate: doors.main, socket: socketPath(config) }))
      if (role !== 'server') {
        // Whatever was wrong may have been mended in between: a secret, a right, an address.
        await markRetrying({ store, clock: parts.clock })
        if (stopped !== null) return { address: null, handle: null }
        parts.worker.start()
        parts.turns.start()
      }
      parts.setReady('ready')
      return { address: servers[0]?.address ?? null, handle: servers[0]?.handle ?? null }
    },
    observed: () => observed?.address ?? null,
    stop: () =>
      (stopped ??= stopAll(parts, servers).finally(async () => {
        await observed?.close()
        for (const doors of opened) await doors.close()
      })),
  }
}

async function stopAll(parts: Parts, servers: readonly RunningServer[]): Promise<void> {
  parts.setReady('draining')
  parts.signal.abort()
  for (const clock of parts.clocks) clearInterval(clock)
  await Promise.all([parts.turns.stop(), parts.worker.stop(stopGraceMs)])
  for (const server of servers) await server.close()
  await parts.transport.close()
  await parts.store.close()
}
