import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock, Inbound, Store } from '../core/ports.js'
import type { Logger } from '../log.js'
import { sendProblem } from './problems.js'

export interface HookDeps {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  readonly ready: () => boolean
  readonly partnerCenter: Inbound
  readonly crm: { readonly kind: 'dynamics' | 'salesforce'; readonly inbound: Inbound }
  /** Called after an event was stored. */
  readonly received: (source: string, fresh: number) => void
}

const partnerCenterBytesMost = 64 * 1024
const crmBytesMost = 1024 * 1024
const retryAfterSeconds = '5'

/** What the remote systems call. The raw body is verified before anything in it is believed; 202 means that the event is on disk. */
export function hooks(app: FastifyInstance, deps: HookDeps): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
    const take = (source: 'partner-center' | 'crm', inbound: Inbound) => (request: FastifyRequest, reply: FastifyReply) =>
      receive(deps, { source, inbound, request, reply })
    scope.post('/hooks/partner-center', { bodyLimit: partnerCenterBytesMost }, take('partner-center', deps.partnerCenter))
    const crm = take('crm', deps.crm.inbound)
    scope.post(`/hooks/${deps.crm.kind}`, { bodyLimit: crmBytesMost }, crm)
    scope.post(`/hooks/${deps.crm.kind}/:key`, { bodyLimit: crmBytesMost }, crm)
    return Promise.resolve()
  })
}

interface Delivery {
  readonly source: 'partner-center' | 'crm'
  readonly inbound: Inbound
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

async function receive(deps: HookDeps, { source, inbound, request, reply }: Delivery): Promise<FastifyReply> {
  if (!deps.ready()) return unavailable(reply, 'The service is starting or stopping.')
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
  const answer = await inbound.receive({ headers: headersOf(request), url: request.url, body })
  if (answer.kind === 'refused') {
    deps.log.warn({ source, status: answer.status, detail: answer.detail }, 'a webhook was refused')
    if (answer.status === 503) reply.header('retry-after', retryAfterSeconds)
    return sendProblem(reply, { status: answer.status, title: answer.title, detail: answer.detail, code: 'refused', remedy: null })
  }
  try {
    const events = answer.events.map((event) => ({
      source,
      eventKey: event.eventKey,
      name: event.name,
      hints: event.hints,
      urgency: 1 as const,
    }))
    const fresh = await deps.store.acceptEvents(events, deps.clock.now())
    deps.received(source, fresh.filter(Boolean).length)
  } catch (error) {
    deps.log.error(
      { source, error: error instanceof Error ? error.message : String(error) },
      'an event could not be stored; the sender is asked to repeat it',
    )
    return unavailable(reply, 'The event could not be stored.')
  }
  return answer.reply === null ? reply.code(202).send() : reply.code(200).type(answer.reply.contentType).send(answer.reply.body)
}

function unavailable(reply: FastifyReply, detail: string): FastifyReply {
  return sendProblem(reply.header('retry-after', retryAfterSeconds), {
    status: 503,
    title: 'Not now',
    detail,
    code: 'not-ready',
    remedy: 'Send it again in a moment.',
  })
}

function headersOf(request: FastifyRequest): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, Array.isArray(value) ? value.join(', ') : value]],
    ),
  )
}
