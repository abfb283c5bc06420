import { XMLParser, XMLValidator } from 'fast-xml-parser'
import { isObject } from './bodies.js'
import { requireLock } from './definitions.js'
import type { Context } from './emission.js'
import { coded, invalidArgument, payloadError } from './errors.js'
import type { Table } from './metadata-model.js'
import { demand } from './privileges.js'
import type { Cells } from './row-store.js'
import { put, table as tableNamed, type World } from './world.js'

/** What waits for publishing: updated definitions of tables, and drafts of forms, views and web resources. */

export function publishAll(world: World, context: Context): void {
  requireLock(world, 'PublishAll')
  demand(world, context, 'prvPublishCustomization')
  for (const table of world.model.tables.values()) publishTable(world, table)
  for (const table of world.model.tables.values()) if (table.publishable) publishDrafts(world, context, table, () => true)
}

const parser = new XMLParser({ isArray: (name) => name !== 'importexportxml' && !name.endsWith('s'), parseTagValue: false })

export function publishXml(world: World, context: Context, body: unknown): void {
  requireLock(world, 'Publish')
  demand(world, context, 'prvPublishCustomization')
  const xml = isObject(body) ? body['ParameterXml'] : undefined
  if (typeof xml !== 'string') throw payloadError('PublishXml', "The parameter 'ParameterXml' is required.")
  if (XMLValidator.validate(xml) !== true) throw invalidArgument('ParameterXml is not well-formed XML.')
  const wanted = readWanted(xml)
  for (const name of wanted.entities) {
    const table = world.model.tables.get(name)
    if (table === undefined) throw coded(400, '0x80040217', `The entity '${name}' to publish does not exist.`)
    publishTable(world, table)
  }
  const ofEntities = (column: string) => (cells: Cells) => wanted.entities.has(String(cells[column]))
  publishDrafts(world, context, tableNamed(world, 'systemform'), ofEntities('objecttypecode'))
  publishDrafts(world, context, tableNamed(world, 'savedquery'), ofEntities('returnedtypecode'))
  publishDrafts(world, context, tableNamed(world, 'webresource'), (cells) => wanted.webResources.has(String(cells['webresourceid'])))
}

function readWanted(xml: string): { entities: ReadonlySet<string>; webResources: ReadonlySet<string> } {
  const parsed = parser.parse(xml) as { importexportxml?: Record<string, Record<string, string[]> | string> } // members are checked below
  const root = parsed.importexportxml
  if (root === undefined) throw invalidArgument("ParameterXml must begin with 'importexportxml'.")
  const known = ['entities', 'ribbons', 'dashboards', 'optionsets', 'sitemaps', 'webresources']
  for (const name of Object.keys(root))
    if (!known.includes(name)) throw invalidArgument(`ParameterXml holds the unknown element '${name}'.`)
  const texts = (group: string, item: string): string[] => {
    const held = root[group]
    const items = typeof held === 'object' ? held[item] : undefined
    return (items ?? []).map((text) => String(text).trim().toLowerCase())
  }
  return {
    entities: new Set(texts('entities', 'entity')),
    webResources: new Set(texts('webresources', 'webresource').map((id) => id.replace(/^\{|\}$/g, ''))),
  }
}

function publishTable(world: World, table: Table): void {
  if (table.tracked === table.changeTracking) return
  const before = table.tracked
  world.transactions.undo(() => void (table.tracked = before))
  table.tracked = table.changeTracking
}

function publishDrafts(world: World, context: Context, table: Table, wanted: (cells: Cells) => boolean): void {
  for (const [id, draft] of [...table.drafts]) {
    const row = table.rows.get(id)
    world.transactions.undo(() => void table.drafts.set(id, draft))
    if (row === undefined) table.drafts.delete(id)
    else if (wanted(row.cells)) {
      table.drafts.delete(id)
      const stamp = { modifiedon: context.now, modifiedby: { table: 'systemuser', id: context.userId } }
      put(world, table, { id, version: world.nextVersion(), cells: { ...row.cells, ...(draft as Cells), ...stamp } }) // drafts hold cells
    }
  }
}
