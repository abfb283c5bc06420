import { describe, expect, it } from 'vitest'
import { VISIBILITY, type Projection } from '../core/deal.js'
import { Fault } from '../core/fault.js'
import type { EndRef } from '../core/ref.js'
import { engineWorld, type EngineWorld } from '../../test/support/engine-world.js'
import { shareableDeal } from '../../test/support/sample-deal.js'
import { LEASE_MS } from './engine.js'

const deal: Projection = {
  name: 'Nordwind rollout',
  status: 'Active/Accepted',
  'details.notes': 'Wants reports.',
  'customerProfile.name': 'Nordwind GmbH',
  'customerProfile.address.country': 'DE',
  [VISIBILITY]: false,
}
const referral = (id: string): EndRef => ({ side: 'partner', kind: 'referral', id })
const opportunity = (id: string): EndRef => ({ side: 'crm', kind: 'opportunity', id })

async function linked(): Promise<{ world: EngineWorld; referralId: string; crmId: string }> {
  const world = engineWorld()
  const row = world.partner.put({ kind: 'referral', deal })
  await world.hint({ ref: referral(row.id) })
  await world.settle()
  return { world, referralId: row.id, crmId: world.crm.only().id }
}
const onlyLink = async (world: EngineWorld) => {
  const [link] = await world.links()
  return link ?? expect.fail('there is no deal')
}

describe('a process that was stopped before it sent a write', () => {
  /** The edit A of the CRM is decided, and the process stops before the wire. @returns what it sends when it wakes. */
  async function stopped(): Promise<{ world: EngineWorld; referralId: string; crmId: string; wake: () => Promise<unknown> }> {
    const made = await linked()
    const { adapter } = made.world.partner
    const write = adapter.write.bind(adapter)
    const slept: Parameters<typeof write>[] = []
    Object.assign(adapter, {
      write: (...call: Parameters<typeof write>) => {
        slept.push(call)
        Object.assign(adapter, { write })
        return Promise.reject(new Fault('ambiguous', 'no answer', { remedy: 'Wait.' }))
      },
    })
    made.world.crm.edit(made.crmId, { 'details.notes': 'A' })
    await made.world.hint({ ref: opportunity(made.crmId) })
    await made.world.work()
    const wake = (): Promise<unknown> => Promise.all(slept.splice(0).map((call) => write(...call)))
    return { ...made, wake }
  }

  it('[R2] [R29] is known as ours when it arrives before the next write of another process', async () => {
    const { world, referralId, crmId, wake } = await stopped()
    world.crm.edit(crmId, { 'details.notes': 'B' })
    const { adapter } = world.partner
    const write = adapter.write.bind(adapter)
    Object.assign(adapter, {
      async write(...call: Parameters<typeof write>) {
        await wake()
        return write(...call)
      },
    })
    await world.hint({ ref: opportunity(crmId) })
    await world.settle()
    expect(await onlyLink(world)).toMatchObject({ state: 'in-sync', conflicts: [], intents: [] })
    expect(world.partner.rows.get(referralId)?.deal['details.notes']).toBe('B')
  })

  it('[R26] does not overwrite what a person went back to meanwhile', async () => {
    const { world, referralId, crmId, wake } = await stopped()
    world.crm.edit(crmId, { 'details.notes': 'Wants reports.' })
    await world.hint({ ref: opportunity(crmId) })
    await world.settle()
    await wake()
    await world.hint({ ref: referral(referralId) })
    await world.settle()
    expect(world.crm.only().deal['details.notes']).toBe('Wants reports.')
    expect(world.partner.rows.get(referralId)?.deal['details.notes']).toBe('Wants reports.')
    expect(await onlyLink(world)).toMatchObject({ state: 'in-sync', intents: [] })
  })

  it('[R26] does not claim what a person writes hours later', async () => {
    const { world, referralId, crmId } = await stopped()
    world.crm.edit(crmId, { 'details.notes': 'Wants reports.' })
    await world.hint({ ref: opportunity(crmId) })
    await world.settle()
    world.nowMs += 2 * 3_600_000
    world.partner.edit(referralId, { 'details.notes': 'A' })
    await world.hint({ ref: referral(referralId) })
    await world.settle()
    expect(world.partner.rows.get(referralId)?.deal['details.notes']).toBe('A')
    expect(world.crm.only().deal['details.notes']).toBe('A')
  })
})

describe('a creation that meets its own record of an earlier attempt', () => {
  it('[R26] does not take its own values for agreed: what both sides changed since is for a person', async () => {
    const world = engineWorld()
    const row = world.partner.put({ kind: 'referral', deal })
    world.crm.put({ kind: 'opportunity', id: world.engine.crmIdFor(row.id), deal: { ...deal, 'details.notes': 'Of the seller.' } })
    world.partner.edit(row.id, { 'details.notes': 'Of the partner.' })
    await world.hint({ ref: referral(row.id) })
    await world.settle()
    expect(await onlyLink(world)).toMatchObject({ state: 'needs-attention', conflicts: [{ field: 'details.notes' }] })
    expect(world.crm.only().deal['details.notes']).toBe('Of the seller.')
    expect(world.partner.only().deal['details.notes']).toBe('Of the partner.')
  })

  it('is in step at once where the record shows what the partner says', async () => {
    const world = engineWorld()
    const row = world.partner.put({ kind: 'referral', deal })
    world.crm.put({ kind: 'opportunity', id: world.engine.crmIdFor(row.id), deal })
    await world.hint({ ref: referral(row.id) })
    await world.settle()
    expect(await onlyLink(world)).toMatchObject({ state: 'in-sync', conflicts: [], intents: [] })
    expect(world.crm.only().otherId).toBe(row.id)
  })
})

// Found by the simulation, seed 116778 on Dynamics 365.
it.each([
  { before: LEASE_MS + 60_000, after: 0 },
  { before: 0, after: 3_600_000 },
])('[R27] [R28] a creation whose answer is lost to a process that stood still ($before ms before the wire, $after ms behind it) is found and not made again', async (stillMs) => {
  const world = engineWorld()
  const { adapter } = world.partner
  const record = world.crm.put({ kind: 'opportunity', deal: shareableDeal })
  const create = adapter.create.bind(adapter)
  const find = adapter.find.bind(adapter)
  let madeAtMs: number | null = null
  Object.assign(adapter, {
    can: { ...adapter.can, markerLagMs: 30_000 },
    // A listing shows a new referral twenty seconds later, and is read no further back than asked for.
    find: (...call: Parameters<typeof find>) =>
      madeAtMs !== null && (world.nowMs < madeAtMs + 20_000 || madeAtMs < (call[0].notBefore ?? 0)) ? Promise.resolve([]) : find(...call),
    async create(...call: Parameters<typeof create>) {
      if (madeAtMs !== null) return create(...call)
      world.nowMs += stillMs.before
      madeAtMs = world.nowMs
      await create(...call)
      world.nowMs += stillMs.after
      throw new Fault('ambiguous', 'no answer', { remedy: 'Wait.' })
    },
  })
  await world.hint({ ref: opportunity(record.id) })
  await world.work()
  world.nowMs += 5_000
  await world.work()
  expect(world.partner.rows.size).toBe(1)
  await world.settle()
  expect(world.partner.only()).toMatchObject({ otherId: record.id })
  expect(world.crm.rows.get(record.id)?.otherId).toBe(world.partner.only().id)
})
