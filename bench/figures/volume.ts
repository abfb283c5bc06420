import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'
import type { Call } from '../simulators.js'
import { single, stageOf, type Figure, type Stage } from '../stage.js'

const megabyte = 1_048_576
const ticksPerSecond = 100 // Linux counts a process's time in hundredths of a second.

/** Runs `cosell sync` in a process of its own and says how long it took and the most memory it held. */
async function sync(stage: Stage): Promise<{ readonly seconds: number; readonly megabytes: number; readonly calls: readonly Call[] }> {
  const peak = join(stage.folder, 'peak')
  const probe = join(stage.folder, 'probe.mjs')
  const lines = ["import { writeFileSync } from 'node:fs'", `process.on('exit', () => writeFileSync(${JSON.stringify(peak)}, String(process.resourceUsage().maxRSS)))`]
  writeFileSync(probe, `${lines.join('\n')}\n`)
  await stage.simulators.ask('reset')
  const startedAt = performance.now()
  const { code, err } = await stage.fleet.command(['sync', '--json'], { node: ['--import', pathToFileURL(probe).href] })
  if (code !== 0 && code !== 1) throw new Error(`cosell sync ended with ${String(code)}: ${err}`)
  const seconds = (performance.now() - startedAt) / 1_000
  return { seconds, megabytes: Number(readFileSync(peak, 'utf8')) / 1_024, calls: await stage.simulators.ask('calls') }
}

const status = (pid: number, name: string): number =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? Number.NaN)
const cpuTicks = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return Number(fields[11]) + Number(fields[12])
}

/** First sync of 10,000 deals, the sweep of them unchanged, and the service at rest over them. */
export async function volume(count = 10_000): Promise<Figure[]> {
  const less = (name: string, measured: number, target: number, unit: string): Figure => ({ name, measured: single(measured), target, better: 'less', unit })
  const small = await stageOf({ postgres: null })
  let smallPeak: number
  try {
    await small.simulators.ask('seed', count / 10)
    smallPeak = (await sync(small)).megabytes
  } finally {
    await small.close()
  }
  const stage = await stageOf({ postgres: null })
  try {
    await stage.simulators.ask('seed', count)
    const first = await sync(stage)
    const reads = first.calls.filter(({ system, method }) => system === 'partner' && method === 'GET').length
    const patches = first.calls.filter(({ system, method }) => system === 'partner' && method === 'PATCH').length
    const crm = first.calls.filter(({ system }) => system === 'crm').length
    console.log(`  first sync: ${first.seconds.toFixed(0)} s, ${first.megabytes.toFixed(0)} MB (${smallPeak.toFixed(0)} MB at a tenth), ${reads} reads, ${patches} patches, ${crm} calls to the CRM`)
    await sync(stage) // The echo of the first, and what it left to tell on the records.
    const swept = await sync(stage)
    const startedAt = performance.now()
    const { pid } = await stage.start('all')
    const readySeconds = (performance.now() - startedAt) / 1_000
    await sleep(20_000)
    const before = cpuTicks(pid)
    const restMs = 20_000
    await sleep(restMs)
    const cpu = (100 * (cpuTicks(pid) - before)) / ticksPerSecond / (restMs / 1_000)
    return [
      less('first sync: reads per referral', reads / count, 0.02, 'calls'),
      less('first sync: CRM calls per opportunity', crm / count, 0.1, 'calls'),
      less('first sync: PATCH per referral', patches / count, 1, 'calls'),
      less('first sync: peak memory over a tenth of the deals', first.megabytes / smallPeak, 1.5, '×'),
      less('first sync: seconds per 1,000 deals', (first.seconds * 1_000) / count, 60, 's'),
      less('sweep of unchanged deals: calls', swept.calls.length, 300, 'calls'),
      less('sweep of unchanged deals: seconds per 1,000', (swept.seconds * 1_000) / count, 2, 's'),
      less('ready after start on existing data', readySeconds, 2, 's'),
      less('resident memory at rest', (status(pid, 'VmRSS') * 1_024) / megabyte, 150, 'MB'),
      less('CPU at rest', cpu, 1, '% of a core'),
    ]
  } finally {
    await stage.close()
  }
}
