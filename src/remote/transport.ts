import { setMaxListeners } from 'node:events'
import { rootCertificates } from 'node:tls'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { Agent, ProxyAgent, type Dispatcher } from 'undici'

export interface TransportRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | null
  readonly timeoutMs: number
  readonly signal: AbortSignal
  /**
   * Asked with a connection in hand, in the very moment before the request is written to it; what it throws, the exchange ends with, and nothing
   * was sent. A process that stood still wakes to its connections before its timers: no deadline would be as near. Absent: nothing is asked.
   */
  readonly lastLook?: () => void
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
  const transport: Transport = (asked) => {
    const url = new URL(asked.url)
    return exchange(isLoopback(url.hostname) ? direct : proxied, url, asked)
  }
  return Object.assign(transport, {
    /** Who still waits for an answer gets none. */
    close: async () => {
      await direct.destroy()
      if (proxied !== direct) await proxied.destroy()
    },
  })
}

export function isLoopback(hostname: string): boolean {
  const bare = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  return bare === 'localhost' || bare === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(bare)
}

/**
 * Dispatched without undici's request and stream around it: every answer is collected whole, and half of what a call costs here is saved.
 * The deadline is over the whole exchange, the wait for a connection included.
 */
function exchange(dispatcher: Dispatcher, url: URL, asked: TransportRequest): Promise<TransportAnswer> {
  if (asked.signal.aborted)
    return Promise.reject(new NoAnswer('the call was cancelled before it was sent', { sent: false, cause: asked.signal.reason }))
  return new Promise((resolve, reject) => {
    const handler = collecting({
      most: asked.bytesMost ?? answerBytesMost,
      lastLook: asked.lastLook ?? (() => undefined),
      refused(cause) {
        stopWatching()
        reject(cause)
      },
      done(answer) {
        stopWatching()
        resolve(answer)
      },
      failed(cause, sent) {
        stopWatching()
        reject(new NoAnswer(messageOf(cause), { sent, cause }))
      },
    })
    const cancel = (): void => handler.giveUp(new Error('the call was cancelled'))
    const deadline = setTimeout(
      () => handler.giveUp(new Error(`no answer within ${Math.round(asked.timeoutMs / 1_000)} s`)),
      asked.timeoutMs,
    )
    const stopWatching = (): void => {
      clearTimeout(deadline)
      asked.signal.removeEventListener('abort', cancel)
    }
    setMaxListeners(0, asked.signal) // One signal stands for all calls of a sweep or a worker: that many listeners are no leak.
    asked.signal.addEventListener('abort', cancel)
    dispatcher.dispatch(
      {
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: asked.method, // methods of our own adapters
        headers: { 'accept-encoding': 'gzip', ...asked.headers },
        body: asked.body,
        headersTimeout: Math.max(silenceMs, asked.timeoutMs),
        bodyTimeout: Math.max(silenceMs, asked.timeoutMs),
      },
      handler,
    )
  })
}

interface Collecting extends Dispatcher.DispatchHandler {
  /** Ends the exchange, whatever it is doing. */
  giveUp(cause: Error): void
}
interface Ends {
  /** Bytes of the body, packed or not. */
  readonly most: number
  readonly lastLook: () => void
  /** The last look said no. */
  readonly refused: (cause: Error) => void
  readonly done: (answer: TransportAnswer) => void
  /** `sent`: the request was put on a connection. Names not found, refused connections and failed TLS never get that far. */
  readonly failed: (cause: unknown, sent: boolean) => void
}

/** Collects one answer. Exactly one of its ends is called, once. */
function collecting({ most, lastLook, refused, done, failed }: Ends): Collecting {
  let controller: Dispatcher.DispatchController | null = null
  let givenUp: Error | null = null
  let over = false
  let status = 0
  let headers: Record<string, string> = {}
  let size = 0
  const chunks: Buffer[] = []
  const fail = (cause: unknown): void => {
    if (over) return
    over = true
    failed(cause, controller !== null)
  }
  const giveUp = (cause: Error): void => {
    givenUp = cause
    fail(cause)
    controller?.abort(cause)
  }
  return {
    giveUp,
    onRequestStart(started) {
      // Nobody waits for it any more, or may: ended here, it is never written to the connection.
      const no = givenUp ?? said(lastLook)
      if (no === null) {
        controller = started
        return
      }
      if (!over) refused(no)
      over = true
      started.abort(no)
    },
    onResponseStart(_controller, statusCode, given) {
      status = statusCode
      headers = flat(given)
    },
    onResponseData(_controller, chunk) {
      size += chunk.length
      if (size > most) giveUp(new Error(`the answer is larger than ${most} bytes`))
      else chunks.push(chunk)
    },
    onResponseEnd() {
      if (over) return
      try {
        const body = unpacked(Buffer.concat(chunks), headers['content-encoding'], most)
        over = true
        done({ status, headers, body })
      } catch (cause) {
        fail(cause)
      }
    },
    onResponseError(_controller, cause) {
      fail(cause)
    },
  }
}

/** What it says no with; null: nothing. */
function said(look: () => void): Error | null {
  try {
    look()
    return null
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
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

function flat(given: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name in given) {
    const value = given[name]
    if (value !== undefined) headers[name.toLowerCase()] = typeof value === 'string' ? value : value.join(', ')
  }
  return headers
}

const codeOf = (error: unknown): string => (typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '')
function messageOf(error: unknown): string {
  const text = error instanceof Error && error.message !== '' ? error.message : String(error)
  const code = codeOf(error)
  return code === '' || text.includes(code) ? text : `${text} (${code})`
}
