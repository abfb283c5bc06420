import { invalid } from './refusal.js'

/** A parsed `$filter`. Source: OData 4.01 URL conventions, section 5.1.1; the part of it that the listing's page shows. */
export type Filter =
  | { readonly kind: 'compare'; readonly path: string; readonly operator: Operator; readonly value: Literal }
  | { readonly kind: 'and' | 'or'; readonly left: Filter; readonly right: Filter }
  | { readonly kind: 'not'; readonly of: Filter }
  | { readonly kind: 'any'; readonly path: string; readonly variable: string; readonly of: Filter }

export type Operator = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le'

export interface Literal {
  readonly kind: 'string' | 'date' | 'guid' | 'number' | 'boolean' | 'null'
  readonly text: string
}

interface Token {
  readonly kind: 'literal' | 'name' | 'symbol'
  readonly text: string
  readonly literal: Literal | null
}

const patterns: readonly [Literal['kind'] | 'name' | 'symbol' | 'space', RegExp][] = [
  ['space', /\s+/y],
  ['string', /'(?:[^']|'')*'/y],
  ['date', /\d{4}-\d{2}-\d{2}T[\d:.]+(?:Z|[+-]\d{2}:\d{2})/y],
  ['guid', /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/iy],
  ['number', /-?\d+(?:\.\d+)?/y],
  ['name', /[A-Za-z_]\w*(?:\/[A-Za-z_]\w*)*/y],
  ['symbol', /[():]/y],
]

// A filter nested deeper than this is an attack or a mistake.
const depthMax = 32

export function parseFilter(source: string): Filter {
  const cursor = cursorOf(source)
  const parsed = either(cursor)
  if (cursor.peek() !== undefined) cursor.fail(`Nothing was expected before '${cursor.peek()?.text ?? ''}'`)
  return parsed
}

/** Where the parser stands in the text. */
interface Cursor {
  depth: number
  fail(why: string): never
  peek(): Token | undefined
  take(): Token
  expect(text: string): void
  /** Takes the next token if it is this word. */
  takes(word: string): boolean
}

function cursorOf(source: string): Cursor {
  const tokens = tokenize(source)
  let next = 0
  const cursor: Cursor = {
    depth: 0,
    fail(why) {
      throw invalid(`The query specified in the URI is not valid. ${why} in '${source}'.`, '$filter')
    },
    peek: () => tokens[next],
    take: () => tokens[next++] ?? cursor.fail('The expression ends too early'),
    expect(text) {
      if (cursor.take().text !== text) cursor.fail(`'${text}' was expected`)
    },
    takes(word) {
      if (tokens[next]?.kind !== 'name' || tokens[next]?.text !== word) return false
      next += 1
      return true
    },
  }
  return cursor
}

function either(cursor: Cursor): Filter {
  let left = both(cursor)
  while (cursor.takes('or')) left = { kind: 'or', left, right: both(cursor) }
  return left
}

function both(cursor: Cursor): Filter {
  let left = one(cursor)
  while (cursor.takes('and')) left = { kind: 'and', left, right: one(cursor) }
  return left
}

function one(cursor: Cursor): Filter {
  cursor.depth += 1
  if (cursor.depth > depthMax) cursor.fail('The nesting is too deep')
  const parsed = unit(cursor)
  cursor.depth -= 1
  return parsed
}

function unit(cursor: Cursor): Filter {
  if (cursor.takes('not')) return { kind: 'not', of: one(cursor) }
  const token = cursor.take()
  if (token.text === '(') {
    const inner = either(cursor)
    cursor.expect(')')
    return inner
  }
  if (token.kind !== 'name') cursor.fail(`A property name was expected at '${token.text}'`)
  if (token.text.endsWith('/any') && cursor.peek()?.text === '(') return anyOf(cursor, token.text.slice(0, -'/any'.length))
  const operator = cursor.take().text
  if (!isOperator(operator)) return cursor.fail(`'${operator}' is not an operator`)
  const value = cursor.take()
  if (value.literal === null) return cursor.fail(`A value was expected at '${value.text}'`)
  return { kind: 'compare', path: token.text, operator, value: value.literal }
}

function anyOf(cursor: Cursor, path: string): Filter {
  cursor.expect('(')
  const variable = cursor.take()
  if (variable.kind !== 'name') cursor.fail('any() needs a variable')
  cursor.expect(':')
  const of = either(cursor)
  cursor.expect(')')
  return { kind: 'any', path, variable: variable.text, of }
}

function isOperator(text: string): text is Operator {
  return ['eq', 'ne', 'gt', 'ge', 'lt', 'le'].includes(text)
}

function tokenize(source: string): readonly Token[] {
  const tokens: Token[] = []
  let at = 0
  while (at < source.length) {
    const found = patterns.find(([, pattern]) => {
      pattern.lastIndex = at
      return pattern.test(source)
    })
    if (found === undefined) {
      throw invalid(`The query specified in the URI is not valid. Syntax error at position ${at} in '${source}'.`, '$filter')
    }
    const [kind, pattern] = found
    const text = source.slice(at, pattern.lastIndex)
    at = pattern.lastIndex
    if (kind !== 'space') tokens.push(tokenOf(kind, text))
  }
  return tokens
}

function tokenOf(kind: Literal['kind'] | 'name' | 'symbol', text: string): Token {
  if (kind === 'symbol') return { kind, text, literal: null }
  if (kind === 'string') return { kind: 'literal', text, literal: { kind, text: text.slice(1, -1).replaceAll("''", "'") } }
  if (kind !== 'name') return { kind: 'literal', text, literal: { kind, text } }
  if (text === 'null') return { kind: 'literal', text, literal: { kind: 'null', text } }
  if (text === 'true' || text === 'false') return { kind: 'literal', text, literal: { kind: 'boolean', text } }
  return { kind: 'name', text, literal: null }
}
