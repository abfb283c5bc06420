import {
  CompiledQuery,
  PostgresAdapter,
  PostgresDialect,
  type DatabaseConnection,
  type DialectAdapter,
  type Driver,
  type QueryResult,
  type TransactionSettings,
} from 'kysely'
import type pg from 'pg'
import { lostServer } from './lost-server.js'
import { knowsManners, mannerOf, ON_ITS_WAY } from './asked.js'
import { Batch, commitFlaw } from './postgres-batch.js'

/**
 * Kysely's dialect, with fewer journeys to the server: a transaction begins with its first statement, what need not be answered at once goes
 * along with the next, and what belongs together is asked together. A transaction that asked nothing is never begun.
 */
export class JourneysDialect extends PostgresDialect {
  readonly #pool: pg.Pool
  constructor(pool: pg.Pool) {
    super({ pool })
    this.#pool = pool
  }
  override createDriver(): Driver {
    return new JourneysDriver(this.#pool)
  }
  override createAdapter(): DialectAdapter {
    return knowsManners(new PostgresAdapter())
  }
}

// What is kept is read once, and after some runs planned for good: to plan it each time costs as much as to run it. A plan that was made over
// an empty table would be used long after it has filled, so all are dropped now and then; a table grows little in so many uses.
// Source: postgresql.org "PREPARE" and "DISCARD" (read for version 15).
const usesOfPlans = 500

class JourneysDriver implements Driver {
  readonly #pool: pg.Pool
  readonly #connections = new WeakMap<pg.PoolClient, JourneysConnection>()
  constructor(pool: pg.Pool) {
    this.#pool = pool
  }
  init(): Promise<void> {
    return Promise.resolve()
  }
  async acquireConnection(): Promise<JourneysConnection> {
    const client = await this.#pool.connect().catch(told)
    const connection = this.#connections.get(client) ?? new JourneysConnection(client)
    this.#connections.set(client, connection)
    try {
      await connection.use()
    } catch (error) {
      client.release(true)
      return told(error)
    }
    return connection
  }
  beginTransaction(connection: JourneysConnection, settings: TransactionSettings): Promise<void> {
    connection.begin(settings)
    return Promise.resolve()
  }
  commitTransaction(connection: JourneysConnection): Promise<void> {
    return connection.commit()
  }
  rollbackTransaction(connection: JourneysConnection): Promise<void> {
    return connection.rollback()
  }
  releaseConnection(connection: JourneysConnection): Promise<void> {
    connection.release()
    return Promise.resolve()
  }
  destroy(): Promise<void> {
    return this.#pool.end()
  }
}

/** A server that went away is told as such, with what to do; everything else as it is. */
const told = (error: unknown): never => {
  throw lostServer(error) ?? error
}

const beginning = ({ isolationLevel, accessMode }: TransactionSettings): string =>
  isolationLevel === undefined && accessMode === undefined
    ? 'begin'
    : `start transaction${isolationLevel === undefined ? '' : ` isolation level ${isolationLevel}`}${accessMode === undefined ? '' : ` ${accessMode}`}`

const kept = (text: string): CompiledQuery => ({ ...CompiledQuery.raw(text), isKept: true }) as CompiledQuery // with its manner
const commit = kept('commit')

class JourneysConnection implements DatabaseConnection {
  readonly #client: pg.PoolClient
  /** What goes along with the next statement, in order. */
  #ahead: CompiledQuery[] = []
  /** Of the transaction that is under way: whether the server knows of it. */
  #transaction: 'none' | 'not begun' | 'begun' = 'none'
  #isLost = false
  #uses = 0

  constructor(client: pg.PoolClient) {
    this.#client = client
  }

  async use(): Promise<void> {
    this.#uses += 1
    if (this.#uses % usesOfPlans === 0) await this.#client.query('discard plans')
  }

  begin(settings: TransactionSettings): void {
    this.#ahead = [kept(beginning(settings))]
    this.#transaction = 'not begun'
  }
  async commit(): Promise<void> {
    if (this.#transaction === 'begun') await this.executeQuery(commit)
    // Whatever waited still was asked for: only a transaction of nothing is nothing.
    else if (this.#ahead.length > 1) await this.executeQuery(commit)
    this.#ahead = []
    this.#transaction = 'none'
  }
  async rollback(): Promise<void> {
    const isBegun = this.#transaction === 'begun'
    this.#ahead = []
    this.#transaction = 'none'
    // Whoever rolls back tells why it did; a connection that cannot even do this is not used again.
    if (isBegun && !this.#isLost) await this.executeQuery(CompiledQuery.raw('rollback')).catch(() => (this.#isLost = true))
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { mayWait = false, together = null } = mannerOf(query)
    if (mayWait && this.#transaction !== 'none') {
      this.#ahead.push(query)
      return ON_ITS_WAY
    }
    const ahead = this.#ahead
    this.#ahead = []
    if (this.#transaction === 'not begun') this.#transaction = 'begun'
    const answers = await this.#send([...ahead, ...(together ?? [query])])
    ahead.forEach((waited, index) => mannerOf(waited).heard?.(answers[index] ?? ON_ITS_WAY))
    // As rows of R: what was asked says what they are.
    if (together === null) return answers.at(-1) as QueryResult<R>
    return { rows: answers.slice(ahead.length) as R[] } // the same
  }

  streamQuery(): never {
    throw new Error('No answer is read piece by piece.')
  }

  release(): void {
    this.#client.release(this.#isLost)
  }

  async #send(queries: readonly CompiledQuery[]): Promise<readonly QueryResult<unknown>[]> {
    try {
      const [only] = queries
      // Alone and without a value it may be several statements in one text, and some may not stand beside others.
      if (only !== undefined && queries.length === 1 && only.parameters.length === 0) return [await this.#alone(only.sql)]
      return await new Promise((resolve, reject) => {
        const batch = new Batch(queries, this.#client, (error) => (error === null ? resolve(batch.answers) : reject(error)))
        this.#client.query(batch)
      })
    } catch (error) {
      // A connection whose answer did not come is cut: the next query gets another one, and never the late answer of this.
      if (error instanceof Error && error.message === 'Query read timeout') this.#isLost = true
      return told(error)
    }
  }

  async #alone(text: string): Promise<QueryResult<unknown>> {
    const { command, rowCount, rows } = await this.#client.query<Record<string, unknown>>(text)
    const flaw = commitFlaw(text, command)
    if (flaw !== null) throw flaw
    const changes = command === 'INSERT' || command === 'UPDATE' || command === 'DELETE' || command === 'MERGE'
    return { rows, ...(changes ? { numAffectedRows: BigInt(rowCount ?? 0) } : {}) }
  }
}
