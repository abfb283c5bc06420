import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createFleet } from '../../test/support/fleet.js'
import { forked, type Forked } from '../../test/support/forked.js'
import { less, spread, type Figure, type Line, type Measured, type Plot } from '../figure.js'
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
const idleMs = 110_000 // Fastify closes a connection 72 seconds after its last answer, undici its own after 30, V8 gives memory back after 100: real ones, whatever the clock of the service says.

interface Sample extends Look {
  /** From the beginning of the first day. */
  readonly hour: number
  /** Of its day, so far. */
  readonly edits: number
}
interface Day {
  readonly samples: readonly Sample[]
  readonly rested: Look
}
interface Stage {
  readonly world: Forked<World>
  readonly service: Forked<Service>
}

/**
 * Two days of the assembled service on a clock that is turned by hand, half a minute at a time, each turn when everything of the last is through: the rhythm of office
 * hours, an hour without either system, retention. What must not grow is compared hour by hour, the second day with the first, for what a busy hour holds a quiet one
 * does not. Then five quiet weeks, an hour at a time, with an outage each, so that the oldest events come to their end.
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
    const days = [await oneDay(stage, 0), await oneDay(stage, 1)] as const
    const differentAfterDays = await settledDifferences(stage)
    await quietWeeks(stage)
    const differentAfterWeeks = await settledDifferences(stage)
    const last = await atRest(stage, 'after the weeks')
    const broken = await service.ask('verify')
    const all = days.flatMap(({ samples }) => samples)
    return {
      figures: [
        less('two days: edits in either system', days.reduce((sum, { samples }) => sum + (samples.at(-1)?.edits ?? 0), 0), { target: null, unit: 'edits' }),
        ...secondOverFirst(days),
        less('two days: deals that wait at their end', all.at(-1)?.rows['dirty'] ?? Number.NaN, none),
        less('two days: contents of the ledger kept too long', Math.max(...all.map((sample) => sample.payloadsLate)), none),
        less('two days: deals that differ when they are over', differentAfterDays, none),
        less('five weeks more: deals that differ', differentAfterWeeks, none),
        less('five weeks more: chains of the ledger that are broken', broken, none),
        ...weeksOverDays(last, days),
      ],
      plots: plotsOf(all),
    }
  } finally {
    await service.ask('stop').catch(() => undefined) // What failed before has been said.
    service.close()
    world.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

const none = { target: 0, unit: '' }

/**
 * Each look of the second day over the look at the same time of the first; what depends on the real time (connections are kept for a minute after their last use, and a
 * simulated day takes a minute or two) and what is kept for months by the piece, at rest after each day.
 */
function secondOverFirst([first, second]: readonly [Day, Day]): Figure[] {
  const over = (name: string, of: (look: Look) => number, most: number): Figure => {
    const ratios = second.samples.map((sample, index) => of(sample) / of(first.samples[index] ?? sample))
    return less(`the second day over the first, at the same time of day: ${name}`, spread(ratios), { target: most, unit: '×' })
  }
  const rested = (name: string, of: (look: Look) => number, most: number): Figure =>
    less(`at rest after the second day over at rest after the first: ${name}`, of(second.rested) / of(first.rested), { target: most, unit: '×' })
  return [
    over('resident memory', (look) => look.residentMb, 1.1),
    over('heap that lives', (look) => look.heapMb, 1.05),
    over('rows of deals', dealRows, 1),
    rested('open files and sockets', handlesOf, 1),
    rested('rows of values and claims', valuesAndClaims, 1.05),
  ]
}

function weeksOverDays(last: Look, days: readonly Day[]): Figure[] {
  const before = days.at(-1)?.rested ?? last
  const over = (name: string, of: (look: Look) => number, most: number): Figure =>
    less(`at rest after five weeks more over at rest after the days: ${name}`, of(last) / of(before), { target: most, unit: '×' })
  const heldMost = Math.max(...days.flatMap(({ samples }) => samples.map(({ residentMb }) => residentMb)))
  return [
    less('five weeks more: events kept too long', last.eventsLate, none),
    less('five weeks more: contents of the ledger kept too long', last.payloadsLate, none),
    less('at rest after five weeks more over the most of both days: resident memory', last.residentMb / heldMost, { target: 1, unit: '×' }),
    over('heap that lives', (look) => look.heapMb, 1.05),
    over('rows of deals', dealRows, 1),
    over('open files and sockets', handlesOf, 1),
    over('rows of values and claims', valuesAndClaims, 1.3),
  ]
}

const dealRows = ({ rows }: Look): number => (rows['link'] ?? 0) + (rows['link_ref'] ?? 0)
/** Without the checkpoints: one an hour is signed and kept for ever, as the ledger is. */
const valuesAndClaims = ({ rows, values }: Look): number => (rows['value'] ?? 0) - (values['checkpoint'] ?? 0) + (rows['claim'] ?? 0)
const handlesOf = ({ handles }: Look): number => Object.values(handles).reduce((sum, count) => sum + count, 0)
const say = (when: string, look: Look): void =>
  console.log(`  ${when}: ${look.residentMb.toFixed(0)} MB, ${look.heapMb.toFixed(1)} MB live, store ${look.storeMb.toFixed(1)} MB`, look.handles, look.rows, look.values)

async function turned({ world, service }: Stage, edits: number, ms: number): Promise<void> {
  await world.ask('advance', { edits, ms })
  await service.ask('advance', ms)
}

/** A look once every connection that nobody uses has come to its end. */
async function atRest({ service }: Stage, when: string): Promise<Look> {
  await sleep(idleMs)
  const look = await service.ask('look', { keepLedgerMs, eventsKeptMs })
  say(when, look)
  return look
}

async function oneDay(stage: Stage, day: number): Promise<Day> {
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
    samples.push({ ...look, hour: day * 24 + (atMs + stepMs) / hourMs, edits })
    if (samples.length % 24 === 0) say(`hour ${day * 24 + Math.round(hour)}, ${edits} edits`, look)
  }
  return { samples, rested: await atRest(stage, `at rest after day ${day + 1}`) }
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

function plotsOf(all: readonly Sample[]): readonly Plot[] {
  const samples = all.filter(({ hour }) => Number.isInteger(hour))
  const line = (name: string, of: (sample: Sample) => number): Line => ({
    name,
    points: samples.map((sample) => [sample.hour, of(sample)]),
  })
  const x = { label: 'hour of two simulated days', scale: 'linear' } as const
  return [
    {
      file: 'soak-memory',
      title: 'Two days: what the process holds',
      x,
      y: { label: 'MB; descriptors', scale: 'linear' },
      lines: [line('resident memory', (sample) => sample.residentMb), line('heap that lives', (sample) => sample.heapMb), line('open files and sockets', handlesOf)],
    },
    {
      file: 'soak-rows',
      title: 'Two days: rows of the store',
      x,
      y: { label: '', scale: 'linear' },
      lines: [
        line('contents of the ledger (kept for 3 hours)', (sample) => sample.payloads),
        line('events (kept for 31 days)', ({ rows }) => rows['event'] ?? 0),
        line('deals and their references', dealRows),
        line('values and claims', valuesAndClaims),
      ],
    },
  ]
}
