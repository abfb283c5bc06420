import { closeSync, existsSync, fdatasync, fstatSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import Database from 'libsql'
import { Kysely, sql } from 'kysely'
import pg from 'pg'
import { Fault } from '../core/fault.js'
import { sharedFlush, writeAllAgain, type Flush } from './flush.js'
import { prepared } from './prepared.js'
import { JourneysDialect } from './postgres-dialect.js'
import type { Db, Schema, Trx } from './schema.js'
import { WritersDialect, type SqliteFile } from './sqlite-dialect.js'


export type { Db, Trx }

/** An open database. This file is the only one that knows which of the two it is. */
export interface OpenDatabase {
  readonly db: Db
  readonly kind: 'sqlite' | 'postgres'
  /** The folder of an embedded store; null for PostgreSQL. */
  readonly folder: string | null
  /** After a commit: it survives the loss of power, not only of the process. PostgreSQL says so with the commit itself. */
  readonly durable: Flush
  /**
   * For the log of commits, within a transaction that has written something: whoever holds the lock of writers is alone at the end of the
   * file. In one that only read, another process may be writing there at the same moment.
   */
  readonly makeRoom: () => void
  /** Tells everyone on the same database that a tenant has work. */
  announce(tenant: string): void
  onAnnounce(tenant: string, callback: () => void): () => void
  close(): Promise<void>
}

export const isPostgres = (url: string): boolean => /^postgres(ql)?:\/\//.test(url)
/** `own`: this process works on it · `beside`: it only reads, or changes single values, while another process may be working on it. */
export type Standing = 'own' | 'beside'

const queryMs = 60_000 // As long as a lease: what takes longer is nobody's any more.

/** `longestMs`: how long PostgreSQL may take for one answer. */
export const openDatabase = async (url: string, standing: Standing, longestMs = queryMs): Promise<OpenDatabase> =>
  isPostgres(url) ? openPostgres(url, longestMs) : openSqlite(url, standing)

// Pages, 32 MB. A checkpoint copies each page once, however often it was written since the last one, and waits for the disk while it does:
// eight times SQLite's own number, a busy service is held up an eighth as often and copies a fraction. A start after a crash reads it in 50 ms.
const checkpointing = 'wal_autocheckpoint = 8000'
// Kibibytes. One event touches some fifty pages, most of them leaves of the orders of the ledger and of deals: SQLite's own two megabytes lose them
// between two events, and reading them back cost a twenty-fifth of an event.
const caching = 'cache_size = -8000'

function openSqlite(path: string, standing: Standing): OpenDatabase {
  const folder = resolve(path)
  if (standing === 'beside' && !existsSync(join(folder, 'cosell.db'))) {
    throw new Fault('misconfigured', `There is no store in ${folder}.`, { remedy: 'Check the setting "store", or start the service once.' })
  }
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  for (const name of ['lock.db', 'cosell.db']) makePrivate(join(folder, name))
  const lock = standing === 'own' ? lockFolder(folder) : null
  const file = new Database(join(folder, 'cosell.db'))
  // NORMAL: a commit is written, and durable() flushes it, beside the event loop and for everyone who waits; SQLite itself flushes around checkpoints.
  // The patience first: whoever had the folder a moment ago may still be putting its log away.
  for (const pragma of ['busy_timeout = 5000', 'journal_mode = WAL', checkpointing, caching, 'synchronous = NORMAL', 'foreign_keys = ON']) file.pragma(pragma)
  const log = writeAheadLog(file, folder)
  const db = new Kysely<Schema>({ dialect: new WritersDialect(preparedOnce(file)) })
  const bell = tenantBell()
  return {
    db,
    kind: 'sqlite',
    folder,
    durable: sharedFlush(log.flush, log.writeAgain),
    makeRoom: log.makeRoom,
    announce: bell.ring,
    onAnnounce: bell.onRing,
    close: async () => {
      await db.destroy()
      log.close()
      lock?.exec('ROLLBACK')
      lock?.close()
    },
  }
}

/** The folder may have been there before us, open to everybody. SQLite gives the files beside a database the mode of the database. */
const makePrivate = (file: string): void => closeSync(openSync(file, 'a', 0o600))

const flushData = promisify(fdatasync)
const roomBytes = 2 * 1_048_576 // Written in a millisecond, and enough for some fifty commits of a busy service.
const commitsPerLook = 8

interface Log {
  flush(): Promise<void>
  /** Gives the disk once more all that the system holds of the file, which is what SQLite itself reads. @throws Error while somebody writes. */
  writeAgain(): void
  makeRoom(): void
  close(): void
}

/**
 * The file that holds every commit until a checkpoint. It lives as long as a connection is open, and ours is. A file that grows has its new
 * length written down with every flush, which takes some disks many times as long as the commit itself: zeros are laid out ahead of the
 * commits now and then, by whoever holds the lock of writers. SQLite reads a log up to the first frame that is none, so they say nothing.
 */
function writeAheadLog(file: InstanceType<typeof Database>, folder: string): Log {
  file.exec('BEGIN IMMEDIATE') // SQLite makes the file with the first write transaction.
  const descriptor = openSync(join(folder, 'cosell.db-wal'), 'r+')
  let laidOut = -1
  let commits = 0
  const makeRoom = (): void => {
    if (commits++ % commitsPerLook !== 0) return
    const { size } = fstatSync(descriptor)
    if (size <= laidOut) return
    laidOut = size + roomBytes
    try {
      writeSync(descriptor, Buffer.alloc(roomBytes), 0, roomBytes, size)
    } catch {
      laidOut = Number.POSITIVE_INFINITY // A disk without room for them may have some for the commits, which say it themselves when not.
    }
  }
  makeRoom()
  file.exec('COMMIT')
  const directory = openSync(folder, 'r')
  fsyncSync(directory) // The name of a new file is part of what must survive.
  closeSync(directory)
  const writeAgain = (): void => {
    file.exec('BEGIN IMMEDIATE') // Nobody else writes there meanwhile, and nobody begins the file anew.
    try {
      writeAllAgain(descriptor)
    } finally {
      file.exec('ROLLBACK')
    }
  }
  return { flush: () => flushData(descriptor), writeAgain, makeRoom, close: () => closeSync(descriptor) }
}

const statementsMost = 300 // More than there are; lists of ids of every length share the rest.

/** Preparing a statement costs more than most of them take to run, and the same few are run all day. */
function preparedOnce(file: InstanceType<typeof Database>): SqliteFile {
  const kept = new Map<string, ReturnType<SqliteFile['prepare']>>()
  return {
    close: () => void file.close(),
    prepare(text) {
      const known = kept.get(text)
      if (known !== undefined) return known
      const statement = file.prepare(text) as unknown as ReturnType<SqliteFile['prepare']> // libsql has better-sqlite3's interface, not its type
      // Whether it gives rows is asked before every run, and asking the library each time costs as much as a small statement.
      const { reader } = statement
      const made = {
        reader,
        all: (parameters: readonly unknown[]) => statement.all(parameters),
        run: (parameters: readonly unknown[]) => statement.run(parameters),
        iterate: (parameters: readonly unknown[]) => statement.iterate(parameters),
      }
      const [oldest] = kept.keys()
      if (kept.size >= statementsMost && oldest !== undefined) kept.delete(oldest)
      kept.set(text, made)
      return made
    },
  }
}

/** The code of a fault: another process has the store. */
export const STORE_TAKEN = 'store-taken'

/** One process owns the folder: an open write transaction on a file of its own, which ends with the process however it dies. */
function lockFolder(folder: string): { exec(sql: string): unknown; close(): void } {
  const lock = new Database(join(folder, 'lock.db'))
  try {
    lock.pragma('busy_timeout = 0')
    lock.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    lock.close()
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'SQLITE_BUSY')) throw cause
    throw new Fault('misconfigured', `Another cosell process is using the store in ${folder}.`, {
      remedy:
        'Use the running service (commands find it by themselves), stop it, or give the store as a postgres:// address for several processes.',
      code: STORE_TAKEN,
      cause,
    })
  }
  return lock
}

