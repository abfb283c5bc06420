import { createHash } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Counter, Histogram, type Registry } from 'prom-client'
import type { Clock, Inbound, InboundAnswer, Store } from '../core/ports.js'
import { noTracing, type Tracing } from '../core/tracing.js'
import type { Logger } from '../log.js'
import { notNow, problem, retryAfterSeconds, sendProblem } from './problems.js'

/** A verified event as it came; `key` names its repeat. */
interface ReceivedEvent {
  readonly key: string
  readonly name: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface HookDeps {
  readonly store: Pick<Store, 'acceptEvents'>
  readonly clock: Pick<Clock, 'now' | 'sleep'>
  readonly log: Logger
  /** Absent: nobody traces. */
  readonly tracing?: Tracing
  readonly metrics: Registry
  readonly inbound: {
    readonly partnerCenter: Inbound
    /** `kind` is the last part of the address that it calls. */
    readonly crm: { readonly kind: string; readonly inbound: Inbound }
  }
  /** Keeps events of Partner Center that are not ours for their owner; null: nobody asked for that. */
  readonly foreign: {
    readonly isOurs: (name: string) => boolean
    keep(event: ReceivedEvent): Promise<void>
  } | null
  /** Called after events were stored; `fresh` are those that had not been seen before. */
  readonly received: (source: string, fresh: number) => void
}

type Source = 'partner-center' | 'crm'

export const partnerCenterBytesMost = 64 * 1024
export const crmBytesMost = 1024 * 1024

/**
 * What the remote systems call. The raw body is verified before anything in it is believed; 202 means that the event is on disk.
 * Whether the service takes events at all is asked before, in the server's first hook.
 */
export async function hooks(app: FastifyInstance, deps: HookDeps): Promise<void> {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  const take = receiver(deps)
  const config = { access: { kind: 'hook' } as const, rateLimit: false as const } // See limits.ts: hooks are not counted at all.
  app.post('/hooks/partner-center', { config, bodyLimit: partnerCenterBytesMost }, take('partner-center', deps.inbound.partnerCenter))
  const crm = take('crm', deps.inbound.crm.inbound)
  for (const path of [`/hooks/${deps.inbound.crm.kind}`, `/hooks/${deps.inbound.crm.kind}/:key`])
    app.post(path, { config, bodyLimit: crmBytesMost }, crm)
  return Promise.resolve()
}

function receiver(
  deps: HookDeps,
): (source: Source, inbound: Inbound) => (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply> {
  const measure = measures(deps.metrics)
  const refusals = quietWarnings(deps)
  const { tracing = noTracing } = deps
  return (source, inbound) => (request, reply) =>
    // A trace of the caller's is not taken up: nobody outside decides what is traced here.
    tracing.span(`POST /hooks/${source}`, { kind: 'server', parent: null, attributes: { 'cosell.request_id': request.id } }, async (span) => {
      const answered = measure(source)
      const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
      const headers = headersOf(request)
      const answer = await inbound.receive({ headers, url: request.url, body })
      if (answer.kind === 'accepted') {
        await stored(deps, { source, requestId: request.id }, async () => {
          if (source === 'partner-center') await keepForeign(deps, answer, { headers, body })
          return acceptAll(deps, { source, trace: tracing.current() }, answer)
        })
      } else refusals(source, answer)
      const result = answer.kind === 'accepted' ? 'accepted' : String(answer.status)
      answered(result)
      span.set({ 'cosell.result': result })
      return respond(reply, answer)
    })
}

type Accepted = Extract<InboundAnswer, { kind: 'accepted' }>

/** @throws Refusal 503 when the store does not take it: the sender keeps the event and sends it again. */
async function stored(
  deps: HookDeps,
  { source, requestId }: { readonly source: Source; readonly requestId: string },
  work: () => Promise<boolean[]>,
): Promise<void> {
  let fresh: boolean[]
  try {
    fresh = await inTime(deps.clock, work())
  } catch (error) {
    deps.log.error(
      { request_id: requestId, source, error: error instanceof Error ? error.message : String(error) },
      'an event could not be stored; its sender is asked to repeat it',
    )
    throw notNow('The event could not be stored.')
  }
  deps.log.debug({ request_id: requestId, source, events: fresh.length }, 'events stored')
  deps.received(source, fresh.filter(Boolean).length)
}

// A store that fell silent is given up after a minute, when the sender has long gone. What is kept later all the same is known when it comes again.
const storedWithinMs = 10_000

/** @throws Error when it takes longer. */
async function inTime<T>(clock: HookDeps['clock'], work: Promise<T>): Promise<T> {
  const done = new AbortController()
  const late = async (): Promise<never> => {
    await clock.sleep(storedWithinMs, done.signal)
    throw new Error('The store does not answer in time.')
  }
  try {
    return await Promise.race([work, late()])
  } finally {
    done.abort()
  }
}

const acceptAll = (
  { store, clock }: HookDeps,
  { source, trace }: { readonly source: Source; readonly trace: string | null },
  answer: Accepted,
): Promise<boolean[]> =>
  store.acceptEvents(
    answer.events.map(({ eventKey, name, hints }) => ({ source, eventKey, name, hints, urgency: 1 as const, trace })),
    clock.now(),
  )

/** Before it is known as seen: a process that dies in between is sent it again, and keeps it then. */
async function keepForeign(
  { foreign }: HookDeps,
  { events }: Accepted,
  { headers, body }: { readonly headers: Readonly<Record<string, string>>; readonly body: Buffer },
): Promise<void> {
  const [event] = events
  if (foreign === null || event === undefined || foreign.isOurs(event.name)) return
  const key = event.eventKey ?? createHash('sha256').update(body).digest('hex')
  await foreign.keep({ key, name: event.name, headers, body })
}

function respond(reply: FastifyReply, answer: InboundAnswer): FastifyReply {
  if (answer.kind === 'accepted')
    return answer.reply === null ? reply.code(202).send() : reply.code(200).type(answer.reply.contentType).send(answer.reply.body)
  const { status, title, detail } = answer
  return sendProblem(
    reply,
    problem({ status, title, detail, code: 'refused', remedy: null }),
    status === 503 ? { 'retry-after': retryAfterSeconds } : {},
  )
}

function headersOf({ headers }: FastifyRequest): Record<string, string> {
  const flat: Record<string, string> = {}
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined) flat[name] = typeof value === 'string' ? value : value.join(', ')
  }
  return flat
}

const warnEveryMs = 10_000

/** Refusals are worth a line, but strangers may cause any number of them. */
function quietWarnings({ log, clock }: HookDeps): (source: Source, answer: Extract<InboundAnswer, { kind: 'refused' }>) => void {
  let quietUntil = 0
  let unsaid = 0
  return (source, { status, detail }) => {
    const now = clock.now()
    if (now < quietUntil) {
      unsaid += 1
      return
    }
    log.warn({ source, status, detail, unsaid }, 'a webhook was refused')
    quietUntil = now + warnEveryMs
    unsaid = 0
  }
}

function measures(registry: Registry): (source: Source) => (result: string) => void {
  const answers = new Counter({
    name: 'cosell_hook_answers_total',
    help: 'Webhook deliveries by answer.',
    labelNames: ['source', 'result'],
    registers: [registry],
  })
  const seconds = new Histogram({
    name: 'cosell_hook_seconds',
    help: 'From the whole body of a webhook to its answer, the durable commit included.',
    labelNames: ['source'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers: [registry],
  })
  return (source) => {
    const stop = seconds.startTimer({ source })
    return (result) => {
      answers.inc({ source, result })
      stop()
    }
  }
}
