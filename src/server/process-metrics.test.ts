import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { processMetrics } from './process-metrics.js'

const valueOf = (text: string, name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? Number.NaN)

/** Keeps the event loop for so long, and lets it look at the clock then. */
async function late(ms: number): Promise<void> {
  const until = performance.now() + ms
  while (performance.now() < until);
  for (let turn = 0; turn < 3; turn += 1) await new Promise(setImmediate)
}

test('the lag of the event loop is what it was late, without the interval between two looks, and each look begins anew', async () => {
  const registry = new Registry()
  processMetrics(registry)
  expect(valueOf(await registry.metrics(), 'nodejs_eventloop_lag_p99_seconds')).toBe(0)
  await late(150)
  await late(400) // From one look to the next: the first after a reset only begins.
  const text = await registry.metrics()
  const [most, least] = [valueOf(text, 'nodejs_eventloop_lag_max_seconds'), valueOf(text, 'nodejs_eventloop_lag_min_seconds')]
  expect(most).toBeGreaterThan(0.25)
  expect(most).toBeLessThan(30)
  expect(least).toBeLessThanOrEqual(most)
  expect(text).toContain('process_resident_memory_bytes')
  expect(valueOf(await registry.metrics(), 'nodejs_eventloop_lag_max_seconds')).toBe(0)
})
