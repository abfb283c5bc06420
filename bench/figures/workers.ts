import { more, less, point, spread, type Figure, type Measured, type Spread } from '../figure.js'
import { floorOn, inFlightMost, serviceOn } from '../floors.js'
import { carry, readOf, type Carrier } from '../load.js'
import { overStore, pairs, stageOf } from '../stage.js'

const runs = 3
const dealsEach = 400
const latencyMs = 50
const COUNTS = [1, 2, 4] as const

/** Throughput of a burst with 1, 2 and 4 workers over one PostgreSQL, beside the floor with as many calls in flight, and as a multiple of one worker. */
export const workers = (): Promise<Measured> =>
  overStore('postgres', async (postgres) => {
    const stage = await stageOf({ postgres })
    const closing: { close(): void }[] = []
    try {
      await stage.start('server')
      await stage.start('worker')
      const deals = await pairs(stage, 2 * dealsEach)
      const ours = serviceOn(stage, deals.slice(0, dealsEach))
      const read = await readOf(stage, ours)
      const ratesOf = async (carrier: Carrier, from: number): Promise<number[]> => {
        const rates: number[] = []
        for (let run = 1; run <= runs; run += 1) rates.push((await carry(stage, carrier, { value: from + run * 1_000, sending: { kind: 'at once' } })).perSecond)
        return rates
      }
      await ratesOf(ours, 10_000)
      await stage.simulators.ask('latency', latencyMs)
      const figures: Figure[] = []
      const lines: Record<'ours' | 'floor', [number, Spread][]> = { ours: [], floor: [] }
      let one: readonly number[] = []
      for (const [index, count] of COUNTS.entries()) {
        for (let running = COUNTS[index - 1] ?? 1; running < count; running += 1) await stage.start('worker')
        const floor = await floorOn(stage, { deals: deals.slice(dealsEach), read, inFlight: count * inFlightMost, careful: false })
        closing.push(floor)
        const bare = await ratesOf(floor, count * 100_000)
        const rates = await ratesOf(ours, count * 100_000)
        if (count === 1) one = rates
        console.log(`  ${count} workers: ${spread(rates).median.toFixed(0)}/s of ${spread(bare).median.toFixed(0)}/s`)
        lines.ours.push([count, spread(rates)])
        lines.floor.push([count, spread(bare)])
        const over = (others: readonly number[]): Spread => spread(rates.map((rate, run) => rate / (others[run] ?? Number.NaN)))
        const name = count === 1 ? '1 worker' : `${count} workers`
        figures.push(more(`${name}: events a second`, spread(rates), { target: null, unit: '/s' }))
        figures.push(more(`${name}: events a second beside a script with ${count * inFlightMost} calls in flight`, over(bare), { target: count === 1 ? 0.7 : null, unit: '× floor' }))
        if (count > 1) figures.push(more(`${name} over one`, over(one), { target: 1, unit: '×' }))
      }
      figures.push(less('latency of every call', latencyMs, { target: null, unit: 'ms' }))
      const line = (name: string, points: readonly (readonly [number, Spread])[]) => ({ name, points: points.map(([x, y]) => point(x, y)) })
      const plot = {
        file: 'workers',
        title: 'Workers over one PostgreSQL, two cores',
        x: { label: 'workers', scale: 'linear' },
        y: { label: 'events a second', scale: 'linear' },
        lines: [line('cosell', lines.ours), line('bare script, as many calls in flight', lines.floor)],
      } as const
      return { figures, plots: [plot] }
    } finally {
      for (const { close } of closing) close()
      await stage.close()
    }
  })
