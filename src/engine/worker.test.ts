import { expect, test } from 'vitest'
import { engineWorld } from '../../test/support/engine-world.js'
import type { EndRef } from '../core/ref.js'
import { worker } from './worker.js'

test('a deal that is marked while the queue is being asked is taken at once, not at the next poll', async () => {
  const world = engineWorld()
  const { queue } = world.store
  const ref: EndRef = { side: 'partner', kind: 'referral', id: 'r1' }
  let asked = 0
  const take: typeof queue.take = async (options) => {
    const leases = await queue.take(options)
    asked += 1
    if (asked === 1) await world.hint({ ref }) // It was empty when we looked.
    return leases
  }
  // Time stands still: whatever waits for the poll waits for ever.
  const sleep = (_ms: number, signal?: AbortSignal): Promise<void> => new Promise((resolve) => signal?.addEventListener('abort', () => resolve()))
  const work = worker({ ...world.engine, clock: { ...world.engine.clock, sleep }, store: { ...world.store, queue: { ...queue, take } } })
  work.start()
  for (let turn = 0; turn < 50 && world.reports.length === 0; turn += 1) await new Promise(setImmediate)
  await work.stop(0)
  expect(world.reports).toHaveLength(1)
})

test('a queue that cannot be read is asked again at the next poll, and not without a pause', async () => {
  const world = engineWorld()
  let asked = 0
  let pauses = 0
  const take = (): Promise<never> => {
    asked += 1
    return Promise.reject(new Error('the disk is full'))
  }
  const sleep = (): Promise<void> => {
    pauses += 1
    return new Promise(setImmediate)
  }
  const store = { ...world.store, queue: { ...world.store.queue, take } }
  const work = worker({ ...world.engine, clock: { ...world.engine.clock, sleep }, store })
  work.start()
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  await work.stop(0)
  expect(asked).toBeGreaterThan(1)
  expect(pauses).toBeGreaterThanOrEqual(asked)
})
