import { unzipSync } from 'fflate'
import { child, children, importError, inOrder, labelAt, readXml, required, textAt, type XmlElement } from './solution-xml.js'

/**
 * The zip of a solution, read as strictly as its published structure allows.
 * Source: exported packages in github.com/microsoft/PowerApps-Samples; learn.microsoft.com "Customization solutions file schema" (read 2023-10).
 */
export interface SolutionFile {
  readonly uniqueName: string
  readonly friendlyName: string
  readonly version: string
  readonly managed: boolean
  readonly publisher: { readonly uniqueName: string; readonly name: string; readonly prefix: string; readonly optionValuePrefix: number }
  readonly roots: readonly { readonly type: number; readonly schemaName: string | null; readonly behavior: number }[]
  /** Tables that must be there already. */
  readonly needs: readonly string[]
  readonly customizations: XmlElement
  readonly files: Readonly<Record<string, Uint8Array>>
}

const sections = [
  'Entities',
  'Roles',
  'Workflows',
  'FieldSecurityProfiles',
  'Templates',
  'EntityMaps',
  'EntityRelationships',
  'OrganizationSettings',
  'optionsets',
  'WebResources',
  'CustomControls',
  'SolutionPluginAssemblies',
  'SdkMessageProcessingSteps',
  'ServiceEndpoints',
  'AppModuleSiteMaps',
  'AppModules',
  'EntityDataProviders',
  'connectionreferences',
  'Languages',
] as const

const manifestOrder = [
  'UniqueName',
  'LocalizedNames',
  'Descriptions',
  'Version',
  'Managed',
  'Publisher',
  'RootComponents',
  'MissingDependencies',
] as const
const publisherOrder = [
  'UniqueName',
  'LocalizedNames',
  'Descriptions',
  'EMailAddress',
  'SupportingWebsiteUrl',
  'CustomizationPrefix',
  'CustomizationOptionValuePrefix',
  'Addresses',
] as const

export function readSolutionFile(base64: unknown): SolutionFile {
  if (typeof base64 !== 'string' || base64 === '') throw importError('CustomizationFile is empty.')
  const files = unzipped(base64)
  const [types, solution, customizations] = ['[Content_Types].xml', 'solution.xml', 'customizations.xml'].map((name) => {
    const bytes = files[name]
    if (bytes === undefined) throw importError(`the package has no ${name} at its root.`)
    return Buffer.from(bytes).toString('utf8')
  }) as [string, string, string] // one text a name
  checkContentTypes(types, Object.keys(files))
  for (const [name, text] of [
    ['solution.xml', solution],
    ['customizations.xml', customizations],
  ] as const)
    if (!text.startsWith('<ImportExportXml')) throw importError(`${name} must begin with 'ImportExportXml', without a declaration.`)
  const custom = readXml('customizations.xml', customizations, 'ImportExportXml')
  inOrder(custom, sections, 'customizations.xml')
  if (children(child(custom, 'Languages'), 'Language').length === 0) throw importError('customizations.xml names no language.')
  return { ...readManifest(readXml('solution.xml', solution, 'ImportExportXml')), customizations: custom, files }
}

function unzipped(base64: string): Record<string, Uint8Array> {
  try {
    return unzipSync(Buffer.from(base64, 'base64'))
  } catch {
    throw importError('CustomizationFile is no zip.')
  }
}

function checkContentTypes(text: string, paths: readonly string[]): void {
  if (!text.startsWith('\uFEFF<?xml version="1.0" encoding="utf-8"?>'))
    throw importError('[Content_Types].xml must begin with a byte-order mark and an XML declaration.')
  const root = readXml('[Content_Types].xml', text.slice(1), 'Types')
  if (root.attributes['xmlns'] !== 'http://schemas.openxmlformats.org/package/2006/content-types')
    throw importError('[Content_Types].xml has the wrong namespace.')
  const extensions = new Set(children(root, 'Default').map(({ attributes }) => attributes['Extension']))
  const parts = new Set(children(root, 'Override').map(({ attributes }) => attributes['PartName']))
  for (const path of paths) {
    if (path === '[Content_Types].xml' || path.endsWith('/')) continue
    const extension = /\.([A-Za-z0-9]+)$/.exec(path)?.[1]
    if (!parts.has(`/${path}`) && (extension === undefined || !extensions.has(extension)))
      throw importError(`[Content_Types].xml has no entry for ${path}.`)
  }
  for (const part of parts)
    if (!paths.includes(String(part).slice(1))) throw importError(`[Content_Types].xml names ${String(part)}, which is not there.`)
}

