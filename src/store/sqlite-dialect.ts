import {
  CompiledQuery,
  SqliteAdapter,
  SqliteDialect,
  SqliteDriver,
  type DatabaseConnection,
  type DialectAdapter,
  type Driver,
  type QueryResult,
  type SqliteDialectConfig,
  type TransactionSettings,
} from 'kysely'
import { answersAtOnce } from './asked.js'

export type SqliteFile = Exclude<SqliteDialectConfig['database'], (...args: never[]) => unknown>

/**
 * A transaction takes the right to write as it begins, and waits for it. One that begins as a reader and writes later is refused when a
 * command beside the service wrote in between; and libsql 0.5 does not reset a statement refused as busy, so that the connection would
 * read the past, and refuse to write, until the process ends. `read only` takes no such right and holds nobody up.
 * Source: sqlite.org "Transactions" and "Result codes" (SQLITE_BUSY_SNAPSHOT); the statement was tried with libsql 0.5.29.
 */
export class WritersDialect extends SqliteDialect {
  readonly #database: SqliteFile
  constructor(database: SqliteFile) {
    super({ database })
    this.#database = database
  }
  override createDriver(): Driver {
    return new WritersDriver({ database: this.#database })
  }
  override createAdapter(): DialectAdapter {
    return answersAtOnce(new SqliteAdapter(), (query) => answerOf(this.#database, query))
  }
}

function answerOf(database: SqliteFile, { sql, parameters }: CompiledQuery): QueryResult<unknown> {
  const statement = database.prepare(sql)
  if (statement.reader) return { rows: statement.all(parameters) }
  return { rows: [], numAffectedRows: BigInt(statement.run(parameters).changes) }
}

const beginning = CompiledQuery.raw('begin')
const beginningToWrite = CompiledQuery.raw('begin immediate')
const commit = CompiledQuery.raw('commit')

class WritersDriver extends SqliteDriver {
  override async beginTransaction(connection: DatabaseConnection, settings: TransactionSettings = {}): Promise<void> {
    await connection.executeQuery(settings.accessMode === 'read only' ? beginning : beginningToWrite)
  }
  override async commitTransaction(connection: DatabaseConnection): Promise<void> {
    await connection.executeQuery(commit)
  }

  /** A full or broken disk has ended the transaction already: that is what must be said, not that there is none any more. */
  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    try {
      await super.rollbackTransaction(connection)
    } catch (error) {
      if (!(error instanceof Error && /no transaction is active/.test(error.message))) throw error
    }
  }
}
