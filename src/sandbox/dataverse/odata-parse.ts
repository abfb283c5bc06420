import { badQuery } from './errors.js'
import { tokens, type Token } from './odata-lex.js'
import { splitOutsideQuotes, type QueryOptions } from './paths.js'

export type Literal =
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'number'; readonly value: number; readonly whole: boolean }
  | { readonly kind: 'guid' | 'moment' | 'date'; readonly value: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }

export type Operand = { readonly kind: 'path'; readonly path: readonly string[] } | Literal
export type Comparison = 'eq' | 'ne' | 'gt' | 'ge' | 'lt' | 'le'

export type Expression =
  | { readonly kind: 'and' | 'or'; readonly left: Expression; readonly right: Expression }
  | { readonly kind: 'not'; readonly of: Expression }
  | { readonly kind: 'compare'; readonly operator: Comparison; readonly left: Operand; readonly right: Operand }
  | {
      readonly kind: 'text-test'
      readonly name: 'contains' | 'startswith' | 'endswith'
      readonly path: readonly string[]
      readonly text: string
    }
  | { readonly kind: 'function'; readonly name: string; readonly arguments: ReadonlyMap<string, Literal | readonly Literal[]> }
  | {
      readonly kind: 'lambda'
      readonly quantifier: 'any' | 'all'
      readonly path: readonly string[]
      readonly variable: string
      readonly of: Expression | null
    }

export interface Order {
  readonly path: readonly string[]
  readonly descending: boolean
}

export interface ExpandItem {
  readonly name: string
  readonly options: QueryOptions
}

const comparisons: ReadonlySet<string> = new Set(['eq', 'ne', 'gt', 'ge', 'lt', 'le'])
const textTests: ReadonlySet<string> = new Set(['contains', 'startswith', 'endswith'])
const crm = 'Microsoft.Dynamics.CRM.'
/** A filter nested deeper than this is a mistake or an attack. */
const nestingMax = 100

/** Reads `$filter`. Parameter aliases (`@p1`) are looked up among the other query options. */
export function parseFilter(source: string, options: QueryOptions): Expression {
  const parser = new Parser(source, options)
  const expression = parser.or()
  parser.end()
  return expression
}

class Parser {
  readonly #source: string
  readonly #options: QueryOptions
  readonly #tokens: readonly Token[]
  #at = 0
  #depth = 0

  constructor(source: string, options: QueryOptions) {
    this.#source = source
    this.#options = options
    this.#tokens = tokens(source)
  }

  end(): void {
    if (this.#peek().kind !== 'end') throw this.#wrong()
  }

  or(): Expression {
    let left = this.#and()
    while (this.#word('or')) left = { kind: 'or', left, right: this.#and() }
    return left
  }

  #and(): Expression {
    let left = this.#unary()
    while (this.#word('and')) left = { kind: 'and', left, right: this.#unary() }
    return left
  }

  #unary(): Expression {
    this.#depth += 1
    if (this.#depth > nestingMax) throw badQuery('The filter is nested too deeply.')
    try {
      if (this.#word('not')) return { kind: 'not', of: this.#unary() }
      if (this.#sign('(')) {
        const inner = this.or()
        this.#require(')')
        return inner
      }
      return this.#predicate()
    } finally {
      this.#depth -= 1
    }
  }

  #predicate(): Expression {
    const token = this.#peek()
    if (token.kind === 'word') {
      if (textTests.has(token.value)) return this.#textTest(token.value as 'contains') // a member of textTests
      if (token.value.startsWith(crm)) return this.#function(token.value.slice(crm.length))
    }
    const left = this.#operand()
    if (left.kind === 'path') {
      const last = left.path.at(-1)
      if ((last === 'any' || last === 'all') && this.#sign('(')) return this.#lambda(left.path.slice(0, -1), last)
    }
    const operator = this.#next()
    if (operator.kind !== 'word' || !comparisons.has(operator.value)) {
      if (left.kind === 'path') return this.#bareBoolean(left, operator)
      throw this.#wrong()
    }
    return { kind: 'compare', operator: operator.value as Comparison, left, right: this.#operand() } // a member of comparisons
  }

  #bareBoolean(left: Operand, seen: Token): Expression {
    this.#at -= 1
    if (
      seen.kind === 'end' ||
      (seen.kind === 'sign' && seen.value === ')') ||
      (seen.kind === 'word' && (seen.value === 'and' || seen.value === 'or'))
    ) {
      return { kind: 'compare', operator: 'eq', left, right: { kind: 'boolean', value: true } }
    }
    throw this.#wrong()
  }

  #textTest(name: 'contains' | 'startswith' | 'endswith'): Expression {
    this.#at += 1
    this.#require('(')
    const path = this.#operand()
    this.#require(',')
    const text = this.#operand()
    this.#require(')')
    if (path.kind !== 'path' || text.kind !== 'text')
      throw badQuery(`No function signature for the function with name '${name}' matches the specified arguments.`)
    return { kind: 'text-test', name, path: path.path, text: text.value }
  }

  #function(name: string): Expression {
    this.#at += 1
    this.#require('(')
    const found = new Map<string, Literal | readonly Literal[]>()
    while (!this.#sign(')')) {
      const key = this.#next()
      if (key.kind !== 'word') throw this.#wrong()
      this.#require('=')
      found.set(key.value, this.#sign('[') ? this.#list() : this.#literal())
      this.#sign(',')
    }
    return { kind: 'function', name, arguments: found }
  }

  #list(): Literal[] {
    const items: Literal[] = []
    while (!this.#sign(']')) {
      items.push(this.#literal())
      this.#sign(',')
    }
    return items
  }

  #lambda(path: readonly string[], quantifier: 'any' | 'all'): Expression {
    if (this.#sign(')')) return { kind: 'lambda', quantifier, path, variable: '', of: null }
    const variable = this.#next()
    if (variable.kind !== 'word') throw this.#wrong()
    this.#require(':')
    const of = this.or()
    this.#require(')')
    return { kind: 'lambda', quantifier, path, variable: variable.value, of }
  }

  #literal(): Literal {
    const operand = this.#operand()
    if (operand.kind === 'path') throw this.#wrong()
    return operand
  }

  #operand(): Operand {
    const token = this.#next()
    switch (token.kind) {
      case 'text':
        return token
      case 'number':
      case 'guid':
      case 'moment':
      case 'date':
        return token
      case 'word':
        return this.#named(token.value)
      default:
        this.#at -= 1
        throw this.#wrong()
    }
  }

