import { stageRow, type StageTable } from '../../core/mapping-stages.js'
import type { Profile } from '../../core/mapping.js'

/**
 * What the connector keeps on a record for itself, and the fields that hold parts of a deal no standard field has.
 * An org that carries Microsoft's own package, or fields made by hand after its guide of 2020, has them under other names: they are
 * found by the guide's API names first, then by the package's labels.
 * Source: learn.microsoft.com "Co-sell connector for Salesforce" (editions 2020 to 2023).
 */
export interface CustomField {
  readonly name: string
  /** API names of the fields that the guide of 2020 had administrators make. */
  readonly byHand: readonly string[]
  readonly labels: readonly string[]
}
const field = (name: string, labels: readonly string[], byHand: readonly string[] = []): CustomField => ({
  name: `Cosell_${name}__c`,
  byHand,
  labels,
})

export const SYNC = 'Cosell_Sync_With_Partner_Center__c'
export const IDENTIFIER = 'Cosell_Referral_Identifier__c'
export const LINK = 'Cosell_Referral_Link__c'
export const AUDIT = 'Cosell_Audit__c'
export const STATUS = 'Cosell_Sync_Status__c'
export const PROBLEM = 'Cosell_Sync_Problem__c'
export const LAST_SYNCED = 'Cosell_Last_Synced_At__c'
export const VALUE = 'Cosell_Deal_Value__c'
export const CLOSING_DATE = 'Cosell_Closing_Date__c'

/** Fields that nobody installs for you: make one of this name or label, and the deal's field is kept in it. */
const OPTIONAL_FIELDS: readonly CustomField[] = [
  field('Sales_Stage', ['Partner Center Sales Stage']),
  field('Campaign', ['Partner Center Campaign']),
  field('Partner_Role', ['Partner Center Partner Role']),
  field('Solution_Area', ['Partner Center Solution Area']),
  field('Solution_Play', ['Partner Center Solution Play']),
]
const DUNS = 'Cosell_Duns__c'
export const OPTIONAL: ReadonlySet<string> = new Set([...OPTIONAL_FIELDS.map(({ name }) => name), DUNS])
/** Filled on every pass, whatever the mapping says. */
export const KEPT: readonly string[] = [SYNC, IDENTIFIER, LINK, AUDIT, STATUS, PROBLEM, LAST_SYNCED]

export const CUSTOM_FIELDS: readonly CustomField[] = [
  ...OPTIONAL_FIELDS,
  field('Sync_With_Partner_Center', ['Sync With Partner Center', 'Sync with Partner Center'], ['Sync_With_Partner_Center__c']),
  field('Referral_Identifier', ['Referral Identifier'], ['Referral_Identifier__c', 'Referral_Identfier__c']),
  field('Referral_Link', ['Referral Link'], ['Referral_Link__c']),
  field('Audit', ['Audit'], ['Audit__c']),
  field('Help_Required', ['How can Microsoft help?', 'Help Required'], ['How_can_Microsoft_help__c']),
  field('Referral_Visibility', ['Referral visible to Microsoft sellers?', 'Referral Visibility', 'Microsoft Partner Center Referral Visibility']),
  field('Microsoft_CRM_Identifier', ['Microsoft CRM Identifier']),
  field('Referral_Program', ['Referral Program']),
  field('Sync_Status', ['Sync Status']),
  field('Sync_Problem', ['Sync Problem']),
  field('Last_Synced_At', ['Last Synced At', 'Last Synced']),
  field('Closing_Reason', ['Closing Reason']),
  field('Expires_On', ['Referral Expires On', 'Expires On']),
  field('Microsoft_Status', ['Microsoft Status']),
  field('Microsoft_Team', ['Microsoft Team']),
  field('Purchase_Intent', ['Customer Purchase Intent']),
  field('Notes_To_Microsoft', ['Notes to Microsoft']),
  field('Deal_Value', ['Deal Value']),
  field('Closing_Date', ['Closing Date']),
]

/** The child object of solutions: ours by name, any other by its label. */
export const SOLUTION_OBJECT = { name: 'Cosell_Solution__c', labels: ['Microsoft Solution', 'Microsoft Solutions', 'Microsoft Partner Center Solution', 'Microsoft Partner Center Solutions'] } as const
export const SOLUTION_ID = { name: 'Cosell_Solution_Identifier__c', labels: ['Solution Identifier', 'Solution ID'] } as const
export const SOLUTION_KEY = 'Cosell_Key__c'

/** What a person of a customer consists of: on a contact, or on a lead itself. */
export const PERSON = ['FirstName', 'LastName', 'Email', 'Phone'] as const

