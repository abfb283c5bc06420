import { stageRow, type StageTable } from '../../core/mapping-stages.js'
import type { Profile } from '../../core/mapping.js'

/**
 * What the connector keeps on a record for itself, and the columns that hold parts of a deal no standard column has.
 * Rows name them by our own names; an environment that already carries Microsoft's referral connector has them under its names.
 * Source: column names of public profiles of environments with that connector; labels of learn.microsoft.com
 * "Co-sell connector for Dynamics 365" (read 2023-10).
 */
export interface CustomColumn {
  readonly name: string
  readonly microsoft: string | null
  readonly labels: readonly string[]
}
const column = (name: string, microsoft: string | null, ...labels: string[]): CustomColumn => ({ name: `cosell_${name}`, microsoft: microsoft === null ? null : `msft_${microsoft}`, labels })

/** Columns that nobody installs for you: make one of this name or label, and the deal's field is kept in it. */
const OPTIONAL_COLUMNS: readonly CustomColumn[] = [
  column('salesstage', null, 'Partner Center Sales Stage'),
  column('campaign', null, 'Partner Center Campaign'),
  column('partnerrole', null, 'Partner Center Partner Role'),
  column('solutionarea', null, 'Partner Center Solution Area'),
  column('solutionplay', null, 'Partner Center Solution Play'),
]
const DUNS = 'cosell_duns'
export const OPTIONAL: ReadonlySet<string> = new Set([...OPTIONAL_COLUMNS.map(({ name }) => name), DUNS])

export const CUSTOM_COLUMNS: readonly CustomColumn[] = [
  ...OPTIONAL_COLUMNS,
  column('syncwithpartnercenter', 'microsoftpartnercenterreferralsync', 'Sync With Partner Center'),
  column('referralidentifier', 'microsoftpartnercenterreferralidentifier', 'Referral Identifier'),
  column('referrallink', 'microsoftpartnercenterreferrallink', 'Referral Link'),
  column('referralprogram', 'microsoftpartnercenterreferralprogram', 'Referral Program'),
  column('microsoftcrmidentifier', 'microsoftcrmidentifier', 'Microsoft CRM Identifier'),
  column('referralvisibility', 'microsoftpartnercenterreferralvisible', 'Referral Visibility', 'Microsoft Partner Center Referral Visibility'),
  column('help', 'microsoftpartnercenterhelp', 'How can Microsoft help?'),
  column('audit', 'microsoftpartnercenterreferralsyncaudit', 'Audit'),
  column('syncstatus', null, 'Sync Status'),
  column('syncproblem', null, 'Sync Problem'),
  column('lastsynced', null, 'Last Synced'),
  column('declinereason', null, 'Reason for Declining or Losing'),
  column('closingreason', null, 'Closing Reason'),
  column('expireson', null, 'Expires On', 'Referral Expires On'),
  column('microsoftstatus', null, 'Microsoft Status'),
  column('microsoftteam', null, 'Microsoft Team'),
  column('purchaseintent', 'customerpurchaseintent', 'Customer Purchase Intent'),
  column('notestomicrosoft', null, 'Notes to Microsoft'),
]

export const SYNC = 'cosell_syncwithpartnercenter'
export const IDENTIFIER = 'cosell_referralidentifier'
export const LINK = 'cosell_referrallink'
export const AUDIT = 'cosell_audit'
export const STATUS = 'cosell_syncstatus'
export const PROBLEM = 'cosell_syncproblem'
export const LAST_SYNCED = 'cosell_lastsynced'
/** One of the reasons Partner Center offers, for a seller to choose; words of their own go before it. */
export const DECLINE_REASON = 'cosell_declinereason'

/** Filled on every pass, whatever the mapping says. */
export const KEPT: readonly string[] = [SYNC, IDENTIFIER, LINK, AUDIT, STATUS, PROBLEM, LAST_SYNCED]

/** The child table of solutions: our name, then the labels that Microsoft's package gives it. */
export const SOLUTION_TABLE = { name: 'cosell_microsoftsolution', labels: ['Microsoft Solutions', 'Microsoft Solution'] } as const
export const SOLUTION_CATALOGUE = { labels: ['Microsoft Solution Details', 'Microsoft Solution Detail'] } as const
export const SOLUTION_ID = { name: 'cosell_solutionid', labels: ['Solution Identifier', 'Solution ID'] } as const
export const SOLUTION_NAME = { name: 'cosell_name', labels: ['Solution Name', 'Name'] } as const

/** Places in a row that are no column: they stand for a related record, a pair of columns, or a list. */
export const PLACES = ['stage', 'currency', 'owner', 'contact', 'person', 'solutions'] as const
export type Place = (typeof PLACES)[number]
// A list of literals is a list of strings; the guard itself is the check.
export const isPlace = (text: string): text is Place => (PLACES as readonly string[]).includes(text)

