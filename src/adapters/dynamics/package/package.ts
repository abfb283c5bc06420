import { strToU8, zipSync } from 'fflate'
import { guidOf } from '../../guid.js'
import {
  DEAL_COLUMNS,
  DEAL_TABLES,
  logicalName,
  PUBLISHER,
  REFERRAL_KEY,
  SOLUTION,
  SOLUTION_DETAILS,
  SOLUTION_KEY,
  SOLUTION_KEY_COLUMN,
  SOLUTION_LOOKUP,
  SOLUTIONS,
  VIEW_NAME,
  type DealTable,
} from '../install/blueprint.js'
import { WEB_RESOURCES, type WebResource } from '../install/resources.js'
import { ownColumnXml } from './column-xml.js'
import { ribbonXml, viewsXml, type ViewNode } from './shown-xml.js'
import { keysXml, relationshipsXml, tableXml, type TableNode } from './table-xml.js'
import { el, LANGUAGE, localized, text, texts, xmlOf, type Element } from './xml.js'

export type PackageKind = 'managed' | 'unmanaged'

/** The version of the service whose exports the layout follows. */
const server = {
  OrganizationVersion: '9.2.25063.198',
  OrganizationSchemaType: 'Full',
  CRMServerServiceabilityVersion: '9.2.25063.00198',
} as const
const xsi = { 'xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance' } as const

const tables: readonly TableNode[] = [
  { table: SOLUTIONS, key: null, lookup: { ...SOLUTION_LOOKUP, to: 'Opportunity' }, setName: 'cosell_microsoftsolutions' },
  {
    table: SOLUTION_DETAILS,
    key: { key: SOLUTION_KEY, column: SOLUTION_KEY_COLUMN },
    lookup: null,
    setName: 'cosell_microsoftsolutiondetails',
  },
]

/**
 * The importable solution file: columns and keys of opportunities and leads, both tables, their views, the icon.
 * The form section of delivered tables, column security, and webhooks are not in it: the installer adds them to what an environment has.
 * Ids follow from names, so that the next version changes these components instead of adding others.
 */
export function solutionPackage(kind: PackageKind): Uint8Array {
  const resources = WEB_RESOURCES.map((resource) => ({ resource, path: pathOf(resource) }))
  const files = {
    '[Content_Types].xml': strToU8(contentTypes(resources.map(({ path }) => path))),
    'solution.xml': strToU8(xmlOf(solutionXml(kind))),
    'customizations.xml': strToU8(xmlOf(customizationsXml())),
    ...Object.fromEntries(resources.map(({ resource, path }) => [path, strToU8(resource.text)])),
  }
  // A fixed time: the same version is the same file, byte for byte.
  return zipSync(files, { level: 9, mtime: new Date('2000-01-02T00:00:00Z') })
}

const idOf = (resource: WebResource): string => guidOf(`webresource:${resource.name}`)
const pathOf = (resource: WebResource): string =>
  `WebResources/${resource.name.replaceAll(/[/.]/g, '')}${idOf(resource).toUpperCase()}`

function contentTypes(paths: readonly string[]): string {
  const overrides = paths.map((path) => el('Override', { PartName: `/${path}`, ContentType: 'application/octet-stream' }))
  const root = el('Types', { xmlns: 'http://schemas.openxmlformats.org/package/2006/content-types' }, [
    el('Default', { Extension: 'xml', ContentType: 'application/octet-stream' }),
    ...overrides,
  ])
  // Exports begin with a byte-order mark.
  return `\uFEFF<?xml version="1.0" encoding="utf-8"?>${xmlOf(root)}`
}

const nil = (name: string): Element => el(name, { 'xsi:nil': 'true' })
const addressParts =
  'City County Country Fax FreightTermsCode ImportSequenceNumber Latitude Line1 Line2 Line3 Longitude Name PostalCode PostOfficeBox ' +
  'PrimaryContactName ShippingMethodCode StateOrProvince Telephone1 Telephone2 Telephone3 TimeZoneRuleVersionNumber UPSZone UTCOffset UTCConversionTimeZoneCode'

const address = (number: 1 | 2): Element =>
  el('Address', {}, [
    text('AddressNumber', number),
    text('AddressTypeCode', 1),
    ...addressParts.split(' ').map((name) => (name === 'ShippingMethodCode' ? text(name, 1) : nil(name))),
  ])

