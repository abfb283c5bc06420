import { badQuery, unknownProperty } from './errors.js'
import { isLookup, type Column } from './metadata-model.js'
import { crmFunction } from './odata-functions.js'
import { comparable, incompatible, operandFor, resolve, type Resolved, type Scope, type Test } from './odata-operands.js'
import type { Comparison, Expression, Operand } from './odata-parse.js'
import { fold, type Cell, type Row } from './row-store.js'
import { edmTypes } from './values.js'

/** Turns a filter into a function, once; rows are then tested without looking anything up again. */
export function compile(scope: Scope, expression: Expression): Test {
  switch (expression.kind) {
    case 'and': {
      const left = compile(scope, expression.left)
      const right = compile(scope, expression.right)
      return (row) => left(row) && right(row)
    }
    case 'or': {
      const left = compile(scope, expression.left)
      const right = compile(scope, expression.right)
      return (row) => left(row) || right(row)
    }
    case 'not': {
      const of = compile(scope, expression.of)
      return (row) => !of(row)
    }
    case 'compare':
      return compare(scope, expression.operator, expression.left, expression.right)
    case 'text-test':
      return textTest(resolve(scope, expression.path), expression.name, expression.text)
    case 'function':
      return crmFunction(scope, expression.name, expression.arguments)
    case 'lambda':
      return lambda(scope, expression)
    default:
      return assertNever(expression)
  }
}

function compare(scope: Scope, operator: Comparison, left: Operand, right: Operand): Test {
  if (left.kind !== 'path') {
    if (right.kind !== 'path') throw badQuery('A comparison needs at least one property.')
    return compare(scope, mirrored[operator], right, left)
  }
  const lookup = right.kind === 'null' ? lookupOf(scope, left.path) : null
  if (lookup !== null) return (row) => ((row.cells[lookup] ?? null) === null) === (operator === 'eq')
  const field = resolve(scope, left.path)
  if (right.kind === 'path') return compareColumns(field, resolve(scope, right.path), operator)
  if (right.kind === 'null') {
    if (operator === 'eq') return (row) => field.read(row) === null
    if (operator === 'ne') return (row) => field.read(row) !== null
    throw badQuery(`Null can only be compared with eq and ne.`)
  }
  const wanted = operandFor(field.column, right)
  const decide = deciders[operator]
  const order = orderWith(field.column, wanted)
  // The service's "not equal" also finds rows that hold nothing; every other comparison passes them over, also for yes/no.
  return (row) => {
    const cell = field.read(row)
    return cell === null ? operator === 'ne' : decide(order(cell))
  }
}

/** A navigation property itself can only be compared with null: `parentaccountid eq null`. */
function lookupOf(scope: Scope, path: readonly string[]): string | null {
  const steps = scope.variable !== null && path[0] === scope.variable ? path.slice(1) : path
  const [name = '', more] = steps
  return more === undefined && !scope.table.properties.has(name) ? (scope.table.navigations.get(name)?.column.name ?? null) : null
}

const mirrored: Readonly<Record<Comparison, Comparison>> = { eq: 'eq', ne: 'ne', gt: 'lt', ge: 'le', lt: 'gt', le: 'ge' }

const deciders: Readonly<Record<Comparison, (order: number) => boolean>> = {
  eq: (order) => order === 0,
  ne: (order) => order !== 0,
  gt: (order) => order > 0,
  ge: (order) => order >= 0,
  lt: (order) => order < 0,
  le: (order) => order <= 0,
}

function compareColumns(left: Resolved, right: Resolved, operator: Comparison): Test {
  if (edmTypes[left.column.kind] !== edmTypes[right.column.kind])
    throw incompatible(edmTypes[left.column.kind], edmTypes[right.column.kind], operator)
  const decide = deciders[operator]
  return (row) => {
    const a = comparable(left.column, left.read(row))
    const b = comparable(right.column, right.read(row))
    if (a === null || b === null) return operator === 'ne' && a !== b
    return decide(a < b ? -1 : a > b ? 1 : 0)
  }
}

function orderWith(column: Column, wanted: string | number): (cell: Exclude<Cell, null>) => number {
  const wholeSecond = column.kind === 'datetime' && typeof wanted === 'number' && wanted % 1_000 === 0
  if (wholeSecond) {
    // Moments are kept as whole seconds in one form, so that their texts order like the moments.
    const text = `${new Date(wanted).toISOString().slice(0, 19)}Z`
    return (cell) => (cell === text ? 0 : String(cell) < text ? -1 : 1)
  }
  if (isLookup(column)) return (cell) => (typeof cell === 'object' && cell.id === wanted ? 0 : 1)
  return (cell) => {
    const value = comparable(column, cell) ?? ''
    return value === wanted ? 0 : value < wanted ? -1 : 1
  }
}

function textTest(field: Resolved, name: 'contains' | 'startswith' | 'endswith', text: string): Test {
  if (edmTypes[field.column.kind] !== 'Edm.String')
    throw badQuery(`No function signature for the function with name '${name}' matches the specified arguments.`)
  const wanted = fold(text)
  if (/[%_[]/.test(wanted)) {
    const pattern = likePattern(wanted, name)
    return (row) => pattern.test(fold(String(field.read(row) ?? '')))
  }
  const test =
    name === 'contains'
      ? (held: string) => held.includes(wanted)
      : name === 'startswith'
        ? (held: string) => held.startsWith(wanted)
        : (held: string) => held.endsWith(wanted)
  return (row) => {
    const cell = field.read(row)
    return typeof cell === 'string' && test(fold(cell))
  }
}

/** `%`, `_` and `[…]` act as in SQL's LIKE. */
function likePattern(wanted: string, name: 'contains' | 'startswith' | 'endswith'): RegExp {
  const body = wanted
    .replace(/[.*+?^${}()|\\]/g, '\\$&')
    .replaceAll('%', '.*')
    .replaceAll('_', '.')
    .replace(/\[(?![^\]]+\])/g, '\\[')
  return new RegExp(`${name === 'startswith' ? '^' : ''}${body}${name === 'endswith' ? '$' : ''}`, 's')
}

function lambda(scope: Scope, expression: Extract<Expression, { kind: 'lambda' }>): Test {
  const name = expression.path.at(-1) ?? ''
  const collection = expression.path.length === 1 ? scope.table.collections.get(name) : undefined
  if (collection === undefined || collection.kind !== 'one-to-many') throw unknownProperty(expression.path.join('/'), scope.table.name)
  const { relationship } = collection
  const other = scope.world.model.tables.get(relationship.referencing)
  if (other === undefined) throw unknownProperty(name, scope.table.name)
  const test = expression.of === null ? () => true : compile({ ...scope, table: other, variable: expression.variable }, expression.of)
  const related = (row: Row): Row[] => other.rows.find(relationship.column, row.id).flatMap((id) => other.rows.get(id) ?? [])
  return expression.quantifier === 'any' ? (row) => related(row).some(test) : (row) => related(row).every(test)
}

function assertNever(value: never): never {
  throw new Error(`Not an expression: ${String(value)}`)
}
