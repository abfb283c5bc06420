import { sql } from 'kysely'
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

/** The same for a store that a service may be using. */
export async function eraseFromLedger(url: string, tenant: string, email: string): Promise<number> {
  const database = await openDatabase(url, 'beside')
  try {
    return await erasePerson(database, tenant, email)
  } finally {
    await database.close()
  }
}
