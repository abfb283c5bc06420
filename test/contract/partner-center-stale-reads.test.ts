import { describe, expect, it } from 'vitest'
import { freshness } from '../../src/adapters/partner-center/freshness.js'
import type { Projection } from '../../src/core/deal.js'
import type { EndRef, Version } from '../../src/core/ref.js'
import { never, partnerWorld, wholeDeal, type PartnerWorld } from '../support/partner-center-world.js'

/** A service of several copies may answer a reading from one that does not know of the last write yet. */
const readLagMs = 30_000

async function made(world: PartnerWorld): Promise<EndRef> {
  const { ref } = await world.run(
    world.adapter.create({ kind: 'create', side: 'partner', as: 'referral', marker: 'OPP-1', deal: wholeDeal, stamp: {} }, { signal: never }),
  )
  world.kit.clock.advance(60_000)
  return ref
}
const patch = (world: PartnerWorld, ref: EndRef, set: Projection, expect: Version | null) =>
  world.run(world.adapter.write({ kind: 'patch', side: 'partner', ref, expect, set, stamp: {} }, { signal: never }))
const look = (world: PartnerWorld, ref: EndRef) => world.run(world.adapter.read(ref, { wide: false, signal: never }))
const stale = { kind: 'unreachable', fault: expect.objectContaining({ kind: 'stale' }) }

describe('[R26] a reading that is older than what is known', () => {
  it.each(['honoured', 'ignored'] as const)('does not take back what we have just written (representation %s)', async (preferRepresentation) => {
    const world = partnerWorld({ preferRepresentation })
    const ref = await made(world)
    const { version } = await world.present(ref)
    world.simulator.options.readLagMs = readLagMs
    await patch(world, ref, { 'details.dealValue': 91_500 }, version)
    expect(await look(world, ref)).toMatchObject(stale)
    world.kit.clock.advance(readLagMs + 1)
    expect((await world.present(ref)).deal['details.dealValue']).toBe(91_500)
  })

  it('is not the end of a change that a listing has told of, which no later listing shows again', async () => {
    const world = partnerWorld()
    const ref = await made(world)
    const { cursor } = await world.sweep()
    world.simulator.options.readLagMs = readLagMs
    world.simulator.portal.edit(ref.id, { dealValue: 70_000 })
    expect((await world.sweep({ cursor })).records).toHaveLength(1)
    expect(await look(world, ref)).toMatchObject(stale)
    world.kit.clock.advance(readLagMs + 1)
    expect((await world.present(ref)).deal['details.dealValue']).toBe(70_000)
  })

  it('is also that of a new referral which cannot be found yet', async () => {
    const world = partnerWorld({ readLagMs })
    const create = { kind: 'create', side: 'partner', as: 'referral', marker: 'OPP-2', deal: wholeDeal, stamp: {} } as const
    const { ref } = await world.run(world.adapter.create(create, { signal: never }))
    expect(await look(world, ref)).toMatchObject(stale)
    world.kit.clock.advance(readLagMs + 1)
    expect((await world.present(ref)).deal['details.dealValue']).toBe(84_000)
  })

  it('is believed after two minutes: stamps of several machines need not go one way', async () => {
    const world = partnerWorld()
    const ref = await made(world)
    const { cursor } = await world.sweep()
    world.simulator.options.readLagMs = 600_000
    world.simulator.portal.edit(ref.id, { dealValue: 70_000 })
    await world.sweep({ cursor })
    expect(await look(world, ref)).toMatchObject(stale)
    world.kit.clock.advance(121_000)
    expect((await world.present(ref)).deal['details.dealValue']).toBe(84_000)
  })

  it('is none where a write changed nothing, not even the version', () => {
    const known = freshness(() => 0)
    known.replaced({ id: 'a', before: '"1"', after: '"1"' })
    known.replaced({ id: 'a', before: null, after: '"1"' })
    expect(known.isOld({ id: 'a', version: '"1"', changedAt: null })).toBe(false)
    known.replaced({ id: 'a', before: '"1"', after: '"2"' })
    expect(known.isOld({ id: 'A', version: '"1"', changedAt: null })).toBe(false)
    expect(known.isOld({ id: 'a', version: '"1"', changedAt: null })).toBe(true)
  })
})
