import { rootCertificates } from 'node:tls'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { Agent, ProxyAgent, request as undiciRequest, type Dispatcher } from 'undici'

export interface TransportRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | null
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /** Largest answer taken, in bytes, also after decompression. Absent: the transport's own limit. */
  readonly bytesMost?: number
}
export interface TransportAnswer {
  readonly status: number
  /** Names are lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}
/** One exchange with one host. A simulation hands in a function instead of sockets. @throws NoAnswer */
export type Transport = (request: TransportRequest) => Promise<TransportAnswer>

/** No answer came. `sent`: the request may have been carried out all the same. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
  readonly sent: boolean
  constructor(message: string, options: { readonly sent: boolean; readonly cause: unknown }) {
    super(message, { cause: options.cause })
    this.sent = options.sent
  }
}

const answerBytesMost = 32 * 1024 * 1024 // A page of five thousand wide rows stays far below.
const connectTimeoutMs = 10_000
const silenceMs = 60_000 // Behind every request's own deadline, should one ever be missing.

export interface TransportOptions {
  /** Forward proxy for every call except those to this machine. */
  readonly proxy: string | null
  /** PEM bundle of certificate authorities trusted besides the runtime's own. */
  readonly ca: string | null
}

/** Real sockets: pooled, kept alive, bounded in time and size, no redirects followed, no cookies kept. */
export function undiciTransport(options: TransportOptions): Transport & { close(): Promise<void> } {
  const tls = { timeout: connectTimeoutMs, ...(options.ca === null ? {} : { ca: [...rootCertificates, options.ca] }) }
  const common = { connections: 32, keepAliveTimeout: 30_000, headersTimeout: silenceMs, bodyTimeout: silenceMs }
  const direct = new Agent({ ...common, connect: tls })
  const proxied = options.proxy === null ? direct : new ProxyAgent({ ...common, uri: options.proxy, requestTls: tls })
  const transport: Transport = (asked) => exchange(isLoopback(new URL(asked.url).hostname) ? direct : proxied, asked)
  return Object.assign(transport, {
    close: async () => {
      await direct.close()
      if (proxied !== direct) await proxied.close()
    },
  })
}

export function isLoopback(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  return bare === 'localhost' || bare === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare)
}

async function exchange(dispatcher: Dispatcher, asked: TransportRequest): Promise<TransportAnswer> {
  if (asked.signal.aborted) throw new NoAnswer('the call was cancelled before it was sent', { sent: false, cause: asked.signal.reason })
  const deadline = AbortSignal.timeout(asked.timeoutMs)
  const progress = { sent: false }
  try {
    const answer = await undiciRequest(asked.url, {
      dispatcher: dispatcher.compose(watching(progress)),
      method: asked.method, // methods of our own adapters
      headers: { 'accept-encoding': 'gzip', ...asked.headers },
      body: asked.body,
      signal: AbortSignal.any([asked.signal, deadline]),
    })
    const headers = flat(answer.headers)
    const most = asked.bytesMost ?? answerBytesMost
    return { status: answer.statusCode, headers, body: unpacked(await collected(answer.body, most), headers['content-encoding'], most) }
  } catch (cause) {
    throw new NoAnswer(messageOf(cause, { asked, deadline }), { sent: progress.sent, cause })
  }
}

/** Learns whether a request was ever put on a connection: names not found, refused connections and failed TLS never get that far. */
function watching(progress: { sent: boolean }): Dispatcher.DispatcherComposeInterceptor {
  const starts = (name: string | symbol): boolean => name === 'onRequestStart' || name === 'onConnect'
  return (dispatch) => (options, handler) =>
    dispatch(
      options,
      new Proxy(handler, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name)
          if (typeof member !== 'function') return member
          return (...given: unknown[]): unknown => {
            if (starts(name)) progress.sent = true
            return Reflect.apply(member, target, given)
          }
        },
      }),
    )
}

async function collected(body: AsyncIterable<unknown>, most: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    const piece = Buffer.from(chunk as Uint8Array) // bodies are byte streams
    size += piece.length
    if (size > most) throw new Error(`the answer is larger than ${most} bytes`)
    chunks.push(piece)
  }
  return Buffer.concat(chunks)
}

function unpacked(body: Buffer, encoding: string | undefined, most: number): Buffer {
  if (body.length === 0) return body
  const limit = { maxOutputLength: most }
  switch ((encoding ?? '').trim().toLowerCase()) {
    case 'gzip':
    case 'x-gzip':
      return gunzipSync(body, limit)
    case 'deflate':
      return inflateSync(body, limit)
    case 'br':
      return brotliDecompressSync(body, limit)
    default:
      return body
  }
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]])))
}

const codeOf = (error: unknown): string => (typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '')
function messageOf(error: unknown, { asked, deadline }: { readonly asked: TransportRequest; readonly deadline: AbortSignal }): string {
  if (asked.signal.aborted) return 'the call was cancelled'
  if (deadline.aborted) return `no answer within ${Math.round(asked.timeoutMs / 1_000)} s`
  const text = error instanceof Error && error.message !== '' ? error.message : String(error)
  const code = codeOf(error)
  return code === '' || text.includes(code) ? text : `${text} (${code})`
}
