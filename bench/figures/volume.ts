import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { readPosition, writePosition } from '../../src/adapters/partner-center/touched-cursor.js'
import { cursorName } from '../../src/engine/sweep.js'
import { openStore } from '../../src/store/index.js'
import { forked, type Forked } from '../../test/support/forked.js'
import type { Questions } from '../bulk-floor.js'
import { bareProcess } from '../bare-process.js'
import { less, percentile, type Figure, type Measured } from '../figure.js'
import { serviceOn } from '../floors.js'
import { carry, cpuMs, residentMb } from '../load.js'
import type { Call } from '../simulators.js'
import { pairsOf, stageOf, type Pair, type Stage } from '../stage.js'

export const SIZES = [1_000, 10_000, 100_000] as const
const restMs = 20_000
const dayMs = 24 * 3_600_000
const restsMost = 30 // Its first sweep reads all that was written in the last ten minutes: a hundred thousand records.
const givenBackMs = 110_000 // V8 looks through the heap of a process that does little once in a hundred seconds.
const eventsCounted = 200
const readsPromisedFrom = 10_000 // Among fewer deals the dozen calls that a first sync makes whatever their number weigh more.
const warmUps = 12 // A service that runs for weeks has its code compiled: the processor time of an event falls for some twelve rounds of 200, then stays.

/** The first sync of so many deals, the sweeps after it, the service at rest over them, and events that come then; with the floors of the first three. */
export async function volume(count: number): Promise<Measured> {
  const floor = await forked<Questions>(fileURLToPath(new URL('../bulk-floor.ts', import.meta.url)))
  const stage = await stageOf({ postgres: null })
  try {
    const floorSeconds = await firstSyncFloor(floor, count)
    await stage.simulators.ask('seed', { count, known: true })
    const first = await sync(stage, 'first sync')
    const swept = await sync(stage, 'sweep of all that was written')
    const setup = await stage.simulators.ask('setup')
    const pagesSeconds = await floor.ask('pages', { setup, calls: swept.calls.filter(({ method }) => method === 'GET') })
    const rest = await sync(stage, 'the next sweep')
    await aDayLater(stage)
    const daily = await sync(stage, 'the sweep that also lists everything, once a day')
    const per = (value: number): number => value / count
    const perThousand = (seconds: number): number => (seconds * 1_000) / count
    const of = (made: readonly Call[], system: Call['system'], ...methods: readonly string[]): number =>
      made.filter((call) => call.system === system && (methods.length === 0 || methods.includes(call.method))).length
    const figures: Figure[] = [
      less('first sync: seconds per 1,000 deals', perThousand(first.seconds), { target: 60, unit: 's' }),
      less('first sync: processor seconds per 1,000 deals', perThousand(first.cpuSeconds), { target: null, unit: 's' }),
      less('first sync: time', first.seconds / floorSeconds, { target: null, unit: '× floor' }),
      less('first sync: peak memory', first.megabytes, { target: 350, unit: 'MB' }),
      less('first sync: reads per referral', per(of(first.calls, 'partner', 'GET')), { target: count < readsPromisedFrom ? null : 0.02, unit: 'calls' }),
      less('first sync: PATCH per referral', per(of(first.calls, 'partner', 'PATCH')), { target: 1, unit: 'calls' }),
      less('first sync: CRM calls per opportunity', per(of(first.calls, 'crm')), { target: 0.1, unit: 'calls' }),
      less('sweep of unchanged deals that were all written before: calls per 1,000', perThousand(swept.calls.length), { target: 30, unit: 'calls' }),
      less('sweep of unchanged deals that were all written before: seconds per 1,000', perThousand(swept.seconds), { target: 2, unit: 's' }),
      less('sweep of unchanged deals that were all written before: time', swept.seconds / pagesSeconds, { target: null, unit: '× reading the same pages' }),
      less('sweep of unchanged deals that were all written before: peak memory', swept.megabytes, { target: 350, unit: 'MB' }),
      less('the next sweep, which looks ten minutes back: calls per 1,000', perThousand(rest.calls.length), { target: null, unit: 'calls' }),
      less('the next sweep, which looks ten minutes back: seconds per 1,000, with the start of the command', perThousand(rest.seconds), { target: null, unit: 's' }),
      less('the sweep that also lists everything in sight, once a day: calls per 1,000', perThousand(daily.calls.length), { target: 30, unit: 'calls' }),
      less('the sweep that also lists everything in sight, once a day: seconds per 1,000', perThousand(daily.seconds), { target: 2, unit: 's' }),
      less('the sweep that also lists everything in sight, once a day: peak memory', daily.megabytes, { target: 350, unit: 'MB' }),
    ]
    return { figures: [...figures, ...(await atRest(stage))] }
  } finally {
    floor.close()
    await stage.close()
  }
}

