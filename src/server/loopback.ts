import { isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'

/** Whether a host name can only mean this machine: `localhost` and below (RFC 6761), 127.0.0.0/8, ::1. */
export function isLoopbackName(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$/g, '')
  if (name === 'localhost' || name.endsWith('.localhost') || name === '::1') return true
  return isIP(name) === 4 && name.startsWith('127.')
}

const forwarding = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto', 'x-real-ip']

/**
 * Whether the caller itself sits on this machine. A reverse proxy does too, so nothing may say that the request was passed on; and the
 * name it was called by must be this machine's, else any page could reach it by a name of its own that resolves to 127.0.0.1 (DNS rebinding).
 */
export function isLoopbackRequest(request: FastifyRequest): boolean {
  const peer = (request.raw.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
  if (peer !== '::1' && !(isIP(peer) === 4 && peer.startsWith('127.'))) return false
  if (forwarding.some((name) => request.headers[name] !== undefined)) return false
  const host = request.headers.host ?? ''
  return URL.canParse(`http://${host}`) && isLoopbackName(new URL(`http://${host}`).hostname)
}
