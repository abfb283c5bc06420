import { describe, expect, it } from 'vitest'
import type { Change, CreateChange } from '../core/change.js'
import { HELP, VISIBILITY, type Projection } from '../core/deal.js'
import { Fault } from '../core/fault.js'
import { LINK_STATES } from '../core/link.js'
import type { CallOptions } from '../core/ports.js'
import type { EndRef } from '../core/ref.js'
import { engineWorld, type EngineWorld } from '../../test/support/engine-world.js'
import { shareableDeal as deal } from '../../test/support/sample-deal.js'
import { LEASE_MS } from './engine.js'
import { assertIdentity, assertOrganization } from './identity.js'
import { reconcile } from './reconcile.js'

const referral = (id: string): EndRef => ({ side: 'partner', kind: 'referral', id })
const opportunity = (id: string): EndRef => ({ side: 'crm', kind: 'opportunity', id })
const signal = new AbortController().signal

async function linked(over: Projection = {}): Promise<{ world: EngineWorld; referralId: string; crmId: string }> {
  const world = engineWorld()
  const row = world.partner.put({ kind: 'referral', deal: { ...deal, ...over } })
  await world.hint({ ref: referral(row.id) })
  await world.settle()
  world.partner.calls.length = 0
  world.crm.calls.length = 0
  return { world, referralId: row.id, crmId: world.crm.only().id }
}
const writes = (world: EngineWorld): string[] => [...world.partner.calls, ...world.crm.calls].filter((call) => call !== 'read')
const onlyLink = async (world: EngineWorld) => {
  const [link] = await world.links()
  if (link === undefined) throw new Error('there is a deal')
  return link
}

it('[R4] writes a record again only on a version that was read: that of our own last write may be unknown', async () => {
  const world = engineWorld()
  const expected: unknown[] = []
  const { write } = world.crm.adapter
  // As a CRM that tells no version with the answer to a write.
  Object.assign(world.crm.adapter, {
    write: async (change: Exclude<Change, CreateChange>, options: CallOptions) => {
      expected.push(change.expect)
      return { ...(await write(change, options)), version: null }
    },
  })
  const { create } = world.partner.adapter
  // Somebody edits the referral while Microsoft is invited, so that the CRM record gets its identifier and then the edit.
  Object.assign(world.partner.adapter, {
    create: async (change: CreateChange, options: CallOptions) => {
      const receipt = await create(change, options)
      if (change.as === 'related') world.partner.edit(world.partner.only('referral').id, { 'details.dealValue': 90_000 })
      return receipt
    },
  })
  const row = world.crm.put({ kind: 'opportunity', deal: { ...deal, [HELP]: 'QuotesOrLicensing' } })
  await world.hint({ ref: opportunity(row.id) })
  await world.settle()
  expect(world.crm.only().deal['details.dealValue']).toBe(90_000)
  expect(expected.length).toBeGreaterThan(1)
  expect(expected).not.toContain(null)
})

it('[R27] a record is not shared before the first sweep has told which referrals there are', async () => {
  const world = engineWorld()
  let isKnown = false
  Object.assign(world.engine, { referralsKnown: () => Promise.resolve(isKnown) })
  const record = world.crm.put({ kind: 'opportunity', deal })
  await world.hint({ ref: opportunity(record.id) })
  for (let turns = 0; turns < 5; turns += 1) {
    await world.work()
    world.nowMs += 20_000
  }
  expect(world.partner.rows.size).toBe(0)
  isKnown = true
  await world.settle()
  expect(world.partner.only()).toMatchObject({ otherId: record.id })
})

