import { gzipSync } from 'node:zlib'
import type { SimRequest, SimResponse } from '../http.js'
import type { Refused as FaultRefused } from '../with-faults.js'
import { PlatformRefused, Refused, Throttled } from './refusal.js'
import type { World } from './world.js'

const json = 'application/json; charset=utf-8'

/** An answer before the headers that every answer of its host carries. */
export interface Answer {
  readonly status: number
  readonly json?: string
  readonly eTag?: string
  readonly headers?: Readonly<Record<string, string>>
}

export const empty = (status: number, eTag?: string): Answer => ({ status, ...(eTag === undefined ? {} : { eTag }) })
export const of = (value: unknown, status = 200): Answer => ({ status, json: JSON.stringify(value) })

/** Counts requests into ids: unique, and the same in every run of a seed. */
export function requestIds(): () => string {
  let requests = 0
  return () => {
    requests += 1
    return `5ca1ab1e-0000-4000-8000-${requests.toString(16).padStart(12, '0')}`
  }
}

/** Headers of api.partner.microsoft.com. Source: the headers page of the partner REST documentation, read 2023-10. */
export function referralsResponse(world: World, request: SimRequest, answer: Answer, requestId: string): SimResponse {
  const now = new Date(world.clock.now())
  return {
    status: answer.status,
    headers: {
      date: now.toUTCString(),
      'request-id': requestId,
      'client-request-id': request.headers['client-request-id'] ?? request.headers['ms-correlationid'] ?? requestId,
      'x-ms-ags-diagnostic': '{"ServerInfo":{"DataCenter":"Sandbox","Slice":"SliceC","Ring":"1","ScaleUnit":"000","Host":"Sandbox"}}',
      timestamp: now.toISOString(),
      ...(answer.json === undefined ? {} : { 'content-type': json }),
      ...(answer.eTag === undefined || world.options.eTagShown === 'record' ? {} : { etag: answer.eTag }),
      ...pauseOf(world, answer.headers ?? {}),
    },
    body: answer.json ?? '',
  }
}

/** Headers of api.partnercenter.microsoft.com; its answers are compressed for callers that can read that. */
export function platformResponse(world: World, request: SimRequest, answer: Answer, requestId: string): SimResponse {
  const compress = answer.json !== undefined && /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
  return {
    status: answer.status,
    headers: {
      date: new Date(world.clock.now()).toUTCString(),
      'ms-requestid': request.headers['ms-requestid'] ?? requestId,
      'ms-correlationid': request.headers['ms-correlationid'] ?? requestId,
      'ms-cv': `${requestId.slice(-12)}.0`,
      'ms-serverid': 'SANDBOX01',
      'x-locale': request.headers['x-locale'] ?? 'en-US',
      ...(answer.json === undefined ? {} : { 'content-type': json }),
      ...(compress ? { 'content-encoding': 'gzip' } : {}),
      ...pauseOf(world, answer.headers ?? {}),
    },
    body: answer.json === undefined ? '' : compress ? gzipSync(answer.json) : answer.json,
  }
}

/** How a pause is told: documented as seconds, allowed by HTTP as a date, and promised on one host only. */
function pauseOf({ options, clock }: World, headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const { 'retry-after': seconds, ...rest } = headers
  if (seconds === undefined || options.retryAfter === 'seconds') return headers
  if (options.retryAfter === 'absent') return rest
  return { ...rest, 'retry-after': new Date(clock.now() + Number(seconds) * 1_000).toUTCString() }
}

export function refusalAnswer(refusal: Refused | PlatformRefused | Throttled): Answer {
  if (refusal instanceof Throttled) {
    // The gateway in front of the services answers, in its own shape.
    return {
      ...of({ statusCode: 429, message: refusal.message }, 429),
      headers: { 'retry-after': String(refusal.retryAfterSeconds) },
    }
  }
  if (refusal instanceof PlatformRefused) {
    return of({ code: refusal.code, description: refusal.message, data: [], source: refusal.source }, refusal.status)
  }
  const { code, message, target, inner } = refusal
  return of({ error: { code, message, target, ...(inner === null ? {} : { innerError: inner }) } }, refusal.status)
}

/** Injected faults, in the documented shape of the host they hit. */
export function faultAnswer(area: 'referrals' | 'platform', refused: FaultRefused): Answer {
  if (refused.kind === 'throttle') return refusalAnswer(new Throttled(refused.retryAfterSeconds))
  const unavailable = refused.kind === 'unavailable'
  const status = unavailable ? 503 : 500
  const message = unavailable ? 'The service is not available. Try again later.' : 'An unexpected error occurred.'
  const answer = refusalAnswer(
    area === 'referrals'
      ? new Refused({ status, code: unavailable ? 'serviceNotAvailable' : 'generalException', message })
      : new PlatformRefused({ status, code: status, message }),
  )
  return unavailable ? { ...answer, headers: { 'retry-after': String(refused.retryAfterSeconds) } } : answer
}
