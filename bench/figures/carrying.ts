import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { request } from 'undici'
import { setTimeout as sleep } from 'node:timers/promises'
import { webhookKey } from '../../test/support/fleet.js'
import { forked } from '../../test/support/forked.js'
import { startPostgres } from '../../test/support/postgres.js'
import { clockMs } from '../clock.js'
import type { Questions } from '../floor.js'
import type { Call, Delivery } from '../simulators.js'
import { inFlight, pairs, percentile, single, spread, stageOf, within, type Figure, type Stage } from '../stage.js'

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

/** Whoever carries events over: where they are posted to, and the deals that are its own. What one writes would look to the other like people's edits. */
interface Carrier {
  readonly url: string
  readonly deals: readonly Pair[]
}

async function edited({ simulators }: Stage, deals: readonly Pair[], value: number): Promise<readonly Delivery[]> {
  const ids = deals.map(({ referralId }) => referralId)
  await simulators.ask('editReferrals', { ids, value })
  const deliveries = await simulators.ask('deliveries', ids)
  await simulators.ask('reset')
  return deliveries
}

/** Events per second from the first delivery to the answer of the last write. */
async function rateOf(stage: Stage, { url, deals }: Carrier, value: number): Promise<number> {
  const deliveries = await edited(stage, deals, value)
  const written = within(120_000, stage.simulators.ask('written', deals.length))
  const startedAt = clockMs()
  await inFlight(deliveries, inFlightMost, (delivery) => post(url, delivery))
  return (deals.length * 1_000) / ((await written).lastAtMs - startedAt)
}

/** Milliseconds from one event to the answer of its write, one after another. */
async function delaysOf(stage: Stage, { url, deals }: Carrier, value: number): Promise<number[]> {
  const delays: number[] = []
  for (const delivery of await edited(stage, deals.slice(0, delaysCounted), value)) {
    await stage.simulators.ask('reset')
    const written = within(10_000, stage.simulators.ask('written', 1))
    await sleep(betweenMs)
    const startedAt = clockMs()
    await post(url, delivery)
    delays.push((await written).firstAtMs - startedAt)
  }
  return delays
}

const dealsEach = 200
const delaysCounted = 20
const betweenMs = 5 // What the last event left to do (its end is saved after its write) is no part of the next one's delay.
const warmUps = 5 // A service that runs for weeks has its code compiled; so has the script, which needs less of it.

/** Milliseconds of processor time that a process has used so far. */
export const cpuMs = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10 // Linux counts a process's time in hundredths of a second.
}

/** Throughput and delay beside the floor, with a real service's latency and with none. */
export async function beside(store: string, postgres: string | null): Promise<Figure[]> {
  const stage = await stageOf({ postgres })
  const scripts = await Promise.all([1, 2].map(() => forked<Questions>(fileURLToPath(new URL('../floor.ts', import.meta.url)))))
  const [plain, careful] = scripts
  if (plain === undefined || careful === undefined) throw new Error('There are two scripts.')
  try {
    const { pid } = await stage.start('all')
    const all = await pairs(stage, 3 * dealsEach)
    const ours: Carrier = { url: `${stage.fleet.address}/hooks/partner-center`, deals: all.slice(0, dealsEach) }
    await rateOf(stage, ours, 5_000)
    const setup = await stage.simulators.ask('setup')
    const query = await queryOf(stage)
    const [bareDeals, carefulDeals] = [all.slice(dealsEach, 2 * dealsEach), all.slice(2 * dealsEach)]
    const bare: Carrier = { url: await plain.ask('listen', { setup, query, pairs: bareDeals, log: null }), deals: bareDeals }
    const log = join(stage.folder, 'careful.log')
    const honest: Carrier = { url: await careful.ask('listen', { setup, query, pairs: carefulDeals, log }), deals: carefulDeals }
    for (let round = 1; round <= warmUps; round += 1)
      for (const carrier of postgres === null ? [bare, honest, ours] : [bare, ours]) await rateOf(stage, carrier, round * 10_000)
    const figures: Figure[] = []
    const costs: number[] = []
    for (const { latency, rate, delay } of [
      { latency: 50, rate: 0.7, delay: 1.5 },
      { latency: 0, rate: 0.3, delay: 3 },
    ]) {
      await stage.simulators.ask('latency', latency)
      const rates: number[] = []
      const delays: number[] = []
      const [honestRates, honestDelays]: [number[], number[]] = [[], []]
      for (let run = 1; run <= runs; run += 1) {
        const value = run * 100_000 + latency * 1_000_000
        const bareRate = await rateOf(stage, bare, value)
        const before = cpuMs(pid)
        const ourRate = await rateOf(stage, ours, value)
        costs.push((cpuMs(pid) - before) / ours.deals.length)
        const bareDelay = percentile(await delaysOf(stage, bare, value + 50_000), 0.5)
        const ourDelay = percentile(await delaysOf(stage, ours, value + 50_000), 0.5)
        rates.push(ourRate / bareRate)
        if (latency === 0 && postgres === null) {
          honestRates.push((await rateOf(stage, honest, value)) / bareRate)
          honestDelays.push(percentile(await delaysOf(stage, honest, value + 50_000), 0.5) / bareDelay)
        }
        delays.push(ourDelay / bareDelay)
        const text = `${ourRate.toFixed(0)}/s of ${bareRate.toFixed(0)}/s, p50 ${ourDelay.toFixed(1)} ms of ${bareDelay.toFixed(1)} ms`
        console.log(`  ${store}, ${latency} ms: ${text}, ${costs.at(-1)?.toFixed(1)} ms of processor time`)
      }
      figures.push(
        { name: `${store}: events per second, ${latency} ms a call, 10 in flight`, measured: spread(rates), target: rate, better: 'more', unit: '× floor' },
        { name: `${store}: event to CRM write p50, ${latency} ms a call`, measured: spread(delays), target: delay, better: 'less', unit: '× floor' },
      )
      if (latency === 0 && postgres === null)
        figures.push(
          { ...careless(store, 'events per second, 0 ms a call, 10 in flight'), measured: spread(honestRates), better: 'more' },
          { ...careless(store, 'event to CRM write p50, 0 ms a call'), measured: spread(honestDelays), better: 'less' },
        )
    }
    figures.push({ name: `${store}: processor time of one event`, measured: spread(costs), target: 6, better: 'less', unit: 'ms' })
    return figures
  } finally {
    for (const script of scripts) script.close()
    await stage.close()
  }
}

/** What the script itself loses by being careful: nothing is wanted of it. */
const careless = (store: string, what: string): Pick<Figure, 'name' | 'target' | 'unit'> => ({
  name: `${store}: the careful script, ${what}`,
  target: null,
  unit: '× floor',
})

export async function carrying(): Promise<Figure[]> {
  const embedded = await beside('SQLite', null)
  const postgres = startPostgres()
  try {
    return [...embedded, ...(await beside('PostgreSQL', postgres.url))]
  } finally {
    postgres.stop()
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
      const carrier = { url: `${stage.fleet.address}/hooks/partner-center`, deals }
      const measured = [await rateOf(stage, carrier, count * 20_000), await rateOf(stage, carrier, count * 20_000 + 500)]
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