async function firstSyncFloor(floor: Forked<Questions>, count: number): Promise<number> {
  const stage = await stageOf({ postgres: null })
  try {
    await stage.simulators.ask('seed', { count, known: true })
    const seconds = await floor.ask('firstSync', await stage.simulators.ask('setup'))
    console.log(`  floor of the first sync: ${seconds.toFixed(1)} s`)
    return seconds
  } finally {
    await stage.close()
  }
}

interface Synced {
  readonly seconds: number
  readonly cpuSeconds: number
  readonly megabytes: number
  readonly calls: readonly Call[]
}
/** Runs `cosell sync` in a process of its own and says how long it took and the most memory it held. */
async function sync(stage: Stage, what: string): Promise<Synced> {
  const peak = join(stage.folder, 'peak')
  const probe = join(stage.folder, 'probe.mjs')
  const lines = ["import { writeFileSync } from 'node:fs'", `process.on('exit', () => writeFileSync(${JSON.stringify(peak)}, JSON.stringify(process.resourceUsage())))`]
  writeFileSync(probe, `${lines.join('\n')}\n`)
  await stage.simulators.ask('reset')
  const startedAt = performance.now()
  const { code, err } = await stage.fleet.command(['sync', '--json'], { node: ['--import', pathToFileURL(probe).href] })
  if (code !== 0 && code !== 1) throw new Error(`cosell sync ended with ${String(code)}: ${err}`)
  const seconds = (performance.now() - startedAt) / 1_000
  const { maxRSS, userCPUTime, systemCPUTime } = JSON.parse(readFileSync(peak, 'utf8')) as NodeJS.ResourceUsage // written by the probe
  const megabytes = maxRSS / 1_024
  const cpuSeconds = (userCPUTime + systemCPUTime) / 1e6
  const calls = await stage.simulators.ask('calls')
  console.log(`  ${what}: ${seconds.toFixed(1)} s, ${megabytes.toFixed(0)} MB, ${calls.length} calls`)
  return { seconds, cpuSeconds, megabytes, calls }
}

/** The sweep of Partner Center believes that it listed everything a day ago. */
async function aDayLater({ folder }: Stage): Promise<void> {
  const store = await openStore({ url: join(folder, 'data'), now: () => Date.now() })
  try {
    const stored = await store.getValue<string>(cursorName('partner'))
    const position = readPosition(stored?.value ?? '')
    if (position === null || position.wholeAt === null) throw new Error('No sweep of Partner Center came to its end.')
    await store.setValue(cursorName('partner'), writePosition({ ...position, wholeAt: position.wholeAt - dayMs }), { expect: 'any', now: Date.now() })
  } finally {
    await store.close()
  }
}

/** Until the service has called nobody for a while: what it looks through at its start is no rest. */
async function calm({ simulators }: Stage): Promise<void> {
  for (let rests = 0; rests < restsMost; rests += 1) {
    await simulators.ask('reset')
    await sleep(restMs)
    if ((await simulators.ask('calls')).length === 0) return
  }
  throw new Error('The service did not come to rest.')
}

/** Start, rest and events over the store as it is now. The floor of start and rest is a process that only answers HTTP. */
async function atRest(stage: Stage): Promise<Figure[]> {
  const bare = await bareProcess()
  const startedAt = performance.now()
  const { pid } = await stage.start('all')
  const readySeconds = (performance.now() - startedAt) / 1_000
  try {
    await calm(stage)
    await sleep(givenBackMs)
    const before = cpuMs(pid)
    await sleep(restMs)
    const cpu = (100 * (cpuMs(pid) - before)) / restMs
    const resident = residentMb(pid)
    const deals: readonly Pair[] = await pairsOf(stage, eventsCounted)
    const ours = serviceOn(stage, deals)
    for (let round = 1; round <= warmUps; round += 1) await carry(stage, ours, { value: round * 1_000, sending: { kind: 'in flight', most: 10 } })
    const beforeEvents = cpuMs(pid)
    const { delaysMs } = await carry(stage, ours, { value: 50_000, sending: { kind: 'paced', perSecond: 20 } })
    return [
      less('ready after start', readySeconds, { target: 2, unit: 's' }),
      less('ready after start', (readySeconds * 1_000) / bare.readyMs, { target: null, unit: '× bare process' }),
      less('resident memory at rest', resident, { target: 150, unit: 'MB' }),
      less('resident memory at rest', resident / bare.residentMb, { target: null, unit: '× bare process' }),
      less('CPU at rest', cpu, { target: 1, unit: '% of a core' }),
      less('event to CRM write p50, 20 a second, no latency', percentile(delaysMs, 0.5), { target: null, unit: 'ms' }),
      less('processor time of one event, 20 a second', (cpuMs(pid) - beforeEvents) / eventsCounted, { target: 6, unit: 'ms' }),
    ]
  } finally {
    bare.close()
  }
}
