import { Fault } from '../core/fault.js'
import type { LinkId, Side } from '../core/ref.js'
import type { Engine } from './engine.js'
import { findDeal } from './find-deal.js'
import { anotherRoundWanted, roundsMost, untilKnownMs } from './referrals-known.js'
import { sweep, type SweepOptions, type SweepReport } from './sweep.js'
import type { SyncSummary } from './views.js'
import type { Worker } from './worker.js'

interface SyncDeps {
  readonly engine: Engine
  readonly worker: Worker
  readonly firstSync: { readonly since: number | null; readonly openOnly: boolean }
}

const anotherEveryMs = 1_000
const anotherMost = (6 * 3_600_000) / anotherEveryMs // Longer than a first sync of a hundred thousand deals; the claim of a worker that died ends in a minute.

/**
 * A sweep of our own: what a person asked for (above all that the brake be released) is not done because another worker happens to sweep.
 * The other one is waited for, also through a first sync; only after hours the report says that this side was not swept.
 */
async function sweepInTurn(engine: Engine, side: Side, options: SweepOptions): Promise<SweepReport> {
  let report = await sweep(engine, side, options)
  for (let waits = 0; report.skipped && waits < anotherMost && !options.signal.aborted; waits += 1) {
    await engine.clock.sleep(anotherEveryMs, options.signal)
    report = await sweep(engine, side, options)
  }
  return report
}

/** The CRM first: records that already carry a referral identifier are known before referrals are looked for. */
async function sweepBoth(
  { engine, firstSync }: SyncDeps,
  options: { release: boolean; signal: AbortSignal },
  reports: SweepReport[],
): Promise<void> {
  for (const side of ['crm', 'partner'] as const)
    reports.push(await sweepInTurn(engine, side, { ...firstSync, release: options.release, signal: options.signal }))
}

/** Sweeps both sides, or takes the named deals, and works until nothing due is left. Retries due later are counted and not waited for. */
export async function syncNow(
  deps: SyncDeps,
  options: { deals: readonly string[]; release: boolean; signal: AbortSignal; by: string },
): Promise<SyncSummary> {
  const { engine, worker } = deps
  const { store, clock } = engine
  const sweeps: SweepReport[] = []
  let passes = 0
  let only: LinkId[] | undefined
  const swept = (await store.getValue('swept.partner')) !== null
  // A store that has never seen both sides whole must see them once, before one deal is worked.
  if (options.deals.length > 0 && !swept) await sweepBoth(deps, options, sweeps)
  if (options.deals.length > 0) {
    only = []
    for (const deal of options.deals) only.push((await findDeal(engine, deal)).id)
    const now = clock.now()
    await store.queue.mark(
      only.map((link) => ({ link, dueAt: now, urgency: 0 as const, wide: true, because: 'sync' })),
      now,
    )
  } else {
    await sweepBoth(deps, options, sweeps)
  }
  const drain = (): Promise<number> => worker.drain({ signal: options.signal, ...(only === undefined ? {} : { only }) })
  passes += await drain()
  for (let rounds = 1; rounds <= roundsMost && !options.signal.aborted && (await anotherRoundWanted(store)); rounds += 1) {
    sweeps.push(await sweepInTurn(engine, 'partner', { ...deps.firstSync, release: options.release, signal: options.signal }))
    await clock.sleep(untilKnownMs, options.signal)
    passes += await drain()
  }
  if (options.signal.aborted)
    throw new Fault('stale', 'The sync was stopped before it was through.', { remedy: 'Run "cosell sync" again: it goes on from there.' })
  const [states, depth, retrying] = await Promise.all([
    store.counts(),
    store.queue.depth(clock.now()),
    store.list({ reason: 'retrying', limit: 1 }),
  ])
  return {
    sweeps,
    passes,
    braked: sweeps.flatMap((report) => (report.braked === null ? [] : [report.braked])),
    states,
    later: depth.later + depth.due, // Retries that came due meanwhile are left for later, too.
    attention: states['needs-attention'] + states.stopped,
    unreachable: { count: retrying.total, message: retrying.links[0]?.reason?.text ?? null },
  }
}
