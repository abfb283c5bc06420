import { request } from 'undici'
import { setTimeout as sleep } from 'node:timers/promises'
import { webhookKey } from '../../test/support/fleet.js'
import { startPostgres } from '../../test/support/postgres.js'
import { clockMs } from '../clock.js'
import { floorOf, type Floor } from '../floor.js'
import type { Call, Delivery } from '../simulators.js'
import { inFlight, pairs, percentile, single, spread, stageOf, until, type Figure, type Stage } from '../stage.js'

type Pair = { referralId: string; opportunityId: string }
const runs = 5
const inFlightMost = 10

export async function post(url: string, { headers, body }: Delivery): Promise<void> {
  const answer = await request(url, { method: 'POST', headers: { ...headers }, body })
  await answer.body.dump()
  if (answer.statusCode !== 202) throw new Error(`The hook answered ${answer.statusCode}.`)
}

/** What the service asks of an opportunity: the floor reads the same. */
async function queryOf({ simulators }: Stage): Promise<string> {
  const read = (await simulators.ask('calls')).find(
    ({ system, method, path }) => system === 'crm' && method === 'GET' && path.includes('/opportunities('),
  )
  return read === undefined ? '' : read.path.slice(Math.max(0, read.path.indexOf('?')))
}

/** Events per second from the first delivery to the last write. */
async function serviceRate(stage: Stage, deals: readonly Pair[], value: number): Promise<number> {
  await stage.simulators.ask('editReferrals', { ids: deals.map(({ referralId }) => referralId), value })
  const deliveries = await stage.simulators.ask(
    'deliveries',
    deals.map(({ referralId }) => referralId),
  )
  await stage.simulators.ask('reset')
  const startedAt = clockMs()
  await inFlight(deliveries, inFlightMost, (delivery) => post(`${stage.fleet.address}/hooks/partner-center`, delivery))
  await until(async () => (await stage.simulators.ask('writes')).count >= deals.length, 120_000)
  return (deals.length * 1_000) / ((await stage.simulators.ask('writes')).lastAtMs - startedAt)
}

async function floorRate(stage: Stage, floor: Floor, deals: readonly Pair[], value: number): Promise<number> {
  await stage.simulators.ask('reset')
  const startedAt = clockMs()
  await inFlight(
    deals.map((pair, index) => ({ ...pair, value: value + index })),
    inFlightMost,
    (pair) => floor.carry(pair),
  )
  return (deals.length * 1_000) / ((await stage.simulators.ask('writes')).lastAtMs - startedAt)
}

/** Milliseconds from one event to its write, one after another. */
async function serviceDelays(stage: Stage, deals: readonly Pair[], value: number): Promise<number[]> {
  const ids = deals.map(({ referralId }) => referralId)
  await stage.simulators.ask('editReferrals', { ids, value })
  const delays: number[] = []
  for (const delivery of await stage.simulators.ask('deliveries', ids)) {
    await stage.simulators.ask('reset')
    const startedAt = clockMs()
    await post(`${stage.fleet.address}/hooks/partner-center`, delivery)
    await until(async () => (await stage.simulators.ask('writes')).count > 0, 10_000)
    delays.push((await stage.simulators.ask('writes')).firstAtMs - startedAt)
  }
  return delays
}

async function floorDelays(stage: Stage, floor: Floor, deals: readonly Pair[], value: number): Promise<number[]> {
  const delays: number[] = []
  for (const pair of deals) {
    await stage.simulators.ask('reset')
    const startedAt = clockMs()
    await floor.carry({ ...pair, value })
    delays.push((await stage.simulators.ask('writes')).firstAtMs - startedAt)
  }
  return delays
}

