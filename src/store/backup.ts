import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open as openFile, rename, rm } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createGzip } from 'node:zlib'
import { sql, type Kysely } from 'kysely'
import { z } from 'zod'
import { Fault, isFault } from '../core/fault.js'
import { columnsOf, parse as linkIn } from './links.js'
import { outcomeIn } from './ledger.js'
import { openDatabase, inTransaction, type OpenDatabase, type Trx } from './database.js'
import { knownSchema } from './migrations.js'
import { TABLES, type StoredTable } from './schema.js'

/**
 * A backup is the whole store as gzipped lines of JSON: a head, one line a row, and an end that carries the counts and a digest, so that
 * a file cut short is known before anything is touched. It is the same for both stores: an embedded one can be restored into PostgreSQL.
 * Sealed secrets stay sealed; the sealing key is not part of it.
 */
export interface BackupSummary {
  readonly madeAt: string
  readonly schema: number
  readonly rows: Readonly<Record<string, number>>
}

const head = z.object({ format: z.literal('cosell-backup'), version: z.literal(1), schema: z.number().int(), madeAt: z.string() })
const row = z.object({ table: z.string(), row: z.record(z.string(), z.union([z.string(), z.number(), z.null()])) })
const end = z.object({ end: z.literal(true), rows: z.record(z.string(), z.number().int()), sha256: z.string() })
type Row = z.output<typeof row>['row']

const pageRows = 1_000 // Few enough to hold, many enough that the pages cost nothing beside the disk.

/** Writes the whole store as of one moment. It may run beside a service that works on. */
export async function writeBackup(url: string, file: string, now: number): Promise<BackupSummary> {
  const database = await openDatabase(url, 'beside')
  const partial = `${file}.partial`
  try {
    const counts: Record<string, number> = {}
    const digest = createHash('sha256')
    const madeAt = new Date(now).toISOString()
    const schema = await schemaOf(database)
    const lines = async function* (trx: Trx): AsyncGenerator<string> {
      const line = (value: object): string => {
        const text = `${JSON.stringify(value)}\n`
        digest.update(text)
        return text
      }
      yield line({ format: 'cosell-backup', version: 1, schema, madeAt })
      for (const table of TABLES) {
        counts[table.name] = 0
        for await (const found of rowsOf(trx, table)) {
          counts[table.name] = (counts[table.name] ?? 0) + 1
          yield line({ table: table.name, row: found })
        }
      }
      yield `${JSON.stringify({ end: true, rows: counts, sha256: digest.digest('hex') })}\n`
    }
    await snapshot(database, (trx) => pipeline(Readable.from(lines(trx)), createGzip(), createWriteStream(partial, { mode: 0o600 })))
    await flush(partial)
    await rename(partial, file)
    return { madeAt, schema, rows: counts }
  } finally {
    await rm(partial, { force: true })
    await database.close()
  }
}

/** A store of another version has other tables than this program would ask for. */
async function schemaOf({ db }: OpenDatabase): Promise<number> {
  const { newest } = await db
    .selectFrom('schema_version')
    .select((eb) => eb.fn.max('number').as('newest'))
    .executeTakeFirstOrThrow()
  if (newest === knownSchema()) return newest
  throw new Fault('misconfigured', `The store has schema ${newest}; this program knows ${knownSchema()}.`, {
    remedy: 'Back it up with the version of cosell that serves it, or start this version once.',
  })
}

/** One moment's picture for all tables. */
function snapshot<T>({ db, kind }: OpenDatabase, work: (trx: Trx) => Promise<T>): Promise<T> {
  // SQLite's transactions read one moment anyway; on PostgreSQL each statement would see a newer one.
  const reading = db.transaction().setAccessMode('read only')
  return kind === 'sqlite' ? reading.execute(work) : reading.setIsolationLevel('repeatable read').execute(work)
}

async function* rowsOf(trx: Trx, table: StoredTable): AsyncGenerator<Row> {
  const any = untyped(trx)
  let after: Row | null = null
  for (;;) {
    let query = any.selectFrom(table.name).selectAll().limit(pageRows)
    for (const key of table.key) query = query.orderBy(key)
    if (after !== null) {
      const from = after
      query = query.where(
        sql<boolean>`(${sql.join(table.key.map((key) => sql.ref(key)))}) > (${sql.join(table.key.map((key) => from[key]))})`,
      )
    }
    const page = (await query.execute()) as Row[] // every column is a text, a number or null
    yield* page
    after = page.at(-1) ?? null
    if (page.length < pageRows || after === null) return
  }
}

/** The table's name is known at run time only. */
const untyped = (trx: Trx): Kysely<Record<string, Row>> => trx as unknown as Kysely<Record<string, Row>> // the same transaction, named less closely

/** What stands in a backup file. @throws Fault `rejected` when it is none, or not whole. */
export async function checkBackup(file: string): Promise<BackupSummary> {
  const digest = createHash('sha256')
  const counts: Record<string, number> = {}
  let opening: z.output<typeof head> | null = null
  let closing: z.output<typeof end> | null = null
  for await (const text of linesOf(file)) {
    if (closing !== null) throw damaged(file, 'there is more after its end')
    const value = parsed(text, file)
    if (opening === null) {
      const read = head.safeParse(value)
      if (!read.success) throw damaged(file, 'it does not begin as a backup of cosell does')
      opening = read.data
    } else {
      const last = end.safeParse(value)
      if (last.success) {
        closing = last.data
        continue
      }
      const read = row.safeParse(value)
      if (!read.success || !TABLES.some((table) => table.name === read.data.table))
        throw damaged(file, 'it holds a line that is no row of the store')
      counts[read.data.table] = (counts[read.data.table] ?? 0) + 1
    }
    digest.update(`${text}\n`)
  }
  if (opening === null || closing === null) throw damaged(file, 'it is cut short')
  if (closing.sha256 !== digest.digest('hex')) throw damaged(file, 'its content does not fit its digest')
  if (opening.schema > knownSchema()) {
    throw new Fault('rejected', `${file} was made by a newer cosell (schema ${opening.schema}; this program knows ${knownSchema()}).`, {
      remedy: 'Restore it with that version.',
    })
  }
  return { madeAt: opening.madeAt, schema: opening.schema, rows: { ...Object.fromEntries(TABLES.map(({ name }) => [name, 0])), ...counts } }
}

