import { CLOSING_REASONS } from '../../../core/closing-reasons.js'
import { CUSTOM_COLUMNS } from '../profile.js'

/** What the connector adds to an environment, as plain data: the installer, the package and the tests read the same list. */
export const PREFIX = 'cosell'
export const PUBLISHER = { uniqueName: 'cosell', name: 'Cosell', prefix: PREFIX, optionValuePrefix: 41_250 } as const
export const SOLUTION = { uniqueName: 'CosellConnector', name: 'Co-sell Connector', version: '1.0.0.0' } as const
/** Takes what is added later where the managed package holds the name: a managed solution takes up nothing. */
export const LOCAL_SOLUTION = { uniqueName: 'CosellConnectorLocal', name: 'Co-sell Connector (local)', version: '1.0.0.0' } as const

export type BlueprintKind = 'text' | 'url' | 'memo' | 'yesno' | 'choice' | 'whole' | 'decimal' | 'datetime' | 'dateonly'

export interface BlueprintColumn {
  readonly schemaName: string
  readonly kind: BlueprintKind
  readonly label: string
  readonly description: string
  readonly maxLength: number
  readonly options: readonly { readonly value: number; readonly label: string }[]
  readonly yesNo: { readonly yes: string; readonly no: string } | null
  /** Written by the connector alone: shown read-only on forms. */
  readonly readOnly: 'read-only' | 'editable'
  /** Protected by column security. A column of an alternate key cannot be: the platform refuses keys over secured columns. */
  readonly secured: 'secured' | 'open'
}

export interface BlueprintTable {
  readonly schemaName: string
  readonly label: string
  readonly plural: string
  readonly description: string
  readonly ownership: 'UserOwned' | 'OrganizationOwned'
  readonly primary: BlueprintColumn
  readonly columns: readonly BlueprintColumn[]
}

export interface BlueprintKey {
  readonly schemaName: string
  readonly label: string
}

type More = Partial<Omit<BlueprintColumn, 'schemaName' | 'kind' | 'label' | 'description'>>
const column = (schemaName: string, kind: BlueprintKind, label: string, description: string, more: More = {}): BlueprintColumn => ({
  schemaName: `${PREFIX}_${schemaName}`,
  kind,
  label,
  description,
  maxLength: 100,
  options: [],
  yesNo: null,
  readOnly: 'editable',
  secured: 'open',
  ...more,
})
const kept = { readOnly: 'read-only' } as const
const guarded = { readOnly: 'read-only', secured: 'secured' } as const
const firstOption = PUBLISHER.optionValuePrefix * 10_000
const optionsOf = (...labels: readonly string[]): BlueprintColumn['options'] =>
  labels.map((label, at) => ({ value: firstOption + at, label }))

/**
 * What opportunities and leads get. Labels follow Microsoft's own connector, so that people find the fields its pages speak of.
 * Source: learn.microsoft.com "Co-sell connector for Dynamics 365" (read 2023-10).
 */
export const DEAL_COLUMNS: readonly BlueprintColumn[] = [
  column('SyncWithPartnerCenter', 'yesno', 'Sync With Partner Center', 'Whether this record is kept the same in Partner Center.', {
    yesNo: { yes: 'Yes', no: 'No' },
  }),
  column('ReferralIdentifier', 'text', 'Referral Identifier', 'Id of the referral in Partner Center. Filled by the connector.', kept),
  column('ReferralLink', 'url', 'Referral Link', 'Opens the referral in Partner Center. Filled by the connector.', {
    maxLength: 500,
    ...guarded,
  }),
  column('ReferralProgram', 'text', 'Referral Program', 'Program of the referral. Filled by the connector.', { maxLength: 200, ...kept }),
  column(
    'MicrosoftCrmIdentifier',
    'text',
    'Microsoft CRM Identifier',
    "Microsoft's own id of the deal, once Microsoft has accepted it.",
    guarded,
  ),
  column('ReferralVisibility', 'yesno', 'Referral Visibility', 'Whether Microsoft sellers see the deal. It cannot be taken back.', {
    yesNo: { yes: 'Visible to Microsoft sellers', no: 'Not visible to Microsoft sellers' },
  }),
  column('Help', 'choice', 'How can Microsoft help?', 'Choosing an answer makes the deal a co-sell deal; empty asks for no help.', {
    options: optionsOf(
      'Workload specific value proposition',
      'Customer technical architecture',
      'Proof of concept or demo',
      'Quotes or licensing',
      'Post sales customer success',
      'General or other',
    ),
  }),
  column('Audit', 'memo', 'Audit', 'One line per sync, newest first.', { maxLength: 100_000, ...guarded }),
  column('SyncStatus', 'text', 'Sync Status', 'in-sync, pending, needs-attention, stopped or unlinked. Filled by the connector.', guarded),
  column('SyncProblem', 'memo', 'Sync Problem', 'What keeps the record from being in sync, and what to do about it.', {
    maxLength: 4_000,
    ...guarded,
  }),
  column('LastSynced', 'datetime', 'Last Synced', 'When the record was last brought in step.', guarded),
  column('DeclineReason', 'choice', 'Reason for Declining or Losing', 'Chosen before the deal is closed as lost; Microsoft will read it.', {
    options: optionsOf(...CLOSING_REASONS),
  }),
  column('ClosingReason', 'text', 'Closing Reason', 'Why the deal was declined or lost, in words of your own; they go before the chosen reason.', { maxLength: 400 }),
  column('ExpiresOn', 'dateonly', 'Expires On', 'Until when a new referral must be answered. Filled by the connector.', kept),
  column('MicrosoftStatus', 'text', 'Microsoft Status', "Status of Microsoft's own referral of the deal. Filled by the connector.", kept),
  column('MicrosoftTeam', 'memo', 'Microsoft Team', 'Microsoft people on the deal. Filled by the connector.', {
    maxLength: 2_000,
    ...kept,
  }),
  column('PurchaseIntent', 'choice', 'Customer Purchase Intent', 'Whether the customer means to buy through the marketplace.', {
    options: optionsOf('Yes', 'No', 'Have not decided'),
  }),
  column('NotesToMicrosoft', 'memo', 'Notes to Microsoft', 'Sent with the request for help; fixed once it is sent.', { maxLength: 2_000 }),
]