/** Throughput and delay beside the floor, with a real service's latency and with none. */
export async function carrying(): Promise<Figure[]> {
  const stage = await stageOf({ postgres: null })
  try {
    await stage.start('all')
    // Each has deals of its own: what the floor writes would look to the service like people's edits.
    const all = await pairs(stage, 400)
    const [deals, bareDeals] = [all.slice(0, 200), all.slice(200)]
    await serviceDelays(stage, deals.slice(0, 3), 5_000)
    await serviceRate(stage, deals.slice(0, 50), 7_000)
    const floor = await floorOf(await stage.simulators.ask('setup'), await queryOf(stage))
    const figures: Figure[] = []
    for (const { latency, rate, delay } of [
      { latency: 50, rate: 0.7, delay: 1.5 },
      { latency: 0, rate: 0.3, delay: 3 },
    ]) {
      await stage.simulators.ask('latency', latency)
      const rates: number[] = []
      const delays: number[] = []
      for (let run = 1; run <= runs; run += 1) {
        const value = run * 10_000 + latency * 1_000_000
        const [bare, ours] = [await floorRate(stage, floor, bareDeals, value), await serviceRate(stage, deals, value + 1_000)]
        rates.push(ours / bare)
        const few = deals.slice(0, 15)
        const [bareDelay, ourDelay] = [
          await floorDelays(stage, floor, bareDeals.slice(0, 15), value + 2_000),
          await serviceDelays(stage, few, value + 3_000),
        ]
        delays.push(percentile(ourDelay, 0.5) / percentile(bareDelay, 0.5))
        const p50 = (values: readonly number[]): string => `${percentile(values, 0.5).toFixed(1)} ms`
        console.log(`  ${latency} ms: ${ours.toFixed(0)}/s of ${bare.toFixed(0)}/s, p50 ${p50(ourDelay)} of ${p50(bareDelay)}`)
      }
      figures.push(
        {
          name: `events per second, ${latency} ms a call, 10 in flight`,
          measured: spread(rates),
          target: rate,
          better: 'more',
          unit: '× floor',
        },
        { name: `event to CRM write p50, ${latency} ms a call`, measured: spread(delays), target: delay, better: 'less', unit: '× floor' },
      )
    }
    return figures
  } finally {
    await stage.close()
  }
}

/** Remote calls of one change, counted by the simulators. */
export async function calls(): Promise<Figure[]> {
  const stage = await stageOf({ postgres: null })
  try {
    await stage.start('all')
    const deals = await pairs(stage, 3)
    const [deal] = deals
    if (deal === undefined) throw new Error('No deal was made.')
    const { referralId, opportunityId } = deal
    const { fleet, simulators } = stage
    /** The calls that one event caused: a named sync would read more than an event does. */
    const count = async (event: () => Promise<void>): Promise<readonly Call[]> => {
      await simulators.ask('reset')
      await event()
      await sleep(1_500)
      return simulators.ask('calls')
    }
    const referralEvent = async (): Promise<void> => {
      for (const delivery of await simulators.ask('deliveries', [referralId])) await post(`${fleet.address}/hooks/partner-center`, delivery)
    }
    const headers = { 'content-type': 'application/json', 'x-cosell-key': webhookKey }
    const body = JSON.stringify({ PrimaryEntityName: 'opportunity', PrimaryEntityId: opportunityId, MessageName: 'Update' })
    const recordEvent = (): Promise<void> => post(`${fleet.address}/hooks/dynamics`, { headers, body })
    await simulators.ask('editReferrals', { ids: [referralId], value: 71_000 })
    const inbound = await count(referralEvent)
    const echo = await count(recordEvent)
    await simulators.ask('editOpportunities', { ids: [opportunityId], value: 72_000 })
    const outbound = await count(recordEvent)
    const rest = await count(async () => void (await fleet.command(['sync', '--json'])))
    const writes = (made: readonly Call[]): number => made.filter(({ method, path }) => method !== 'GET' && !path.includes('$batch')).length
    const figure = (name: string, measured: number, target: number): Figure => ({
      name,
      measured: single(measured),
      target,
      better: 'less',
      unit: 'calls',
    })
    return [
      figure('inbound update of a linked deal', inbound.length, 3),
      figure('outbound update of a linked deal', outbound.length, 4),
      figure('writes for an echo', writes(echo), 0),
      figure('writes of a sweep at rest', writes(rest), 0),
    ]
  } finally {
    await stage.close()
  }
}

/** Throughput of 1, 2 and 4 workers over one PostgreSQL, as a multiple of one. */
export async function workers(): Promise<Figure[]> {
  const postgres = startPostgres()
  const stage = await stageOf({ postgres: postgres.url })
  try {
    await stage.start('server')
    const worker = await stage.start('worker')
    const deals = await pairs(stage, 200)
    void worker
    await stage.simulators.ask('latency', 50)
    const rates: number[] = []
    for (const count of [1, 2, 4]) {
      while (rates.length > 0 && running < count) {
        await stage.start('worker')
        running += 1
      }
      const measured = [await serviceRate(stage, deals, count * 20_000), await serviceRate(stage, deals, count * 20_000 + 500)]
      rates.push(Math.max(...measured))
      console.log(`  ${count} workers: ${rates.at(-1)?.toFixed(0)}/s`)
    }
    const [one = 1, two = 0, four = 0] = rates
    return [
      { name: 'two workers over one', measured: single(two / one), target: 1, better: 'more', unit: '×' },
      { name: 'four workers over one', measured: single(four / one), target: 1, better: 'more', unit: '×' },
    ]
  } finally {
    await stage.close()
    postgres.stop()
  }
}
let running = 1
