import { isObject, listIn } from './bodies.js'
import { installColumn, readColumn } from './columns.js'
import { optionalLabels, readLabels, requireLock, requireSchemaName } from './definitions.js'
import type { Context } from './emission.js'
import { coded, payloadError } from './errors.js'
import {
  addTable,
  makeLabels,
  removeTable,
  shapeChanged,
  type Column,
  type Labels,
  type Relationship,
  type Table,
} from './metadata-model.js'
import { demand } from './privileges.js'
import { installRelationship } from './relationships.js'
import { columnFromLine, makeTable, relationshipsOfLine, systemLines } from './schema/build.js'
import { columnLines } from './schema/notation.js'
import { seedMessages, seedPrivileges, seedViews } from './platform-rows.js'
import { componentTypes, recordComponent } from './solution-components.js'
import { remove, table as tableNamed, type World } from './world.js'

export interface TableWish {
  readonly schemaName: string
  readonly labels: Labels
  readonly plural: Labels
  readonly description: Labels
  readonly ownership: 'UserOwned' | 'OrganizationOwned'
}

/** Creates a table with everything the platform adds to it. Must run inside a transaction. */
export function createTable(world: World, context: Context, body: unknown): Table {
  requireLock(world, 'CreateEntity')
  demand(world, context, 'prvCreateEntity')
  if (!isObject(body)) throw payloadError('EntityDefinitions', 'The request body must be a JSON object.')
  const schemaName = requireSchemaName(world, body['SchemaName'], 'table')
  if (world.model.tables.has(schemaName.toLowerCase()))
    throw coded(400, '0x80060304', `An entity with the specified name ${schemaName.toLowerCase()} already exists.`)
  const ownership = body['OwnershipType']
  if (ownership !== 'UserOwned' && ownership !== 'OrganizationOwned')
    throw payloadError('EntityDefinitions', "OwnershipType must be 'UserOwned' or 'OrganizationOwned'.")
  const given = listIn(body['Attributes']) ?? []
  if (given.filter((item) => isObject(item) && item['IsPrimaryName'] === true).length !== 1) {
    throw payloadError('EntityDefinitions', "A table needs exactly one attribute with 'IsPrimaryName': true.")
  }
  const wish: TableWish = {
    schemaName,
    labels: readLabels(world, body['DisplayName'], 'DisplayName'),
    plural: readLabels(world, body['DisplayCollectionName'], 'DisplayCollectionName'),
    description: optionalLabels(world, body['Description'], 'Description'),
    ownership,
  }
  const table = emptyTable(world, wish, primaryNameOf(given))
  const columns = given.map((item) => readColumn(world, table, item))
  if (columns.some((column) => column.primaryName && column.kind !== 'text'))
    throw payloadError('EntityDefinitions', 'The primary name must be a text column.')
  installTable(world, table, columns)
  seedViews(world, table)
  recordComponent(world, context, componentTypes.table, table.metadataId)
  return table
}

function primaryNameOf(given: readonly unknown[]): string {
  const primary = given.find((item) => isObject(item) && item['IsPrimaryName'] === true)
  return isObject(primary) ? String(primary['SchemaName']).toLowerCase() : ''
}

export function emptyTable(world: World, wish: TableWish, primaryName: string): Table {
  const name = wish.schemaName.toLowerCase()
  world.model.nextObjectTypeCode += 1
  return makeTable({
    metadataId: world.guid(),
    name,
    schemaName: wish.schemaName,
    setName: pluralOf(name),
    primaryId: `${name}id`,
    primaryName,
    objectTypeCode: world.model.nextObjectTypeCode,
    ownership: wish.ownership,
    custom: true,
    createdAtMs: world.clock.now(),
    labels: wish.labels,
    collectionLabels: wish.plural,
    description: wish.description,
  })
}

interface PlatformParts {
  readonly columns: readonly Column[]
  readonly relationships: readonly Relationship[]
}

// Columns never change in place, so that all environments of a process share those the platform adds to a table of one name.
const partsByTable = new Map<string, PlatformParts>()

function platformParts({ name, primaryId, ownership }: Table): PlatformParts {
  const key = `${name}:${ownership}`
  const held = partsByTable.get(key)
  if (held !== undefined) return held
  const lines = columnLines(`${primaryId} guid ; S co
${systemLines({ name, ownership, stamps: 'all' })}
statecode state 0 Active|1 Inactive ; S ; Status
statuscode status 1 Active (0)|2 Inactive (1) ; ; Status Reason`)
  const made = {
    columns: lines.map((line) => columnFromLine(name, line, null)),
    relationships: lines.flatMap((line) => relationshipsOfLine(name, line)),
  }
  partsByTable.set(key, made)
  return made
}

