import { setTimeout as timeout } from 'node:timers/promises'
import type { Clock, Random } from './core/ports.js'

const longestTimerMs = 2_147_483_647 // Node fires longer timers at once, so a longer sleep is taken in pieces.

/** The real time. The only place that asks for it. */
export const realClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    const woken = (): boolean => signal?.aborted === true
    let left = Math.max(0, ms)
    do {
      if (woken()) return
      const piece = Math.min(left, longestTimerMs)
      try {
        await timeout(piece, undefined, signal === undefined ? {} : { signal })
      } catch (cause) {
        if (woken()) return // Waking up early is what the signal is for.
        throw cause
      }
      left -= piece
    } while (left > 0)
  },
}

/** Real chance, for jitter. Identifiers and tokens come from node:crypto instead. */
export const realRandom: Random = () => Math.random()
