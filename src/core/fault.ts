import type { Instant } from './ref.js'

/**
 * Everything that can go wrong, by what one must do about it:
 * `offline` no answer, or 5xx · `throttled` slow down · `signed-out` our credentials · `forbidden` a role or scope is missing ·
 * `rejected` the other side will never take this · `stale` the record moved since the plan · `ambiguous` a write whose answer was lost ·
 * `missing` no such record · `invalid-answer` an answer outside the contract · `misconfigured` our own settings · `lease-lost` another worker took over ·
 * `bug` ours.
 */
export type FaultKind =
  | 'offline'
  | 'throttled'
  | 'signed-out'
  | 'forbidden'
  | 'rejected'
  | 'stale'
  | 'ambiguous'
  | 'missing'
  | 'invalid-answer'
  | 'misconfigured'
  | 'lease-lost'
  | 'bug'

/** `soon`: read again and re-plan at once · `backoff`: try later, for 72 hours · `repair`: wait for a person, keep trying slowly · `never`: needs a person, do not repeat. */
export type Retry = 'soon' | 'backoff' | 'repair' | 'never'
interface FaultRule {
  readonly retry: Retry
  /** Whether the whole remote system is affected, so that other deals should wait too. */
  readonly system: boolean
}

export const FAULTS: Readonly<Record<FaultKind, FaultRule>> = {
  offline: { retry: 'backoff', system: true },
  throttled: { retry: 'backoff', system: true },
  'signed-out': { retry: 'repair', system: true },
  forbidden: { retry: 'repair', system: false },
  rejected: { retry: 'never', system: false },
  stale: { retry: 'soon', system: false },
  ambiguous: { retry: 'backoff', system: false },
  missing: { retry: 'backoff', system: false },
  'invalid-answer': { retry: 'backoff', system: false },
  misconfigured: { retry: 'repair', system: false },
  'lease-lost': { retry: 'soon', system: false },
  bug: { retry: 'backoff', system: false },
}

/** Somebody else was faster: the next attempt mends it, and nobody is to look at it. When it does not, somebody is. */
export const mendsItself = (kind: FaultKind, attempt: number): boolean => FAULTS[kind].retry === 'soon' && attempt === 1

export interface FaultDetails {
  /** What a person can do about it, as one sentence. */
  readonly remedy: string
  readonly cause?: unknown
  /** HTTP status of the answer, where there was one. */
  readonly status?: number
  /** The remote system's own code and request id, for its support. */
  readonly code?: string
  readonly requestId?: string
  /** How long the remote system asked us to wait. */
  readonly retryAfterMs?: number
}

/** One kind of error for everything outside: what happened, to what, and what to do. Retry behaviour is read from FAULTS. */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly kind: FaultKind
  readonly remedy: string
  readonly status: number | null
  readonly code: string | null
  readonly requestId: string | null
  readonly retryAfterMs: number | null

  constructor(kind: FaultKind, message: string, details: FaultDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.kind = kind
    this.remedy = details.remedy
    this.status = details.status ?? null
    this.code = details.code ?? null
    this.requestId = details.requestId ?? null
    this.retryAfterMs = details.retryAfterMs ?? null
  }
}

export const isFault = (error: unknown): error is Fault => error instanceof Fault

/** Anything thrown becomes a Fault; what we did not foresee is a bug, kept with its cause. */
export function toFault(error: unknown): Fault {
  if (isFault(error)) return error
  const text = error instanceof Error ? error.message : String(error)
  return new Fault('bug', `Unexpected failure: ${text}`, { remedy: 'Please report this with the log line; the deal is tried again.', cause: error })
}

/** The code of a fault in a text that the caller gave, such as a drafted mapping: our own configuration is in order. */
export const GIVEN_TEXT = 'given-text'

/** Code of a `rejected` fault whose cause is how it was asked for: the same request is refused whatever the deals are. */
export const MALFORMED = 'malformed'

/** Code of a `misconfigured` fault whose cause is what was asked for: an installation with these settings does not do it. */
export const NOT_OFFERED = 'not-offered'
export function readGiven<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!isFault(error) || error.kind !== 'misconfigured') throw error
    throw new Fault('misconfigured', error.message, { remedy: error.remedy, cause: error, code: GIVEN_TEXT })
  }
}

const firstBackoffMs = 2_000
const backoffCapMs = 30 * 60_000 // Half an hour: an outage of hours costs few calls, and its end is noticed soon.
/** Given up after this long without success. Peers keep 28 to 72 hours; three days cover a weekend. */
export const RETRY_HORIZON_MS = 72 * 3_600_000

/**
 * Exponential back-off with full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"); never earlier than the remote asked. An event
 * brings an attempt before its time, so that ten may fail within a second: what has failed for so long waits about as long again, and no more.
 */
export function backoff(attempt: number, fault: Fault, random: number, failingForMs: number): number {
  const ceiling = Math.min(backoffCapMs, firstBackoffMs * 2 ** Math.min(attempt, 20), firstBackoffMs + 2 * failingForMs)
  const slow = FAULTS[fault.kind].retry === 'repair' ? 5 * 60_000 : 0
  return Math.max(Math.round(ceiling * random), slow, fault.retryAfterMs ?? 0, 100)
}

export interface Next {
  readonly at: Instant
  readonly because: string
}

/** How one pass over a deal ended. */
export type Outcome =
  | { readonly kind: 'settled'; /** Nothing is wrong, and the deal is to be worked at that moment again. */ readonly next?: Next }
  | { readonly kind: 'again'; readonly inMs: number; readonly because: Fault }
  | { readonly kind: 'stopped'; readonly because: Fault; readonly at: Instant }
