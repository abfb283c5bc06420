import { badQuery } from './errors.js'

/** One request inside a batch. */
export interface Part {
  readonly method: string
  /** Path and query below the service root, or absolute. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly contentId: string | null
}

export type Item = { readonly kind: 'single'; readonly part: Part } | { readonly kind: 'change-set'; readonly parts: readonly Part[] }

/** At most this many requests in one batch. Source: learn.microsoft.com "Execute batch operations using the Web API" (read 2023-10). */
export const requestsMax = 1_000

const malformed = (why: string): Error => badQuery(`The batch request is malformed: ${why}`)

export function boundaryOf(contentType: string | undefined): string | null {
  const found = /^multipart\/mixed\s*;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType ?? '')
  return found === null ? null : (found[1] ?? found[2] ?? null)
}

/** Reads the body of `$batch`. Line ends must be CRLF, as the service wants them. */
export function readBatch(contentType: string | undefined, body: Buffer): Item[] {
  const boundary = boundaryOf(contentType)
  if (boundary === null) throw malformed('its Content-Type must be multipart/mixed with a boundary.')
  const items = multipart(body.toString('latin1'), boundary).map((text) => readItem(text))
  const count = items.reduce((sum, item) => sum + (item.kind === 'single' ? 1 : item.parts.length), 0)
  if (count > requestsMax) throw malformed(`it holds ${count} requests; at most ${requestsMax} are allowed.`)
  return items
}

/** Cuts a multipart text into its parts, each with headers and content still together. */
function multipart(text: string, boundary: string): string[] {
  if (/(^|[^\r])\n/.test(text.slice(0, text.indexOf(`--${boundary}`) + boundary.length + 4))) throw malformed('lines must end with CRLF.')
  const open = `--${boundary}\r\n`
  const close = `--${boundary}--`
  const start = text.startsWith(open) ? 0 : text.indexOf(`\r\n${open}`) + 2
  if (start === 1) throw malformed(`the boundary --${boundary} does not open a part; lines must end with CRLF.`)
  const end = text.indexOf(`\r\n${close}`, start)
  const direct = text.indexOf(close, start)
  if (direct === -1) throw malformed(`the closing boundary ${close} is missing.`)
  const inner = text.slice(start + open.length, end === -1 ? direct : end + 2)
  return inner.split(`\r\n${open}`).map((part) => part.replace(/\r\n$/, ''))
}

function headAndBody(text: string): { head: string; body: string } {
  const gap = text.indexOf('\r\n\r\n')
  if (gap === -1) return { head: text, body: '' }
  return { head: text.slice(0, gap), body: text.slice(gap + 4) }
}

function readHeaders(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const line of lines) {
    if (line === '') continue
    const colon = line.indexOf(':')
    if (colon === -1) throw malformed(`'${line}' is not a header.`)
    headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim()
  }
  return headers
}

function readItem(text: string): Item {
  const { head, body } = headAndBody(text)
  const headers = readHeaders(head.split('\r\n'))
  const inner = boundaryOf(headers['content-type'])
  if (inner === null) return { kind: 'single', part: readPart(headers, body) }
  const parts = multipart(body, inner).map((partText) => {
    const { head: partHead, body: partBody } = headAndBody(partText)
    const partHeaders = readHeaders(partHead.split('\r\n'))
    if (boundaryOf(partHeaders['content-type']) !== null) throw malformed('a change set cannot hold another one.')
    return readPart(partHeaders, partBody)
  })
  for (const part of parts) {
    if (part.method === 'GET') throw malformed('a change set cannot hold GET requests.')
    if (part.contentId === null && parts.length > 1) throw malformed('every request of a change set needs a Content-ID.')
  }
  return { kind: 'change-set', parts }
}

function readPart(partHeaders: Readonly<Record<string, string>>, text: string): Part {
  if (!/^application\/http\b/i.test(partHeaders['content-type'] ?? ''))
    throw malformed('a part must have the Content-Type application/http.')
  if ((partHeaders['content-transfer-encoding'] ?? '').toLowerCase() !== 'binary')
    throw malformed('a part must have Content-Transfer-Encoding: binary.')
  const { head, body } = headAndBody(text)
  const [line = '', ...rest] = head.split('\r\n')
  const request = /^(GET|POST|PATCH|PUT|DELETE) (\S+) HTTP\/1\.1$/.exec(line)
  if (request === null) throw malformed(`'${line}' is not a request line.`)
  const [, method = '', url = ''] = request
  if (/\/\$batch(\?|$)/.test(url)) throw malformed('batches cannot be nested.')
  return { method, url, headers: readHeaders(rest), body: Buffer.from(body, 'latin1'), contentId: partHeaders['content-id'] ?? null }
}
