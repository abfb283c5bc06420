import { describe, expect, it } from 'vitest'
import { CRM_KINDS, type CrmKind } from './crm.js'
import { drawCase, runCase, type Breadth } from './run-seed.js'
import { SEEDS_THAT_FAILED, WHOLE_SEEDS_THAT_FAILED, WIDE_SEEDS_THAT_FAILED } from './seeds-that-failed.js'

/**
 * The real engine and adapters over the strict simulators, with people on both sides, faults of every kind and a hand-turned clock.
 * One number decides everything, so that whatever fails fails again: `npm run sim -- --seed N` prints its trace.
 */
const violationsOf = async (seed: number, crm: CrmKind, breadth: Breadth = 'narrow'): Promise<string[]> =>
  (await runCase(drawCase(seed, crm, breadth))).violations.map(({ invariant, text }) => `seed ${seed}, ${invariant}: ${text}`)

const hangsMs = 300_000 // The time limit only ends a run that hangs: nothing is measured by it.

describe('seeds that failed once', () => {
  it.each(SEEDS_THAT_FAILED)('%s %i: %s', async (crm, seed) => {
    expect(await violationsOf(seed, crm)).toEqual([])
  }, hangsMs)
  it.each(WIDE_SEEDS_THAT_FAILED)('%s %i, played wide: %s', async (crm, seed) => {
    expect(await violationsOf(seed, crm, 'wide')).toEqual([])
  }, hangsMs)
  it.each(WHOLE_SEEDS_THAT_FAILED)('%s %i, played whole: %s', async (crm, seed) => {
    expect(await violationsOf(seed, crm, 'whole')).toEqual([])
  }, hangsMs)
})

it.each(CRM_KINDS)('plays one seed on %s the same way twice', async (crm) => {
  const [first, second] = [await runCase(drawCase(7, crm)), await runCase(drawCase(7, crm))]
  expect(second.trace).toEqual(first.trace)
})
