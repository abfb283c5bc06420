import { isObject } from './bodies.js'
import { installColumn, uninstallColumn } from './columns.js'
import { memberValue, optionalLabels, readLabels, readRequired, requireLock, requireSchemaName, typeName } from './definitions.js'
import type { Context } from './emission.js'
import { coded, notSupported, payloadError } from './errors.js'
import { addRelationship, removeRelationship, type Cascade, type Relationship, type Table } from './metadata-model.js'
import { demand } from './privileges.js'
import { makeColumn } from './schema/build.js'
import { componentTypes, recordComponent } from './solution-components.js'
import type { World } from './world.js'

const cascades: readonly Cascade[] = ['NoCascade', 'RemoveLink', 'Restrict', 'Cascade']

function readCascade(configuration: unknown, name: string, otherwise: Cascade): Cascade {
  const value = memberValue(configuration, name)
  if (value === undefined) return otherwise
  const known = cascades.find((candidate) => candidate === value)
  if (known === undefined) throw payloadError('RelationshipDefinitions', `The cascade '${String(value)}' of ${name} is not known.`)
  return known
}

/** Creates a lookup column together with its one-to-many relationship. Must run inside a transaction. */
export function createRelationship(world: World, context: Context, body: unknown): Relationship {
  requireLock(world, 'CreateOneToMany')
  demand(world, context, 'prvCreateRelationship')
  if (!isObject(body)) throw payloadError('RelationshipDefinitions', 'The request body must be a JSON object.')
  if (typeName(body) === 'ManyToManyRelationshipMetadata')
    throw notSupported('Many-to-many relationships cannot be created in this simulator.')
  if (typeName(body) !== 'OneToManyRelationshipMetadata')
    throw payloadError('RelationshipDefinitions', `The type '${typeName(body)}' is not a relationship.`)
  const schemaName = requireSchemaName(world, body['SchemaName'], 'relationship')
  if (world.model.relationships.has(schemaName))
    throw coded(400, '0x80060304', `A relationship with the name ${schemaName} already exists.`)
  const referenced = named(world, body['ReferencedEntity'])
  const referencing = named(world, body['ReferencingEntity'])
  const lookup = body['Lookup']
  if (!isObject(lookup) || typeName(lookup) !== 'LookupAttributeMetadata')
    throw payloadError('RelationshipDefinitions', "A relationship needs a 'Lookup' of type LookupAttributeMetadata.")
  const columnSchema = requireSchemaName(world, lookup['SchemaName'], 'lookup')
  const name = columnSchema.toLowerCase()
  if (referencing.columns.has(name))
    throw coded(400, '0x80047013', `An attribute with the specified name ${name} already exists on ${referencing.name}.`)
  const column = makeColumn({
    metadataId: world.guid(),
    name,
    schemaName: columnSchema,
    kind: 'lookup',
    custom: true,
    createdAtMs: world.clock.now(),
    targets: [referenced.name],
    labels: readLabels(world, lookup['DisplayName'], 'Lookup.DisplayName'),
    description: optionalLabels(world, lookup['Description'], 'Lookup.Description'),
    required: readRequired(lookup['RequiredLevel']),
  })
  const relationship: Relationship = {
    metadataId: world.guid(),
    schemaName,
    referenced: referenced.name,
    referencing: referencing.name,
    column: name,
    referencingNavigation: columnSchema,
    referencedNavigation: schemaName,
    onDelete: readCascade(body['CascadeConfiguration'], 'Delete', 'RemoveLink'),
    onMerge: readCascade(body['CascadeConfiguration'], 'Merge', 'NoCascade'),
    custom: true,
    createdAtMs: world.clock.now(),
  }
  installColumn(world, referencing, column)
  installRelationship(world, relationship)
  recordComponent(world, context, componentTypes.entityRelationship, relationship.metadataId)
  recordComponent(world, context, componentTypes.column, column.metadataId)
  return relationship
}

export function installRelationship(world: World, relationship: Relationship): void {
  world.transactions.undo(() => removeRelationship(world.model, relationship))
  addRelationship(world.model, relationship)
}

function named(world: World, name: unknown): Table {
  const table = typeof name === 'string' ? world.model.tables.get(name) : undefined
  if (table === undefined) throw coded(400, '0x80040217', `The table '${String(name)}' does not exist.`)
  return table
}

/** Removes a relationship and its lookup column. Must run inside a transaction. */
export function deleteRelationship(world: World, context: Context, relationship: Relationship): void {
  requireLock(world, 'DeleteRelationship')
  demand(world, context, 'prvDeleteRelationship')
  if (!relationship.custom)
    throw coded(400, '0x80044304', `The relationship ${relationship.schemaName} belongs to the system and cannot be deleted.`)
  const table = named(world, relationship.referencing)
  for (const key of table.keys.values()) {
    if (key.columns.includes(relationship.column))
      throw coded(
        400,
        '0x8004F01F',
        `The relationship ${relationship.schemaName} cannot be deleted because the key ${key.name} uses its column.`,
      )
  }
  world.transactions.undo(() => addRelationship(world.model, relationship))
  removeRelationship(world.model, relationship)
  const column = table.columns.get(relationship.column)
  if (column !== undefined) uninstallColumn(world, table, column)
}
