import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Clock } from '../core/ports.js'
import type { Principal } from './principal.js'
import { networkOf } from './limits.js'
import { isLoopbackRequest } from './loopback.js'
import { Refusal } from './problems.js'
import type { Sessions } from './sessions.js'

export interface AuthOptions {
  readonly adminTokens: readonly string[]
  readonly sessions: Sessions
  readonly clock: Pick<Clock, 'now'>
  /** Came in by the owner-only socket, whose file is the credential. */
  readonly isLocal: (request: FastifyRequest) => boolean
  /** `admin`: whoever sits at this machine may do everything. Only for a demo, whose systems are all simulated. */
  readonly thisMachine: 'asks' | 'admin'
}

/** Recognises the caller; null: nobody. @throws Refusal 401 for a wrong token, 429 after several. */
export type Authenticator = (request: FastifyRequest) => Principal | null

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

export function authenticator(options: AuthOptions): Authenticator {
  const known = options.adminTokens.map(digest)
  const lockout = lockouts(options.clock)
  return (request) => {
    if (options.isLocal(request)) return { name: userHeader(request) ?? 'local', role: 'admin', via: 'socket' }
    const { authorization } = request.headers
    if (authorization !== undefined) return byToken(authorization, known, networkOf(request.ip), lockout)
    const session = options.sessions.of(request)
    if (session !== null) return { name: session.name, role: session.role, via: 'session' }
    if (options.thisMachine === 'admin' && isLoopbackRequest(request)) return { name: 'this machine', role: 'admin', via: 'loopback' }
    return null
  }
}

/** The person behind a command on this machine, as the command says; believed because only the owner reaches the socket. */
export const USER_HEADER = 'x-cosell-user'
function userHeader(request: FastifyRequest): string | null {
  const given = request.headers[USER_HEADER]
  return typeof given === 'string' && /^[\w.@ -]{1,80}$/.test(given) ? given : null
}

/** Tokens are compared as digests and every one of them, so that the time tells nothing about which was near. */
function byToken(authorization: string, known: readonly Buffer[], network: string, lockout: Lockouts): Principal {
  lockout.assertOpen(network)
  const [scheme, token] = authorization.trim().split(/\s+/)
  const offered = digest(scheme?.toLowerCase() === 'bearer' ? (token ?? '') : '')
  const matches = known.map((expected) => timingSafeEqual(expected, offered))
  const index = matches.indexOf(true)
  if (index === -1 || token === undefined) {
    lockout.failed(network)
    throw new Refusal(
      {
        title: 'Sign in',
        status: 401,
        detail: 'The bearer token is not one of server.adminTokens.',
        code: 'unauthenticated',
        remedy: 'Check the token.',
      },
      { 'www-authenticate': 'Bearer realm="cosell", error="invalid_token"' },
    )
  }
  lockout.succeeded(network)
  return { name: known.length === 1 ? 'admin token' : `admin token ${index + 1}`, role: 'admin', via: 'token' }
}

interface Lockouts {
  assertOpen(ip: string): void
  failed(ip: string): void
  succeeded(ip: string): void
}

const freeFailures = 5 // A person mistypes a few times; a guesser needs many more.
const firstDelayMs = 1_000
const longestDelayMs = 60_000
const forgottenAfterMs = 15 * 60_000
const addressesMost = 10_000

/** After a few wrong tokens an address waits before the next one is looked at, twice as long each time. */
function lockouts(clock: Pick<Clock, 'now'>): Lockouts {
  const failures = new Map<string, { count: number; until: number; last: number }>()
  return {
    assertOpen(ip) {
      const entry = failures.get(ip)
      const waitMs = entry === undefined ? 0 : entry.until - clock.now()
      if (waitMs <= 0) return
      throw new Refusal(
        {
          title: 'Too many requests',
          status: 429,
          detail: 'Too many wrong tokens came from this address.',
          code: 'locked-out',
          remedy: 'Wait, then send a token of server.adminTokens.',
        },
        { 'retry-after': String(Math.ceil(waitMs / 1_000)) },
      )
    },
    failed(ip) {
      const now = clock.now()
      const before = failures.get(ip)
      const count = before === undefined || now - before.last > forgottenAfterMs ? 1 : before.count + 1
      const delayMs = count < freeFailures ? 0 : Math.min(longestDelayMs, firstDelayMs * 2 ** (count - freeFailures))
      failures.delete(ip) // Set anew at the end, so that the first entry is the oldest.
      failures.set(ip, { count, until: now + delayMs, last: now })
      const oldest = failures.keys().next()
      if (failures.size > addressesMost && oldest.done === false) failures.delete(oldest.value)
    },
    succeeded: (ip) => void failures.delete(ip),
  }
}
