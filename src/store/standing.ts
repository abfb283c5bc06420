import { sql, type CompiledQuery } from 'kysely'
import type { Link } from '../core/link.js'
import { asLinkId, type LinkId } from '../core/ref.js'
import type { Asked } from './asked.js'
import type { Db, OpenDatabase, Trx } from './database.js'
import { beforeFirst, type Head } from './ledger.js'
import { keysOf, linkIdsOf, parse, type Wanted } from './links.js'
import { joined, preparedMany } from './prepared.js'

/** A deal as it stands in the store. */
export interface Standing {
  readonly id: LinkId
  /** The last entry of its chain; null: not looked up. */
  readonly head: Head | null
  /** Null: not read. */
  readonly deal: Link | null
}

interface RecordKey {
  readonly tenant: string
  readonly ref_key: string
}
export interface Found {
  readonly ref_key: string
  readonly link: string
  readonly sequence: number | null
  readonly hash: string | null
}
export interface FoundDeal extends Found {
  readonly doc: string | null
  readonly revision: number | null
}

// The newest entry of a chain, by one step in the index of chains.
const newest = (tenant: string, chain: string) =>
  sql<number>`(select newest.sequence from audit as newest where newest.tenant = ${sql.ref(tenant)} and newest.chain = ${sql.ref(chain)} order by newest.sequence desc limit 1)`

const byRecords = (db: Db, keys: readonly RecordKey[]) =>
  db
    .selectFrom('link_ref')
    .leftJoin('audit', (join) =>
      join
        .onRef('audit.tenant', '=', 'link_ref.tenant')
        .onRef('audit.chain', '=', 'link_ref.link')
        .on('audit.sequence', '=', newest('link_ref.tenant', 'link_ref.link')),
    )
    .select(['link_ref.ref_key', 'link_ref.link', 'audit.sequence', 'audit.hash'])
    .where('link_ref.tenant', '=', keys[0]?.tenant ?? '')
    .where('link_ref.ref_key', 'in', keys.map(({ ref_key }) => ref_key))
const selectStanding = preparedMany(byRecords)
const selectDeals = preparedMany((db, keys: readonly RecordKey[]) =>
  byRecords(db, keys)
    .leftJoin('link', (join) => join.onRef('link.tenant', '=', 'link_ref.tenant').onRef('link.id', '=', 'link_ref.link'))
    .select(['link.doc', 'link.revision']),
)
// One record may belong to several deals: in one order for everyone, so that two transactions never wait for each other in a circle.
const lockDeals = preparedMany((db, keys: readonly RecordKey[]) =>
  db
    .selectFrom('dirty')
    .select('link')
    .where('tenant', '=', keys[0]?.tenant ?? '')
    .where('link', 'in', (eb) =>
      eb
        .selectFrom('link_ref')
        .select('link')
        .where('tenant', '=', keys[0]?.tenant ?? '')
        .where('ref_key', 'in', keys.map(({ ref_key }) => ref_key)),
    )
    .orderBy('link')
    .forUpdate(),
)

const recordsMost = 16 // Longer lists are asked in pieces.

export interface Asking {
  readonly open: OpenDatabase
  readonly tenant: string
  /** The deals themselves are to be read as well. */
  readonly withDeals: boolean
}

/**
 * The deals that have these records, by the key of each. Where their chains end is read when nobody who works one of them can write to its
 * chain any more: on PostgreSQL the mark is locked first, as every save does. Of several records there only the ids are told, as of many
 * anywhere: a mark that is not there yet cannot be locked, and who locks some and makes the others later waits in a circle with a sweep that
 * marks them in order. They are marked first, and read after it.
 */
export function standingOf(trx: Trx, wanted: readonly Wanted[], { open, tenant, withDeals }: Asking): Asked<Map<string, Standing[]>> {
  const byRecord = keysOf(wanted)
  const keys = [...new Set([...byRecord.values()].flatMap((all) => [...all]))].map((ref_key) => ({ tenant, ref_key }))
  if (keys.length > recordsMost || (open.kind === 'postgres' && byRecord.size > 1)) return idsOnly(linkIdsOf(trx, tenant, wanted))
  if (keys.length === 0) return { queries: [], read: () => new Map<string, Standing[]>() }
  const locks: readonly CompiledQuery[] = open.kind === 'postgres' ? lockDeals.queries(trx, keys) : []
  return {
    queries: [...locks, ...(withDeals ? selectDeals : selectStanding).queries(trx, keys)],
    read: (answers) => {
      const owners = new Map<string, Standing[]>()
      const rows = joined(answers.slice(locks.length)).rows as (Found & Partial<FoundDeal>)[] // what the statements select
      for (const row of rows) owners.set(row.ref_key, [...(owners.get(row.ref_key) ?? []), standing(row)])
      const of = (all: ReadonlySet<string>): Standing[] => {
        const found = [...all].flatMap((key) => owners.get(key) ?? [])
        return [...new Map(found.map((each) => [each.id, each])).values()]
      }
      return new Map([...byRecord].map(([key, all]) => [key, of(all)]))
    },
  }
}

export const standing = ({ link, sequence, hash, doc = null, revision = null }: Omit<Found, 'ref_key'> & Partial<FoundDeal>): Standing => ({
  id: asLinkId(link),
  head: sequence === null || hash === null ? beforeFirst : { sequence, hash },
  deal: doc === null || revision === null ? null : parse(doc, revision),
})

const idsOnly = ({ queries, read }: Asked<Map<string, LinkId[]>>): Asked<Map<string, Standing[]>> => ({
  queries,
  read: (answers) => new Map([...read(answers)].map(([key, ids]) => [key, ids.map((id) => ({ id, head: null, deal: null }))])),
})

interface LinkKey {
  readonly tenant: string
  readonly id: string
}
const selectWorked = preparedMany((db, keys: readonly LinkKey[]) =>
  db
    .selectFrom('link')
    .leftJoin('audit', (join) =>
      join.onRef('audit.tenant', '=', 'link.tenant').onRef('audit.chain', '=', 'link.id').on('audit.sequence', '=', newest('link.tenant', 'link.id')),
    )
    .select((eb) => [eb.ref('link.id').as('link'), 'audit.sequence', 'audit.hash', 'link.doc', 'link.revision'])
    .where('link.tenant', '=', keys[0]?.tenant ?? '')
    .where('link.id', 'in', keys.map(({ id }) => id)),
)

/** Deals that are worked now or about to be, and where their chains end. */
export const standingToWork = (db: Db, tenant: string, ids: readonly LinkId[]): Asked<Standing[]> => ({
  queries: ids.length === 0 ? [] : selectWorked.queries(db, ids.map((id) => ({ tenant, id }))),
  read: (answers) => (joined(answers).rows as Omit<FoundDeal, 'ref_key'>[]).map(standing), // what the statements select
})
