import { badQuery, coded, unknownSegment } from './errors.js'
import {
  attributeJson,
  attributeTypes,
  commonAttributeMembers,
  entityJson,
  keyJson,
  manyToManyJson,
  optionSetJson,
  relationshipJson,
  type Json,
} from './metadata-json.js'
import type { Column, Table } from './metadata-model.js'
import { filterItems, requireMetadataOptions, requirePrinted, selectFrom, type Known } from './metadata-query.js'
import { parseExpand } from './odata-parse.js'
import type { KeyPart, QueryOptions, Segment } from './paths.js'
import { header, json, type Answer, type Call } from './request.js'
import type { World } from './world.js'

/** Components that were just made may be missing from reads that do not insist on the newest state. */
function visibility(world: World, call: Call): (component: { readonly createdAtMs: number }) => boolean {
  const staleMs = world.options.metadataStaleMs
  if (staleMs === 0 || header(call, 'consistency') === 'Strong') return () => true
  const nowMs = world.clock.now()
  return ({ createdAtMs }) => createdAtMs === 0 || createdAtMs <= nowMs - staleMs
}

const missing = (what: string): Error => coded(404, '0x80060888', `Could not find ${what}.`)

function byKey<T extends { readonly metadataId: string }>(items: Iterable<T>, key: KeyPart, nameOf: (item: T) => string, what: string): T {
  const name = key.kind === 'named' ? [...key.values.values()][0]?.text : undefined
  for (const item of items) {
    if (key.kind === 'guid' ? item.metadataId === key.id : nameOf(item).toLowerCase() === name?.toLowerCase()) return item
  }
  throw missing(`${what} '${key.kind === 'guid' ? key.id : (name ?? '')}'`)
}

export const tableByKey = (world: World, key: KeyPart): Table =>
  byKey(world.model.tables.values(), key, (table) => table.name, 'an entity with the name')

export const columnByKey = (table: Table, key: KeyPart): Column =>
  byKey(table.columns.values(), key, (column) => column.name, 'an attribute with the name')

export function readMetadata(world: World, call: Call): Answer {
  requireMetadataOptions(call.query)
  if (world.options.metadataMembers === 'printed') requirePrinted(call.query)
  const [root, ...rest] = call.segments
  const context = (path: string): string => `${call.serviceRoot}/$metadata#${path}`
  switch (root?.name) {
    case 'EntityDefinitions':
      return readEntities(world, call, root, rest)
    case 'RelationshipDefinitions':
      return answer(
        call,
        context('RelationshipDefinitions'),
        relationshipItems(world, call, rest[0]?.name ?? null),
        root,
        'RelationshipMetadataBase',
      )
    case 'GlobalOptionSetDefinitions': {
      const visible = visibility(world, call)
      const items = [...world.model.globalOptionSets.values()].filter(visible).map((set) => optionSetJson(set, 'global'))
      return answer(call, context('GlobalOptionSetDefinitions'), items, root, 'OptionSetMetadataBase')
    }
    default:
      throw unknownSegment(root?.name ?? '')
  }
}

function relationshipItems(world: World, call: Call, cast: string | null): Json[] {
  const visible = visibility(world, call)
  const tables = world.model.tables
  const one = [...world.model.relationships.values()].filter(visible).map((item) => relationshipJson(item, tables.get(item.referenced)))
  const many = [...world.model.manyToMany.values()].map(manyToManyJson)
  const kind = cast?.replace('Microsoft.Dynamics.CRM.', '') ?? null
  return kind === null ? [...one, ...many] : kind === 'OneToManyRelationshipMetadata' ? one : many
}

/** A list, or the one item a key names. */
function answer(call: Call, context: string, items: readonly Json[], segment: Segment, type: string): Answer {
  const known: Known = (member) => items.length === 0 || items.some((item) => member in item)
  if (segment.key.kind === 'none') {
    const found = filterItems(items, call.query, known, type).map((item) => selectFrom(item, call.query, known, type))
    return json(200, { '@odata.context': context, value: found })
  }
  const { key } = segment
  const name = key.kind === 'named' ? [...key.values.values()][0]?.text.toLowerCase() : null
  const found = items.find((item) => (key.kind === 'guid' ? item['MetadataId'] === key.id : nameOf(item) === name))
  if (found === undefined) throw missing(`${type} '${key.kind === 'guid' ? key.id : (name ?? '')}'`)
  return json(200, { '@odata.context': `${context}/$entity`, ...selectFrom(found, call.query, known, type) })
}