  #named(word: string): Operand {
    if (word === 'null') return { kind: 'null' }
    if (word === 'true' || word === 'false') return { kind: 'boolean', value: word === 'true' }
    if (word.startsWith('@')) {
      const text = this.#options.get(word)
      if (text === undefined) throw badQuery(`The parameter alias '${word}' has no value.`)
      return new Parser(text, this.#options).#operand()
    }
    // An enumeration value of the metadata model: Microsoft.Dynamics.CRM.AttributeTypeCode'String'.
    const following = this.#peek()
    if (word.includes('.') && following.kind === 'text') {
      this.#at += 1
      return { kind: 'text', value: following.value }
    }
    const path = [word]
    while (this.#sign('/')) {
      const next = this.#next()
      if (next.kind !== 'word') throw this.#wrong()
      path.push(next.value)
    }
    return { kind: 'path', path }
  }

  #peek(): Token {
    return this.#tokens[this.#at] ?? { kind: 'end' }
  }

  #next(): Token {
    const token = this.#peek()
    this.#at += 1
    return token
  }

  #word(value: string): boolean {
    const token = this.#peek()
    if (token.kind !== 'word' || token.value !== value) return false
    this.#at += 1
    return true
  }

  #sign(value: string): boolean {
    const token = this.#peek()
    if (token.kind !== 'sign' || token.value !== value) return false
    this.#at += 1
    return true
  }

  #require(sign: string): void {
    if (!this.#sign(sign)) throw this.#wrong()
  }

  #wrong(): Error {
    return badQuery(`Syntax error in '${this.#source}' near token ${this.#at + 1}.`)
  }
}

export function parseOrder(source: string): Order[] {
  return splitOutsideQuotes(source, ',').map((part) => {
    const [path = '', direction = 'asc', more] = part.split(/\s+/)
    if (more !== undefined || (direction !== 'asc' && direction !== 'desc')) throw badQuery(`Syntax error in $orderby '${part}'.`)
    return { path: path.split('/'), descending: direction === 'desc' }
  })
}

/** Reads `$expand`: names, each with options in parentheses separated by semicolons. */
export function parseExpand(source: string): ExpandItem[] {
  return splitOutsideQuotes(source, ',').map((part) => {
    const open = part.indexOf('(')
    if (open === -1) return { name: part, options: new Map() }
    if (!part.endsWith(')')) throw badQuery(`Syntax error in $expand '${part}'.`)
    const options = new Map<string, string>()
    for (const option of splitOutsideQuotes(part.slice(open + 1, -1), ';')) {
      const equals = option.indexOf('=')
      if (equals === -1) throw badQuery(`Syntax error in $expand '${part}'.`)
      options.set(option.slice(0, equals).trim(), option.slice(equals + 1).trim())
    }
    return { name: part.slice(0, open).trim(), options }
  })
}

export function parseCount(source: string, name: string): number {
  if (!/^\d+$/.test(source))
    throw badQuery(
      `Invalid value '${source}' for ${name} query option found. The ${name} query option requires a non-negative integer value.`,
    )
  return Number(source)
}
