import { expect, it } from 'vitest'
import { engineWorld } from '../../test/support/engine-world.js'
import { LEASE_MS, type Engine } from './engine.js'
import { schedule } from './schedule.js'
import { newLink } from '../core/link.js'
import { asLinkId } from '../core/ref.js'

const minute = 60_000

/** A schedule whose pauses are a person's to end: each lets half a second pass, and then what `between` does. */
async function scheduled(world: ReturnType<typeof engineWorld>, ticks: number, between: (tick: number) => void) {
  const warned: string[] = []
  const ranAt: number[] = []
  let tick = 0
  const engine: Engine = {
    ...world.engine,
    warn: (message) => void warned.push(message),
    clock: {
      now: () => world.nowMs,
      // The claim of a turn is renewed by sleeps of its own, which last as long as the turn.
      sleep: async (ms, signal) => {
        if (ms !== 500) return void (await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve())))
        await new Promise((resolve) => setImmediate(resolve))
        world.nowMs += ms
        between((tick += 1))
        if (tick >= ticks) await turns.stop()
      },
    },
  }
  const turns = schedule(engine, () => [{ name: 'look', everyMs: 10 * minute, run: () => Promise.resolve(void ranAt.push(tick)) }])
  await new Promise<void>((resolve) => {
    const stop = turns.stop
    turns.stop = async () => {
      void stop()
      await Promise.resolve()
      resolve()
    }
    turns.start()
  })
  return { warned, ranAt }
}

it('takes its turns at once when the clock was set back by an hour, and not an hour later', async () => {
  const world = engineWorld()
  const { warned, ranAt } = await scheduled(world, 40, (tick) => {
    if (tick === 20) world.nowMs -= 60 * minute
  })
  expect(ranAt).toHaveLength(2)
  expect(ranAt[1]).toBeLessThan(30)
  expect(warned.join()).toContain('set back by 60 minutes')
})

it('has what was marked before the clock was set back worked now, also where no process saw that happen', async () => {
  const world = engineWorld()
  const link = await world.store.add(newLink(asLinkId('one'), world.nowMs, { partner: null, crm: null }), [], world.nowMs)
  await world.store.queue.mark([{ link: link.id, dueAt: world.nowMs, urgency: 1, wide: false, because: 'event' }], world.nowMs)
  world.nowMs -= 60 * minute
  await scheduled(world, 2, () => undefined)
  expect(await world.store.queue.take({ limit: 1, now: world.nowMs, leaseMs: LEASE_MS })).toHaveLength(1)
})

it('says of a turn that was told to end that it ended, and not that it failed', async () => {
  const world = engineWorld()
  const warned: string[] = []
  const ended = (signal: AbortSignal | undefined): Promise<void> =>
    new Promise((resolve) => (signal?.aborted === true ? resolve() : signal?.addEventListener('abort', () => resolve(), { once: true })))
  const engine: Engine = {
    ...world.engine,
    warn: (message) => void warned.push(message),
    clock: { now: () => world.nowMs, sleep: (_ms, signal) => ended(signal) },
  }
  let began = (): void => undefined
  const begun = new Promise<void>((resolve) => (began = resolve))
  const run = async (signal: AbortSignal): Promise<void> => {
    began()
    await ended(signal)
    throw new Error('This operation was aborted')
  }
  const turns = schedule(engine, () => [{ name: 'look', everyMs: 10 * minute, run }])
  turns.start()
  await begun
  await turns.stop()
  expect(warned).toEqual([])
})
