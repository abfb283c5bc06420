import { refuse } from './errors.js'

export type Literal = string | number | boolean | null | { readonly dateTime: number } | { readonly date: string }
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Condition[] }
  | { readonly kind: 'not'; readonly part: Condition }
  | { readonly kind: 'compare'; readonly path: readonly string[]; readonly operator: string; readonly values: readonly Literal[] }
export interface Query {
  readonly count: boolean
  readonly fields: readonly (readonly string[])[]
  readonly children: readonly Query[]
  readonly from: string
  readonly where: Condition | null
  readonly order: readonly { readonly path: readonly string[]; readonly descending: boolean }[]
  readonly limit: number | null
  readonly offset: number
}

const malformed = (text: string): Error => refuse('MALFORMED_QUERY', text)
const token =
  /\s*(?:(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2}))|(\d{4}-\d{2}-\d{2})|(-?\d+(?:\.\d+)?)|('(?:\\.|[^'\\])*')|([A-Za-z_][A-Za-z0-9_.:]*)|(<=|>=|!=|<>|[=<>(),]))/y

/** The part of SOQL that clients need: one object, its parents, one level of children, conditions, order and limit. Source: SOQL and SOSL reference. */
export function parseSoql(text: string): Query {
  const known = parsed.get(text)
  if (known !== undefined) return known
  const query = readSoql(text)
  if (parsed.size >= parsedMost) parsed.clear()
  parsed.set(text, query)
  return query
}

const parsed = new Map<string, Query>()
const parsedMost = 500 // A query never changes once it is read, and clients send the same few again and again.

function readSoql(text: string): Query {
  const tokens: string[] = []
  token.lastIndex = 0
  const end = text.trimEnd().length
  while (token.lastIndex < end) {
    const at = token.lastIndex
    const found = token.exec(text)
    if (found === null) throw malformed(`unexpected token: '${text.slice(at, at + 20).trim()}'`)
    tokens.push(found[0].trim())
  }
  const reader = new Reader(tokens)
  const query = reader.select()
  if (!reader.done()) throw malformed(`unexpected token: '${reader.peek()}'`)
  return query
}

class Reader {
  readonly #tokens: readonly string[]
  #at = 0
  constructor(tokens: readonly string[]) {
    this.#tokens = tokens
  }
  done(): boolean {
    return this.#at >= this.#tokens.length
  }
  peek(): string {
    return this.#tokens[this.#at] ?? ''
  }
  #next(): string {
    const value = this.peek()
    this.#at += 1
    return value
  }
  #is(word: string): boolean {
    return this.peek().toUpperCase() === word
  }
  #take(word: string): boolean {
    if (!this.#is(word)) return false
    this.#at += 1
    return true
  }
  #expect(word: string): void {
    if (!this.#take(word)) throw malformed(`expecting '${word}', found '${this.peek() === '' ? '<EOF>' : this.peek()}'`)
  }
  #name(): string {
    const value = this.#next()
    if (!/^[A-Za-z_]/.test(value)) throw malformed(`unexpected token: '${value}'`)
    return value
  }

  select(): Query {
    this.#expect('SELECT')
    const fields: string[][] = []
    const children: Query[] = []
    let count = false
    do {
      if (this.#take('(')) {
        children.push(this.select())
        this.#expect(')')
      } else {
        const name = this.#name()
        if (name.toUpperCase() === 'COUNT' && this.#take('(')) {
          this.#expect(')')
          count = true
        } else fields.push(name.split('.'))
      }
    } while (this.#take(','))
    this.#expect('FROM')
    const from = this.#name()
    const where = this.#take('WHERE') ? this.#conditions() : null
    const order: { path: string[]; descending: boolean }[] = []
    if (this.#take('ORDER')) {
      this.#expect('BY')
      do {
        const path = this.#name().split('.')
        const descending = this.#take('DESC')
        if (!descending) this.#take('ASC')
        if (this.#take('NULLS') && !this.#take('FIRST')) this.#expect('LAST')
        order.push({ path, descending })
      } while (this.#take(','))
    }
    const limit = this.#take('LIMIT') ? Number(this.#next()) : null
    const offset = this.#take('OFFSET') ? Number(this.#next()) : 0
    return { count, fields, children, from, where, order, limit, offset }
  }

  /** AND and OR may not be mixed without brackets. */
  #conditions(): Condition {
    const parts = [this.#condition()]
    let joined: 'and' | 'or' | null = null
    for (;;) {
      const word = this.#is('AND') ? 'and' : this.#is('OR') ? 'or' : null
      if (word === null) break
      if (joined !== null && joined !== word) throw malformed(`unexpected token: '${this.peek()}'`)
      joined = word
      this.#next()
      parts.push(this.#condition())
    }
    return joined === null && parts[0] !== undefined ? parts[0] : { kind: joined ?? 'and', parts }
  }
  #condition(): Condition {
    if (this.#take('NOT')) return { kind: 'not', part: this.#condition() }
    if (this.#take('(')) {
      const inner = this.#conditions()
      this.#expect(')')
      return inner
    }
    const path = this.#name().split('.')
    const operator = this.#next().toUpperCase()
    if (operator === 'NOT') {
      this.#expect('IN')
      return { kind: 'compare', path, operator: 'NOT IN', values: this.#list() }
    }
    if (operator === 'IN') return { kind: 'compare', path, operator, values: this.#list() }
    if (!['=', '!=', '<>', '<', '<=', '>', '>=', 'LIKE'].includes(operator)) throw malformed(`unexpected token: '${operator}'`)
    return { kind: 'compare', path, operator, values: [this.#literal()] }
  }
  #list(): Literal[] {
    this.#expect('(')
    const values = [this.#literal()]
    while (this.#take(',')) values.push(this.#literal())
    this.#expect(')')
    return values
  }
  #literal(): Literal {
    const value = this.#next()
    if (value.startsWith("'")) return unescaped(value.slice(1, -1))
    if (/^\d{4}-\d{2}-\d{2}T/.test(value)) return { dateTime: Date.parse(value) }
    if (/^\d{4}-\d{2}-\d{2}$/.test(value)) return { date: value }
    if (/^-?\d/.test(value)) return Number(value)
    const word = value.toUpperCase()
    if (word === 'TRUE' || word === 'FALSE') return word === 'TRUE'
    if (word === 'NULL') return null
    throw malformed(`unexpected token: '${value}'`)
  }
}

const escapes: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  "'": "'",
  '"': '"',
  '\\': '\\',
  _: '\\_',
  '%': '\\%',
}
const unescaped = (text: string): string =>
  text.replace(/\\(.)/g, (_all, char: string) => {
    const value = escapes[char]
    if (value === undefined) throw malformed(`invalid escape sequence: \\${char}`)
    return value
  })