describe('time', () => {
  it('[R6] nothing more is written under a lease that ended during the write before', async () => {
    const { world, crmId, referralId } = await linked()
    for (const { adapter } of [world.partner, world.crm]) {
      const write = adapter.write.bind(adapter)
      const slowly = async (...call: Parameters<typeof write>): ReturnType<typeof write> => {
        const receipt = await write(...call)
        world.nowMs += LEASE_MS + 1_000
        return receipt
      }
      Object.assign(adapter, { write: slowly })
    }
    world.crm.edit(crmId, { 'details.notes': 'A' })
    world.partner.edit(referralId, { 'details.dealValue': 90_000 })
    await world.hint({ ref: opportunity(crmId) })
    const [lease] = await world.store.queue.take({ limit: 1, now: world.nowMs, leaseMs: LEASE_MS })
    if (lease === undefined) throw new Error('the deal is due')
    await reconcile(world.engine, { lease, link: null }, signal)
    expect(writes(world)).toHaveLength(1)
  })

  it('[R5] [R27] a create whose answer was lost is searched for only once the listing can show it', async () => {
    const world = engineWorld()
    const { adapter } = world.partner
    const lagMs = 120_000
    const shownAt = world.nowMs + LEASE_MS + lagMs - 1_000
    const find = adapter.find.bind(adapter)
    Object.assign(adapter, {
      can: { ...adapter.can, markerLagMs: lagMs },
      find: (...call: Parameters<typeof find>) => (world.nowMs < shownAt ? Promise.resolve([]) : find(...call)),
    })
    const row = world.crm.put({ kind: 'opportunity', deal })
    world.partner.trouble.push('lost')
    await world.hint({ ref: opportunity(row.id) })
    await world.work()
    // Somebody edits the record meanwhile: the deal is due at once, and its creation must wait all the same.
    await world.hint({ ref: opportunity(row.id) })
    await world.settle()
    expect([...world.partner.rows.values()].filter(({ kind }) => kind === 'referral')).toHaveLength(1)
    expect(await onlyLink(world)).toMatchObject({ state: 'in-sync', intents: [] })
  })
})

