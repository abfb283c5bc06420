import { badQuery } from './errors.js'

export type Token =
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number; readonly whole: boolean }
  | { readonly kind: 'guid' | 'moment' | 'date'; readonly value: string }
  | { readonly kind: 'word'; readonly value: string }
  | { readonly kind: 'sign'; readonly value: string }
  | { readonly kind: 'end' }

const patterns: readonly [RegExp, (text: string) => Token][] = [
  [/'(?:[^']|'')*'/y, (text) => ({ kind: 'text', value: text.slice(1, -1).replaceAll("''", "'") })],
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/iy, (text) => ({ kind: 'guid', value: text.toLowerCase() })],
  [/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})/iy, (text) => ({ kind: 'moment', value: text.toUpperCase() })],
  [/\d{4}-\d{2}-\d{2}(?![\d-])/y, (text) => ({ kind: 'date', value: text })],
  [/-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w-])/iy, (text) => ({ kind: 'number', value: Number(text), whole: /^-?\d+$/.test(text) })],
  [/[A-Za-z_@$][\w.]*/y, (text) => ({ kind: 'word', value: text })],
  [/[(),:/=[\]]/y, (text) => ({ kind: 'sign', value: text })],
]

/** Cuts a filter into tokens. */
export function tokens(source: string): Token[] {
  const found: Token[] = []
  let at = 0
  while (at < source.length) {
    if (/\s/.test(source.charAt(at))) {
      at += 1
      continue
    }
    const token = tokenAt(source, at)
    if (token === undefined) throw badQuery(`Syntax error at position ${at} in '${source}'.`)
    found.push(token.token)
    at = token.next
  }
  found.push({ kind: 'end' })
  return found
}

function tokenAt(source: string, at: number): { token: Token; next: number } | undefined {
  for (const [pattern, make] of patterns) {
    pattern.lastIndex = at
    const match = pattern.exec(source)
    if (match) return { token: make(match[0]), next: pattern.lastIndex }
  }
  return undefined
}
