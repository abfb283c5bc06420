import { Kysely, sql } from 'kysely'
import { expect, it } from 'vitest'
import { WritersDialect, type SqliteFile } from './sqlite-dialect.js'

/** A file whose disk is full: SQLite ends the transaction by itself and knows none when it is to be rolled back. */
function fullDisk(rollback: string): SqliteFile {
  const fails: Readonly<Record<string, string>> = { rollback, 'select 1': 'database or disk is full' }
  const prepare = (text: string) => ({
    reader: false,
    all: () => [],
    *iterate() {
      yield* []
    },
    run: () => {
      const message = fails[text]
      if (message !== undefined) throw new Error(message)
      return { changes: 0, lastInsertRowid: 0 }
    },
  })
  return { close: () => undefined, prepare }
}
const written = (file: SqliteFile): Promise<unknown> =>
  new Kysely<object>({ dialect: new WritersDialect(file) }).transaction().execute((trx) => sql`select 1`.execute(trx))

it('a full disk is told as such, not by the transaction that it has ended', async () => {
  await expect(written(fullDisk('cannot rollback - no transaction is active'))).rejects.toThrow('database or disk is full')
})

it('another failure of the way back is told', async () => {
  await expect(written(fullDisk('disk I/O error'))).rejects.toThrow('disk I/O error')
})
