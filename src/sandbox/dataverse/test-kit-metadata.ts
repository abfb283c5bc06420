import { kit, label, origin, publisher, textColumn, type Answered, type JsonObject, type Kit } from './test-kit.js'

/** Bodies and helpers of the tests of the metadata API. */
export const base = `${origin}/api/data/v9.2`
export const opportunity = "EntityDefinitions(LogicalName='opportunity')"
export const inSolution = { 'mscrm.solutionuniquename': 'xcoConnector' }

export async function prepared(given: Parameters<typeof kit>[0] = {}): Promise<Kit> {
  const made = kit(given)
  await publisher(made)
  return made
}

export const outcome = (answer: Answered): [number, string] => [answer.status, answer.error.code]

export const table = (schemaName: string, more: JsonObject = {}): JsonObject => ({
  '@odata.type': 'Microsoft.Dynamics.CRM.EntityMetadata',
  SchemaName: schemaName,
  DisplayName: label('Sync Audit'),
  DisplayCollectionName: label('Sync Audits'),
  OwnershipType: 'OrganizationOwned',
  IsActivity: false,
  HasActivities: false,
  HasNotes: false,
  Attributes: [textColumn('xco_Name', 200, { IsPrimaryName: true })],
  ...more,
})

export const lookup: JsonObject = {
  '@odata.type': 'Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata',
  SchemaName: 'xco_opportunity_syncaudit',
  ReferencedEntity: 'opportunity',
  ReferencingEntity: 'xco_syncaudit',
  CascadeConfiguration: { Delete: 'Cascade' },
  Lookup: {
    '@odata.type': 'Microsoft.Dynamics.CRM.LookupAttributeMetadata',
    AttributeType: 'Lookup',
    SchemaName: 'xco_OpportunityId',
    DisplayName: label('Opportunity'),
  },
}

export const picklist = (schemaName: string, options: readonly number[]): JsonObject => ({
  '@odata.type': 'Microsoft.Dynamics.CRM.PicklistAttributeMetadata',
  SchemaName: schemaName,
  DisplayName: label(schemaName),
  OptionSet: {
    '@odata.type': 'Microsoft.Dynamics.CRM.OptionSetMetadata',
    IsGlobal: false,
    OptionSetType: 'Picklist',
    Options: options.map((Value) => ({ Value, Label: label(`O${Value}`) })),
  },
})
