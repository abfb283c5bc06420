import { Fault, isFault } from '../core/fault.js'
import type { Clock, Random } from '../core/ports.js'
import { noTracing, type Tracing } from '../core/tracing.js'
import { shortPauseMs, type Pace } from './pace.js'
import type { Allowance, ReadAllowances } from './allowance.js'
import { isGatewaysRefusal } from './page.js'
import { NoAnswer, type Transport, type TransportAnswer } from './transport.js'
import { assertInTime, note } from './witness.js'

export interface SendRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | null
  readonly signal: AbortSignal
  /** How long the answer is waited for, where the service is known to take its time. Absent: as for every call. */
  readonly deadlineMs?: number
  /** A POST that only asks, such as a batch of reads: an answer that is lost leaves nothing in doubt. */
  readonly asks?: boolean
}
const isRead = ({ method, asks }: SendRequest): boolean => method === 'GET' || asks === true
export type SendAnswer = TransportAnswer
/** An authenticated and paced exchange: every answer comes back, also a refusal; a missing one is thrown as a Fault. */
export type Send = (request: SendRequest) => Promise<SendAnswer>

/** Where access tokens come from. `fresh` asks for a new one because the last, `refused`, was not accepted. */
export type TokenSource = (options: { readonly fresh: boolean; readonly refused?: string; readonly signal: AbortSignal }) => Promise<string>

export interface CallReport {
  readonly system: string
  readonly method: string
  /** Without the query. */
  readonly path: string
  readonly status: number | null
  readonly ms: number
  readonly requestId: string | null
  /** Of the answer's body. */
  readonly bytes: number
  /** The answer asked us to wait so long, in milliseconds; null: it did not. */
  readonly waitMs: number | null
  /** What the answer said of how much more may be asked. */
  readonly allowances: readonly Allowance[]
}

/** A wait that a system asked for. */
export interface Pause {
  readonly ms: number
  /** What it said the matter is, in our words; null: it said nothing but to wait. */
  readonly why: { readonly text: string; readonly remedy: string } | null
}

export interface RemoteOptions {
  /** For messages: `Partner Center`, or the name of the CRM. */
  readonly name: string
  readonly transport: Transport
  readonly clock: Clock
  readonly random: Random
  /** The only hosts (host or host:port) that are ever called. */
  readonly hosts: readonly string[]
  /** Where the service lives now, where its sign-in says so: asked after every token. The address's own host stays allowed. */
  readonly locate?: (url: string) => string
  /** That an answer asks us to wait where its status does not say so; null: it does not. */
  readonly asksToWait?: (answer: SendAnswer) => Pause | null
  /** Absent: the system says nothing of what is left. */
  readonly allowances?: ReadAllowances
  readonly pace: Pace
  readonly token: TokenSource
  /** Headers of every call, with a fresh id each. */
  readonly correlation: (id: string) => Readonly<Record<string, string>>
  readonly newId: () => string
  readonly onCall?: (report: CallReport) => void
  /** Absent: nobody traces. */
  readonly tracing?: Tracing
}

const deadlineMs = 25_000
// Reads are repeated at once a little; anything longer is the queue's work, where it holds no lease.
const readTriesMost = 3
const readWaitMs = 400
const longWaitMs = 10_000 // Who took longer than this to say nothing is not asked again: a lease holds two deadlines, not three.
const defaultWaitMs = 1_000 // A system that says neither how long is asked again soon, by fewer at once.

export function remote(given: RemoteOptions): Send {
  let why: Pause['why'] = null // of the pause that stands, where it was told
  const tell = (pause: Pause | null): Pause | null => {
    if (pause !== null) why = pause.why
    return pause
  }
  const asksToWait = (answer: SendAnswer): Pause | null => tell(given.asksToWait?.(answer) ?? waitSaid(answer, given.clock.now()))
  const options: RemoteOptions = { ...given, asksToWait }
  const moved = whereabouts(options)
  return async (given) => {
    const request = { ...given, target: allowed(options, given.url) }
    refusePaused(options, why)
    for (let attempt = 1; ; attempt += 1) {
      const last = !isRead(request) || attempt >= readTriesMost
      try {
        const answer = await authenticated(options, request, moved)
        if (last || !isTransient(answer.status)) return answer
      } catch (error) {
        if (isFault(error) && error.kind === 'throttled') refusePaused(options, why) // It began while this call waited for its turn.
        if (!(error instanceof NoAnswer)) throw error
        if (last || error instanceof LongSilence) throw noAnswerFault(options, request, error)
      }
      await options.clock.sleep(Math.round(readWaitMs * attempt * (0.5 + options.random())), request.signal)
    }
  }
}

