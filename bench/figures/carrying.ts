import { cpuMs, carry, delaysOf, peakMb, readOf, type Carrier } from '../load.js'
import { floorOn, inFlightMost, serviceOn } from '../floors.js'
import { less, more, percentile, spread, type Figure, type Measured } from '../figure.js'
import { overStore, pairs, stageOf, STORE_NAMES, type StoreKind } from '../stage.js'

const runs = 5
const dealsEach = 200
const delaysCounted = 20
const warmUps = 5 // A service that runs for weeks has its code compiled; so has the script, which needs less of it.
const WANTED = [
  { latency: 50, rate: 0.7, delay: 1.5 },
  { latency: 0, rate: 0.3, delay: 3 },
] as const
const asFastAsItGoes = { kind: 'in flight', most: inFlightMost } as const

/** Throughput and delay beside the floor, with a real service's latency and with none; with none also beside the script that is careful. */
export const carrying = (store: StoreKind): Promise<Measured> =>
  overStore(store, async (postgres) => {
    const stage = await stageOf({ postgres })
    const closing: { close(): void }[] = []
    try {
      const { pid } = await stage.start('all')
      const all = await pairs(stage, 3 * dealsEach)
      const share = (index: number): typeof all => all.slice(index * dealsEach, (index + 1) * dealsEach)
      const ours = serviceOn(stage, share(0))
      const read = await readOf(stage, ours)
      const bare = await floorOn(stage, { deals: share(1), read, inFlight: inFlightMost, careful: false })
      const careful = await floorOn(stage, { deals: share(2), read, inFlight: inFlightMost, careful: true })
      closing.push(bare, careful)
      const rateOf = async (carrier: Carrier, value: number): Promise<number> =>
        (await carry(stage, carrier, { value, sending: asFastAsItGoes })).perSecond
      const delayOf = async ({ url, deals }: Carrier, value: number): Promise<number> =>
        percentile(await delaysOf(stage, { url, deals: deals.slice(0, delaysCounted) }, value), 0.5)
      for (let round = 1; round <= warmUps; round += 1) for (const carrier of [bare, careful, ours]) await rateOf(carrier, round * 10_000)
      const figures: Figure[] = []
      const costs: number[] = []
      for (const { latency, rate, delay } of WANTED) {
        await stage.simulators.ask('latency', latency)
        const ratios: Record<'rate' | 'delay' | 'carefulRate' | 'carefulDelay', number[]> = { rate: [], delay: [], carefulRate: [], carefulDelay: [] }
        for (let run = 1; run <= runs; run += 1) {
          const value = run * 100_000 + latency * 1_000_000
          const bareRate = await rateOf(bare, value)
          const before = cpuMs(pid)
          const ourRate = await rateOf(ours, value)
          costs.push((cpuMs(pid) - before) / ours.deals.length)
          const bareDelay = await delayOf(bare, value + 50_000)
          const ourDelay = await delayOf(ours, value + 50_000)
          ratios.rate.push(ourRate / bareRate)
          ratios.delay.push(ourDelay / bareDelay)
          if (latency === 0) {
            ratios.carefulRate.push((await rateOf(careful, value)) / bareRate)
            ratios.carefulDelay.push((await delayOf(careful, value + 50_000)) / bareDelay)
          }
          const said = `${ourRate.toFixed(0)}/s of ${bareRate.toFixed(0)}/s, p50 ${ourDelay.toFixed(1)} ms of ${bareDelay.toFixed(1)} ms`
          console.log(`  ${latency} ms: ${said}, ${costs.at(-1)?.toFixed(1)} ms of processor time`)
        }
        const throughput = `events per second, ${latency} ms a call, 10 in flight`
        const wait = `event to CRM write p50, ${latency} ms a call`
        figures.push(
          more(throughput, spread(ratios.rate), { target: rate, unit: '× floor' }),
          less(wait, spread(ratios.delay), { target: delay, unit: '× floor' }),
        )
        // What the script itself loses by being careful: nothing is wanted of it.
        if (latency === 0)
          figures.push(
            more(`the careful script, ${throughput}`, spread(ratios.carefulRate), { target: null, unit: '× floor' }),
            less(`the careful script, ${wait}`, spread(ratios.carefulDelay), { target: null, unit: '× floor' }),
          )
      }
      figures.push(
        less('processor time of one event', spread(costs), { target: 6, unit: 'ms' }),
        less('peak memory of the service under this load', peakMb(pid), { target: 250, unit: 'MB' }),
      )
      return { figures: figures.map((figure) => ({ ...figure, name: `${STORE_NAMES[store]}: ${figure.name}` })) }
    } finally {
      for (const { close } of closing) close()
      await stage.close()
    }
  })
