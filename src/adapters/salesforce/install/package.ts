import { XMLBuilder } from 'fast-xml-parser'
import { strToU8, zipSync } from 'fflate'
import { FIELDS, SELLER_SET, SOLUTION, SYNC_SET, type BlueprintField } from './blueprint.js'
import type { Layout } from './layouts.js'
import { viewKey, type ListView } from './views.js'

const namespace = 'http://soap.sforce.com/2006/04/metadata'
const builder = new XMLBuilder({ ignoreAttributes: false, attributeNamePrefix: '@', format: true, suppressEmptyNode: true })
const xml = (root: string, body: Readonly<Record<string, unknown>>): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build({ [root]: { '@xmlns': namespace, ...body } })}`

/** Members in the order of the alphabet behind the name, as the published schema has them. */
function fieldBody({ name, label, help, definition }: BlueprintField): Readonly<Record<string, unknown>> {
  const members = Object.entries({ ...definition, inlineHelpText: help, label }).sort(([a], [b]) => (a < b ? -1 : 1))
  return { fullName: name, ...Object.fromEntries(members) }
}
const solutionBody = {
  deploymentStatus: 'Deployed',
  description: 'Solutions of a deal, kept in step with Microsoft Partner Center.',
  label: 'Microsoft Solution',
  nameField: { label: 'Solution Name', type: 'Text' },
  pluralLabel: 'Microsoft Solutions',
  sharingModel: 'ControlledByParent',
}

/** Required fields and master-detail fields may not be listed; formulas may not be edited. Source: Metadata API guide, PermissionSet. */
function permissionSet(set: { readonly name: string; readonly label: string }, fields: readonly BlueprintField[]): string {
  const forAll = set.name === SYNC_SET.name
  const listed = fields.filter(({ definition }) => definition['type'] !== 'MasterDetail')
  const hasSolutions = fields.some(({ object }) => object === SOLUTION)
  return xml('PermissionSet', {
    fieldPermissions: listed.map((field) => ({
      editable: !field.computed && (forAll || field.seller === 'edit'),
      field: `${field.object}.${field.name}`,
      readable: true,
    })),
    hasActivationRequired: false,
    label: set.label,
    ...(hasSolutions
      ? {
          objectPermissions: {
            allowCreate: true,
            allowDelete: true,
            allowEdit: true,
            allowRead: true,
            modifyAllRecords: false,
            object: SOLUTION,
            viewAllRecords: forAll,
          },
        }
      : {}),
  })
}

const viewBody = ({ name, definition }: ListView): Readonly<Record<string, unknown>> => ({ fullName: name, ...definition })

/** The files of a deployment that brings these fields and lists, by their path in the zip. `shown`: what the permission sets show, no more than the org then has. */
export function metadataFiles(
  fields: readonly BlueprintField[],
  views: readonly ListView[],
  version: string,
  shown: readonly BlueprintField[] = FIELDS,
): Readonly<Record<string, string>> {
  const files: Record<string, string> = {}
  for (const object of ['Opportunity', 'Lead', SOLUTION] as const) {
    const own = fields.filter((field) => field.object === object)
    const lists = views.filter((view) => view.object === object)
    if (own.length + lists.length === 0) continue
    files[`objects/${object}.object`] = xml('CustomObject', {
      ...(object === SOLUTION ? solutionBody : {}),
      ...(own.length === 0 ? {} : { fields: own.map(fieldBody) }),
      ...(lists.length === 0 ? {} : { listViews: lists.map(viewBody) }),
    })
  }
  for (const set of [SYNC_SET, SELLER_SET]) files[`permissionsets/${set.name}.permissionset`] = permissionSet(set, shown)
  const standard = fields.filter(({ object }) => object !== SOLUTION).map(({ object, name }) => `${object}.${name}`)
  const types = [
    ...(standard.length === 0 ? [] : [{ members: standard, name: 'CustomField' }]),
    ...(fields.some(({ object }) => object === SOLUTION) ? [{ members: [SOLUTION], name: 'CustomObject' }] : []),
    ...(views.length === 0 ? [] : [{ members: views.map(viewKey), name: 'ListView' }]),
    { members: [SYNC_SET.name, SELLER_SET.name], name: 'PermissionSet' },
  ]
  return { 'package.xml': xml('Package', { types, version }), ...files }
}

/** Members to delete, by their type of metadata. */
export interface Removal {
  readonly CustomField: readonly string[]
  readonly CustomObject: readonly string[]
  readonly ListView: readonly string[]
  readonly PermissionSet: readonly string[]
}

/** A deployment that deletes: an empty manifest, and the list beside it. Source: Metadata API guide, "Deleting components from an organization". */
export function removalFiles(removal: Removal, version: string): Readonly<Record<string, string>> {
  const types = (Object.keys(removal) as (keyof Removal)[]) // the keys of Removal are its own
    .filter((name) => removal[name].length > 0)
    .map((name) => ({ members: [...removal[name]], name }))
  return { 'package.xml': xml('Package', { version }), 'destructiveChanges.xml': xml('Package', { types }) }
}
export const removalZip = (removal: Removal, version: string): Uint8Array => zip(removalFiles(removal, version))

/** A zip that can be deployed as it is. */
export const metadataZip = (
  fields: readonly BlueprintField[],
  views: readonly ListView[],
  version: string,
  shown: readonly BlueprintField[] = FIELDS,
): Uint8Array => zip(metadataFiles(fields, views, version, shown))

/** List views alone, for an org that has the fields. */
export function viewsZip(views: readonly ListView[], version: string): Uint8Array {
  const { 'package.xml': _manifest, ...files } = metadataFiles([], views, version)
  const objects = Object.fromEntries(Object.entries(files).filter(([path]) => path.startsWith('objects/')))
  const types = [{ members: views.map(viewKey), name: 'ListView' }]
  return zip({ 'package.xml': xml('Package', { types, version }), ...objects })
}

/** Layouts as they stand, each whole: one is replaced as a whole when it is deployed. */
export function layoutsZip(layouts: readonly Layout[], version: string): Uint8Array {
  const types = [{ members: layouts.map(({ fullName }) => fullName), name: 'Layout' }]
  const whole = ({ inner }: Layout): string => `<?xml version="1.0" encoding="UTF-8"?>\n<Layout xmlns="${namespace}">${inner}</Layout>\n`
  const files = layouts.map((layout): [string, string] => [`layouts/${layout.fullName}.layout`, whole(layout)])
  return zip({ 'package.xml': xml('Package', { types, version }), ...Object.fromEntries(files) })
}

/** The same for people who keep their org in a repository: one file a field, as the Salesforce CLI has it. */
export function sourceZip(fields: readonly BlueprintField[], views: readonly ListView[], version: string): Uint8Array {
  const root = 'force-app/main/default'
  const files: Record<string, string> = {
    'sfdx-project.json': `${JSON.stringify({ packageDirectories: [{ path: 'force-app', default: true }], sourceApiVersion: version }, null, 2)}\n`,
    [`${root}/objects/${SOLUTION}/${SOLUTION}.object-meta.xml`]: xml('CustomObject', solutionBody),
  }
  for (const field of fields)
    files[`${root}/objects/${field.object}/fields/${field.name}.field-meta.xml`] = xml('CustomField', fieldBody(field))
  for (const view of views)
    files[`${root}/objects/${view.object}/listViews/${view.name}.listView-meta.xml`] = xml('ListView', viewBody(view))
  for (const set of [SYNC_SET, SELLER_SET]) files[`${root}/permissionsets/${set.name}.permissionset-meta.xml`] = permissionSet(set, fields)
  return zip(files)
}

// One fixed moment (the earliest a zip can name), so that the same content gives the same bytes.
function zip(files: Readonly<Record<string, string>>): Uint8Array {
  return zipSync(Object.fromEntries(Object.entries(files).map(([path, text]) => [path, strToU8(text)])), { mtime: new Date(1980, 0, 2) })
}
