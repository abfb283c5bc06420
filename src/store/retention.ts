import { sql } from 'kysely'
import { isFault } from '../core/fault.js'
import { openDatabase, type OpenDatabase } from './database.js'

const batchRows = 1_000

/**
 * Empties the payloads of old ledger entries. Header, digest and chain stay, so that `audit verify` still proves that nothing was cut out;
 * what was written is gone.
 */
export async function forgetPayloads({ db }: OpenDatabase, tenant: string, before: number): Promise<number> {
  return emptied(db, async () =>
    (
      await db
        .selectFrom('audit')
        .select('id')
        .where('tenant', '=', tenant)
        .where('at', '<', before)
        .where('payload', 'is not', null)
        .limit(batchRows)
        .execute()
    ).map(({ id }) => id),
  )
}

const day = 86_400_000
/** Small values that only say that something was done, and for how long nobody may do it again. */
const doneWith: readonly (readonly [prefix: string, afterMs: number])[] = [
  ['relay.done.', 30 * day], // As long as the keys of events.
  ['notice.', 400 * day], // A notice of one occasion is never raised twice; no occasion lasts longer than a year.
  ['waiting.', 400 * day],
]

export async function forgetValues({ db }: OpenDatabase, tenant: string, now: number): Promise<void> {
  for (const [prefix, afterMs] of doneWith)
    await db
      .deleteFrom('value')
      .where('tenant', '=', tenant)
      .where('name', '>=', prefix)
      .where('name', '<', `${prefix}\uffff`)
      .where('updated_at', '<', now - afterMs)
      .execute()
}

/** Empties every entry that speaks of a person, named by e-mail address. @returns how many. */
export async function erasePerson({ db, durable }: OpenDatabase, tenant: string, email: string): Promise<number> {
  const escaped = email
    .trim()
    .toLowerCase()
    .replaceAll(/[\\%_]/g, '\\$&')
  const erased = await emptied(db, async () => {
    const rows = await db
      .selectFrom('audit')
      .select('id')
      .where('tenant', '=', tenant)
      .where('payload', 'is not', null)
      .where(sql<boolean>`lower(payload) like ${`%${escaped}%`} escape '\\'`)
      .limit(batchRows)
      .execute()
    return rows.map(({ id }) => id)
  })
  await durable()
  return erased
}

/** In small transactions, so that nobody who writes has to wait long. */
async function emptied(db: OpenDatabase['db'], some: () => Promise<number[]>): Promise<number> {
  let count = 0
  for (;;) {
    const ids = await some()
    if (ids.length === 0) return count
    await db.updateTable('audit').set({ payload: null }).where('id', 'in', ids).execute()
    count += ids.length
  }
}

export interface Erasure {
  /** How many entries were emptied now. */
  readonly erased: number
  /** `rewritten`: nothing of them is left in the file · `traces`: the file may hold some in places that are free now. */
  readonly file: 'rewritten' | 'traces'
}

/**
 * The same for a store that a service may be using. What is deleted from a SQLite file stays in its free places until they are used again;
 * where no service holds the file it is written anew, so that not even that is left.
 */
export async function eraseFromLedger(url: string, tenant: string, email: string): Promise<Erasure> {
  const database = await openDatabase(url, 'beside')
  try {
    return { erased: await erasePerson(database, tenant, email), file: await rewritten(database, url) }
  } finally {
    await database.close()
  }
}

async function rewritten({ kind }: OpenDatabase, url: string): Promise<Erasure['file']> {
  if (kind !== 'sqlite') return 'traces'
  let own: OpenDatabase
  try {
    own = await openDatabase(url, 'own')
  } catch (error) {
    if (isFault(error) && error.kind === 'misconfigured') return 'traces' // A service holds it.
    throw error
  }
  try {
    await sql`vacuum`.execute(own.db)
    await sql`pragma wal_checkpoint(truncate)`.execute(own.db)
    return 'rewritten'
  } finally {
    await own.close()
  }
}
