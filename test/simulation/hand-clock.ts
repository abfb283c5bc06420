import type { Clock } from '../../src/core/ports.js'
import type { HandClock } from '../../src/sandbox/clock.js'

/** The engine's clock over the hand-turned one of the sandbox: both worlds share one time. */
export function engineClock(hand: HandClock): Clock {
  return {
    now: () => hand.now(),
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) return resolve()
        const cancel = hand.at(hand.now() + ms, resolve)
        signal?.addEventListener('abort', () => {
          cancel()
          resolve()
        })
      }),
  }
}

const stuckAfterTurns = 200_000 // A healthy pass needs some hundred turns.
const turnMs = 50

/** Lets `work` go on; whenever it only waits for time, turns the clock a little. */
export async function runWithClock<T>(hand: HandClock, work: Promise<T>): Promise<T> {
  let done = false
  const watched = work.finally(() => {
    done = true
  })
  watched.catch(() => undefined)
  for (let turns = 0; !done; turns += 1) {
    if (turns > stuckAfterTurns) throw new Error('the simulated work never ends')
    await new Promise((resolve) => setImmediate(resolve))
    if (!done && turns > 2) hand.advance(turnMs)
  }
  return watched
}
