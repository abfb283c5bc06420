import { describe, expect, it } from 'vitest'
import { engineWorld, type EngineWorld } from '../../test/support/engine-world.js'
import { markUnderSwitches } from './mark-again.js'
import type { ObserveReport } from './views.js'

const signal = new AbortController().signal
const report = (world: EngineWorld): Promise<ObserveReport> => world.service.observeReport({ since: null, signal })
const rowsOf = (found: ObserveReport): string[] =>
  found.rows.map(({ side, field, ours, theirs, outcome }) => `${side} ${field} ${String(ours)} ${String(theirs)} ${outcome}`)

/** A deal that both sides have in common, and that we only look at from now on. */
async function watched(): Promise<{
  world: EngineWorld
  referralId: string
  crmId: string
  edited: (side: 'partner' | 'crm') => Promise<void>
}> {
  const world = engineWorld()
  const deal = {
    name: 'Nordwind',
    status: 'Active/Accepted',
    'details.dealValue': 10,
    'details.currency': 'EUR',
    'details.notes': 'old',
  } as const
  const row = world.partner.put({ kind: 'referral', deal })
  await world.hint({ ref: { side: 'partner', kind: 'referral', id: row.id } })
  await world.settle()
  const crmId = world.crm.only().id
  world.policy = { ...world.policy, flows: { partnerToCrm: 'observe', crmToPartner: 'observe' } }
  await world.service.setFlow('all', 'observe', 'test')
  world.nowMs += 1_000
  const edited = async (side: 'partner' | 'crm'): Promise<void> => {
    world.nowMs += 1_000
    await world.hint({ ref: side === 'partner' ? { side, kind: 'referral', id: row.id } : { side, kind: 'opportunity', id: crmId } })
    await world.settle()
  }
  return { world, referralId: row.id, crmId, edited }
}

describe('what observe mode would have done, beside what somebody else did', () => {
  it('counts a field that was brought to the same value as agreed', async () => {
    const { world, referralId, crmId, edited } = await watched()
    world.partner.edit(referralId, { 'details.dealValue': 20 })
    await edited('partner')
    world.crm.edit(crmId, { 'details.dealValue': 20 })
    await edited('crm')
    expect(await report(world)).toMatchObject({ totals: { deals: 1, agreed: 1, different: 0, notDone: 0 }, rows: [] })
  })

  it('lists a field that was brought to another value, and one that nobody brought over', async () => {
    const { world, referralId, crmId, edited } = await watched()
    world.partner.edit(referralId, { 'details.dealValue': 20, 'details.notes': 'new' })
    await edited('partner')
    world.crm.edit(crmId, { 'details.dealValue': 21 })
    const found = await report(world)
    expect(rowsOf(found).sort()).toEqual(['crm details.dealValue 20 21 different', 'crm details.notes new old not-done'])
    expect(found.totals).toMatchObject({ deals: 1, agreed: 0, different: 1, notDone: 1 })
    expect(found.rows[0]).toMatchObject({ name: 'Nordwind', referralId, crmId })
  })

  it('judges every value by what came of it, not only the last', async () => {
    const { world, referralId, crmId, edited } = await watched()
    for (const value of [20, 30]) {
      world.partner.edit(referralId, { 'details.dealValue': value })
      await edited('partner')
      world.crm.edit(crmId, { 'details.dealValue': value })
      await edited('crm')
    }
    expect((await report(world)).totals).toMatchObject({ agreed: 2, different: 0, notDone: 0 })
  })

  it('does not blame anybody for what was taken back before it was carried over', async () => {
    const { world, referralId, edited } = await watched()
    world.partner.edit(referralId, { 'details.dealValue': 20 })
    await edited('partner')
    world.partner.edit(referralId, { 'details.dealValue': 10 })
    await edited('partner')
    expect(await report(world)).toMatchObject({ totals: { withdrawn: 1, notDone: 0 }, rows: [] })
  })

  it('compares a record that somebody else made with the one that we would have made', async () => {
    const { world } = await watched()
    const deal = { name: 'Second', status: 'Active/Accepted', 'details.dealValue': 5, 'details.notes': 'n' } as const
    const row = world.partner.put({ kind: 'referral', deal })
    const ref = { side: 'partner', kind: 'referral', id: row.id } as const
    await world.hint({ ref })
    await world.settle()
    expect(rowsOf(await report(world))).toContain('crm name Second undefined not-done'.replace('undefined', 'null'))
    world.crm.put({ kind: 'opportunity', id: 'theirs', deal: { ...deal, 'details.dealValue': 6 }, otherId: row.id })
    world.nowMs += 1_000
    await world.hint({ ref })
    await world.settle()
    const found = await report(world)
    expect(rowsOf(found).filter((line) => line.startsWith('crm details.dealValue 5'))).toEqual(['crm details.dealValue 5 6 different'])
    expect(found.totals.agreed).toBeGreaterThanOrEqual(2)
  })

  it('begins at the last switch to observe, unless another time is asked for', async () => {
    const { world, referralId, edited } = await watched()
    world.partner.edit(referralId, { 'details.dealValue': 20 })
    await edited('partner')
    world.nowMs += 1_000
    await world.service.setFlow('all', 'observe', 'test')
    expect((await report(world)).totals.deals).toBe(0)
    expect((await world.service.observeReport({ since: 0, signal })).totals.deals).toBe(1)
  })

  it('reads only', async () => {
    const { world, referralId, edited } = await watched()
    world.partner.edit(referralId, { 'details.dealValue': 20 })
    await edited('partner')
    world.partner.calls.length = 0
    world.crm.calls.length = 0
    await report(world)
    expect([...world.partner.calls, ...world.crm.calls].filter((call) => call !== 'read')).toEqual([])
  })
})

