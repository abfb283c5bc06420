import { expect, it } from 'vitest'
import { memoryStore } from '../../test/support/memory-store.js'
import { stageMemory } from './stage-memory.js'

it('two workers that remember different stages in the same moment lose neither, and one that is known is not noted again', async () => {
  const clock = { now: () => 1_000, sleep: () => Promise.resolve() }
  const store = memoryStore({ random: () => 0.5 })
  const [one, other] = [stageMemory(store, clock), stageMemory(store, clock)]
  await Promise.all([one.add('Qualification'), other.add('Vendor Review')])
  expect([...(await one.read())].sort()).toEqual(['Qualification', 'Vendor Review'])
  await other.add('Qualification')
  expect(await one.read()).toHaveLength(2)
})
