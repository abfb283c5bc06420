import { Agent, EnvHttpProxyAgent, request as undiciRequest, type Dispatcher } from 'undici'

export interface TransportRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | null
  readonly timeoutMs: number
  readonly signal: AbortSignal
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

/** Failures that happen before a byte of the request can have reached the server. */
const BEFORE_SENDING = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_CONNECT_TIMEOUT', 'CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'ERR_TLS_CERT_ALTNAME_INVALID'])

const answerBytesMost = 32 * 1024 * 1024 // A page of five thousand wide rows stays far below.

export interface TransportOptions {
  /** Forward proxy for every call except those to this machine. */
  readonly proxy: string | null
  /** PEM bundle of further certificate authorities. */
  readonly ca: string | null
}

/** Real sockets: pooled, kept alive, no redirects followed, no cookies kept. */
export function undiciTransport(options: TransportOptions): Transport & { close(): Promise<void> } {
  const tls = options.ca === null ? {} : { connect: { ca: options.ca } }
  const common = { connections: 32, keepAliveTimeout: 30_000, maxResponseSize: answerBytesMost, ...tls }
  const dispatcher: Dispatcher =
    options.proxy === null ? new Agent(common) : new EnvHttpProxyAgent({ ...common, httpProxy: options.proxy, httpsProxy: options.proxy, noProxy: 'localhost,127.0.0.1,::1' })
  const transport = async (asked: TransportRequest): Promise<TransportAnswer> => {
    const signal = AbortSignal.any([asked.signal, AbortSignal.timeout(asked.timeoutMs)])
    try {
      const answer = await undiciRequest(asked.url, { method: asked.method as Dispatcher.HttpMethod, headers: { ...asked.headers }, body: asked.body, dispatcher, signal }) // methods of our own adapters
      const body = Buffer.from(await answer.body.arrayBuffer())
      return { status: answer.statusCode, headers: flat(answer.headers), body }
    } catch (cause) {
      const code = codeOf(cause)
      throw new NoAnswer(messageOf(cause, asked), { sent: !BEFORE_SENDING.has(code), cause })
    }
  }
  return Object.assign(transport, { close: () => dispatcher.close() })
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]])))
}
const codeOf = (error: unknown): string => (typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '')
const messageOf = (error: unknown, { timeoutMs }: TransportRequest): string => {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${Math.round(timeoutMs / 1_000)} s`
  return error instanceof Error ? error.message : String(error)
}
