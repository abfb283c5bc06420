import { expect, it } from 'vitest'
import type { CrmKind } from './crm.js'
import { drawCase, runCase, type Breadth } from './run-seed.js'

const perBlock = 50

/** Part of the seeds that every test run plays: 1,200 on Dynamics 365 and 800 on Salesforce, in four files that run side by side, and in a fifth 50 each of the whole world and of one whose readings lag. */
export function playSeeds(crm: CrmKind, first: number, count: number, breadth: Breadth = 'narrow'): void {
  const blocks = Array.from({ length: count / perBlock }, (_, index) => first + index * perBlock)
  // The time limit only ends a run that hangs: nothing is measured by it.
  it.each(blocks)(`[R25] [R26] [R27] [R28] [R29] [R30] everything that must hold holds on ${crm}, ${breadth}, from seed %i on`, async (from) => {
    const violations: string[] = []
    for (let seed = from; seed < from + perBlock; seed += 1) {
      for (const { invariant, text } of (await runCase(drawCase(seed, crm, breadth))).violations)
        violations.push(`${crm} seed ${seed} (${breadth}), ${invariant}: ${text}`)
    }
    expect(violations).toEqual([])
  }, 300_000)
}
