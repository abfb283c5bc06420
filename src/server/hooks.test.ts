import fastify from 'fastify'
import { Registry } from 'prom-client'
import { expect, it } from 'vitest'
import { silentLog } from '../log.js'
import { hooks, type HookDeps } from './hooks.js'
import { Refusal, sendProblem } from './problems.js'

const inbound = {
  receive: () =>
    Promise.resolve({ kind: 'accepted', reply: null, events: [{ eventKey: 'k', name: 'referral-updated', hints: [] }] } as const),
}

/** The hooks over a store that takes so long to keep an event, on a clock that goes on only while somebody sleeps. */
async function answer(keepsAfterMs: number): Promise<readonly [status: number, retryAfter: unknown, waitedMs: number]> {
  let now = 0
  let wake: () => void = () => undefined
  const kept = new Promise<void>((resolve) => (wake = resolve))
  const sleep: HookDeps['clock']['sleep'] = (ms, signal) => {
    now += Math.min(ms, keepsAfterMs)
    if (keepsAfterMs > ms) return Promise.resolve()
    wake()
    return new Promise((resolve) => signal?.addEventListener('abort', () => resolve()))
  }
  const app = fastify()
  app.setErrorHandler((error, _request, reply) =>
    error instanceof Refusal ? sendProblem(reply, error.problem, error.headers) : reply.send(error),
  )
  await app.register((scope) =>
    hooks(scope, {
      store: { acceptEvents: () => kept.then(() => [true]) },
      clock: { now: () => now, sleep },
      log: silentLog,
      metrics: new Registry(),
      inbound: { partnerCenter: inbound, crm: { kind: 'dynamics', inbound } },
      foreign: null,
      received: () => undefined,
    }),
  )
  const { statusCode, headers } = await app.inject({ method: 'POST', url: '/hooks/partner-center', payload: '{}' })
  await app.close()
  return [statusCode, headers['retry-after'], now]
}

it('an event that the store does not keep within seconds is sent again by its sender, who does not wait for a minute', async () => {
  expect(await answer(3_000)).toEqual([202, undefined, 3_000])
  expect(await answer(60_000)).toEqual([503, '5', 10_000])
})
