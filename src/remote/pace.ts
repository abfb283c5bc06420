import { setMaxListeners } from 'node:events'
import { Fault } from '../core/fault.js'
import type { Clock } from '../core/ports.js'
import type { Instant } from '../core/ref.js'
import { cancelled } from './cancelled.js'

/** How fast one remote system is asked: so many calls at once, slower after it said so, and not at all until it said. */
export interface Pace {
  /** Runs `work` when it is its turn. @throws Fault `throttled` when the system's own pause is longer than a caller should stand still for. */
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
/** Longer pauses are not waited out under a lease: the fault says until when, and the deal comes again then. */
export const shortPauseMs = 5_000
const pauseMostMs = 60 * 60_000 // A longer demand is asked about again after this.

// eslint-disable-next-line max-lines-per-function -- one closure that owns the counters; its parts share that state only
export function pace({ clock, inFlightMost, requestsPerSecond }: PaceOptions): Pace {
  let room = inFlightMost
  let inFlight = 0
  let good = 0
  let pausedUntilMs = 0
  let nextSlotMs = 0
  let before = Number.NEGATIVE_INFINITY
  /** The time now, to be asked before any moment is compared with it: when the clock is set back, these are moved along, and nobody waits an hour for the next call. */
  const time = (): Instant => {
    const now = clock.now()
    if (now < before) {
      nextSlotMs -= before - now
      pausedUntilMs -= before - now
    }
    return (before = now)
  }
  const waiting: (() => void)[] = []
  const next = (): void => {
    while (inFlight < room && waiting.length > 0) {
      inFlight += 1
      waiting.shift()?.()
    }
  }
  const enter = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const turn = (): void => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const leave = (): void => {
        waiting.splice(waiting.indexOf(turn), 1)
        reject(cancelled())
      }
      if (signal.aborted) return reject(cancelled())
      if (inFlight < room) {
        inFlight += 1
        return resolve()
      }
      // One signal may stand for a whole batch of calls: that many listeners are no leak, they go when their call's turn comes.
      setMaxListeners(0, signal)
      signal.addEventListener('abort', leave, { once: true })
      waiting.push(turn)
    })
  const refuseLongPause = (): void => {
    const now = time()
    const leftMs = pausedUntilMs - now
    if (leftMs > shortPauseMs) {
      throw new Fault('throttled', `The system asked us to wait; the next call is in ${Math.ceil(leftMs / 1_000)} seconds.`, { remedy: 'Nothing to do: it goes on by itself.', retryAfterMs: leftMs })
    }
  }
  const slot = async (signal: AbortSignal): Promise<void> => {
    // A place in the fixed rhythm is taken at once, so that callers who wait together leave one after the other.
    const from = time()
    const turnMs = Math.max(from, nextSlotMs)
    if (requestsPerSecond > 0) nextSlotMs = turnMs + 1_000 / requestsPerSecond
    if (turnMs > from) await clock.sleep(turnMs - from, signal)
    for (let waits = 0; waits < 100; waits += 1) { // Each wait ends in a moment the system named; a hundred in a row is a system that is always busy.
      refuseLongPause()
      const now = time()
      const leftMs = pausedUntilMs - now
      if (leftMs <= 0 || signal.aborted) break
      await clock.sleep(leftMs, signal)
    }
    if (signal.aborted) throw cancelled()
  }
  return {
    async turn(work, signal) {
      refuseLongPause()
      await enter(signal)
      try {
        await slot(signal)
        return await work()
      } finally {
        inFlight -= 1
        next()
      }
    },
    throttled(retryAfterMs) {
      const now = time()
      // Calls that were already on their way are refused together: they count as one refusal.
      if (now >= pausedUntilMs) room = Math.max(1, Math.floor(room / 2))
      good = 0
      pausedUntilMs = Math.max(pausedUntilMs, now + Math.min(retryAfterMs, pauseMostMs))
    },
    fine() {
      good += 1
      if (good < goodAnswersToGrow || room >= inFlightMost) return
      good = 0
      room += 1
      next()
    },
    pausedUntil() {
      const now = time()
      return pausedUntilMs > now ? pausedUntilMs : null
    },
  }
}
