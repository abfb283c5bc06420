import { refuse } from './errors.js'
import type { Values } from './rows.js'

/** One call below a version, alone or as a part of a composite. */
export interface Call {
  readonly method: string
  /** Decoded parts of the path behind the version. */
  readonly path: readonly string[]
  readonly query: URLSearchParams
  /** Lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
  readonly version: string
}
export interface Reply {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** In place of the body, where the answer is no JSON. */
  readonly text?: string
}
export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
export const bodyOf = (call: Call): Values => {
  if (!isRecord(call.body)) throw refuse('JSON_PARSER_ERROR', 'The HTTP entity body is required, but this request has no entity body.')
  return call.body
}
