import type { Row } from '../row.js'
import { ATTRIBUTE_TYPES, logicalName, type BlueprintColumn, type BlueprintKey, type BlueprintTable } from './blueprint.js'

/**
 * Bodies of the metadata API. Every label is given in the base language of the organization, which is the one that must be there.
 * Source: learn.microsoft.com "Create and update column definitions using the Web API" (read 2023-10).
 */
export const labelBody = (text: string, language: number): Row => ({
  '@odata.type': 'Microsoft.Dynamics.CRM.Label',
  LocalizedLabels: [{ '@odata.type': 'Microsoft.Dynamics.CRM.LocalizedLabel', Label: text, LanguageCode: language }],
})

const requiredLevel = (value: 'None' | 'ApplicationRequired'): Row => ({
  Value: value,
  CanBeChanged: true,
  ManagedPropertyLogicalName: 'canmodifyrequirementlevelsettings',
})

export interface ColumnChoice {
  readonly language: number
  readonly secured: 'secured' | 'open'
}

export function columnBody(column: BlueprintColumn, { language, secured }: ColumnChoice): Row {
  const type = ATTRIBUTE_TYPES[column.kind]
  return {
    '@odata.type': `Microsoft.Dynamics.CRM.${type}AttributeMetadata`,
    AttributeType: type,
    AttributeTypeName: { Value: `${type}Type` },
    SchemaName: column.schemaName,
    RequiredLevel: requiredLevel('None'),
    DisplayName: labelBody(column.label, language),
    Description: labelBody(column.description, language),
    ...(secured === 'secured' ? { IsSecured: true } : {}),
    ...ownMembers(column, language),
  }
}

function ownMembers(column: BlueprintColumn, language: number): Row {
  switch (column.kind) {
    case 'text':
      return { MaxLength: column.maxLength, FormatName: { Value: 'Text' } }
    case 'url':
      return { MaxLength: column.maxLength, FormatName: { Value: 'Url' } }
    case 'memo':
      return { MaxLength: column.maxLength, Format: 'TextArea', ImeMode: 'Disabled' }
    case 'whole':
      return { Format: 'None', MinValue: 0, MaxValue: 2_147_483_647 }
    case 'decimal':
      return { MinValue: 0, MaxValue: 100_000_000_000, Precision: 4 }
    case 'datetime':
      return { Format: 'DateAndTime', DateTimeBehavior: { Value: 'UserLocal' } }
    case 'dateonly':
      return { Format: 'DateOnly', DateTimeBehavior: { Value: 'DateOnly' } }
    case 'yesno':
      return {
        DefaultValue: false,
        OptionSet: {
          OptionSetType: 'Boolean',
          TrueOption: { Value: 1, Label: labelBody(column.yesNo?.yes ?? 'Yes', language) },
          FalseOption: { Value: 0, Label: labelBody(column.yesNo?.no ?? 'No', language) },
        },
      }
    case 'choice':
      return {
        SourceTypeMask: 0,
        OptionSet: {
          '@odata.type': 'Microsoft.Dynamics.CRM.OptionSetMetadata',
          IsGlobal: false,
          OptionSetType: 'Picklist',
          Options: column.options.map(({ value, label }) => ({ Value: value, Label: labelBody(label, language) })),
        },
      }
  }
}

export function tableBody(table: BlueprintTable, language: number): Row {
  return {
    '@odata.type': 'Microsoft.Dynamics.CRM.EntityMetadata',
    SchemaName: table.schemaName,
    DisplayName: labelBody(table.label, language),
    DisplayCollectionName: labelBody(table.plural, language),
    Description: labelBody(table.description, language),
    OwnershipType: table.ownership,
    IsActivity: false,
    HasActivities: false,
    HasNotes: false,
    Attributes: [{ ...columnBody(table.primary, { language, secured: 'open' }), IsPrimaryName: true }],
  }
}

interface LookupWish {
  readonly relationship: string
  readonly schemaName: string
  readonly label: string
  readonly from: string
  readonly to: string
}

/** A lookup comes with its relationship; the rows of a deleted deal go with it. */
export function lookupBody(wish: LookupWish, language: number): Row {
  return {
    '@odata.type': 'Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata',
    SchemaName: wish.relationship,
    ReferencedEntity: wish.to,
    ReferencingEntity: wish.from,
    CascadeConfiguration: {
      Assign: 'NoCascade',
      Delete: 'Cascade',
      Merge: 'NoCascade',
      Reparent: 'NoCascade',
      Share: 'NoCascade',
      Unshare: 'NoCascade',
      RollupView: 'NoCascade',
    },
    AssociatedMenuConfiguration: { Behavior: 'UseCollectionName', Group: 'Details', Order: 10_000 },
    Lookup: {
      '@odata.type': 'Microsoft.Dynamics.CRM.LookupAttributeMetadata',
      AttributeType: 'Lookup',
      AttributeTypeName: { Value: 'LookupType' },
      SchemaName: wish.schemaName,
      DisplayName: labelBody(wish.label, language),
      RequiredLevel: requiredLevel('None'),
    },
  }
}

export const keyBody = (key: BlueprintKey, columns: readonly string[], language: number): Row => ({
  '@odata.type': 'Microsoft.Dynamics.CRM.EntityKeyMetadata',
  SchemaName: key.schemaName,
  KeyAttributes: columns,
  DisplayName: labelBody(key.label, language),
})

/** What to publish, in the words of PublishXml. */
export function publishBody(entities: readonly string[], webResourceIds: readonly string[]): Row {
  const tables = entities.map((name) => `<entity>${logicalName(name)}</entity>`).join('')
  const resources = webResourceIds.map((id) => `<webresource>{${id}}</webresource>`).join('')
  const parts = [tables === '' ? '' : `<entities>${tables}</entities>`, resources === '' ? '' : `<webresources>${resources}</webresources>`]
  return { ParameterXml: `<importexportxml>${parts.join('')}</importexportxml>` }
}
