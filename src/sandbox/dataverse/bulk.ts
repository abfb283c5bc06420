import { isObject, listIn, readBody, resolveReference } from './bodies.js'
import { missingRow, payloadError, unknownSegment } from './errors.js'
import { addressed } from './find.js'
import type { Table } from './metadata-model.js'
import { parsePath } from './paths.js'
import { json, noContent, type Answer, type Call } from './request.js'
import { createRow, direct, updateRow } from './rows.js'
import type { World } from './world.js'

/** Messages on many rows: all of them or none. Source: learn.microsoft.com "Bulk operation messages" (read 2023-10). */
export function bulk(world: World, table: Table, call: Call, message: string): Answer {
  const targets = isObject(call.body) ? listIn(call.body['Targets']) : null
  if (targets === null) throw payloadError(table.setName, "The parameter 'Targets' is required and must be a list.")
  const rows = targets.map((target) => {
    if (!isObject(target)) throw payloadError(table.setName, 'Each of Targets must be an object.')
    if (typeof target['@odata.type'] !== 'string') throw payloadError(table.setName, "Each of Targets needs '@odata.type'.")
    return target
  })
  switch (message) {
    case 'CreateMultiple':
      return json(200, {
        '@odata.context': `${call.serviceRoot}/$metadata#Microsoft.Dynamics.CRM.CreateMultipleResponse`,
        Ids: world.transactions.run(() => rows.map((target) => create(world, table, call, target))),
      })
    case 'UpdateMultiple':
      world.transactions.run(() => {
        for (const target of rows) update(world, table, call, target)
      })
      return noContent()
    case 'UpsertMultiple':
      world.transactions.run(() => {
        for (const target of rows) upsert(world, table, call, target)
      })
      return noContent()
    default:
      throw unknownSegment(message)
  }
}

type Target = Readonly<Record<string, unknown>>

function create(world: World, table: Table, call: Call, target: Target): string {
  return createRow(world, call.context, table, readBody({ world, mode: 'create', references: call.references }, table, target)).id
}

function update(world: World, table: Table, call: Call, target: Target): void {
  const given = target[table.primaryId]
  const id = typeof given === 'string' ? given.toLowerCase() : idOf(world, target)
  if (id === null) throw payloadError(table.setName, `Each of Targets needs '${table.primaryId}' or '@odata.id'.`)
  const row = table.rows.get(id)
  if (row === undefined) throw missingRow(table.name, id)
  updateRow(world, call.context, table, row, readBody({ world, mode: 'update', references: call.references }, table, target))
}

function idOf(world: World, target: Target): string | null {
  const url = target['@odata.id']
  return typeof url === 'string' ? resolveReference({ world, references: new Map() }, url).id : null
}

function upsert(world: World, table: Table, call: Call, target: Target): void {
  const url = target['@odata.id']
  const [segment] =
    typeof url === 'string'
      ? parsePath(
          url
            .replace(/^https?:\/\/[^/]+/, '')
            .replace(/^\/?api\/data\/v9\.[012]\//, '')
            .replace(/^\//, ''),
        )
      : []
  const given = target[table.primaryId]
  const key =
    segment !== undefined && segment.name === table.setName
      ? segment.key
      : typeof given === 'string'
        ? ({ kind: 'guid', id: given.toLowerCase() } as const)
        : null
  if (key === null) throw payloadError(table.setName, `Each of Targets needs '@odata.id' or '${table.primaryId}'.`)
  const address = addressed(world, table, key)
  if (address.kind === 'row') {
    updateRow(world, call.context, table, address.row, readBody({ world, mode: 'update', references: call.references }, table, target))
    return
  }
  const draft = readBody({ world, mode: 'create', references: call.references }, table, target)
  createRow(world, call.context, table, draft, { ...direct, urlCells: address.cells, urlId: address.id })
}
