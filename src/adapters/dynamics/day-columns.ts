import type { Mapping } from '../../core/mapping.js'
import type { Column } from '../column.js'
import type { DynamicsApi, Question } from './api.js'
import type { TableName } from './columns.js'
import { mappedColumns, rowsIn } from './lookup-columns.js'
import { query, textOf } from './row.js'
import type { Schema } from './schema.js'

interface Doubtful {
  readonly table: TableName
  readonly set: string
  readonly column: Column
}

/**
 * Whether a column that people see as a day comes as a day or as a time, as far as a mapping uses it: one row with a value shows. Without any it is
 * taken for a day.
 * Source: the two types of date columns in learn.microsoft.com "Web API types and operations", and the formats and behaviours of
 * "Behavior and format of the date and time column" (read 2023-10).
 */
export async function withDays(api: DynamicsApi, schema: Schema, mapping: Mapping, signal: AbortSignal): Promise<Schema> {
  const doubtful = mappedColumns(schema, mapping).flatMap(({ table, column }): Doubtful[] => {
    const set = schema.tables[table]?.set
    return column.dayInDoubt === true && set !== undefined ? [{ table, set, column }] : []
  })
  const answers = await api.ask(doubtful.map(sampleOf), signal)
  return doubtful.reduce((so, one, index) => {
    const shown = rowsIn(answers[index]).map((row) => textOf(row, one.column.name)).find((text) => text !== null)
    return shown?.includes('T') === true ? asTime(so, one) : so
  }, schema)
}

const sampleOf = ({ set, column: { name } }: Doubtful): Question => ({
  what: `a day in column ${name}`,
  path: `${set}${query({ $select: name, $filter: `${name} ne null`, $top: '1' })}`,
})

function asTime(schema: Schema, { table, column }: Doubtful): Schema {
  const known = schema.tables[table]
  if (known === null) return schema
  const columns = new Map(known.columns).set(column.name, { ...column, type: 'instant' })
  return { ...schema, tables: { ...schema.tables, [table]: { ...known, columns } } }
}
