import { sql } from 'kysely'
import { isFault } from '../core/fault.js'
import { openDatabase, type Db, type OpenDatabase } from './database.js'
import { valuesOf } from './values.js'
import { inPages } from './walk.js'

const batchRows = 250 // Emptied in some ten milliseconds: who writes meanwhile has to wait no longer.

const day = 86_400_000
const forgottenName = 'ledger.forgotten'

/**
 * Empties the payloads of ledger entries older than `before`. Header, digest and chain stay, so that `audit verify` still proves that nothing
 * was cut out; what was written is gone. Where the last time ended is kept: the ledger only grows, and looking through all of what was emptied
 * in years would hold everybody up every hour. Entries are written in the order of their time but for what a moved clock does, hence the day.
 */
export async function forgetPayloads(
  open: OpenDatabase,
  tenant: string,
  { before, now }: { readonly before: number; readonly now: number },
): Promise<void> {
  const { db } = open
  const { getValue, setValue } = valuesOf(open, tenant)
  const until = (await getValue<number>(forgottenName))?.value ?? null
  const from = until === null ? 0 : until - day
  const old = inPages((last: Passed | null) => oldest(db, tenant, { from, before, last }).execute(), batchRows)
  for await (const rows of old) await empty(db, rows.map(({ id }) => id))
  if (until !== before) await setValue(forgottenName, before, { expect: 'any', now })
}

interface Passed {
  readonly id: number
  readonly at: number
}
interface Span {
  readonly from: number
  readonly before: number
  readonly last: Passed | null
}

/** The next entries in the order of their time that still have their payload. */
export function oldest(db: Db, tenant: string, { from, before, last }: Span) {
  const query = db
    .selectFrom('audit')
    .select(['id', 'at'])
    .where('tenant', '=', tenant)
    .where('at', '>=', last?.at ?? from)
    .where('at', '<', before)
    .where('payload', 'is not', null)
    .orderBy('at')
    .orderBy('id')
    .limit(batchRows)
  if (last === null) return query
  return query.where((eb) => eb.or([eb('at', '>', last.at), eb('id', '>', last.id)]))
}

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

const spanRows = 2_000 // Read in some ten milliseconds: a webhook that comes meanwhile has its turn after it.

/** Empties every entry that speaks of a person, named by e-mail address. @returns how many. */
export async function erasePerson({ db, durable }: OpenDatabase, tenant: string, email: string): Promise<number> {
  let count = 0
  for await (const ids of mentions(db, tenant, email)) {
    for (let start = 0; start < ids.length; start += batchRows) await empty(db, ids.slice(start, start + batchRows))
    count += ids.length
  }
  await durable()
  return count
}

/** How many entries that would be. Changes nothing. */
export async function countMentions({ db }: Pick<OpenDatabase, 'db'>, tenant: string, email: string): Promise<number> {
  let count = 0
  for await (const ids of mentions(db, tenant, email)) count += ids.length
  return count
}

/** The entries that speak of a person, in one walk from the first entry to the last: what was passed is not looked through again. */
async function* mentions(db: Db, tenant: string, email: string): AsyncGenerator<readonly number[]> {
  const escaped = email
    .trim()
    .toLowerCase()
    .replaceAll(/[\\%_]/g, '\\$&')
  const isOne = sql<number>`case when lower(payload) like ${`%${escaped}%`} escape '\\' then 1 else 0 end`
  const entries = inPages(
    (last: { readonly id: number } | null) =>
      db
        .selectFrom('audit')
        .select(['id', isOne.as('speaks')])
        .where('tenant', '=', tenant)
        .where('payload', 'is not', null)
        .where('id', '>', last?.id ?? 0)
        .orderBy('id')
        .limit(spanRows)
        .execute(),
    spanRows,
  )
  for await (const rows of entries) {
    const ids = rows.filter(({ speaks }) => Number(speaks) === 1).map(({ id }) => id)
    if (ids.length > 0) yield ids
  }
}

async function empty(db: Db, ids: readonly number[]): Promise<void> {
  await db.updateTable('audit').set({ payload: null }).where('id', 'in', ids).execute()
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

/** How many entries an erasure would empty. Changes nothing. */
export async function countInLedger(url: string, tenant: string, email: string): Promise<number> {
  const database = await openDatabase(url, 'beside')
  try {
    return await countMentions(database, tenant, email)
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
