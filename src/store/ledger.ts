import { hash, randomFillSync } from 'node:crypto'
import { sql, type CompiledQuery, type Insertable } from 'kysely'
import type { AuditEntry, AuditEvent, AuditRecord } from '../core/audit.js'
import type { AuditFilter } from '../core/filters.js'
import { asLinkId, type LinkId } from '../core/ref.js'
import { alone, type Asked } from './asked.js'
import type { Db, Trx } from './database.js'
import { readMark } from './page-mark.js'
import { columnsFrom, joined, preparedMany } from './prepared.js'
import { EVERY_PASS, IS_RARE, type AuditTable } from './schema.js'
import { inPages } from './walk.js'

/** The newest entry of a chain. */
export interface Head {
  readonly sequence: number
  readonly hash: string
}

const chainOf = (link: string | null): string => link ?? 'installation'
const sha256 = (text: string): string => hash('sha256', text)
const digestOf = (salt: string, payload: string): string => sha256(`${salt}|${payload}`)
const hashOf = (row: {
  prev_hash: string
  chain: string
  sequence: number
  at: number
  by_whom: string
  kind: string
  digest: string
}): string => sha256([row.prev_hash, row.chain, row.sequence, row.at, row.by_whom, row.kind, row.digest].join('|'))

/**
 * Appends entries, each chained to the one before it of the same deal. The hash covers a salted digest of the payload, so that erasing
 * a payload (personal data) leaves the chain whole. Each deal has a chain of its own: workers never queue on one. Chains that are `known` are
 * not looked up; should one have grown meanwhile, its place is taken and the transaction fails. Returns where the chains stand now.
 */
export async function append(
  trx: Trx,
  tenant: string,
  entries: readonly AuditEntry[],
  known: ReadonlyMap<string, Head> = new Map(),
): Promise<ReadonlyMap<string, Head>> {
  if (entries.length === 0) return known
  const heads = new Map([...known, ...(await alone(trx, headsOf(trx, tenant, chainsOf(entries, known))))])
  const rows = entries.map((entry) => {
    const chain = chainOf(entry.link)
    const head = heads.get(chain) ?? beforeFirst
    const payload = JSON.stringify(entry.event)
    const salt = freshSalt()
    const row = {
      tenant,
      chain,
      sequence: head.sequence + 1,
      link: entry.link,
      at: entry.at,
      by_whom: entry.by,
      run: entry.run,
      kind: entry.event.kind,
      outcome: entry.event.kind === 'ran' ? entry.event.outcome : null,
      payload,
      salt,
      digest: digestOf(salt, payload),
      prev_hash: head.hash,
    }
    const newest = { sequence: row.sequence, hash: hashOf(row) }
    heads.set(chain, newest)
    return { ...row, hash: newest.hash }
  })
  for (let start = 0; start < rows.length; start += rowsMost) await insertEntries.later(trx, rows.slice(start, start + rowsMost))
  return heads
}

/** How a run ended, of its entry as it is stored; null of everything else, and of what was erased. */
export function outcomeIn(kind: string, payload: string | number | null): string | null {
  const event = kind === 'ran' && typeof payload === 'string' ? (JSON.parse(payload) as { readonly outcome?: string }) : {} // written by append()
  return event.outcome ?? null
}

const saltBytes = 12
const salts = Buffer.alloc(saltBytes * 256) // Drawn together: each draw by itself costs more than what it salts.
let saltsUsed = salts.length
function freshSalt(): string {
  if (saltsUsed >= salts.length) {
    randomFillSync(salts)
    saltsUsed = 0
  }
  saltsUsed += saltBytes
  return salts.toString('base64url', saltsUsed - saltBytes, saltsUsed)
}
const rowsMost = 200

type Entry = Required<Omit<Insertable<AuditTable>, 'id'>>
const entryColumns = columnsFrom<Entry>({
  ...{ tenant: true, chain: true, sequence: true, link: true, at: true, by_whom: true, run: true, kind: true, outcome: true },
  ...{ payload: true, salt: true, digest: true, prev_hash: true, hash: true },
})
const insertEntries = preparedMany((db, rows: readonly Entry[]) => db.insertInto('audit').values(rows.map(entryColumns)))

