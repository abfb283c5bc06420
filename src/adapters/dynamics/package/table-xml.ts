import { guidOf } from '../../guid.js'
import { logicalName, SOLUTION_VIEW_NAME, type BlueprintKey, type BlueprintTable } from '../install/blueprint.js'
import { columnXml, ownColumnXml, type ColumnNode } from './column-xml.js'
import { formXml, ribbonXml, viewsXml, type LookupNode, type ViewNode } from './shown-xml.js'
import { el, localized, text, texts, type Element } from './xml.js'

export interface TableNode {
  readonly table: BlueprintTable
  readonly key: { readonly key: BlueprintKey; readonly column: string } | null
  readonly lookup: LookupNode | null
  readonly setName: string
}

const hidden = 'ValidForAdvancedFind|ValidForForm|ValidForGrid'
const kept = { create: 0, update: 0 } as const

const lookupMembers = [text('LookupStyle', 'single'), el('LookupTypes', {})]

const system = (schemaName: string, type: string, label: string, own: readonly Element[], more: Partial<ColumnNode> = {}): ColumnNode => ({
  schemaName,
  type,
  label,
  description: '',
  required: 'none',
  mask: hidden,
  access: kept,
  custom: 0,
  own,
  ...more,
})

/** Every column the platform gives a table, as a package must bring them. */
function systemColumns({ schemaName, ownership }: BlueprintTable): readonly ColumnNode[] {
  const moment = texts({ Format: 'datetime', CanChangeDateTimeBehavior: 0, Behavior: 1 })
  const number = texts({ Format: 'none', MinValue: -1, MaxValue: 2_147_483_647 })
  const required = { required: 'systemrequired' } as const
  const table = logicalName(schemaName)
  const owned =
    ownership === 'UserOwned'
      ? [
          system('OwnerId', 'owner', 'Owner', lookupMembers, { ...required, access: { create: 1, update: 1 } }),
          system('OwningBusinessUnit', 'lookup', 'Owning Business Unit', lookupMembers),
          system('OwningTeam', 'lookup', 'Owning Team', lookupMembers),
          system('OwningUser', 'lookup', 'Owning User', lookupMembers),
        ]
      : [system('OrganizationId', 'lookup', 'Organization Id', lookupMembers)]
  return [
    system('CreatedBy', 'lookup', 'Created By', lookupMembers),
    system('CreatedOn', 'datetime', 'Created On', moment),
    system('CreatedOnBehalfBy', 'lookup', 'Created By (Delegate)', lookupMembers),
    system('ImportSequenceNumber', 'int', 'Import Sequence Number', number, { access: { create: 1, update: 0 } }),
    system('ModifiedBy', 'lookup', 'Modified By', lookupMembers),
    system('ModifiedOn', 'datetime', 'Modified On', moment),
    system('ModifiedOnBehalfBy', 'lookup', 'Modified By (Delegate)', lookupMembers),
    system('OverriddenCreatedOn', 'datetime', 'Record Created On', moment, { access: { create: 1, update: 0 } }),
    ...owned,
    system(`${schemaName}Id`, 'primarykey', 'Id', [], { ...required, access: { create: 1, update: 0 } }),
    system('statecode', 'state', 'Status', [stateSet(table)], { ...required, access: { create: 0, update: 1 } }),
    system('statuscode', 'status', 'Status Reason', [statusSet(table)], { access: { create: 1, update: 1 } }),
    system('TimeZoneRuleVersionNumber', 'int', 'Time Zone Rule Version Number', number, { access: { create: 1, update: 1 } }),
    system('UTCConversionTimeZoneCode', 'int', 'UTC Conversion Time Zone Code', number, { access: { create: 1, update: 1 } }),
  ]
}

const setHead = (type: string): readonly Element[] => texts({ OptionSetType: type, IntroducedVersion: '1.0.0.0', IsCustomizable: 1 })

