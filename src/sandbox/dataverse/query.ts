import { deltaRound, trackedStart } from './delta.js'
import { badQuery, notSupported } from './errors.js'
import { expandInto, prepareExpand, type Expansion, type Shape } from './expand.js'
import { hint } from './hints.js'
import type { Table } from './metadata-model.js'
import { contextUrl, nextLink, type ListAnswer, type ListRequest } from './list-request.js'
import { compile } from './odata-eval.js'
import type { Scope, Test } from './odata-operands.js'
import { parseCount, parseFilter, parseOrder, type Expression, type Order } from './odata-parse.js'
import { afterPosition, sorter, sortValues } from './ordering.js'
import { pageMax, readSkipToken, type SkipToken } from './paging.js'
import type { QueryOptions } from './paths.js'
import { projection, shownRow, type Annotations, type JsonRow, type Projection } from './projections.js'
import type { Row } from './row-store.js'
import type { World } from './world.js'

const known: ReadonlySet<string> = new Set(['$select', '$filter', '$orderby', '$top', '$expand', '$count', '$skiptoken', '$deltatoken'])

export function requireKnownOptions(options: QueryOptions): void {
  for (const name of options.keys()) {
    if (name === '$skip') throw badQuery('Skip Clause is not supported in CRM')
    if (name === '$apply' || name.toLowerCase() === 'fetchxml' || name === '$search')
      throw notSupported(`The query option '${name}' is not simulated.`)
    if (name.startsWith('$') && !known.has(name)) throw badQuery(`The query parameter '${name}' is not supported.`)
  }
}

/** Answers a GET of an entity set or of a collection-valued navigation property. */
export function list(world: World, request: ListRequest): ListAnswer {
  const { options, table } = request
  requireKnownOptions(options)
  const fields = projection(table, options.get('$select'))
  const token = options.has('$skiptoken') ? readSkipToken(options.get('$skiptoken') ?? '') : null
  const tracking = request.track || options.has('$deltatoken') || (token !== null && (token.track !== null || token.delta !== null))
  if (tracking) {
    if (request.among !== null) throw badQuery('Change tracking is only supported on entity sets.')
    return options.has('$deltatoken') || token?.delta
      ? deltaRound(world, request, fields, token)
      : trackedStart(world, request, fields, token)
  }
  return untracked(world, request, fields, token)
}

function untracked(world: World, request: ListRequest, fields: Projection, token: SkipToken | null): ListAnswer {
  const { options, table } = request
  const expansion = prepareExpand(world, table, options.get('$expand'), request.userId)
  const top = options.has('$top') && request.pageSize === null ? parseCount(options.get('$top') ?? '', '$top') : null
  if (top !== null && top > pageMax) throw badQuery(`The value of $top must be between 0 and ${pageMax}.`)
  const size = Math.min(top ?? pageMax, request.pageSize ?? pageMax)
  const search = searchOf(world, request)
  const page = pageOf(search, token, size)
  const json: JsonRow = { '@odata.context': contextUrl(request, fields, expansion) }
  if (options.get('$count') === 'true') Object.assign(json, countMembers(countOf(search), request.annotations))
  json['value'] = page.rows.map((row) => expandedRow(world, request, row, fields, expansion))
  const last = page.rows.at(-1)
  if (page.more && top === null && last !== undefined) {
    const position = { values: sortValues(search.scope, search.orders, last), id: last.id }
    json['@odata.nextLink'] = nextLink(request, { page: (token?.page ?? 1) + 1, position, track: null, delta: null })
  }
  return { json, preferencesApplied: request.pageSize === null ? [] : [`odata.maxpagesize=${request.pageSize}`] }
}

function expandedRow(world: World, request: ListRequest, row: Row, fields: Projection, expansion: Expansion): JsonRow {
  const json = shownRow(world, request.table, row, fields, request.annotations)
  const shape: Shape = {
    annotations: request.annotations,
    pageSize: request.pageSize ?? pageMax,
    rowUrl: (table, id) => `${request.serviceRoot}/${table.setName}(${id})`,
  }
  if (expansion.items.length > 0) expandInto(world, row, json, expansion.items, shape)
  return json
}

function countMembers(count: number, annotations: Annotations): JsonRow {
  const beyond = count > pageMax
  const members: JsonRow = { '@odata.count': Math.min(count, pageMax) }
  if (!annotations.any) return members
  return {
    ...members,
    '@Microsoft.Dynamics.CRM.totalrecordcount': beyond ? -1 : count,
    '@Microsoft.Dynamics.CRM.totalrecordcountlimitexceeded': beyond,
  }
}

