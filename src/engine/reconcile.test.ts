import { describe, expect, it } from 'vitest'
import { HELP, VISIBILITY, type Projection } from '../core/deal.js'
import type { CreateChange } from '../core/change.js'
import type { CallOptions } from '../core/ports.js'
import { Fault } from '../core/fault.js'
import { asLinkId, type EndRef } from '../core/ref.js'
import { engineWorld, type EngineWorld } from '../../test/support/engine-world.js'
import { shareableDeal as deal } from '../../test/support/sample-deal.js'
const referral = (id: string): EndRef => ({ side: 'partner', kind: 'referral', id })
const opportunity = (id: string): EndRef => ({ side: 'crm', kind: 'opportunity', id })

/** A referral and its opportunity, in step. */
async function linked(world: EngineWorld, over: Projection = {}): Promise<{ referralId: string; crmId: string }> {
  const row = world.partner.put({ kind: 'referral', deal: { ...deal, ...over } })
  await world.hint({ ref: referral(row.id) })
  await world.settle()
  world.partner.calls.length = 0
  world.crm.calls.length = 0
  return { referralId: row.id, crmId: world.crm.only().id }
}

describe('a pass over a deal', () => {
  it('[R20] makes an opportunity of a referral and names each to the other', async () => {
    const world = engineWorld()
    const { referralId, crmId } = await linked(world)
    expect(world.crm.only()).toMatchObject({ kind: 'opportunity', otherId: referralId, sync: true, status: 'in-sync', deal: { 'details.dealValue': 84_000 } })
    expect(world.partner.only().otherId).toBe(crmId)
    expect((await world.links()).map((link) => link.state)).toEqual(['in-sync'])
  })

  it('[R3] writes nothing for an echo of its own write, and reads each side once', async () => {
    const world = engineWorld()
    const { referralId, crmId } = await linked(world)
    await world.hint({ ref: referral(referralId) })
    await world.hint({ ref: opportunity(crmId) })
    await world.settle()
    expect(world.partner.calls).toEqual(['read'])
    expect(world.crm.calls).toEqual(['read'])
  })

  it('lets go of a referral that an event named and nobody may read; one that was read before is waited for', async () => {
    const world = engineWorld()
    const { referralId } = await linked(world)
    const fault = new Fault('forbidden', 'Partner Center refused to read the referral (403).', { remedy: 'Give the role.' })
    Object.assign(world.partner.adapter, { read: (ref: EndRef) => Promise.resolve({ kind: 'unreachable', ref, fault }) })
    await world.hint({ ref: referral('of-somebody-else') })
    await world.hint({ ref: referral(referralId) })
    await world.work()
    const states = (await world.links()).map(({ ends, state, reason }) => [ends.partner?.id, state, reason?.code])
    expect(states).toContainEqual(['of-somebody-else', 'unlinked', 'absent'])
    expect(states).toContainEqual([referralId, 'pending', 'retrying'])
  })

  it('tells in the ledger that a state changed, and nothing of one that is as it was', async () => {
    const world = engineWorld()
    const { referralId } = await linked(world)
    const states = async (): Promise<number> => (await world.store.audit({ kinds: ['state'], limit: 100 })).records.length
    const before = await states()
    expect(before).toBeGreaterThan(0)
    world.partner.edit(referralId, { 'details.dealValue': 90_000 })
    await world.hint({ ref: referral(referralId) })
    await world.settle()
    expect(world.crm.only().deal['details.dealValue']).toBe(90_000)
    expect(await states()).toBe(before)
  })

  it('[R14] carries an inbound edit with two reads and one write', async () => {
    const world = engineWorld()
    const { referralId } = await linked(world)
    world.partner.edit(referralId, { 'details.dealValue': 90_000 })
    await world.hint({ ref: referral(referralId) })
    await world.settle()
    expect(world.crm.only().deal['details.dealValue']).toBe(90_000)
    expect([...world.partner.calls, ...world.crm.calls]).toEqual(['read', 'read', 'patch'])
    expect(world.crm.only().audit).toMatch(/Partner Center Referral to CRM sync success\./)
  })

  it('carries an outbound edit with two reads, one patch and one audit line', async () => {
    const world = engineWorld()
    const { crmId } = await linked(world)
    world.crm.edit(crmId, { 'details.dealValue': 99_000 })
    await world.hint({ ref: opportunity(crmId) })
    await world.settle()
    expect(world.partner.only().deal['details.dealValue']).toBe(99_000)
    expect([...world.partner.calls, ...world.crm.calls]).toEqual(['read', 'patch', 'read', 'patch'])
    expect(world.crm.only().audit).toMatch(/^\S+ \S+ - CRM to Partner Center Referral sync success\./)
  })

  it('shares an opportunity once and invites Microsoft when help is asked', async () => {
    const world = engineWorld()
    const row = world.crm.put({ kind: 'opportunity', deal: { ...deal, [HELP]: 'QuotesOrLicensing' } })
    await world.hint({ ref: opportunity(row.id) })
    await world.settle()
    expect([...world.partner.rows.values()].map((item) => item.kind)).toEqual(['referral', 'related'])
    expect(world.partner.only('referral')).toMatchObject({ otherId: row.id, deal: { [VISIBILITY]: true } })
    expect(world.crm.only()).toMatchObject({ otherId: world.partner.only('referral').id, deal: { [VISIBILITY]: true } })
  })

  it('says on the record what a share still needs, once, and sends nothing', async () => {
    const world = engineWorld()
    const row = world.crm.put({ kind: 'opportunity', deal: { ...deal, 'details.notes': null, 'details.requirements.solutions': [] } })
    await world.hint({ ref: opportunity(row.id) })
    await world.settle()
    const before = world.crm.calls.length
    await world.hint({ ref: opportunity(row.id) })
    await world.settle()
    expect(world.partner.rows.size).toBe(0)
    expect(world.crm.calls.slice(before)).toEqual(['read'])
    expect(world.crm.only().status).toMatch(/no notes.*at least one/)
    world.crm.edit(row.id, { 'details.notes': 'Now.', 'details.requirements.solutions': [{ id: 'SOL-1', name: null }] })
    await world.hint({ ref: opportunity(row.id) })
    await world.settle()
    expect(world.partner.rows.size).toBe(1)
    expect(world.crm.only().status).toBe('in-sync')
  })

  it('[R5] [R27] yields one referral when the answer of its create is lost', async () => {
    const world = engineWorld()
    world.partner.trouble.push('lost')
    const row = world.crm.put({ kind: 'opportunity', deal })
    await world.hint({ ref: opportunity(row.id) })
    await world.settle()
    expect(world.partner.only('referral').otherId).toBe(row.id)
    expect(world.partner.calls.filter((call) => call.startsWith('create'))).toHaveLength(1)
  })

  it('[R5] carries what people changed on both sides since a create whose answer was lost', async () => {
    const world = engineWorld()
    world.crm.trouble.push('lost')
    const row = world.partner.put({ kind: 'referral', deal })
    await world.hint({ ref: referral(row.id) })
    await world.work()
    world.partner.edit(row.id, { 'details.dealValue': 91_000 })
    world.crm.edit(world.crm.only().id, { 'details.notes': 'Wants more.' })
    await world.settle()
    for (const side of [world.partner, world.crm])
      expect(side.only().deal).toMatchObject({ 'details.dealValue': 91_000, 'details.notes': 'Wants more.' })
    expect((await world.links()).map(({ state, conflicts }) => [state, conflicts])).toEqual([['in-sync', []]])
  })

  it('[R5] takes the owner or customer that a create found for what was agreed, also when its answer was lost', async () => {
    const world = engineWorld()
    const create = world.crm.adapter.create.bind(world.crm.adapter)
    Object.assign(world.crm.adapter, {
      create: (change: CreateChange, options: CallOptions) => create({ ...change, deal: { ...change.deal, team: [] } }, options),
      resolved: async () => ({ team: [] }),
    })
    world.crm.trouble.push('lost')
    const row = world.partner.put({ kind: 'referral', deal })
    await world.hint({ ref: referral(row.id) })
    await world.settle()
    expect(world.partner.only().deal.team).toEqual(deal.team)
    expect(world.crm.only().deal.team).toEqual([])
    expect((await world.links()).map(({ state, reason }) => [state, reason])).toEqual([['in-sync', null]])
  })

  it.each([
    ['its event made a deal of its own that moved at that moment', 'stale', 1],
    ['that goes on for longer than a pass waits', 'stale', 8],
    ['another worker saved that deal at that moment', 'lease-lost', 1],
    ['another worker saves that deal for longer than a pass waits', 'lease-lost', 8],
  ] as const)('[R5] [R6] yields one referral when it cannot be noted because %s', async (_why, kind, times) => {
    const world = engineWorld()
    const row = world.crm.put({ kind: 'opportunity', deal })
    const { merge } = world.store
    let left = times
    Object.assign(world.store, {
      merge: (...args: Parameters<typeof merge>) => (left-- > 0 ? Promise.reject(new Fault(kind, 'moved', { remedy: '' })) : merge(...args)),
    })
    const create = world.partner.adapter.create.bind(world.partner.adapter)
    Object.assign(world.partner.adapter, {
      create: async (...args: Parameters<typeof create>) => {
        const receipt = await create(...args)
        await world.hint({ ref: receipt.ref })
        // Another worker has it in hands, and does not end before the deal that made it is looked at again.
        await world.store.queue.take({ limit: 1, now: world.nowMs, leaseMs: 60_000 })
        return receipt
      },
    })
    await world.hint({ ref: opportunity(row.id) })
    await world.settle()
    expect([...world.partner.rows.values()].filter(({ kind }) => kind === 'referral')).toHaveLength(1)
    expect((await world.links()).filter(({ ends }) => ends.partner !== null).map(({ state }) => state)).toEqual(['in-sync'])
  })

  it.each([1, 7])('[R5] yields one referral when the store fails %i times just after it was made', async (failures) => {
    const world = engineWorld()
    const row = world.crm.put({ kind: 'opportunity', deal })
    const { save } = world.store
    let saves = 0
    // The first save holds the intent, the second the record that was made.
    Object.assign(world.store, {
      save: (...args: Parameters<typeof save>) => ((saves += 1) >= 2 && saves < 2 + failures ? Promise.reject(new Error('connection terminated')) : save(...args)),
    })
    await world.hint({ ref: opportunity(row.id) })
    await world.settle()
    expect(world.partner.only().otherId).toBe(row.id)
    expect((await world.links()).map(({ state }) => state)).toEqual(['in-sync'])
    const linked = (await world.store.audit({ kinds: ['linked'], limit: 10 })).records
    expect(linked).toHaveLength(1)
  })

  it('hands back a deal at once when somebody else saved it under a running pass', async () => {
    const world = engineWorld()
    const { referralId } = await linked(world)
    const [link] = await world.links()
    world.partner.edit(referralId, { 'details.dealValue': 90_000 })
    const read = world.crm.adapter.read.bind(world.crm.adapter)
    Object.assign(world.crm.adapter, {
      read: async (...args: Parameters<typeof read>) => {
        Object.assign(world.crm.adapter, { read })
        const now = await world.store.load(link?.id ?? asLinkId(''))
        if (now !== null) await world.store.save({ lease: null, link: { ...now, approvals: ['crm:win'] }, audit: [], now: world.nowMs, outcome: null })
        return read(...args)
      },
    })
    await world.hint({ ref: referral(referralId) })
    await world.work()
    expect(world.crm.only().deal['details.dealValue']).toBe(90_000)
    expect(await world.store.queue.depth(world.nowMs)).toMatchObject({ due: 0, later: 0, leased: 0 })
  })

  it('[R6] yields one deal when the event of a create is faster than its answer', async () => {
    const world = engineWorld()
    const row = world.crm.put({ kind: 'opportunity', deal })
    await world.hint({ ref: opportunity(row.id) })
    const create = world.partner.adapter.create.bind(world.partner.adapter)
    Object.assign(world.partner.adapter, {
      create: async (...args: Parameters<typeof create>) => {
        const receipt = await create(...args)
        await world.hint({ ref: receipt.ref })
        return receipt
      },
    })
    await world.settle()
    expect((await world.links()).filter((link) => link.ends.partner !== null)).toHaveLength(1)
    expect(world.partner.rows.size).toBe(1)
    expect(world.crm.rows.size).toBe(1)
  })

  it('[R2] [R29] does not mistake its own write for an edit when the answer was lost', async () => {
    const world = engineWorld()
    const { referralId } = await linked(world)
    world.partner.edit(referralId, { 'details.notes': 'New.' })
    world.crm.trouble.push('lost')
    await world.hint({ ref: referral(referralId) })
    await world.settle()
    const [link] = await world.links()
    expect(link).toMatchObject({ state: 'in-sync', conflicts: [], intents: [] })
    expect(world.crm.only().deal['details.notes']).toBe('New.')
  })

  it('[R18] holds a field that both sides changed, lets the rest flow, and does what a person decides', async () => {
    const world = engineWorld()
    const { referralId, crmId } = await linked(world)
    world.partner.edit(referralId, { 'details.dealValue': 1, 'details.notes': 'From Microsoft.' })
    world.crm.edit(crmId, { 'details.dealValue': 2 })
    await world.hint({ ref: referral(referralId) })
    await world.settle()
    expect(world.crm.only().deal).toMatchObject({ 'details.dealValue': 2, 'details.notes': 'From Microsoft.' })
    expect(await world.service.conflicts()).toMatchObject([{ conflict: { field: 'details.dealValue', winner: null } }])
    await world.service.resolve(referralId, { field: 'details.dealValue', keep: 'crm', by: 'kim' })
    expect(world.partner.only().deal['details.dealValue']).toBe(2)
    expect(await world.service.conflicts()).toEqual([])
  })

  it('accepts by moving an inbound deal on, and sends what was edited while it waited', async () => {
    const world = engineWorld()
    const { crmId } = await linked(world, { status: 'New/Pending' })
    world.crm.edit(crmId, { 'details.notes': 'Called them.' })
    await world.hint({ ref: opportunity(crmId) })
    await world.settle()
    expect(world.partner.only().deal['details.notes']).toBe('Wants reports.')
    world.crm.edit(crmId, { status: 'Active/Accepted' })
    await world.hint({ ref: opportunity(crmId) })
    await world.settle()
    expect(world.partner.only().deal).toMatchObject({ status: 'Active/Accepted', 'details.notes': 'Called them.' })
  })

  it('declines an unanswered deal that is lost in the CRM, and closes both when it is won', async () => {
    const world = engineWorld()
    const { crmId } = await linked(world, { status: 'New/Pending' })
    world.crm.edit(crmId, { status: 'Closed/Lost' })
    await world.hint({ ref: opportunity(crmId) })
    await world.settle()
    expect(world.partner.only().deal.status).toBe('Closed/Declined')
    const other = engineWorld()
    const won = await linked(other)
    other.partner.edit(won.referralId, { status: 'Closed/Won' })
    await other.hint({ ref: referral(won.referralId) })
    await other.settle()
    expect(other.crm.only().deal.status).toBe('Closed/Won')
    expect((await other.links())[0]).toMatchObject({ state: 'in-sync', reason: { code: 'closed' } })
  })

  it('[R23] fills the opportunity of a lead that was converted before its creation was known to have happened', async () => {
    const world = engineWorld()
    const row = world.partner.put({ kind: 'referral', category: 'lead', deal: { ...deal, status: 'New/Pending' } })
    world.crm.trouble.push('lost')
    await world.hint({ ref: referral(row.id) })
    await world.work()
    const lead = world.crm.only()
    row.otherId = lead.id
    const made = world.crm.put({ kind: 'opportunity', deal: { status: 'Active/Accepted', 'details.dealValue': null, 'details.notes': null }, sync: false })
    lead.movedTo = opportunity(made.id)
    await world.hint({ ref: referral(row.id) })
    await world.settle()
    expect(made).toMatchObject({ otherId: row.id, sync: true, status: 'in-sync', deal: { 'details.dealValue': 84_000, 'details.notes': 'Wants reports.' } })
    expect(row).toMatchObject({ otherId: made.id, deal: { status: 'Active/Accepted', 'details.notes': 'Wants reports.' } })
  })

  it('[R23] makes a lead of an unaccepted lead and one opportunity when it is accepted', async () => {
    const world = engineWorld()
    const row = world.partner.put({ kind: 'referral', category: 'lead', deal: { ...deal, status: 'New/Pending' } })
    await world.hint({ ref: referral(row.id) })
    await world.settle()
    expect(world.crm.only().kind).toBe('lead')
    world.partner.edit(row.id, { status: 'Active/Accepted' })
    await world.hint({ ref: referral(row.id) })
    await world.settle()
    expect(world.crm.only('opportunity')).toMatchObject({ otherId: row.id, sync: true })
    expect(world.partner.only().otherId).toBe(world.crm.only('opportunity').id)
    expect(await world.links()).toHaveLength(1)
  })

  it('keeps a refused write and its reason, and does not send it again until something changes', async () => {
    const world = engineWorld()
    const { crmId } = await linked(world)
    world.crm.edit(crmId, { 'details.notes': 'Refuse me.' })
    world.partner.trouble.push('refused')
    await world.hint({ ref: opportunity(crmId) })
    await world.settle()
    await world.hint({ ref: opportunity(crmId) })
    await world.settle()
    expect(world.partner.calls.filter((call) => call === 'patch')).toHaveLength(1)
    expect((await world.links())[0]).toMatchObject({ state: 'needs-attention', reason: { code: 'rejected', text: 'refused by rule 42' } })
    expect(world.crm.only().status).toMatch(/rule 42/)
    // A system that was away for a while says nothing about the refusal, and does not take its words.
    world.partner.absences.push('unreachable')
    await world.hint({ ref: opportunity(crmId) })
    await world.work()
    expect((await world.links())[0]).toMatchObject({ state: 'pending', reason: { code: 'retrying' } })
    await world.settle()
    expect((await world.links())[0]).toMatchObject({ state: 'needs-attention', reason: { code: 'rejected', text: 'refused by rule 42' } })
    expect(world.partner.calls.filter((call) => call === 'patch')).toHaveLength(1)
    await world.service.retry({ deal: crmId, by: 'kim' })
    await world.settle()
    expect(world.partner.only().deal['details.notes']).toBe('Refuse me.')
  })

  it('waits after a short outage about as long as it lasted, however many events came meanwhile', async () => {
    const world = engineWorld()
    const { crmId } = await linked(world)
    for (let event = 1; event <= 10; event += 1) {
      world.partner.absences.push('unreachable')
      await world.hint({ ref: opportunity(crmId) })
      await world.work()
    }
    const [link] = await world.links()
    expect(link).toMatchObject({ state: 'pending', reason: { code: 'retrying' } })
    expect((link?.reason?.until ?? 0) - world.engine.clock.now()).toBeLessThanOrEqual(5_000)
  })

  it('takes over a record that another connector linked, without a create', async () => {
    const world = engineWorld()
    const row = world.partner.put({ kind: 'referral', deal })
    const opp = world.crm.put({ kind: 'opportunity', deal, otherId: row.id })
    await world.hint({ ref: referral(row.id) })
    await world.hint({ ref: opportunity(opp.id) })
    await world.settle()
    expect(world.crm.rows.size).toBe(1)
    expect((await world.links()).filter((link) => link.base !== null)).toHaveLength(1)
  })

  it('[R11] stops a sweep that would change too much, and goes on when a person releases it', async () => {
    const world = engineWorld()
    for (let count = 0; count < 30; count += 1) world.partner.put({ kind: 'referral', deal: { ...deal, name: `Deal ${count}` } })
    const signal = new AbortController().signal
    await world.service.sync({ deals: [], release: false, signal, by: 'kim' })
    expect(world.crm.rows.size).toBe(30)
    for (const row of world.partner.rows.values()) world.partner.edit(row.id, { 'details.dealValue': 1 })
    const braked = await world.service.sync({ deals: [], release: false, signal, by: 'kim' })
    expect(braked.braked).toMatchObject([{ side: 'partner', wouldChange: 30, linked: 30 }])
    expect([...world.crm.rows.values()].every((row) => row.deal['details.dealValue'] === 84_000)).toBe(true)
    await world.service.sync({ deals: [], release: true, signal, by: 'kim' })
    expect([...world.crm.rows.values()].every((row) => row.deal['details.dealValue'] === 1)).toBe(true)
  })
})
