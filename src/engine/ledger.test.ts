import { expect, it } from 'vitest'
import { engineWorld } from '../../test/support/engine-world.js'
import type { Projection } from '../core/deal.js'
import { replay } from '../core/replay.js'

const deal: Projection = { name: 'Nordwind rollout', status: 'Active/Accepted', 'details.dealValue': 84_000, 'details.notes': 'Wants reports.' }

it('[R30] the ledger of a deal that was made, edited on both sides and closed leads to what is agreed on', async () => {
  const world = engineWorld()
  const { id } = world.partner.put({ kind: 'referral', deal })
  const hear = async (): Promise<void> => {
    await world.hint({ ref: { side: 'partner', kind: 'referral', id } })
    await world.settle()
  }
  await hear()
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
