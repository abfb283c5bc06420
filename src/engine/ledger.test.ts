import { expect, it } from 'vitest'
import { engineWorld, type EngineWorld } from '../../test/support/engine-world.js'
import type { Projection } from '../core/deal.js'
import { replay } from '../core/replay.js'

/** A referral that the CRM has heard of, and how it hears of it again. */
async function heard(world: EngineWorld): Promise<{ readonly id: string; readonly hear: () => Promise<void> }> {
  const { id } = world.partner.put({ kind: 'referral', deal })
  const hear = async (): Promise<void> => {
    await world.hint({ ref: { side: 'partner', kind: 'referral', id } })
    await world.settle()
  }
  await hear()
  return { id, hear }
}
const deal: Projection = { name: 'Nordwind rollout', status: 'Active/Accepted', 'details.dealValue': 84_000, 'details.notes': 'Wants reports.' }

it('[R30] the ledger of a deal that was made, edited on both sides and closed leads to what is agreed on', async () => {
  const world = engineWorld()
  const { id, hear } = await heard(world)
  world.partner.edit(id, { 'details.dealValue': 90_000 })
  world.crm.edit(world.crm.only().id, { 'details.notes': 'Wants more reports.' })
  await hear()
  world.partner.edit(id, { status: 'Closed/Won' })
  await hear()
  const [link] = await world.links()
  const { records } = await world.store.audit({ limit: 1_000 })
  expect(link?.base?.crm).toMatchObject({ 'details.dealValue': 90_000, status: 'Closed/Won' })
  expect(replay([...records].reverse().map(({ event }) => event))).toEqual(link?.base)
})

it('what is about to be written is kept with its values, and without the lines of the record, which the ledger has with the write itself', async () => {
  const world = engineWorld()
  const { id, hear } = await heard(world)
  const { adapter } = world.crm
  const write = adapter.write.bind(adapter)
  const intended: unknown[] = []
  Object.assign(adapter, {
    write: async (...call: Parameters<typeof write>) => {
      for (const { intents } of await world.links()) intended.push(...intents.map(({ change }) => change))
      return write(...call)
    },
  })
  world.partner.edit(id, { 'details.dealValue': 90_000 })
  await hear()
  const { records } = await world.store.audit({ limit: 1_000 })
  const wrote = records.flatMap(({ event }) => (event?.kind === 'wrote' && event.change.kind === 'patch' ? [event.change] : []))[0]
  const planned = records.flatMap(({ event }) => (event?.kind === 'planned' ? event.changes : []))[0]
  expect(wrote).toMatchObject({ set: { 'details.dealValue': 90_000 }, stamp: { audit: expect.stringContaining('sync success') as string } })
  const { audit: _lines, ...stamp } = wrote?.stamp ?? {}
  expect(planned).toEqual({ ...wrote, stamp })
  expect(intended).toEqual([{ ...wrote, stamp }])
})
