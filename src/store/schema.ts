import type { Generated, Kysely, Transaction } from 'kysely'
import type { AuditEvent } from '../core/audit.js'

/** As much of a name as is searched: an entry of an index has to stay small on PostgreSQL. */
export const searchedCharacters = 400

/** One row a deal; `doc` is the whole Link as JSON, the other columns are copies to search by. */
export interface LinkTable {
  tenant: string
  id: string
  revision: number
  doc: string
  state: string
  reason: string | null
  waits_for: string | null
  answer_due: string | null
  kind: string
  name: string | null
  name_lower: string | null
  engagement_id: string | null
  partner_id: string | null
  crm_id: string | null
  created_at: number
  updated_at: number
}
/** Which records belong to which deal. `end_key` is filled for ends only and unique: a record is the end of one deal at most. */
export interface LinkRefTable {
  tenant: string
  link: string
  ref_key: string
  role: string
  end_key: string | null
}
export interface DirtyTable {
  tenant: string
  link: string
  due_at: number
  priority: number
  marks: number
  attempts: number
  failing_since: number | null
  lease_token: string | null
  leased_until: number
  leased_marks: number
  wide: number
  leased_wide: number
  reason: string
  marked_at: number
  /** W3C traceparent of what marked it last; null: nobody traces. */
  trace: string | null
}
export interface EventTable {
  tenant: string
  source: string
  event_key: string
  name: string
  at: number
}
export interface ValueTable {
  tenant: string
  name: string
  value: string
  revision: number
  updated_at: number
}
export interface ClaimTable {
  tenant: string
  name: string
  token: string
  until_at: number
}
export interface AuditTable {
  id: Generated<number>
  tenant: string
  chain: string
  sequence: number
  link: string | null
  at: number
  by_whom: string
  run: string | null
  kind: string
  /** How a run ended; null for everything else. Kept beside the payload to search by. */
  outcome: string | null
  payload: string | null
  salt: string
  digest: string
  prev_hash: string
  hash: string
}
/** What nearly every pass writes into the ledger: entries of these kinds lie everywhere along it, and the order by kinds has only the others. */
export const EVERY_PASS = ['agreed', 'hinted', 'planned', 'ran', 'wrote'] as const satisfies readonly AuditEvent['kind'][]
/** In the words of the index, which both databases use where these same words are asked for. */
export const IS_RARE = `kind not in (${EVERY_PASS.map((kind) => `'${kind}'`).join(', ')})`

export interface MigrationTable {
  number: number
  name: string
  at: number
}
export interface Schema {
  link: LinkTable
  link_ref: LinkRefTable
  dirty: DirtyTable
  event: EventTable
  value: ValueTable
  claim: ClaimTable
  audit: AuditTable
  schema_version: MigrationTable
}

export type Db = Kysely<Schema>
export type Trx = Transaction<Schema>

/** A table as a backup carries it. */
export interface StoredTable {
  readonly name: string
  /** The columns that order it and name one row. */
  readonly key: readonly string[]
  /** A column whose values the database counts itself. */
  readonly counted: string | null
}

/** Every table whose rows a backup carries, in the order in which they are put back. A claim ends by itself and is not carried. */
export const TABLES: readonly StoredTable[] = [
  { name: 'link', key: ['tenant', 'id'], counted: null },
  { name: 'link_ref', key: ['tenant', 'link', 'ref_key'], counted: null },
  { name: 'dirty', key: ['tenant', 'link'], counted: null },
  { name: 'event', key: ['tenant', 'source', 'event_key'], counted: null },
  { name: 'value', key: ['tenant', 'name'], counted: null },
  { name: 'audit', key: ['id'], counted: 'id' },
]
export const NOT_CARRIED: readonly string[] = ['claim', 'schema_version']