/** How many deals a restore would replace; none where there is no store yet. Changes nothing. */
export async function heldDeals(url: string): Promise<number> {
  let database: OpenDatabase
  try {
    database = await openDatabase(url, 'beside')
  } catch (error) {
    if (isFault(error) && error.kind === 'misconfigured') return 0
    throw error
  }
  try {
    const { n } = await database.db.selectFrom('link').select((eb) => eb.fn.countAll<number>().as('n')).executeTakeFirstOrThrow()
    return Number(n)
  } finally {
    await database.close()
  }
}

/** What the unpacking says of a file that was never packed means nothing to people. */
const notPacked = (cause: unknown): string => {
  const text = cause instanceof Error ? cause.message : String(cause)
  return text === 'incorrect header check' ? 'it is no packed file' : text
}

const damaged = (file: string, why: string): Fault =>
  new Fault('misconfigured', `${file} is not a whole backup: ${why}. Nothing was changed.`, {
    remedy: 'Give a file that "cosell backup" wrote.',
  })

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw damaged(file, 'it holds a line that is no JSON')
  }
}

async function* linesOf(file: string): AsyncGenerator<string> {
  const lines = createInterface({ input: Readable.from(unzipped(file)), crlfDelay: Infinity })
  yield* lines
}

/** @throws Fault when it is not gzipped, whole or at all, or is not there. */
async function* unzipped(file: string): AsyncGenerator<Buffer> {
  try {
    const source = createReadStream(file)
    const gunzip = createGunzip()
    source.on('error', (error) => gunzip.destroy(error))
    for await (const chunk of source.pipe(gunzip)) yield chunk as Buffer // a stream without an encoding gives buffers
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')
      throw new Fault('misconfigured', `There is no file ${file}.`, { remedy: 'Check the path.', cause })
    throw damaged(file, notPacked(cause))
  }
}

export interface RestoreOptions {
  /** `empty`: refuse a store that holds anything · `replace`: a person said that it may go. */
  readonly over: 'empty' | 'replace'
  readonly now: number
}

/** Puts a backup into the store of this configuration, all of it or nothing. No service may be using the store. */
export async function restoreBackup(database: OpenDatabase, file: string, options: RestoreOptions): Promise<BackupSummary> {
  const summary = await checkBackup(file)
  await inTransaction(database, async (trx) => {
    await refuseWhileUsed(trx, options)
    for (const table of TABLES) await untyped(trx).deleteFrom(table.name).execute()
    let batch: { table: StoredTable; rows: Row[] } | null = null
    for await (const text of linesOf(file)) {
      const read = row.safeParse(JSON.parse(text))
      const table = read.success ? TABLES.find(({ name }) => name === read.data.table) : undefined
      if (!read.success || table === undefined) continue
      if (batch !== null && (batch.table !== table || batch.rows.length >= insertRows)) {
        await insert(trx, batch)
        batch = null
      }
      batch ??= { table, rows: [] }
      batch.rows.push(stored(table, read.data.row))
    }
    if (batch !== null) await insert(trx, batch)
  })
  return summary
}

const insertRows = 50 // The widest table has 16 columns, and PostgreSQL takes 65,535 values in one statement, SQLite 32,766.

const insert = (trx: Trx, { table, rows }: { table: StoredTable; rows: Row[] }): Promise<unknown> =>
  untyped(trx).insertInto(table.name).values(rows).execute()

/**
 * As it goes in: numbers that the database counts itself are left to it, nobody holds a lease any more, and what is kept beside a document to
 * search by is read from it, which an earlier version may have done otherwise.
 */
function stored(table: StoredTable, found: Row): Row {
  const { [table.counted ?? '']: _counted, ...rest } = found
  switch (table.name) {
    case 'dirty':
      return { ...rest, lease_token: null, leased_until: 0, leased_marks: 0 }
    case 'link':
      return { ...rest, ...columnsOf(linkIn(String(rest['doc']), Number(rest['revision'])), Number(rest['updated_at'])) }
    case 'audit':
      return { ...rest, outcome: rest['outcome'] ?? outcomeIn(String(rest['kind']), rest['payload'] ?? null) }
    default:
      return rest
  }
}

async function refuseWhileUsed(trx: Trx, { over, now }: RestoreOptions): Promise<void> {
  const working = await trx.selectFrom('dirty').select('link').where('leased_until', '>', now).limit(1).executeTakeFirst()
  if (working !== undefined) {
    throw new Fault('rejected', 'A service is working on this store. Nothing was changed.', {
      remedy: 'Stop every process that uses it, wait a minute for its leases to end, and restore again.',
    })
  }
  if (over === 'replace') return
  const { count } = await trx
    .selectFrom('link')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .executeTakeFirstOrThrow()
  if (Number(count) > 0) {
    throw new Fault('rejected', `This store already holds ${count} deals. Nothing was changed.`, {
      remedy: 'Give --yes to replace them with what is in the backup, or name an empty store in the configuration.',
    })
  }
}

/** So that a backup survives the loss of power that follows it. */
async function flush(file: string): Promise<void> {
  const handle = await openFile(file, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
