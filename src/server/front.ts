import type { IncomingMessage, ServerResponse } from 'node:http'
import fastify from 'fastify'
import { AggregatorRegistry, Registry } from 'prom-client'
import { processMetrics } from './process-metrics.js'
import type { Gate } from './gate.js'
import { sendReadiness, type Readiness } from './health.js'
import { isLoopbackRequest } from './loopback.js'
import { problem, sendProblem } from './problems.js'
import { readiness, type ReadinessDeps } from './readiness.js'
import { answerUnreadable } from './unrouted.js'

/** One tenant of several, as the front knows it. */
export interface TenantDoor {
  readonly name: string
  /** The host of its public address, with the port where that is not the usual one. */
  readonly host: string
  /** Its whole application: hooks, API, console. */
  readonly handle: (request: IncomingMessage, response: ServerResponse) => void
  readonly ready: () => Readiness
  readonly metrics: Registry
}

export interface Front {
  /** Where it listens, e.g. `http://127.0.0.1:8400`. */
  readonly address: string
  close(): Promise<void>
}

/**
 * One address for several tenants. A request goes to the tenant whose host it asks for, or whose name a hook's path carries, and to no
 * other: each tenant's application has its own sessions, tokens, store and limits, and the front knows nothing of them.
 */
export async function listenInFront(
  doors: readonly TenantDoor[],
  gate: Gate,
  deps: Omit<ReadinessDeps, 'ready'>,
): Promise<Front> {
  const choose = chooser(doors)
  const app = fastify({ logger: false, frameworkErrors: answerUnreadable })
  const metrics = metricsOfTenants(doors)
  for (const path of ['/livez', '/healthz']) app.get(path, () => ({ status: 'ok' }))
  const told = readiness({ ...deps, ready: () => doors.map(({ ready }) => ready()).find((one) => one !== 'ready') ?? 'ready' })
  // How much each tenant has to do is nobody's business here: only whether all are served.
  app.get('/readyz', async (_request, reply) => sendReadiness(reply, await told(), false))
  app.get('/metrics', async (request, reply) => {
    if (!isLoopbackRequest(request)) return sendProblem(reply, deniedMetrics)
    return reply.type(metrics.contentType).send(await metrics.metrics())
  })
  app.setNotFoundHandler((_request, reply) => sendProblem(reply, misdirected))
  await app.ready()
  gate.open((request, response) => {
    const door = choose(request)
    if (door === null) void app.routing(request, response)
    else door.handle(request, response)
  })
  return {
    address: gate.address,
    close: async () => {
      await gate.close()
      await app.close()
    },
  }
}

const misdirected = problem({
  status: 421,
  title: 'Misdirected request',
  detail: 'No tenant of this installation is reached under that address.',
  code: 'misdirected',
  remedy: 'Ask for the host of the tenant\'s server.publicUrl; a reverse proxy must pass the Host header on.',
})
const deniedMetrics = problem({
  status: 403,
  title: 'Only from this machine',
  detail: 'The figures of all tenants together are for the operator of this machine.',
  code: 'forbidden',
  remedy: 'Ask each tenant\'s own /metrics with its token.',
})

const tenantInPath = /^\/hooks\/([a-z-]+)\/([a-z][a-z0-9-]*)(?=[/?]|$)/

/** A hook's address may name its tenant, on the tenant's own host or on one that belongs to no tenant; on another tenant's host it leads nowhere. */
function chooser(doors: readonly TenantDoor[]): (request: IncomingMessage) => TenantDoor | null {
  const byHost = new Map(doors.map((door) => [door.host.toLowerCase(), door]))
  const byName = new Map(doors.map((door) => [door.name, door]))
  return (request) => {
    const asked = hostsOf(request.headers.host).map((host) => byHost.get(host)).find((door) => door !== undefined) ?? null
    const [prefix, kind, name] = tenantInPath.exec(request.url ?? '') ?? []
    const named = name === undefined ? undefined : byName.get(name)
    if (prefix === undefined || named === undefined) return asked
    if (asked !== null && asked !== named) return null
    request.url = `/hooks/${kind ?? ''}${(request.url ?? '').slice(prefix.length)}`
    return named
  }
}

/** The host as addresses write it: the usual port of either scheme left out. */
function hostsOf(header: string | undefined): readonly string[] {
  if (header === undefined) return []
  return ['https', 'http'].flatMap((scheme) => (URL.canParse(`${scheme}://${header}`) ? [new URL(`${scheme}://${header}`).host] : []))
}

/** The figures of one process that serves several tenants. */
export function metricsOfTenants(tenants: readonly Pick<TenantDoor, 'name' | 'metrics'>[]): Pick<Registry, 'contentType' | 'metrics'> {
  const own = new Registry()
  processMetrics(own)
  return { contentType: own.contentType, metrics: () => everyMetric(own, tenants) }
}

/** Every tenant's own figures, told apart by a label, beside those of the process. */
async function everyMetric(own: Registry, doors: readonly Pick<TenantDoor, 'name' | 'metrics'>[]): Promise<string> {
  const of = await Promise.all(
    doors.map(async ({ name, metrics }) => {
      const all = await metrics.getMetricsAsJSON()
      return all
        .filter((metric) => metric.name.startsWith('cosell_'))
        .map((metric) => ({ ...metric, values: metric.values.map((value) => ({ ...value, labels: { ...value.labels, tenant: name } })) }))
    }),
  )
  return `${await own.metrics()}\n${await AggregatorRegistry.aggregate(of).metrics()}`
}
