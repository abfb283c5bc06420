/** One request the simulator answered. */
export interface Call {
  readonly method: string
  /** Raw, with the query. */
  readonly path: string
  readonly status: number
  readonly atMs: number
  readonly requestId: string
  readonly clientRequestId: string | null
  readonly appId: string | null
  readonly email: string | null
  readonly mfa: boolean
  /** The version a write was planned on. */
  readonly ifMatch: string | null
}

export interface Calls {
  /** The newest calls, oldest of them first. */
  list(): readonly Call[]
  /** All calls since the start or the last reset, also those no longer listed. */
  total(): number
  /** How many listed calls have this method and a path that matches. */
  count(method: string, path?: RegExp): number
  reset(): void
}

// Enough for every request of a long test; a demo that runs for days keeps the newest.
const keptMax = 20_000

export function callLog(): Calls & { add(call: Call): void } {
  let calls: Call[] = []
  let total = 0
  return {
    add(call) {
      total += 1
      calls.push(call)
      if (calls.length > keptMax) calls = calls.slice(-keptMax / 2)
    },
    list: () => calls,
    total: () => total,
    count: (method, path) => calls.filter((call) => call.method === method && (path === undefined || path.test(call.path))).length,
    reset() {
      calls = []
      total = 0
    },
  }
}
