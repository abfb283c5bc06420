import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Registry } from 'prom-client'
import type { Clock, Store } from '../core/ports.js'
import { retryAfterSeconds } from './problems.js'

/** `ready` only between the end of the start (migrations included) and the beginning of the stop. */
export type Readiness = 'ready' | 'starting' | 'draining'

export interface HealthDeps {
  readonly store: { readonly queue: Pick<Store['queue'], 'depth'> }
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  readonly metrics: Pick<Registry, 'contentType' | 'metrics'>
  readonly ready: () => Readiness
}

interface Line {
  readonly name: string
  readonly status: 'pass' | 'fail'
  readonly detail: string
}

const storeAnswersWithinMs = 2_000 // A probe asks every few seconds; a store that takes longer is as good as away.

export function health(app: FastifyInstance, deps: HealthDeps): void {
  const open = { config: { access: { kind: 'public' } as const } }
  for (const path of ['/livez', '/healthz']) app.get(path, open, (_request, reply) => fresh(reply).send({ status: 'ok' }))
  app.get('/readyz', open, async (request, reply) => {
    const lines = [phase(deps.ready()), await storeLine(deps)]
    const good = lines.every(({ status }) => status === 'pass')
    const verbose = new URL(request.url, 'http://cosell').searchParams.has('verbose')
    if (!good) void reply.code(503).header('retry-after', retryAfterSeconds)
    return fresh(reply).send({ status: good ? 'ready' : 'not ready', ...(verbose ? { checks: lines } : {}) })
  })
  app.get('/metrics', { config: { access: { kind: 'role-or-loopback', role: 'viewer' } } }, async (_request, reply) =>
    fresh(reply)
      .type(deps.metrics.contentType)
      .send(await deps.metrics.metrics()),
  )
}

const fresh = (reply: FastifyReply): FastifyReply => reply.header('cache-control', 'no-store')

function phase(ready: Readiness): Line {
  switch (ready) {
    case 'ready':
      return { name: 'service', status: 'pass', detail: 'Started; the migrations of the store are done.' }
    case 'starting':
      return { name: 'service', status: 'fail', detail: 'Starting.' }
    case 'draining':
      return { name: 'service', status: 'fail', detail: 'Stopping: what is under way is being finished.' }
  }
}

async function storeLine({ store, clock }: HealthDeps): Promise<Line> {
  const answered = new AbortController()
  const late = clock
    .sleep(storeAnswersWithinMs, answered.signal)
    .then((): Line => ({ name: 'store', status: 'fail', detail: 'Does not answer in time.' }))
  const asked = store.queue.depth(clock.now()).then(
    (depth): Line => ({
      name: 'store',
      status: 'pass',
      detail: `Answers; ${depth.due} due, ${depth.later} later, ${depth.leased} being worked.`,
    }),
    // Why is in the log and the doctor's; a probe's answer is open to everybody.
    (): Line => ({ name: 'store', status: 'fail', detail: 'Cannot be read.' }),
  )
  try {
    return await Promise.race([asked, late])
  } finally {
    answered.abort()
  }
}
