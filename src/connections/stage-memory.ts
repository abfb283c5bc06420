import type { StageMemory } from '../adapters/salesforce/org.js'
import { Fault } from '../core/fault.js'
import type { Clock, Store } from '../core/ports.js'

/** The stages that were chosen for deals that wait. */
const heldStages = 'salesforce.held-stages'
const writesMost = 10 // As many workers as may note a stage in the same moment.

/** Kept in the store, so that every worker knows them after every start. */
export const stageMemory = (store: Store, clock: Clock): StageMemory => ({
  read: async () => (await store.getValue<readonly string[]>(heldStages))?.value ?? [],
  async add(stage) {
    for (let tries = 0; tries < writesMost; tries += 1) {
      const held = await store.getValue<readonly string[]>(heldStages)
      if (held?.value.includes(stage) === true) return
      if (await store.setValue(heldStages, [...(held?.value ?? []), stage], { expect: held?.revision ?? null, now: clock.now() })) return
    }
    throw new Fault('stale', `The stage "${stage}" could not be noted: its place in the store changes all the time.`, { remedy: 'Nothing to do: it is noted again.' })
  },
})
