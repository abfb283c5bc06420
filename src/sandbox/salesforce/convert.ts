import { refuse } from './errors.js'
import { isoStamp, type Scalar } from './model.js'
import { atomically, objectNamed, put, type Org } from './org.js'
import { insert, rowOf } from './rows.js'

export interface Conversion {
  readonly leadId: string
  readonly convertedStatus: string
  readonly accountId: string | null
  readonly contactId: string | null
  /** An opportunity that is there already takes the lead in: none is made then. */
  readonly opportunityId: string | null
  readonly opportunityName: string | null
  readonly createOpportunity: boolean
}
export interface Converted {
  readonly accountId: string
  readonly contactId: string
  readonly opportunityId: string | null
}

/**
 * A lead becomes an account, a contact and an opportunity. Own fields are copied only where the org maps them (`leadFields`).
 * Source: Salesforce SOAP API Developer Guide, `convertLead`.
 */
export const convertLead = (org: Org, wish: Conversion): Converted => atomically(org, () => convert(org, wish))

function convert(org: Org, wish: Conversion): Converted {
  const leads = objectNamed(org, 'Lead')
  const lead = rowOf(org, leads, wish.leadId)
  if (lead.values['IsConverted'] === true) throw refuse('CANNOT_UPDATE_CONVERTED_LEAD', 'cannot reference converted lead')
  const status = [...objectNamed(org, 'LeadStatus').rows.values()].find((row) => row.values['ApiName'] === wish.convertedStatus)
  if (status?.values['IsConverted'] !== true) throw refuse('INVALID_STATUS', `invalid convertedStatus: ${wish.convertedStatus}`)
  const { values } = lead
  const owner = values['OwnerId'] ?? org.author
  const pick = (pairs: Readonly<Record<string, string>>): Record<string, Scalar> =>
    Object.fromEntries(Object.entries(pairs).map(([to, from]) => [to, values[from] ?? null]))
  const address = {
    BillingStreet: 'Street',
    BillingCity: 'City',
    BillingState: 'State',
    BillingPostalCode: 'PostalCode',
    BillingCountry: 'Country',
  }
  const accountId = wish.accountId ?? insert(org, objectNamed(org, 'Account'), { ...pick({ Name: 'Company', ...address }), OwnerId: owner })
  const contactId =
    wish.contactId ??
    insert(org, objectNamed(org, 'Contact'), {
      ...pick({ FirstName: 'FirstName', LastName: 'LastName', Email: 'Email', Phone: 'Phone' }),
      AccountId: accountId,
      OwnerId: owner,
    })
  const opportunity = {
    Name: wish.opportunityName ?? values['Company'],
    StageName: 'Prospecting',
    CloseDate: isoStamp(org.clock.now() + 30 * 86_400_000).slice(0, 10),
    AccountId: accountId,
    ContactId: contactId,
    OwnerId: owner,
    ...(org.options.leadFields === 'mapped' ? mappedFields(org, values) : {}),
  }
  const opportunityId = wish.opportunityId ?? (wish.createOpportunity ? insert(org, objectNamed(org, 'Opportunity'), opportunity) : null)
  const now = isoStamp(org.clock.now())
  const changed = {
    Status: wish.convertedStatus,
    IsConverted: true,
    ConvertedDate: now.slice(0, 10),
    ConvertedAccountId: accountId,
    ConvertedContactId: contactId,
    ConvertedOpportunityId: opportunityId,
    LastModifiedDate: now,
    SystemModstamp: now,
    LastModifiedById: org.author,
  }
  put(org, leads, { id: lead.id, values: { ...values, ...changed } })
  return { accountId, contactId, opportunityId }
}

function mappedFields(org: Org, lead: Readonly<Record<string, Scalar>>): Record<string, Scalar> {
  const there = objectNamed(org, 'Opportunity').fields
  return Object.fromEntries(Object.entries(lead).filter(([name, value]) => name.endsWith('__c') && value !== null && there.has(name)))
}