interface ChainKey {
  readonly tenant: string
  readonly chain: string
}
/** The newest entry of each chain, by one step in the index of chains each. */
const selectHeads = preparedMany((db, chains: readonly ChainKey[]) => {
  const newest = ({ tenant, chain }: ChainKey) =>
    db
      .selectFrom(
        db
          .selectFrom('audit')
          .select(['chain', 'sequence', 'hash'])
          .where('tenant', '=', tenant)
          .where('chain', '=', chain)
          .orderBy('sequence', 'desc')
          .limit(1)
          .as('newest'),
      )
      .selectAll()
  const [first, ...others] = chains
  return others.reduce((all, key) => all.unionAll(newest(key)), newest(first ?? { tenant: '', chain: '' }))
})

/** The chains that these entries belong to, without those that are known. */
export const chainsOf = (entries: readonly AuditEntry[], known: ReadonlyMap<string, Head>): readonly string[] => [
  ...new Set(entries.map(({ link }) => chainOf(link)).filter((chain) => !known.has(chain))),
]

export const beforeFirst: Head = { sequence: 0, hash: '' }

/** The last entry of each chain. */
export function headsOf(trx: Trx, tenant: string, chains: readonly string[]): Asked<ReadonlyMap<string, Head>> {
  const queries: CompiledQuery[] = []
  for (let start = 0; start < chains.length; start += chainsMost)
    queries.push(...selectHeads.queries(trx, chains.slice(start, start + chainsMost).map((chain) => ({ tenant, chain }))))
  return {
    queries,
    read: (answers) => {
      const rows = joined(answers).rows as (Head & { readonly chain: string })[] // what the statements select
      const newest = rows.map(({ chain, sequence, hash }): [string, Head] => [chain, { sequence, hash }])
      return new Map([...chains.map((chain): [string, Head] => [chain, beforeFirst]), ...newest])
    },
  }
}
const chainsMost = 50 // One SELECT of a union each; SQLite takes no more than 500 of them.

// A search reads what was recorded itself, which no index holds: one page looks through so many entries, then says where to go on.
const searchedMost = 50_000

const pattern = (part: string): string => `%${part.replaceAll(/[\\%_]/g, '\\$&')}%`

/** What is recorded is JSON, in which quotation marks and backslashes are written with a backslash before them: looked for as typed, and as recorded. */
const asRecorded = (text: string): readonly string[] => [...new Set([text, JSON.stringify(text).slice(1, -1)])]

/** Newest first. */
export async function readAudit(db: Db, tenant: string, filter: AuditFilter): Promise<{ records: AuditRecord[]; next: string | null }> {
  const after = filter.after ? Number(readMark(filter.after, /^(\d{1,15})$/)[0]) : null
  const begins = await firstId(db, tenant, filter)
  const floor = filter.search || filter.by ? await searchFloor(db, tenant, { begins, after }) : 0
  let query = db.selectFrom('audit').selectAll().where('tenant', '=', tenant)
  if (filter.link !== undefined) query = query.where('chain', '=', filter.link)
  if (filter.run !== undefined) query = query.where('run', '=', filter.run)
  // Time and kinds are looked at on the way along the ids: by an index of their own, all that match would be sorted to give one page.
  if (filter.since !== undefined) query = query.where(sql<boolean>`+at >= ${filter.since}`)
  if (filter.until !== undefined) query = query.where(sql<boolean>`+at < ${filter.until}`)
  if (filter.kinds !== undefined) query = query.where('kind', 'in', [...filter.kinds])
  if (isOneRare(filter.kinds)) query = query.where(sql<boolean>`${sql.raw(IS_RARE)}`)
  if (filter.by) query = query.where(sql<boolean>`lower(by_whom) like lower(${pattern(filter.by)}) escape '\\'`)
  if (filter.search) {
    const texts = asRecorded(filter.search).map((text) => sql<boolean>`lower(payload) like lower(${pattern(text)}) escape '\\'`)
    query = query.where((eb) => eb.or(texts))
  }
  // Within the chain of one deal both orders are the same, and only its own is in an index that begins with the chain: by the other SQLite reads the whole ledger.
  const oneChain = filter.link !== undefined
  const id = oneChain ? sql<number>`+id` : sql<number>`id`
  if (after !== null) query = query.where(id, '<', after)
  if (Math.max(begins, floor) > 0) query = query.where(id, '>=', Math.max(begins, floor))
  const newest = query.orderBy(oneChain ? 'sequence' : 'id', 'desc').limit(filter.limit + 1)
  // Each outcome has its own order in the index; asked for together they would be sorted whole.
  const outcomes = filter.outcomes?.map((outcome) => newest.where('outcome', '=', outcome).execute())
  const rows = outcomes === undefined ? await newest.execute() : (await Promise.all(outcomes)).flat().sort((a, b) => b.id - a.id)
  const page = rows.slice(0, filter.limit)
  const records = page.map((row): AuditRecord => ({
    id: String(row.id),
    sequence: row.sequence,
    link: row.link === null ? null : asLinkId(row.link),
    at: row.at,
    by: row.by_whom,
    run: row.run,
    event: row.payload === null ? null : (JSON.parse(row.payload) as AuditEvent), // written by append() from an AuditEvent
    hash: row.hash,
  }))
  const further = floor > 0 ? String(floor) : null
  return { records, next: rows.length > filter.limit ? String(page.at(-1)?.id ?? '') : further }
}

