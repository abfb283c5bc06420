import { isObject } from './bodies.js'
import { badQuery, notSupported } from './errors.js'
import type { Json } from './metadata-json.js'
import { parseFilter, type Expression, type Operand } from './odata-parse.js'
import { splitOutsideQuotes, type QueryOptions } from './paths.js'

/**
 * Queries over definitions. They know $select, $filter on simple members, $expand and $count; no paging, no order.
 * Source: learn.microsoft.com "Query table definitions using the Web API" (read 2023-10).
 */
export function requireMetadataOptions(options: QueryOptions): void {
  for (const name of options.keys()) {
    if (name === '$top' || name === '$skip' || name === '$orderby' || name === '$skiptoken') {
      throw notSupported(`The query parameter ${name} is not supported on metadata.`)
    }
    if (name.startsWith('$') && !['$select', '$filter', '$expand', '$count'].includes(name))
      throw badQuery(`The query parameter ${name} is not supported.`)
  }
}

const printed = new Set(
  (
    'MetadataId LogicalName SchemaName EntitySetName PrimaryIdAttribute PrimaryNameAttribute ObjectTypeCode ChangeTrackingEnabled ' +
    'IsOptimisticConcurrencyEnabled CanChangeTrackingBeEnabled AttributeType RequiredLevel IsValidForCreate IsValidForUpdate MaxLength ' +
    'ReferencingAttribute ReferencingEntityNavigationPropertyName ReferencedEntity KeyAttributes EntityKeyIndexStatus OptionSet GlobalOptionSet'
  ).split(' '),
)

/** Refuses members that the pages about querying definitions do not print. */
export function requirePrinted(options: QueryOptions): void {
  const filter = (options.get('$filter') ?? '').match(/[A-Za-z]+(?= (?:eq|ne) )/g) ?? []
  for (const name of [...splitOutsideQuotes(options.get('$select') ?? '', ','), ...filter]) {
    if (name !== '' && !printed.has(name)) throw badQuery(`Could not find a property named '${name}'.`)
  }
}

/** Members an item may be asked for; null takes every member of the item itself. */
export type Known = (member: string) => boolean

export function selectFrom(item: Json, options: QueryOptions, known: Known, type: string): Json {
  const select = options.get('$select')
  if (select === undefined) return item
  const kept: Json = item['@odata.type'] === undefined ? {} : { '@odata.type': item['@odata.type'] }
  for (const name of splitOutsideQuotes(select, ',')) {
    if (!known(name)) throw badQuery(`Could not find a property named '${name}' on type 'Microsoft.Dynamics.CRM.${type}'.`)
    kept[name] = item[name] ?? null
  }
  kept['MetadataId'] = item['MetadataId']
  return kept
}

export function filterItems(items: readonly Json[], options: QueryOptions, known: Known, type: string): Json[] {
  const source = options.get('$filter')
  if (source === undefined) return [...items]
  const expression = parseFilter(source, options)
  requireKnown(expression, known, type)
  return items.filter((item) => matches(item, expression))
}

function requireKnown(expression: Expression, known: Known, type: string): void {
  switch (expression.kind) {
    case 'and':
    case 'or':
      requireKnown(expression.left, known, type)
      requireKnown(expression.right, known, type)
      return
    case 'not':
      requireKnown(expression.of, known, type)
      return
    case 'text-test':
      throw notSupported(`The "${expression.name}" function isn't supported for Metadata Entities.`)
    case 'compare':
      for (const operand of [expression.left, expression.right]) {
        const name = operand.kind === 'path' ? operand.path[0] : undefined
        if (name !== undefined && !known(name))
          throw badQuery(`Could not find a property named '${name}' on type 'Microsoft.Dynamics.CRM.${type}'.`)
      }
      return
    default:
      throw notSupported(`The query function is not supported for Metadata Entities.`)
  }
}

function valueOf(item: Json, operand: Operand): unknown {
  if (operand.kind === 'null') return null
  if (operand.kind !== 'path') return operand.value
  let held: unknown = item
  for (const name of operand.path) held = isObject(held) ? (held[name] ?? null) : null
  return held
}

function matches(item: Json, expression: Expression): boolean {
  switch (expression.kind) {
    case 'and':
      return matches(item, expression.left) && matches(item, expression.right)
    case 'or':
      return matches(item, expression.left) || matches(item, expression.right)
    case 'not':
      return !matches(item, expression.of)
    case 'compare': {
      const left = valueOf(item, expression.left)
      const right = valueOf(item, expression.right)
      switch (expression.operator) {
        case 'eq':
          return left === right
        case 'ne':
          return left !== right
        default: {
          if (typeof left !== 'number' || typeof right !== 'number') return false
          const order = left - right
          return { gt: order > 0, ge: order >= 0, lt: order < 0, le: order <= 0 }[expression.operator]
        }
      }
    }
    default:
      return false
  }
}
