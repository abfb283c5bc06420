import { IDENTIFIER, SYNC } from './profile.js'
import { columnIn, type Schema } from './schema.js'

/** One table whose changes concern deals. `end`: the deals themselves; `part`: rows around them. */
export interface FeedTable {
  readonly name: string
  readonly set: string
  readonly id: string
  readonly kind: 'opportunity' | 'lead' | 'account' | 'contact' | 'solution'
  readonly columns: readonly string[]
  /** The switch and the identifier, where this table has them. */
  readonly sync: string | null
  readonly identifier: string | null
  /** A solution row's lookup to its opportunity. */
  readonly lookup: string | null
  readonly tracked: boolean
}

export function feedTables(schema: Schema): FeedTable[] {
  const part = (kind: 'account' | 'contact'): FeedTable => {
    const { name, set, id, tracked } = schema.tables[kind]
    return { name, set, id, kind, columns: [id], sync: null, identifier: null, lookup: null, tracked }
  }
  const end = (kind: 'opportunity' | 'lead'): FeedTable[] => {
    const table = schema.tables[kind]
    const sync = columnIn(schema, kind, SYNC)?.name ?? null
    const identifier = columnIn(schema, kind, IDENTIFIER)?.name ?? null
    // A table that can carry neither switch nor identifier has no deals of ours.
    if (table === null || (sync === null && identifier === null)) return []
    const columns = [table.id, 'statecode', 'modifiedon', ...[sync, identifier].filter((name) => name !== null)]
    return [{ name: table.name, set: table.set, id: table.id, kind, columns, sync, identifier, lookup: null, tracked: table.tracked }]
  }
  const { solutions } = schema
  const children: FeedTable[] =
    solutions === null
      ? []
      : [{ name: solutions.name, set: solutions.set, id: solutions.id, kind: 'solution', columns: [solutions.id, solutions.lookup.value], sync: null, identifier: null, lookup: solutions.lookup.value, tracked: solutions.tracked }]
  return [part('account'), part('contact'), ...children, ...end('opportunity'), ...end('lead')]
}

/** The filter that leaves only deals of ours; empty for a table that has none of its own. */
export function oursFilter({ sync, identifier }: FeedTable): string {
  return [...(sync === null ? [] : [`${sync} eq true`]), ...(identifier === null ? [] : [`${identifier} ne null`])].join(' or ')
}
