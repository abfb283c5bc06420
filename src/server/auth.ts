import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Role } from './operations.js'

/** Who calls, and what they may do. */
export interface Principal {
  readonly name: string
  readonly role: Role
}

const rank: Readonly<Record<Role, number>> = { viewer: 0, operator: 1, admin: 2 }
export const mayDo = (principal: Principal, role: Role): boolean => rank[principal.role] >= rank[role]

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Bearer tokens of the configuration, compared in constant time. The owner-only socket needs none: its file is the credential. */
export function authenticator(options: {
  readonly adminTokens: readonly string[]
  readonly isLocalSocket: (request: FastifyRequest) => boolean
}): (request: FastifyRequest) => Principal | null {
  const known = options.adminTokens.map(digest)
  return (request) => {
    if (options.isLocalSocket(request)) return { name: 'local', role: 'admin' }
    const [scheme, token] = (request.headers.authorization ?? '').split(' ')
    if (scheme?.toLowerCase() !== 'bearer' || token === undefined) return null
    const offered = digest(token)
    // Every token is compared, so that the time tells nothing about which one was near.
    const matches = known.filter((expected) => timingSafeEqual(expected, offered)).length
    return matches > 0 ? { name: 'admin token', role: 'admin' } : null
  }
}