const stateSet = (table: string): Element =>
  el('optionset', { Name: `${table}_statecode` }, [
    ...setHead('state'),
    el('states', {}, [
      el('state', { value: 0, defaultstatus: 1, invariantname: 'Active' }, localized('labels', 'label', 'Active')),
      el('state', { value: 1, defaultstatus: 2, invariantname: 'Inactive' }, localized('labels', 'label', 'Inactive')),
    ]),
  ])
const statusSet = (table: string): Element =>
  el('optionset', { Name: `${table}_statuscode` }, [
    ...setHead('status'),
    el('statuses', {}, [
      el('status', { value: 1, state: 0 }, localized('labels', 'label', 'Active')),
      el('status', { value: 2, state: 1 }, localized('labels', 'label', 'Inactive')),
    ]),
  ])

const off = (names: string): readonly Element[] => names.split(' ').map((name) => text(name, 0))
const on = (names: string): readonly Element[] => names.split(' ').map((name) => text(name, 1))

/** Flags of a table, in the order of exported packages. */
const flags = ({ ownership }: BlueprintTable): readonly Element[] => [
  ...off('IsDuplicateCheckSupported IsBusinessProcessEnabled IsRequiredOffline IsInteractionCentricEnabled IsCollaboration'),
  ...off('AutoRouteToOwnerQueue IsConnectionsEnabled IsDocumentManagementEnabled AutoCreateAccessTeams IsOneNoteIntegrationEnabled'),
  ...off('IsKnowledgeManagementEnabled IsSLAEnabled IsDocumentRecommendationsEnabled IsBPFEntity'),
  text('OwnershipTypeMask', ownership === 'UserOwned' ? 'UserOwned' : 'OrgOwned'),
  ...off('IsAuditEnabled IsRetrieveAuditEnabled IsRetrieveMultipleAuditEnabled IsActivity'),
  text('ActivityTypeMask', ''),
  ...off('IsActivityParty IsReplicated IsReplicationUserFiltered IsMailMergeEnabled IsVisibleInMobile IsVisibleInMobileClient'),
  ...off('IsReadOnlyInMobileClient IsOfflineInMobileClient DaysSinceRecordLastModified'),
  text('MobileOfflineFilters', ''),
  ...on('IsMapiGridEnabled IsReadingPaneEnabled'),
  ...off('IsQuickCreateEnabled SyncToExternalSearchIndex'),
  text('IntroducedVersion', '1.0.0.0'),
  ...on('IsCustomizable IsRenameable IsMappable CanModifyAuditSettings CanModifyMobileVisibility CanModifyMobileClientVisibility'),
  ...on('CanModifyMobileClientReadOnly CanModifyMobileClientOffline CanModifyConnectionSettings CanModifyDuplicateDetectionSettings'),
  ...on('CanModifyMailMergeSettings CanModifyQueueSettings CanCreateAttributes CanCreateForms CanCreateCharts CanCreateViews'),
  ...on('CanModifyAdditionalSettings CanEnableSyncToExternalSearchIndex'),
  ...off('EnforceStateTransitions'),
  ...on('CanChangeHierarchicalRelationship'),
  ...off('EntityHelpUrlEnabled'),
  ...on('ChangeTrackingEnabled CanChangeTrackingBeEnabled'),
  ...off('IsEnabledForExternalChannels IsMSTeamsIntegrationEnabled IsSolutionAware'),
]

/** A whole new table: all its columns, one form, its views, an empty ribbon. */
export function tableXml(node: TableNode): Element {
  const { table, lookup } = node
  const name = logicalName(table.schemaName)
  const lookups =
    lookup === null
      ? []
      : [columnXml(system(lookup.schemaName, 'lookup', lookup.label, lookupMembers, { custom: 1, access: { create: 1, update: 1 } }))]
  const columns = [
    ...systemColumns(table).map(columnXml),
    ownColumnXml(name, table.primary, 'primary'),
    ...table.columns.map((column) => ownColumnXml(name, column)),
    ...lookups,
  ]
  return el('Entity', {}, [
    text('Name', table.schemaName, { LocalizedName: table.label, OriginalName: table.label }),
    el(
      'EntityInfo',
      {},
      el('entity', { Name: table.schemaName }, [
        localized('LocalizedNames', 'LocalizedName', table.label),
        localized('LocalizedCollectionNames', 'LocalizedCollectionName', table.plural),
        localized('Descriptions', 'Description', table.description),
        el('attributes', {}, columns),
        ...(node.key === null ? [] : [keysXml(node.key)]),
        text('EntitySetName', node.setName),
        ...flags(table),
      ]),
    ),
    formXml(table, lookup),
    viewsXml(ownViews(node)),
    ribbonXml(),
  ])
}