describe('what waited while a flow was off', () => {
  const off = { partnerToCrm: 'on', crmToPartner: 'off' } as const
  it.each([
    ['an amount', { 'details.dealValue': 30 }, 'details.dealValue', 30],
    ['a won deal', { status: 'Closed/Won' }, 'status', 'Closed/Won'],
  ] as const)('%s says which switch keeps it, and is written as soon as that is on, without another edit', async (_what, edit, field, value) => {
    const { world, referralId, crmId, edited } = await watched()
    world.policy = { ...world.policy, flows: off }
    await world.service.setFlow('crmToPartner', 'off', 'test')
    world.crm.edit(crmId, edit)
    await edited('crm')
    expect((await world.links()).map(({ state, reason }) => [state, reason?.code, reason?.text])).toEqual([
      ['in-sync', 'excluded', 'The flow from the CRM to Partner Center is off.'],
    ])
    world.policy = { ...world.policy, flows: { partnerToCrm: 'on', crmToPartner: 'on' } }
    await world.service.setFlow('all', 'on', 'test')
    await world.settle()
    expect(world.partner.rows.get(referralId)?.deal[field]).toBe(value)
    expect((await world.links()).map(({ state }) => state)).toEqual(['in-sync'])
  })

  it('is due at the next start where the file opened the flow', async () => {
    const { world, crmId, edited } = await watched()
    const { engine, store } = world
    world.policy = { ...world.policy, flows: off }
    await markUnderSwitches(engine, engine.policy().policy)
    world.crm.edit(crmId, { 'details.dealValue': 30 })
    await edited('crm')
    await markUnderSwitches(engine, engine.policy().policy)
    expect(await store.queue.depth(world.nowMs)).toMatchObject({ due: 0, later: 0 })
    world.policy = { ...world.policy, flows: { partnerToCrm: 'on', crmToPartner: 'observe' } }
    await markUnderSwitches(engine, engine.policy().policy)
    expect(await store.queue.depth(world.nowMs)).toMatchObject({ due: 1 })
  })
})

describe('what waited while a flow only observed', () => {
  it('is written as soon as the flow is switched on, without another edit', async () => {
    const { world, referralId, crmId, edited } = await watched()
    world.partner.edit(referralId, { 'details.dealValue': 20 })
    await edited('partner')
    const second = world.partner.put({ kind: 'referral', deal: { name: 'Second', status: 'Active/Accepted' } })
    await world.hint({ ref: { side: 'partner', kind: 'referral', id: second.id } })
    await world.settle()
    expect(world.crm.rows.get(crmId)?.deal['details.dealValue']).toBe(10)
    world.policy = { ...world.policy, flows: { partnerToCrm: 'on', crmToPartner: 'on' } }
    await world.service.setFlow('all', 'on', 'test')
    await world.settle()
    expect(world.crm.rows.get(crmId)?.deal['details.dealValue']).toBe(20)
    expect([...world.crm.rows.values()].map(({ deal }) => deal.name)).toContain('Second')
  })
})

it('[R36] what a person has to look into is told also while a flow only observes', async () => {
  const { world, referralId, edited } = await watched()
  Object.assign(world.partner.only(), { otherId: 'nothing-of-ours', version: 7 })
  world.partner.edit(referralId, { 'details.dealValue': 20 })
  await edited('partner')
  expect(await world.links()).toMatchObject([{ state: 'needs-attention', reason: { code: 'identifier-changed' } }])
  expect(world.crm.only().deal['details.dealValue']).toBe(10)
  world.policy = { ...world.policy, flows: { partnerToCrm: 'on', crmToPartner: 'on' } }
  await markUnderSwitches(world.engine, { flows: { partnerToCrm: 'observe', crmToPartner: 'observe' }, leads: true })
  await markUnderSwitches(world.engine, world.policy)
  await world.settle()
  expect(world.crm.only().deal['details.dealValue']).toBe(20)
})

it('[R36] a deal whose pass began before a flow was opened, and ended after, does not go on waiting for it', async () => {
  const { world, referralId, crmId, edited } = await watched()
  const { read } = world.crm.adapter
  Object.assign(world.crm.adapter, {
    read: async (...asked: Parameters<typeof read>) => {
      const seen = await read(...asked)
      // The flow is opened while the pass is under way: its deal does not say yet that it waits, so that nobody finds it by that.
      world.policy = { ...world.policy, flows: { partnerToCrm: 'on', crmToPartner: 'on' } }
      world.version += 1
      Object.assign(world.crm.adapter, { read })
      await markUnderSwitches(world.engine, world.policy)
      return seen
    },
  })
  world.partner.edit(referralId, { 'details.notes': 'new' })
  await edited('partner')
  expect(world.crm.only()).toMatchObject({ id: crmId, deal: { 'details.notes': 'new' } })
})
