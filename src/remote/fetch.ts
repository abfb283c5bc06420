import type { Transport } from './transport.js'

const deadlineMs = 20_000
const bytesMost = 1024 * 1024

/** What a library that brings its own calls hands over: the part of `fetch` that OpenID Connect needs. */
export interface FetchRequest {
  readonly method?: string | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: unknown
  readonly signal?: AbortSignal | undefined
}

/** `fetch` over our own transport: the same proxy, certificate authorities, limits, and no redirect followed. */
export const fetchOver =
  (transport: Transport) =>
  async (url: string, { method, headers, body, signal }: FetchRequest): Promise<Response> => {
    const answer = await transport({
      method: method ?? 'GET',
      url,
      headers: { ...headers },
      body: body === undefined || body === null ? null : bytesOf(body),
      timeoutMs: deadlineMs,
      signal: signal ?? new AbortController().signal,
      bytesMost,
    })
    // The body is unpacked already.
    const { 'content-encoding': _packed, 'content-length': _length, ...plain } = answer.headers
    const empty = answer.status === 204 || answer.status === 304 || answer.status < 200
    return new Response(empty ? null : new Uint8Array(answer.body), { status: answer.status, headers: plain })
  }

function bytesOf(body: unknown): string | Uint8Array {
  if (typeof body === 'string' || body instanceof Uint8Array) return body
  if (body instanceof URLSearchParams) return body.toString()
  throw new TypeError('A body is a text, bytes or a form.')
}