// 423 and 509 stand in Partner Center's list of statuses beside 429. Source: learn.microsoft.com "Referrals API response codes" (read 2023-10).
const saysWait = (status: number): boolean => status === 429 || status === 503 || status === 423 || status === 509
const isTransient = (status: number): boolean => status === 500 || status === 502 || status === 503 || status === 504

/** The whole deadline went by, or most of it. */
class LongSilence extends NoAnswer {}

/** `target`: its address, read. */
interface Addressed extends SendRequest {
  readonly target: URL
}

/** Refreshes a refused token once and asks again: a 401 means that nothing was done. */
async function authenticated(options: RemoteOptions, request: Addressed, moved: Moved): Promise<SendAnswer> {
  const token = await options.token({ fresh: false, signal: request.signal })
  const address = options.locate?.(request.url) ?? request.url
  const first = await exchange(options, request, token).catch((error: unknown) => {
    // Nothing was done, or it was a read: it may be asked where the service lives now.
    if (error instanceof NoAnswer && (!error.sent || isRead(request))) return error
    throw error
  })
  if (first instanceof NoAnswer || saysElsewhere(first, request.method)) {
    const there = await moved(request, { token, address })
    if (there !== null) return exchange(options, request, there)
    if (first instanceof NoAnswer) throw first
  }
  if (first.status !== 401) return first
  return exchange(options, request, await options.token({ fresh: true, refused: token, signal: request.signal }))
}

// Redirects are never followed; 420 is the edge of Salesforce, which knows no way to the org. Nothing was done by either.
// Nor by a read that a page for people answers; of a write that would be left open.
const saysElsewhere = (answer: SendAnswer, method: string): boolean =>
  ELSEWHERE.has(answer.status) || (method === 'GET' && answer.status >= 400 && isGatewaysRefusal({ ...answer, text: answer.body.toString('utf8') }))
const ELSEWHERE: ReadonlySet<number> = new Set([301, 302, 303, 307, 308, 420])
/** A token for where the service lives now, after a call came to nothing where it lived; null: it has not moved. */
type Moved = (request: SendRequest, at: { readonly token: string; readonly address: string }) => Promise<string | null>
const askWhereMs = 60_000 // One sign-in a minute at the most, however many calls fail: logins are counted.

function whereabouts({ locate, token, clock }: RemoteOptions): Moved {
  let askedAtMs = -askWhereMs
  return async ({ url, signal }, at) => {
    if (locate === undefined) return null
    const isElsewhere = (): boolean => locate(url) !== at.address
    if (isElsewhere()) return token({ fresh: false, signal })
    if (clock.now() - askedAtMs < askWhereMs) return null
    askedAtMs = clock.now()
    // A sign-in that does not answer either is no news: what failed first is told.
    const fresh = await token({ fresh: true, refused: at.token, signal }).catch(() => null)
    return isElsewhere() ? fresh : null
  }
}

async function exchange(options: RemoteOptions, request: Addressed, token: string): Promise<SendAnswer> {
  const { clock, pace, transport, asksToWait, tracing = noTracing } = options
  const url = options.locate?.(request.url) ?? request.url
  const { host, pathname } = url === request.url ? request.target : new URL(url)
  const startedAt = clock.now()
  const headers = { ...options.correlation(options.newId()), ...request.headers, authorization: `Bearer ${token}` }
  let askedAt = startedAt
  const report = (answer: SendAnswer | null): { readonly waitMs: number | null } => {
    const call = {
      system: options.name,
      method: request.method,
      path: pathname,
      status: answer?.status ?? null,
      ms: clock.now() - startedAt,
      requestId: answer === null ? null : requestIdOf(answer),
    }
    note(request.signal, { ...call, body: request.body, answer: answer?.body ?? null })
    const waitMs = answer === null ? null : (asksToWait?.(answer)?.ms ?? null)
    const allowances = options.allowances?.(answer?.headers ?? {}) ?? []
    options.onCall?.({ ...call, bytes: answer?.body.length ?? 0, waitMs, allowances })
    return { waitMs }
  }
  try {
    const lastLook = (): void => assertInTime(request.signal, clock.now())
    const sent = { ...request, url, headers, timeoutMs: request.deadlineMs ?? deadlineMs, lastLook }
    const about = { system: options.name, method: request.method, host, path: pathname }
    const answer = await pace.turn(() => {
      askedAt = clock.now()
      lastLook() // For a time that is over by now no connection is taken.
      return traced(tracing, about, () => transport(sent))
    }, request.signal)
    const { waitMs } = report(answer)
    if (waitMs !== null) pace.throttled(waitMs)
    else if (answer.status < 500) pace.fine()
    return answer
  } catch (error) {
    report(null)
    if (error instanceof NoAnswer && clock.now() - askedAt >= longWaitMs)
      throw new LongSilence(error.message, { sent: error.sent, cause: error.cause })
    throw error
  }
}

