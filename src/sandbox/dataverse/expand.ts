import { badQuery, notSupported, unknownProperty } from './errors.js'
import type { Collection, Navigation, Table } from './metadata-model.js'
import { compile } from './odata-eval.js'
import type { Test } from './odata-operands.js'
import { parseCount, parseExpand, parseFilter, parseOrder } from './odata-parse.js'
import { sorter, sortValues } from './ordering.js'
import { writeSkipToken, type Position } from './paging.js'
import { preparedMax, projection, shownRow, type Annotations, type JsonRow, type Projection } from './projections.js'
import type { Row } from './row-store.js'
import type { World } from './world.js'

/** At most this many expands in one query. Source: learn.microsoft.com "Join tables using OData" (read 2023-10). */
const expandsMax = 15

type Prepared =
  | {
      readonly kind: 'one'
      readonly navigation: Navigation
      readonly target: Table
      readonly fields: Projection
      readonly inner: readonly Prepared[]
    }
  | { readonly kind: 'owner'; readonly navigation: Navigation }
  | {
      readonly kind: 'many'
      readonly name: string
      readonly collection: Collection
      readonly target: Table
      readonly fields: Projection
      readonly inner: readonly Prepared[]
      readonly test: Test | null
      readonly compare: (a: Row, b: Row) => number
      readonly positionOf: (row: Row) => Position
      readonly top: number | null
      readonly query: string
    }

export interface Expansion {
  readonly items: readonly Prepared[]
  /** What the context URL says about the expanded rows. */
  readonly context: string
  readonly text: string
}

export const noExpansion: Expansion = { items: [], context: '', text: '' }

export function prepareExpand(world: World, table: Table, source: string | undefined, userId: string): Expansion {
  if (source === undefined || source.trim() === '') return noExpansion
  // Every table that is named may get another shape: the version of the model tells of them all.
  const key = `expand:${world.model.version}:${userId}:${source}`
  const held = table.prepared.get(key)
  if (held !== undefined) return held as Expansion // this function is the only one to write these keys
  const count = { left: expandsMax }
  const items = prepareItems(world, table, source, { userId, count })
  const made = { items, context: items.map(contextOf).join(','), text: source }
  if (table.prepared.size > preparedMax) table.prepared.clear()
  table.prepared.set(key, made)
  return made
}

interface Limits {
  readonly userId: string
  readonly count: { left: number }
}

function prepareItems(world: World, table: Table, source: string, limits: Limits): Prepared[] {
  return parseExpand(source).map(({ name, options }) => {
    limits.count.left -= 1
    if (limits.count.left < 0) throw badQuery(`The number of $expand options exceeds the maximum of ${expandsMax}.`)
    const navigation = table.navigations.get(name)
    const select = options.get('$select')
    const innerOf = (target: Table): Prepared[] => {
      const inner = options.get('$expand')
      return inner === undefined ? [] : prepareItems(world, target, inner, limits)
    }
    if (navigation !== undefined) {
      allow(options, ['$select', '$expand'], name)
      if (navigation.target === null) return ownerExpand(navigation, select)
      const target = world.model.tables.get(navigation.target)
      if (target === undefined) throw unknownProperty(name, table.name)
      return { kind: 'one', navigation, target, fields: projection(target, select), inner: innerOf(target) }
    }
    const collection = table.collections.get(name)
    const target = collection && otherTable(world, collection)
    if (collection === undefined || target === undefined) throw unknownProperty(name, table.name)
    allow(options, ['$select', '$filter', '$orderby', '$top', '$expand'], name)
    const filter = options.get('$filter')
    const order = options.get('$orderby')
    const top = options.get('$top')
    const scope = { world, table: target, userId: limits.userId, variable: null }
    const orders = order === undefined ? [] : parseOrder(order)
    return {
      kind: 'many',
      name,
      collection,
      target,
      fields: projection(target, select),
      inner: innerOf(target),
      test: filter === undefined ? null : compile(scope, parseFilter(filter, options)),
      compare: sorter(scope, orders),
      positionOf: (row) => ({ values: sortValues(scope, orders, row), id: row.id }),
      top: top === undefined ? null : parseCount(top, '$top'),
      query: [...options].map(([key, value]) => `${key}=${encodeURIComponent(value)}`).join('&'),
    }
  })
}

function ownerExpand(navigation: Navigation, select: string | undefined): Prepared {
  const unknown = select?.split(',').find((name) => name.trim() !== 'ownerid')
  if (unknown !== undefined) throw unknownProperty(unknown.trim(), 'principal')
  return { kind: 'owner', navigation }
}

