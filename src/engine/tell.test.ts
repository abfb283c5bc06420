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