const nameOf = (item: Json): string => String(item['LogicalName'] ?? item['SchemaName'] ?? item['Name'] ?? '').toLowerCase()

function readEntities(world: World, call: Call, root: Segment, rest: readonly Segment[]): Answer {
  const visible = visibility(world, call)
  const context = `${call.serviceRoot}/$metadata#EntityDefinitions`
  if (root.key.kind === 'none') {
    const tables = [...world.model.tables.values()].filter(visible)
    const known: Known = (member) => entityMembers.has(member)
    const items = filterItems(tables.map(entityJson), call.query, known, 'EntityMetadata')
    const value = items.map((item) => {
      const table = world.model.tables.get(String(item['LogicalName']))
      return { ...selectFrom(item, call.query, known, 'EntityMetadata'), ...(table === undefined ? {} : expanded(world, call, table)) }
    })
    return json(200, { '@odata.context': context, value })
  }
  const table = tableByKey(world, root.key)
  if (!visible(table)) throw missing(`an entity with the name '${table.name}'`)
  const [member, ...more] = rest
  if (member !== undefined) return readMember(world, call, table, member, more)
  const known: Known = (name) => entityMembers.has(name)
  return json(200, {
    '@odata.context': `${context}/$entity`,
    ...selectFrom(entityJson(table), call.query, known, 'EntityMetadata'),
    ...expanded(world, call, table),
  })
}

const entityMembers: ReadonlySet<string> = new Set([
  ...Object.keys(
    entityJson({
      ...({} as Table), // only the names of the members are of interest
      labels: {},
      collectionLabels: {},
      description: {},
      name: '',
    }),
  ),
])

function membersOf(world: World, call: Call, table: Table, name: string): { items: Json[]; type: string } | null {
  const visible = visibility(world, call)
  const relationships = [...world.model.relationships.values()].filter(visible)
  const tables = world.model.tables
  switch (name) {
    case 'Attributes':
      return { items: [...table.columns.values()].filter(visible).map((column) => attributeJson(table, column)), type: 'AttributeMetadata' }
    case 'Keys':
      return { items: [...table.keys.values()].filter(visible).map((key) => keyJson(table, key)), type: 'EntityKeyMetadata' }
    case 'ManyToOneRelationships':
      return {
        items: relationships
          .filter((item) => item.referencing === table.name)
          .map((item) => relationshipJson(item, tables.get(item.referenced))),
        type: 'OneToManyRelationshipMetadata',
      }
    case 'OneToManyRelationships':
      return {
        items: relationships.filter((item) => item.referenced === table.name).map((item) => relationshipJson(item, table)),
        type: 'OneToManyRelationshipMetadata',
      }
    case 'ManyToManyRelationships':
      return {
        items: [...world.model.manyToMany.values()]
          .filter(({ first, second }) => first === table.name || second === table.name)
          .map(manyToManyJson),
        type: 'ManyToManyRelationshipMetadata',
      }
    default:
      return null
  }
}

function expanded(world: World, call: Call, table: Table): Json {
  const source = call.query.get('$expand')
  if (source === undefined) return {}
  const json: Json = {}
  for (const { name, options } of parseExpand(source)) {
    const members = membersOf(world, call, table, name)
    if (members === null) throw badQuery(`Could not find a property named '${name}' on type 'Microsoft.Dynamics.CRM.EntityMetadata'.`)
    requireMetadataOptions(options)
    const known = knownIn(name, members.items)
    json[name] = filterItems(members.items, options, known, members.type).map((item) => selectFrom(item, options, known, members.type))
  }
  return json
}

/** Members of one kind of column cannot be asked of all columns together. */
function knownIn(name: string, items: readonly Json[]): Known {
  if (name === 'Attributes') return (member) => commonAttributeMembers.has(member)
  return (member) => items.length === 0 || items.some((item) => member in item)
}