const solutionColumns = [
  column('SolutionId', 'text', 'Solution Identifier', 'Id of the solution at Microsoft, such as SOL-12345-ABC.'),
  column('Type', 'text', 'Type', 'Kind of solution, such as 3P.'),
  column('PublisherName', 'text', 'Publisher Name', 'Who publishes the solution.', { maxLength: 200 }),
]

/** One row per solution on an opportunity. */
export const SOLUTIONS: BlueprintTable = {
  schemaName: `${PREFIX}_MicrosoftSolution`,
  label: 'Microsoft Solution',
  plural: 'Microsoft Solutions',
  description: 'The solutions of a co-sell deal.',
  ownership: 'UserOwned',
  primary: column('Name', 'text', 'Name', 'Name of the solution.', { maxLength: 200 }),
  columns: [
    ...solutionColumns,
    column('Price', 'decimal', 'Price', 'Price of one unit.'),
    column('Quantity', 'whole', 'Quantity', 'How many units.'),
  ],
}

/** The catalogue that sellers pick from. */
export const SOLUTION_DETAILS: BlueprintTable = {
  schemaName: `${PREFIX}_MicrosoftSolutionDetail`,
  label: 'Microsoft Solution Detail',
  plural: 'Microsoft Solution Details',
  description: 'The catalogue of solutions that can be put on a co-sell deal.',
  ownership: 'OrganizationOwned',
  primary: column('Name', 'text', 'Solution Name', 'Name of the solution.', { maxLength: 200 }),
  columns: solutionColumns,
}

export const SOLUTION_LOOKUP = {
  relationship: `${PREFIX}_opportunity_microsoftsolution`,
  schemaName: `${PREFIX}_OpportunityId`,
  label: 'Opportunity',
} as const

export const REFERRAL_KEY: BlueprintKey = { schemaName: `${PREFIX}_ReferralKey`, label: 'Referral key' }
export const SOLUTION_KEY: BlueprintKey = { schemaName: `${PREFIX}_SolutionKey`, label: 'Solution key' }
export const SOLUTION_KEY_COLUMN = `${PREFIX}_solutionid`

export const DEAL_TABLES = ['opportunity', 'lead'] as const
export type DealTable = (typeof DEAL_TABLES)[number]
/** Tables whose changes the connector reads, beside those of solutions. */
export const TRACKED_TABLES = ['opportunity', 'lead', 'account', 'contact'] as const

export const SECTION = { name: `${PREFIX}_partnercenter`, label: 'Microsoft Partner Center' } as const
export const VIEW_NAME = 'Partner Center Deals'
export const SOLUTION_VIEW_NAME = 'Solutions of the Deal'
export const WRITE_PROFILE = 'Co-sell connector: writes'
export const READ_PROFILE = 'Co-sell connector: everybody reads'

export const logicalName = (schemaName: string): string => schemaName.toLowerCase()

/** The name Microsoft's connector gives the column, where it has one. */
export const microsoftNameOf = (schemaName: string): string | null =>
  CUSTOM_COLUMNS.find(({ name }) => name === logicalName(schemaName))?.microsoft ?? null

/** What a column of each kind is called by the metadata API. */
export const ATTRIBUTE_TYPES: Readonly<Record<BlueprintKind, string>> = {
  text: 'String',
  url: 'String',
  memo: 'Memo',
  yesno: 'Boolean',
  choice: 'Picklist',
  whole: 'Integer',
  decimal: 'Decimal',
  datetime: 'DateTime',
  dateonly: 'DateTime',
}