function ownViews({ table, lookup }: TableNode): readonly ViewNode[] {
  const name = logicalName(table.schemaName)
  const shown = { name, primaryId: `${name}id`, primaryName: logicalName(table.primary.schemaName), objectCode: null }
  const columns = [table.primary, ...table.columns.slice(0, 2)].map((column) => ({ name: logicalName(column.schemaName), width: 200 }))
  const wish = { table: shown, columns, icon: null, onlyWhere: null }
  const all: ViewNode = { id: guidOf(`view:${name}:active`), label: `Active ${table.plural}`, isDefault: 1, wish }
  const ofDeal: ViewNode = { id: guidOf(`view:${name}:deal`), label: SOLUTION_VIEW_NAME, isDefault: 0, wish }
  return lookup === null ? [all] : [all, ofDeal]
}

export const keysXml = ({ key, column }: { readonly key: BlueprintKey; readonly column: string }): Element =>
  el(
    'EntityKeys',
    {},
    el('EntityKey', {}, [
      ...texts({ Name: key.schemaName, LogicalName: logicalName(key.schemaName), IntroducedVersion: '1.0.0.0', IsCustomizable: 1 }),
      el('EntityKeyAttributes', {}, text('AttributeName', column)),
      localized('displaynames', 'displayname', key.label),
    ]),
  )

/** The relationships a table comes with, and its own. */
export function relationshipsXml({ table, lookup }: TableNode): readonly Element[] {
  const name = logicalName(table.schemaName)
  const relation = (relationship: string, to: string, column: string, onDelete: 'NoCascade' | 'Cascade' = 'NoCascade'): Element =>
    el('EntityRelationship', { Name: relationship }, [
      ...texts({
        EntityRelationshipType: 'OneToMany',
        IsCustomizable: 1,
        IntroducedVersion: '1.0.0.0',
        IsHierarchical: 0,
        ReferencingEntityName: table.schemaName,
        ReferencedEntityName: to,
        CascadeAssign: 'NoCascade',
        CascadeDelete: onDelete,
        CascadeArchive: onDelete === 'Cascade' ? 'RemoveLink' : 'NoCascade',
        CascadeReparent: 'NoCascade',
        CascadeShare: 'NoCascade',
        CascadeUnshare: 'NoCascade',
        CascadeRollupView: 'NoCascade',
        ReferencingAttributeName: column,
      }),
      el('RelationshipDescription', {}, localized('Descriptions', 'Description', '')),
    ])
  const owned =
    table.ownership === 'UserOwned'
      ? [
          relation(`business_unit_${name}`, 'BusinessUnit', 'OwningBusinessUnit'),
          relation(`owner_${name}`, 'Owner', 'OwnerId'),
          relation(`team_${name}`, 'Team', 'OwningTeam'),
          relation(`user_${name}`, 'SystemUser', 'OwningUser'),
        ]
      : [relation(`organization_${name}`, 'Organization', 'OrganizationId')]
  return [
    relation(`lk_${name}_createdby`, 'SystemUser', 'CreatedBy'),
    relation(`lk_${name}_modifiedby`, 'SystemUser', 'ModifiedBy'),
    ...owned,
    ...(lookup === null ? [] : [relation(lookup.relationship, lookup.to, lookup.schemaName, 'Cascade')]),
  ]
}
