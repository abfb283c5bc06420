import { expect, test } from 'vitest'
import { engineWorld, type EngineWorld } from '../../test/support/engine-world.js'
import type { Projection } from '../core/deal.js'
import type { TouchedPage } from '../core/ports.js'
import type { Engine } from './engine.js'
import { HOLD_MS } from './hold.js'
import { cursorName, sweep } from './sweep.js'

const signal = new AbortController().signal
const options = { signal, release: false, since: null, openOnly: false }
const deal: Projection = { name: 'Deal', status: 'Active/Accepted', 'details.dealValue': 1_000 }

/** Thirty deals in step, and an engine whose CRM lists what changed by name only, as change tracking does. */
async function inStep(): Promise<{ readonly world: EngineWorld; readonly engine: Engine }> {
  const world = engineWorld()
  for (let index = 0; index < 30; index += 1) {
    const row = world.partner.put({ kind: 'referral', deal: { name: `Deal ${index}`, status: 'Active/Accepted', 'details.dealValue': 1_000 } })
    await world.hint({ ref: { side: 'partner', kind: 'referral', id: row.id } })
  }
  await world.settle()
  const { crm } = world.engine.adapters
  async function* touched(asked: Parameters<typeof crm.touched>[0]): AsyncGenerator<TouchedPage> {
    for await (const page of crm.touched(asked)) yield { ...page, records: page.records.map((record) => ({ ...record, reading: null })) }
  }
  return { world, engine: { ...world.engine, adapters: { ...world.engine.adapters, crm: { ...crm, touched } } } }
}

test('many records that only show what was agreed are read together, and only what differs is worked', async () => {
  const { world, engine } = await inStep()
  const [edited, emptied] = [...world.crm.rows.values()]
  if (edited === undefined || emptied === undefined) throw new Error('there are thirty')
  world.crm.edit(edited.id, { 'details.dealValue': 2_000 })
  world.crm.rows.set(emptied.id, { ...emptied, otherId: null, version: emptied.version + 1 })
  expect(await sweep(engine, 'crm', options)).toMatchObject({ records: 30, marked: 2, braked: null })
  await world.settle()
  expect([...world.partner.rows.values()].filter(({ deal }) => deal['details.dealValue'] === 2_000)).toHaveLength(1)
  expect(await sweep(engine, 'crm', options)).toMatchObject({ records: 30, marked: 0 })
})

test('a deal that is not in step, or has something left to tell, is worked although its record shows nothing new', async () => {
  const { world, engine } = await inStep()
  const [pending, telling] = await world.links()
  if (pending === undefined || telling === undefined) throw new Error('there are thirty')
  const now = world.nowMs
  await world.store.save({ lease: null, link: { ...pending, state: 'needs-attention' }, audit: [], now, outcome: null })
  await world.store.save({ lease: null, link: { ...telling, notes: ['a line'] }, audit: [], now, outcome: null })
  expect(await sweep(engine, 'crm', options)).toMatchObject({ marked: 2 })
})

test('a sync that a person asked for waits its turn, also for the claim of a worker that died', async () => {
  const world = engineWorld()
  // The renewals of the claim itself do not turn the clock.
  Object.assign(world.engine.clock, { sleep: async (ms: number) => void (ms < HOLD_MS / 3 && (world.nowMs += ms)) })
  world.partner.put({ kind: 'referral', deal: { name: 'Deal', status: 'Active/Accepted' } })
  await world.store.claim('sweep.crm', { token: 'died', forMs: HOLD_MS, now: world.nowMs })
  const summary = await world.service.sync({ deals: [], release: true, signal, by: 'kim' })
  expect(summary.sweeps).toMatchObject([{ side: 'crm', skipped: false }, { side: 'partner', skipped: false, created: 1 }])
})

test('a sync does not wait for ever for a worker that sweeps on and on, and says so', async () => {
  const world = engineWorld()
  await world.store.claim('sweep.crm', { token: 'busy', forMs: HOLD_MS, now: world.nowMs })
  const summary = await world.service.sync({ deals: [], release: true, signal, by: 'kim' })
  expect(summary.sweeps).toMatchObject([{ side: 'crm', skipped: true }, { side: 'partner', skipped: false }])
})

