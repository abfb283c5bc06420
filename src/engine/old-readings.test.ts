import { describe, expect, it } from 'vitest'
import { engineWorld, type EngineWorld } from '../../test/support/engine-world.js'
import type { Projection } from '../core/deal.js'
import type { Mark, Reading } from '../core/ports.js'
import type { EndRef } from '../core/ref.js'
import { LISTED } from './shown-late.js'

const deal: Projection = {
  name: 'Nordwind rollout',
  status: 'Active/Accepted',
  'details.notes': '100',
  'customerProfile.name': 'Nordwind GmbH',
  'customerProfile.address.country': 'DE',
}
const referral = (id: string): EndRef => ({ side: 'partner', kind: 'referral', id })
const opportunity = (id: string): EndRef => ({ side: 'crm', kind: 'opportunity', id })

async function linked(): Promise<{ world: EngineWorld; referralId: string; crmId: string; shows: () => Promise<Reading> }> {
  const world = engineWorld()
  const row = world.partner.put({ kind: 'referral', deal })
  await world.hint({ ref: referral(row.id) })
  await world.settle()
  world.nowMs += 3_600_000
  const shows = (): Promise<Reading> => world.partner.adapter.read(referral(row.id), { wide: false, signal: new AbortController().signal })
  return { world, referralId: row.id, crmId: world.crm.only().id, shows }
}

/** From now on readings show this, as one of the service's copies does that has not heard of what came after it. @returns the end of it. */
function lag({ partner }: EngineWorld, shown: Reading): () => void {
  const { read } = partner.adapter
  Object.assign(partner.adapter, { read: async () => shown })
  return () => Object.assign(partner.adapter, { read })
}
/** What a sweep of another process notes. */
const marked = async (world: EngineWorld): Promise<Mark[]> =>
  (await world.links()).map(({ id }) => ({ link: id, dueAt: world.nowMs, urgency: 2, wide: false, because: LISTED }))
const notes = (world: EngineWorld): unknown[] => [world.partner.only().deal['details.notes'], world.crm.only().deal['details.notes']]

/** These sides remember nothing between two calls, as processes do that were just started. */
describe('[R26] a reading that is older than what its deal knows, met by another process', () => {
  it('does not take back in the CRM what we have just written', async () => {
    const { world, crmId, shows } = await linked()
    const before = await shows()
    world.crm.edit(crmId, { 'details.notes': '200' })
    await world.hint({ ref: opportunity(crmId) })
    await world.work()
    const isOver = lag(world, before)
    await world.hint({ ref: opportunity(crmId) })
    await world.work()
    expect(notes(world)).toEqual(['200', '200'])
    expect(await world.links()).toMatchObject([{ state: 'pending', reason: { code: 'retrying' } }])
    isOver()
    await world.settle()
    expect(notes(world)).toEqual(['200', '200'])
    expect(await world.links()).toMatchObject([{ state: 'in-sync', reason: null }])
  })

  it('does not take back what a person wrote, either', async () => {
    const { world, referralId, crmId, shows } = await linked()
    const before = await shows()
    world.partner.edit(referralId, { 'details.notes': '200' })
    await world.hint({ ref: referral(referralId) })
    await world.work()
    const isOver = lag(world, before)
    await world.hint({ ref: opportunity(crmId) })
    await world.work()
    expect(notes(world)).toEqual(['200', '200'])
    isOver()
    await world.settle()
    expect(notes(world)).toEqual(['200', '200'])
  })

  it('is not the end of a change that a listing told of: the next listing does not show it again', async () => {
    const { world, referralId, crmId, shows } = await linked()
    const isOver = lag(world, await shows())
    world.partner.edit(referralId, { 'details.notes': '200' })
    await world.store.queue.mark(await marked(world), world.nowMs)
    await world.work()
    isOver()
    await world.settle()
    expect(notes(world)).toEqual(['200', '200'])
    expect(world.crm.only().id).toBe(crmId)
    await world.store.queue.mark(await marked(world), world.nowMs)
    const before = world.reports.length
    await world.settle()
    expect(world.reports.length - before).toBeLessThanOrEqual(4)
  })

  it('is believed after two minutes: a version may come again', async () => {
    const { world, crmId, shows } = await linked()
    const before = await shows()
    world.crm.edit(crmId, { 'details.notes': '200' })
    await world.hint({ ref: opportunity(crmId) })
    await world.work()
    lag(world, before)
    world.nowMs += 121_000
    await world.hint({ ref: opportunity(crmId) })
    await world.work()
    expect(world.crm.only().deal['details.notes']).toBe('100')
  })
})