/** Puts a table with its own and the platform's columns into the model, with messages, privileges and relationships. */
export function installTable(world: World, table: Table, columns: readonly Column[]): void {
  world.transactions.undo(() => removeTable(world.model, table))
  addTable(world.model, table)
  const { columns: own, relationships } = platformParts(table)
  for (const column of own) installColumn(world, table, column)
  for (const column of columns) installColumn(world, table, column)
  for (const relationship of relationships) installRelationship(world, relationship)
  table.rows.dropIndex('createdby')
  table.rows.dropIndex('modifiedby')
  seedMessages(world, table)
  seedPrivileges(world, table)
}

/** Entity set names are made English-like plurals of the logical name. */
export function pluralOf(name: string): string {
  if (/[^aeiou]y$/.test(name)) return `${name.slice(0, -1)}ies`
  return /(?:s|x|z|ch|sh)$/.test(name) ? `${name}es` : `${name}s`
}

const needed = [
  'MetadataId',
  'LogicalName',
  'SchemaName',
  'DisplayName',
  'DisplayCollectionName',
  'OwnershipType',
  'ChangeTrackingEnabled',
  'EntitySetName',
]

/** A PUT replaces the whole definition: members that are missing would be lost, so they are asked for. Must run inside a transaction. */
export function changeTable(world: World, context: Context, table: Table, body: unknown): void {
  requireLock(world, 'UpdateEntity')
  demand(world, context, 'prvWriteEntity')
  if (!isObject(body)) throw payloadError('EntityDefinitions', 'The request body must be a JSON object.')
  for (const name of needed) {
    if (body[name] === undefined)
      throw payloadError('EntityDefinitions', `A PUT replaces the definition and needs '${name}': read it first and send all of it back.`)
  }
  if (body['LogicalName'] !== table.name || body['SchemaName'] !== table.schemaName || body['MetadataId'] !== table.metadataId) {
    throw coded(400, '0x80044302', 'The names and the id of a table cannot change.')
  }
  if (body['OwnershipType'] !== table.ownership) throw coded(400, '0x80044302', 'The ownership of a table cannot change.')
  const tracking = body['ChangeTrackingEnabled'] === true
  if (table.changeTracking && !tracking) throw coded(400, '0x80072492', `Change tracking of ${table.name} cannot be switched off.`)
  if (tracking && !table.canBeTracked) throw coded(400, '0x80072493', `Change tracking cannot be enabled for ${table.name}.`)
  const before = {
    labels: table.labels,
    collectionLabels: table.collectionLabels,
    description: table.description,
    changeTracking: table.changeTracking,
    tracked: table.tracked,
  }
  world.transactions.undo(() => void Object.assign(table, before))
  table.labels = makeLabels(table.labels, readLabels(world, body['DisplayName'], 'DisplayName'), context.mergeLabels)
  table.collectionLabels = makeLabels(
    table.collectionLabels,
    readLabels(world, body['DisplayCollectionName'], 'DisplayCollectionName'),
    context.mergeLabels,
  )
  table.description = makeLabels(table.description, optionalLabels(world, body['Description'], 'Description'), context.mergeLabels)
  table.changeTracking = tracking
  if (world.options.trackingStarts === 'at-once') table.tracked = tracking
  shapeChanged(world.model, table)
  recordComponent(world, context, componentTypes.table, table.metadataId)
}

/** Deletes a table with all its rows; refused while another table refers to it. Must run inside a transaction. */
export function deleteTable(world: World, context: Context, table: Table): void {
  requireLock(world, 'DeleteEntity')
  demand(world, context, 'prvDeleteEntity')
  if (!table.custom) throw coded(400, '0x80044304', `The table ${table.name} belongs to the system and cannot be deleted.`)
  for (const relationship of world.model.relationships.values()) {
    if (relationship.referenced === table.name && relationship.referencing !== table.name) {
      throw coded(
        400,
        '0x8004F01F',
        `The Entity(${table.metadataId}) component cannot be deleted because the relationship ${relationship.schemaName} refers to it.`,
      )
    }
  }
  for (const step of tableNamed(world, 'sdkmessageprocessingstep').rows.all()) {
    const filter = step.cells['sdkmessagefilterid']
    const row = typeof filter === 'object' && filter !== null ? tableNamed(world, 'sdkmessagefilter').rows.get(filter.id) : undefined
    if (row?.cells['primaryobjecttypecode'] === table.name) {
      throw coded(
        400,
        '0x8004F01F',
        `The Entity(${table.metadataId}) component cannot be deleted because the step ${String(step.cells['name'])} refers to it.`,
      )
    }
  }
  const relationships = [...world.model.relationships.values()].filter(
    ({ referenced, referencing }) => referenced === table.name || referencing === table.name,
  )
  world.transactions.undo(() => {
    addTable(world.model, table)
    for (const relationship of relationships) installRelationship(world, relationship)
  })
  removeTable(world.model, table)
  // What shows a table goes with it.
  for (const [name, of] of [
    ['systemform', 'objecttypecode'],
    ['savedquery', 'returnedtypecode'],
  ] as const) {
    const shown = tableNamed(world, name)
    for (const row of [...shown.rows.all()]) if (row.cells[of] === table.name) remove(world, shown, row)
  }
}
