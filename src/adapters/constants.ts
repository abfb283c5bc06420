import type { Field, FieldValue, Projection } from '../core/deal.js'
import type { Column } from './column.js'
import type { Converted } from './values.js'

type Body = Readonly<Record<string, unknown>>

/** Constants stand where the deal says nothing: a column that the CRM demands is not emptied by a deal that has no value for it. */
export function overConstants(constants: Body, given: Body): Record<string, unknown> {
  const said = Object.entries(given).filter(([name, value]) => value !== null || (constants[name] ?? null) === null)
  return { ...constants, ...Object.fromEntries(said) }
}

/** What a new record shows of a deal for its constants alone: agreed on as such, or it would be taken for somebody's edit. */
export function shownByConstants<Row extends { readonly field: Field; readonly target: { readonly column: Column } }>(
  rows: readonly Row[],
  { constants, given }: { readonly constants: Body; readonly given: Body },
  decode: (row: Row, raw: unknown) => Converted<FieldValue>,
): Projection {
  const shown: Partial<Record<Field, FieldValue>> = {}
  for (const row of rows) {
    const { name, lookup } = row.target.column
    const key = lookup?.bind ?? name
    const constant = constants[key] ?? null
    if (given[key] !== null || constant === null) continue
    // A lookup is written as the address of a row and read as its id.
    const read = decode(row, lookup === undefined ? constant : /\(([^)]+)\)$/.exec(String(constant))?.[1])
    if (read.ok) shown[row.field] = read.value
  }
  return shown as Projection // every value was read for its field
}
