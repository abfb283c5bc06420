import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock, Store } from '../core/ports.js'
import type { Service } from '../engine/views.js'
import { Refusal } from './problems.js'

export interface EventDeps {
  readonly service: Pick<Service, 'overview'>
  readonly store: Pick<Store, 'audit'>
  readonly clock: Pick<Clock, 'sleep'>
}

export interface EventStreams {
  /** Ends every stream, so that the server can close. */
  close(): void
}

const lookEveryMs = 1_500 // A person sees a change within two seconds; two small reads per look, however many watch.
const beatEveryLooks = 10 // A comment every quarter of a minute keeps proxies from closing a quiet stream.
const streamLooksMost = 400 // After ten minutes a browser connects anew, and proves again who it is.
const streamsMost = 200
const entriesPerLook = 200

interface Stream {
  write(text: string): void
  end(): void
  looks: number
}

/** Server-sent events: `overview` whenever it changes, `deals` with the ids of deals about which something was recorded. */
export function eventStreams(app: FastifyInstance, deps: EventDeps): EventStreams {
  const streams = new Set<Stream>()
  const stop = new AbortController()
  let looking = false

  const look = async (): Promise<void> => {
    const watch = watcher(deps)
    while (streams.size > 0 && !stop.signal.aborted) {
      const messages = await watch().catch(() => []) // A store that is away for a moment is said by the health checks.
      for (const stream of streams) tell(stream, messages)
      await deps.clock.sleep(lookEveryMs, stop.signal)
    }
    looking = false
  }

  app.get(
    '/api/v1/events',
    {
      config: { access: { kind: 'role', role: 'viewer' } },
      schema: { summary: 'Server-sent events: overview and deal changes.', tags: ['events'] },
    },
    async (request, reply) => {
      if (streams.size >= streamsMost)
        throw new Refusal(
          {
            title: 'Too many streams',
            status: 503,
            detail: `${streamsMost} streams are open.`,
            code: 'too-many-streams',
            remedy: 'Close some pages.',
          },
          { 'retry-after': '30' },
        )
      const first = JSON.stringify(await deps.service.overview())
      const stream = open(request, reply, () => streams.delete(stream))
      stream.write(`retry: 2000\nevent: overview\ndata: ${first}\n\n`)
      streams.add(stream)
      if (!looking) {
        looking = true
        void look()
      }
    },
  )
  return {
    close() {
      stop.abort()
      for (const stream of [...streams]) stream.end()
    },
  }
}

function tell(stream: Stream, messages: readonly string[]): void {
  stream.looks += 1
  for (const message of messages) stream.write(message)
  if (messages.length === 0 && stream.looks % beatEveryLooks === 0) stream.write(': still here\n\n')
  if (stream.looks >= streamLooksMost) stream.end()
}

function open(request: FastifyRequest, reply: FastifyReply, closed: () => void): Stream {
  reply.hijack()
  const { raw } = reply
  // What the other hooks put on the answer goes along: a hijacked reply no longer sends it by itself.
  for (const [name, value] of Object.entries(reply.getHeaders())) if (value !== undefined) raw.setHeader(name, value)
  raw.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no' })
  raw.on('close', closed)
  request.raw.socket.setKeepAlive(true)
  return {
    looks: 0,
    write: (text) => void (raw.writableEnded || raw.write(text)),
    end() {
      raw.end()
      closed()
    },
  }
}

/** What changed since the last look. The first look only notes where the ledger stands. */
function watcher({ service, store }: EventDeps): () => Promise<string[]> {
  let overview: string | null = null
  let newest: string | null = null
  return async () => {
    const [now, { records }] = await Promise.all([service.overview(), store.audit({ limit: newest === null ? 1 : entriesPerLook })])
    const messages: string[] = []
    const text = JSON.stringify(now)
    if (overview !== null && text !== overview) messages.push(`event: overview\ndata: ${text}\n\n`)
    overview = text
    const known = records.findIndex(({ id }) => id === newest)
    const fresh = newest === null ? [] : known === -1 ? records : records.slice(0, known)
    const deals = [...new Set(fresh.flatMap(({ link }) => (link === null ? [] : [link])))]
    if (deals.length > 0) messages.push(`event: deals\ndata: ${JSON.stringify({ deals })}\n\n`)
    newest = records[0]?.id ?? newest ?? ''
    return messages
  }
}
