import { toFault, type FaultKind } from '../core/fault.js'
import type { Engine } from './engine.js'
import { hold } from './hold.js'
import { lookAgainWhenAsked } from './referrals-known.js'
import { sweep } from './sweep.js'

/** One thing that happens every so often, once across all workers. */
export interface Turn {
  readonly name: string
  readonly everyMs: number
  readonly run: (signal: AbortSignal) => Promise<void>
}

export interface Schedule {
  start(): void
  stop(): Promise<void>
}

// Short enough that a turn is never late by more than a fraction of the shortest period a person sets (a few seconds).
const tickMs = 500

// How often it is asked whether a turn is due: each time is a write, and a twentieth of its period late is not late.
const askedLeastMs = 5_000
const askedMostMs = 30_000

// A turn that failed is due again this soon, like one whose worker died, and not only after its whole period.
const unfinishedMs = 60_000

// Less is corrected all the time; what waits a minute longer for it is not late.
const setBackMs = 60_000

/** Deals that were marked or leased in what is the future now would wait until then. */
async function setBack({ store, clock, leaseMs, warn }: Engine, now: number, byMs: number): Promise<void> {
  const minutes = Math.round(byMs / 60_000)
  if (Number.isFinite(byMs)) warn(`The clock was set back by ${minutes} minutes: what waited for the old time is done now.`, {})
  for (let tries = 1; ; tries += 1) {
    try {
      return await store.queue.setBack(now, leaseMs)
    } catch (error) {
      if (tries >= setBackTriesMost) return warn(`Deals may wait for a time of before the clock was set back: ${toFault(error).message}`, {})
      await clock.sleep(tickMs)
    }
  }
}
const setBackTriesMost = 10

/** Runs each turn when it is due. Several services may share one store: the claim on a turn lets exactly one of them have it, and is for the whole period once it is done. */
export function schedule(
  engine: Engine,
  turns: () => readonly Turn[],
  failed: (turn: string, fault: FaultKind) => void = () => undefined,
): Schedule {
  const abort = new AbortController()
  const busy = new Map<string, Promise<void>>()
  let loop: Promise<void> = Promise.resolve()

  const runTurn = async (turn: Turn): Promise<void> => {
    const untilMs = engine.clock.now() + turn.everyMs
    const keep = {
      forMs: (done: boolean): number => (done ? untilMs - engine.clock.now() : Math.min(turn.everyMs, unfinishedMs)),
      mostMs: turn.everyMs,
    }
    try {
      await hold(engine, { name: `turn:${turn.name}`, signal: abort.signal, keep }, turn.run)
    } catch (error) {
      if (abort.signal.aborted) return // It was told to end: whoever starts next takes the turn anew.
      const fault = toFault(error)
      failed(turn.name, fault.kind)
      engine.warn(`${turn.name} failed and is tried again soon: ${fault.message}`, { fault: fault.kind, remedy: fault.remedy })
    }
  }
  const forever = async (): Promise<void> => {
    const nextAt = new Map<string, number>()
    let before = Number.POSITIVE_INFINITY // Nobody knows where the clock stood while no process ran.
    while (!abort.signal.aborted) {
      const now = engine.clock.now()
      if (now < before - setBackMs) {
        nextAt.clear()
        await setBack(engine, now, before - now)
      }
      before = now
      for (const turn of turns()) {
        if (busy.has(turn.name) || now < (nextAt.get(turn.name) ?? 0)) continue
        nextAt.set(turn.name, now + Math.min(turn.everyMs, Math.min(askedMostMs, Math.max(askedLeastMs, turn.everyMs / 20))))
        busy.set(turn.name, runTurn(turn).finally(() => busy.delete(turn.name)))
      }
      await engine.clock.sleep(tickMs, abort.signal)
    }
  }
  return {
    start() {
      loop = forever()
    },
    async stop() {
      abort.abort()
      await Promise.allSettled([loop, ...busy.values()])
    },
  }
}

export interface SweepTimes {
  readonly pollMs: number
  readonly sweepMs: number
  readonly since: number | null
  readonly openOnly: boolean
}

// A first round through a large CRM takes minutes; longer than this, the referrals are swept without it, one by one instead of in bulk.
const crmFirstMs = 10 * 60_000

/** The first sweep of Partner Center waits for the first round through the CRM, so that records which already carry an identifier are known. */
async function crmSeenWhole({ store, clock }: Engine, signal: AbortSignal): Promise<void> {
  const untilMs = clock.now() + crmFirstMs
  while ((await store.getValue('swept.crm')) === null && clock.now() < untilMs && !signal.aborted) await clock.sleep(tickMs, signal)
}

/** The CRM's change feed every `poll`, Partner Center's watermark sweep every `sweep`. A stopped sweep waits for a person and is not repeated at every turn. */
export function sweepTurns(engine: Engine, times: () => SweepTimes): Turn[] {
  const turn = (name: string, side: 'partner' | 'crm', everyMs: number): Turn => ({
    name,
    everyMs,
    run: async (signal) => {
      const untilMs = engine.clock.now() + everyMs
      const round = (): Promise<unknown> => {
        const { since, openOnly } = times()
        return sweep(engine, side, { signal, release: false, since, openOnly })
      }
      if (side === 'partner') await crmSeenWhole(engine, signal)
      await round()
      if (side === 'partner') await lookAgainWhenAsked(engine, { untilMs, signal }, round)
    },
  })
  return [turn('read the CRM change feed', 'crm', times().pollMs), turn('sweep Partner Center', 'partner', times().sweepMs)]
}
