import type { CompiledQuery, QueryResult } from 'kysely'
import type pg from 'pg'
import { mannerOf } from './asked.js'

type Parsers = Pick<pg.CustomTypesConfig, 'getTypeParser'>
interface Column {
  readonly name: string
  readonly read: (text: string) => unknown
}

/** What a connection has been told already: the statements it keeps under a name, and the columns their answers have. */
interface Told {
  readonly names: Set<string>
  readonly columns: Map<string, readonly Column[]>
  /** Names that are on their way, in order. */
  readonly onTheirWay: string[]
}
const toldTo = new WeakMap<pg.Connection, Told>()
function told(connection: pg.Connection): Told {
  const known = toldTo.get(connection)
  if (known !== undefined) return known
  const fresh: Told = { names: new Set(), columns: new Map(), onTheirWay: [] }
  connection.on('parseComplete', () => {
    const name = fresh.onTheirWay.shift()
    if (name !== undefined && name !== '') fresh.names.add(name)
  })
  toldTo.set(connection, fresh)
  return fresh
}

const names = new Map<string, string>()
/** The name under which servers keep this text. */
function nameOf(text: string): string {
  const name = names.get(text) ?? `cosell_${names.size + 1}`
  names.set(text, name)
  return name
}

/**
 * Several statements in one journey, with one `Sync` behind the last: when one fails, the server passes over all that follow it and says so
 * once. Together with a `begin` at the front and a `commit` at the end they are one transaction, all of it or nothing. `pg` has a pipeline of
 * its own, in which every statement has its own `Sync` and would be run although the one before it, and be it the `begin`, has failed.
 * Source: postgresql.org "Message Flow", 55.2.4 Pipelining (read for version 15); pg 8.23 calls these methods of whatever has `submit`.
 */
export class Batch implements pg.Submittable {
  readonly answers: QueryResult<unknown>[] = []
  /** Called once with what came; `pg` puts its clock around it. */
  callback: (error: Error | null) => void
  readonly queries: readonly CompiledQuery[]
  readonly #values: readonly (string | null)[][]
  readonly #parsers: Parsers
  #told: Told | null = null
  #columns: readonly Column[] | null = null
  #rows: unknown[] = []
  #flaw: Error | null = null

  /** @throws TypeError for a value that no statement of ours carries, before anything is sent. */
  constructor(queries: readonly CompiledQuery[], parsers: Parsers, callback: (error: Error | null) => void) {
    this.queries = queries
    this.#values = queries.map(({ parameters }) => parameters.map(onTheWire))
    this.#parsers = parsers
    this.callback = callback
  }

  submit(connection: pg.Connection): null {
    const known = told(connection)
    this.#told = known
    const { stream } = connection
    stream.cork()
    try {
      const news = new Set<string>()
      for (const [index, query] of this.queries.entries()) {
        const name = mannerOf(query).isKept === true ? nameOf(query.sql) : ''
        if (!known.names.has(name) && !news.has(name)) {
          if (name !== '') news.add(name)
          known.onTheirWay.push(name)
          connection.parse({ name, text: query.sql, types: [] }, true)
        }
        connection.bind({ portal: '', statement: name, values: this.#values[index] }, true)
        if (!known.columns.has(name)) connection.describe({ type: 'P', name: '' }, true)
        connection.execute({ portal: '' }, true)
      }
      connection.sync()
    } finally {
      stream.uncork()
    }
    return null
  }

  get #name(): string {
    const query = this.queries[this.answers.length]
    return query !== undefined && mannerOf(query).isKept === true ? nameOf(query.sql) : ''
  }
  handleRowDescription({ fields }: { readonly fields: readonly pg.FieldDef[] }): void {
    // Every value comes as a text: none was asked for in binary.
    this.#columns = fields.map(({ name, dataTypeID }) => ({ name, read: this.#parsers.getTypeParser(dataTypeID, 'text') as Column['read'] }))
  }
  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    const columns = this.#columns ?? this.#told?.columns.get(this.#name) ?? []
    try {
      const row: Record<string, unknown> = {}
      columns.forEach(({ name, read }, index) => (row[name] = fields[index] == null ? null : read(fields[index])))
      this.#rows.push(row)
    } catch (error) {
      this.#flaw ??= error instanceof Error ? error : new Error(String(error))
    }
  }
  handleCommandComplete({ text }: { readonly text: string }): void {
    const [command, ...numbers] = text.split(' ')
    const name = this.#name
    if (name !== '') this.#told?.columns.set(name, this.#columns ?? this.#told.columns.get(name) ?? [])
    const changes = command === 'INSERT' || command === 'UPDATE' || command === 'DELETE' || command === 'MERGE'
    this.answers.push({ rows: this.#rows, ...(changes ? { numAffectedRows: BigInt(numbers.at(-1) ?? 0) } : {}) })
    this.#flaw ??= commitFlaw(this.queries[this.answers.length - 1]?.sql, command)
    this.#columns = null
    this.#rows = []
  }
  handleEmptyQuery(): void {
    this.answers.push({ rows: [] })
  }
  handleReadyForQuery(): void {
    this.callback(this.#flaw)
  }
  handleError(error: Error): void {
    // What was behind the one that failed has not been read by the server.
    this.#told?.onTheirWay.splice(0)
    this.callback(error)
  }
}

/** A transaction that failed before is not kept, and to say so the server only calls its commit by another name. */
export const commitFlaw = (text: string | undefined, command: string | undefined): Error | null =>
  text === 'commit' && command === 'ROLLBACK' ? new Error('The transaction had failed before and was not committed.') : null

function onTheWire(value: unknown): string | null {
  switch (typeof value) {
    case 'string':
      return value
    case 'number':
    case 'bigint':
    case 'boolean':
      return String(value)
    default:
      if (value === null || value === undefined) return null
      throw new TypeError('A value of a statement is a text, a number, a truth value or null.')
  }
}