function solutionXml(kind: PackageKind): Element {
  const attributes = { version: '9.2.25063.198', SolutionPackageVersion: '9.2', languagecode: LANGUAGE, generatedBy: 'CrmLive' }
  const publisher = el('Publisher', {}, [
    text('UniqueName', PUBLISHER.uniqueName),
    localized('LocalizedNames', 'LocalizedName', PUBLISHER.name),
    el('Descriptions', {}),
    nil('EMailAddress'),
    nil('SupportingWebsiteUrl'),
    ...texts({ CustomizationPrefix: PUBLISHER.prefix, CustomizationOptionValuePrefix: PUBLISHER.optionValuePrefix }),
    el('Addresses', {}, [address(1), address(2)]),
  ])
  const manifest = [
    text('UniqueName', SOLUTION.uniqueName),
    localized('LocalizedNames', 'LocalizedName', SOLUTION.name),
    el('Descriptions', {}),
    ...texts({ Version: SOLUTION.version, Managed: kind === 'managed' ? 1 : 0 }),
    publisher,
    el('RootComponents', {}, rootComponents()),
    el('MissingDependencies', {}, [
      missing('opportunity', 'Opportunity', 'msdynce_Sales'),
      missing('lead', 'Lead', 'msdynce_LeadManagement'),
    ]),
  ]
  return el('ImportExportXml', { ...attributes, ...xsi, ...server }, el('SolutionManifest', {}, manifest))
}

function rootComponents(): readonly Element[] {
  const component = (type: number, schemaName: string, behavior: 0 | 2): Element => el('RootComponent', { type, schemaName, behavior })
  return [
    ...DEAL_TABLES.map((name) => component(1, name, 2)),
    ...tables.map(({ table }) => component(1, logicalName(table.schemaName), 0)),
    ...WEB_RESOURCES.map(({ name }) => component(61, name, 0)),
  ]
}

const missing = (schemaName: string, displayName: string, solution: string): Element =>
  el('MissingDependency', {}, [
    el('Required', { type: 1, schemaName, displayName, solution }),
    el('Dependent', { type: 1, schemaName, displayName }),
  ])

function customizationsXml(): Element {
  return el('ImportExportXml', { ...xsi, ...server }, [
    el('Entities', {}, [...DEAL_TABLES.map(dealXml), ...tables.map(tableXml)]),
    el('Roles', {}),
    el('Workflows', {}),
    el('FieldSecurityProfiles', {}),
    el('Templates', {}),
    el('EntityMaps', {}),
    el('EntityRelationships', {}, tables.flatMap(relationshipsXml)),
    el('OrganizationSettings', {}),
    el('optionsets', {}),
    el('WebResources', {}, WEB_RESOURCES.map(webResourceXml)),
    el('CustomControls', {}),
    el('EntityDataProviders', {}),
    el('Languages', {}, text('Language', LANGUAGE)),
  ])
}

const titles: Readonly<Record<DealTable, { readonly name: string; readonly primaryName: string; readonly headline: readonly string[] }>> = {
  opportunity: { name: 'Opportunity', primaryName: 'name', headline: ['name', 'estimatedvalue', 'estimatedclosedate'] },
  lead: { name: 'Lead', primaryName: 'fullname', headline: ['subject', 'companyname'] },
}

/** A delivered table: only what is added to it. */
function dealXml(table: DealTable): Element {
  const { name, primaryName, headline } = titles[table]
  const columns = DEAL_COLUMNS.map((column) => ownColumnXml(table, column))
  const shown = [
    ...headline.map((column) => ({ name: column, width: 180 })),
    { name: 'cosell_syncstatus', width: 60 },
    { name: 'cosell_lastsynced', width: 140 },
  ]
  const view: ViewNode = {
    id: guidOf(`view:${table}:deals`),
    label: VIEW_NAME,
    isDefault: 0,
    wish: {
      table: { name: table, primaryId: `${table}id`, primaryName, objectCode: table === 'lead' ? 4 : 3 },
      columns: shown,
      icon: 'cosell_syncstatus',
      onlyWhere: 'cosell_syncwithpartnercenter',
    },
  }
  return el('Entity', {}, [
    text('Name', name, { LocalizedName: name, OriginalName: name }),
    el(
      'EntityInfo',
      {},
      el('entity', { Name: name, unmodified: 1 }, [
        el('attributes', {}, columns),
        keysXml({ key: REFERRAL_KEY, column: 'cosell_referralidentifier' }),
      ]),
    ),
    viewsXml([view]),
    ribbonXml(),
  ])
}

const webResourceXml = (resource: WebResource): Element =>
  el(
    'WebResource',
    {},
    texts({
      WebResourceId: `{${idOf(resource)}}`,
      Name: resource.name,
      DisplayName: resource.displayName,
      LanguageCode: LANGUAGE,
      WebResourceType: resource.type,
      IntroducedVersion: '1.0.0.0',
      IsEnabledForMobileClient: 0,
      IsAvailableForMobileOffline: 0,
      IsCustomizable: 1,
      CanBeDeleted: 1,
      IsHidden: 0,
      FileName: `/${pathOf(resource)}`,
    }),
  )
