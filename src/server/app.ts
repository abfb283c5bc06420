import { setMaxListeners } from 'node:events'
import cookie from '@fastify/cookie'
import { letFinish, limitRate, refuseUntidy } from './limits.js'
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { isFault } from '../core/fault.js'
import type { Clock } from '../core/ports.js'
import { guard, methodsAt, watchRoutes, type ListedRoute } from './access.js'
import { authenticator } from './auth.js'
import { consoleRoutes } from './console.js'
import { describeApi } from './docs.js'
import { downloads } from './downloads.js'
import { eventStreams } from './events.js'
import type { Gate, Handle } from './gate.js'
import { health, type HealthDeps } from './health.js'
import { hooks, type HookDeps } from './hooks.js'
import { localSocket } from './local-socket.js'
import { OPERATIONS, parametersOf, type Offered, type Operation } from './operations.js'
import { flawsOf, malformed, notNow, problem, problemOf, Refusal, sendProblem } from './problems.js'
import { sandboxDesk } from './sandbox-desk.js'
import { createSessions } from './sessions.js'
import { connectRoute } from './connect-route.js'
import { sessionRoutes } from './session-routes.js'
import { signInRoutes, type SignInSettings } from './sign-in.js'
import { answerUnreadable, everyAnswer } from './unrouted.js'

export interface ServerDeps extends HookDeps, HealthDeps {
  readonly metrics: HookDeps['metrics']
  readonly clock: Clock
  readonly service: Offered
  readonly environment: string
  readonly version: string
  /** Aborted once the service stops: what somebody waits for ends where it is. */
  readonly ending: AbortSignal
  readonly adminTokens: readonly string[]
  readonly trustedProxies: readonly string[]
  /** The address people use; null: the one the service listens on. */
  readonly publicUrl: string | null
  readonly signIn: Omit<SignInSettings, 'fetch'> | null
  /** How calls to the provider leave; null: the runtime's own way. */
  readonly signInFetch: SignInSettings['fetch']
  /** `admin`: whoever sits at this machine may do everything. Only for a demo, whose systems are all simulated. */
  readonly thisMachine: 'asks' | 'admin'
  /** Where the simulated systems of a demo take people's acts; null elsewhere. */
  readonly sandboxDesk: string | null
  readonly store: HookDeps['store'] & HealthDeps['store'] & Parameters<typeof eventStreams>[1]['store']
}

export interface RunningServer {
  /** Where it listens, e.g. `http://127.0.0.1:8400`; null behind a front. */
  readonly address: string | null
  /** Answers a request that somebody else has received. */
  readonly handle: Handle
  /** Takes no more; what is under way is answered. */
  close(): Promise<void>
}

const apiBytesMost = 20 * 1024 * 1024 // A plan of many thousand deals that is applied.
const parameterMost = 16 * 1024 // As long as all headers may be: what a part of the path holds is judged by whoever takes it, not by its length.

export interface BuiltApp {
  readonly app: FastifyInstance
  readonly routes: readonly ListedRoute[]
  /** Listens on the owner-only socket beside the store. @returns why not, where it cannot. */
  listenLocally(path: string): Promise<string | null>
  /** Ends what would keep the server open for ever. */
  endStreams(): Promise<void>
}

/** The framework with our limits; what never reaches a route is answered as everything else is. */
const bareApp = (trustedProxies: readonly string[]): FastifyInstance =>
  fastify({
    bodyLimit: apiBytesMost,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    logger: false,
    return503OnClosing: false, // Ours says when to come again; what is under way ends before the store closes.
    routerOptions: { maxParamLength: parameterMost },
    frameworkErrors: answerUnreadable,
  })

/**
 * The HTTP application, which listens nowhere itself: `address` is where it is reached. Denies by default: a route that does not say who may
 * use it stops the start.
 */
export async function createApp(deps: ServerDeps, address: string): Promise<BuiltApp> {
  const app = bareApp(deps.trustedProxies)
  // A text is no JSON: it is refused as such and not as an object without members.
  app.removeContentTypeParser('text/plain')
  const { routes } = watchRoutes(app)
  const local = localSocket((request, response) => app.routing(request, response))
  const origin = (): string => (deps.publicUrl ?? address).replace(/\/+$/, '')
  const sessions = createSessions(deps.clock, () => (origin().startsWith('https:') ? 'https' : 'http'))
  const authenticate = authenticator({
    adminTokens: deps.adminTokens,
    sessions,
    clock: deps.clock,
    isLocal: (request) => local.owns(request.raw.socket),
    thisMachine: deps.thisMachine,
  })
  await app.register(cookie)
  await limitRate(app, (request) => local.owns(request.raw.socket))
  answers(app, { deps, origin, routes })
  app.addHook('onRequest', (request, _reply, done) => {
    // Before anything else: an event that cannot be worked must stay with its sender.
    if (isHook(request) && deps.ready() !== 'ready') throw notNow('The service is starting or stopping.')
    request.principal = null
    if (!request.is404) guard(request, authenticate)
    done()
  })
  await app.register((scope) => hooks(scope, deps)) // in a scope with parsers of its own: the raw body is verified
  health(app, deps)
  sessionRoutes(app, { sessions, authenticate })
  connectRoute(app, deps.service.administration)
  signInRoutes(app, {
    settings: deps.signIn === null ? null : { ...deps.signIn, fetch: deps.signInFetch },
    sessions,
    clock: deps.clock,
    log: deps.log,
    origin,
  })
  setMaxListeners(0, deps.ending) // Every request that is under way listens to it.
  for (const operation of OPERATIONS) route(app, operation, deps)
  downloads(app, deps)
  const streams = eventStreams(app, deps)
  await describeApi(app, deps.version)
  if (deps.sandboxDesk !== null) sandboxDesk(app, deps.sandboxDesk)
  await consoleRoutes(app, { service: deps.service, signIn: deps.signIn === null ? 'not offered' : 'offered', authenticate })
  return {
    app,
    routes,
    listenLocally: async (path) => {
      const done = await local.listen(path)
      return 'why' in done ? done.why : null
    },
    endStreams: async () => {
      streams.close()
      await local.close()
    },
  }
}

