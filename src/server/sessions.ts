import { createHash, randomBytes } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../core/ports.js'
import type { Role } from './principal.js'

/** A signed-in person. Kept in this process only: a restart asks everyone to sign in again, and nothing of it is ever at rest. */
export interface Session {
  /** Names the session to administrators; of no use for signing in. */
  readonly id: string
  readonly name: string
  readonly role: Role
  readonly createdAt: number
  readonly lastSeenAt: number
}

export interface Sessions {
  /** The live session of the request's cookie, seen now. */
  of(request: FastifyRequest): Session | null
  /** Opens a session under a new secret and hands the cookie to the browser. */
  open(reply: FastifyReply, person: { readonly name: string; readonly role: Role }): void
  /** Ends the session of this browser. */
  close(request: FastifyRequest, reply: FastifyReply): void
  list(): Session[]
  /** False when there is none. */
  end(id: string): boolean
}

const idleMs = 30 * 60_000
const absoluteMs = 12 * 3_600_000
const sessionsMost = 10_000

const keyOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url')

/** `secure`: the people's address is https, so the cookie never leaves over http and cannot be planted by a neighbouring host. */
export function createSessions(clock: Pick<Clock, 'now'>, secure: () => 'https' | 'http'): Sessions {
  const bySecret = new Map<string, Session>()
  const cookieName = (): string => (secure() === 'https' ? '__Host-cosell' : 'cosell')
  const options = () => ({ path: '/', httpOnly: true, sameSite: 'lax' as const, secure: secure() === 'https' })
  const isLive = (session: Session): boolean => {
    const now = clock.now()
    return now - session.lastSeenAt < idleMs && now - session.createdAt < absoluteMs
  }
  const sweep = (): void => {
    for (const [key, session] of bySecret) if (!isLive(session)) bySecret.delete(key)
    const oldest = bySecret.keys().next()
    if (bySecret.size >= sessionsMost && oldest.done === false) bySecret.delete(oldest.value)
  }
  return {
    of(request) {
      const secret = request.cookies[cookieName()]
      const key = secret === undefined ? null : keyOf(secret)
      const session = key === null ? undefined : bySecret.get(key)
      if (key === null || session === undefined) return null
      if (!isLive(session)) {
        bySecret.delete(key)
        return null
      }
      const seen = { ...session, lastSeenAt: clock.now() }
      bySecret.set(key, seen)
      return seen
    },
    open(reply, { name, role }) {
      sweep()
      const secret = randomBytes(32).toString('base64url')
      const now = clock.now()
      bySecret.set(keyOf(secret), { id: randomBytes(8).toString('hex'), name, role, createdAt: now, lastSeenAt: now })
      void reply.setCookie(cookieName(), secret, { ...options(), maxAge: absoluteMs / 1_000 })
    },
    close(request, reply) {
      const secret = request.cookies[cookieName()]
      if (secret !== undefined) bySecret.delete(keyOf(secret))
      void reply.clearCookie(cookieName(), options())
    },
    list() {
      sweep()
      return [...bySecret.values()]
    },
    end(id) {
      for (const [key, session] of bySecret) if (session.id === id) return bySecret.delete(key)
      return false
    },
  }
}
