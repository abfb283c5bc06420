import { expect, test } from 'vitest'
import { engineWorld } from '../../test/support/engine-world.js'
import { Fault } from '../core/fault.js'
import type { Hands, Queue } from '../core/ports.js'
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

/** Time stands still: whatever waits for the poll waits for ever. */
const noPoll = (_ms: number, signal?: AbortSignal): Promise<void> => new Promise((resolve) => signal?.addEventListener('abort', () => resolve()))
const turns = async (until: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 200 && !until(); turn += 1) await new Promise(setImmediate)
}

test('a deal that an event marks is worked without asking the queue or reading it again', async () => {
  const world = engineWorld()
  const { queue } = world.store
  let taken = 0
  let loads = 0
  const take: typeof queue.take = async (options) => {
    const leases = await queue.take(options)
    taken += leases.length
    return leases
  }
  const counted = <A extends unknown[], R>(work: (...given: A) => R) => (...given: A): R => {
    loads += 1
    return work(...given)
  }
  const store = { ...world.store, load: counted(world.store.load), loadToWork: counted(world.store.loadToWork), queue: { ...queue, take } }
  const work = worker({ ...world.engine, clock: { ...world.engine.clock, sleep: noPoll }, store })
  work.start()
  await turns(() => loads > 0)
  loads = 0
  await world.hint({ ref: { side: 'partner', kind: 'referral', id: 'r1' } })
  await turns(() => world.reports.length > 0)
  await work.stop(0)
  expect([world.reports.length, taken]).toEqual([1, 0])
})

/** A queue to which a worker offers its hands. */
function offers() {
  let given: Hands | null = null
  const offer: Queue['offer'] = (hands) => {
    given = hands
    return () => (given = null)
  }
  return { offer, hands: (): Hands => given ?? expect.fail('no hands'), isWithdrawn: () => given === null }
}

test('no more deals are handed over than are worked at once, and one place is left for those who ask', async () => {
  const world = engineWorld()
  const { queue } = world.store
  const { offer, hands: offered, isWithdrawn } = offers()
  const engine = { ...world.engine, clock: { ...world.engine.clock, sleep: noPoll }, store: { ...world.store, queue: { ...queue, offer } } }
  const work = worker(engine, { concurrency: 4, pollMs: 1_000 })
  work.start()
  expect(offered().keep(9), 'the queue is being asked').toBe(0)
  await new Promise(setImmediate)
  expect([offered().keep(2), offered().keep(9), offered().keep(9)]).toEqual([2, 1, 0])
  offered().work([], 2)
  expect(offered().keep(9)).toBe(2)
  offered().work([], 3)
  expect(offered().keepOf(2), 'nothing else is due').toBe(0)
  await work.stop(0)
  expect(isWithdrawn()).toBe(true)
})

test('the place of a deal that ends is kept for the next one while there are more, and not beside somebody who drains the queue', async () => {
  const world = engineWorld()
  const { queue } = world.store
  const { offer, hands } = offers()
  let open: () => void = () => undefined
  const gate = new Promise<void>((resolve) => (open = resolve))
  const save: typeof world.store.save = (commit) => gate.then(() => world.store.save(commit))
  for (const id of ['r1', 'r2']) await world.hint({ ref: { side: 'partner', kind: 'referral', id } })
  const store = { ...world.store, save, queue: { ...queue, offer } }
  const engine = { ...world.engine, clock: { ...world.engine.clock, sleep: noPoll }, store }
  const work = worker(engine, { concurrency: 1, pollMs: 1_000 })
  work.start()
  await new Promise(setImmediate)
  const offered = hands()
  expect(offered.keepOf(1), 'it took all it had room for').toBe(1)
  offered.work([], 1)
  const drained = work.drain({ signal: new AbortController().signal })
  expect(offered.keepOf(1)).toBe(0)
  open()
  await drained
  expect(world.reports).toHaveLength(2)
  await work.stop(0)
  expect(offered.keepOf(1)).toBe(0)
})

test.each([false, true])('a deal that is handed over while the worker stops is handed back before that is over (the transaction took a while: %s)', async (isSlow) => {
  const world = engineWorld()
  const { queue } = world.store
  const { offer, hands } = offers()
  await world.hint({ ref: { side: 'partner', kind: 'referral', id: 'r1' } })
  const [lease = expect.fail()] = await queue.take({ limit: 1, now: world.nowMs, leaseMs: 60_000 })
  const link = (await world.store.load(lease.link)) ?? expect.fail()
  const engine = { ...world.engine, clock: { ...world.engine.clock, sleep: noPoll }, store: { ...world.store, queue: { ...queue, offer } } }
  const work = worker(engine)
  work.start()
  await new Promise(setImmediate)
  const late = hands()
  const kept = late.keep(1)
  let isOver = false
  const stopped = work.stop(5_000).then(() => (isOver = true))
  if (isSlow) await turns(() => isOver)
  expect(isOver).toBe(false)
  late.work([{ lease, link }], kept)
  await stopped
  expect(await queue.holds(lease, world.nowMs)).toBe(false)
})

test('a worker stops all the same when a transaction gives no place back', async () => {
  const world = engineWorld()
  const { queue } = world.store
  const { offer, hands } = offers()
  const sleep = (ms: number, signal?: AbortSignal): Promise<void> => (ms === 0 ? Promise.resolve() : noPoll(ms, signal))
  const work = worker({ ...world.engine, clock: { ...world.engine.clock, sleep }, store: { ...world.store, queue: { ...queue, offer } } })
  work.start()
  await new Promise(setImmediate)
  expect(hands().keep(1)).toBe(1)
  await work.stop(0)
})

/** So many deals, of which the other system cannot be reached: every look at one takes seconds. */
async function unreachable(deals: number) {
  const world = engineWorld()
  for (let id = 0; id < deals; id += 1) await world.hint({ ref: { side: 'partner', kind: 'referral', id: `r${id}` } })
  const read = (): Promise<never> => {
    world.nowMs += 3_000
    return Promise.reject(new Fault('offline', 'Partner Center could not be reached.', { remedy: 'Wait.' }))
  }
  Object.assign(world.partner.adapter, { read, readMany: read })
  return world
}

test('a drain tries each deal once while a system cannot be reached: retries that come due meanwhile do not hold it', async () => {
  const world = await unreachable(30)
  await world.work()
  expect(world.reports.map(({ fault }) => fault)).toEqual(Array.from({ length: 30 }, () => 'offline'))
  expect(await world.store.queue.depth(world.nowMs + 3_600_000)).toMatchObject({ due: 30 })
})

test('a drain beside a worker that tries again and again ends, and so does one that the worker stops in', async () => {
  const world = await unreachable(12)
  const work = worker({ ...world.engine, clock: { ...world.engine.clock, sleep: () => new Promise(setImmediate) } })
  work.start()
  await work.drain({ signal: new AbortController().signal })
  expect(world.reports.length).toBeGreaterThanOrEqual(12)
  expect(world.reports.length).toBeLessThan(100)
  await work.stop(0)
})

test('a drain in which the worker stops takes no more', async () => {
  const world = await unreachable(50)
  const stopping: { it: () => unknown } = { it: () => undefined }
  const work = worker({ ...world.engine, report: (report) => void (world.reports.push(report), stopping.it()) })
  stopping.it = () => work.stop(0)
  await work.drain({ signal: new AbortController().signal })
  expect(world.reports.length).toBeLessThan(25)
})