/** What every answer carries, and how errors are told. */
interface Answering {
  readonly deps: ServerDeps
  readonly origin: () => string
  readonly routes: readonly ListedRoute[]
}
function answers(app: FastifyInstance, { deps, origin, routes }: Answering): void {
  app.decorateRequest('principal', null)
  app.setErrorHandler(async (error, request, reply) => {
    const about = problemOf(error, request.id)
    if (about.status === 413) await letFinish(request.raw, deps.clock)
    if (about.status >= 500 && !(error instanceof Refusal)) tellFailure(deps.log, { request_id: request.id, path: pathOf(request) }, error)
    return sendProblem(reply, about, error instanceof Refusal ? error.headers : {})
  })
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request)
    const methods = methodsAt(routes, path)
    const remedy = 'See /api/docs.'
    if (methods.length === 0 || methods.includes(request.method))
      return sendProblem(reply, problem({ status: 404, title: 'Not found', detail: `There is nothing at ${path}.`, code: 'not-found', remedy }))
    const allow = methods.join(', ')
    const detail = `${path} takes ${allow}, not ${request.method}.`
    return sendProblem(reply, problem({ status: 405, title: 'Not allowed', detail, code: 'method-not-allowed', remedy }), { allow })
  })
  const isSecure = origin().startsWith('https:') // Only a public address is; our own socket speaks HTTP.
  app.addHook('onSend', (_request, reply, payload, done) => {
    for (const [name, value] of Object.entries(everyAnswer)) if (!reply.hasHeader(name)) void reply.header(name, value)
    if (isSecure) void reply.header('strict-transport-security', 'max-age=31536000; includeSubDomains')
    done(null, payload)
  })
}

/** Where it broke is of use when it is ours; a remote system that is away, or a setting that is wrong, is a sentence and what to do. */
function tellFailure(log: ServerDeps['log'], request: { readonly request_id: string; readonly path: string }, error: unknown): void {
  if (isFault(error) && error.kind !== 'bug') log.warn({ ...request, fault: error.kind, error: error.message, remedy: error.remedy }, 'a request could not be answered')
  else log.error({ ...request, error: error instanceof Error ? error.stack : String(error) }, 'a request failed')
}

/** By the route and not by how its path is spelled; a path of hooks that leads nowhere is asked for too early like every other. */
const isHook = (request: FastifyRequest): boolean =>
  request.url.startsWith('/hooks/') || (!request.is404 && request.routeOptions.config.access?.kind === 'hook')

const pathOf = (request: FastifyRequest): string => request.url.split('?')[0] ?? ''

function route(app: FastifyInstance, operation: Operation, { service, ending }: Pick<ServerDeps, 'service' | 'ending'>): void {
  app.route({
    method: operation.method,
    url: `/api/v1${operation.path}`,
    config: { access: { kind: 'role', role: operation.role } },
    handler: async (request, reply) => {
      const input = inputOf(operation, request)
      refuseUntidy(input)
      const parsed = operation.input.safeParse(input)
      if (!parsed.success) throw malformed(flawsOf(parsed.error))
      const gone = new AbortController()
      const stop = (): void => gone.abort()
      ending.addEventListener('abort', stop)
      // The answer's end, not the request's: a request is "closed" as soon as its body has been read.
      reply.raw.on('close', () => {
        ending.removeEventListener('abort', stop)
        if (!reply.raw.writableEnded) gone.abort()
      })
      const by = request.principal?.name ?? 'somebody'
      try {
        return reply.header('cache-control', 'no-store').send((await operation.run(service, parsed.data, { by, signal: gone.signal })) ?? null)
      } catch (error) {
        throw ending.aborted ? notNow('The service stops: what was asked for is not finished.') : error
      }
    },
  })
}

function inputOf(operation: Operation, request: FastifyRequest): Record<string, unknown> {
  const params = request.params as Record<string, unknown> // fastify gives an object of path parameters
  const rest = operation.method === 'GET' ? request.query : (request.body ?? {})
  if (typeof rest !== 'object' || rest === null || Array.isArray(rest)) return { '(body)': 'not an object' }
  const named = Object.fromEntries(parametersOf(operation).map((name) => [name, params[name]]))
  return { ...rest, ...named }
}

export interface ListenAt {
  /** Null: a front that serves several tenants receives the requests. */
  readonly gate: Gate | null
  /** The owner-only socket by which commands of the same machine find the running service. */
  readonly socket: string
}

export async function listen(deps: ServerDeps, { gate, socket }: ListenAt): Promise<RunningServer> {
  const built = await createApp(deps, gate?.address ?? 'http://127.0.0.1')
  await built.app.ready()
  const handle: Handle = (request, response) => void built.app.routing(request, response)
  gate?.open(handle)
  const why = await built.listenLocally(socket)
  if (why !== null) deps.log.warn({ socket }, `Commands of this machine cannot use the local socket: ${why}`)
  return {
    address: gate?.address ?? null,
    handle,
    close: async () => {
      await Promise.all([built.endStreams(), gate?.close()])
      await built.app.close()
    },
  }
}
