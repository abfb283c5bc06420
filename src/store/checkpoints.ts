import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import type { Db } from './database.js'
import type { Seal } from './seal.js'
import type { valuesOf } from './values.js'
import { inPages } from './walk.js'

type Values = Pick<ReturnType<typeof valuesOf>, 'getValue' | 'setValue' | 'listValues'>

/**
 * What the ledger held at a moment, signed. The chain of a deal shows that nothing in it was changed; that its newest entries, or a whole
 * chain, were cut off shows only here. `root` folds the hashes of all entries up to `last`, in the order in which they were written.
 */
interface Checkpoint {
  readonly number: number
  readonly at: number
  /** Id of the newest entry it covers. */
  readonly last: number
  readonly entries: number
  readonly root: string
  /** Ed25519 over all of the above, base64url. */
  readonly signature: string
}

const keyName = 'ledger.key'
const prefix = 'checkpoint.'
const pageRows = 2_000
/** Entries younger than this are left to the next one: on PostgreSQL a lower number may still be committed after a higher one. */
const settledMs = 60_000

const nameOf = (number: number): string => `${prefix}${String(number).padStart(9, '0')}`
const signed = ({ number, at, last, entries, root }: Omit<Checkpoint, 'signature'>): Buffer =>
  Buffer.from([number, at, last, entries, root].join('|'))

/** The key pair of this ledger: the private half sealed, so that whoever may write the database cannot sign. */
async function keyOf(values: Values, seal: Seal, now: number): Promise<{ readonly private: string; readonly public: string }> {
  const stored = await values.getValue<{ sealed: string; public: string }>(keyName)
  if (stored !== null) return { private: seal.open(stored.value.sealed), public: stored.value.public }
  const pair = generateKeyPairSync('ed25519', {
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  await values.setValue(keyName, { sealed: seal.close(pair.privateKey), public: pair.publicKey }, { expect: null, now })
  return keyOf(values, seal, now)
}

/** Adds a checkpoint when there is something new to cover. */
export async function makeCheckpoint(
  db: Db,
  tenant: string,
  parts: { readonly values: Values; readonly seal: Seal; readonly now: number },
): Promise<void> {
  const { values, seal, now } = parts
  const previous = (await checkpointsOf(values)).at(-1)
  const fold = folding(previous)
  for await (const row of entriesAfter(db, tenant, previous?.last ?? 0)) {
    if (row.at > now - settledMs) break
    fold.add(row)
  }
  if (fold.entries === (previous?.entries ?? 0)) return
  const body = { number: (previous?.number ?? 0) + 1, at: now, last: fold.last, entries: fold.entries, root: fold.root() }
  const signature = sign(null, signed(body), createPrivateKey((await keyOf(values, seal, now)).private)).toString('base64url')
  await values.setValue(nameOf(body.number), { ...body, signature }, { expect: null, now })
}

/** What is wrong with the checkpoints or with the entries they cover; empty: all is well. */
export async function checkpointFlaws(
  db: Db,
  tenant: string,
  values: Values,
): Promise<{ readonly sequence: number; readonly why: string }[]> {
  const checkpoints = await checkpointsOf(values)
  if (checkpoints.length === 0) return []
  const key = await values.getValue<{ public: string }>(keyName)
  if (key === null) return [{ sequence: 1, why: 'the key that signed the checkpoints is gone' }]
  const publicKey = createPublicKey(key.value.public)
  const forged = checkpoints.find(
    (one, index) => one.number !== index + 1 || !verify(null, signed(one), publicKey, Buffer.from(one.signature, 'base64url')),
  )
  if (forged !== undefined) return [{ sequence: forged.number, why: 'a signed checkpoint was changed or is missing' }]
  const fold = folding(undefined)
  let next = 0
  const flaws: { sequence: number; why: string }[] = []
  const close = (until: number): void => {
    for (let one = checkpoints[next]; one !== undefined && one.last < until; next += 1, one = checkpoints[next]) {
      const differs = fold.entries !== one.entries || fold.root() !== one.root
      if (differs && flaws.length === 0)
        flaws.push({
          sequence: one.number,
          why: `entries that the signed checkpoint of ${new Date(one.at).toISOString()} covers were changed, removed or put in`,
        })
    }
  }
  for await (const row of entriesAfter(db, tenant, 0)) {
    close(row.id)
    fold.add(row)
  }
  close(Number.POSITIVE_INFINITY)
  return flaws
}

const checkpointsOf = async (values: Values): Promise<Checkpoint[]> =>
  (await values.listValues(prefix)).map(({ value }) => value as Checkpoint) // written above, nowhere else

function folding(from: Checkpoint | undefined) {
  let root = from?.root ?? ''
  const state = {
    entries: from?.entries ?? 0,
    last: from?.last ?? 0,
    root: () => root,
    add(row: { readonly id: number; readonly hash: string }): void {
      root = createHash('sha256').update(`${root}|${row.hash}`).digest('hex')
      state.entries += 1
      state.last = row.id
    },
  }
  return state
}

async function* entriesAfter(db: Db, tenant: string, after: number): AsyncGenerator<{ id: number; at: number; hash: string }> {
  const entries = inPages<{ id: number; at: number; hash: string }>(
    (last) =>
      db
        .selectFrom('audit')
        .select(['id', 'at', 'hash'])
        .where('tenant', '=', tenant)
        .where('id', '>', last?.id ?? after)
        .orderBy('id')
        .limit(pageRows)
        .execute()
        .then((rows) => rows.map(({ id, at, hash }) => ({ id: Number(id), at, hash }))),
    pageRows,
  )
  for await (const rows of entries) yield* rows
}
