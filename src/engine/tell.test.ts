import { expect, test } from 'vitest'
import { engineWorld, type EngineWorld } from '../../test/support/engine-world.js'
import type { Engine } from './engine.js'
import { worker } from './worker.js'

/** A deal in step, in a CRM whose automation puts a word before the notes at every write. */
async function automated(): Promise<{ world: EngineWorld; engine: Engine; crmWrites: () => number; id: string }> {
  const world = engineWorld()
  const deal = { name: 'Deal', status: 'Active/Accepted', 'details.dealValue': 1_000, 'details.notes': 'Notes' } as const
  const referral = world.partner.put({ kind: 'referral', deal })
  await world.hint({ ref: { side: 'partner', kind: 'referral', id: referral.id } })
  await world.settle()
  const { id } = world.crm.only('opportunity')
  const { crm } = world.engine.adapters
  let crmWrites = 0
  const write: typeof crm.write = async (change, ...rest) => {
    const receipt = await crm.write(change, ...rest)
    crmWrites += 1
    world.crm.edit(id, { 'details.notes': `[CRM] ${world.crm.rows.get(id)?.deal['details.notes'] ?? ''}` })
    await world.hint({ ref: { side: 'crm', kind: 'opportunity', id } })
    return receipt
  }
  const adapters = { ...world.engine.adapters, crm: { ...crm, write } }
  return { world, engine: { ...world.engine, adapters }, crmWrites: () => crmWrites, id }
}
const signal = new AbortController().signal

test('[R28] an automation that changes the record at every write is not answered without end: the lines are gathered', async () => {
  const { world, engine, crmWrites, id } = await automated()
  world.partner.edit([...world.partner.rows.keys()][0] ?? '', { 'details.dealValue': 2_000 })
  await world.hint({ ref: { side: 'partner', kind: 'referral', id: [...world.partner.rows.keys()][0] ?? '' } })
  const passes = worker(engine)
  for (let turn = 0; turn < 60; turn += 1) await passes.drain({ signal })
  expect(crmWrites()).toBeLessThanOrEqual(12)
  // What the automation made of the notes still reached Partner Center, and what could not be said yet is kept.
  expect(world.partner.only('referral').deal['details.notes']).toBe(world.crm.rows.get(id)?.deal['details.notes'])
  const [link] = await world.links()
  expect(link).toMatchObject({ state: 'in-sync', notes: [expect.stringContaining('an automation of the CRM'), expect.any(String)] })
  const before = crmWrites()
  world.nowMs += 10 * 60_000
  for (let turn = 0; turn < 10; turn += 1) await passes.drain({ signal })
  expect(crmWrites()).toBe(before + 1)
})

test('[R28] what waits to be told does not make the deal run again and again, whatever marks it meanwhile', async () => {
  const { world, engine } = await automated()
  const referral = { side: 'partner', kind: 'referral', id: [...world.partner.rows.keys()][0] ?? '' } as const
  world.partner.edit(referral.id, { 'details.dealValue': 2_000 })
  await world.hint({ ref: referral })
  const passes = worker(engine)
  for (let turn = 0; turn < 60; turn += 1) await passes.drain({ signal })
  expect((await world.links())[0]?.notes, 'lines are gathered').toHaveLength(2)

  // One more event, and one that comes while it is worked, where the place of a deal that ends is at once the next one's.
  let reads = 0
  const read: typeof engine.adapters.crm.read = async (...asked) => {
    reads += 1
    if (reads === 1) await world.hint({ ref: referral })
    if (reads > 20) throw new Error('It is read again and again.')
    return engine.adapters.crm.read(...asked)
  }
  const adapters = { ...engine.adapters, crm: { ...engine.adapters.crm, read } }
  const noPoll = (_ms: number, stopped?: AbortSignal): Promise<void> => new Promise((resolve) => stopped?.addEventListener('abort', () => resolve()))
  const started = worker({ ...engine, adapters, clock: { ...engine.clock, sleep: noPoll } }, { concurrency: 1, pollMs: 1_000 })
  const before = world.reports.length
  await world.hint({ ref: referral })
  started.start()
  for (let turn = 0; turn < 200; turn += 1) await new Promise(setImmediate)
  await started.stop(0)
  expect(world.reports.length - before).toBe(2)
  expect(await world.store.queue.depth(world.nowMs)).toMatchObject({ due: 0, later: 1 })
})
