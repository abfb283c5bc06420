import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { problem, problemOf, sendProblem, type Problem } from './problems.js'

const contentPolicy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

/** What every answer carries, whoever gives it. */
export const everyAnswer = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy': contentPolicy,
} as const

/** Answers a request whose path nobody can read; the framework asks for it before any hook runs. */
export const answerUnreadable = (error: Error, request: FastifyRequest, reply: FastifyReply): FastifyReply =>
  sendProblem(reply, { ...problemOf(error, request.id), detail: 'The path of the request is no address.' }, everyAnswer)

/** By the code that Node's parser gives. Source: nodejs.org "Class: http.Server", event clientError (read 2025). */
const UNREADABLE: Readonly<Record<string, readonly [status: number, title: string, detail: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Too large', 'The headers of the request have more than 16 KiB.'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Too slow', 'The request did not arrive in time.'],
}

function unreadable(code: string | undefined): Problem {
  const [status, title, detail] = UNREADABLE[code ?? ''] ?? [400, 'Bad request', 'This is not HTTP/1.1.']
  return problem({ status, title, detail, code: status === 431 ? 'too-large' : 'bad-request', remedy: null })
}

/** Answers what is no request at all, and ends the connection: where the next one would begin is not known. */
export function answerMalformed(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const about = unreadable(error.code)
  const body = JSON.stringify(about)
  const headers = { ...everyAnswer, 'content-type': 'application/problem+json; charset=utf-8', 'content-length': Buffer.byteLength(body), connection: 'close' }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${about.status} ${STATUS_CODES[about.status] ?? ''}\r\n${lines.join('')}\r\n${body}`)
}
