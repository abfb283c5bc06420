import { describe, expect, it } from 'vitest'
import { commonClock } from './common-clock.js'

function world(there: { time: number | null; answersInMs?: number }) {
  const own = { time: 1_000_000 }
  const told: number[] = []
  const clock = commonClock(
    { now: () => own.time, sleep: () => Promise.resolve() },
    () => {
      own.time += there.answersInMs ?? 0
      return there.time === null ? Promise.reject(new Error('no answer')) : Promise.resolve(there.time)
    },
    (_text, aheadMs) => told.push(aheadMs),
  )
  return { own, there, told, clock }
}

describe('the clock that processes have in common', () => {
  it.each([90_000, -90_000, 3_600_000])('tells the time of the store where this machine is %i ms ahead of it, and says so once', async (aheadMs) => {
    const { clock, told, own, there } = world({ time: 1_000_000 - aheadMs })
    await clock.compare()
    expect(clock.now()).toBe(1_000_000 - aheadMs)
    own.time += 30_000
    there.time = own.time - aheadMs + 300
    await clock.compare()
    expect(told).toEqual([aheadMs])
    expect(clock.now()).toBe(own.time - aheadMs)
  })

  it('follows when a clock is set right, and leaves one that is right as it is', async () => {
    const { clock, own, there, told } = world({ time: 910_000 })
    await clock.compare()
    own.time = there.time = 910_000
    await clock.compare()
    expect(clock.now()).toBe(910_000)
    own.time = 910_400
    await clock.compare()
    expect(clock.now()).toBe(910_400)
    expect(told).toEqual([90_000])
  })

  it('keeps what it knows while the store does not answer, or answers late', async () => {
    const made = world({ time: 910_000 })
    await made.clock.compare()
    made.there.time = null
    await made.clock.compare()
    made.there.time = 500_000
    made.there.answersInMs = 5_000
    await made.clock.compare()
    expect(made.clock.now()).toBe(made.own.time - 90_000)
  })
})
