import type { IncomingMessage } from 'node:http'
import { isIPv6 } from 'node:net'
import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Clock } from '../core/ports.js'
import { Refusal } from './problems.js'

/** Far above what a console or a script needs, far below what would keep others waiting. */
export const requestsPerMinuteMost = 3_000
const windowMs = 60_000
const addressesMost = 10_000
/** Hooks as said below; and a balancer that asks whether we live must not think otherwise because somebody else asks too much. */
const neverLimited = /^\/(hooks\/|livez|healthz|readyz)/
const depthMost = 64 // A plan that is applied is nested a dozen deep.

/**
 * So many requests a minute from one address to pages, API and sign-in. Hooks are left out: an event that is refused here would be lost to
 * Partner Center's limited patience, and all its events may come by one proxy; what they cost is bounded by their size and by their signature.
 * Commands of this machine, by the owner-only socket, are left out too.
 */
export async function limitRate(app: FastifyInstance, isLocal: (request: FastifyRequest) => boolean): Promise<void> {
  await app.register(rateLimit, {
    max: requestsPerMinuteMost,
    timeWindow: windowMs,
    cache: addressesMost,
    // The plugin's own key cannot do without an address, and a connection of the socket has none.
    keyGenerator: (request: FastifyRequest) => (isLocal(request) ? 'this machine' : networkOf(request.ip)),
    allowList: (request: FastifyRequest) => isLocal(request) || neverLimited.test(request.url),
    errorResponseBuilder: (_request, { ttl }) =>
      new Refusal(
        {
          title: 'Too many requests',
          status: 429,
          detail: `More than ${requestsPerMinuteMost} requests came from this address within a minute.`,
          code: 'too-many-requests',
          remedy: 'Ask less often; the header Retry-After says when to come again.',
        },
        { 'retry-after': String(Math.max(1, Math.ceil(ttl / 1_000))) },
      ),
  })
}

/** Whom an address stands for: of IPv6 the network of 64 bits, since one customer of a provider has all addresses in it. */
export function networkOf(address: string | undefined): string {
  const plain = (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
  if (!isIPv6(plain)) return plain.toLowerCase()
  const [head = '', tail] = new URL(`http://[${plain}]/`).hostname.slice(1, -1).split('::')
  const [first, last] = [head, tail ?? ''].map((part) => (part === '' ? [] : part.split(':')))
  const between = tail === undefined ? [] : Array.from({ length: 8 - (first?.length ?? 0) - (last?.length ?? 0) }, () => '0')
  return `${[...(first ?? []), ...between, ...(last ?? [])].slice(0, 4).join(':')}::/64`
}

const badRequest = (detail: string): Refusal =>
  new Refusal({ title: 'Bad request', status: 400, detail, code: 'bad-request', remedy: 'See /api/docs for what this takes.' })

/**
 * Parsing bounds itself; what walks through a value afterwards should not have to. And no text holds the character that PostgreSQL knows in
 * none. @throws Refusal 400
 */
export function refuseUntidy(value: unknown): void {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > depthMost) throw badRequest(`The body is nested more than ${depthMost} deep.`)
    if (level.some((item) => typeof item === 'string' && item.includes('\0'))) throw badRequest('A text contains the character U+0000.')
    level = level.flatMap((item): unknown[] => (typeof item === 'object' && item !== null ? Object.values(item) : []))
  }
}

const discardedBytesMost = 32 * 1024 * 1024
const discardedWithinMs = 2_000

/** Reads past the rest of a body that is too large, within bounds: a sender whose connection is cut while it sends never reads why. */
export async function letFinish(raw: IncomingMessage, clock: Pick<Clock, 'sleep'>): Promise<void> {
  const over = new AbortController()
  let bytes = 0
  raw.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes > discardedBytesMost) over.abort()
  })
  for (const event of ['end', 'close', 'error'] as const) raw.once(event, () => over.abort())
  raw.resume()
  if (raw.readableEnded) return
  await clock.sleep(discardedWithinMs, over.signal)
}