const channel = 'cosell_marks'
const everyTenant = '' // No tenant has this name; an announcement of a version that named none reads the same.

/** Who waits for work, tenant by tenant: the work of one wakes nobody else. */
function tenantBell(): { ring(tenant: string): void; onRing(tenant: string, callback: () => void): () => void } {
  const waiting = new Map<string, Set<() => void>>()
  return {
    ring(tenant) {
      for (const [of, callbacks] of waiting) if (tenant === of || tenant === everyTenant) for (const callback of callbacks) callback()
    },
    onRing(tenant, callback) {
      const callbacks = waiting.get(tenant) ?? new Set()
      waiting.set(tenant, callbacks.add(callback))
      return () => void callbacks.delete(callback)
    },
  }
}

/**
 * A server or a network that falls silent closes nothing: without these a query would wait for ever, and with it every lock it holds. The
 * address of the store may say otherwise, for example `?query_timeout=300000`.
 */
const quietPatience = { connectionTimeoutMillis: 10_000, keepAlive: true, keepAliveInitialDelayMillis: 10_000 } as const
const patience = {
  ...quietPatience,
  query_timeout: queryMs,
  idle_in_transaction_session_timeout: 60_000, // The server's side of the same: it lets go of the locks of a client that is gone.
} as const

async function openPostgres(url: string, longestMs: number): Promise<OpenDatabase> {
  const parsed = new pg.TypeOverrides()
  parsed.setTypeParser(20, Number) // bigint: our integers are milliseconds and counts, far below 2^53
  const pool = new pg.Pool({ ...patience, query_timeout: longestMs, connectionString: url, max: 10, types: parsed })
  pool.on('error', () => undefined) // A broken idle connection is replaced by the pool; the next query says what is wrong.
  // One that breaks between two statements of a transaction says so itself, and unheard that would end the process: the next statement fails anyway.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const db = new Kysely<Schema>({ dialect: new JourneysDialect(pool) })
  const bell = tenantBell()
  const own = ownProcesses(pool)
  const listener = await listen(url, (tenant, from) => {
    if (from === null || !own.has(from)) bell.ring(tenant) // What this process announced has rung already.
  })
  const tell = crier(db)
  return {
    db,
    kind: 'postgres',
    folder: null,
    durable: () => Promise.resolve(),
    makeRoom: () => undefined,
    announce: (tenant) => {
      bell.ring(tenant)
      tell(tenant)
    },
    onAnnounce: bell.onRing,
    close: async () => {
      await listener.close()
      await db.destroy()
    },
  }
}