describe('the merge table, carried out', () => {
  it('[R12] writes nothing and keeps the base while a side cannot be read', async () => {
    const { world, referralId } = await linked()
    const before = (await onlyLink(world)).base
    world.partner.edit(referralId, { 'details.notes': 'New.' })
    const read = world.crm.adapter.read.bind(world.crm.adapter)
    const fault = new Fault('offline', 'no answer', { remedy: 'Wait.' })
    Object.assign(world.crm.adapter, { read: (ref: EndRef) => Promise.resolve({ kind: 'unreachable', ref, fault }) })
    await world.hint({ ref: referral(referralId) })
    await world.work()
    expect(writes(world)).toEqual([])
    expect(await onlyLink(world)).toMatchObject({ base: before, state: 'pending', reason: { code: 'retrying', text: 'no answer' } })
    Object.assign(world.crm.adapter, { read })
    await world.settle()
    expect(world.crm.only().deal['details.notes']).toBe('New.')
  })

  it('[R1] [R13] writes nothing about a difference that is a known loss, and records what was written, not what is read', async () => {
    const { world, referralId } = await linked({ status: 'Active/Accepted' })
    const canonical = (text: string): string => text.slice(0, 5)
    const adapter = world.crm.adapter
    const plain = adapter.canonical.bind(adapter)
    const cut = (value: Projection): Projection =>
      typeof value['details.notes'] === 'string' ? { ...value, 'details.notes': canonical(value['details.notes']) } : value
    Object.assign(adapter, { canonical: (value: Projection) => cut(plain(value, 'opportunity')) })
    world.partner.edit(referralId, { 'details.notes': 'A long text' })
    await world.hint({ ref: referral(referralId) })
    await world.settle()
    expect(world.crm.only().deal['details.notes']).toBe('A lon')
    expect((await onlyLink(world)).base).toMatchObject({ partner: { 'details.notes': 'A long text' }, crm: { 'details.notes': 'A lon' } })
    world.crm.calls.length = 0
    await world.hint({ ref: referral(referralId) })
    await world.settle()
    expect(writes(world)).toEqual([])
  })

  it('[R7] [R15] restores a one-way field that was edited on its receiving side and records the loser', async () => {
    const { world, referralId, crmId } = await linked()
    const campaign = world.policy.fields.campaignId
    world.policy = {
      ...world.policy,
      fields: { ...world.policy.fields, campaignId: { ...campaign, into: { crm: 'always', partner: 'never' }, restore: true } },
    }
    world.partner.edit(referralId, { campaignId: 'C-1' })
    await world.hint({ ref: referral(referralId) })
    await world.settle()
    world.crm.edit(crmId, { campaignId: 'mine' })
    await world.hint({ ref: opportunity(crmId) })
    await world.settle()
    expect(world.crm.only().deal.campaignId).toBe('C-1')
    const { records } = await world.service.audit({ limit: 100 })
    expect(records.map((record) => record.event)).toContainEqual({
      kind: 'conflict',
      conflict: expect.objectContaining({
        field: 'campaignId',
        kind: 'restore',
        winner: 'partner',
        saw: { partner: 'C-1', crm: 'mine' },
      }) as unknown,
    })
  })

  it('[R16] shows a rename as information and never undoes it', async () => {
    const { world, crmId } = await linked()
    world.crm.edit(crmId, { name: 'Our name for it' })
    await world.hint({ ref: opportunity(crmId) })
    await world.settle()
    expect(world.crm.only().deal.name).toBe('Our name for it')
    expect(world.partner.only().deal.name).toBe('Nordwind rollout')
    expect(writes(world)).toEqual([])
    expect((await onlyLink(world)).state).toBe('in-sync')
  })

  it('[R17] adopts the same change on both sides without a write', async () => {
    const { world, referralId, crmId } = await linked()
    world.partner.edit(referralId, { 'details.notes': 'Same.' })
    world.crm.edit(crmId, { 'details.notes': 'Same.' })
    await world.hint({ ref: referral(referralId) })
    await world.settle()
    expect(writes(world)).toEqual([])
    expect(await onlyLink(world)).toMatchObject({ state: 'in-sync', conflicts: [] })
  })

  it('[R19] fills what is empty and holds what differs when two records are first linked', async () => {
    const world = engineWorld()
    const row = world.partner.put({ kind: 'referral', deal: { ...deal, 'details.notes': 'Theirs.' } })
    world.crm.put({ kind: 'opportunity', deal: { ...deal, 'details.notes': 'Ours.', 'details.closingDateTime': null }, otherId: row.id })
    await world.hint({ ref: referral(row.id) })
    await world.settle()
    expect(world.crm.only().deal).toMatchObject({ 'details.closingDateTime': '2026-11-30', 'details.notes': 'Ours.' })
    expect((await onlyLink(world)).conflicts).toMatchObject([{ field: 'details.notes', kind: 'create/create', winner: null }])
  })

  it('[R21] takes the close that is still legal, and holds won against lost', async () => {
    const { world, referralId, crmId } = await linked({ status: 'New/Pending' })
    world.partner.edit(referralId, { status: 'Active/Accepted' })
    world.crm.edit(crmId, { status: 'Closed/Lost' })
    await world.hint({ ref: referral(referralId) })
    await world.settle()
    expect(world.partner.only().deal.status).toBe('Closed/Lost')
    const other = await linked()
    other.world.partner.edit(other.referralId, { status: 'Closed/Won' })
    other.world.crm.edit(other.crmId, { status: 'Closed/Lost' })
    await other.world.hint({ ref: referral(other.referralId) })
    await other.world.settle()
    expect(writes(other.world).filter((call) => call.startsWith('step'))).toEqual([])
    expect(await onlyLink(other.world)).toMatchObject({ state: 'needs-attention', reason: { code: 'conflict' } })
  })

  it('[R22] believes that a record is gone only after two looks ten minutes apart, and deletes nothing', async () => {
    const { world, referralId, crmId } = await linked()
    world.crm.rows.delete(crmId)
    await world.hint({ ref: opportunity(crmId) })
    await world.work()
    expect((await onlyLink(world)).state).toBe('pending')
    world.nowMs += 10 * 60_000 + 1
    await world.work()
    expect(await onlyLink(world)).toMatchObject({ state: 'needs-attention', reason: { code: 'absent' } })
    expect(world.partner.rows.has(referralId)).toBe(true)
    expect(writes(world)).toEqual([])
  })

  it('[R24] holds two records with one marker, lists them and touches neither', async () => {
    const world = engineWorld()
    const row = world.partner.put({ kind: 'referral', deal })
    const copies = [1, 2].map(() => world.crm.put({ kind: 'opportunity', deal, otherId: row.id }).id)
    await world.hint({ ref: referral(row.id) })
    await world.settle()
    const link = await onlyLink(world)
    expect(link).toMatchObject({ state: 'needs-attention', reason: { code: 'duplicate-marker' } })
    for (const id of copies) expect(link.reason?.text).toContain(id)
    expect(writes(world)).toEqual([])
  })
})

