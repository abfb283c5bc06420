import { coded, missingByKey, missingRow, payloadError, undeclared } from './errors.js'
import { findByKey } from './find.js'
import type { Column, Navigation, Table } from './metadata-model.js'
import { isLookup } from './metadata-model.js'
import { parsePath } from './paths.js'
import type { Cell, Ref } from './row-store.js'
import { readValue } from './values.js'
import type { World } from './world.js'

export type JsonObject = Readonly<Record<string, unknown>>

/** A JSON list with items nobody has looked at yet; null when it is none. */
export function listIn(value: unknown): readonly unknown[] | null {
  return Array.isArray(value) ? value : null
}

export const isObject = (value: unknown): value is JsonObject => typeof value === 'object' && value !== null && !Array.isArray(value)

/** A write body after every check that needs no row: what is sent for which column, and rows to create along. */
export interface Draft {
  readonly cells: Readonly<Record<string, Cell>>
  /** Rows to create first and to point at. */
  readonly parents: readonly { readonly navigation: Navigation; readonly table: Table; readonly draft: Draft }[]
  /** Rows to create afterwards that point here. */
  readonly children: readonly { readonly column: string; readonly table: Table; readonly draft: Draft }[]
}

export interface BodyReader {
  readonly world: World
  readonly mode: 'create' | 'update'
  /** URLs by Content-ID of the change set the write is part of. */
  readonly references: ReadonlyMap<string, string>
}

export const emptyDraft: Draft = { cells: {}, parents: [], children: [] }

/** Reads the JSON of a create or update. Everything the table does not declare is refused. */
export function readBody(reader: BodyReader, table: Table, body: unknown): Draft {
  if (!isObject(body)) throw payloadError(table.setName, 'The request body must be a JSON object.')
  const cells: Record<string, Cell> = {}
  const parents: Draft['parents'][number][] = []
  const children: Draft['children'][number][] = []
  for (const [property, value] of Object.entries(body)) {
    // Callers in this process may leave members undefined, which JSON would drop.
    if (value === undefined) continue
    const at = property.indexOf('@')
    if (at >= 0) {
      readAnnotation(reader, table, property, value, cells)
      continue
    }
    const column = table.columns.get(property)
    if (column !== undefined && !isLookup(column)) {
      if (allowed(reader, table, column, value)) cells[column.name] = readValue(table, column, value)
      continue
    }
    const navigation = table.navigations.get(property)
    if (navigation !== undefined && isObject(value)) {
      const target = reader.world.model.tables.get(navigation.target ?? '')
      if (reader.mode === 'update' || target === undefined)
        throw payloadError(table.setName, `Deep update of '${property}' is not supported.`)
      parents.push({ navigation, table: target, draft: readBody(reader, target, value) })
      continue
    }
    if (Array.isArray(value)) children.push(...readChildren(reader, table, property, value))
    else throw unknownIn(table, property)
  }
  return { cells, parents, children }
}

function unknownIn(table: Table, property: string): Error {
  if (table.properties.has(property)) {
    return payloadError(
      table.setName,
      `CRM do not support direct update of Entity Reference properties, Use Navigation properties instead. Property: '${property}'.`,
    )
  }
  return undeclared(table.setName, property, table.name)
}

/** Whether the column takes a value in this write; a read-only one is refused or passed over. */
function allowed(reader: BodyReader, table: Table, column: Column, value: unknown): boolean {
  if (reader.mode === 'create' ? column.create : column.update) return true
  // The id of the row that is addressed anyway may be repeated.
  if (reader.mode === 'update' && column.name === table.primaryId) return typeof value === 'string'
  if (reader.world.options.readOnlyColumns === 'ignored') return false
  throw payloadError(
    table.setName,
    `The property '${column.name}' is read-only and cannot be ${reader.mode === 'create' ? 'set on create' : 'updated'}.`,
  )
}