test('[R27] a referral that names a record is one deal with it before either is worked, whoever is worked first', async () => {
  const world = engineWorld()
  const record = world.crm.put({ kind: 'opportunity', deal, sync: true })
  const named = world.partner.put({ kind: 'referral', deal, otherId: record.id })
  await sweep(world.engine, 'crm', options)
  await sweep(world.engine, 'partner', options)
  // The worker that had taken the referral died; the record's own turn comes first.
  expect(await world.links()).toMatchObject([{ ends: { partner: { id: named.id }, crm: { id: record.id } } }])
  await world.settle()
  expect([...world.partner.rows.keys()]).toEqual([named.id])
  expect(world.crm.rows.get(record.id)?.otherId).toBe(named.id)
})

test('[R27] a referral that names a record is one deal with it although its event came first and waits for a worker that died', async () => {
  const world = engineWorld()
  const record = world.crm.put({ kind: 'opportunity', deal, sync: true })
  await sweep(world.engine, 'crm', options)
  const named = world.partner.put({ kind: 'referral', deal, otherId: record.id })
  await world.hint({ ref: { side: 'partner', kind: 'referral', id: named.id } })
  await sweep(world.engine, 'partner', options)
  const linked = (await world.links()).filter(({ ends }) => ends.partner !== null || ends.crm !== null)
  expect(linked).toMatchObject([{ ends: { partner: { id: named.id }, crm: { id: record.id } } }])
  await world.settle()
  expect([...world.partner.rows.keys()]).toEqual([named.id])
  expect(world.crm.rows.get(record.id)?.otherId).toBe(named.id)
})

test('a record that names another referral is not joined by a sweep with one that names it', async () => {
  const world = engineWorld()
  const other = world.partner.put({ kind: 'referral', deal: { ...deal, name: 'Another' } })
  const record = world.crm.put({ kind: 'opportunity', deal, sync: true, otherId: other.id })
  const named = world.partner.put({ kind: 'referral', deal, otherId: record.id })
  await sweep(world.engine, 'crm', options)
  await sweep(world.engine, 'partner', options)
  expect((await world.links()).find(({ ends }) => ends.partner?.id === named.id)?.ends.crm).toBeNull()
})

test('[R25] a sweep that breaks off behind a page of changes brings them again: the cursor waits until they are noted', async () => {
  const { world } = await inStep()
  const { partner } = world.engine.adapters
  await sweep(world.engine, 'partner', options)
  await world.settle()
  const [edited] = world.partner.rows.values()
  if (edited === undefined) throw new Error('thirty deals were made')
  world.partner.edit(edited.id, { 'details.dealValue': 2_000 })
  async function* broken(asked: Parameters<typeof partner.touched>[0]): AsyncGenerator<TouchedPage> {
    yield* partner.touched(asked)
    throw new Error('the second page did not come')
  }
  const engine = { ...world.engine, adapters: { ...world.engine.adapters, partner: { ...partner, touched: broken } } }
  const before = await world.store.getValue(cursorName('partner'))
  await expect(sweep(engine, 'partner', options)).rejects.toThrow('the second page did not come')
  expect(await world.store.getValue(cursorName('partner'))).toEqual(before)
  expect(await sweep(world.engine, 'partner', options)).toMatchObject({ marked: 1 })
})

test('[R25] a first sweep that is told to stop is not through, and what it had not made comes again', async () => {
  const world = engineWorld()
  for (let index = 0; index < 3; index += 1) world.partner.put({ kind: 'referral', deal: { ...deal, name: `Deal ${index}` } })
  const stop = new AbortController()
  const { partner } = world.engine.adapters
  async function* touched(asked: Parameters<typeof partner.touched>[0]): AsyncGenerator<TouchedPage> {
    for await (const page of partner.touched(asked)) {
      stop.abort() // Between the answer of the listing and the work on it.
      yield page
    }
  }
  await sweep(world.engine, 'crm', options)
  const engine = { ...world.engine, adapters: { ...world.engine.adapters, partner: { ...partner, touched } } }
  await expect(sweep(engine, 'partner', { ...options, signal: stop.signal })).rejects.toMatchObject({ kind: 'offline' })
  expect(await world.store.getValue('swept.partner')).toBeNull()
  await sweep(world.engine, 'partner', options)
  await world.settle()
  expect(world.crm.rows.size).toBe(3)
})
