import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { forked } from '../../test/support/forked.js'
import type { Questions } from '../bare-server.js'
import type { Delivery } from '../simulators.js'
import { less, percentile, spread, type Measured } from '../figure.js'
import { post } from '../load.js'
import { inFlight, pairs, stageOf } from '../stage.js'

const runs = 5

/** Milliseconds of each answer, so many at once. */
async function answers(url: string, deliveries: readonly Delivery[], most: number): Promise<number[]> {
  const took: number[] = []
  await inFlight(deliveries, most, async (delivery) => {
    const startedAt = performance.now()
    await post(url, delivery)
    took.push(performance.now() - startedAt)
  })
  return took
}

/** The answer to a webhook, after its event is on disk, beside a bare HTTP server that only writes and flushes. */
export async function acknowledging(): Promise<Measured> {
  const stage = await stageOf({ postgres: null })
  const bare = await forked<Questions>(fileURLToPath(new URL('../bare-server.ts', import.meta.url)))
  try {
    const bareUrl = await bare.ask('listen', join(stage.folder, 'bare.log'))
    const deals = await pairs(stage, 100)
    await stage.start('server')
    const url = `${stage.fleet.address}/hooks/partner-center`
    const fresh = (count: number): Promise<readonly Delivery[]> =>
      stage.simulators.ask('deliveries', Array.from({ length: count }, (_, index) => deals[index % deals.length]?.referralId ?? ''))
    await answers(url, await fresh(300), 20)
    await answers(bareUrl, await fresh(300), 20)
    const steady: number[] = []
    const burst: number[] = []
    for (let run = 1; run <= runs; run += 1) {
      const [bareSteady, ours] = [await answers(bareUrl, await fresh(200), 1), await answers(url, await fresh(200), 1)]
      steady.push(percentile(ours, 0.95) / percentile(bareSteady, 0.95))
      const [bareBurst, ourBurst] = [await answers(bareUrl, await fresh(100), 100), await answers(url, await fresh(100), 100)]
      burst.push(percentile(ourBurst, 0.95) / percentile(bareBurst, 0.95))
      const text = (values: readonly number[]): string => percentile(values, 0.95).toFixed(2)
      console.log(`  p95 ${text(ours)} ms of ${text(bareSteady)} ms; in a burst of 100 ${text(ourBurst)} ms of ${text(bareBurst)} ms`)
    }
    const [atOnce, inBurst] = [10, 100]
    const figuresOf = async (most: number): Promise<{ readonly p50: number[]; readonly p99: number[] }> => {
      const found: { readonly p50: number[]; readonly p99: number[] } = { p50: [], p99: [] }
      for (let run = 1; run <= runs; run += 1) {
        const took = await answers(url, await fresh(500), most)
        found.p50.push(percentile(took, 0.5))
        found.p99.push(percentile(took, 0.99))
      }
      return found
    }
    const [few, many] = [await figuresOf(atOnce), await figuresOf(inBurst)]
    return {
      figures: [
        less('acknowledgement p50, 10 in flight', spread(few.p50), { target: 15, unit: 'ms' }),
        less('acknowledgement p99, 10 in flight', spread(few.p99), { target: 100, unit: 'ms' }),
        less('acknowledgement p99, 100 in flight', spread(many.p99), { target: 250, unit: 'ms' }),
        less('acknowledgement p95, one after another', spread(steady), { target: 3, unit: '× bare server' }),
        less('acknowledgement p95, burst of 100', spread(burst), { target: 3, unit: '× bare server' }),
      ],
    }
  } finally {
    bare.close()
    await stage.close()
  }
}