function readAnnotation(reader: BodyReader, table: Table, property: string, value: unknown, cells: Record<string, Cell>): void {
  const [name = '', annotation = ''] = property.split('@', 2)
  if (name === '') {
    if (annotation === 'odata.type') requireType(table, value)
    else if (!['odata.etag', 'odata.context', 'odata.id', 'odata.editLink'].includes(annotation))
      throw undeclared(table.setName, property, table.name)
    return
  }
  if (annotation !== 'odata.bind') {
    // Values of formatted and lookup annotations come back with rows that were read, and mean nothing in a write.
    if (table.properties.has(name)) return
    throw undeclared(table.setName, property, table.name)
  }
  const navigation = table.navigations.get(name)
  if (navigation === undefined) {
    if (table.collections.has(name))
      throw payloadError(table.setName, `The collection-valued navigation property '${name}' cannot be bound.`)
    throw undeclared(table.setName, name, table.name)
  }
  if (!allowed(reader, table, navigation.column, value)) return
  const bound = value === null ? null : bindTarget(reader, table, navigation, value)
  const before = cells[navigation.column.name]
  if (before !== undefined && before !== null && bound !== null) {
    throw payloadError(table.setName, `The lookup '${navigation.column.name}' is bound more than once.`)
  }
  if (before === undefined || bound !== null) cells[navigation.column.name] = bound
}

function requireType(table: Table, value: unknown): void {
  const name = typeof value === 'string' ? value.replace(/^#/, '').replace(/^Microsoft\.Dynamics\.CRM\./, '') : ''
  if (name !== table.name)
    throw payloadError(table.setName, `A type named '${String(value)}' could not be resolved to the type of this set, '${table.name}'.`)
}

function bindTarget(reader: BodyReader, table: Table, navigation: Navigation, value: unknown): Ref {
  if (typeof value !== 'string') throw payloadError(table.setName, `The value of '${navigation.name}@odata.bind' must be a URL.`)
  const reference = resolveReference(reader, value)
  const fits = navigation.target === null ? ['systemuser', 'team'].includes(reference.table) : navigation.target === reference.table
  if (!fits) {
    throw payloadError(table.setName, `The navigation property '${navigation.name}' cannot refer to a row of '${reference.table}'.`)
  }
  return reference
}

/** Finds the row a bind or a reference names: by id or alternate key, relative or absolute, or by `$n` inside a change set. */
export function resolveReference(reader: Pick<BodyReader, 'world' | 'references'>, given: string): Ref {
  let url = given
  if (given.startsWith('$')) {
    const target = reader.references.get(given.slice(1))
    if (target === undefined) throw coded(400, '0x80060888', `Content-ID Reference: '${given}' does not exist in the batch context.`)
    url = target
  }
  const path = url
    .replace(/^https?:\/\/[^/]+/, '')
    .replace(/^\/?api\/data\/v9\.[012]\//, '')
    .replace(/^\//, '')
  const [segment, more] = parsePath(path)
  const target = segment && reader.world.model.bySet.get(segment.name)
  if (segment === undefined || more !== undefined || target === undefined)
    throw payloadError('', `The reference '${given}' does not name a row.`)
  if (segment.key.kind === 'guid') {
    if (target.rows.get(segment.key.id) === undefined) throw missingRow(target.name, segment.key.id)
    return { table: target.name, id: segment.key.id }
  }
  if (segment.key.kind !== 'named') throw payloadError('', `The reference '${given}' does not name a row.`)
  const row = findByKey(reader.world, target, segment.key.values).row
  if (row === undefined) throw missingByKey(target.name)
  return { table: target.name, id: row.id }
}

function readChildren(reader: BodyReader, table: Table, property: string, value: readonly unknown[]): Draft['children'][number][] {
  const collection = table.collections.get(property)
  if (collection === undefined || collection.kind !== 'one-to-many') throw undeclared(table.setName, property, table.name)
  if (reader.mode === 'update') throw payloadError(table.setName, `Deep update of '${property}' is not supported.`)
  const target = reader.world.model.tables.get(collection.relationship.referencing)
  if (target === undefined) throw undeclared(table.setName, property, table.name)
  return value.map((item) => ({ column: collection.relationship.column, table: target, draft: readBody(reader, target, item) }))
}

/** A row reference inside action parameters: the id property beside `@odata.type`, or `@odata.id`. */
export function readReference(world: World, value: unknown, name: string): Ref {
  if (!isObject(value)) throw payloadError('', `The parameter '${name}' must be a row reference.`)
  const id = value['@odata.id']
  if (typeof id === 'string') return resolveReference({ world, references: new Map() }, id)
  const type = value['@odata.type']
  const table = typeof type === 'string' ? world.model.tables.get(type.replace(/^#?Microsoft\.Dynamics\.CRM\./, '')) : undefined
  const key = table && value[table.primaryId]
  if (table === undefined || typeof key !== 'string')
    throw payloadError('', `The parameter '${name}' needs '@odata.type' and the id of a row.`)
  if (table.rows.get(key.toLowerCase()) === undefined) throw missingRow(table.name, key)
  return { table: table.name, id: key.toLowerCase() }
}
