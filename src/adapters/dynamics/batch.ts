import { Fault } from '../../core/fault.js'
import type { Answer } from './errors.js'

/** One request inside a batch; its path is relative to the host. */
export interface Part {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
}
/** A single request, or several that happen together or not at all. */
export type BatchItem = { readonly kind: 'single'; readonly part: Part } | { readonly kind: 'set'; readonly parts: readonly Part[] }

/** The answers of one item: one per part, or the single refusal of a whole change set. */
export type BatchAnswer = { readonly kind: 'single'; readonly answer: Answer } | { readonly kind: 'set'; readonly answers: readonly Answer[] }

const EOL = '\r\n'

/** Source: learn.microsoft.com "Execute batch operations using the Web API" (read 2023-10): CRLF throughout, one empty line between the heads. */
export function writeBatch(items: readonly BatchItem[], boundary: string): string {
  const lines: string[] = []
  items.forEach((item, index) => {
    lines.push(`--${boundary}`)
    if (item.kind === 'single') {
      lines.push(...partLines(item.part, null))
      return
    }
    const inner = `changeset_${index}_${boundary}`
    lines.push(`Content-Type: multipart/mixed; boundary="${inner}"`, '')
    item.parts.forEach((part, position) => lines.push(`--${inner}`, ...partLines(part, position + 1)))
    lines.push(`--${inner}--`, '')
  })
  lines.push(`--${boundary}--`, '')
  return lines.join(EOL)
}

function partLines(part: Part, contentId: number | null): string[] {
  const id = contentId === null ? [] : [`Content-ID: ${contentId}`]
  const type = part.body === null ? [] : ['Content-Type: application/json; type=entry']
  const headers = Object.entries(part.headers).map(([name, value]) => `${name}: ${value}`)
  return ['Content-Type: application/http', 'Content-Transfer-Encoding: binary', ...id, '', `${part.method} ${part.path} HTTP/1.1`, ...type, ...headers, '', part.body ?? '']
}

/**
 * Reads the answers in order. An environment either stops at the first failure and gives the whole batch its status, or goes on and says 200;
 * in both conventions the parts that are there belong to the first items.
 * @throws Fault `invalid-answer` when the text is no batch answer.
 */
export function readBatch(contentType: string, text: string): BatchAnswer[] {
  const boundary = boundaryOf(contentType)
  if (boundary === null) throw malformed('it names no boundary')
  return split(text, boundary).map((section): BatchAnswer => {
    const { head, body } = cut(section)
    const inner = boundaryOf(headerOf(head, 'content-type') ?? '')
    if (inner === null) return { kind: 'single', answer: readAnswer(body) }
    return { kind: 'set', answers: split(body, inner).map((part) => readAnswer(cut(part).body)) }
  })
}

const malformed = (why: string): Fault =>
  new Fault('invalid-answer', `Dynamics 365 gave a batch answer that cannot be read: ${why}.`, { remedy: 'Nothing to do: the deals are read again.' })

function boundaryOf(contentType: string): string | null {
  return /multipart\/mixed;.*?boundary="?([^";\r\n]+)"?/i.exec(contentType)?.[1] ?? null
}

/** The sections between delimiter lines. A delimiter counts only at the start of a line, as a text value may contain anything. */
function split(text: string, boundary: string): string[] {
  const sections: string[] = []
  let current: string[] | null = null
  for (const line of text.split(/\r?\n/)) {
    const plain = line.trimEnd()
    const closes = plain === `--${boundary}--`
    if (!closes && plain !== `--${boundary}`) {
      current?.push(line)
      continue
    }
    if (current !== null) sections.push(current.join('\n'))
    if (closes) break
    current = []
  }
  return sections
}

function cut(section: string): { readonly head: string; readonly body: string } {
  const text = section.replace(/^\n+/, '')
  const gap = text.indexOf('\n\n')
  return gap === -1 ? { head: text, body: '' } : { head: text.slice(0, gap), body: text.slice(gap + 2) }
}

const headerOf = (head: string, name: string): string | undefined =>
  head
    .split('\n')
    .find((line) => line.toLowerCase().startsWith(`${name}:`))
    ?.slice(name.length + 1)
    .trim()

function readAnswer(text: string): Answer {
  const { head, body } = cut(text)
  const [statusLine = '', ...lines] = head.split('\n')
  const status = Number(/^HTTP\/\d(?:\.\d)?\s+(\d{3})/.exec(statusLine.trim())?.[1])
  if (!Number.isInteger(status)) throw malformed('a part has no status line')
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim()
  }
  return { status, headers, text: body.trim() }
}
