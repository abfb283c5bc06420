import { describe, expect, it } from 'vitest'
import { engineClock, runWithClock } from '../../test/simulation/hand-clock.js'
import { handClock } from '../sandbox/clock.js'
import { pace } from './pace.js'

const never = new AbortController().signal
const turnOfEvents = () => new Promise((resolve) => setImmediate(resolve))

function paced(options: { inFlightMost?: number; requestsPerSecond?: number } = {}) {
  const hand = handClock(1_000_000)
  const { inFlightMost = 10, requestsPerSecond = 0 } = options
  return { hand, made: pace({ clock: engineClock(hand), inFlightMost, requestsPerSecond }) }
}

/** Starts many calls that end when told, and counts how many run at once. */
function calls(made: ReturnType<typeof pace>, count: number) {
  const running: (() => void)[] = []
  let most = 0
  const all = Array.from({ length: count }, () =>
    made.turn(async () => {
      await new Promise<void>((resolve) => {
        running.push(resolve)
        most = Math.max(most, running.length)
      })
    }, never),
  )
  return {
    all: Promise.all(all),
    now: () => running.length,
    most: () => most,
    async finish() {
      for (let rounds = 0; rounds < count * 3; rounds += 1) {
        running.splice(0).forEach((end) => end())
        await turnOfEvents()
      }
    },
  }
}

describe('the pace', () => {
  it('lets ten run at once and the others in their order', async () => {
    const { made } = paced()
    const started = calls(made, 35)
    await turnOfEvents()
    expect(started.now()).toBe(10)
    await started.finish()
    await started.all
    expect(started.most()).toBe(10)
  })

  it('halves once for a burst of refusals, waits as long as it was told, and grows again', async () => {
    const { hand, made } = paced()
    for (let refusal = 0; refusal < 8; refusal += 1) made.throttled(30_000)
    expect(made.pausedUntil()).toBe(hand.now() + 30_000)
    await expect(made.turn(async () => 'sent', never)).rejects.toMatchObject({ kind: 'throttled', retryAfterMs: 30_000 })
    hand.advance(30_000)
    expect(made.pausedUntil()).toBeNull()
    const slow = calls(made, 20)
    await turnOfEvents()
    expect(slow.now()).toBe(5)
    await slow.finish()
    await slow.all
    for (let good = 0; good < 100; good += 1) made.fine()
    const fast = calls(made, 20)
    await turnOfEvents()
    expect(fast.now()).toBe(10)
    await fast.finish()
  })

  it('stands still for a short pause, also when it was told while waiting', async () => {
    const { hand, made } = paced({ inFlightMost: 1 })
    made.throttled(2_000)
    const sentAt = await runWithClock(hand, made.turn(async () => hand.now(), never))
    expect(sentAt).toBeGreaterThanOrEqual(1_002_000)
    const first = calls(made, 1)
    await turnOfEvents()
    const second = made.turn(async () => 'sent', never)
    made.throttled(60_000)
    const refused = expect(second).rejects.toMatchObject({ kind: 'throttled' })
    await first.finish()
    await refused
  })

  it('keeps a fixed rhythm', async () => {
    const { hand, made } = paced({ requestsPerSecond: 4 })
    const at = await runWithClock(hand, Promise.all(Array.from({ length: 8 }, () => made.turn(async () => hand.now(), never))))
    expect((at.at(-1) ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(7 * 250)
  })

  it('lets a cancelled call go without taking a place', async () => {
    const { made } = paced({ inFlightMost: 1 })
    const first = calls(made, 1)
    await turnOfEvents()
    const controller = new AbortController()
    const second = made.turn(async () => 'sent', controller.signal)
    controller.abort()
    await expect(second).rejects.toMatchObject({ kind: 'offline' })
    await first.finish()
    await expect(made.turn(async () => 'third', never)).resolves.toBe('third')
  })

  it('frees the place of a call that failed', async () => {
    const { made } = paced({ inFlightMost: 1 })
    await expect(made.turn(() => Promise.reject(new Error('broken')), never)).rejects.toThrow('broken')
    await expect(made.turn(async () => 'next', never)).resolves.toBe('next')
  })

  it.each([{ requestsPerSecond: 2 }, { requestsPerSecond: 0 }])('waits no hour for its next call when the clock is set back by one (%o)', async ({ requestsPerSecond }) => {
    let now = 10_000_000
    const slept: number[] = []
    const clock = { now: () => now, sleep: (ms: number) => Promise.resolve(void (slept.push(ms), (now += ms))) }
    const made = pace({ clock, inFlightMost: 10, requestsPerSecond })
    await made.turn(async () => 'sent', never)
    made.throttled(4_000)
    now -= 3_600_000
    await expect(made.turn(async () => 'sent', never)).resolves.toBe('sent')
    expect(slept.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(4_500)
    expect(made.pausedUntil()).toBeNull()
  })
})
