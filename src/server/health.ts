import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Registry } from 'prom-client'
import { retryAfterSeconds } from './problems.js'
import { readiness, type ReadinessDeps, type Told } from './readiness.js'

export type { Readiness } from './readiness.js'

export interface HealthDeps extends ReadinessDeps {
  readonly metrics: Pick<Registry, 'contentType' | 'metrics'>
}

export function health(app: FastifyInstance, deps: HealthDeps): void {
  const open = { config: { access: { kind: 'public' } as const } }
  const told = readiness(deps)
  for (const path of ['/livez', '/healthz']) app.get(path, open, (_request, reply) => fresh(reply).send({ status: 'ok' }))
  app.get('/readyz', open, async (request, reply) => {
    const verbose = new URL(request.url, 'http://cosell').searchParams.has('verbose')
    return sendReadiness(reply, await told(), verbose)
  })
  app.get('/metrics', { config: { access: { kind: 'role-or-loopback', role: 'viewer' } } }, async (_request, reply) =>
    fresh(reply)
      .type(deps.metrics.contentType)
      .send(await deps.metrics.metrics()),
  )
}

/** 200, or 503 with the reason and when to ask again. */
export function sendReadiness(reply: FastifyReply, { good, lines }: Told, verbose: boolean): FastifyReply {
  if (!good) void reply.code(503).header('retry-after', retryAfterSeconds)
  const failing = lines.filter(({ status }) => status === 'fail').map(({ name, detail }) => `${name}: ${detail}`)
  return fresh(reply).send({
    status: good ? 'ready' : 'not ready',
    ...(good ? {} : { reason: failing.join(' ') }),
    ...(verbose ? { checks: lines } : {}),
  })
}

const fresh = (reply: FastifyReply): FastifyReply => reply.header('cache-control', 'no-store')
