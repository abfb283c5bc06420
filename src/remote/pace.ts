import type { Clock } from '../core/ports.js'
import type { Instant } from '../core/ref.js'

/** How fast one remote system is asked: so many calls at once, slower after it said so, and not at all until it said. */
export interface Pace {
  /** Runs `work` when it is its turn. */
  turn<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>
  /** The system asked us to slow down. */
  throttled(retryAfterMs: number): void
  /** The system has answered in good order. */
  fine(): void
  /** Until when nobody should start anything; null when open. */
  pausedUntil(): Instant | null
}

export interface PaceOptions {
  readonly clock: Clock
  readonly inFlightMost: number
  /** 0: no fixed rate. */
  readonly requestsPerSecond: number
}

// After this many good answers one more call at a time is dared again.
const goodAnswersToGrow = 20

export function pace({ clock, inFlightMost, requestsPerSecond }: PaceOptions): Pace {
  let room = inFlightMost
  let inFlight = 0
  let good = 0
  let pausedUntilMs = 0
  let nextSlotMs = 0
  const waiting: (() => void)[] = []
  const next = (): void => {
    while (inFlight < room && waiting.length > 0) {
      inFlight += 1
      waiting.shift()?.()
    }
  }
  const enter = (): Promise<void> =>
    new Promise((resolve) => {
      waiting.push(resolve)
      next()
    })
  const slot = async (signal: AbortSignal): Promise<void> => {
    for (let waits = 0; waits < 100; waits += 1) { // Each wait ends in a moment somebody named; a hundred in a row is a system that is always busy.
      const now = clock.now()
      const from = Math.max(pausedUntilMs, requestsPerSecond > 0 ? nextSlotMs : 0)
      if (from <= now || signal.aborted) break
      await clock.sleep(from - now, signal)
    }
    if (requestsPerSecond > 0) nextSlotMs = Math.max(nextSlotMs, clock.now()) + 1_000 / requestsPerSecond
  }
  return {
    async turn(work, signal) {
      await enter()
      try {
        // A long pause is not waited out under a lease: the caller's answer says until when, and its deal comes again then.
        if (pausedUntilMs - clock.now() <= shortPauseMs) await slot(signal)
        return await work()
      } finally {
        inFlight -= 1
        next()
      }
    },
    throttled(retryAfterMs) {
      room = Math.max(1, Math.floor(room / 2))
      good = 0
      pausedUntilMs = Math.max(pausedUntilMs, clock.now() + retryAfterMs)
    },
    fine() {
      good += 1
      if (good < goodAnswersToGrow || room >= inFlightMost) return
      good = 0
      room += 1
      next()
    },
    pausedUntil: () => (pausedUntilMs > clock.now() ? pausedUntilMs : null),
  }
}
export const shortPauseMs = 5_000
