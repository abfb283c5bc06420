import type { Clock } from '../core/ports.js'
import type { Instant } from '../core/ref.js'

/** A time that only goes on, to measure by within this process: a clock that is set back would make an hour of what was to last half a minute. */
export function steady(clock: Pick<Clock, 'now'>): () => Instant {
  let before = Number.NEGATIVE_INFINITY
  let behind = 0
  return () => {
    const now = clock.now()
    if (now < before) behind += before - now
    before = now
    return now + behind
  }
}
