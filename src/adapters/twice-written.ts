import type { Field } from '../core/deal.js'
import type { MappingRow } from '../core/mapping-row.js'

/** A row and the columns that it writes here, each with its table: `opportunity.msft_help`. */
export interface WritingRow {
  readonly row: MappingRow
  readonly columns: readonly string[]
}

/**
 * Rows of a person that write what another row writes too, with the reason. The names in the mapping may differ: the connector's own name of a
 * column and the one that it has here, a column and its code, a field of a person and the place that stands for the person.
 */
export function twiceWritten(rows: readonly WritingRow[]): ReadonlyMap<Field, string> {
  const writers = new Map<string, MappingRow[]>()
  for (const { row, columns } of rows) {
    if (row.flow === 'to-partner') continue
    for (const column of columns) writers.set(column, [...(writers.get(column) ?? []), row])
  }
  const found = new Map<Field, string>()
  for (const [column, writing] of writers) {
    for (const row of writing.filter(({ origin }) => origin === 'document')) {
      const other = writing.find(({ field }) => field !== row.field)
      if (other !== undefined) found.set(row.field, `${other.field} ("${other.crm}") writes ${column} too.`)
    }
  }
  return found
}
