import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createFleet } from '../../test/support/fleet.js'
import { forked, type Forked } from '../../test/support/forked.js'
import { less, type Line, type Measured, type Plot } from '../figure.js'
import type { Look, Questions as Service } from '../soak/service.js'
import type { Questions as World } from '../soak/world.js'

const deals = 600
const [secondMs, hourMs, dayMs] = [1_000, 3_600_000, 86_400_000]
const stepMs = 30 * secondMs
const lookEveryMs = hourMs / 4
const keepLedgerMs = 3 * hourMs
const eventsKeptMs = 31 * dayMs
/** Edits a second at noon; none to speak of at night. */
const busiest = 0.12
const quietest = 0.01
const outageFromHour = 14
const outageHours = 1
const weeksAfter = 5
const coarseStepMs = hourMs
const settleSteps = 60

interface Sample extends Look {
  readonly hour: number
  readonly edits: number
}
interface Stage {
  readonly world: Forked<World>
  readonly service: Forked<Service>
}

/**
 * A day of the assembled service on a clock that is turned by hand, half a minute at a time, each turn when everything of the last is through: the rhythm of office hours,
 * an hour without either system, retention. Then five quiet weeks, an hour at a time, with an outage each, so that the oldest events come to their end.
 */
export async function soak(): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), 'cosell-soak-'))
  const world = await forked<World>(fileURLToPath(new URL('../soak/world.ts', import.meta.url)))
  const service = await forked<Service>(fileURLToPath(new URL('../soak/service.ts', import.meta.url)))
  try {
    const setup = await world.ask('setup')
    const fleet = await createFleet({ folder, postgres: null, setup, sync: { poll: '30s', sweep: '10m' }, level: 'warn' })
    await world.ask('begin', deals)
    await service.ask('start', { config: fleet.config, now: Date.now(), keepLedgerMs })
    const stage = { world, service }
    for (let step = 0; step < settleSteps; step += 1) await turned(stage, 0, stepMs)
    await world.ask('listen', `${fleet.address}/hooks/partner-center`)
    const day = await oneDay(stage)
    const differentAfterDay = await settledDifferences(stage)
    await quietWeeks(stage)
    const differentAfterWeeks = await settledDifferences(stage)
    const last = await service.ask('look', { keepLedgerMs, eventsKeptMs })
    console.log(`  after the weeks: ${JSON.stringify(last.rows)}, ${last.residentMb.toFixed(0)} MB, ${last.handles} handles, store ${last.storeMb.toFixed(1)} MB`)
    const broken = await service.ask('verify')
    const [first] = day
    if (first === undefined) throw new Error('Nothing was looked at.')
    const over = (of: (sample: Sample) => number): number => mean(quarter(day, 3).map(of)) / mean(quarter(day, 0).map(of))
    const count = { target: 0, unit: '' }
    return {
      figures: [
        less('a day: edits in either system', day.at(-1)?.edits ?? 0, { target: null, unit: 'edits' }),
        less('a day: resident memory, last quarter over first', over((sample) => sample.residentMb), { target: 1.2, unit: '×' }),
        less('a day: heap, last quarter over first', over((sample) => sample.heapMb), { target: 1.3, unit: '×' }),
        less('a day: open files and sockets, last quarter over first', over((sample) => sample.handles), { target: 1.1, unit: '×' }),
        less('a day: rows of deals, last quarter over first', over(({ rows }) => (rows['link'] ?? 0) + (rows['link_ref'] ?? 0)), { target: 1, unit: '×' }),
        less('a day: rows of values and claims, last quarter over first', over(valuesAndClaims), { target: 1.1, unit: '×' }),
        less('a day: deals that wait at its end', day.at(-1)?.rows['dirty'] ?? Number.NaN, count),
        less('a day: contents of the ledger kept too long', Math.max(...day.map((sample) => sample.payloadsLate)), count),
        less('a day: deals that differ when it is over', differentAfterDay, count),
        less('five weeks more: deals that differ', differentAfterWeeks, count),
        less('five weeks more: events kept too long', last.eventsLate, count),
        less('five weeks more: contents of the ledger kept too long', last.payloadsLate, count),
        less('five weeks more: chains of the ledger that are broken', broken, count),
        less('five weeks more: rows of values and claims over those of the day', valuesAndClaims(last) / mean(day.map(valuesAndClaims)), { target: 1.3, unit: '×' }),
        less('five weeks more: resident memory over that of the first day', last.residentMb / mean(day.map((sample) => sample.residentMb)), { target: 1.2, unit: '×' }),
        less('five weeks more: open files and sockets over those of the first day', last.handles / mean(day.map((sample) => sample.handles)), { target: 1.1, unit: '×' }),
      ],
      plots: plotsOf(day),
    }
  } finally {
    await service.ask('stop').catch(() => undefined) // What failed before has been said.
    service.close()
    world.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

const valuesAndClaims = ({ rows }: Look): number => (rows['value'] ?? 0) + (rows['claim'] ?? 0)
const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const quarter = (samples: readonly Sample[], which: number): readonly Sample[] =>
  samples.slice(Math.floor((samples.length * which) / 4), Math.floor((samples.length * (which + 1)) / 4))

async function turned({ world, service }: Stage, edits: number, ms: number): Promise<void> {
  await world.ask('advance', { edits, ms })
  await service.ask('advance', ms)
}

async function oneDay(stage: Stage): Promise<Sample[]> {
  const samples: Sample[] = []
  let edits = 0
  let owed = 0
  for (let atMs = 0; atMs < dayMs; atMs += stepMs) {
    const hour = atMs / hourMs
    if (hour === outageFromHour) await stage.world.ask('outage', true)
    if (hour === outageFromHour + outageHours) await stage.world.ask('outage', false)
    owed += (Math.max(quietest, busiest * Math.sin((Math.PI * (hour - 6)) / 12)) * stepMs) / secondMs
    const now = Math.floor(owed)
    owed -= now
    edits += now
    await turned(stage, now, stepMs)
    if ((atMs + stepMs) % lookEveryMs !== 0) continue
    const look = await stage.service.ask('look', { keepLedgerMs, eventsKeptMs })
    samples.push({ ...look, hour: (atMs + stepMs) / hourMs, edits })
    if (samples.length % 12 === 0)
      console.log(`  hour ${Math.round(hour)}: ${edits} edits, ${Math.round(look.residentMb)} MB, ${look.handles} handles`, look.rows)
  }
  return samples
}

async function quietWeeks(stage: Stage): Promise<void> {
  const stepsAWeek = (7 * dayMs) / coarseStepMs
  const outageSteps = (outageHours * hourMs) / coarseStepMs
  for (let step = 0; step < weeksAfter * stepsAWeek; step += 1) {
    if (step % stepsAWeek === 0) await stage.world.ask('outage', true)
    if (step % stepsAWeek === outageSteps) await stage.world.ask('outage', false)
    await turned(stage, step % 4 === 0 ? 1 : 0, coarseStepMs)
  }
}

/** Until both sides say the same, or a sweep and a few retries would have mended it. */
async function settledDifferences(stage: Stage): Promise<number> {
  for (let step = 0; step < settleSteps * 3; step += 1) {
    await turned(stage, 0, stepMs)
    if ((await stage.world.ask('different')) === 0) return 0
  }
  return stage.world.ask('different')
}

function plotsOf(samples: readonly Sample[]): readonly Plot[] {
  const [first] = samples
  const line = (name: string, of: (sample: Sample) => number): Line => ({
    name,
    points: samples.map((sample) => [sample.hour, of(sample)]),
  })
  const x = { label: 'hour of the simulated day', scale: 'linear' } as const
  const handles = first?.handles ?? 1
  return [
    {
      file: 'soak-memory',
      title: 'A day: what the process holds',
      x,
      y: { label: 'MB', scale: 'linear' },
      lines: [line('resident memory', (sample) => sample.residentMb), line('heap in use', (sample) => sample.heapMb)],
    },
    {
      file: 'soak-rows',
      title: 'A day: rows of the store, handles',
      x,
      y: { label: '', scale: 'linear' },
      lines: [
        line('contents of the ledger (kept for 3 hours)', (sample) => sample.payloads),
        line('events (kept for 31 days)', ({ rows }) => rows['event'] ?? 0),
        line('deals and their references', ({ rows }) => (rows['link'] ?? 0) + (rows['link_ref'] ?? 0)),
        line(`open files and sockets (${handles} at first), × 100`, (sample) => sample.handles * 100),
      ],
    },
  ]
}
