import { isObject } from './bodies.js'
import { installColumn } from './columns.js'
import type { Context } from './emission.js'
import { coded, lockHeld, payloadError } from './errors.js'
import { checkForm } from './form-xml.js'
import { buildLater, installKey } from './keys.js'
import type { Table } from './metadata-model.js'
import { write } from './platform-rows.js'
import { demand } from './privileges.js'
import { installRelationship } from './relationships.js'
import { fold } from './row-store.js'
import { makeColumn } from './schema/build.js'
import { componentTypes } from './solution-components.js'
import { fileAt, readSolutionFile, type SolutionFile } from './solution-file.js'
import { columnOf, columnParts, requireWhole } from './solution-parts.js'
import { asText, child, children, importError, labelAt, required, textAt, type XmlElement } from './solution-xml.js'
import { emptyTable, installTable, pluralOf } from './tables.js'
import { secondsIso, table as tableNamed, type World } from './world.js'

/** Brings a solution file into the environment: everything of it, or nothing. */
export function importSolution(world: World, context: Context, body: unknown): SolutionFile {
  if (!isObject(body)) throw payloadError('ImportSolution', 'The request body must be a JSON object.')
  for (const name of ['OverwriteUnmanagedCustomizations', 'PublishWorkflows'])
    if (typeof body[name] !== 'boolean') throw payloadError('ImportSolution', `The parameter '${name}' is required.`)
  if (world.options.customizationLock === 'held' || world.caches.has(importing)) throw lockHeld('Import')
  demand(world, context, 'prvImportCustomization')
  const file = readSolutionFile(body['CustomizationFile'])
  world.transactions.run(() => bringIn(world, file))
  return file
}

/** The key under which an asynchronous import holds the lock of the environment. */
export const importing = 'solution-import'

function bringIn(world: World, file: SolutionFile): void {
  for (const name of file.needs)
    if (!world.model.tables.has(name))
      throw importError(`the table '${name}', on which the solution depends, is missing in this environment.`)
  const solutionId = settleSolution(world, file)
  const relationships = children(child(file.customizations, 'EntityRelationships'), 'EntityRelationship')
  const components: (readonly [number, string])[] = []
  for (const entity of children(child(file.customizations, 'Entities'), 'Entity'))
    components.push(...bringTable(world, file, entity, relationships))
  for (const relationship of relationships) bringRelationship(world, file, relationship)
  for (const entity of children(child(file.customizations, 'Entities'), 'Entity')) components.push(...bringShown(world, file, entity))
  for (const resource of children(child(file.customizations, 'WebResources'), 'WebResource'))
    components.push(bringResource(world, file, resource))
  requireRoots(world, file)
  for (const [type, objectId] of components) {
    const id = world.guid()
    const cells = {
      componenttype: type,
      objectid: objectId,
      ismetadata: type < 20,
      rootcomponentbehavior: 0,
      solutionid: { table: 'solution', id: solutionId },
    }
    write(world, 'solutioncomponent', id, cells)
  }
}

function settleSolution(world: World, file: SolutionFile): string {
  const publisher = [...tableNamed(world, 'publisher').rows.all()].find(({ cells }) => cells['uniquename'] === file.publisher.uniqueName)
  const publisherId = publisher?.id ?? world.guid()
  if (publisher === undefined)
    write(world, 'publisher', publisherId, {
      uniquename: file.publisher.uniqueName,
      friendlyname: file.publisher.name,
      customizationprefix: file.publisher.prefix,
      customizationoptionvalueprefix: file.publisher.optionValuePrefix,
      isreadonly: false,
    })
  const solutions = tableNamed(world, 'solution')
  const held = solutions.rows.get(solutions.rows.find('uniquename', fold(file.uniqueName))[0] ?? '')
  if (held !== undefined && held.cells['ismanaged'] !== file.managed)
    throw coded(
      400,
      file.managed ? '0x80048040' : '0x80048041',
      `The solution ${file.uniqueName} is installed as ${file.managed ? 'unmanaged' : 'managed'}; the package is of the other kind.`,
    )
  if (held !== undefined && file.managed && isOlder(file.version, String(held.cells['version'])))
    throw importError(`version ${file.version} is lower than the installed ${String(held.cells['version'])}.`)
  const id = held?.id ?? world.guid()
  write(world, 'solution', id, {
    uniquename: file.uniqueName,
    friendlyname: file.friendlyName,
    version: file.version,
    ismanaged: file.managed,
    isvisible: true,
    installedon: secondsIso(world.clock.now()),
    publisherid: { table: 'publisher', id: publisherId },
  })
  return id
}

function isOlder(version: string, than: string): boolean {
  const [ours, theirs] = [version, than].map((text) => text.split('.').map(Number)) as [number[], number[]] // one list a text
  for (const [at, number] of ours.entries()) if (number !== (theirs[at] ?? 0)) return number < (theirs[at] ?? 0)
  return false
}

type Components = (readonly [number, string])[]