/** The server's processes behind the connections of a pool, as its notifications name their sender. */
function ownProcesses(pool: pg.Pool): ReadonlySet<number> {
  const own = new Set<number>()
  const idOf = (client: pg.PoolClient): number => (client as { readonly processID?: number }).processID ?? 0 // pg has it, its types do not say so
  pool.on('connect', (client) => own.add(idOf(client)))
  pool.on('remove', (client) => own.delete(idOf(client)))
  return own
}

const betweenCallsMs = 5 // In a burst one call serves many events; whoever is idle hears of the first at once.

/** Tells other processes of work, one call at a time. A lost one only costs them the wait for their next poll. */
function crier(db: Db): (tenant: string) => void {
  const waiting = new Set<string>()
  let busy = false
  const call = async (): Promise<void> => {
    busy = true
    while (waiting.size > 0) {
      const tenants = [...waiting]
      waiting.clear()
      for (const tenant of tenants) await notify(db, { tenant }).catch(() => undefined)
      await sleep(betweenCallsMs, undefined, { ref: false })
    }
    busy = false
  }
  return (tenant) => {
    waiting.add(tenant)
    if (!busy) void call()
  }
}
const notify = prepared((db, { tenant }: { readonly tenant: string }) => db.selectNoFrom(sql`pg_notify(${channel}, ${tenant})`.as('told')))

