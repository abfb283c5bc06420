import type { CompiledQuery, QueryResult } from 'kysely'
import type { Db, Trx } from './schema.js'

/** How a statement is to be run, beside its text and values. Drivers that know nothing of it run each statement at once. */
export interface Manner {
  /** The same text is run all day: the server reads it once for each connection. */
  readonly isKept?: boolean
  /** Nobody looks at its answer: within a transaction it may go along with what is asked next, and fails with that at the latest. */
  readonly mayWait?: boolean
  /** Of one that may wait: told its answer when it has come, which is after the commit where it went along with that. */
  readonly heard?: (answer: QueryResult<unknown>) => void
  /** These are run one after another, in one journey; the rows of the answer are their answers. */
  readonly together?: readonly CompiledQuery[]
}
/** A statement with its manner, as a driver is handed it. */
export const mannerOf = (query: CompiledQuery): Manner => query as CompiledQuery & Manner // whoever made it may have added its manner

/** Handed out for a statement that waits: its answer comes later, to whoever hears it. */
export const ON_ITS_WAY: QueryResult<never> = { rows: [] }

/** Something to be asked of the database: its statements, and what their answers mean. */
export interface Asked<T> {
  readonly queries: readonly CompiledQuery[]
  readonly read: (answers: readonly QueryResult<unknown>[]) => T
}

/** Asks all of it in one journey where the database can, in the order given. What an answer means is read after all have come. */
export async function together<A, B, C = null>(
  db: Db | Trx,
  a: Asked<A>,
  b: Asked<B>,
  c: Asked<C> = nothing as Asked<C>, // C is null where there is no third
): Promise<[A, B, C]> {
  const answers = await answersOf(db, [...a.queries, ...b.queries, ...c.queries])
  const [second, third] = [a.queries.length, a.queries.length + b.queries.length]
  return [a.read(answers.slice(0, second)), b.read(answers.slice(second, third)), c.read(answers.slice(third))]
}
const nothing: Asked<null> = { queries: [], read: () => null }

/** Asks it by itself. */
export const alone = async <T>(db: Db | Trx, asked: Asked<T>): Promise<T> => asked.read(await answersOf(db, asked.queries))

async function answersOf(db: Db | Trx, queries: readonly CompiledQuery[]): Promise<readonly QueryResult<unknown>[]> {
  const [only] = queries
  if (only === undefined) return []
  if (queries.length === 1) return [await ask(db, only)]
  if (goesTogether(db)) {
    const { rows } = await db.executeQuery({ ...only, together: queries } as CompiledQuery) // the driver's answer to several statements
    return rows as QueryResult<unknown>[]
  }
  const answers: QueryResult<unknown>[] = []
  for (const query of queries) answers.push(await ask(db, query))
  return answers
}

const journeying = new WeakSet<object>()
/** Said by a dialect of its adapter: its driver knows manners. */
export const knowsManners = <T extends object>(adapter: T): T => {
  journeying.add(adapter)
  return adapter
}
const goesTogether = (db: Db | Trx): boolean => journeying.has(db.getExecutor().adapter)

type AtOnce = (query: CompiledQuery) => QueryResult<unknown>
const answeringAtOnce = new WeakMap<object, AtOnce>()
/**
 * Said by a dialect of its adapter: its one connection answers here and now. Who is in a transaction has it, and asks it straight: Kysely's way
 * there, made for connections that must be waited for, takes longer than most statements.
 */
export const answersAtOnce = <T extends object>(adapter: T, answer: AtOnce): T => {
  answeringAtOnce.set(adapter, answer)
  return adapter
}

/** Asks a statement that stands ready. */
export function ask<R>(db: Db | Trx, query: CompiledQuery<R>): Promise<QueryResult<R>> | QueryResult<R> {
  const answer = db.isTransaction ? answeringAtOnce.get(db.getExecutor().adapter) : undefined
  return answer === undefined ? db.executeQuery(query) : (answer(query) as QueryResult<R>) // rows of R, as the statement says
}
