import type { FastifyReply } from 'fastify'
import { GIVEN_TEXT, isFault, MALFORMED, NOT_OFFERED, type Fault, type FaultKind } from '../core/fault.js'

/** RFC 9457 problem details, with our stable code and what to do about it. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly remedy: string | null
}

/** Thrown by guards: the request is answered with this problem and these headers. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly problem: Problem
  readonly headers: Readonly<Record<string, string>>
  constructor(about: Omit<Problem, 'type'>, headers: Readonly<Record<string, string>> = {}) {
    super(about.detail)
    this.problem = problem(about)
    this.headers = headers
  }
}

/** The request itself is not right, whatever it is about. */
export const malformed = (detail: string): Refusal =>
  new Refusal({ status: 400, title: 'Bad request', detail, code: 'bad-request', remedy: 'See /api/docs for what this takes.' })

interface Flaw {
  readonly path: readonly PropertyKey[]
  readonly message: string
}
/** Each flaw of what was sent: where it is, and what it is. */
export const flawsOf = ({ issues }: { readonly issues: readonly Flaw[] }): string =>
  issues.map(({ path, message }) => [...(path.length === 0 ? [] : [path.map(String).join('.')]), message].join(': ')).join('; ')

export const problem = (about: Omit<Problem, 'type'>): Problem => ({ type: `urn:cosell:problem:${about.code}`, ...about })

/** Whose fault it is, in HTTP's words: 4xx the caller's, 502 and 503 a remote system's, 500 ours or the configuration's. */
const STATUS: Readonly<Record<FaultKind, readonly [status: number, title: string]>> = {
  offline: [502, 'A remote system cannot be reached'],
  throttled: [503, 'A remote system asks us to slow down'],
  'signed-out': [502, 'A remote system refuses our sign-in'],
  forbidden: [502, 'A remote system denies us a right'],
  rejected: [409, 'Not possible'],
  stale: [409, 'It has changed meanwhile'],
  ambiguous: [502, 'The answer of a remote system was lost'],
  missing: [404, 'Not found'],
  'invalid-answer': [502, 'A remote system answered something unexpected'],
  misconfigured: [500, 'The configuration is not right'],
  'lease-lost': [409, 'Another worker took over'],
  bug: [500, 'Internal error'],
}

/** Of settings, where what was asked for is the cause and not the settings. */
const BY_CODE: ReadonlyMap<string, readonly [status: number, title: string]> = new Map([
  [GIVEN_TEXT, [422, 'The text is not right']],
  [NOT_OFFERED, STATUS.rejected],
  [MALFORMED, [400, 'Bad request']],
])

/** What we did not foresee says nothing about our insides; the log has it, found by the request's id. */
const unforeseen = (requestId: string): Problem =>
  problem({
    title: 'Internal error',
    status: 500,
    detail: `Something unexpected happened. The log has the details under request_id ${requestId}.`,
    code: 'bug',
    remedy: 'Please report it with that part of the log.',
  })

function faultProblem(fault: Fault, requestId: string): Problem {
  if (fault.kind === 'bug') return unforeseen(requestId)
  const [status, title] = BY_CODE.get(fault.code ?? '') ?? STATUS[fault.kind]
  return problem({ title, status, detail: fault.message, code: fault.kind, remedy: fault.remedy })
}

const CLIENT: Readonly<Record<number, readonly [code: string, title: string]>> = {
  404: ['not-found', 'Not found'],
  405: ['not-found', 'Not found'],
  413: ['too-large', 'Too large'],
  415: ['unsupported-media-type', 'Not JSON'],
  429: ['too-many-requests', 'Too many requests'],
}

/** Anything thrown while answering, as a problem. */
export function problemOf(error: unknown, requestId: string): Problem {
  if (error instanceof Refusal) return error.problem
  if (isFault(error)) return faultProblem(error, requestId)
  const status = clientStatus(error)
  if (status === null) return unforeseen(requestId)
  const [code, title] = CLIENT[status] ?? ['bad-request', 'Bad request']
  return problem({ title, status, detail: error instanceof Error ? error.message : title, code, remedy: null })
}

function clientStatus(error: unknown): number | null {
  const status: unknown = error instanceof Error && 'statusCode' in error ? error.statusCode : null
  return typeof status === 'number' && status >= 400 && status < 500 ? status : null
}

/** Sent as text: problems have their own media type, which no route's schema describes. */
export function sendProblem(reply: FastifyReply, about: Problem, headers: Readonly<Record<string, string>> = {}): FastifyReply {
  return reply.code(about.status).headers(headers).type('application/problem+json').send(JSON.stringify(about))
}

/** How long a caller is asked to wait while we start, stop or cannot store. Short: both end within seconds. */
export const retryAfterSeconds = '5'

export const notNow = (detail: string): Refusal =>
  new Refusal(
    { title: 'Not now', status: 503, detail, code: 'not-ready', remedy: 'Send it again in a moment.' },
    { 'retry-after': retryAfterSeconds },
  )
