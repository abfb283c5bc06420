import type { Row } from './row.js'

/** An authenticated, paced HTTP exchange; refusals come back as answers, a missing answer is thrown as a Fault. */
export interface SendRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Uint8Array | null
  readonly signal: AbortSignal
}
export interface SendResponse {
  readonly status: number
  /** Names are lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}
export type Send = (request: SendRequest) => Promise<SendResponse>
/** The access token itself, for the one interface that wants it inside the message. */
export type Session = (options: { readonly fresh: boolean; readonly refused?: string; readonly signal: AbortSignal }) => Promise<string>

/** One write; `name` is how later writes of the same call point to its record: `@{name.id}`. */
export interface Operation {
  readonly name: string
  readonly method: 'POST' | 'PATCH' | 'DELETE'
  /** Relative to the version: `sobjects/Opportunity/006…`. */
  readonly path: string
  /** Milliseconds since the epoch: refused when the record changed later than that. Null: whatever stands there. */
  readonly unmodifiedSince: number | null
  readonly body: Row | null
  /** In words, for messages. */
  readonly what: string
}
export interface Question {
  readonly soql: string
  /** Also rows in the recycle bin. */
  readonly deleted: boolean
  readonly what: string
}
