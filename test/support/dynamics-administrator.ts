import type { Sandbox } from '../../src/sandbox/sandbox.js'

type Json = Readonly<Record<string, unknown>>

/** What an administrator of the simulated Dynamics 365 does by its Web API. @throws Error naming what was refused. */
export type Administer = (method: string, path: string, body?: unknown) => Promise<Json>

/** Signed in as an application that is System Administrator. */
export async function administrator({ urls, credentials }: Pick<Sandbox, 'urls' | 'credentials'>): Promise<Administer> {
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: credentials.crmClientId,
    client_secret: credentials.crmClientSecret,
    scope: `${urls.dynamics}/.default`,
  })
  const signedIn = await fetch(`${urls.entra}/${credentials.tenant}/oauth2/v2.0/token`, { method: 'POST', body: form })
  const { access_token: token } = (await signedIn.json()) as { access_token: string } // the protocol's own answer
  return async (method, path, body) => {
    const answer = await fetch(`${urls.dynamics}/api/data/v9.2/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', prefer: 'return=representation', 'mscrm.mergelabels': 'true' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return (text === '' ? {} : JSON.parse(text)) as Json // an answer of the Web API is an object
  }
}

export const label = (text: string): Json => ({
  '@odata.type': 'Microsoft.Dynamics.CRM.Label',
  LocalizedLabels: [{ '@odata.type': 'Microsoft.Dynamics.CRM.LocalizedLabel', Label: text, LanguageCode: 1033 }],
})
export const textColumn = (schemaName: string, more: Json = {}): Json => ({
  '@odata.type': 'Microsoft.Dynamics.CRM.StringAttributeMetadata',
  SchemaName: schemaName,
  DisplayName: label(schemaName),
  RequiredLevel: { Value: 'None' },
  MaxLength: 100,
  FormatName: { Value: 'Text' },
  ...more,
})

/** A publisher of prefix `xco` and its solution, as an administrator has one for changes of the house. */
export async function publisher(administer: Administer): Promise<void> {
  const { publisherid } = await administer('POST', 'publishers', {
    uniquename: 'xcopublisher',
    friendlyname: 'Xco',
    customizationprefix: 'xco',
    customizationoptionvalueprefix: 48_000,
  })
  const bound = { 'publisherid@odata.bind': `/publishers(${String(publisherid)})` }
  await administer('POST', 'solutions', { uniquename: 'xcoHouse', friendlyname: 'House', version: '1.0.0.0', ...bound })
}

/** A table of the house, `xco_region`, with a lookup to it, `xco_regionid`, on the given table. Rows by their names. */
export async function regions(administer: Administer, on: string, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  await administer('POST', 'EntityDefinitions', {
    '@odata.type': 'Microsoft.Dynamics.CRM.EntityMetadata',
    SchemaName: 'xco_Region',
    DisplayName: label('Region'),
    DisplayCollectionName: label('Regions'),
    OwnershipType: 'OrganizationOwned',
    IsActivity: false,
    HasActivities: false,
    HasNotes: false,
    Attributes: [textColumn('xco_Name', { IsPrimaryName: true })],
  })
  await administer('POST', 'RelationshipDefinitions', {
    '@odata.type': 'Microsoft.Dynamics.CRM.OneToManyRelationshipMetadata',
    SchemaName: `xco_region_${on}`,
    ReferencedEntity: 'xco_region',
    ReferencingEntity: on,
    CascadeConfiguration: { Delete: 'RemoveLink' },
    Lookup: {
      '@odata.type': 'Microsoft.Dynamics.CRM.LookupAttributeMetadata',
      AttributeType: 'Lookup',
      SchemaName: 'xco_RegionId',
      DisplayName: label('Region'),
    },
  })
  await administer('POST', 'PublishAllXml', {})
  const made = new Map<string, string>()
  for (const name of names) made.set(name, String((await administer('POST', 'xco_regions', { xco_name: name }))['xco_regionid']))
  return made
}