function readMember(world: World, call: Call, table: Table, member: Segment, more: readonly Segment[]): Answer {
  const context = `${call.serviceRoot}/$metadata#EntityDefinitions('${table.name}')/${member.name}`
  const members = membersOf(world, call, table, member.name)
  if (members === null) {
    const value = entityJson(table)[member.name]
    if (value === undefined) throw unknownSegment(member.name)
    return json(200, { '@odata.context': context, value })
  }
  if (member.name === 'Attributes') return readAttributes(world, call, table, member, more)
  if (call.query.has('$expand')) throw badQuery(`$expand is not supported on ${member.name}.`)
  return answer(call, context, members.items, member, members.type)
}

function readAttributes(world: World, call: Call, table: Table, member: Segment, more: readonly Segment[]): Answer {
  const cast = more[0]?.name.replace('Microsoft.Dynamics.CRM.', '') ?? null
  if (more[0] !== undefined && !more[0].name.startsWith('Microsoft.Dynamics.CRM.')) return readAttributeMember(call, table, member, more[0])
  if (cast !== null && !Object.values(attributeTypes).some(({ metadata }) => metadata === cast)) throw unknownSegment(more[0]?.name ?? '')
  const visible = visibility(world, call)
  const columns =
    member.key.kind === 'none' ? [...table.columns.values()].filter(visible) : [columnByKey(table, member.key)].filter(visible)
  const fitting = columns.filter((column) => cast === null || attributeTypes[column.kind].metadata === cast)
  const context = `${call.serviceRoot}/$metadata#EntityDefinitions('${table.name}')/Attributes${cast === null ? '' : `/Microsoft.Dynamics.CRM.${cast}`}`
  const plain = cast === null && member.key.kind === 'none' && world.options.metadataMembers === 'printed'
  // Members of a type then come with its cast only.
  const items = fitting.map((column) => (plain ? { ...attributeJson(table, column), MaxLength: undefined } : attributeJson(table, column)))
  const known: Known =
    cast === null ? (name) => commonAttributeMembers.has(name) : (name) => items.length === 0 || items.some((item) => name in item)
  const type = cast ?? 'AttributeMetadata'
  const shown = filterItems(items, call.query, known, type).map((item) => {
    const column = table.columns.get(String(item['LogicalName']))
    const selected = selectFrom(item, call.query, known, type)
    return column === undefined ? selected : { ...selected, ...optionSets(column, call.query, cast) }
  })
  if (member.key.kind === 'none') return json(200, { '@odata.context': context, value: shown })
  const [only] = shown
  if (only === undefined) throw missing(`an attribute of the type ${type} with that name`)
  return json(200, { '@odata.context': `${context}/$entity`, ...only })
}

function optionSets(column: Column, query: QueryOptions, cast: string | null): Json {
  const source = query.get('$expand')
  if (source === undefined) return {}
  const shown: Json = {}
  for (const { name, options } of parseExpand(source)) {
    if ((name !== 'OptionSet' && name !== 'GlobalOptionSet') || cast === null) {
      throw badQuery(`Could not find a property named '${name}' on type 'Microsoft.Dynamics.CRM.${cast ?? 'AttributeMetadata'}'.`)
    }
    const set = column.optionSet
    const fits = set !== null && (name === 'OptionSet' || set.isGlobal)
    const known: Known = () => true
    shown[name] = fits ? selectFrom(optionSetJson(set, column.kind), options, known, 'OptionSetMetadata') : null
  }
  return shown
}

/** `Attributes(LogicalName='x')/OptionSet` and the like: one member of one column. */
function readAttributeMember(call: Call, table: Table, member: Segment, name: Segment): Answer {
  const column = columnByKey(table, member.key)
  if (name.name === 'OptionSet' && column.optionSet !== null) return json(200, optionSetJson(column.optionSet, column.kind))
  const value = attributeJson(table, column)[name.name]
  if (value === undefined || call.method !== 'GET') throw unknownSegment(name.name)
  return json(200, { value })
}
