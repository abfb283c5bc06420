import { expect, it } from 'vitest'
import { drawCase, runCase } from './run-seed.js'

/** A quarter of the seeds that every test run plays; the four files run side by side. */
const first = 1501
const perBlock = 50
const blocks = Array.from({ length: 10 }, (_, index) => first + index * perBlock)

// The time limit only ends a run that hangs: nothing is measured by it.
it.each(blocks)('everything that must hold holds from seed %i on', async (from) => {
  const violations: string[] = []
  for (let seed = from; seed < from + perBlock; seed += 1) {
    for (const { invariant, text } of (await runCase(drawCase(seed))).violations) violations.push(`seed ${seed}, ${invariant}: ${text}`)
  }
  expect(violations).toEqual([])
}, 300_000)
