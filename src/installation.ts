import type { Config } from './config/index.js'
import { assembleOver, storeUrl, tenantOf, type App, type AppOptions, type Role } from './assemble.js'
import { Fault, toFault } from './core/fault.js'
import { openDoors, type Doors } from './server/gate.js'
import { listenInFront, metricsOfTenants, type Front, type TenantDoor } from './server/front.js'
import type { Readiness } from './server/health.js'
import { observe, type Observer } from './server/observe.js'
import { openStores } from './store/index.js'

/** A tenant's configuration with the log and the secrets that are its own. */
export type Member = { readonly config: Config } & Pick<AppOptions, 'log' | 'plant'>

/** Several partner tenants in one process, over one store and behind one address, each with an app of its own. */
export interface Installation {
  readonly apps: ReadonlyMap<string, App>
  /** Serves and works, where somebody opened the doors already behind these. */
  start(role: Role, doors?: Doors): Promise<{ readonly address: string | null }>
  stop(): Promise<void>
}

/**
 * Puts together every tenant, or none: a tenant that cannot be served is said before any of them works.
 * @throws Fault that names the tenant.
 */
export async function assembleTenants(
  members: readonly Member[],
  shared: Pick<AppOptions, 'clock' | 'version' | 'adopt' | 'doing'>,
): Promise<Installation> {
  const [first] = members
  if (first === undefined) throw new Fault('misconfigured', 'The installation names no tenant.', { remedy: 'List them under "tenants".' })
  const { clock, doing } = shared
  const names = members.map(({ config }) => tenantOf(config))
  const stores = await openStores({ url: storeUrl(first.config), now: () => clock.now(), doing }, names)
  const apps = new Map<string, App>()
  try {
    for (const { config, log, plant } of members) {
      const store = stores.get(tenantOf(config))
      if (store === undefined) throw new Fault('bug', `The store of ${tenantOf(config)} was not opened.`, { remedy: 'Please report this.' })
      apps.set(tenantOf(config), await named(config, () => assembleOver(store, config, { ...shared, log, plant, demo: null })))
    }
  } catch (error) {
    for (const app of apps.values()) await app.stop()
    for (const store of stores.values()) await store.close()
    throw error
  }
  return running(members, apps, clock)
}

async function named<T>(config: Config, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    const fault = toFault(cause)
    throw new Fault(fault.kind, `Tenant ${tenantOf(config)}: ${fault.message}`, { remedy: fault.remedy, cause })
  }
}

/** Figures and health of all tenants together, where the configuration gives them an address: ready is only who serves every one of them. */
async function observed({ observe: gate }: Doors, apps: ReadonlyMap<string, App>, clock: AppOptions['clock']): Promise<Observer | null> {
  const [first] = apps.values()
  if (gate === null || first === undefined) return null
  const metrics = metricsOfTenants([...apps].map(([name, app]) => ({ name, metrics: app.metrics })))
  const ready = (): Readiness => [...apps.values()].map((app) => app.ready()).find((one) => one !== 'ready') ?? 'ready'
  return observe({ store: first.store, clock, metrics, ready }, gate)
}

function running(members: readonly Member[], apps: ReadonlyMap<string, App>, clock: AppOptions['clock']): Installation {
  let front: Front | null = null
  let observer: Observer | null = null
  let opened: Doors | null = null
  let stopped: Promise<void> | null = null
  const stop = async (): Promise<void> => {
    // The front stays until everyone has finished: whoever calls meanwhile is told to come again, not that nobody is there.
    try {
      const ends = await Promise.allSettled([...apps.values()].map((app) => app.stop()))
      for (const end of ends) if (end.status === 'rejected') throw end.reason
    } finally {
      await front?.close()
      await observer?.close()
      await opened?.close()
    }
  }
  return {
    apps,
    async start(role, given) {
      const [first] = members
      if (first === undefined) return { address: null }
      opened = given ?? (await openDoors({ listen: role === 'worker' ? null : first.config.server.listen, observe: first.config.server.observe }))
      observer = await observed(opened, apps, clock)
      const doors: TenantDoor[] = []
      for (const { config } of members) {
        const app = apps.get(tenantOf(config))
        const { handle } = (await app?.start(role)) ?? { handle: null }
        if (app === undefined || handle === null) continue
        const { host } = new URL(config.server.publicUrl ?? 'http://unnamed')
        doors.push({ name: tenantOf(config), host, handle, ready: () => app.ready(), metrics: app.metrics })
      }
      const [app] = apps.values() // One store is under all of them.
      if (opened.main === null || app === undefined) return { address: null }
      front = await listenInFront(doors, opened.main, { store: app.store, clock })
      return { address: front.address }
    },
    stop: () => (stopped ??= stop()),
  }
}
