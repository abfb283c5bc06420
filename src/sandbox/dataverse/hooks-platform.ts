import { XMLValidator } from 'fast-xml-parser'
import type { Change, Hooks } from './change.js'
import { permissionBefore } from './column-security.js'
import { coded, invalidArgument, methodNotAllowed } from './errors.js'
import { checkForm } from './form-xml.js'
import { privilegesChanged } from './privileges.js'
import { fold, type Row } from './row-store.js'
import { table as tableNamed, type World } from './world.js'

function publisherBefore({ table, before, cells }: Change): void {
  const prefix = cells['customizationprefix'] ?? null
  if (prefix !== null && (!/^[a-z][a-z0-9]{1,7}$/i.test(String(prefix)) || String(prefix).toLowerCase() === 'mscrm')) {
    throw coded(
      400,
      '0x80044366',
      `The customization prefix '${String(prefix)}' is not valid: 2 to 8 letters and digits that start with a letter and are not 'mscrm'.`,
    )
  }
  if (before === undefined && table.rows.count('uniquename', fold(String(cells['uniquename']))) > 0) {
    throw coded(400, '0x8004F022', `A publisher with the unique name ${String(cells['uniquename'])} already exists.`)
  }
}

function solutionBefore({ table, before, cells, context }: Change): void {
  const name = String(cells['uniquename'] ?? '')
  if (before !== undefined) return
  if (!/^[A-Za-z_]\w{0,64}$/.test(name)) throw coded(400, '0x8004F002', `The solution unique name '${name}' is not valid.`)
  if (table.rows.count('uniquename', fold(name)) > 0)
    throw coded(400, '0x8004F023', `The solution unique name '${name}' is already being used and cannot be used again.`)
  if (!/^\d+(\.\d+){1,3}$/.test(String(cells['version'] ?? '')))
    throw invalidArgument(`The solution version '${String(cells['version'])}' is not valid.`)
  cells['ismanaged'] = cells['ismanaged'] ?? false
  cells['isvisible'] = cells['isvisible'] ?? true
  cells['installedon'] = context.now
}

function requirePublisherPrefix(world: World, name: string): void {
  const prefix = name.split('_', 1)[0] ?? ''
  for (const row of tableNamed(world, 'publisher').rows.all()) {
    if (String(row.cells['customizationprefix'] ?? '').toLowerCase() === prefix.toLowerCase()) return
  }
  throw coded(400, '0x80044366', `The prefix of '${name}' belongs to no publisher of this environment.`)
}

function webResourceBefore({ world, table, before, cells, internal }: Change): void {
  const name = String(cells['name'] ?? '')
  if (before === undefined && !internal) {
    if (!/^[A-Za-z]\w*_[\w./-]+$/.test(name) || name.includes('//'))
      throw coded(400, '0x8004F115', `The web resource name '${name}' is not valid.`)
    requirePublisherPrefix(world, name)
    if (table.rows.count('name', fold(name)) > 0) throw coded(412, '0x80040237', `A web resource with the name ${name} already exists.`)
  }
  const content = cells['content'] ?? null
  if (content === null) return
  const text = String(content)
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text)) throw invalidArgument('The content of a web resource must be base64 text.')
  const sizeMax = Number(tableNamed(world, 'organization').rows.get(world.ids.organization)?.cells['maxuploadfilesize'] ?? 5_242_880)
  if (text.length * 0.75 > sizeMax)
    throw coded(400, '0x8004A104', `The web resource is larger than the ${sizeMax} bytes this organization allows.`)
}

function viewBefore({ world, cells }: Change): void {
  for (const name of ['layoutxml', 'fetchxml']) {
    const text = cells[name]
    if (typeof text === 'string' && XMLValidator.validate(text) !== true)
      throw invalidArgument(`The ${name} of the view is not well-formed XML.`)
  }
  const table = world.model.tables.get(String(cells['returnedtypecode'] ?? ''))
  if (table === undefined || typeof cells['layoutxml'] !== 'string' || typeof cells['fetchxml'] !== 'string') return
  const fetched = new Set([...cells['fetchxml'].matchAll(/<attribute\s+name="([^"]+)"/g)].map((match) => match[1]))
  for (const [, name] of cells['layoutxml'].matchAll(/<cell\s[^>]*?name="([^"]+)"/g)) {
    if (name === undefined || name.includes('.')) continue
    if (!table.columns.has(name)) throw invalidArgument(`The view shows the column '${name}', which ${table.name} does not have.`)
    if (!fetched.has(name)) throw invalidArgument(`The view shows the column '${name}', but its fetchxml does not ask for it.`)
  }
}

function formBefore({ world, cells }: Change): void {
  const text = cells['formxml']
  if (typeof text === 'string') checkForm(world.model.tables.get(String(cells['objecttypecode'] ?? '')), text)
}

const refuseCreate = (what: string): Hooks => ({
  before({ before, internal }) {
    if (before === undefined && !internal) throw methodNotAllowed(`${what} rows are made by the platform.`)
  },
})

/** What a view or a form names cannot go. */
function webResourceDelete(world: World, row: Row): void {
  const name = String(row.cells['name'] ?? '')
  for (const [table, texts] of [
    ['savedquery', ['layoutxml']],
    ['systemform', ['formxml']],
  ] as const) {
    for (const user of tableNamed(world, table).rows.all()) {
      if (!texts.some((text) => String(user.cells[text] ?? '').includes(name))) continue
      const what = `${table === 'savedquery' ? 'view' : 'form'} ${String(user.cells['name'])}`
      throw coded(
        400,
        '0x8004F01F',
        `The WebResource(${row.id}) component cannot be deleted because it is referenced by 1 other components: the ${what}.`,
      )
    }
  }
}

/** Deleting a managed solution would uninstall it; an unmanaged one only loses its list of components. */
function solutionDelete(_: World, row: Row): void {
  if (row.cells['uniquename'] === 'Default' || row.cells['uniquename'] === 'Active')
    throw methodNotAllowed('The default solution cannot be deleted.')
}

export const platformHooks: Readonly<Record<string, Hooks>> = {
  publisher: { before: publisherBefore },
  solution: { before: solutionBefore, beforeDelete: solutionDelete },
  webresource: { before: webResourceBefore, beforeDelete: webResourceDelete },
  savedquery: { before: viewBefore },
  systemform: { before: formBefore },
  fieldpermission: { before: permissionBefore },
  privilege: refuseCreate('privilege'),
  sdkmessage: refuseCreate('sdkmessage'),
  sdkmessagefilter: refuseCreate('sdkmessagefilter'),
  solutioncomponent: refuseCreate('solutioncomponent'),
  importjob: refuseCreate('importjob'),
  role: { after: ({ world }) => privilegesChanged(world), afterDelete: (world) => privilegesChanged(world) },
}
