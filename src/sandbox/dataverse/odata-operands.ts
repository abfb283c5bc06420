import { badQuery, unknownProperty } from './errors.js'
import { cellOf } from './formatted.js'
import type { Column, Table } from './metadata-model.js'
import type { Comparison, Literal } from './odata-parse.js'
import { fold, type Cell, type Row } from './row-store.js'
import { edmTypes } from './values.js'
import type { World } from './world.js'

export type Test = (row: Row) => boolean

/** Where a path of a filter leads: through single-valued navigations to one column. */
export interface Resolved {
  readonly column: Column
  readonly table: Table
  read(row: Row): Cell
}

export interface Scope {
  readonly world: World
  readonly table: Table
  readonly userId: string
  /** The range variable of a lambda, which its paths start with. */
  readonly variable: string | null
}

export function resolve(scope: Scope, path: readonly string[]): Resolved {
  const steps = scope.variable !== null && path[0] === scope.variable ? path.slice(1) : path
  const [name, ...rest] = steps
  if (name === undefined) throw badQuery(`The path '${path.join('/')}' names no property.`)
  if (rest.length === 0) {
    const column = scope.table.properties.get(name)
    if (column === undefined || !column.read) throw unknownProperty(name, scope.table.name)
    return { column, table: scope.table, read: (row) => cellOf(row, column) }
  }
  const navigation = scope.table.navigations.get(name)
  const target = navigation && scope.world.model.tables.get(navigation.target ?? 'systemuser')
  if (navigation === undefined || target === undefined) throw unknownProperty(name, scope.table.name)
  const inner = resolve({ ...scope, table: target, variable: null }, rest)
  return {
    column: inner.column,
    table: inner.table,
    read(row) {
      const reference = row.cells[navigation.column.name]
      if (typeof reference !== 'object' || reference === null || reference.table !== target.name) return null
      const other = target.rows.get(reference.id)
      return other === undefined ? null : inner.read(other)
    },
  }
}

const literalTypes: Readonly<Record<Literal['kind'], string>> = {
  text: 'Edm.String',
  number: 'Edm.Int32',
  guid: 'Edm.Guid',
  moment: 'Edm.DateTimeOffset',
  date: 'Edm.Date',
  boolean: 'Edm.Boolean',
  null: 'null',
}

const names: Readonly<Record<Comparison, string>> = {
  eq: 'Equal',
  ne: 'NotEqual',
  gt: 'GreaterThan',
  ge: 'GreaterThanOrEqual',
  lt: 'LessThan',
  le: 'LessThanOrEqual',
}

export const incompatible = (left: string, right: string, operator: Comparison): Error =>
  badQuery(
    `A binary operator with incompatible types was detected. Found operand types '${left}' and '${right}' for operator kind '${names[operator]}'.`,
  )

/** The literal in the form cells are compared in; a literal of another type than the column's is refused. */
export function operandFor(column: Column, literal: Literal): string | number {
  const type = edmTypes[column.kind]
  switch (type) {
    case 'Edm.String':
      if (literal.kind === 'text') return fold(literal.value)
      break
    case 'Edm.Int32':
    case 'Edm.Int64':
    case 'Edm.Decimal':
    case 'Edm.Double':
      if (literal.kind === 'number') return literal.value
      break
    case 'Edm.Boolean':
      if (literal.kind === 'boolean') return Number(literal.value)
      break
    case 'Edm.Guid':
      if (literal.kind === 'guid') return literal.value
      break
    case 'Edm.DateTimeOffset':
      if (literal.kind === 'moment') return Date.parse(literal.value)
      if (literal.kind === 'date') return Date.parse(`${literal.value}T00:00:00Z`)
      break
    default:
      if (literal.kind === 'date') return literal.value
  }
  throw incompatible(type, literalTypes[literal.kind], 'eq')
}

export function comparable(column: Column, cell: Cell): string | number | null {
  if (cell === null) return null
  if (typeof cell === 'object') return cell.id
  if (typeof cell === 'boolean') return Number(cell)
  if (column.kind === 'datetime') return Date.parse(String(cell))
  return typeof cell === 'string' ? fold(cell) : cell
}
