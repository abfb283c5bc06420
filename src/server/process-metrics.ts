import { monitorEventLoopDelay } from 'node:perf_hooks'
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client'

// Ten looks a second see every stall that a person would notice. The library's own monitor looks a hundred times a second, which is most of
// what the process does at rest, and counts the interval between its looks as lag.
const lookEveryMs = 100
const never = 2_147_483_647 // Milliseconds: as rarely as the library's monitor can be made to look.

const FIGURES = ['min', 'max', 'mean', 'p50', 'p90', 'p99'] as const
type Figure = (typeof FIGURES)[number]

/** What every Node process tells of itself: processor, memory, collections of garbage, and how late its event loop was since it was last asked. */
export function processMetrics(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: never })
  const delays = monitorEventLoopDelay({ resolution: lookEveryMs })
  delays.enable()
  const nameOf = (figure: Figure | 'stddev'): string => `nodejs_eventloop_lag_${figure}_seconds`
  for (const figure of [...FIGURES, 'stddev'] as const) registry.removeSingleMetric(nameOf(figure))
  const gauge = (figure: Figure, collect = (): void => undefined): Gauge =>
    new Gauge({ name: nameOf(figure), help: `Lag of the event loop since the last look at these figures: ${figure}.`, registers: [registry], collect })
  const collect = (): void => {
    const { count, min, max, mean } = delays
    const lags: Readonly<Record<Figure, number>> = {
      ...{ min, max, mean },
      ...{ p50: delays.percentile(50), p90: delays.percentile(90), p99: delays.percentile(99) },
    }
    delays.reset()
    // Each delay is from one look to the next.
    for (const figure of FIGURES) gauges[figure].set(count === 0 ? 0 : Math.max(0, lags[figure] / 1e9 - lookEveryMs / 1_000))
  }
  const gauges: Readonly<Record<Figure, Gauge>> = {
    min: gauge('min', collect), // Asked first, it tells all.
    ...{ max: gauge('max'), mean: gauge('mean'), p50: gauge('p50'), p90: gauge('p90'), p99: gauge('p99') },
  }
}
