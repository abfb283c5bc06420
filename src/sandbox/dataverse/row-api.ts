import { isObject, readBody, resolveReference } from './bodies.js'
import { deleteRow, pair, unpair } from './deleting.js'
import { pendingChanges } from './delta.js'
import {
  badQuery,
  concurrencyNotEnabled,
  matchingRowExists,
  methodNotAllowed,
  missingByKey,
  missingRow,
  payloadError,
  unknownProperty,
  unknownSegment,
  versionMismatch,
  DataverseError,
} from './errors.js'
import { expandInto, noExpansion, prepareExpand, relatedIds } from './expand.js'
import { addressed, required, type Address } from './find.js'
import { cellOf } from './formatted.js'
import { contextUrl } from './list-request.js'
import type { Table } from './metadata-model.js'
import { isLookup } from './metadata-model.js'
import { pageMax } from './paging.js'
import { demand, demandOn, privilegeOf, privilegesChanged } from './privileges.js'
import { etagOf, projection, shownRow } from './projections.js'
import { countOf, list, requireKnownOptions, searchOf } from './query.js'
import { header, json, noContent, type Answer, type Call } from './request.js'
import type { Row } from './row-store.js'
import { createRow, direct, updateRow } from './rows.js'
import type { World } from './world.js'

/** Requests on entity sets and rows. Source: learn.microsoft.com "Perform operations using the Web API" (read 2023-10). */
export function setApi(world: World, table: Table, call: Call): Answer {
  const [first, second] = call.segments
  if (first === undefined) throw unknownSegment('')
  if (first.key.kind === 'none') {
    if (second?.name === '$count' && call.method === 'GET') return countSet(world, table, call)
    if (second !== undefined) throw unknownSegment(second.name)
    if (call.method === 'GET') return listSet(world, table, call)
    if (call.method === 'POST') return postRow(world, table, call)
    throw methodNotAllowed(`The HTTP method '${call.method}' is not supported on the set '${table.setName}'.`)
  }
  const address = addressed(world, table, first.key)
  if (second === undefined) return rowApi(world, table, call, address)
  return memberApi(world, table, call, address)
}

const rowUrl = (call: Call, table: Table, id: string): string => `${call.serviceRoot}/${table.setName}(${id})`

function listSet(world: World, table: Table, call: Call): Answer {
  demand(world, call.context, privilegeOf('Read', table), call.prefer.track ? 'Global' : 'Basic')
  return answerList(world, table, call, null, `${call.serviceRoot}/${table.setName}`)
}

function answerList(world: World, table: Table, call: Call, among: readonly string[] | null, url: string): Answer {
  const { json: body, preferencesApplied } = list(world, {
    table,
    among,
    options: call.query,
    rawQuery: call.rawQuery,
    url,
    serviceRoot: call.serviceRoot,
    annotations: call.prefer.annotations,
    pageSize: call.prefer.pageSize,
    track: call.prefer.track,
    userId: call.context.userId,
  })
  return json(200, body, appliedHeader(call, preferencesApplied))
}

function appliedHeader(call: Call, applied: readonly string[]): Record<string, string> {
  const annotations = call.prefer.annotationText === null ? [] : [`odata.include-annotations="${call.prefer.annotationText}"`]
  const all = [...applied, ...annotations]
  return all.length === 0 ? {} : { 'preference-applied': all.join(',') }
}

function countSet(world: World, table: Table, call: Call): Answer {
  demandOn(world, call.context, 'Read', table)
  const request = { table, among: null, options: call.query, userId: call.context.userId }
  const count = call.query.has('$deltatoken') ? pendingChanges(world, request) : countOf(searchOf(world, request))
  return { status: 200, headers: { 'content-type': 'text/plain' }, body: String(Math.min(count, pageMax)) }
}

function postRow(world: World, table: Table, call: Call): Answer {
  const draft = readBody({ world, mode: 'create', references: call.references }, table, call.body)
  const row = world.transactions.run(() => createRow(world, call.context, table, draft))
  return written(world, table, call, row, { created: true, url: rowUrl(call, table, row.id) })
}

/** The answer to a write: the row when asked for, else only where it is. */
function written(world: World, table: Table, call: Call, row: Row, { created, url }: { created: boolean; url: string }): Answer {
  if (call.prefer.representation) {
    const fields = projection(table, call.query.get('$select'))
    const context = `${contextUrl({ serviceRoot: call.serviceRoot, table }, fields, { context: '' })}/$entity`
    const body = { '@odata.context': context, ...shownRow(world, table, row, fields, call.prefer.annotations) }
    return json(created ? 201 : 200, body, { etag: etagOf(row), ...appliedHeader(call, ['return=representation']) })
  }
  return noContent(created ? { 'odata-entityid': url, location: url } : { 'odata-entityid': url })
}

