import { describe, expect, it } from 'vitest'
import { drawCase, runCase } from './run-seed.js'
import { SEEDS_THAT_FAILED } from './seeds-that-failed.js'

/**
 * The real engine and adapters over the strict simulators, with people on both sides, faults of every kind and a hand-turned clock.
 * One number decides everything, so that whatever fails fails again: `npm run sim -- --seed N` prints its trace.
 */
const violationsOf = async (seed: number): Promise<string[]> =>
  (await runCase(drawCase(seed))).violations.map(({ invariant, text }) => `seed ${seed}, ${invariant}: ${text}`)

describe('seeds that failed once', () => {
  it.each(SEEDS_THAT_FAILED)('%i: %s', async (seed) => {
    expect(await violationsOf(seed)).toEqual([])
  })
})

it('plays one seed the same way twice', async () => {
  const [first, second] = [await runCase(drawCase(7)), await runCase(drawCase(7))]
  expect(second.trace).toEqual(first.trace)
})
