import type { Context } from './emission.js'
import type { QueryOptions, Segment } from './paths.js'
import type { Annotations } from './projections.js'

/** A request once its URL, headers and caller are understood; batch parts become the same. */
export interface Call {
  readonly method: string
  readonly segments: readonly Segment[]
  readonly query: QueryOptions
  readonly rawQuery: string
  /** The path below the service root, as sent, for links. */
  readonly rawPath: string
  readonly headers: Readonly<Record<string, string>>
  readonly prefer: Prefer
  readonly body: unknown
  readonly context: Context
  readonly serviceRoot: string
  /** URLs by Content-ID inside a change set. */
  readonly references: ReadonlyMap<string, string>
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export interface Prefer {
  readonly representation: boolean
  readonly track: boolean
  readonly continueOnError: boolean
  readonly annotationText: string | null
  readonly annotations: Annotations
  /** null: not sent. */
  readonly pageSize: number | null
}

export const noContent = (headers: Readonly<Record<string, string>> = {}): Answer => ({ status: 204, headers, body: '' })

export const json = (status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): Answer => ({
  status,
  headers: { 'content-type': 'application/json; odata.metadata=minimal', ...headers },
  body: JSON.stringify(value),
})

/** A header as callers mean it: `If-None-Match: null` only keeps caches away. */
export function header(call: Pick<Call, 'headers'>, name: string): string | null {
  const value = call.headers[name]
  return value === undefined || value === 'null' || value === '' ? null : value
}
