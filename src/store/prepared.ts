import type { Compilable, CompiledQuery, QueryResult } from 'kysely'
import { ask, ON_ITS_WAY, type Manner } from './asked.js'
import type { Db, Trx } from './schema.js'

/** Stands in a statement for a value that is given when the statement is run. */
class Slot {
  readonly row: number
  readonly name: string
  constructor(row: number, name: string) {
    this.row = row
    this.name = name
  }
}

type Build<V, R> = (db: Db, rows: readonly V[]) => Compilable<R>
// Lists up to the first of these have a text for each length; longer ones are taken in pieces of these lengths, so that a burst meets texts that
// are known and the database meets few of them.
const PIECES = [16, 32, 64] as const
/** The longest piece that a list of this length begins with. */
const pieceOf = (length: number): number => PIECES.findLast((piece) => piece <= length) ?? length

/** A statement that is known by its text: what it is run over is given each time. */
export interface Prepared<V, R> {
  (db: Db | Trx, given: V): Promise<QueryResult<R>>
  /**
   * Run where nobody waits for its answer: on PostgreSQL it goes along with what is asked next, and fails with that or with the commit. `heard`
   * is told the answer when it has come: here and now on SQLite, after the commit at the latest.
   */
  later(trx: Trx, given: V, heard?: (answer: QueryResult<R>) => void): Promise<void>
  /** The statements themselves, to be asked together with others. */
  queries(db: Db | Trx, given: V): readonly CompiledQuery<R>[]
}

/**
 * A statement over a list of rows whose text is made once for each length of the list: building and compiling it costs more than running
 * it, and the same few are run all day. A long list is run in several statements. The rows that `build` gets hold places, not values: it must not look into them.
 */
export function preparedMany<V extends object, R>(build: Build<V, R>): Prepared<readonly V[], R> {
  const known = new WeakMap<object, Map<number, CompiledQuery<R>>>()
  const textFor = (db: Db | Trx, length: number): CompiledQuery<R> => {
    // The two databases write a place for a value differently; what compiles for one of them is the same object in all its transactions.
    const { adapter } = db.getExecutor()
    const texts = known.get(adapter) ?? new Map<number, CompiledQuery<R>>()
    known.set(adapter, texts)
    const text = texts.get(length) ?? build(db, Array.from({ length }, (_, row) => places<V>(row))).compile()
    texts.set(length, text)
    return text
  }
  const query = (db: Db | Trx, rows: readonly V[], manner: Manner): CompiledQuery<R> => {
    const text = textFor(db, rows.length)
    const valueOf = ({ row, name }: Slot): unknown => (rows[row] as Readonly<Record<string, unknown>> | undefined)?.[name] // the name of a member of V
    const parameters = text.parameters.map((given) => (given instanceof Slot ? valueOf(given) : given))
    return { ...text, parameters, ...manner }
  }
  const queries = (db: Db | Trx, rows: readonly V[], manner: Manner = kept): readonly CompiledQuery<R>[] => {
    if (pieceOf(rows.length) === rows.length) return [query(db, rows, manner)]
    const pieces: CompiledQuery<R>[] = []
    for (let start = 0; start < rows.length; ) {
      const end = start + pieceOf(rows.length - start)
      pieces.push(query(db, rows.slice(start, end), manner))
      start = end
    }
    return pieces
  }
  const run = async (db: Db | Trx, rows: readonly V[]): Promise<QueryResult<R>> => {
    const [first, ...others] = queries(db, rows)
    if (first === undefined) return { rows: [] }
    if (others.length === 0) return ask(db, first)
    const answers = [await ask(db, first)]
    for (const other of others) answers.push(await ask(db, other))
    return joined(answers)
  }
  const later = async (trx: Trx, rows: readonly V[], heard?: (answer: QueryResult<R>) => void): Promise<void> => {
    const manner = heard === undefined ? unanswered : { ...unanswered, heard: heard as (answer: QueryResult<unknown>) => void } // its own answer, see Manner
    for (const each of queries(trx, rows, manner)) {
      const answer = await ask(trx, each)
      if (answer !== ON_ITS_WAY) heard?.(answer)
    }
  }
  return Object.assign(run, { later, queries: (db: Db | Trx, rows: readonly V[]) => queries(db, rows) })
}
const kept: Manner = { isKept: true }
const unanswered: Manner = { isKept: true, mayWait: true }

/** The answers to the pieces of one list, as one. */
export const joined = <R>(answers: readonly QueryResult<R>[]): QueryResult<R> => ({
  rows: answers.flatMap(({ rows }) => rows),
  numAffectedRows: answers.reduce((sum, { numAffectedRows = 0n }) => sum + numAffectedRows, 0n),
})

/** The same for one set of values. */
export function prepared<V extends object, R>(build: (db: Db, values: V) => Compilable<R>): Prepared<V, R> {
  const many = preparedMany<V, R>((db, rows) => build(db, rows[0] ?? places<V>(0)))
  return Object.assign((db: Db | Trx, values: V) => many(db, [values]), {
    later: (trx: Trx, values: V, heard?: (answer: QueryResult<R>) => void) => many.later(trx, [values], heard),
    queries: (db: Db | Trx, values: V) => many.queries(db, [values]),
  })
}

/** Whatever is asked of it is a place for the value of that name. */
const places = <V extends object>(row: number): V =>
  new Proxy({} as V, { get: (_target, name) => new Slot(row, String(name)) }) // the builder only hands on what it is given

/** Takes a row's columns from what stands for it, each of them: one that the row's type demands and that is not named does not compile. */
export function columnsFrom<T extends object>(names: Readonly<Record<keyof T, true>>): (row: T) => T {
  const all = Object.keys(names) as (keyof T)[] // the keys of a record of keys of T
  return (row) => Object.fromEntries(all.map((name) => [name, row[name]])) as T // every key of T
}