/**
 * Status reasons of an opportunity. Canceled reads as lost: the reason of a seller who cancels is not known.
 * Source: learn.microsoft.com "opportunity table reference" (option values) and "Referral resources" (statuses), read 2023-10.
 */
const stages: StageTable = {
  section: 'stages',
  rows: [
    stageRow('New/*', { statecode: 0, statuscode: 2 }),
    stageRow('Active/Accepted', { statecode: 0, statuscode: 1 }),
    stageRow('Closed/Won', { statecode: 1, statuscode: 3 }),
    stageRow('Closed/Lost', { statecode: 2, statuscode: 5 }),
    stageRow('Closed/*', { statecode: 2, statuscode: 4 }),
  ],
}

/** A lead knows only open, qualified and disqualified; which open or disqualified reason it shows says nothing about the referral. */
const leadStages: StageTable = {
  section: 'leadStages',
  rows: [
    { ...stageRow('New/*', { statecode: 0, statuscode: 1 }, [{ statecode: 0, statuscode: 2 }]), otherOpen: true },
    stageRow('Active/Accepted', { statecode: 1, statuscode: 3 }),
    stageRow('Closed/Won', { statecode: 1, statuscode: 3 }),
    stageRow('Closed/*', { statecode: 2, statuscode: 4 }, [
      { statecode: 2, statuscode: 5 },
      { statecode: 2, statuscode: 6 },
      { statecode: 2, statuscode: 7 },
    ]),
  ],
}

/** Columns that both kinds of record carry under the same names. */
const shared = {
  status: { crm: 'stage' },
  statusReason: { crm: 'cosell_closingreason' },
  'details.currency': { crm: 'currency' },
  'details.closingDateTime': { crm: 'estimatedclosedate' },
  'details.notes': { crm: 'description' },
  'details.requirements.marketplaceIntent': { crm: 'cosell_purchaseintent' },
  'consent.consentToShareReferralWithMicrosoftSellers': { crm: 'cosell_referralvisibility' },
  'inviteContext.assistanceRequestCode': { crm: 'cosell_help' },
  'inviteContext.notes': { crm: 'cosell_notestomicrosoft' },
  team: { crm: 'owner' },
  referralProgram: { crm: 'cosell_referralprogram', flow: 'to-crm' },
  salesStage: { crm: 'cosell_salesstage' },
  campaignId: { crm: 'cosell_campaign' },
  'details.requirements.partnerRole': { crm: 'cosell_partnerrole' },
  'details.requirements.solutionArea': { crm: 'cosell_solutionarea' },
  'details.requirements.solutionPlay': { crm: 'cosell_solutionplay' },
  expirationDateTime: { crm: 'cosell_expireson' },
  'microsoft.status': { crm: 'cosell_microsoftstatus' },
  'microsoft.team': { crm: 'cosell_microsoftteam' },
  'trackingInfo.microsoftMsxId': { crm: 'cosell_microsoftcrmidentifier' },
} as const satisfies Profile['opportunity']

/** Where Dynamics 365 Sales keeps a deal when nobody says otherwise. */
export const DYNAMICS_PROFILE: Profile = {
  crm: 'dynamics',
  opportunity: {
    ...shared,
    name: { crm: 'name' },
    'details.dealValue': { crm: 'estimatedvalue' },
    'details.requirements.solutions': { crm: 'solutions' },
    'customerProfile.name': { crm: 'account.name' },
    'customerProfile.address.addressLine1': { crm: 'account.address1_line1' },
    'customerProfile.address.addressLine2': { crm: 'account.address1_line2' },
    'customerProfile.address.city': { crm: 'account.address1_city' },
    'customerProfile.address.state': { crm: 'account.address1_stateorprovince' },
    'customerProfile.address.postalCode': { crm: 'account.address1_postalcode' },
    'customerProfile.address.country': { crm: 'account.address1_country', toPartner: 'iso2(value)' },
    'customerProfile.ids.duns': { crm: `account.${DUNS}` },
    'customerProfile.team': { crm: 'contact' },
  },
  lead: {
    ...shared,
    name: { crm: 'subject' },
    'details.dealValue': { crm: 'estimatedamount' },
    'customerProfile.name': { crm: 'companyname' },
    'customerProfile.address.addressLine1': { crm: 'address1_line1' },
    'customerProfile.address.addressLine2': { crm: 'address1_line2' },
    'customerProfile.address.city': { crm: 'address1_city' },
    'customerProfile.address.state': { crm: 'address1_stateorprovince' },
    'customerProfile.address.postalCode': { crm: 'address1_postalcode' },
    'customerProfile.address.country': { crm: 'address1_country', toPartner: 'iso2(value)' },
    'customerProfile.ids.duns': { crm: DUNS },
    'customerProfile.team': { crm: 'person' },
  },
  stages,
  leadStages,
  places: PLACES,
}
