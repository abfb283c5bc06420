import { expect, test } from 'vitest'
import { engineWorld, type EngineWorld } from '../../test/support/engine-world.js'
import { shareableDeal } from '../../test/support/sample-deal.js'
import { HELP, type Projection } from '../core/deal.js'
import { Fault } from '../core/fault.js'
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

/** The CRM's feed has no position any more: it lists every record there is, and says so with its last page. */
function listingAll(engine: Engine): Engine {
  const { crm } = engine.adapters
  async function* touched(asked: Parameters<typeof crm.touched>[0]): AsyncGenerator<TouchedPage> {
    for await (const page of crm.touched(asked)) yield { ...page, wholeOf: ['opportunity'] }
  }
  return { ...engine, adapters: { ...engine.adapters, crm: { ...crm, touched } } }
}

test('[R10] a record that was deleted while no feed told of it is missed by the round that lists all there are', async () => {
  const { world } = await inStep()
  const [deleted] = [...world.crm.rows.values()]
  if (deleted === undefined) throw new Error('there are thirty')
  world.crm.rows.delete(deleted.id)
  expect(await sweep(world.engine, 'crm', options)).toMatchObject({ marked: 0 })
  expect(await sweep(listingAll(world.engine), 'crm', options)).toMatchObject({ marked: 1 })
  await world.settle()
  const lost = (await world.links()).find(({ ends }) => ends.crm?.id === deleted.id)
  expect(lost?.reason?.code).toBe('absent')
})

test('where a round that lists all misses a crowd of records, the brake asks a person', async () => {
  const { world } = await inStep()
  for (const { id } of [...world.crm.rows.values()].slice(0, 25)) world.crm.rows.delete(id)
  expect(await sweep(listingAll(world.engine), 'crm', options)).toMatchObject({ marked: 0, braked: { wouldChange: 25 } })
})

test('what a round that lists all has missed is looked for again, should the process die before it was noted', async () => {
  const { world } = await inStep()
  world.crm.rows.delete([...world.crm.rows.keys()][0] ?? '')
  const engine = listingAll(world.engine)
  const before = await world.store.getValue(cursorName('crm'))
  const dying: Engine = { ...engine, store: { ...engine.store, queue: { ...engine.store.queue, mark: () => Promise.reject(new Error('died')) } } }
  await expect(sweep(dying, 'crm', options)).rejects.toThrow('died')
  expect(await world.store.getValue(cursorName('crm'))).toEqual(before)
  expect(await sweep(engine, 'crm', options)).toMatchObject({ marked: 1 })
})

/** Partner Center shows everything that is in sight, changed or not. */
function showingAgain(engine: Engine): Engine {
  const { partner } = engine.adapters
  async function* touched(asked: Parameters<typeof partner.touched>[0]): AsyncGenerator<TouchedPage> {
    for await (const page of partner.touched({ ...asked, cursor: null })) yield { ...page, again: true }
  }
  return { ...engine, adapters: { ...engine.adapters, partner: { ...partner, touched } } }
}

