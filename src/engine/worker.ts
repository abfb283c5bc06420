import { setMaxListeners } from 'node:events'
import { FAULTS, toFault, type FaultKind } from '../core/fault.js'
import type { Link } from '../core/link.js'
import type { Hands, Lease, Queue } from '../core/ports.js'
import type { LinkId } from '../core/ref.js'
import { noTracing } from '../core/tracing.js'
import type { Engine, PassReport } from './engine.js'
import { reconcile } from './reconcile.js'

export interface WorkerOptions {
  /** Deals worked at once. */
  readonly concurrency: number
  /** How often the queue is looked at when nothing wakes us: behind every wake-up call there is a poll. */
  readonly pollMs: number
}
export const WORKER_DEFAULTS: WorkerOptions = { concurrency: 10, pollMs: 1_000 }

/** Takes leases and works them, a bounded number at once, until stopped. */
export interface Worker {
  start(): void
  /** Stops taking, lets running passes finish for `graceMs`, hands the rest back. */
  stop(graceMs: number): Promise<void>
  /** Works until nothing due is left. Only these deals when given. Returns the number of passes. */
  drain(options: { only?: readonly LinkId[]; signal: AbortSignal }): Promise<number>
}

// eslint-disable-next-line max-lines-per-function -- one closure that owns the running passes; its parts share that state only
export function worker(engine: Engine, options: WorkerOptions = WORKER_DEFAULTS): Worker {
  const running = new Map<string, { readonly link: LinkId; readonly work: Promise<void> }>()
  const works = (): Promise<void>[] => [...running.values()].map(({ work }) => work)
  const abort = new AbortController()
  setMaxListeners(0, abort.signal) // Every call of every pass listens to it; ten are no sign of a leak.
  let taking = false
  let loop: Promise<void> = Promise.resolve()
  // A wake-up call may come while the queue is being asked: it is remembered, or its deal would wait for the next poll.
  let woken = false
  // The last look took all it had room for: there may be more. What is due by then has been announced, or is found by the poll.
  let more = true
  let endPause: () => void = () => undefined
  const wake = (): void => {
    woken = true
    endPause()
  }

  let asking = 0 // Places that the queue is being asked to fill,
  let kept = 0 // and those kept for deals that are about to be handed over.
  const room = (): number => options.concurrency - running.size - kept
  let allGivenBack: () => void = () => undefined
  const drains = new Set<Drain>()
  let stopping = false

  const run = (lease: Lease, link: Link | null): Promise<void> => {
    const work = traced(engine, lease, () => reconcile(engine, { lease, link }, abort.signal))
      .then((report) => {
        if (report === null) return
        if (report.outcome === 'again' && triedLater(report.fault)) for (const { failed } of drains) failed.add(report.link)
        engine.report(report)
      })
      .catch((error: unknown) => {
        // The pass could not even be saved: the lease runs out and the deal is taken again.
        engine.warn('A pass could not be saved; its deal is taken again when the lease ends.', {
          deal_id: lease.link,
          error: toFault(error).message,
        })
      })
      .finally(() => {
        running.delete(lease.token)
        if (more) wake()
      })
    running.set(lease.token, { link: lease.link, work })
    return work
  }

  const takeSome = async (narrower: Pick<Parameters<Queue['take']>[0], 'only' | 'retriesDueBy'> = {}): Promise<number> => {
    const asked = room()
    more = asked <= 0
    if (more) return 0
    asking += asked
    try {
      const leases = await engine.store.queue.take({
        limit: asked,
        now: engine.clock.now(),
        leaseMs: engine.leaseMs,
        ...narrower,
      })
      more = leases.length >= asked
      // One that could not be read here says so itself as it is worked.
      const links = await engine.store.loadToWork(leases.map(({ link }) => link)).catch(() => [])
      const byId = new Map(links.map((link) => [link.id, link]))
      for (const lease of leases) void run(lease, byId.get(lease.link) ?? null)
      return leases.length
    } finally {
      asking -= asked
      if (more && room() > 0) wake() // Some came to their end while the queue was asked.
    }
  }

  /** Deals that an event marks, handed over by the transaction that takes it: they need not be asked for. */
  const hands: Hands = {
    leaseMs: engine.leaseMs,
    keep(most) {
      const count = Math.max(0, Math.min(most, room() - asking - 1)) // One is left, so that whoever drains the queue always may ask.
      kept += count
      return count
    },
    keepOf(ending) {
      const count = taking && more && drains.size === 0 ? ending : 0 // Who drains the queue asks for deals of its own.
      kept += count
      return count
    },
    work(deals, count) {
      kept -= count
      if (taking) for (const { lease, link } of deals) void run(lease, link)
      else if (deals.length > 0) back = Promise.all([back, handBack(deals.map(({ lease }) => lease))])
      if (kept === 0) allGivenBack()
      if (more && room() > 0) wake()
    },
  }
  /** The transactions for which places are kept are over: what they leased is here. */
  const handedOver = (): Promise<void> => (kept === 0 ? Promise.resolve() : new Promise((resolve) => (allGivenBack = resolve)))
  const handBack = (leases: readonly Lease[]): Promise<void> =>
    engine.store.queue.release(leases, engine.clock.now()).catch((error: unknown) => {
      engine.warn('Deals could not be handed back; they are taken again when their leases end.', { error: toFault(error).message })
    })

  let back: Promise<unknown> = Promise.resolve()
  let withdraw: () => void = () => undefined
  let waiting = new AbortController()
  const pause = (ms: number): Promise<void> => {
    if (waiting.signal.aborted) waiting = new AbortController() // Most pauses end by themselves: the next one listens to the same.
    endPause = () => waiting.abort('woken') // A reason of our own: making an error each time costs more than the wake.
    return engine.clock.sleep(ms, waiting.signal)
  }

  /** One look takes all there is room for, so the next is worth it only after something was marked, became due, or made room for what was left. */
  const forever = async (): Promise<void> => {
    while (taking) {
      woken = false
      let failed = false
      try {
        await takeSome()
      } catch (error) {
        failed = true
        engine.warn('The queue could not be read; trying again.', { error: toFault(error).message })
      }
      if (!woken || failed) await pause(options.pollMs)
    }
  }

  return {
    start() {
      if (taking) return
      taking = true
      const unsubscribe = engine.store.queue.onMark(wake)
      withdraw = engine.store.queue.offer(hands)
      loop = forever().finally(unsubscribe)
    },
    async stop(graceMs) {
      taking = false
      stopping = true
      withdraw()
      wake()
      const grace = new AbortController()
      await Promise.race([Promise.allSettled([handedOver(), ...works()]), engine.clock.sleep(graceMs, grace.signal)])
      grace.abort()
      abort.abort()
      await Promise.allSettled([loop, back, ...works()])
    },
    async drain({ only, signal }) {
      let passes = 0
      const drain: Drain = { failed: new Set() }
      const startedAt = engine.clock.now()
      drains.add(drain)
      try {
        while (!signal.aborted && !stopping) {
          const mayTake = room() > 0
          // Whoever failed is tried again later, and not by us: while a system is away some retry is always due.
          const retries = drain.failed.size === 0 ? {} : { retriesDueBy: startedAt }
          const taken = await takeSome({ ...(only === undefined ? {} : { only }), ...retries })
          passes += taken
          const isOver = mayTake && [...running.values()].every(({ link }) => drain.failed.has(link))
          if (taken === 0 && (running.size === 0 || isOver)) return passes
          if (running.size > 0) await Promise.race(works())
        }
        await Promise.allSettled(works())
        return passes
      } finally {
        drains.delete(drain)
      }
    },
  }
}

/** Work until nothing due is left, and who failed meanwhile. */
interface Drain {
  readonly failed: Set<LinkId>
}
/** Not what is looked at again in a moment. */
const triedLater = (fault: FaultKind | null): boolean => fault !== null && FAULTS[fault].retry !== 'soon' && fault !== 'ambiguous'

/** One span a pass, below the event that marked the deal. */
const traced = (
  { tracing = noTracing }: Engine,
  { link, because, trace, attempts }: Lease,
  work: () => Promise<PassReport | null>,
): Promise<PassReport | null> =>
  tracing.span(
    'work deal',
    { kind: 'consumer', parent: trace ?? null, attributes: { 'cosell.deal_id': link, 'cosell.because': because, 'cosell.attempt': attempts + 1 } },
    async (span) => {
      const report = await work()
      if (report === null) return null
      span.set({ 'cosell.outcome': report.outcome, 'cosell.state': report.state, 'cosell.writes': report.writes })
      if (report.fault !== null) span.fail(report.fault)
      return { ...report, trace: tracing.current()?.split('-')[1] ?? null }
    },
  )
