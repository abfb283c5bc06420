import {
  isLookup,
  type AlternateKey,
  type Column,
  type ColumnKind,
  type Labels,
  type ManyToMany,
  type Option,
  type OptionSet,
  type Relationship,
  type Table,
} from './metadata-model.js'

/** Definitions as the metadata service writes them. Source: learn.microsoft.com "Query table definitions using the Web API" (read 2023-10). */
export type Json = Record<string, unknown>

const crm = '#Microsoft.Dynamics.CRM.'

export const attributeTypes: Readonly<Record<ColumnKind, { readonly type: string; readonly typeName: string; readonly metadata: string }>> =
  {
    text: { type: 'String', typeName: 'StringType', metadata: 'StringAttributeMetadata' },
    memo: { type: 'Memo', typeName: 'MemoType', metadata: 'MemoAttributeMetadata' },
    choice: { type: 'Picklist', typeName: 'PicklistType', metadata: 'PicklistAttributeMetadata' },
    choices: { type: 'Virtual', typeName: 'MultiSelectPicklistType', metadata: 'MultiSelectPicklistAttributeMetadata' },
    state: { type: 'State', typeName: 'StateType', metadata: 'StateAttributeMetadata' },
    status: { type: 'Status', typeName: 'StatusType', metadata: 'StatusAttributeMetadata' },
    yesno: { type: 'Boolean', typeName: 'BooleanType', metadata: 'BooleanAttributeMetadata' },
    whole: { type: 'Integer', typeName: 'IntegerType', metadata: 'IntegerAttributeMetadata' },
    big: { type: 'BigInt', typeName: 'BigIntType', metadata: 'BigIntAttributeMetadata' },
    decimal: { type: 'Decimal', typeName: 'DecimalType', metadata: 'DecimalAttributeMetadata' },
    double: { type: 'Double', typeName: 'DoubleType', metadata: 'DoubleAttributeMetadata' },
    money: { type: 'Money', typeName: 'MoneyType', metadata: 'MoneyAttributeMetadata' },
    datetime: { type: 'DateTime', typeName: 'DateTimeType', metadata: 'DateTimeAttributeMetadata' },
    dateonly: { type: 'DateTime', typeName: 'DateTimeType', metadata: 'DateTimeAttributeMetadata' },
    guid: { type: 'Uniqueidentifier', typeName: 'UniqueidentifierType', metadata: 'UniqueIdentifierAttributeMetadata' },
    lookup: { type: 'Lookup', typeName: 'LookupType', metadata: 'LookupAttributeMetadata' },
    customer: { type: 'Customer', typeName: 'CustomerType', metadata: 'LookupAttributeMetadata' },
    owner: { type: 'Owner', typeName: 'OwnerType', metadata: 'LookupAttributeMetadata' },
  }

export function labelJson(labels: Labels): Json {
  const all = Object.entries(labels).map(([code, text]) => ({
    Label: text,
    LanguageCode: Number(code),
    IsManaged: false,
    MetadataId: null,
    HasChanged: null,
  }))
  return { LocalizedLabels: all, UserLocalizedLabel: all.find(({ LanguageCode }) => LanguageCode === 1033) ?? all[0] ?? null }
}

const managed = (value: boolean | string, name: string): Json => ({ Value: value, CanBeChanged: true, ManagedPropertyLogicalName: name })

/** Members every kind of column has; others need the cast of their kind. */
export const commonAttributeMembers: ReadonlySet<string> = new Set([
  'AttributeOf',
  'AttributeType',
  'AttributeTypeName',
  'AutoNumberFormat',
  'ColumnNumber',
  'Description',
  'DisplayName',
  'EntityLogicalName',
  'HasChanged',
  'IntroducedVersion',
  'IsAuditEnabled',
  'IsCustomAttribute',
  'IsCustomizable',
  'IsLogical',
  'IsManaged',
  'IsPrimaryId',
  'IsPrimaryName',
  'IsRenameable',
  'IsSecured',
  'IsSearchable',
  'IsFilterable',
  'IsValidForAdvancedFind',
  'IsValidForCreate',
  'IsValidForForm',
  'IsValidForGrid',
  'IsValidForRead',
  'IsValidForUpdate',
  'LogicalName',
  'MetadataId',
  'RequiredLevel',
  'SchemaName',
  'SourceType',
])