/** Places in a row that are no field: they stand for a related record, a pair of fields, or a list. */
export const PLACES = ['stage', 'currency', 'owner', 'contact', 'person', 'solutions'] as const
export type Place = (typeof PLACES)[number]
// A list of literals is a list of strings; the guard itself is the check.
export const isPlace = (text: string): text is Place => (PLACES as readonly string[]).includes(text)

/**
 * Stages are the org's own. These are the delivered ones; where an org has no such stage, the one that plays the part is taken:
 * for "on hold" the first open stage, for "active" the next, and the org's won and lost stages by what the stage itself says.
 * Source: Salesforce object reference, OpportunityStage and LeadStatus.
 */
const stages: StageTable = {
  section: 'stages',
  rows: [
    stageRow('New/*', { StageName: 'On Hold' }),
    { ...stageRow('Active/Accepted', { StageName: 'Qualification' }), otherOpen: true },
    stageRow('Closed/Won', { StageName: 'Closed Won' }, [{ IsClosed: true, IsWon: true }]),
    stageRow('Closed/*', { StageName: 'Closed Lost' }, [{ IsClosed: true, IsWon: false }]),
  ],
}
const leadStages: StageTable = {
  section: 'leadStages',
  rows: [
    { ...stageRow('New/*', { Status: 'Open - Not Contacted' }), otherOpen: true },
    stageRow('Active/Accepted', { Status: 'Closed - Converted' }, [{ IsConverted: true }]),
    stageRow('Closed/Won', { Status: 'Closed - Converted' }),
    stageRow('Closed/*', { Status: 'Closed - Not Converted' }),
  ],
}

const shared = {
  status: { crm: 'stage' },
  statusReason: { crm: 'Cosell_Closing_Reason__c' },
  'details.currency': { crm: 'currency' },
  'details.notes': { crm: 'Description' },
  'details.requirements.marketplaceIntent': { crm: 'Cosell_Purchase_Intent__c' },
  'consent.consentToShareReferralWithMicrosoftSellers': { crm: 'Cosell_Referral_Visibility__c' },
  'inviteContext.assistanceRequestCode': { crm: 'Cosell_Help_Required__c' },
  'inviteContext.notes': { crm: 'Cosell_Notes_To_Microsoft__c' },
  team: { crm: 'owner' },
  referralProgram: { crm: 'Cosell_Referral_Program__c', flow: 'to-crm' },
  salesStage: { crm: 'Cosell_Sales_Stage__c' },
  campaignId: { crm: 'Cosell_Campaign__c' },
  'details.requirements.partnerRole': { crm: 'Cosell_Partner_Role__c' },
  'details.requirements.solutionArea': { crm: 'Cosell_Solution_Area__c' },
  'details.requirements.solutionPlay': { crm: 'Cosell_Solution_Play__c' },
  expirationDateTime: { crm: 'Cosell_Expires_On__c' },
  'microsoft.status': { crm: 'Cosell_Microsoft_Status__c' },
  'microsoft.team': { crm: 'Cosell_Microsoft_Team__c' },
  'trackingInfo.microsoftMsxId': { crm: 'Cosell_Microsoft_CRM_Identifier__c' },
} as const satisfies Profile['opportunity']

/** Where Sales Cloud keeps a deal when nobody says otherwise. A street is one field of several lines there. */
export const SALESFORCE_PROFILE: Profile = {
  crm: 'salesforce',
  opportunity: {
    ...shared,
    name: { crm: 'Name' },
    'details.dealValue': { crm: 'Amount' },
    'details.closingDateTime': { crm: 'CloseDate' },
    'details.requirements.solutions': { crm: 'solutions' },
    'customerProfile.name': { crm: 'account.Name' },
    'customerProfile.address.addressLine1': { crm: 'account.BillingStreet' },
    'customerProfile.address.city': { crm: 'account.BillingCity' },
    'customerProfile.address.state': { crm: 'account.BillingState' },
    'customerProfile.address.postalCode': { crm: 'account.BillingPostalCode' },
    'customerProfile.address.country': { crm: 'account.BillingCountry', toPartner: 'iso2(value)' },
    'customerProfile.ids.duns': { crm: `account.${DUNS}` },
    'customerProfile.team': { crm: 'contact' },
  },
  lead: {
    ...shared,
    'details.dealValue': { crm: VALUE },
    'details.closingDateTime': { crm: CLOSING_DATE },
    'customerProfile.name': { crm: 'Company' },
    'customerProfile.address.addressLine1': { crm: 'Street' },
    'customerProfile.address.city': { crm: 'City' },
    'customerProfile.address.state': { crm: 'State' },
    'customerProfile.address.postalCode': { crm: 'PostalCode' },
    'customerProfile.address.country': { crm: 'Country', toPartner: 'iso2(value)' },
    'customerProfile.ids.duns': { crm: DUNS },
    'customerProfile.team': { crm: 'person' },
  },
  stages,
  leadStages,
  places: PLACES,
}