function allow(options: ReadonlyMap<string, string>, allowed: readonly string[], name: string): void {
  for (const option of options.keys()) {
    if (!allowed.includes(option)) throw notSupported(`The query option '${option}' is not supported in $expand of '${name}'.`)
  }
}

function contextOf(item: Prepared): string {
  if (item.kind === 'owner') return `${item.navigation.name}()`
  const name = item.kind === 'one' ? item.navigation.name : item.name
  const inner = item.inner.map(contextOf)
  return `${name}(${[...item.fields.select, ...inner].join(',')})`
}

function otherTable(world: World, collection: Collection): Table | undefined {
  const name =
    collection.kind === 'one-to-many'
      ? collection.relationship.referencing
      : collection.side === 'first'
        ? collection.relation.second
        : collection.relation.first
  return world.model.tables.get(name)
}

/** Rows on the other side of a collection-valued navigation property. */
export function relatedIds(world: World, collection: Collection, id: string): readonly string[] {
  if (collection.kind === 'one-to-many') {
    const { relationship } = collection
    const other = world.model.tables.get(relationship.referencing)
    if (other === undefined) return []
    if (other.rows.hasIndex(relationship.column)) return other.rows.find(relationship.column, id)
    const found: string[] = []
    for (const row of other.rows.all()) {
      const cell = row.cells[relationship.column]
      if (typeof cell === 'object' && cell?.id === id) found.push(row.id)
    }
    return found
  }
  return [...((collection.side === 'first' ? collection.relation.pairs : collection.relation.reverse).get(id) ?? [])]
}

export interface Shape {
  readonly annotations: Annotations
  readonly pageSize: number
  /** Absolute URL of the row that is expanded, for links to further pages. */
  readonly rowUrl: (table: Table, id: string) => string
}

export function expandInto(world: World, row: Row, json: JsonRow, items: readonly Prepared[], shape: Shape): void {
  for (const item of items) {
    if (item.kind === 'many') expandMany(world, row, json, item, shape)
    else if (item.kind === 'owner') json[item.navigation.name] = ownerOf(world, row)
    else {
      const cell = row.cells[item.navigation.column.name]
      const other = typeof cell === 'object' && cell !== null && cell.table === item.target.name ? item.target.rows.get(cell.id) : undefined
      json[item.navigation.name] = other === undefined ? null : rowWith(world, item, other, shape)
    }
  }
}

function rowWith(world: World, item: Extract<Prepared, { kind: 'one' | 'many' }>, row: Row, shape: Shape): JsonRow {
  const json = shownRow(world, item.target, row, item.fields, shape.annotations)
  expandInto(world, row, json, item.inner, shape)
  return json
}

function expandMany(world: World, row: Row, json: JsonRow, item: Extract<Prepared, { kind: 'many' }>, shape: Shape): void {
  const rows = relatedIds(world, item.collection, row.id).flatMap((id) => item.target.rows.get(id) ?? [])
  const matching = (item.test === null ? rows : rows.filter(item.test)).sort(item.compare)
  const page = matching.slice(0, Math.min(item.top ?? shape.pageSize, shape.pageSize, world.options.expandedRowsMax))
  json[item.name] = page.map((other) => rowWith(world, item, other, shape))
  const last = page.at(-1)
  if (item.top === null && matching.length > page.length && last !== undefined) {
    const source = ownerTable(world, item.collection)
    const token = writeSkipToken({ page: 2, position: item.positionOf(last), track: null, delta: null })
    const query = [item.query, `$skiptoken=${token}`].filter((part) => part !== '').join('&')
    if (source !== undefined) json[`${item.name}@odata.nextLink`] = `${shape.rowUrl(source, row.id)}/${item.name}?${query}`
  }
}

function ownerTable(world: World, collection: Collection): Table | undefined {
  const name =
    collection.kind === 'one-to-many'
      ? collection.relationship.referenced
      : collection.side === 'first'
        ? collection.relation.first
        : collection.relation.second
  return world.model.tables.get(name)
}

function ownerOf(world: World, row: Row): JsonRow | null {
  const cell = row.cells['ownerid']
  if (typeof cell !== 'object' || cell === null) return null
  const owner = world.model.tables.get(cell.table)
  const held = owner?.rows.get(cell.id)
  return {
    '@odata.type': `#Microsoft.Dynamics.CRM.${cell.table}`,
    ...(held === undefined ? {} : { '@odata.etag': `W/"${held.version}"` }),
    ownerid: cell.id,
  }
}
