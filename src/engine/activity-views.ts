/** How much a remote system is asked, and what it said of how much it may be. */
export interface QuotaView {
  /** As messages call it: `Partner Center`, or the name of the CRM. */
  readonly system: string
  readonly callsLastHour: number
  readonly callsLastDay: number
  /** Answers of the last day that asked us to slow down. */
  readonly throttledLastDay: number
  readonly lastThrottledAt: string | null
  /** Until when the system asked us to wait; null: it did not, or that is over. */
  readonly waitsUntil: string | null
  /** The last call that got no answer, a refusal or a failure; null: none in the last 24 hours. `status` null: no answer. */
  readonly lastError: { readonly at: string; readonly call: string; readonly status: number | null } | null
  /** What it last said. `limit` null: it names only what is left. */
  readonly allowances: readonly {
    readonly name: 'daily-calls' | 'window-calls' | 'window-seconds'
    readonly left: number
    readonly limit: number | null
    readonly at: string
  }[]
}

/** What was written lately. An hour begins at `at`; `failed` counts passes that ended in a fault; `p50` and `p95` as in `delay`. */
export interface Activity {
  readonly hours: readonly {
    readonly at: string
    readonly toPartner: number
    readonly toCrm: number
    readonly failed: number
    readonly p50: number | null
    readonly p95: number | null
  }[]
  /** From an event to the end of the pass that wrote for it, in milliseconds. */
  readonly delay: { readonly p50: number | null; readonly p95: number | null; readonly measured: number }
  /** The response clock: deals that wait for our answer, by the day it is due (ISO date; null: none is named). */
  readonly answers: readonly { readonly day: string | null; readonly deals: number }[]
  readonly quotas: readonly QuotaView[]
  /** False: more was written than is counted here. */
  readonly complete: boolean
}

