import { setMaxListeners } from 'node:events'
import type { Clock, Random } from './core/ports.js'

const longestTimerMs = 2_147_483_647 // Node fires longer timers at once, so a longer sleep is taken in pieces.

/** The real time. The only place that asks for it. */
export const realClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    let left = Math.max(0, ms)
    do {
      if (signal?.aborted === true) return
      const piece = Math.min(left, longestTimerMs)
      await nap(piece, signal)
      left -= piece
    } while (left > 0)
  },
}

/** Waking up early is what the signal is for: that is no error, and making one each time would cost more than the wake. */
const nap = (ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', wake)
      resolve()
    }
    const timer = setTimeout(wake, ms)
    if (signal === undefined) return
    setMaxListeners(0, signal) // One signal may end any number of sleeps.
    signal.addEventListener('abort', wake)
  })

/** Real chance, for jitter. Identifiers and tokens come from node:crypto instead. */
export const realRandom: Random = () => Math.random()