function readManifest(root: XmlElement): Omit<SolutionFile, 'customizations' | 'files'> {
  if (root.attributes['version'] === undefined || root.attributes['SolutionPackageVersion'] === undefined)
    throw importError('solution.xml needs the attributes version and SolutionPackageVersion.')
  const manifest = required(root, 'SolutionManifest', 'solution.xml')
  inOrder(manifest, manifestOrder, 'SolutionManifest')
  for (const name of manifestOrder) required(manifest, name, 'SolutionManifest')
  const publisher = required(manifest, 'Publisher', 'SolutionManifest')
  inOrder(publisher, publisherOrder, 'Publisher')
  for (const name of publisherOrder) required(publisher, name, 'Publisher')
  if (children(child(publisher, 'Addresses'), 'Address').length !== 2) throw importError("'Addresses' needs two blocks.")
  const managed = textAt(manifest, 'Managed')
  if (managed !== '0' && managed !== '1') throw importError(`'Managed' is '${managed}' instead of 0 or 1.`)
  const version = textAt(manifest, 'Version')
  if (!/^\d+(\.\d+){3}$/.test(version)) throw importError(`'${version}' is no version.`)
  const prefix = textAt(publisher, 'CustomizationPrefix')
  const optionValuePrefix = Number(textAt(publisher, 'CustomizationOptionValuePrefix'))
  if (!/^[a-z][a-z0-9]{1,7}$/i.test(prefix) || prefix.toLowerCase() === 'mscrm')
    throw importError(`'${prefix}' is no customization prefix.`)
  if (!Number.isInteger(optionValuePrefix) || optionValuePrefix < 10_000 || optionValuePrefix > 99_999)
    throw importError(`'${optionValuePrefix}' is no option value prefix.`)
  return {
    uniqueName: textAt(manifest, 'UniqueName'),
    friendlyName: labelAt(manifest, 'LocalizedNames'),
    version,
    managed: managed === '1',
    publisher: { uniqueName: textAt(publisher, 'UniqueName'), name: labelAt(publisher, 'LocalizedNames'), prefix, optionValuePrefix },
    roots: children(child(manifest, 'RootComponents'), 'RootComponent').map(readRoot),
    needs: children(child(manifest, 'MissingDependencies'), 'MissingDependency').map((one) => {
      const needed = required(one, 'Required', 'MissingDependency')
      required(one, 'Dependent', 'MissingDependency')
      return needed.attributes['schemaName'] ?? ''
    }),
  }
}

const named: ReadonlySet<number> = new Set([1, 9, 61])

function readRoot({ attributes }: XmlElement): SolutionFile['roots'][number] {
  const type = Number(attributes['type'])
  const behavior = Number(attributes['behavior'] ?? '0')
  if (!Number.isInteger(type) || type < 1) throw importError(`a root component has the type '${String(attributes['type'])}'.`)
  if (![0, 1, 2].includes(behavior)) throw importError(`a root component has the behavior '${String(attributes['behavior'])}'.`)
  if (named.has(type) !== (attributes['schemaName'] !== undefined))
    throw importError(`a root component of type ${type} is named by ${named.has(type) ? 'schemaName' : 'id'}.`)
  if (type === 1 && attributes['schemaName'] !== attributes['schemaName']?.toLowerCase())
    throw importError(`the table '${String(attributes['schemaName'])}' must be written in lower case.`)
  return { type, behavior, schemaName: attributes['schemaName'] ?? null }
}

export const fileAt = ({ files }: SolutionFile, path: string): Uint8Array | undefined => files[path.replace(/^\//, '')]