export function attributeJson(table: Table, column: Column): Json {
  const { type, typeName, metadata } = attributeTypes[column.kind]
  return {
    '@odata.type': `${crm}${metadata}`,
    AttributeOf: null,
    AttributeType: type,
    AttributeTypeName: { Value: typeName },
    AutoNumberFormat: column.autoNumber ?? (column.kind === 'text' ? '' : null),
    ColumnNumber: [...table.columns.keys()].indexOf(column.name) + 1,
    Description: labelJson(column.description),
    DisplayName: labelJson(column.labels),
    EntityLogicalName: table.name,
    HasChanged: null,
    IntroducedVersion: '1.0',
    IsAuditEnabled: managed(true, 'canmodifyauditsettings'),
    IsCustomAttribute: column.custom,
    IsCustomizable: managed(true, 'iscustomizable'),
    IsFilterable: true,
    IsLogical: false,
    IsManaged: false,
    IsPrimaryId: column.name === table.primaryId,
    IsPrimaryName: column.primaryName,
    IsRenameable: managed(true, 'isrenameable'),
    IsSearchable: column.primaryName,
    IsSecured: column.secured,
    IsValidForAdvancedFind: managed(true, 'canmodifysearchsettings'),
    IsValidForCreate: column.create,
    IsValidForForm: true,
    IsValidForGrid: true,
    IsValidForRead: column.read,
    IsValidForUpdate: column.update,
    LogicalName: column.name,
    MetadataId: column.metadataId,
    RequiredLevel: managed(column.required, 'canmodifyrequirementlevelsettings'),
    SchemaName: column.schemaName,
    SourceType: 0,
    ...ownMembers(column),
  }
}

function ownMembers(column: Column): Json {
  switch (column.kind) {
    case 'text':
      return {
        MaxLength: column.maxLength,
        Format: column.format,
        FormatName: { Value: column.format },
        ImeMode: 'Auto',
        DatabaseLength: (column.maxLength ?? 0) * 2,
        IsLocalizable: false,
      }
    case 'memo':
      return {
        MaxLength: column.maxLength,
        Format: column.format,
        FormatName: { Value: column.format },
        ImeMode: 'Disabled',
        IsLocalizable: false,
      }
    case 'whole':
      return { MinValue: column.min, MaxValue: column.max, Format: column.format ?? 'None' }
    case 'decimal':
    case 'double':
      return { MinValue: column.min, MaxValue: column.max, Precision: column.precision, ImeMode: 'Disabled' }
    case 'money':
      return {
        MinValue: column.min,
        MaxValue: column.max,
        Precision: column.precision,
        PrecisionSource: column.precisionSource,
        IsBaseCurrency: column.name.endsWith('_base'),
      }
    case 'datetime':
    case 'dateonly':
      return { Format: column.format, DateTimeBehavior: { Value: column.behavior }, ImeMode: 'Inactive' }
    case 'yesno':
      return { DefaultValue: column.defaultValue === true }
    case 'choice':
    case 'choices':
    case 'state':
    case 'status':
      return { DefaultFormValue: typeof column.defaultValue === 'number' ? column.defaultValue : -1 }
    default:
      return isLookup(column) ? { Targets: column.targets } : {}
  }
}

export function optionJson(option: Option, kind: ColumnKind | 'global'): Json {
  return {
    ...(kind === 'status' ? { '@odata.type': `${crm}StatusOptionMetadata`, State: option.state } : {}),
    ...(kind === 'state'
      ? { '@odata.type': `${crm}StateOptionMetadata`, DefaultStatus: option.state, InvariantName: option.labels[1033] }
      : {}),
    Value: option.value,
    Label: labelJson(option.labels),
    Description: labelJson(option.description),
    Color: null,
    IsManaged: false,
    ExternalValue: null,
    ParentValues: [],
    MetadataId: null,
    HasChanged: null,
  }
}

export function optionSetJson(set: OptionSet, kind: ColumnKind | 'global'): Json {
  const base = {
    MetadataId: set.metadataId,
    Name: set.name,
    DisplayName: labelJson(set.labels),
    Description: labelJson(set.description),
    IsGlobal: set.isGlobal,
    IsCustomOptionSet: set.isCustom,
    IsManaged: false,
    IsCustomizable: managed(true, 'iscustomizable'),
    HasChanged: null,
  }
  if (kind === 'yesno') {
    const [no, yes] = set.options
    return {
      '@odata.type': `${crm}BooleanOptionSetMetadata`,
      ...base,
      OptionSetType: 'Boolean',
      FalseOption: no && optionJson(no, kind),
      TrueOption: yes && optionJson(yes, kind),
    }
  }
  const type = kind === 'state' ? 'State' : kind === 'status' ? 'Status' : 'Picklist'
  return {
    '@odata.type': `${crm}OptionSetMetadata`,
    ...base,
    OptionSetType: type,
    Options: set.options.map((option) => optionJson(option, kind)),
  }
}