describe('doors', () => {
  it('[R8] are not passed by a first linking, however the two records differ', async () => {
    const world = engineWorld()
    const row = world.partner.put({ kind: 'referral', deal: { ...deal, status: 'New/Pending' } })
    world.crm.put({ kind: 'opportunity', deal: { ...deal, [VISIBILITY]: true }, otherId: row.id })
    await world.hint({ ref: referral(row.id) })
    await world.settle()
    expect(world.partner.only().deal).toMatchObject({ status: 'New/Pending', [VISIBILITY]: false })
    expect((await onlyLink(world)).state).toBe('needs-attention')
  })

  it('[R55] wait for a word under confirm, pass on it once, and stay shut under forbid', async () => {
    const { world, crmId } = await linked()
    world.policy = { ...world.policy, irreversible: 'confirm' }
    world.crm.edit(crmId, { status: 'Closed/Won' })
    await world.hint({ ref: opportunity(crmId) })
    await world.settle()
    expect(world.partner.only().deal.status).toBe('Active/Accepted')
    expect((await onlyLink(world)).reason?.code).toBe('confirm')
    await world.service.order(crmId, { take: 'win', reason: null, by: 'kim' })
    await world.settle()
    expect(world.partner.only().deal.status).toBe('Closed/Won')
    const other = await linked()
    other.world.policy = { ...other.world.policy, irreversible: 'forbid' }
    await expect(other.world.service.order(other.crmId, { take: 'win', reason: null, by: 'kim' })).rejects.toMatchObject({
      kind: 'rejected',
    })
  })

  it("[R9] reads Microsoft's referral with ours, and takes an event about it as a hint for the deal", async () => {
    const world = engineWorld()
    const row = world.crm.put({ kind: 'opportunity', deal: { ...deal, [HELP]: 'QuotesOrLicensing', 'microsoft.status': null } })
    await world.hint({ ref: opportunity(row.id) })
    await world.settle()
    const theirs = world.partner.only('related')
    expect(theirs.otherId).toBeNull()
    world.partner.edit(theirs.id, { status: 'Active/Accepted' })
    await world.hint({ ref: referral(theirs.id), wide: true })
    await world.settle()
    expect(world.crm.only().deal['microsoft.status']).toBe('Active/Accepted')
    expect((await world.links()).filter((link) => link.base !== null)).toHaveLength(1)
  })
})

