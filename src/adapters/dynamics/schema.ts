import { labelKey } from '../../core/conversions.js'
import { digitsOf } from '../../core/money.js'
import type { Person } from '../../core/deal.js'
import type { Instant } from '../../core/ref.js'
import { STANDARD_TABLES, type Column, type Table, type TableName } from './columns.js'
import { CUSTOM_COLUMNS, OPTIONAL, SYNC, type CustomColumn } from './profile.js'

/** The table of solutions to pick from, where the rows of an opportunity point to its entries and hold nothing themselves. */
export interface SolutionCatalogue {
  readonly set: string
  readonly id: string
  readonly columns: { readonly solutionId: string; readonly solutionName: string | null }
  readonly nameLength: number | null
  /** The lookup from a row of an opportunity to its entry. */
  readonly bind: string
}

/** The child table that holds one row per solution of an opportunity. */
export interface SolutionTable {
  readonly name: string
  readonly set: string
  readonly id: string
  readonly catalogue: SolutionCatalogue | null
  /** Of the rows themselves, or of the entries of the catalogue. The name of an entry is the catalogue's and not the deal's. */
  readonly columns: { readonly solutionId: string; readonly solutionName: string | null }
  readonly nameLength: number
  /** The lookup to the opportunity: as it is read, and as it is bound. */
  readonly lookup: { readonly value: string; readonly bind: string }
  /** The collection on the opportunity. */
  readonly collection: string
  readonly tracked: boolean
}

export interface Currency {
  readonly id: string
  readonly precision: number
}

/** What is known of an environment's tables. `readAt` null: nothing was read yet, and the delivered tables are assumed. */
export interface Schema {
  readonly tables: { readonly [T in Exclude<TableName, 'lead'>]: Table } & { readonly lead: Table | null }
  /** Per table: our name of a custom column to the name it has here, null where there is none. */
  readonly aliases: { readonly [T in 'opportunity' | 'lead']: ReadonlyMap<string, string | null> }
  /** Columns under column security that are not the connector's own: an empty value there may be one that it is not let see. */
  readonly secured: { readonly [T in TableName]: ReadonlySet<string> }
  readonly solutions: SolutionTable | null
  /** By ISO code, in capitals. Null: not read yet. */
  readonly currencies: ReadonlyMap<string, Currency> | null
  /** The application user that the connector is. */
  readonly self: { readonly userId: string; readonly organizationId: string | null; readonly person: Person | null } | null
  /** Phone columns of users that exist here, best first. */
  readonly userPhones: readonly string[]
  readonly readAt: Instant | null
}

const identity = new Map<string, string | null>(CUSTOM_COLUMNS.map(({ name }) => [name, name]))

const none: ReadonlySet<string> = new Set()

export const ASSUMED_SCHEMA: Schema = {
  secured: { opportunity: none, lead: none, account: none, contact: none },
  tables: STANDARD_TABLES,
  aliases: { opportunity: identity, lead: identity },
  solutions: {
    name: 'cosell_microsoftsolution',
    set: 'cosell_microsoftsolutions',
    id: 'cosell_microsoftsolutionid',
    catalogue: null,
    columns: { solutionId: 'cosell_solutionid', solutionName: 'cosell_name' },
    nameLength: 200,
    lookup: { value: '_cosell_opportunityid_value', bind: 'cosell_OpportunityId' },
    collection: 'cosell_opportunity_microsoftsolution',
    tracked: true,
  },
  currencies: null,
  self: null,
  userPhones: ['mobilephone'],
  readAt: null,
}

export function tableOf(schema: Schema, name: TableName): Table | null {
  return schema.tables[name]
}

/** The column that a mapping row means here, or null where this environment has none of that name. */
export function columnIn(schema: Schema, table: TableName, name: string): Column | null {
  const columns = schema.tables[table]?.columns
  if (columns === undefined) return null
  const alias = table === 'opportunity' || table === 'lead' ? schema.aliases[table].get(name) : undefined
  if (alias === null) return null
  return columns.get(alias ?? name) ?? columns.get((alias ?? name).toLowerCase()) ?? null
}

/**
 * Finds every custom column of ours: Microsoft's own first, then ours, then those with the same label. A customer's own "Audit" is the customer's:
 * its label counts only below the prefix of whoever made the switch, unless it speaks of Partner Center itself.
 */
export function aliasesOf(columns: ReadonlyMap<string, Column>): Map<string, string | null> {
  const named = ({ name, microsoft }: CustomColumn): string | null =>
    microsoft !== null && columns.has(microsoft) ? microsoft : columns.has(name) ? name : null
  const sync = CUSTOM_COLUMNS.find(({ name }) => name === SYNC)
  const prefix = sync === undefined ? undefined : (named(sync) ?? byLabel(columns, sync.labels))?.split('_')[0]
  return new Map(
    CUSTOM_COLUMNS.map((column): [string, string | null] => {
      const isOurs = column.name === SYNC || OPTIONAL.has(column.name)
      const labelled = isOurs ? byLabel(columns, column.labels) : prefix === undefined ? null : byLabel(columns, column.labels, prefix)
      return [column.name, named(column) ?? labelled]
    }),
  )
}

/** Custom columns carry a publisher's prefix; the delivered ones that also have an underscore are addresses. */
const isCustom = (name: string): boolean => /^[a-z0-9]{2,8}_/.test(name) && !/^(?:address\d|msdyn|msdynci|adx|mspp)_/.test(name)

export function byLabel(columns: ReadonlyMap<string, Column>, labels: readonly string[], prefix: string | null = null): string | null {
  const wanted = new Set(labels.map(labelKey))
  for (const column of columns.values()) {
    if (prefix !== null && !column.name.startsWith(`${prefix}_`)) continue
    if (isCustom(column.name) && wanted.has(labelKey(column.label)) && column.type !== 'lookup' && column.type !== 'other') return column.name
  }
  return null
}

export function precisionOf(schema: Schema, currency: string | null): number {
  const code = currency?.toUpperCase() ?? ''
  return schema.currencies?.get(code)?.precision ?? digitsOf(code)
}
