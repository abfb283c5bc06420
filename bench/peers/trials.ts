import { setTimeout as sleep } from 'node:timers/promises'
import { less, more, percentile, spread, type Figure, type Measured } from '../figure.js'
import { carry, cpuMs, edited, post, residentMb, type Carrier } from '../load.js'
import type { Delivery } from '../simulators.js'
import { inFlight, pairs, stageOf, type Stage } from '../stage.js'
import { peerOf, type Mapping, type Peer, type PeerName } from './peer.js'

const runs = 3
const dealsCount = 100
const atOnce = 10
const latencyMs = 50
const pacePerSecond = 10
const repeats = 4
const failingRate = 0.1
const killAfterMs = 700
const quietMs = 10_000
const leaseMs = 70_000 // What was under way when a process died is taken up again when its lease of a minute ends.
const settleMostMs = 120_000
const answerTries = 600
const answerEveryMs = 200

/** One load, the same for whoever carries it: how fast, and what becomes of events that come twice, of calls that fail and of a kill -9. */
export async function trials(name: PeerName, mapping: Mapping): Promise<Measured> {
  const stage = await stageOf({ postgres: null })
  try {
    await stage.start('all')
    const deals = await pairs(stage, dealsCount)
    await stage.stop()
    const figures = await tried(stage, name, { deals, mapping, tries: 3 })
    return { figures: name === 'cosell' ? figures : [...figures, ...(await failing(stage, name, { deals, mapping, tries: 1 }))] }
  } finally {
    await stage.close()
  }
}

interface Trial {
  readonly deals: Carrier['deals']
  readonly mapping: Mapping
  readonly tries: number
}
let value = 10_000
/** New values for everybody's deals, never seen before. */
const nextValue = (): number => (value += 1_000)

async function tried(stage: Stage, name: PeerName, trial: Trial): Promise<Figure[]> {
  const peer = await peerOf(name, { stage, ...trial })
  const startedAt = performance.now()
  await peer.start()
  const readySeconds = (performance.now() - startedAt) / 1_000
  const idle = residentMb(peer.pid())
  try {
    const carrier = { url: peer.url, deals: trial.deals }
    const fast = { kind: 'in flight', most: atOnce } as const
    await carry(stage, carrier, { value: nextValue(), sending: fast })
    const [rates, costs]: [number[], number[]] = [[], []]
    for (let run = 1; run <= runs; run += 1) {
      const before = cpuMs(peer.pid())
      rates.push((await carry(stage, carrier, { value: nextValue(), sending: fast })).perSecond)
      costs.push((cpuMs(peer.pid()) - before) / dealsCount)
    }
    const peak = residentMb(peer.pid())
    await stage.simulators.ask('latency', latencyMs)
    const paced = await carry(stage, { ...carrier, deals: trial.deals }, { value: nextValue(), sending: { kind: 'paced', perSecond: pacePerSecond } })
    await stage.simulators.ask('latency', 0)
    const of = (of: number): { target: null; unit: string } => ({ target: null, unit: `of ${of}` })
    return [
      more('events a second, no latency, 10 in flight', spread(rates), { target: null, unit: '/s' }),
      less('processor time of one event', spread(costs), { target: null, unit: 'ms' }),
      less(`event to CRM write p50, ${pacePerSecond} a second, ${latencyMs} ms a call`, percentile(paced.delaysMs, 0.5), { target: null, unit: 'ms' }),
      less(`event to CRM write p95, ${pacePerSecond} a second, ${latencyMs} ms a call`, percentile(paced.delaysMs, 0.95), { target: null, unit: 'ms' }),
      less('ready after start', readySeconds, { target: null, unit: 's' }),
      less('resident memory after start', idle, { target: null, unit: 'MB' }),
      less('resident memory under load', peak, { target: null, unit: 'MB' }),
      less(`every event ${repeats} times at once: writes that were not needed`, await doubled(stage, carrier), of(dealsCount)),
      less('a tenth of all calls fails: deals left wrong', await left(stage, carrier), of(dealsCount)),
      ...(await killed(stage, peer, trial.deals)),
    ]
  } finally {
    await peer.kill()
  }
}

/** The same faults when a flow does not try again, as its parts are delivered. */
async function failing(stage: Stage, name: PeerName, trial: Trial): Promise<Figure[]> {
  const peer = await peerOf(name, { stage, ...trial })
  await peer.start()
  try {
    const carrier = { url: peer.url, deals: trial.deals }
    return [less('a tenth of all calls fails, nothing is tried again: deals left wrong', await left(stage, carrier), { target: null, unit: `of ${dealsCount}` })]
  } finally {
    await peer.kill()
  }
}

/** Every event several times, all at once. @returns how many PATCH calls there were beyond one a deal. */
async function doubled(stage: Stage, { url, deals }: Carrier): Promise<number> {
  const deliveries = await edited(stage, deals, nextValue())
  const many = async (delivery: Delivery): Promise<void> => {
    await Promise.all(Array.from({ length: repeats }, () => post(url, delivery)))
  }
  await inFlight(deliveries, atOnce, many)
  await quiet(stage)
  const patches = (await stage.simulators.ask('calls')).filter(({ system, method }) => system === 'crm' && method === 'PATCH').length
  return patches - deals.length
}

async function left(stage: Stage, { url, deals }: Carrier): Promise<number> {
  const deliveries = await edited(stage, deals, nextValue())
  await stage.simulators.ask('failing', failingRate)
  await inFlight(deliveries, atOnce, (delivery) => acknowledged(url, delivery))
  await quiet(stage)
  await stage.simulators.ask('failing', 0)
  return deals.length - (await stage.simulators.ask('writes')).length
}

/** kill -9 while events come; what was not acknowledged is sent again, as Partner Center does, once it is up again. */
async function killed(stage: Stage, peer: Peer, deals: Carrier['deals']): Promise<Figure[]> {
  await stage.simulators.ask('latency', latencyMs)
  const deliveries = await edited(stage, deals, nextValue())
  const sending = inFlight(deliveries, atOnce, async (delivery) => {
    await sleep(latencyMs) // A second and a half of events, so that some are under way and some are not.
    await acknowledged(peer.url, delivery)
  })
  await sleep(killAfterMs)
  await peer.kill()
  await peer.start()
  await sending
  await quiet(stage, leaseMs)
  await stage.simulators.ask('latency', 0)
  const lost = deals.length - (await stage.simulators.ask('writes')).length
  return [less('kill -9 while events come: acknowledged and lost', lost, { target: null, unit: `of ${deals.length}` })]
}

async function acknowledged(url: string, delivery: Delivery): Promise<void> {
  for (let attempt = 1; attempt <= answerTries; attempt += 1) {
    try {
      return await post(url, delivery)
    } catch {
      await sleep(answerEveryMs)
    }
  }
  throw new Error(`The hook did not take an event within ${answerTries} tries.`)
}

/** Until no call was made for a while. */
async function quiet(stage: Stage, forMs = quietMs): Promise<void> {
  const until = performance.now() + settleMostMs
  let seen = -1
  for (let since = performance.now(); performance.now() - since < forMs && performance.now() < until; ) {
    const count = (await stage.simulators.ask('calls')).length
    if (count !== seen) since = performance.now()
    seen = count
    await sleep(500)
  }
}
