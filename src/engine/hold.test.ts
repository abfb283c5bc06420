import { getEventListeners } from 'node:events'
import { types } from 'node:util'
import { expect, it } from 'vitest'
import { handClock } from '../sandbox/clock.js'
import { memoryStore } from '../../test/support/memory-store.js'
import { engineClock, runWithClock } from '../../test/simulation/hand-clock.js'
import { hold, HOLD_MS } from './hold.js'

const world = () => {
  const hand = handClock(Date.UTC(2026, 10, 1))
  let ids = 0
  let state = 1
  const store = memoryStore({ random: () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647 })
  return { hand, parts: { store, clock: engineClock(hand), newId: () => `holder-${(ids += 1)}` } }
}
const held = { name: 'sweep.crm', signal: new AbortController().signal }

it('[R54] keeps long work to one worker, and lets the next one in as soon as it is done', async () => {
  const { hand, parts } = world()
  const others: string[] = []
  const long = hold(parts, held, async () => {
    for (let minute = 0; minute < 5; minute += 1) {
      await parts.clock.sleep(60_000)
      others.push((await hold(parts, held, () => Promise.resolve())).kind)
    }
    return 'through'
  })
  expect(await runWithClock(hand, long)).toEqual({ kind: 'done', value: 'through' })
  expect(others).toEqual(['taken', 'taken', 'taken', 'taken', 'taken'])
  expect((await hold(parts, held, () => Promise.resolve())).kind).toBe('done')
})

it('waits a quarter of a minute at most for a worker that was killed', async () => {
  const { parts } = world()
  await parts.store.claim('sweep.crm', { token: 'killed', forMs: HOLD_MS, now: parts.clock.now() })
  const late = { ...parts, clock: { ...parts.clock, now: () => parts.clock.now() + 15_000 } }
  expect((await hold(late, held, () => Promise.resolve())).kind).toBe('done')
})

it('tells a worker that slept past its claim to stop', async () => {
  const { hand, parts } = world()
  const stopped = hold(parts, held, async (told) => {
    await parts.store.unclaim('sweep.crm', 'holder-1')
    await parts.store.claim('sweep.crm', { token: 'other', forMs: HOLD_MS, now: parts.clock.now() })
    await parts.clock.sleep(HOLD_MS, told)
    return told.aborted
  })
  expect(await runWithClock(hand, stopped)).toEqual({ kind: 'done', value: true })
})

it('keeps a turn for its whole period once it is done, and for a short time when it failed', async () => {
  const { hand, parts } = world()
  const turn = { ...held, keep: { forMs: (done: boolean) => (done ? 600_000 : 60_000), mostMs: 600_000 } }
  await expect(hold(parts, turn, () => Promise.reject(new Error('no answer')))).rejects.toThrow('no answer')
  expect((await hold(parts, turn, () => Promise.resolve())).kind).toBe('taken')
  hand.advance(60_000)
  expect((await hold(parts, turn, () => Promise.resolve())).kind).toBe('done')
  hand.advance(599_999)
  expect((await hold(parts, turn, () => Promise.resolve())).kind).toBe('taken')
  hand.advance(1)
  expect((await hold(parts, turn, () => Promise.resolve())).kind).toBe('done')
})

it('stops the work when its caller is told to stop, also before it began', async () => {
  const { hand, parts } = world()
  const asked = new AbortController()
  const stopped = hold(parts, { ...held, signal: asked.signal }, async (told) => {
    asked.abort('enough')
    await parts.clock.sleep(HOLD_MS, told)
    return told.reason as unknown
  })
  expect(await runWithClock(hand, stopped)).toEqual({ kind: 'done', value: 'enough' })
  expect(await hold(parts, { ...held, signal: asked.signal }, (told) => Promise.resolve(told.aborted))).toEqual({ kind: 'done', value: true })
})

it('leaves nothing with a signal that lives as long as the process, however often it is held', async () => {
  const { parts } = world()
  const { signal } = new AbortController()
  // What a signal holds of others stands in sets and maps of its own, under symbols.
  const holdings = (): number =>
    Object.getOwnPropertySymbols(signal)
      .map((name) => (signal as unknown as Record<symbol, unknown>)[name])
      .reduce<number>((sum, value) => sum + (types.isSet(value) || types.isMap(value) ? value.size : 0), 0)
  await hold(parts, { ...held, signal }, () => Promise.resolve())
  const before = holdings()
  for (let turns = 0; turns < 50; turns += 1) await hold(parts, { ...held, signal }, () => Promise.resolve())
  expect(holdings()).toBe(before)
  expect(getEventListeners(signal, 'abort')).toEqual([])
})
