import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import { LINK_STATES } from './core/link.js'
import type { Store } from './core/ports.js'
import type { PassReport } from './engine/engine.js'
import { processMetrics } from './server/process-metrics.js'
import type { CallReport } from './remote/send.js'

/** What an operator watches, in Prometheus' words. */
export interface Metrics {
  readonly registry: Registry
  called(report: CallReport): void
  passed(report: PassReport): void
  received(source: string, fresh: number): void
  /** A turn of the schedule (poll, sweep, guard) that failed. */
  turnFailed(turn: string, fault: string): void
}

export interface MetricsParts {
  readonly store: Pick<Store, 'counts' | 'queue'>
  readonly now: () => number
  readonly version: string
  /** Notices that stand, and those of them that are urgent. */
  readonly notices: () => Promise<readonly { readonly level: 'urgent' | 'normal' }[]>
}

const seconds = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300]

// eslint-disable-next-line max-lines-per-function -- a list of metrics; split, each would only be further from the others
export function metricsOf(registry: Registry, { store, now, version, notices }: MetricsParts): Metrics {
  const registers = [registry]
  processMetrics(registry)
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
    help: 'Deals to be worked: due now, due later (retries), being worked.',
    labelNames: ['kind'],
    registers,
    async collect() {
      const depth = await store.queue.depth(now())
      for (const kind of ['due', 'later', 'leased'] as const) this.set({ kind }, depth[kind])
      oldest.set(depth.oldestDueAt === null ? 0 : Math.max(0, now() - depth.oldestDueAt) / 1_000)
    },
  })
  const oldest = new Gauge({ name: 'cosell_queue_oldest_seconds', help: 'How long the longest waiting deal has been due.', registers })
  const quotas = new Gauge({
    name: 'cosell_remote_quota_remaining',
    help: 'What a remote system says is left, where it says so: window-calls, window-seconds, daily-calls.',
    labelNames: ['system', 'quota'],
    registers,
  })
  const turns = new Counter({
    name: 'cosell_turn_failures_total',
    help: 'Polls, sweeps and guards that failed.',
    labelNames: ['turn', 'fault'],
    registers,
  })
  new Gauge({
    name: 'cosell_notices',
    help: 'Notices that stand and wait for a person.',
    labelNames: ['level'],
    registers,
    async collect() {
      const open = await notices()
      for (const level of ['urgent', 'normal'] as const) this.set({ level }, open.filter((notice) => notice.level === level).length)
    },
  })
  new Gauge({ name: 'cosell_info', help: 'Which version runs.', labelNames: ['version'], registers }).set({ version }, 1)
  return {
    registry,
    called(report) {
      calls.inc({ system: report.system, method: report.method, status: report.status === null ? 'none' : String(report.status) })
      callSeconds.observe({ system: report.system }, report.ms / 1_000)
      for (const { name, left } of report.allowances) quotas.set({ system: report.system, quota: name }, left)
    },
    passed(report) {
      passes.inc({ outcome: report.outcome, fault: report.fault ?? 'none' })
      if (report.outcome === 'settled') delay.observe(report.delayMs / 1_000)
    },
    received: (source, fresh) => events.inc({ source }, fresh),
    turnFailed: (turn, fault) => turns.inc({ turn, fault }),
  }
}
