import type { Clock } from '../../src/core/ports.js'
import type { HandClock } from '../../src/sandbox/clock.js'

/** The engine's clock over the hand-turned one of the sandbox: both worlds share one time. */
export function engineClock(hand: HandClock): Clock {
  return {
    now: () => hand.now(),
    sleep: (ms, signal) => sleepOn(hand, ms, signal),
  }
}

/** Resolves after so much simulated time, or when the signal says so. */
export function sleepOn(hand: HandClock, ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve()
    const end = (): void => {
      signal?.removeEventListener('abort', woken)
      resolve()
    }
    const cancel = hand.at(hand.now() + ms, end)
    const woken = (): void => {
      cancel()
      end()
    }
    signal?.addEventListener('abort', woken)
  })
}

/** At once where nothing is to be waited for. */
export const wait = (hand: HandClock, ms: number): Promise<void> =>
  ms <= 0 ? Promise.resolve() : new Promise((resolve) => void hand.at(hand.now() + ms, resolve))

const stuckAfterTurns = 200_000 // A healthy pass needs some hundred turns.
const turnMs = 50

const turnsPerLoop = 256
let turns = 0

/**
 * Everything that waits for nothing but other promises has happened when this resolves: Node runs its next ticks when no promise is left to run.
 * A turn of the event loop says the same and costs twenty times as much; one is taken now and then, so that whoever watches the process still can.
 */
export async function quiet(): Promise<void> {
  turns += 1
  if (turns % turnsPerLoop === 0) return new Promise((resolve) => setImmediate(resolve))
  await Promise.resolve() // From here on we are among the promises, behind which the next tick comes.
  return new Promise((resolve) => process.nextTick(resolve))
}

/** Lets `work` go on; whenever it only waits for time, turns the clock a little. */
export async function runWithClock<T>(hand: HandClock, work: Promise<T>): Promise<T> {
  let done = false
  const watched = work.finally(() => {
    done = true
  })
  watched.catch(() => undefined)
  for (let turns = 0; !done; turns += 1) {
    if (turns > stuckAfterTurns) throw new Error('the simulated work never ends')
    await quiet()
    if (!done && turns > 2) hand.advance(turnMs)
  }
  return watched
}

/** A hand-turned clock that tells when something is due next, so that a simulation leaps from one event to the next. */
export interface LeapClock extends HandClock {
  nextAt(): number | null
}

interface Job {
  readonly atMs: number
  readonly order: number
  readonly job: () => void
}

export function leapClock(startMs: number): LeapClock {
  let nowMs = startMs
  let order = 0
  // Sorted, the soonest last: a simulation has some dozen jobs at a time, and most new ones are soon.
  const jobs: Job[] = []
  const later = (a: Job, b: Job): boolean => a.atMs > b.atMs || (a.atMs === b.atMs && a.order > b.order)
  return {
    now: () => nowMs,
    nextAt: () => jobs.at(-1)?.atMs ?? null,
    at(atMs, job) {
      const entry: Job = { atMs: Math.max(atMs, nowMs), order: (order += 1), job }
      let place = jobs.length
      for (let before = jobs[place - 1]; before !== undefined && !later(before, entry); before = jobs[place - 1]) place -= 1
      jobs.splice(place, 0, entry)
      return () => {
        const index = jobs.indexOf(entry)
        if (index >= 0) jobs.splice(index, 1)
      }
    },
    advance(ms) {
      const untilMs = nowMs + ms
      for (let due = jobs.at(-1); due !== undefined && due.atMs <= untilMs; due = jobs.at(-1)) {
        jobs.pop()
        nowMs = Math.max(nowMs, due.atMs)
        due.job()
      }
      nowMs = untilMs
    },
  }
}
