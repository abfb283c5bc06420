import { chmodSync, mkdirSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Registry } from 'prom-client'
import { z } from 'zod'
import type { Service } from '../engine/views.js'
import { authenticator, mayDo } from './auth.js'
import { homePage } from './home.js'
import { hooks, type HookDeps } from './hooks.js'
import { openApi } from './openapi.js'
import { OPERATIONS, parametersOf, type Operation } from './operations.js'
import { problemOf, sendProblem } from './problems.js'

export interface ServerDeps extends HookDeps {
  readonly service: Service
  readonly environment: string
  readonly version: string
  readonly adminTokens: readonly string[]
  readonly metrics: Registry
}

export interface RunningServer {
  /** Where it listens, e.g. `http://127.0.0.1:8400`. */
  readonly address: string
  close(): Promise<void>
}

const apiBytesMost = 20 * 1024 * 1024 // A plan of many thousand deals that is applied.

/** The HTTP application, not yet listening. */
export function createApp(deps: ServerDeps, local: 'tcp' | 'socket'): FastifyInstance {
  const app = fastify({ bodyLimit: apiBytesMost, trustProxy: false, logger: false, requestTimeout: 120_000 })
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error)
    if (problem.status >= 500) deps.log.error({ path: request.url.split('?')[0], error: error instanceof Error ? error.stack : String(error) }, 'a request failed')
    return sendProblem(reply, problem)
  })
  app.setNotFoundHandler((request, reply) => sendProblem(reply, { status: 404, title: 'Not found', detail: `There is nothing at ${request.url.split('?')[0] ?? ''}.`, code: 'not-found', remedy: 'See /api/openapi.json.' }))
  app.addHook('onSend', (_request, reply, payload, done) => {
    void reply.header('x-content-type-options', 'nosniff').header('referrer-policy', 'no-referrer').header('x-frame-options', 'DENY')
    void reply.header('content-security-policy', 'default-src \'none\'; style-src \'self\'; base-uri \'none\'; form-action \'none\'; frame-ancestors \'none\'')
    done(null, payload)
  })
  const whoIs = authenticator({ adminTokens: deps.adminTokens, isLocalSocket: () => local === 'socket' })
  hooks(app, deps)
  health(app, deps)
  app.get('/', async (_request, reply) => reply.type('text/html; charset=utf-8').send(homePage(await deps.service.overview(), deps.version)))
  app.get('/api/openapi.json', (_request, reply) => reply.send(openApi(deps.version)))
  for (const operation of OPERATIONS) route(app, operation, { service: deps.service, whoIs })
  return app
}

function health(app: FastifyInstance, deps: ServerDeps): void {
  const alive = (_request: FastifyRequest, reply: FastifyReply): FastifyReply => reply.send({ status: 'ok' })
  app.get('/healthz', alive)
  app.get('/livez', alive)
  app.get('/readyz', async (_request, reply) => {
    if (!deps.ready()) return reply.code(503).header('retry-after', '5').send({ status: 'not ready' })
    try {
      await deps.store.queue.depth(deps.clock.now())
      return await reply.send({ status: 'ready' })
    } catch {
      return reply.code(503).header('retry-after', '5').send({ status: 'the store cannot be reached' })
    }
  })
  app.get('/metrics', async (_request, reply) => reply.type(deps.metrics.contentType).send(await deps.metrics.metrics()))
}

function route(app: FastifyInstance, operation: Operation, deps: { service: Service; whoIs: ReturnType<typeof authenticator> }): void {
  app.route({
    method: operation.method,
    url: `/api/v1${operation.path}`,
    handler: async (request, reply) => {
      const principal = deps.whoIs(request)
      if (principal === null) {
        return sendProblem(reply.header('www-authenticate', 'Bearer'), { status: 401, title: 'Sign in', detail: 'This needs a bearer token of the configuration (server.adminTokens).', code: 'unauthenticated', remedy: 'Send "Authorization: Bearer …".' })
      }
      if (!mayDo(principal, operation.role)) return sendProblem(reply, { status: 403, title: 'Not allowed', detail: `This needs the role ${operation.role}.`, code: 'forbidden', remedy: 'Ask an administrator.' })
      const input = inputOf(operation, request)
      const parsed = operation.input.safeParse(input)
      if (!parsed.success) return sendProblem(reply, { status: 400, title: 'Bad request', detail: z.prettifyError(parsed.error), code: 'bad-request', remedy: 'See /api/openapi.json.' })
      const gone = new AbortController()
      // The answer's end, not the request's: a request is "closed" as soon as its body has been read.
      reply.raw.on('close', () => {
        if (!reply.raw.writableEnded) gone.abort()
      })
      return reply.send(await operation.run(deps.service, input, { by: principal.name, signal: gone.signal }))
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

export async function listenTcp(deps: ServerDeps, at: { readonly host: string; readonly port: number }): Promise<RunningServer> {
  const app = createApp(deps, 'tcp')
  const address = await app.listen({ host: at.host, port: at.port })
  return { address, close: () => app.close() }
}

/** The owner-only socket in the state folder, by which commands of the same machine find the running service. */
export async function listenSocket(deps: ServerDeps, path: string): Promise<RunningServer> {
  const app = createApp(deps, 'socket')
  // With PostgreSQL and a given sealing key nothing else has needed the folder before.
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  rmSync(path, { force: true })
  const address = await app.listen({ path })
  chmodSync(path, 0o600)
  return {
    address,
    close: async () => {
      await app.close()
      rmSync(path, { force: true })
    },
  }
}
