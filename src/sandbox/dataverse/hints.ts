import type { Table } from './metadata-model.js'
import { operandFor } from './odata-operands.js'
import type { Expression, Literal, Operand } from './odata-parse.js'
import { edmTypes } from './values.js'
import type { World } from './world.js'

/** Above this many rows, an index narrows too little to be worth its set of ids. */
const worthMax = 20_000

/**
 * Ids among which all rows matching a filter are, found through indexes; null when only a scan can tell.
 * The filter is still asked about each of them, so a hint may be too wide but never too narrow.
 */
export function hint(world: World, table: Table, expression: Expression): readonly string[] | null {
  switch (expression.kind) {
    case 'and': {
      const left = hint(world, table, expression.left)
      if (left !== null && left.length < 100) return left
      const right = hint(world, table, expression.right)
      if (left === null || right === null) return left ?? right
      return left.length <= right.length ? left : right
    }
    case 'or': {
      const left = hint(world, table, expression.left)
      if (left === null) return null
      const right = hint(world, table, expression.right)
      return right === null ? null : [...new Set([...left, ...right])]
    }
    case 'compare':
      if (expression.operator !== 'eq') return null
      return byEquality(world, table, expression.left, expression.right) ?? byEquality(world, table, expression.right, expression.left)
    case 'function': {
      const name = expression.arguments.get('PropertyName')
      const values = expression.arguments.get('PropertyValues')
      if (expression.name !== 'In' || name === undefined || Array.isArray(name) || !Array.isArray(values)) return null
      return byList(table, name as Literal, values as readonly Literal[]) // asked on the line above
    }
    default:
      return null
  }
}

function byEquality(world: World, table: Table, path: Operand, literal: Operand): readonly string[] | null {
  if (path.kind !== 'path' || literal.kind === 'path' || literal.kind === 'null') return null
  const [name = '', inner, more] = path.path
  if (inner === undefined) return byColumn(table, name, literal)
  const navigation = table.navigations.get(name)
  if (more !== undefined || navigation?.target === null || navigation === undefined || !table.rows.hasIndex(navigation.column.name))
    return null
  const other = world.model.tables.get(navigation.target)
  const ids = other && byColumn(other, inner, literal)
  return ids ? ids.flatMap((id) => table.rows.find(navigation.column.name, id)) : null
}

function byColumn(table: Table, name: string, literal: Literal): readonly string[] | null {
  const column = table.properties.get(name)
  if (column === undefined || literal.kind === 'null') return null
  const wanted = operandFor(column, literal)
  if (column.name === table.primaryId) return table.rows.get(String(wanted)) === undefined ? [] : [String(wanted)]
  if (!table.rows.hasIndex(column.name) || column.kind === 'yesno') return null
  if (table.rows.count(column.name, String(wanted)) > worthMax) return null
  return table.rows.find(column.name, String(wanted))
}

function byList(table: Table, name: Literal, values: readonly Literal[]): readonly string[] | null {
  if (name.kind !== 'text') return null
  const column = table.properties.get(name.value)
  if (column === undefined) return null
  const ids: string[] = []
  for (const value of values) {
    const asGuid: Literal =
      value.kind === 'text' && edmTypes[column.kind] === 'Edm.Guid' ? { kind: 'guid', value: value.value.toLowerCase() } : value
    if (edmTypes[column.kind] !== 'Edm.Guid' && edmTypes[column.kind] !== 'Edm.String') return null
    const found = byColumn(table, name.value, asGuid)
    if (found === null) return null
    ids.push(...found)
  }
  return [...new Set(ids)]
}
