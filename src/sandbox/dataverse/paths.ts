import { badQuery, unknownSegment } from './errors.js'
import { isGuid } from './values.js'

/** A key in parentheses: a GUID, named values, or the arguments of a function. */
export type KeyPart =
  | { readonly kind: 'none' }
  | { readonly kind: 'empty' }
  | { readonly kind: 'guid'; readonly id: string }
  | { readonly kind: 'named'; readonly values: ReadonlyMap<string, KeyValue> }

export type KeyValue = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'bare'; readonly text: string }

export interface Segment {
  readonly name: string
  readonly key: KeyPart
}

export type QueryOptions = ReadonlyMap<string, string>

/** Characters an alternate key cannot hold in a URL. Source: learn.microsoft.com "Use an alternate key to reference a record" (read 2023-10). */
const forbiddenInKeys = /[/<>*%&:\\?+]/

/** Splits the part of a URL behind `/api/data/v9.2/` into segments. Quotes and parentheses protect slashes. */
export function parsePath(raw: string): Segment[] {
  const path = decode(raw)
  if (path === '') return []
  const parts: string[] = []
  let depth = 0
  let quoted = false
  let start = 0
  for (let at = 0; at < path.length; at++) {
    const sign = path[at]
    if (sign === "'") quoted = !quoted
    else if (quoted) continue
    else if (sign === '(') depth++
    else if (sign === ')') depth--
    else if (sign === '/' && depth === 0) {
      parts.push(path.slice(start, at))
      start = at + 1
    }
  }
  parts.push(path.slice(start))
  if (parts.at(-1) === '') parts.pop()
  return parts.map(parseSegment)
}

function parseSegment(text: string): Segment {
  const open = text.indexOf('(')
  if (open === -1) return { name: text, key: { kind: 'none' } }
  if (!text.endsWith(')')) throw badQuery(`Bad Request - Error in query syntax at '${text}'.`)
  return { name: text.slice(0, open), key: parseKey(text.slice(open + 1, -1)) }
}

export function parseKey(inner: string): KeyPart {
  const text = inner.trim()
  if (text === '') return { kind: 'empty' }
  if (isGuid(text)) return { kind: 'guid', id: text.toLowerCase() }
  const values = new Map<string, KeyValue>()
  for (const part of splitOutsideQuotes(text, ',')) {
    const equals = part.indexOf('=')
    if (equals <= 0) throw badQuery(`Bad Request - Error in query syntax: '${part}' is neither an id nor a named key value.`)
    values.set(part.slice(0, equals).trim(), parseKeyValue(part.slice(equals + 1).trim()))
  }
  return { kind: 'named', values }
}

function parseKeyValue(text: string): KeyValue {
  if (!text.startsWith("'")) return { kind: 'bare', text }
  if (!text.endsWith("'") || text.length < 2) throw badQuery(`Bad Request - Error in query syntax: the text ${text} is not closed.`)
  return { kind: 'text', text: text.slice(1, -1).replaceAll("''", "'") }
}

export function requireKeyCharacters(value: string): void {
  if (forbiddenInKeys.test(value))
    throw badQuery(`Bad Request - Error in query syntax: a key value in a URL cannot hold any of / < > * % & : \\ ? +`)
}

export function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts: string[] = []
  let depth = 0
  let quoted = false
  let start = 0
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]
    if (sign === "'") quoted = !quoted
    else if (quoted) continue
    else if (sign === '(' || sign === '{' || sign === '[') depth++
    else if (sign === ')' || sign === '}' || sign === ']') depth--
    else if (sign === separator && depth === 0) {
      parts.push(text.slice(start, at))
      start = at + 1
    }
  }
  parts.push(text.slice(start))
  return parts.map((part) => part.trim()).filter((part) => part !== '')
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw unknownSegment(text)
  }
}

/** Reads a query string; a plus sign is a blank, as the service's web server reads it. */
export function parseQuery(raw: string): QueryOptions {
  const found = new Map<string, string>()
  if (raw === '') return found
  for (const part of raw.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const name = decodeQuery(equals === -1 ? part : part.slice(0, equals))
    if (found.has(name)) throw badQuery(`Query option '${name}' was specified more than once, but it must be specified at most once.`)
    found.set(name, equals === -1 ? '' : decodeQuery(part.slice(equals + 1)))
  }
  return found
}

function decodeQuery(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    throw badQuery(`Bad Request - Error in query syntax: '${text}' is not percent-encoded correctly.`)
  }
}
