import { expect, it } from 'vitest'
import type { Projection } from '../core/deal.js'
import { Fault } from '../core/fault.js'
import type { EndRef } from '../core/ref.js'
import { engineWorld } from '../../test/support/engine-world.js'
import { asLinked, linkRecords } from './linking.js'

const deal: Projection = { name: 'Nordwind rollout', status: 'Active/Accepted', 'details.notes': 'Wants reports.' }
const signal = new AbortController().signal

function apart() {
  const world = engineWorld()
  return { world, ends: { referral: world.partner.put({ kind: 'referral', deal }).id, crm: world.crm.put({ kind: 'opportunity', deal }).id } }
}

it('shows the deal as it would be without storing anything, and then makes just that', async () => {
  const { world, ends } = apart()
  const shown = await asLinked(world.engine, ends, signal)
  expect(shown.ends).toMatchObject({ partner: { id: ends.referral }, crm: { kind: 'opportunity', id: ends.crm } })
  expect(await world.links()).toEqual([])
  const made = await linkRecords(world.engine, ends, 'kim')
  expect(made.ends).toEqual(shown.ends)
  expect((await world.links()).map(({ id }) => id)).toEqual([made.id])
})

it('previews what connecting two records would write', async () => {
  const { world, ends } = apart()
  world.crm.edit(ends.crm, { 'details.notes': 'Other words.' })
  const plan = await world.service.preview('', { kind: 'link', ...ends }, signal)
  expect(JSON.stringify(plan.conflicts)).toContain('details.notes')
  expect(plan.changes.length).toBeGreaterThan(0)
  expect([world.partner.calls, world.crm.calls].flat().filter((call) => /create|patch|step/.test(call))).toEqual([])
})

it.each(['partner', 'crm'] as const)('says that %s cannot be asked, not that the record is gone', async (side) => {
  const { world, ends } = apart()
  const fault = new Fault('offline', 'No answer came.', { remedy: 'Wait.' })
  const read = (ref: EndRef) => Promise.resolve({ kind: 'unreachable', ref, fault } as const)
  Object.assign(world[side].adapter, { read })
  await expect(linkRecords(world.engine, ends, 'kim')).rejects.toMatchObject({ kind: 'offline' })
  expect(await world.links()).toEqual([])
})