/** A connection of its own that hears announcements, opened again when it breaks. */
async function listen(url: string, heard: (tenant: string, from: number | null) => void): Promise<{ close(): Promise<void> }> {
  let closed = false
  let client: pg.Client | null = null
  let opened = false
  const retryMs = 2_000
  const again = (): void => {
    if (!closed) setTimeout(() => void open().catch(() => undefined), retryMs).unref()
  }
  const open = async (): Promise<void> => {
    const next = new pg.Client({ ...quietPatience, connectionString: url })
    next.on('notification', ({ payload, processId }) => heard(payload ?? everyTenant, processId))
    next.on('error', () => {
      // A broken connection says so once for each query under way; only the one in use is followed by another.
      if (client !== next) return
      client = null
      again()
    })
    try {
      await next.connect()
      await next.query(`listen ${channel}`)
      client = next
      opened = true
      heard(everyTenant, null) // What was announced while nobody listened.
    } catch (cause) {
      await next.end().catch(() => undefined)
      if (opened) again()
      else {
        throw unreachable(cause)
      }
    }
  }
  await open()
  return {
    close: async () => {
      closed = true
      await client?.end().catch(() => undefined)
    },
  }
}

// SQLSTATE class 28: it does not know us; 3D000: it has no such database. Waiting mends neither.
const wrongAddress = /^28|^3D000$/

/** Of a PostgreSQL server that takes no connection: away, starting or full mends itself; a wrong address does not. */
function unreachable(cause: unknown): Fault {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  const why = cause instanceof AggregateError ? cause.errors.map((error: unknown) => (error instanceof Error ? error.message : String(error))).join('; ') : cause instanceof Error ? cause.message : String(cause)
  return new Fault(wrongAddress.test(code) ? 'misconfigured' : 'offline', `The PostgreSQL store cannot be reached: ${why}`, {
    remedy: 'Check the postgres:// address of the setting "store" and that the server runs.',
    cause,
  })
}

// Two transactions met: both wanted the next place of one chain or one new row, or (on PostgreSQL) waited for each other, or (on SQLite)
// a command beside the service holds the file for longer than one waits for it.
const meetings: ReadonlySet<unknown> = new Set([
  ...['23505', '40001', '40P01'],
  '22012', // A save that was foreseen and came otherwise, see foreseen-save.ts: it is looked at step by step.
  ...['SQLITE_CONSTRAINT_UNIQUE', 'SQLITE_CONSTRAINT_PRIMARYKEY', 'SQLITE_BUSY'],
])
const meetingsMost = 6
const meetAgainMs = 15

/**
 * Writes one after another on SQLite (one writer), in parallel on PostgreSQL. The loser of a meeting looks afresh: `work` may therefore
 * run several times, and touches nothing but the transaction. What it wrote is on the disk when this ends.
 */
export async function inTransaction<T>(open: OpenDatabase, work: (trx: Trx) => Promise<T>): Promise<T> {
  const done = await committed(open, work)
  await open.durable()
  return done
}

/**
 * The same without the wait for the disk: everybody sees it, and it is safe once `durable()` says so. Commits reach the disk in their order.
 * `work` is told which try it is: after the first, what was known before the transaction is known no more.
 */
export async function committed<T>({ db }: OpenDatabase, work: (trx: Trx, attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await db.transaction().execute((trx) => work(trx, attempt))
    } catch (error) {
      const met = error instanceof Error && 'code' in error && meetings.has(error.code)
      if (!met || attempt >= meetingsMost) throw error
      await sleep(meetAgainMs * attempt)
    }
  }
}

const withoutWait = prepared<object, unknown>((db) => db.selectNoFrom(sql`set_config('synchronous_commit', 'off', true)`.as('off')))

/** Of a transaction on PostgreSQL, which waits for the disk by itself: this one need not. */
export async function needNotWait({ kind }: OpenDatabase, trx: Trx): Promise<void> {
  if (kind === 'postgres') await withoutWait.later(trx, {})
}