function bringTable(world: World, file: SolutionFile, element: XmlElement, relationships: readonly XmlElement[]): Components {
  const schemaName = required(element, 'Name', 'Entity').text
  const entity = required(required(element, 'EntityInfo', `Entity ${schemaName}`), 'entity', `Entity ${schemaName}`)
  if (entity.attributes['Name'] !== schemaName)
    throw importError(`the entity '${schemaName}' is called '${String(entity.attributes['Name'])}' inside.`)
  const name = schemaName.toLowerCase()
  const parts = columnParts(entity, `Entity ${schemaName}`)
  const held = world.model.tables.get(name)
  if (held !== undefined && held.schemaName !== schemaName)
    throw importError(`the table '${name}' has the schema name '${held.schemaName}'.`)
  if (held === undefined && !name.startsWith(`${file.publisher.prefix.toLowerCase()}_`))
    throw importError(`The entity with a name = '${name}' was not found in the MetadataCache.`)
  const table = held ?? newTable(world, entity, { schemaName, parts, relationships })
  const components: Components = held === undefined ? [[componentTypes.table, table.metadataId]] : []
  for (const part of parts) {
    if (part.isPlatform || part.type === 'lookup' || table.columns.has(part.name)) continue
    const column = columnOf(world, name, part, file)
    installColumn(world, table, column)
    components.push([componentTypes.column, column.metadataId])
  }
  return [...components, ...bringKeys(world, table, entity)]
}

function newTable(
  world: World,
  entity: XmlElement,
  given: { readonly schemaName: string; readonly parts: ReturnType<typeof columnParts>; readonly relationships: readonly XmlElement[] },
): Table {
  const { schemaName, parts } = given
  const mask = textAt(entity, 'OwnershipTypeMask')
  if (mask !== 'UserOwned' && mask !== 'OrgOwned') throw importError(`the table '${schemaName}' has the ownership '${mask}'.`)
  const ownership = mask === 'UserOwned' ? 'UserOwned' : 'OrganizationOwned'
  requireWhole(schemaName, ownership, parts, new Set(given.relationships.map(({ attributes }) => attributes['Name'] ?? '')))
  const primary = parts.find(({ element }) => textAt(element, 'DisplayMask').split('|').includes('PrimaryName'))
  if (primary === undefined) throw importError(`the table '${schemaName}' has no primary name.`)
  const made = emptyTable(
    world,
    {
      schemaName,
      labels: { 1033: labelAt(entity, 'LocalizedNames') },
      plural: { 1033: labelAt(entity, 'LocalizedCollectionNames') },
      description: { 1033: labelAt(entity, 'Descriptions') },
      ownership,
    },
    primary.name,
  )
  if (textAt(entity, 'EntitySetName') !== pluralOf(made.name))
    throw importError(`the entity set of '${schemaName}' must be '${pluralOf(made.name)}'.`)
  const tracked = textAt(entity, 'ChangeTrackingEnabled') === '1'
  const table: Table = { ...made, changeTracking: tracked, tracked }
  installTable(world, table, [])
  return table
}

function bringKeys(world: World, table: Table, entity: XmlElement): Components {
  return children(child(entity, 'EntityKeys'), 'EntityKey').flatMap((element) => {
    const name = textAt(element, 'LogicalName')
    if (table.keys.has(name)) return []
    const columns = children(child(element, 'EntityKeyAttributes'), 'AttributeName').map(({ text }) => text)
    for (const column of columns)
      if (!table.columns.has(column))
        throw importError(`the key '${name}' names the column '${column}', which ${table.name} does not have.`)
    const key = {
      metadataId: world.guid(),
      name,
      schemaName: textAt(element, 'Name'),
      columns,
      labels: { 1033: labelAt(element, 'displaynames') },
      createdAtMs: world.clock.now(),
      custom: true,
      status: 'Pending' as const,
      jobId: null,
    }
    const held: Parameters<typeof buildLater>[2] = { ...key }
    installKey(world, table, held)
    buildLater(world, table, held)
    return [[componentTypes.key, key.metadataId] as const]
  })
}

/** The platform's own relationships come with a table; others bring their lookup column. */
function bringRelationship(world: World, file: SolutionFile, element: XmlElement): void {
  const name = element.attributes['Name'] ?? ''
  if (textAt(element, 'EntityRelationshipType') !== 'OneToMany') throw importError(`the relationship '${name}' is not of type OneToMany.`)
  const referencing = world.model.tables.get(textAt(element, 'ReferencingEntityName').toLowerCase())
  if (referencing === undefined) throw importError(`the relationship '${name}' names a table that is not there.`)
  if (!name.toLowerCase().startsWith(`${file.publisher.prefix.toLowerCase()}_`) || world.model.relationships.has(name)) return
  const referenced = world.model.tables.get(textAt(element, 'ReferencedEntityName').toLowerCase())
  if (referenced === undefined) throw importError(`the relationship '${name}' refers to a table that is not there.`)
  const schemaName = textAt(element, 'ReferencingAttributeName')
  const column = schemaName.toLowerCase()
  installColumn(
    world,
    referencing,
    makeColumn({
      metadataId: world.guid(),
      name: column,
      schemaName,
      kind: 'lookup',
      custom: true,
      createdAtMs: world.clock.now(),
      targets: [referenced.name],
      labels: { 1033: schemaName },
    }),
  )
  installRelationship(world, {
    metadataId: world.guid(),
    schemaName: name,
    referenced: referenced.name,
    referencing: referencing.name,
    column,
    referencingNavigation: schemaName,
    referencedNavigation: name,
    onDelete: textAt(element, 'CascadeDelete') === 'Cascade' ? 'Cascade' : 'RemoveLink',
    onMerge: 'NoCascade',
    custom: true,
    createdAtMs: world.clock.now(),
  })
}