test('[R27] what comes into sight without a change is a deal, also one whose event came when it could not be seen; what is over or at rest is left', async () => {
  const { world } = await inStep()
  const early = world.partner.put({ kind: 'referral', deal: { ...deal, name: 'Told too early' } })
  world.partner.rows.delete(early.id)
  await world.hint({ ref: { side: 'partner', kind: 'referral', id: early.id } })
  await world.settle()
  expect((await world.links()).find(({ ends }) => ends.partner?.id === early.id)).toMatchObject({ state: 'unlinked', reason: { code: 'absent' } })
  await sweep(world.engine, 'partner', options)
  await world.settle()
  world.partner.rows.set(early.id, early)
  const late = world.partner.put({ kind: 'referral', deal: { ...deal, name: 'Seen later' } })
  const over = world.partner.put({ kind: 'referral', deal: { ...deal, name: 'Over', status: 'Closed/Won' } })
  expect(await sweep(showingAgain(world.engine), 'partner', options)).toMatchObject({ created: 1, marked: 1 })
  await world.settle()
  const linked = (await world.links()).filter(({ ends }) => ends.crm !== null).map(({ ends }) => ends.partner?.id)
  expect(linked).toEqual(expect.arrayContaining([early.id, late.id]))
  expect(linked).not.toContain(over.id)
  expect(await sweep(showingAgain(world.engine), 'partner', options)).toMatchObject({ created: 0, marked: 0 })
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

/** A listing that shows what is news once, and never again. */
function once(world: EngineWorld): Engine {
  const { partner } = world.engine.adapters
  const shown = new Set<string>()
  async function* touched(asked: Parameters<typeof partner.touched>[0]): AsyncGenerator<TouchedPage> {
    for await (const page of partner.touched(asked)) {
      const records = page.records.filter(({ ref }) => !shown.has(ref.id))
      for (const { ref } of records) shown.add(ref.id)
      yield { ...page, records }
    }
  }
  return { ...world.engine, adapters: { ...world.engine.adapters, partner: { ...partner, touched } } }
}

test("[R9] Microsoft's referral that a sweep shows while its deal is looked at for the first time, and was not shown to that look, is met by the next sweep", async () => {
  const world = engineWorld()
  const engine = once(world)
  await sweep(engine, 'crm', options)
  const own = world.partner.put({ kind: 'referral', deal })
  await world.hint({ ref: { side: 'partner', kind: 'referral', id: own.id } })
  const { read } = world.partner.adapter
  let looked = false
  Object.assign(world.partner.adapter, {
    read: async (...asked: Parameters<typeof read>) => {
      const reading = await read(...asked)
      if (looked) return reading
      looked = true
      world.partner.put({ kind: 'related', engagementId: own.engagementId, deal: { status: 'Active/Accepted' } })
      await sweep(engine, 'partner', options)
      return reading
    },
  })
  await world.settle()
  expect(await world.links()).toMatchObject([{ aliases: [], state: 'in-sync' }])
  await sweep(engine, 'partner', options)
  await world.settle()
  expect(await world.links()).toMatchObject([{ aliases: [{ id: 'partner-2' }], state: 'in-sync' }])
  expect(world.crm.only().deal['microsoft.status']).toBe('Active/Accepted')
  // Known by now, it is nothing to be looked for any more.
  expect(await sweep(engine, 'partner', options)).toMatchObject({ marked: 0 })
})

test('[R11] a brake that was pulled waits for a person although an event or two brought the rest below the limit, and lets go when most was put back', async () => {
  const { world, engine } = await inStep()
  await sweep(engine, 'crm', options)
  const rows = [...world.crm.rows.values()].slice(0, 21)
  for (const { id } of rows) world.crm.edit(id, { 'details.dealValue': 2_000 })
  expect(await sweep(engine, 'crm', options)).toMatchObject({ braked: { wouldChange: 21 }, marked: 0 })
  await world.hint({ ref: { side: 'crm', kind: 'opportunity', id: rows[0]?.id ?? '' } })
  await world.settle()
  expect(await sweep(engine, 'crm', options)).toMatchObject({ braked: { wouldChange: 20 }, marked: 0 })
  for (const { id } of rows.slice(1, 11)) world.crm.edit(id, { 'details.dealValue': 1_000 })
  expect(await sweep(engine, 'crm', options)).toMatchObject({ braked: null, marked: 10 })
  expect(await world.store.getValue('brake.crm')).toMatchObject({ value: null })
})

test('[R26] help that is asked for on a record of the first sync is seen by a sweep, although nobody has looked for Microsoft there yet', async () => {
  const world = engineWorld()
  await sweep(world.engine, 'crm', options)
  world.partner.put({ kind: 'referral', deal: shareableDeal })
  await sweep(world.engine, 'partner', options)
  await world.settle()
  await sweep(world.engine, 'crm', options)
  await world.settle()
  world.crm.edit(world.crm.only().id, { [HELP]: 'QuotesOrLicensing' })
  expect(await sweep(world.engine, 'crm', options)).toMatchObject({ marked: 1 })
  await world.settle()
  expect(world.partner.only('related').deal[HELP]).toBe('QuotesOrLicensing')
  expect(await sweep(world.engine, 'crm', options)).toMatchObject({ marked: 0 })
})

test('[R10] a listing of all that is in sight that breaks off holds up nothing of what was changed', async () => {
  const { world } = await inStep()
  const [edited] = [...world.partner.rows.values()]
  if (edited === undefined) throw new Error('there are thirty')
  world.partner.edit(edited.id, { 'details.dealValue': 2_000 })
  const { partner } = world.engine.adapters
  async function* touched(asked: Parameters<typeof partner.touched>[0]): AsyncGenerator<TouchedPage> {
    yield* partner.touched(asked)
    yield { records: [], cursor: null, again: true }
    throw new Fault('offline', 'The listing of all breaks off.', { remedy: 'It is tried again.' })
  }
  const engine = { ...world.engine, adapters: { ...world.engine.adapters, partner: { ...partner, touched } } }
  const before = await world.store.getValue(cursorName('partner'))
  await expect(sweep(engine, 'partner', options)).rejects.toThrow('The listing of all breaks off.')
  await world.settle()
  expect([...world.crm.rows.values()].filter(({ deal }) => deal['details.dealValue'] === 2_000)).toHaveLength(1)
  expect(await world.store.getValue(cursorName('partner'))).not.toEqual(before)
})
