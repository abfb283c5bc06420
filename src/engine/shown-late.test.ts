import { describe, expect, it } from 'vitest'
import { engineWorld, type EngineWorld } from '../../test/support/engine-world.js'
import { shareableDeal } from '../../test/support/sample-deal.js'
import { HELP } from '../core/deal.js'
import { Fault } from '../core/fault.js'
import type { EndRef } from '../core/ref.js'
import { LISTED } from './shown-late.js'
import { sweep } from './sweep.js'

const referral = (id: string): EndRef => ({ side: 'partner', kind: 'referral', id })

/** An event of Partner Center, as the hook notes it. */
async function hear(world: EngineWorld, name: string, id: string): Promise<void> {
  const hints = [{ ref: referral(id), engagementId: null, wide: name.startsWith('related') }]
  await world.store.acceptEvents([{ source: 'partner-center', eventKey: null, name, hints, urgency: 1 }], world.nowMs)
}

const runsOf = async (world: EngineWorld) => (await world.service.runs({ failedOnly: false, limit: 100 })).runs

/** How often, and when, the referral is looked at while nothing but time passes for ten minutes. */
async function looksOf(world: EngineWorld, during: (second: number) => void = () => undefined): Promise<number[]> {
  const at: number[] = []
  for (let second = 0; second <= 600; second += 1) {
    during(second)
    const before = world.reports.length
    await world.worker.drain({ signal: new AbortController().signal })
    if (world.reports.length > before) at.push(second)
    world.nowMs += 1_000
  }
  return at
}

async function asked(): Promise<{ world: EngineWorld; theirs: string; own: string }> {
  const world = engineWorld()
  const row = world.crm.put({ kind: 'opportunity', deal: { ...shareableDeal, [HELP]: 'QuotesOrLicensing', 'microsoft.status': null } })
  await world.hint({ ref: { side: 'crm', kind: 'opportunity', id: row.id } })
  await world.settle()
  const [theirs, own] = [world.partner.only('related'), world.partner.only('referral')]
  world.partner.edit(theirs.id, { status: 'New/Pending' })
  await world.hint({ ref: referral(theirs.id), wide: true })
  await world.settle()
  return { world, theirs: theirs.id, own: own.id }
}

describe("Microsoft's answer", () => {
  it('that is shown some seconds after its event is met within seconds, and not by the next sweep', async () => {
    const { world, theirs } = await asked()
    await hear(world, 'related-referral-updated', theirs)
    const looks = await looksOf(world, (second) => {
      if (second === 18) world.partner.edit(theirs, { status: 'Active/Accepted' })
    })
    expect(looks).toEqual([0, 5, 25])
    expect(world.crm.only().deal['microsoft.status']).toBe('Active/Accepted')
    expect(world.partner.calls.filter((call) => call.startsWith('create'))).toHaveLength(2)
  })

  it('that never shows is looked for three times more, and no deal looks wrong meanwhile', async () => {
    const { world, theirs } = await asked()
    await hear(world, 'related-referral-updated', theirs)
    expect(await looksOf(world)).toEqual([0, 5, 25, 85])
    expect(await world.links()).toMatchObject([{ state: 'in-sync', reason: null }])
    expect(world.reports.map(({ fault }) => fault)).not.toContain('ambiguous')
  })

  it('that never shows leaves no run in the ledger: looks that found nothing are not news', async () => {
    const { world, theirs } = await asked()
    const before = (await runsOf(world)).length
    await hear(world, 'related-referral-updated', theirs)
    await looksOf(world)
    expect(await runsOf(world)).toHaveLength(before)
  })

  it('that shows with its event costs no further look, and so does an event of our own referral', async () => {
    const { world, theirs, own } = await asked()
    world.partner.edit(theirs, { status: 'Active/Accepted' })
    await hear(world, 'related-referral-updated', theirs)
    expect(await looksOf(world)).toEqual([0])
    await hear(world, 'referral-updated', own)
    expect(await looksOf(world)).toEqual([0])
  })

  it('is awaited no more once Microsoft has closed its referral', async () => {
    const { world, theirs } = await asked()
    world.partner.edit(theirs, { status: 'Closed/Declined' })
    await hear(world, 'related-referral-updated', theirs)
    await looksOf(world)
    await hear(world, 'related-referral-updated', theirs)
    expect(await looksOf(world)).toEqual([0])
  })
})

describe('a sweep', () => {
  const options = { since: null, openOnly: true, release: false, signal: new AbortController().signal }

  it("that shows Microsoft's referral, or ours as its deal knows it, costs one look and no more", async () => {
    const { world } = await asked()
    await sweep(world.engine, 'partner', options)
    expect(await looksOf(world)).toEqual([0])
  })

  it('that shows our referral in a state which reading it does not show yet has it looked at again', async () => {
    const { world, own } = await asked()
    const { read } = world.partner.adapter
    const shown = await read(referral(own), { wide: false, signal: options.signal })
    world.partner.edit(own, { 'details.notes': 'Kickoff in March' })
    await sweep(world.engine, 'partner', options)
    Object.assign(world.partner.adapter, { read: async () => shown })
    await looksOf(world, (second) => {
      if (second === 18) Object.assign(world.partner.adapter, { read })
    })
    expect(world.crm.only().deal['details.notes']).toBe('Kickoff in March')
  })
})

it('[R9] a referral that is not shown yet when its event comes is met within seconds', async () => {
  const world = engineWorld()
  await hear(world, 'referral-created', 'late')
  await looksOf(world, (second) => {
    if (second === 3) world.partner.put({ kind: 'referral', id: 'late', deal: shareableDeal })
    if (second === 10) expect(world.crm.rows.size).toBe(1)
  })
  expect(world.crm.only().deal.name).toBe(shareableDeal.name)
})

it.each(['sweep of partner', LISTED, 'first sync', 'retry'])('[R9] a referral that a listing shows before its id does is met within seconds (%s): no later listing shows it again', async (noted) => {
  const world = engineWorld()
  await hear(world, noted, 'listed')
  await looksOf(world, (second) => {
    if (second === 3) world.partner.put({ kind: 'referral', id: 'listed', deal: shareableDeal })
    if (second === 10) expect(world.crm.rows.size).toBe(1)
  })
  expect(world.crm.only().deal.name).toBe(shareableDeal.name)
})

it('[R9] a referral that is not shown yet is looked for again also after readings that failed', async () => {
  const world = engineWorld()
  const { adapter } = world.partner
  const { read } = adapter
  let failing = 4
  const ref = referral('late')
  Object.assign(adapter, {
    read: async (...asked: Parameters<typeof read>) =>
      (failing -= 1) >= 0 ? { kind: 'unreachable', ref, fault: new Fault('stale', 'not yet', { remedy: '' }) } : read(...asked),
  })
  await hear(world, 'referral-created', 'late')
  await looksOf(world, (second) => {
    if (second === 15) world.partner.put({ kind: 'referral', id: 'late', deal: shareableDeal })
  })
  expect(world.crm.only().deal.name).toBe(shareableDeal.name)
})

it("somebody else's referral, which is never shown, is looked for a bounded number of times", async () => {
  const world = engineWorld()
  await hear(world, 'related-referral-created', 'theirs')
  expect((await looksOf(world)).length).toBeLessThanOrEqual(5)
  expect(world.crm.rows.size).toBe(0)
})
