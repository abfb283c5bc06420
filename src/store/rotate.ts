import { randomUUID } from 'node:crypto'
import { Fault } from '../core/fault.js'
import { openDatabase, type Db } from './database.js'
import { addKey, forgetOldKeys, SEALED, sealOf, type KeySource, type Seal } from './seal.js'
import { ONLY_TENANT } from './store.js'
import { valuesOf } from './values.js'

export interface Rotation {
  readonly keyId: string
  /** How many stored secrets are now sealed with that key. */
  readonly resealed: number
}

const triesMost = 20 // A value that changes under us is read again; a token is renewed once an hour at most.

const claim = 'rotate the sealing key'
const claimMs = 10 * 60_000 // A store holds a handful of sealed values; whoever was killed keeps the next one waiting no longer.

/**
 * Changes the sealing key. A key in a file is made anew and everything sealed so far is sealed with it; with a key from the environment
 * the person has already changed it, and gives the old one beside it. A service may work on meanwhile. A rotation that was cut short is
 * done again whole: the older keys stay until nothing is sealed with them.
 * @throws Fault `rejected` while another rotation is under way.
 */
export async function rotateSecrets(url: string, source: KeySource, now: number): Promise<Rotation> {
  const database = await openDatabase(url, 'beside')
  const values = valuesOf(database, ONLY_TENANT) // One key seals for every tenant, so that one rotation is enough.
  const token = randomUUID()
  try {
    if (!(await values.claim(claim, { token, forMs: claimMs, now }))) {
      throw new Fault('rejected', 'The sealing key is being rotated by another process. Nothing was changed.', {
        remedy: 'Wait for it; if it was killed, try again in ten minutes.',
      })
    }
    try {
      if (source.kind === 'file') addKey(source.path)
      const seal = sealOf(source)
      const resealed = await sealAnew(database.db, seal, now)
      await database.durable()
      if (source.kind === 'file') forgetOldKeys(source.path)
      return { keyId: seal.keyId(), resealed }
    } finally {
      await values.unclaim(claim, token)
    }
  } finally {
    await database.close()
  }
}

/** How many stored secrets a rotation would seal anew. Changes nothing. */
export async function sealedSecrets(url: string): Promise<number> {
  const database = await openDatabase(url, 'beside')
  try {
    const rows = await database.db.selectFrom('value').select('value').execute()
    return rows.reduce((sum, { value }) => sum + (value.match(SEALED)?.length ?? 0), 0)
  } finally {
    await database.close()
  }
}

/** @returns how many secrets are now sealed with the newest key that were not before. */
async function sealAnew(db: Db, seal: Seal, now: number): Promise<number> {
  let resealed = 0
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
      if (Number(done.numUpdatedRows) === 0) {
        if (tries === triesMost - 1)
          throw new Fault('stale', `${name} changed ${triesMost} times while it was sealed anew.`, {
            remedy: 'Run "cosell secrets rotate" again; the older keys are kept until then.',
          })
        continue
      }
      resealed += count
      break
    }
  }
  return resealed
}
