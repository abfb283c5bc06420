import { NAME_OF, type Crm } from '../desk.js'
import { less, more, percentile, point, spread, type Figure, type Line, type Measured, type Plot, type Spread } from '../figure.js'
import { besideFloor } from '../floors.js'
import { carry, type Carrier, type Sending } from '../load.js'
import { overStore, pairs, stageOf, STORE_NAMES, type StoreKind } from '../stage.js'

const runs = 3
const dealsEach = 500
const latencyMs = 50
/** How many events of each pace: enough to tell, few enough to be through in some seconds. */
const PACES: readonly { readonly perSecond: number; readonly events: number }[] = [
  { perSecond: 1, events: 8 },
  { perSecond: 20, events: 100 },
  { perSecond: 50, events: 250 },
  { perSecond: 200, events: 500 },
]
/** What ten calls in flight carry at 50 ms a call, two in a row for each event: beyond it a queue builds up, whoever carries. */
const carriedMost = 100
const warmUps = 3

/** Delay and throughput from signed webhook to the write in the CRM, at several paces and in a burst, beside the floor. */
export const pace = (store: StoreKind, crm: Crm): Promise<Measured> =>
  overStore(store, async (postgres) => {
    const stage = await stageOf({ postgres, crm })
    const closing: { close(): void }[] = []
    try {
      await stage.start('all')
      const { ours, floor } = await besideFloor(stage, await pairs(stage, 2 * dealsEach))
      closing.push(floor)
      let value = 10_000
      const measured = async ({ url, deals }: Carrier, events: number, sending: Sending): Promise<Sample> => {
        value += 1_000
        const { perSecond, delaysMs } = await carry(stage, { url, deals: deals.slice(0, events) }, { value, sending })
        return { perSecond, p50: percentile(delaysMs, 0.5), p95: percentile(delaysMs, 0.95) }
      }
      for (let round = 1; round <= warmUps; round += 1) for (const carrier of [ours, floor]) await measured(carrier, dealsEach, { kind: 'in flight', most: 10 })
      await stage.simulators.ask('latency', latencyMs)
      const both = async (name: string, events: number, sending: Sending): Promise<Both> => {
        const both: Both = { ours: [], floor: [] }
        for (let run = 1; run <= runs; run += 1) {
          both.floor.push(await measured(floor, events, sending))
          both.ours.push(await measured(ours, events, sending))
        }
        const show = (samples: readonly Sample[], of: keyof Sample): string => spreadOf(samples, of).median.toFixed(0)
        console.log(`  ${name}: p50 ${show(both.ours, 'p50')} ms of ${show(both.floor, 'p50')} ms, p95 ${show(both.ours, 'p95')} ms of ${show(both.floor, 'p95')} ms, ${show(both.ours, 'perSecond')}/s of ${show(both.floor, 'perSecond')}/s`)
        return both
      }
      const figures: Figure[] = []
      const lines: Record<'ours' | 'floor', [number, Spread][]> = { ours: [], floor: [] }
      for (const { perSecond, events } of PACES) {
        const name = perSecond === 1 ? '1 event a second' : `${perSecond} events a second`
        const samples = await both(name, events, { kind: 'paced', perSecond })
        figures.push(less(`${name}: p50`, ratio(samples, 'p50'), { target: 1.5, unit: '× floor' }))
        if (perSecond > 1) figures.push(less(`${name}: p95`, ratio(samples, 'p95'), { target: 2, unit: '× floor' }))
        if (perSecond > carriedMost) figures.push(more(`${name}: carried a second`, ratio(samples, 'perSecond'), { target: 0.7, unit: '× floor' }))
        for (const who of ['ours', 'floor'] as const) lines[who].push([perSecond, spreadOf(samples[who], 'p50')])
      }
      const burst = await both(`${dealsEach} events at once`, dealsEach, { kind: 'at once' })
      figures.push(more(`${dealsEach} events at once: carried a second`, ratio(burst, 'perSecond'), { target: 0.7, unit: '× floor' }))
      return { figures, plots: [plotOf(`${STORE_NAMES[store]}, ${NAME_OF[crm]}`, `pace-${store}-${crm}`, lines)] }
    } finally {
      for (const { close } of closing) close()
      await stage.close()
    }
  })

interface Sample {
  readonly perSecond: number
  readonly p50: number
  readonly p95: number
}
interface Both {
  readonly ours: Sample[]
  readonly floor: Sample[]
}
const spreadOf = (samples: readonly Sample[], of: keyof Sample): Spread => spread(samples.map((sample) => sample[of]))
/** Each run of ours over the run of the floor just before it. */
const ratio = ({ ours, floor }: Both, of: keyof Sample): Spread =>
  spread(ours.map((sample, run) => sample[of] / (floor[run]?.[of] ?? Number.NaN)))

type Points = readonly (readonly [number, Spread])[]
function plotOf(title: string, file: string, points: Readonly<Record<'ours' | 'floor', Points>>): Plot {
  const line = (name: string, of: Points): Line => ({ name, points: of.map(([x, y]) => point(x, y)) })
  return {
    file,
    title,
    x: { label: 'events a second', scale: 'log' },
    y: { label: 'event to CRM write, p50, ms', scale: 'log' },
    lines: [line('cosell', points.ours), line('bare script', points.floor)],
  }
}