describe('switches and limits', () => {
  it('[R36] plans and records under observe, and writes nothing', async () => {
    const { world, referralId } = await linked()
    world.policy = { ...world.policy, flows: { partnerToCrm: 'observe', crmToPartner: 'observe' } }
    world.partner.edit(referralId, { 'details.notes': 'Watched.' })
    await world.hint({ ref: referral(referralId) })
    await world.settle()
    expect(writes(world)).toEqual([])
    const { records } = await world.service.audit({ limit: 50 })
    expect(records.filter((record) => record.event?.kind === 'observed')).toHaveLength(1)
  })

  it('[R37] keeps leads out of the CRM when leads are off', async () => {
    const world = engineWorld()
    world.policy = { ...world.policy, leads: false }
    const row = world.partner.put({ kind: 'referral', category: 'lead', deal: { ...deal, status: 'New/Pending' } })
    await world.hint({ ref: referral(row.id) })
    await world.settle()
    expect(world.crm.rows.size).toBe(0)
    expect(await onlyLink(world)).toMatchObject({ state: 'unlinked', reason: { code: 'excluded' } })
  })

  it('[R32] retries with growing pauses, never before Retry-After, and stops after 72 hours until somebody retries', async () => {
    const { world, crmId } = await linked()
    world.crm.edit(crmId, { 'details.notes': 'Later.' })
    const write = world.partner.adapter.write.bind(world.partner.adapter)
    const slow = new Fault('throttled', 'slow down', { remedy: 'Wait.', retryAfterMs: 120_000 })
    Object.assign(world.partner.adapter, { write: () => Promise.reject(slow) })
    await world.hint({ ref: opportunity(crmId) })
    await world.work()
    const depth = await world.store.queue.depth(world.nowMs)
    expect(depth.nextDueAt).toBeGreaterThanOrEqual(world.nowMs + 120_000)
    for (let hour = 0; hour < 75 && (await onlyLink(world)).state !== 'stopped'; hour += 1) {
      world.nowMs += 3_600_000
      await world.work()
    }
    expect(await onlyLink(world)).toMatchObject({ state: 'stopped', reason: { code: 'given-up' } })
    Object.assign(world.partner.adapter, { write })
    await world.service.retry({ all: true, by: 'kim' })
    await world.settle()
    expect(world.partner.only().deal['details.notes']).toBe('Later.')
  })

  it('[R38] refuses a store that was made for other systems, unless it is adopted', async () => {
    const { store } = engineWorld()
    await assertIdentity(store, { partnerTenant: 'a', crm: 'https://one.example' }, { adopt: false, now: 1 })
    await assertIdentity(store, { partnerTenant: 'A', crm: 'https://one.example' }, { adopt: false, now: 1 })
    const other = { partnerTenant: 'a', crm: 'https://two.example' }
    await expect(assertIdentity(store, other, { adopt: false, now: 2 })).rejects.toMatchObject({ kind: 'misconfigured' })
    await assertIdentity(store, other, { adopt: true, now: 3 })
    await assertIdentity(store, other, { adopt: false, now: 4 })
    await assertIdentity(store, other, { adopt: true, now: 5 })
    const { records } = await store.audit({ limit: 10, kinds: ['setting'] })
    const detail = 'adopted: made for partner tenant a and CRM https://one.example, works from now on with partner tenant a and CRM https://two.example'
    expect(records.map(({ at, event }) => ({ at, event }))).toEqual([{ at: 3, event: { kind: 'setting', name: 'store', detail } }])
  })

  it('[R38] refuses another org under the same address, unless it is adopted', async () => {
    const { store } = engineWorld()
    const [ours, theirs] = [{ id: '00D1', crm: 'https://one.example' }, { id: '00D2', crm: 'https://one.example' }]
    await assertOrganization(store, ours, 1)
    await assertOrganization(store, ours, 2)
    await expect(assertOrganization(store, theirs, 3)).rejects.toMatchObject({ kind: 'misconfigured', message: expect.stringContaining('00D1') as string })
    await assertIdentity(store, { partnerTenant: 'a', crm: 'https://one.example' }, { adopt: true, now: 4 })
    await assertOrganization(store, theirs, 5)
    await expect(assertOrganization(store, ours, 6)).rejects.toMatchObject({ kind: 'misconfigured' })
  })

  it("[R47] names a deal's state by one of five words", async () => {
    const { world } = await linked()
    const { deals } = await world.service.deals({ limit: 10 })
    expect(LINK_STATES).toEqual(['in-sync', 'pending', 'needs-attention', 'stopped', 'unlinked'])
    expect(deals.map((row) => row.state)).toEqual(['in-sync'])
  })

  it('[R48] plans without writing, applies that plan, and refuses one whose records have moved', async () => {
    const { world, referralId } = await linked()
    world.partner.edit(referralId, { 'details.notes': 'Planned.' })
    const plan = await world.service.plan({ deals: [referralId], signal })
    expect(plan.totals).toMatchObject({ create: 0, update: 1 })
    expect(writes(world)).toEqual([])
    world.partner.edit(referralId, { 'details.notes': 'Moved on.' })
    expect(await world.service.apply(plan, { by: 'kim', signal })).toMatchObject({
      applied: 0,
      refused: [{ why: expect.stringContaining('changed in Partner Center') as unknown }],
    })
    expect(writes(world)).toEqual([])
    const again = await world.service.plan({ deals: [referralId], signal })
    expect(await world.service.apply(again, { by: 'kim', signal })).toMatchObject({ applied: 1, refused: [] })
    expect(world.crm.only().deal['details.notes']).toBe('Moved on.')
  })
})
