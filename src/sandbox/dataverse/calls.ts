/** One request the simulator answered. */
export interface CallRecord {
  readonly method: string
  /** Raw, with the query. */
  readonly path: string
  readonly status: number
  readonly atMs: number
  readonly requestId: string
  readonly clientRequestId: string | null
  /** The connection was cut instead of answered. */
  readonly dropped: boolean
}

export interface Calls {
  /** The newest calls, oldest of them first. */
  list(): readonly CallRecord[]
  /** All calls since the start or the last reset, also those no longer listed. */
  total(): number
  /** How many listed calls have this method and a path that matches. */
  count(method: string, path?: RegExp): number
  reset(): void
}

export type CallLog = Calls & { add(call: CallRecord): void }

// Enough for every request of a long test; a demo that runs for days keeps the newest.
const keptMax = 20_000

export function callLog(): CallLog {
  let calls: CallRecord[] = []
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
