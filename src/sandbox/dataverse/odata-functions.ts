import { badQuery, notSupported } from './errors.js'
import { comparable, operandFor, resolve, type Resolved, type Scope, type Test } from './odata-operands.js'
import type { Literal } from './odata-parse.js'
import { edmTypes } from './values.js'

type Arguments = ReadonlyMap<string, Literal | readonly Literal[]>

const hourMs = 3_600_000
const dayMs = 24 * hourMs

/** Query functions of the namespace Microsoft.Dynamics.CRM. Source: learn.microsoft.com "Web API query function reference" (read 2023-10). */
export function crmFunction(scope: Scope, name: string, given: Arguments): Test {
  const field = resolve(scope, textArgument(given, 'PropertyName').split('/'))
  const read = (row: Parameters<Test>[0]): string | number | null => comparable(field.column, field.read(row))
  switch (name) {
    case 'In':
    case 'NotIn': {
      const wanted = new Set(listArgument(given).map((literal) => operandFor(field.column, coerced(field, literal))))
      return name === 'In' ? (row) => wanted.has(read(row) ?? '\u0000') : (row) => !wanted.has(read(row) ?? '\u0000')
    }
    case 'Between':
    case 'NotBetween': {
      const [low, high] = listArgument(given).map((literal) => operandFor(field.column, coerced(field, literal)))
      if (low === undefined || high === undefined) throw badQuery(`${name} needs two values.`)
      const inside: Test = (row) => {
        const value = read(row)
        return value !== null && value >= low && value <= high
      }
      return name === 'Between' ? inside : (row) => !inside(row)
    }
    case 'ContainValues':
    case 'DoesNotContainValues': {
      const wanted = listArgument(given).map((literal) => String(literalText(literal)))
      const has: Test = (row) => {
        const chosen = String(field.read(row) ?? '').split(',')
        return wanted.some((value) => chosen.includes(value))
      }
      return name === 'ContainValues' ? has : (row) => !has(row)
    }
    case 'LastXHours':
      return within(scope, field, Number(textArgument(given, 'PropertyValue')) * hourMs)
    case 'LastXDays':
      return within(scope, field, Number(textArgument(given, 'PropertyValue')) * dayMs)
    case 'On':
    case 'OnOrAfter':
    case 'OnOrBefore':
      return byDay(field, name, textArgument(given, 'PropertyValue').slice(0, 10))
    case 'EqualUserId':
      return (row) => read(row) === scope.userId
    case 'NotEqualUserId':
      return (row) => read(row) !== scope.userId
    default:
      throw notSupported(`The query function 'Microsoft.Dynamics.CRM.${name}' is not known to this simulator.`)
  }
}

function within(scope: Scope, field: Resolved, spanMs: number): Test {
  const nowMs = scope.world.clock.now()
  return (row) => {
    const atMs = Date.parse(String(field.read(row)))
    return atMs <= nowMs && atMs >= nowMs - spanMs
  }
}

function byDay(field: Resolved, name: 'On' | 'OnOrAfter' | 'OnOrBefore', day: string): Test {
  return (row) => {
    const cell = field.read(row)
    if (typeof cell !== 'string') return false
    const held = cell.slice(0, 10)
    return name === 'On' ? held === day : name === 'OnOrAfter' ? held >= day : held <= day
  }
}

function textArgument(given: Arguments, name: string): string {
  const value = given.get(name)
  if (value === undefined || Array.isArray(value)) throw badQuery(`The function parameter '${name}' is missing.`)
  return String(literalText(value as Literal)) // not an array, as asked above
}

function listArgument(given: Arguments): readonly Literal[] {
  const value = given.get('PropertyValues')
  if (!Array.isArray(value)) throw badQuery("The function parameter 'PropertyValues' is missing.")
  return value as readonly Literal[] // an array, as asked above
}

const literalText = (literal: Literal): string | number | boolean => (literal.kind === 'null' ? '' : literal.value)

/** Lists hold texts whatever the column is: `PropertyValues=['1000','5000']`. */
function coerced(field: Resolved, literal: Literal): Literal {
  if (literal.kind !== 'text') return literal
  switch (edmTypes[field.column.kind]) {
    case 'Edm.Int32':
    case 'Edm.Int64':
    case 'Edm.Decimal':
    case 'Edm.Double':
      return { kind: 'number', value: Number(literal.value), whole: true }
    case 'Edm.Guid':
      return { kind: 'guid', value: literal.value.toLowerCase() }
    case 'Edm.Boolean':
      return { kind: 'boolean', value: literal.value === 'true' || literal.value === '1' }
    case 'Edm.Date':
      return { kind: 'date', value: literal.value.slice(0, 10) }
    case 'Edm.DateTimeOffset':
      return literal.value.length > 10 ? { kind: 'moment', value: literal.value } : { kind: 'date', value: literal.value }
    default:
      return literal
  }
}
