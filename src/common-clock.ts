import type { Clock } from './core/ports.js'
import type { Instant } from './core/ref.js'

/**
 * The clock of a process whose store is shared: leases and searches compare moments that another process wrote, and two machines may be minutes
 * apart. The store's own clock is the one they have in common. Without one (null) this machine's clock holds.
 */
export interface CommonClock extends Clock {
  /** Asks the store's clock again. What cannot be learnt now leaves the time as it is told already. */
  compare(): Promise<void>
}

const apartLeastMs = 1_000 // Less is told apart by nothing that is compared, and a clock that jumps about is worse than one a little off.
const answerMostMs = 2_000 // A slower answer says too little of when it was given.

export function commonClock(
  own: Clock,
  timeThere: () => Promise<Instant | null>,
  warn: (text: string, aheadMs: number) => void,
): CommonClock {
  let aheadMs = 0
  return {
    now: () => own.now() - aheadMs,
    sleep: (ms, signal) => own.sleep(ms, signal),
    async compare() {
      const before = own.now()
      const there = await timeThere().catch(() => null)
      const after = own.now()
      if (there === null || after < before || after - before > answerMostMs) return
      const found = Math.round((before + after) / 2 - there)
      if (Math.abs(found - aheadMs) < apartLeastMs) return
      aheadMs = Math.abs(found) < apartLeastMs ? 0 : found
      if (aheadMs !== 0) warn(apart(aheadMs), aheadMs)
    },
  }
}

const apart = (aheadMs: number): string =>
  aheadMs > 0
    ? `This machine's clock is ${Math.round(aheadMs / 1_000)} seconds ahead of the database's, which is followed. Set it by NTP.`
    : `This machine's clock is ${Math.round(-aheadMs / 1_000)} seconds behind the database's, which is followed. Set it by NTP.`
