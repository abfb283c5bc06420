import { expect, test } from 'vitest'
import { engineWorld, type EngineWorld } from '../../test/support/engine-world.js'
import { shareableDeal as deal } from '../../test/support/sample-deal.js'
import type { TouchedPage } from '../core/ports.js'
import type { Engine } from './engine.js'
import { HOLD_MS } from './hold.js'
import { lookAgainWhenAsked, referralsKnown } from './referrals-known.js'
import { sweepTurns } from './schedule.js'
import { sweep } from './sweep.js'
import { syncNow } from './sync.js'
import { worker } from './worker.js'

const signal = new AbortController().signal
const options = { signal, release: false, since: null, openOnly: false }

/** An engine whose first rounds through Partner Center's listing leave out a referral that is edited again and again. */
function busyListing(world: EngineWorld, leftOut: string, roundsCutShort: number): Engine {
  const { partner } = world.engine.adapters
  let rounds = 0
  async function* touched(asked: Parameters<typeof partner.touched>[0]): AsyncGenerator<TouchedPage> {
    rounds += 1
    const cutShort = rounds <= roundsCutShort
    for await (const page of partner.touched(asked))
      yield { ...page, cutShort, records: cutShort ? page.records.filter(({ ref }) => ref.id !== leftOut) : page.records }
  }
  const adapters = { ...world.engine.adapters, partner: { ...partner, touched } }
  return { ...world.engine, adapters, referralsKnown: () => referralsKnown(world.store) }
}

/** A record from before the connector came, and the referral that names it, of which the record knows nothing. */
function pairFromBefore(world: EngineWorld): { readonly recordId: string; readonly referralId: string } {
  const record = world.crm.put({ kind: 'opportunity', deal, sync: true })
  return { recordId: record.id, referralId: world.partner.put({ kind: 'referral', deal, otherId: record.id }).id }
}

/** `cosell sync`, on a clock that turns while it waits. */
function syncAll(world: EngineWorld, engine: Engine): ReturnType<typeof syncNow> {
  Object.assign(world.engine.clock, { sleep: async (ms: number) => void (ms < HOLD_MS / 3 && (world.nowMs += ms)) })
  const deps = { engine, worker: worker(engine), firstSync: { since: null, openOnly: false } }
  return syncNow(deps, { deals: [], release: false, signal, by: 'kim' })
}

test('[R27] nothing is shared while a first round that was cut short may have left out the very referral of the record', async () => {
  const world = engineWorld()
  const { recordId, referralId } = pairFromBefore(world)
  const engine = busyListing(world, referralId, 1)
  const work = worker(engine)
  await sweep(engine, 'crm', options)
  await sweep(engine, 'partner', options)
  for (let turns = 0; turns < 3; turns += 1) {
    await work.drain({ signal })
    world.nowMs += 20_000
  }
  expect([...world.partner.rows.keys()]).toEqual([referralId])
  let rounds = 0
  await lookAgainWhenAsked(engine, { untilMs: world.nowMs + 60_000, signal }, async () => {
    rounds += 1
    await sweep(engine, 'partner', options)
  })
  expect(rounds).toBe(1)
  await work.drain({ signal })
  expect([...world.partner.rows.keys()]).toEqual([referralId])
  expect(world.crm.rows.get(recordId)?.otherId).toBe(referralId)
})

test('a listing in which people edit for ever keeps nobody waiting for ever: after three rounds what is shared is shared', async () => {
  const world = engineWorld()
  const record = world.crm.put({ kind: 'opportunity', deal, sync: true })
  const engine = busyListing(world, 'none', 100)
  const summary = await syncAll(world, engine)
  expect(summary.sweeps.map(({ side }) => side)).toEqual(['crm', 'partner', 'partner', 'partner'])
  expect(world.partner.only()).toMatchObject({ otherId: record.id })
})

test('no round is made again while nothing is to be shared', async () => {
  const world = engineWorld()
  const referral = world.partner.put({ kind: 'referral', deal })
  const engine = busyListing(world, referral.id, 1)
  const summary = await syncAll(world, engine)
  expect(summary.sweeps.map(({ side }) => side)).toEqual(['crm', 'partner'])
  expect(await referralsKnown(world.store)).toBe(false)
  await sweep(engine, 'partner', options)
  expect(await referralsKnown(world.store)).toBe(true)
})

test('[R27] the turn of the sweep makes the second round at once, and not a quarter of an hour later', async () => {
  const world = engineWorld()
  const { recordId, referralId } = pairFromBefore(world)
  const engine = busyListing(world, referralId, 1)
  Object.assign(world.engine.clock, { sleep: async (ms: number) => void (ms < HOLD_MS / 3 && (world.nowMs += ms)) })
  await sweep(engine, 'crm', options)
  await worker(engine).drain({ signal }) // The share waits, and asks for the referrals.
  const times = { pollMs: 60_000, sweepMs: 900_000, since: null, openOnly: false }
  const turn = sweepTurns(engine, () => times).find(({ everyMs }) => everyMs === times.sweepMs)
  const startedMs = world.nowMs
  await turn?.run(signal)
  expect(world.nowMs - startedMs).toBeLessThan(5_000)
  await worker(engine).drain({ signal })
  expect([...world.partner.rows.keys()]).toEqual([referralId])
  expect(world.crm.rows.get(recordId)?.otherId).toBe(referralId)
})

test('a second round that the brake stops is not made again at every tick', async () => {
  const world = engineWorld()
  const { referralId } = pairFromBefore(world)
  const engine = busyListing(world, referralId, 1)
  Object.assign(world.engine.clock, { sleep: async (ms: number) => void (ms < HOLD_MS / 3 && (world.nowMs += ms)) })
  await sweep(engine, 'crm', options)
  await worker(engine).drain({ signal })
  await sweep(engine, 'partner', options)
  let rounds = 0
  const clock = { ...engine.clock, sleep: async (ms: number) => void (world.nowMs += ms) }
  await lookAgainWhenAsked({ store: world.store, clock }, { untilMs: world.nowMs + 900_000, signal }, async () => void (rounds += 1))
  expect(rounds).toBeGreaterThan(5)
  expect(rounds).toBeLessThan(30)
})
