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
  const tokens = tokenize(source)
  let next = 0
  let depth = 0
  const fail = (why: string): never => {
    throw invalid(`The query specified in the URI is not valid. ${why} in '${source}'.`, '$filter')
  }
  const peek = (): Token | undefined => tokens[next]
  const take = (): Token => tokens[next++] ?? fail('The expression ends too early')
  const expect = (text: string): void => {
    if (take().text !== text) fail(`'${text}' was expected`)
  }
  const takesWord = (word: string): boolean => {
    if (peek()?.kind !== 'name' || peek()?.text !== word) return false
    next += 1
    return true
  }

  const either = (): Filter => {
    let left = both()
    while (takesWord('or')) left = { kind: 'or', left, right: both() }
    return left
  }
  const both = (): Filter => {
    let left = one()
    while (takesWord('and')) left = { kind: 'and', left, right: one() }
    return left
  }
  const one = (): Filter => {
    depth += 1
    if (depth > depthMax) fail('The nesting is too deep')
    const parsed = unit()
    depth -= 1
    return parsed
  }
  const unit = (): Filter => {
    if (takesWord('not')) return { kind: 'not', of: one() }
    const token = take()
    if (token.text === '(') {
      const inner = either()
      expect(')')
      return inner
    }
    if (token.kind !== 'name') fail(`A property name was expected at '${token.text}'`)
    if (token.text.endsWith('/any') && peek()?.text === '(') {
      expect('(')
      const variable = take()
      if (variable.kind !== 'name') fail('any() needs a variable')
      expect(':')
      const of = either()
      expect(')')
      return { kind: 'any', path: token.text.slice(0, -'/any'.length), variable: variable.text, of }
    }
    const operator = take().text
    if (!isOperator(operator)) return fail(`'${operator}' is not an operator`)
    const value = take()
    if (value.literal === null) return fail(`A value was expected at '${value.text}'`)
    return { kind: 'compare', path: token.text, operator, value: value.literal }
  }

  const parsed = either()
  if (peek() !== undefined) fail(`Nothing was expected after '${tokens[next - 1]?.text ?? ''}'`)
  return parsed
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
