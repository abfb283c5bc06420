import { Kysely, sql } from 'kysely'
import { expect, it } from 'vitest'
import { ask } from './asked.js'
import type { Schema } from './schema.js'
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

/** Notes what is asked of it, in order. */
function noting(asked: string[]): SqliteFile {
  const nothing = { changes: 1, lastInsertRowid: 0 }
  const statement = (text: string) => ({ reader: false, all: () => [], iterate: () => [].values(), run: () => (asked.push(text), nothing) })
  return { close: () => undefined, prepare: statement }
}

it('a statement that stands ready is answered straight within a transaction, and outside of it waits for the connection like any other', async () => {
  const asked: string[] = []
  const db = new Kysely<Schema>({ dialect: new WritersDialect(noting(asked)) })
  let outside: unknown = null
  await db.transaction().execute(async (trx) => {
    outside = ask(db, sql`outside`.compile(db))
    await Promise.resolve()
    expect(ask(trx, sql`within`.compile(trx))).toEqual({ rows: [], numAffectedRows: 1n })
  })
  await outside
  expect(asked).toEqual(['begin immediate', 'within', 'commit', 'outside'])
})

it('a statement that fails straight takes the whole transaction back', async () => {
  const undone: string[] = []
  const file = fullDisk('cannot rollback - no transaction is active')
  const prepare: SqliteFile['prepare'] = (text) => (undone.push(text), file.prepare(text))
  const db = new Kysely<Schema>({ dialect: new WritersDialect({ ...file, prepare }) })
  const work = db.transaction().execute(async (trx) => ask(trx, sql`select 1`.compile(trx)))
  await expect(work).rejects.toThrow('database or disk is full')
  expect(undone).toEqual(['begin immediate', 'select 1', 'rollback'])
})
