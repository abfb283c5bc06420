import { openDatabase } from './database.js'
import { addKey, SEALED, sealOf, type KeySource } from './seal.js'

export interface Rotation {
  readonly keyId: string
  /** How many stored secrets are now sealed with that key. */
  readonly resealed: number
}

const triesMost = 20 // A value that changes under us is read again; a token is renewed once an hour at most.

/**
 * Changes the sealing key. A key in a file is made anew and everything sealed so far is sealed with it; with a key from the environment
 * the person has already changed it, and gives the old one beside it. A service may work on meanwhile.
 */
export async function rotateSecrets(url: string, source: KeySource, now: number): Promise<Rotation> {
  const database = await openDatabase(url, 'beside')
  try {
    if (source.kind === 'file') addKey(source.path)
    const seal = sealOf(source)
    const keyId = seal.keyId()
    let resealed = 0
    const { db } = database
    for (const { tenant, name } of await db.selectFrom('value').select(['tenant', 'name']).execute()) {
      for (let tries = 0; tries < triesMost; tries += 1) {
        const row = await db
          .selectFrom('value')
          .select(['value', 'revision'])
          .where('tenant', '=', tenant)
          .where('name', '=', name)
          .executeTakeFirst()
        if (row === undefined) break
        let count = 0
        const value = row.value.replaceAll(SEALED, (sealed) => {
          count += 1
          return seal.close(seal.open(sealed))
        })
        if (count === 0) break
        const { revision } = row
        const done = await db
          .updateTable('value')
          .set({ value, revision: revision + 1, updated_at: now })
          .where('tenant', '=', tenant)
          .where('name', '=', name)
          .where('revision', '=', revision)
          .executeTakeFirst()
        if (Number(done.numUpdatedRows) === 0) continue
        resealed += count
        break
      }
    }
    return { keyId, resealed }
  } finally {
    await database.close()
  }
}
