import { Fault } from '../../core/fault.js'
import type { Send, SendAnswer } from '../../remote/send.js'
import { faultOf, jsonOf } from './refusals.js'

export type PlatformBody = Readonly<Record<string, unknown>>
export interface PlatformAnswer {
  readonly answer: SendAnswer
  /** Undefined: no JSON came. */
  readonly json: unknown
}
export interface PlatformCall {
  readonly signal: AbortSignal
  readonly what: string
}

/** The second host of Partner Center: webhooks and profiles. Source: learn.microsoft.com "Partner Center REST headers" (read 2023-10). */
export class PlatformApi {
  readonly #base: string
  readonly #send: Send
  readonly #now: () => number
  readonly #newId: () => string

  constructor(options: { readonly url: string; readonly send: Send; readonly now: () => number; readonly newId: () => string }) {
    this.#base = options.url.replace(/\/+$/, '')
    this.#send = options.send
    this.#now = options.now
    this.#newId = options.newId
  }

  /** @throws Fault for everything but a 2xx. */
  async call(method: 'GET' | 'POST' | 'PUT', path: string, body: PlatformBody | null, call: PlatformCall & { readonly headers?: Readonly<Record<string, string>> }): Promise<PlatformAnswer> {
    const answer = await this.#send({
      method,
      url: `${this.#base}${path}`,
      headers: {
        accept: 'application/json',
        // A strict server reads a type without a body as a body that is missing.
        ...(body === null ? {} : { 'content-type': 'application/json' }),
        'MS-RequestId': this.#newId(),
        'MS-Contract-Version': 'v1',
        'X-Locale': 'en-US',
        ...call.headers,
      },
      body: body === null ? null : JSON.stringify(body),
      signal: call.signal,
    })
    if (answer.status < 200 || answer.status >= 300) throw faultOf(answer, { method, what: call.what, now: this.#now() })
    return { answer, json: jsonOf(answer) }
  }

  async record(path: string, call: PlatformCall): Promise<PlatformBody> {
    const { json } = await this.call('GET', path, null, call)
    if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as PlatformBody // any object has string keys
    throw new Fault('invalid-answer', `Partner Center answered ${call.what} without a record.`, { remedy: 'It is tried again. If it lasts, report it.' })
  }
}

/** A member whose name may be written in either case: pages print PascalCase, the service answers in camelCase. */
export function member(body: PlatformBody, name: string): unknown {
  const wanted = name.toLowerCase()
  for (const [key, value] of Object.entries(body)) if (key.toLowerCase() === wanted) return value
  return undefined
}
export function textMember(body: PlatformBody, name: string): string | null {
  const value = member(body, name)
  return typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : null
}
