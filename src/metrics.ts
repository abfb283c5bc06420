import { collectDefaultMetrics, Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { LINK_STATES } from './core/link.js'
import type { Store } from './core/ports.js'
import type { PassReport } from './engine/engine.js'
import type { CallReport } from './remote/send.js'

/** What an operator watches, in Prometheus' words. */
export interface Metrics {
  readonly registry: Registry
  called(report: CallReport): void
  passed(report: PassReport): void
  received(source: string, fresh: number): void
}

const seconds = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

export function metricsOf(registry: Registry, store: Store): Metrics {
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const calls = new Counter({ name: 'cosell_remote_calls_total', help: 'Calls of remote systems.', labelNames: ['system', 'method', 'status'], registers })
  const callSeconds = new Histogram({ name: 'cosell_remote_call_seconds', help: 'Time to the answer of a remote system.', labelNames: ['system'], buckets: seconds, registers })
  const passes = new Counter({ name: 'cosell_passes_total', help: 'Passes over deals.', labelNames: ['outcome', 'fault'], registers })
  const delay = new Histogram({ name: 'cosell_delay_seconds', help: 'From the first hint about a deal to the end of its pass.', buckets: seconds, registers })
  const events = new Counter({ name: 'cosell_events_total', help: 'Events accepted for the first time.', labelNames: ['source'], registers })
  new Gauge({
    name: 'cosell_deals',
    help: 'Deals by state.',
    labelNames: ['state'],
    registers,
    async collect() {
      const counts = await store.counts()
      for (const state of LINK_STATES) this.set({ state }, counts[state])
    },
  })
  new Gauge({
    name: 'cosell_queue',
    help: 'Deals that wait to be worked.',
    labelNames: ['kind'],
    registers,
    async collect() {
      const depth = await store.queue.depth(2 ** 52) // A whole number: PostgreSQL takes no other for a moment.
      this.set({ kind: 'all' }, depth.due + depth.later + depth.leased)
    },
  })
  return {
    registry,
    called(report) {
      calls.inc({ system: report.system, method: report.method, status: report.status === null ? 'none' : String(report.status) })
      callSeconds.observe({ system: report.system }, report.ms / 1_000)
    },
    passed(report) {
      passes.inc({ outcome: report.outcome, fault: report.fault ?? 'none' })
      if (report.outcome === 'settled') delay.observe(report.delayMs / 1_000)
    },
    received: (source, fresh) => events.inc({ source }, fresh),
  }
}
