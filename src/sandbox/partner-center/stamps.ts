import type { SandboxClock } from '../clock.js'

/**
 * Time as Partner Center writes it: UTC with seven fractional digits. Written alike everywhere, so comparing two of them
 * as text compares them as times.
 */
export interface Stamps {
  /** The present, never earlier than any stamp before it; with ticks, strictly later. */
  next(precision: 'ticks' | 'milliseconds'): string
}

export function stamps(clock: SandboxClock): Stamps {
  let lastMs = Number.NEGATIVE_INFINITY
  let tick = 0
  return {
    next(precision) {
      const nowMs = clock.now()
      if (nowMs > lastMs) {
        lastMs = nowMs
        tick = 0
      } else if (precision === 'ticks') {
        tick += 1
        // A millisecond holds ten thousand ticks of 100 ns.
        if (tick > 9_999) {
          lastMs += 1
          tick = 0
        }
      }
      return stampOf(lastMs, precision === 'ticks' ? tick : 0)
    },
  }
}

export function stampOf(ms: number, tick = 0): string {
  return `${new Date(ms).toISOString().slice(0, -1)}${tick.toString().padStart(4, '0')}Z`
}

/** Any ISO date-time in the seven-digit form, or null. */
export function stampFrom(text: string): string | null {
  const utc = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?)(?:\.(\d{1,7}))?(Z|[+-]\d{2}:\d{2})$/.exec(text)
  if (utc === null) return null
  const ms = Date.parse(text)
  if (Number.isNaN(ms)) return null
  const fraction = (utc[2] ?? '').padEnd(7, '0')
  return `${new Date(ms).toISOString().slice(0, 19)}.${fraction}Z`
}

/** Source: samples show the expiry at midnight UTC, a whole number of days after the day of creation. */
export function midnightAfter(ms: number, days: number): number {
  return Math.floor(ms / 86_400_000) * 86_400_000 + days * 86_400_000
}

/** A date without sub-second digits, the way dates that people enter are shown. */
export function secondsOf(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`
}
