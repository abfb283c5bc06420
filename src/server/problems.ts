import type { FastifyReply } from 'fastify'
import { isFault, type Fault, type FaultKind } from '../core/fault.js'

/** RFC 9457 problem details. */
export interface Problem {
  readonly status: number
  readonly title: string
  readonly detail: string
  readonly code: string
  readonly remedy: string | null
}

const STATUS: Readonly<Record<FaultKind, number>> = {
  offline: 502,
  throttled: 503,
  'signed-out': 502,
  forbidden: 502,
  rejected: 409,
  stale: 409,
  ambiguous: 502,
  missing: 404,
  'invalid-answer': 502,
  misconfigured: 500,
  'lease-lost': 409,
  bug: 500,
}

export function problemOf(error: unknown): Problem {
  if (isFault(error)) return faultProblem(error)
  if (isClientError(error))
    return {
      status: error.statusCode,
      title: error.statusCode === 413 ? 'Too large' : 'Bad request',
      detail: error.message,
      code: 'bad-request',
      remedy: null,
    }
  // What we did not foresee says nothing about our insides; the log has it.
  return {
    status: 500,
    title: 'Internal error',
    detail: 'Something unexpected happened; the log line of this request has the details.',
    code: 'bug',
    remedy: 'Please report it.',
  }
}
const faultProblem = (fault: Fault): Problem => ({
  status: STATUS[fault.kind],
  title: fault.kind,
  detail: fault.message,
  code: fault.kind,
  remedy: fault.remedy,
})
function isClientError(error: unknown): error is Error & { statusCode: number } {
  return (
    error instanceof Error &&
    'statusCode' in error &&
    typeof error.statusCode === 'number' &&
    error.statusCode >= 400 &&
    error.statusCode < 500
  )
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply
    .code(problem.status)
    .type('application/problem+json')
    .send({ type: 'about:blank', ...problem })
}
