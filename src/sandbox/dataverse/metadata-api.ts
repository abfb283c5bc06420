import { changeColumn, createColumn, deleteColumn, readColumn } from './columns.js'
import { coded, methodNotAllowed, unknownSegment } from './errors.js'
import { createKey, deleteKey } from './keys.js'
import { columnByKey, readMetadata, tableByKey } from './metadata-read.js'
import type { OptionSet, Relationship, Table } from './metadata-model.js'
import { changeGlobalSet, createGlobalSet, deleteGlobalSet } from './option-sets.js'
import type { KeyPart, Segment } from './paths.js'
import { createRelationship, deleteRelationship } from './relationships.js'
import { noContent, type Answer, type Call } from './request.js'
import { changeTable, createTable, deleteTable } from './tables.js'
import type { World } from './world.js'

export const metadataRoots: ReadonlySet<string> = new Set(['EntityDefinitions', 'RelationshipDefinitions', 'GlobalOptionSetDefinitions'])

/** Definitions change by POST, PUT and DELETE; PATCH does not exist here. */
export function metadataApi(world: World, call: Call): Answer {
  if (call.method === 'GET') return readMetadata(world, call)
  const [root, member] = call.segments
  if (root === undefined) throw unknownSegment('')
  if (call.method === 'PATCH')
    throw methodNotAllowed(`Operation not supported on ${root.name === 'EntityDefinitions' ? 'EntityMetadata' : root.name}`)
  return world.transactions.run(() => {
    switch (root.name) {
      case 'EntityDefinitions':
        return member === undefined ? tableApi(world, call, root) : memberApi(world, call, tableByKey(world, root.key), member)
      case 'RelationshipDefinitions':
        return relationshipApi(world, call, root)
      default:
        return optionSetApi(world, call, root)
    }
  })
}

const created = (call: Call, path: string): Answer => {
  const url = `${call.serviceRoot}/${path}`
  return noContent({ 'odata-entityid': url, location: url })
}

const wrongMethod = (call: Call, where: string): Error => methodNotAllowed(`The HTTP method '${call.method}' is not supported on ${where}.`)

function tableApi(world: World, call: Call, root: Segment): Answer {
  if (call.method === 'POST' && root.key.kind === 'none')
    return created(call, `EntityDefinitions(${createTable(world, call.context, call.body).metadataId})`)
  if (root.key.kind === 'none') throw wrongMethod(call, 'EntityDefinitions')
  const table = tableByKey(world, root.key)
  if (call.method === 'PUT') changeTable(world, call.context, table, call.body)
  else if (call.method === 'DELETE') deleteTable(world, call.context, table)
  else throw wrongMethod(call, 'a table definition')
  return noContent()
}

function memberApi(world: World, call: Call, table: Table, member: Segment): Answer {
  if (member.name === 'Attributes') return attributeApi(world, call, table, member)
  if (member.name !== 'Keys') throw unknownSegment(member.name)
  if (call.method === 'POST' && member.key.kind === 'none') {
    const key = createKey(world, call.context, table, call.body)
    return created(call, `EntityDefinitions(${table.metadataId})/Keys(${key.metadataId})`)
  }
  const key = [...table.keys.values()].find((candidate) => isNamed(member.key, candidate.metadataId, candidate.name))
  if (key === undefined) throw coded(404, '0x80060888', 'Could not find a key with that name or id.')
  if (call.method !== 'DELETE') throw wrongMethod(call, 'a key definition')
  deleteKey(world, call.context, table, key)
  return noContent()
}

const isNamed = (key: KeyPart, id: string, name: string): boolean =>
  key.kind === 'guid' ? key.id === id : key.kind === 'named' && [...key.values.values()][0]?.text.toLowerCase() === name.toLowerCase()

function attributeApi(world: World, call: Call, table: Table, member: Segment): Answer {
  if (call.method === 'POST' && member.key.kind === 'none') {
    const column = readColumn(world, table, call.body)
    createColumn(world, call.context, table, column)
    return created(call, `EntityDefinitions(${table.metadataId})/Attributes(${column.metadataId})`)
  }
  const column = columnByKey(table, member.key)
  if (call.method === 'PUT') changeColumn(world, call.context, table, column, call.body)
  else if (call.method === 'DELETE') deleteColumn(world, call.context, table, column)
  else throw wrongMethod(call, 'a column definition')
  return noContent()
}

function relationshipApi(world: World, call: Call, root: Segment): Answer {
  if (call.method === 'POST' && root.key.kind === 'none') {
    return created(call, `RelationshipDefinitions(${createRelationship(world, call.context, call.body).metadataId})`)
  }
  const found: Relationship | undefined = [...world.model.relationships.values()].find((item) =>
    isNamed(root.key, item.metadataId, item.schemaName),
  )
  if (found === undefined) throw coded(404, '0x80060888', 'Could not find a relationship with that name or id.')
  if (call.method !== 'DELETE') throw wrongMethod(call, 'a relationship definition')
  deleteRelationship(world, call.context, found)
  return noContent()
}

function optionSetApi(world: World, call: Call, root: Segment): Answer {
  if (call.method === 'POST' && root.key.kind === 'none') {
    return created(call, `GlobalOptionSetDefinitions(${createGlobalSet(world, call.context, call.body).metadataId})`)
  }
  const found: OptionSet | undefined = [...world.model.globalOptionSets.values()].find((set) => isNamed(root.key, set.metadataId, set.name))
  if (found === undefined) throw coded(404, '0x80060888', 'Could not find an option set with that name or id.')
  if (call.method === 'PUT') changeGlobalSet(world, call.context, found, call.body)
  else if (call.method === 'DELETE') deleteGlobalSet(world, call.context, found)
  else throw wrongMethod(call, 'an option set definition')
  return noContent()
}
