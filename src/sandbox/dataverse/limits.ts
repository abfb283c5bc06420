import { DataverseError } from './errors.js'
import type { World } from './world.js'

/**
 * Service protection limits, per user in a sliding window.
 * Source: learn.microsoft.com "Service protection API limits" (read 2023-10).
 */
export interface Limits {
  /** Counts one request; throws when the user made too many. */
  count(userId: string): { readonly remaining: number }
}

const texts = {
  requests: { code: '0x80072322', text: 'Number of requests exceeded the limit of 6000 over time window of 300 seconds.' },
  'execution-time': {
    code: '0x80072321',
    text: 'Combined execution time of incoming requests exceeded limit of 1,200,000 milliseconds over time window of 300 seconds. Decrease number of concurrent requests or reduce the duration of requests and try again later.',
  },
  concurrency: { code: '0x80072326', text: 'Number of concurrent requests exceeded the limit of 52.' },
} as const

export function throttled(
  kind: keyof typeof texts,
  retryAfterSeconds: number,
  limit?: { readonly requests: number; readonly windowMs: number },
): DataverseError {
  const { code, text } = texts[kind]
  const said = limit === undefined ? text : text.replace('6000', String(limit.requests)).replace('300', String(limit.windowMs / 1_000))
  return new DataverseError(429, code, said, { 'retry-after': String(retryAfterSeconds) })
}

interface Window {
  times: number[]
  head: number
}

export function limits(world: World): Limits {
  const windows = new Map<string, Window>()
  return {
    count(userId) {
      const limit = world.options.requestLimit
      if (limit === null) return { remaining: 6_000 }
      const nowMs = world.clock.now()
      const window = windows.get(userId) ?? { times: [], head: 0 }
      windows.set(userId, window)
      while (window.head < window.times.length && (window.times[window.head] ?? 0) <= nowMs - limit.windowMs) window.head += 1
      if (window.head > 10_000) {
        window.times = window.times.slice(window.head)
        window.head = 0
      }
      const held = window.times.length - window.head
      if (held >= limit.requests) {
        const oldest = window.times[window.head] ?? nowMs
        throw throttled('requests', Math.max(1, Math.ceil((oldest + limit.windowMs - nowMs) / 1_000)), limit)
      }
      window.times.push(nowMs)
      return { remaining: limit.requests - held - 1 }
    },
  }
}