/** The wait that the answer's own status and header ask for. */
const waitSaid = (answer: SendAnswer, now: number): Pause | null =>
  saysWait(answer.status) ? { ms: retryAfterMs(answer, now) ?? defaultWaitMs, why: null } : null

/** A long pause is not waited out here: who asks is told why, and until when. The moment and not the time left: it stays the same however often one asks. */
function refusePaused({ name, pace, clock }: RemoteOptions, why: Pause['why']): void {
  const until = pace.pausedUntil()
  if (until === null || until - clock.now() <= shortPauseMs) return
  const moment = `${new Date(until).toISOString().slice(11, 16)} UTC`
  const text = why === null ? `${name} asked us to slow down; it is asked again at ${moment}.` : `${name} asked us to slow down: ${why.text}; it is asked again at ${moment}.`
  throw new Fault('throttled', text, { remedy: why?.remedy ?? 'Nothing to do: it goes on by itself.', retryAfterMs: until - clock.now() })
}

/** One span a call; the id of the trace stays here, remote systems are not told. */
const traced = (
  tracing: Tracing,
  { system, method, host, path }: Readonly<Record<'system' | 'method' | 'host' | 'path', string>>,
  call: () => Promise<SendAnswer>,
): Promise<SendAnswer> => {
  const attributes = { 'http.request.method': method, 'server.address': host, 'url.path': path }
  return tracing.span(`${method} ${system}`, { kind: 'client', parent: null, attributes }, async (span) => {
    const answer = await call()
    const requestId = requestIdOf(answer)
    span.set({ 'http.response.status_code': answer.status, ...(requestId === null ? {} : { 'cosell.remote_request_id': requestId }) })
    if (answer.status >= 400) span.fail(String(answer.status))
    return answer
  })
}

function noAnswerFault({ name }: RemoteOptions, request: SendRequest, error: NoAnswer): Fault {
  if (error.sent && !isRead(request)) {
    return new Fault('ambiguous', `${name} did not answer (${error.message}); the write may or may not have happened.`, { remedy: 'Nothing to do: what happened is found out before anything is written again.', cause: error })
  }
  return new Fault('offline', `${name} could not be reached: ${error.message}.`, { remedy: 'Check the network, the address in the configuration and the status page of the service; it is tried again by itself.', cause: error })
}

function allowed({ hosts, name }: RemoteOptions, url: string): URL {
  const target = new URL(url)
  const { host, protocol } = target
  if ((protocol !== 'https:' && protocol !== 'http:') || !hosts.includes(host)) {
    throw new Fault('invalid-answer', `${name} pointed us to ${host}, which is not a configured host; it was not called.`, { remedy: 'If the host is right, configure it.' })
  }
  return target
}

/** Seconds or an HTTP date; a date is one of the service's own clock, which the answer tells as well. */
export function retryAfterMs(answer: { readonly headers: Readonly<Record<string, string>> }, now: number): number | null {
  const value = answer.headers['retry-after']?.trim() ?? ''
  if (value === '') return null
  const seconds = Number(value)
  const there = Date.parse(answer.headers['date'] ?? '')
  const ms = Number.isFinite(seconds) ? seconds * 1_000 : Date.parse(value) - (Number.isNaN(there) ? now : there)
  return Number.isFinite(ms) ? Math.min(Math.max(0, ms), 24 * 3_600_000) : null
}

export const requestIdOf = (answer: SendAnswer): string | null =>
  answer.headers['request-id'] ?? answer.headers['ms-requestid'] ?? answer.headers['x-ms-service-request-id'] ?? answer.headers['req_id'] ?? null