const guidAt = (element: XmlElement, name: string): string => {
  const id = textAt(element, name).replaceAll(/[{}]/g, '').toLowerCase()
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id))
    throw importError(`'${name}' holds '${textAt(element, name)}', which is no id.`)
  return id
}

function bringShown(world: World, file: SolutionFile, element: XmlElement): Components {
  const table = world.model.tables.get(required(element, 'Name', 'Entity').text.toLowerCase())
  if (table === undefined) return []
  const forms = children(child(element, 'FormXml'), 'forms').flatMap((group) => children(group, 'systemform'))
  const views = children(child(child(element, 'SavedQueries') ?? element, 'savedqueries'), 'savedquery')
  return [
    ...forms.map((form): readonly [number, string] => {
      const id = guidAt(form, 'formid')
      const xml = asText(required(form, 'form', 'systemform'))
      checkForm(table, xml)
      const name = labelAt(form, 'LocalizedNames')
      write(world, 'systemform', id, {
        name,
        objecttypecode: table.name,
        type: 2,
        formxml: xml,
        formactivationstate: 1,
        isdefault: false,
        ismanaged: file.managed,
      })
      return [componentTypes.systemform, id]
    }),
    ...views.map((view): readonly [number, string] => [componentTypes.savedquery, bringView(world, table, view, file)]),
  ]
}

function bringView(world: World, table: Table, view: XmlElement, file: SolutionFile): string {
  const id = guidAt(view, 'savedqueryid')
  const [layout, fetch] = ['layoutxml', 'fetchxml'].map((name) => required(view, name, 'savedquery').children[0])
  if (layout?.name !== 'grid' || fetch?.name !== 'fetch') throw importError(`the view ${id} needs a grid and a fetch.`)
  const [layoutxml, fetchxml] = [asText(layout), asText(fetch)]
  for (const [, column = ''] of layoutxml.matchAll(/<cell\s[^>]*?name="([^"]+)"/g)) {
    if (!table.columns.has(column)) throw importError(`the view ${id} shows the column '${column}', which ${table.name} does not have.`)
    if (!fetchxml.includes(`name="${column}"`)) throw importError(`the view ${id} shows '${column}' without reading it.`)
  }
  write(world, 'savedquery', id, {
    name: labelAt(view, 'LocalizedNames'),
    returnedtypecode: table.name,
    querytype: Number(textAt(view, 'querytype')),
    layoutxml,
    fetchxml,
    isdefault: false,
    isquickfindquery: false,
    ismanaged: file.managed,
    statecode: 0,
    statuscode: 1,
  })
  return id
}

function bringResource(world: World, file: SolutionFile, element: XmlElement): readonly [number, string] {
  const [id, name, path] = [guidAt(element, 'WebResourceId'), textAt(element, 'Name'), textAt(element, 'FileName')]
  const content = fileAt(file, path)
  if (content === undefined) throw importError(`the file ${path} of the web resource '${name}' is not in the package.`)
  if (!name.toLowerCase().startsWith(`${file.publisher.prefix.toLowerCase()}_`))
    throw importError(`the web resource '${name}' does not carry the prefix.`)
  const type = Number(textAt(element, 'WebResourceType'))
  if (!(type >= 1 && type <= 12)) throw importError(`the web resource '${name}' has the type '${textAt(element, 'WebResourceType')}'.`)
  write(world, 'webresource', id, {
    name,
    displayname: textAt(element, 'DisplayName'),
    webresourcetype: type,
    content: Buffer.from(content).toString('base64'),
    languagecode: Number(textAt(element, 'LanguageCode') || 1033),
    ismanaged: file.managed,
  })
  return [componentTypes.webresource, id]
}

/** Every root component is there, and every table and web resource of the package is a root component. */
function requireRoots(world: World, file: SolutionFile): void {
  const resources = new Set([...tableNamed(world, 'webresource').rows.all()].map(({ cells }) => String(cells['name'])))
  for (const { type, schemaName } of file.roots) {
    if (type === 1 && !world.model.tables.has(schemaName ?? ''))
      throw importError(`the root component '${String(schemaName)}' is in no file.`)
    if (type === 61 && !resources.has(schemaName ?? '')) throw importError(`the root component '${String(schemaName)}' is in no file.`)
  }
  const listed = new Set(file.roots.map(({ schemaName }) => schemaName))
  for (const entity of children(child(file.customizations, 'Entities'), 'Entity')) {
    const name = textAt(entity, 'Name').toLowerCase()
    if (!listed.has(name)) throw importError(`the table '${name}' is no root component of solution.xml.`)
  }
}
