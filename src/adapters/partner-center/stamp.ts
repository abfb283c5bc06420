import type { Instant } from '../../core/ref.js'

/**
 * The service writes UTC times with up to seven fractional digits; two of them are compared as text of one form, because
 * milliseconds would lose the order of writes that happened within one.
 */
export type Stamp = string

const shape = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(Z|[+-]\d{2}:\d{2})?$/i

/** `2026-08-03T09:14:22.4171234Z`; null for what is no time. */
export function stampOf(text: string | null | undefined): Stamp | null {
  const match = shape.exec((text ?? '').trim())
  if (match === null) return null
  const [, seconds = '', fraction = '', zone = 'Z'] = match
  const ticks = fraction.padEnd(7, '0').slice(0, 7)
  if (/^(z|[+-]00:00)$/i.test(zone)) return `${seconds}.${ticks}Z`
  const ms = Date.parse(`${seconds}${zone}`)
  return Number.isNaN(ms) ? null : `${new Date(ms).toISOString().slice(0, 19)}.${ticks}Z`
}

export const stampFrom = (ms: Instant): Stamp => `${new Date(ms).toISOString().slice(0, -1)}0000Z`

/** Rounded down to milliseconds. */
export const instantOf = (stamp: Stamp | null): Instant | null => {
  if (stamp === null) return null
  const ms = Date.parse(`${stamp.slice(0, 23)}Z`)
  return Number.isNaN(ms) ? null : ms
}

export const earlier = (stamp: Stamp, ms: number): Stamp => stampFrom((instantOf(stamp) ?? 0) - ms)