function rowApi(world: World, table: Table, call: Call, address: Address): Answer {
  switch (call.method) {
    case 'GET':
      return getRow(world, table, call, required(table, address))
    case 'PATCH':
      return patchRow(world, table, call, address)
    case 'DELETE': {
      const row = required(table, address)
      requireMatch(world, table, call, row)
      world.transactions.run(() => deleteRow(world, call.context, table, row))
      return noContent()
    }
    default:
      throw methodNotAllowed(`The HTTP method '${call.method}' is not supported on a row.`)
  }
}

function getRow(world: World, table: Table, call: Call, row: Row): Answer {
  demandOn(world, call.context, 'Read', table)
  requireKnownOptions(call.query)
  const fields = projection(table, call.query.get('$select'))
  const expansion = call.query.has('$expand') ? prepareExpand(world, table, call.query.get('$expand'), call.context.userId) : noExpansion
  // A conditional read never answers 304 when the answer depends on more than the row itself.
  const conditional = expansion.items.length === 0 && call.prefer.annotationText === null
  if (conditional && header(call, 'if-none-match') === etagOf(row)) return { status: 304, headers: { etag: etagOf(row) }, body: '' }
  const context = `${contextUrl({ serviceRoot: call.serviceRoot, table }, fields, expansion)}/$entity`
  const body = { '@odata.context': context, ...shownRow(world, table, row, fields, call.prefer.annotations) }
  expandInto(world, row, body, expansion.items, {
    annotations: call.prefer.annotations,
    pageSize: call.prefer.pageSize ?? pageMax,
    rowUrl: (other, id) => rowUrl(call, other, id),
  })
  return json(200, body, { etag: etagOf(row), ...appliedHeader(call, []) })
}

function requireMatch(world: World, table: Table, call: Call, row: Row): void {
  const expected = header(call, 'if-match')
  if (expected === null || expected === '*') return
  if (!table.optimisticConcurrency) throw concurrencyNotEnabled(table.name)
  if (expected !== etagOf(row)) {
    const mismatch = versionMismatch()
    throw new DataverseError(mismatch.status, world.options.versionMismatchCode, mismatch.message)
  }
}

/** PATCH is an upsert: `If-Match` keeps it from creating, `If-None-Match: *` from updating. */
function patchRow(world: World, table: Table, call: Call, address: Address): Answer {
  const url = `${call.serviceRoot}/${call.rawPath}`
  if (address.kind === 'row') {
    if (header(call, 'if-none-match') === '*') throw matchingRowExists(world.options.rowExistsCode)
    requireMatch(world, table, call, address.row)
    const draft = withoutKey(call, readBody({ world, mode: 'update', references: call.references }, table, call.body))
    const row = world.transactions.run(() => updateRow(world, call.context, table, address.row, draft))
    return written(world, table, call, row, { created: false, url })
  }
  if (header(call, 'if-match') !== null) throw address.id === null ? missingByKey(table.name) : missingRow(table.name, address.id)
  const draft = readBody({ world, mode: 'create', references: call.references }, table, call.body)
  const row = world.transactions.run(() =>
    createRow(world, call.context, table, draft, { ...direct, urlCells: address.cells, urlId: address.id }),
  )
  return written(world, table, call, row, { created: true, url })
}

/** Key columns repeated in the body of an update through that key mean nothing. */
function withoutKey(call: Call, draft: ReturnType<typeof readBody>): ReturnType<typeof readBody> {
  const key = call.segments[0]?.key
  if (key?.kind !== 'named') return draft
  return { ...draft, cells: Object.fromEntries(Object.entries(draft.cells).filter(([name]) => !key.values.has(name))) }
}