interface Search {
  readonly world: World
  readonly scope: Scope
  readonly table: Table
  readonly ids: readonly string[]
  /** Whether `ids` is the whole table in order of id. */
  readonly whole: boolean
  readonly test: Test | null
  readonly orders: readonly Order[]
  readonly cacheKey: string
}

export function searchOf(world: World, request: Pick<ListRequest, 'table' | 'among' | 'options' | 'userId'>): Search {
  const { table, options } = request
  const scope: Scope = { world, table, userId: request.userId, variable: null }
  const filter = options.get('$filter')
  const expression = filter === undefined ? null : parsedFilter(world, filter, options)
  const test = expression === null ? null : compile(scope, expression)
  const orderText = options.get('$orderby')
  const orders = orderText === undefined ? [] : parseOrder(orderText)
  sorter(scope, orders)
  const ids = request.among ?? (expression === null ? null : hint(world, table, expression))
  return {
    world,
    scope,
    table,
    ids: ids ?? table.rows.sortedIds(),
    whole: ids === null,
    test,
    orders,
    cacheKey: request.among === null ? `sorted:${table.name}:${orderText ?? ''}:${filter ?? ''}` : '',
  }
}

/** As many different filters as a product uses; parsing again is only a matter of microseconds. */
const filtersMax = 500

function parsedFilter(world: World, source: string, options: QueryOptions): Expression {
  if (source.includes('@')) return parseFilter(source, options)
  const filters = (world.caches.get('filters') ?? new Map()) as Map<string, Expression> // only this function writes this key
  const held = filters.get(source)
  if (held !== undefined) return held
  const made = parseFilter(source, options)
  if (filters.size > filtersMax) filters.clear()
  filters.set(source, made)
  world.caches.set('filters', filters)
  return made
}

interface Page {
  readonly rows: readonly Row[]
  readonly more: boolean
}

function pageOf(search: Search, token: SkipToken | null, size: number): Page {
  if (search.orders.length === 0 && search.whole) return walkInOrder(search, token, size)
  const sorted = sortedMatches(search)
  const after = token === null ? null : afterPosition(search.scope, search.orders, token.position)
  const start = after === null ? 0 : firstIndex(sorted, after)
  return { rows: sorted.slice(start, start + size), more: sorted.length > start + size }
}

/** The first row for which the test holds, in a list that is ordered by it. */
function firstIndex(sorted: readonly Row[], test: (row: Row) => boolean): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const row = sorted[middle]
    if (row !== undefined && test(row)) high = middle
    else low = middle + 1
  }
  return low
}

/** In order of id the table itself is the sorted list: pages continue where the last one ended, without looking back. */
function walkInOrder(search: Search, token: SkipToken | null, size: number): Page {
  const rows: Row[] = []
  const { ids, table, test } = search
  let at = token === null ? 0 : upperBound(ids, token.position.id)
  for (; at < ids.length; at++) {
    const row = table.rows.get(ids[at] ?? '')
    if (row === undefined || (test !== null && !test(row))) continue
    if (rows.length === size) return { rows, more: true }
    rows.push(row)
  }
  return { rows, more: false }
}

function upperBound(ids: readonly string[], id: string): number {
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ids[middle] ?? '') <= id) low = middle + 1
    else high = middle
  }
  return low
}

function matches(search: Search): Row[] {
  const found: Row[] = []
  for (const id of search.ids) {
    const row = search.table.rows.get(id)
    if (row !== undefined && (search.test === null || search.test(row))) found.push(row)
  }
  return found
}

/** The last sorted list is kept while nothing changes, because the pages of one query follow each other. */
function sortedMatches(search: Search): readonly Row[] {
  const { world, cacheKey } = search
  const version = `${world.currentVersion()}:${world.model.version}:${world.clock.now()}`
  const held = world.caches.get('sorted') as { key: string; version: string; rows: readonly Row[] } | undefined // only this function writes this key
  if (held !== undefined && cacheKey !== '' && held.key === cacheKey && held.version === version) return held.rows
  const rows = matches(search).sort(sorter(search.scope, search.orders))
  if (rows.length > pageMax) world.caches.set('sorted', { key: cacheKey, version, rows })
  return rows
}

export function countOf(search: Search): number {
  if (search.test === null) return search.whole ? search.table.rows.size : matches(search).length
  return matches(search).length
}