/** What an order of its own gives entry by entry; several kinds of it would be sorted first. */
const isOneRare = (kinds: AuditFilter['kinds']): boolean => kinds?.length === 1 && !kinds.some((kind) => everyPass.has(kind))
const everyPass: ReadonlySet<string> = new Set(EVERY_PASS)

const apartMost = 1_000 // Clocks of several processes differ a little: entries of one moment lie this near to each other.

const notedBeforeMs = 120_000 // What is noted is saved a lease later at most: an older id may stand for a newer moment.

/** From where on entries may be as new as asked for; 0: from the first on. */
async function firstId(db: Db, tenant: string, { since }: AuditFilter): Promise<number> {
  if (since === undefined) return 0
  const first = await db
    .selectFrom('audit')
    .select('id')
    .where('tenant', '=', tenant)
    .where('at', '>=', since - notedBeforeMs)
    .orderBy('at')
    .limit(1)
    .executeTakeFirst()
  return first === undefined ? Number.MAX_SAFE_INTEGER : Math.max(0, Number(first.id) - apartMost)
}

/** Where one page of a search ends; 0: it reaches the first entry. */
async function searchFloor(
  db: Db,
  tenant: string,
  { begins, after }: { readonly begins: number; readonly after: number | null },
): Promise<number> {
  const ids = db.selectFrom('audit').select('id').where('tenant', '=', tenant).limit(1)
  const [oldest, newest] = await Promise.all([ids.orderBy('id').executeTakeFirst(), ids.orderBy('id', 'desc').executeTakeFirst()])
  const floor = (after ?? Number(newest?.id ?? 0) + 1) - searchedMost
  return floor > Math.max(begins, Number(oldest?.id ?? 0)) ? floor : 0
}

export interface AuditVerdict {
  readonly entries: number
  readonly chains: number
  readonly broken: { readonly link: LinkId | null; readonly sequence: number; readonly why: string }[]
}

const verifyPage = 1_000 // Some ten milliseconds of hashing.

/** Walks every chain in order; the first broken entry of each is named. */
export async function verify(db: Db, tenant: string): Promise<AuditVerdict> {
  let entries = 0
  const chains = new Map<string, { sequence: number; hash: string; broken: boolean }>()
  const broken: AuditVerdict['broken'] = []
  const pages = inPages(
    (last: { readonly id: number } | null) =>
      db
        .selectFrom('audit')
        .selectAll()
        .where('tenant', '=', tenant)
        .where('id', '>', last?.id ?? 0)
        .orderBy('id')
        .limit(verifyPage)
        .execute(),
    verifyPage,
  )
  for await (const rows of pages) {
    for (const row of rows) {
      entries += 1
      const head = chains.get(row.chain) ?? { sequence: 0, hash: '', broken: false }
      const why = head.broken ? null : flaw(row, head)
      if (why !== null) broken.push({ link: row.link === null ? null : asLinkId(row.link), sequence: row.sequence, why })
      chains.set(row.chain, { sequence: row.sequence, hash: row.hash, broken: head.broken || why !== null })
    }
  }
  return { entries, chains: chains.size, broken }
}

interface StoredEntry {
  readonly chain: string
  readonly sequence: number
  readonly at: number
  readonly by_whom: string
  readonly kind: string
  readonly payload: string | null
  readonly salt: string
  readonly digest: string
  readonly prev_hash: string
  readonly hash: string
}
function flaw(row: StoredEntry, head: { sequence: number; hash: string }): string | null {
  if (row.sequence !== head.sequence + 1) return `entry ${head.sequence + 1} is missing`
  if (row.prev_hash !== head.hash) return 'it does not follow the entry before it'
  if (row.payload !== null && digestOf(row.salt, row.payload) !== row.digest) return 'its content was changed'
  return hashOf(row) === row.hash ? null : 'its header was changed'
}