function memberApi(world: World, table: Table, call: Call, address: Address): Answer {
  const row = required(table, address)
  const [, member, third] = call.segments
  const name = member?.name ?? ''
  const column = table.columns.get(name)
  if (third?.name === '$ref') return referenceApi(world, table, call, row, name)
  if (column !== undefined && !isLookup(column)) return propertyApi(world, table, call, row, name)
  if (call.method !== 'GET') throw methodNotAllowed(`The HTTP method '${call.method}' is not supported on '${name}'.`)
  const navigation = table.navigations.get(name)
  if (navigation !== undefined) {
    const reference = row.cells[navigation.column.name]
    const target = typeof reference === 'object' && reference !== null ? world.model.tables.get(reference.table) : undefined
    const other = typeof reference === 'object' && reference !== null ? target?.rows.get(reference.id) : undefined
    if (target === undefined || other === undefined) return noContent()
    return getRow(world, target, call, other)
  }
  const collection = table.collections.get(name)
  if (collection === undefined) throw unknownSegment(name)
  const otherName =
    collection.kind === 'one-to-many'
      ? collection.relationship.referencing
      : collection.side === 'first'
        ? collection.relation.second
        : collection.relation.first
  const other = world.model.tables.get(otherName)
  if (other === undefined) throw unknownSegment(name)
  demandOn(world, call.context, 'Read', other)
  return answerList(world, other, call, [...relatedIds(world, collection, row.id)].sort(), `${rowUrl(call, table, row.id)}/${name}`)
}

function propertyApi(world: World, table: Table, call: Call, row: Row, name: string): Answer {
  const column = table.columns.get(name)
  if (column === undefined || !column.read) throw unknownProperty(name, table.name)
  const update = (value: unknown): Answer => {
    requireMatch(world, table, call, row)
    const draft = readBody({ world, mode: 'update', references: call.references }, table, { [name]: value })
    world.transactions.run(() => updateRow(world, call.context, table, row, draft))
    return noContent()
  }
  if (call.method === 'PUT') {
    if (!isObject(call.body) || !('value' in call.body)) throw payloadError(table.setName, 'The body must be {"value": …}.')
    return update(call.body['value'])
  }
  if (call.method === 'DELETE') return update(null)
  if (call.method !== 'GET') throw methodNotAllowed(`The HTTP method '${call.method}' is not supported on a property.`)
  demandOn(world, call.context, 'Read', table)
  const cell = cellOf(row, column)
  if (cell === null) return noContent()
  if (call.segments[2]?.name === '$value') return { status: 200, headers: { 'content-type': 'text/plain' }, body: String(cell) }
  return json(200, { '@odata.context': `${call.serviceRoot}/$metadata#${table.setName}(${row.id})/${name}`, value: cell })
}

function referenceApi(world: World, table: Table, call: Call, row: Row, name: string): Answer {
  const navigation = table.navigations.get(name)
  const bind = (value: unknown): Answer => {
    const draft = readBody({ world, mode: 'update', references: call.references }, table, { [`${name}@odata.bind`]: value })
    world.transactions.run(() => updateRow(world, call.context, table, row, draft))
    return noContent()
  }
  const target = (): string => {
    const id = isObject(call.body) ? call.body['@odata.id'] : undefined
    if (typeof id !== 'string') throw payloadError(table.setName, 'The body must be {"@odata.id": "…"}.')
    return id
  }
  if (navigation !== undefined) {
    if (call.method === 'PUT') return bind(target())
    if (call.method === 'DELETE') return bind(null)
    throw methodNotAllowed(`The HTTP method '${call.method}' is not supported on '${name}/$ref'.`)
  }
  const collection = table.collections.get(name)
  if (collection === undefined) throw unknownSegment(name)
  if (call.method !== 'POST' && call.method !== 'DELETE')
    throw methodNotAllowed(`The HTTP method '${call.method}' is not supported on '${name}/$ref'.`)
  const url = call.method === 'POST' ? target() : (call.query.get('$id') ?? '')
  const other = resolveReference({ world, references: call.references }, url)
  if (collection.kind === 'many-to-many') return associate(world, table, call, { collection, row, otherId: other.id })
  const { relationship } = collection
  const child = world.model.tables.get(relationship.referencing)
  const childRow = other.table === relationship.referencing ? child?.rows.get(other.id) : undefined
  if (child === undefined || childRow === undefined) throw badQuery(`'${url}' is not a row of '${relationship.referencing}'.`)
  const cells = { [relationship.column]: call.method === 'POST' ? { table: table.name, id: row.id } : null }
  world.transactions.run(() => updateRow(world, call.context, child, childRow, { cells, parents: [], children: [] }))
  return noContent()
}

type ManyToManySide = Extract<Parameters<typeof pair>[1], { kind: 'many-to-many' }>

function associate(world: World, table: Table, call: Call, pairing: { collection: ManyToManySide; row: Row; otherId: string }): Answer {
  demandOn(world, call.context, 'Append', table)
  const { collection, row, otherId } = pairing
  world.transactions.run(() => {
    if (call.method === 'POST') pair(world, collection, row.id, otherId)
    else unpair(world, collection, row.id, otherId)
  })
  privilegesChanged(world)
  return noContent()
}