export function entityJson(table: Table): Json {
  return {
    MetadataId: table.metadataId,
    LogicalName: table.name,
    SchemaName: table.schemaName,
    EntitySetName: table.setName,
    LogicalCollectionName: table.setName,
    CollectionSchemaName: `${table.schemaName}s`,
    DisplayName: labelJson(table.labels),
    DisplayCollectionName: labelJson(table.collectionLabels),
    Description: labelJson(table.description),
    ObjectTypeCode: table.objectTypeCode,
    OwnershipType: table.ownership,
    PrimaryIdAttribute: table.primaryId,
    PrimaryNameAttribute: table.primaryName,
    ChangeTrackingEnabled: table.changeTracking,
    CanChangeTrackingBeEnabled: managed(table.canBeTracked, 'canchangetrackingbeenabled'),
    IsOptimisticConcurrencyEnabled: table.optimisticConcurrency,
    IsCustomEntity: table.custom,
    IsCustomizable: managed(true, 'iscustomizable'),
    IsManaged: false,
    IsActivity: table.isActivity,
    IsActivityParty: false,
    HasActivities: false,
    HasNotes: ['opportunity', 'lead', 'account', 'contact'].includes(table.name),
    IsAuditEnabled: managed(false, 'canmodifyauditsettings'),
    IsDuplicateDetectionEnabled: managed(true, 'canmodifyduplicatedetectionsettings'),
    IsConnectionsEnabled: managed(false, 'canmodifyconnectionsettings'),
    IsValidForQueue: managed(false, 'canmodifyqueuesettings'),
    CanCreateAttributes: managed(true, 'cancreateattributes'),
    CanCreateForms: managed(true, 'cancreateforms'),
    CanCreateViews: managed(true, 'cancreateviews'),
    IntroducedVersion: '1.0',
    TableType: 'Standard',
    HasChanged: null,
    Privileges: [],
  }
}

export const keyJson = (table: Table, key: AlternateKey): Json => ({
  MetadataId: key.metadataId,
  LogicalName: key.name,
  SchemaName: key.schemaName,
  EntityLogicalName: table.name,
  KeyAttributes: key.columns,
  DisplayName: labelJson(key.labels),
  EntityKeyIndexStatus: key.status,
  AsyncJob: key.jobId,
  IsManaged: false,
  IsCustomizable: managed(true, 'iscustomizable'),
  IntroducedVersion: '1.0',
  HasChanged: null,
})

export const relationshipJson = (relationship: Relationship, referenced: Table | undefined): Json => ({
  '@odata.type': `${crm}OneToManyRelationshipMetadata`,
  MetadataId: relationship.metadataId,
  SchemaName: relationship.schemaName,
  RelationshipType: 'OneToManyRelationship',
  ReferencedEntity: relationship.referenced,
  ReferencedAttribute: referenced?.primaryId ?? '',
  ReferencedEntityNavigationPropertyName: relationship.referencedNavigation,
  ReferencingEntity: relationship.referencing,
  ReferencingAttribute: relationship.column,
  ReferencingEntityNavigationPropertyName: relationship.referencingNavigation,
  CascadeConfiguration: {
    Assign: 'NoCascade',
    Delete: relationship.onDelete,
    Merge: relationship.onMerge,
    Reparent: 'NoCascade',
    Share: 'NoCascade',
    Unshare: 'NoCascade',
    RollupView: 'NoCascade',
  },
  AssociatedMenuConfiguration: { Behavior: 'UseCollectionName', Group: 'Details', Order: 10_000 },
  IsCustomRelationship: relationship.custom,
  IsManaged: false,
  IsValidForAdvancedFind: true,
  IntroducedVersion: '1.0',
  HasChanged: null,
})

export const manyToManyJson = (relation: ManyToMany): Json => ({
  '@odata.type': `${crm}ManyToManyRelationshipMetadata`,
  MetadataId: relation.metadataId,
  SchemaName: relation.schemaName,
  RelationshipType: 'ManyToManyRelationship',
  Entity1LogicalName: relation.first,
  Entity2LogicalName: relation.second,
  Entity1NavigationPropertyName: relation.firstNavigation,
  Entity2NavigationPropertyName: relation.secondNavigation,
  IntersectEntityName: relation.schemaName,
  IsCustomRelationship: false,
  IsManaged: false,
  HasChanged: null,
})
