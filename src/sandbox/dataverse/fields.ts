/**
 * Customizations an environment may come with, as plain data: tests and installers compare against it.
 * Schema names carry the casing; logical names are their lower case.
 */
export type FieldKind = 'text' | 'url' | 'memo' | 'yesno' | 'choice' | 'whole' | 'decimal' | 'datetime' | 'dateonly'

export interface FieldSeed {
  readonly schemaName: string
  readonly kind: FieldKind
  readonly label: string
  /** For texts. */
  readonly maxLength: number | null
  /** For choices, in order. */
  readonly options: readonly { readonly value: number; readonly label: string }[]
  /** For yes/no: labels of yes and no, and what new rows hold. */
  readonly yesNo: { readonly yes: string; readonly no: string; readonly initially: boolean } | null
  readonly autoNumber: string | null
}

export interface KeySeed {
  readonly schemaName: string
  readonly columns: readonly string[]
}

export interface LookupSeed {
  readonly schemaName: string
  readonly label: string
  readonly target: string
  readonly relationship: string
  readonly onDelete: 'RemoveLink' | 'Cascade'
}

export interface TableSeedOfSolution {
  readonly schemaName: string
  readonly label: string
  readonly plural: string
  readonly ownership: 'UserOwned' | 'OrganizationOwned'
  readonly primary: FieldSeed
  readonly fields: readonly FieldSeed[]
  readonly lookups: readonly LookupSeed[]
  readonly keys: readonly KeySeed[]
}

export interface Customization {
  readonly publisher: { readonly uniqueName: string; readonly name: string; readonly prefix: string; readonly optionValuePrefix: number }
  readonly solution: { readonly uniqueName: string; readonly name: string; readonly version: string; readonly managed: boolean }
  /** What opportunity and lead get. */
  readonly dealFields: readonly FieldSeed[]
  readonly dealKeys: readonly KeySeed[]
  readonly tables: readonly TableSeedOfSolution[]
  /** Tables whose changes are tracked. */
  readonly tracked: readonly string[]
}

const field = (schemaName: string, kind: FieldKind, label: string, more: Partial<FieldSeed> = {}): FieldSeed => ({
  schemaName,
  kind,
  label,
  maxLength: null,
  options: [],
  yesNo: null,
  autoNumber: null,
  ...more,
})

const text = (schemaName: string, label: string, maxLength = 100): FieldSeed => field(schemaName, 'text', label, { maxLength })
const memo = (schemaName: string, label: string, maxLength: number): FieldSeed => field(schemaName, 'memo', label, { maxLength })
const yesNo = (schemaName: string, label: string, yes = 'Yes', no = 'No'): FieldSeed =>
  field(schemaName, 'yesno', label, { yesNo: { yes, no, initially: false } })
const choice = (schemaName: string, label: string, first: number, labels: readonly string[]): FieldSeed =>
  field(schemaName, 'choice', label, { options: labels.map((optionLabel, at) => ({ value: first + at, label: optionLabel })) })

/** What cosell itself installs. */
export const cosellCustomization: Customization = {
  publisher: { uniqueName: 'cosell', name: 'Cosell', prefix: 'cosell', optionValuePrefix: 41_250 },
  solution: { uniqueName: 'CosellConnector', name: 'Co-sell Connector', version: '1.0.0.0', managed: false },
  dealFields: [
    yesNo('cosell_SyncWithPartnerCenter', 'Sync With Partner Center'),
    text('cosell_ReferralIdentifier', 'Referral Identifier'),
    field('cosell_ReferralLink', 'url', 'Referral Link', { maxLength: 500 }),
    text('cosell_ReferralProgram', 'Referral Program', 200),
    text('cosell_MicrosoftCrmIdentifier', 'Microsoft CRM Identifier'),
    yesNo('cosell_ReferralVisibility', 'Referral Visibility', 'Visible to Microsoft sellers', 'Not visible to Microsoft sellers'),
    choice('cosell_Help', 'How can Microsoft help?', 412_500_000, [
      'Workload specific value proposition',
      'Customer technical architecture',
      'Proof of concept or demo',
      'Quotes or licensing',
      'Post sales customer success',
      'General or other',
    ]),
    memo('cosell_Audit', 'Audit', 100_000),
    text('cosell_SyncStatus', 'Sync Status'),
    memo('cosell_SyncProblem', 'Sync Problem', 4_000),
    field('cosell_LastSynced', 'datetime', 'Last Synced'),
    choice('cosell_DeclineReason', 'Reason for Declining or Losing', 412_500_000, [
      'Project budget not adequate',
      'Customer did not respond',
      'Customer chose another vendor',
      'Customer requirement not met',
      'Not a customer',
      'Proposed timeline too short',
      'Report as abuse, spam or phishing',
      'Others',
    ]),
    text('cosell_ClosingReason', 'Closing Reason', 400),
    field('cosell_ExpiresOn', 'dateonly', 'Expires On'),
    text('cosell_MicrosoftStatus', 'Microsoft Status'),
    memo('cosell_MicrosoftTeam', 'Microsoft Team', 2_000),
    choice('cosell_PurchaseIntent', 'Customer Purchase Intent', 412_500_000, ['Yes', 'No', 'Have not decided']),
    memo('cosell_NotesToMicrosoft', 'Notes To Microsoft', 2_000),
  ],
  dealKeys: [{ schemaName: 'cosell_ReferralKey', columns: ['cosell_referralidentifier'] }],
  tables: [
    {
      schemaName: 'cosell_MicrosoftSolution',
      label: 'Microsoft Solutions',
      plural: 'Microsoft Solutions',
      ownership: 'UserOwned',
      primary: text('cosell_Name', 'Name', 200),
      fields: [
        text('cosell_SolutionId', 'Solution Identifier'),
        text('cosell_Type', 'Type'),
        text('cosell_PublisherName', 'Publisher Name', 200),
        field('cosell_Price', 'decimal', 'Price'),
        field('cosell_Quantity', 'whole', 'Quantity'),
      ],
      lookups: [
        {
          schemaName: 'cosell_OpportunityId',
          label: 'Opportunity',
          target: 'opportunity',
          relationship: 'cosell_opportunity_microsoftsolution',
          onDelete: 'Cascade',
        },
      ],
      keys: [],
    },
    {
      schemaName: 'cosell_MicrosoftSolutionDetail',
      label: 'Microsoft Solution Details',
      plural: 'Microsoft Solution Details',
      ownership: 'OrganizationOwned',
      primary: text('cosell_Name', 'Solution Name', 200),
      fields: [
        text('cosell_SolutionId', 'Solution Identifier'),
        text('cosell_Type', 'Type'),
        text('cosell_PublisherName', 'Publisher Name', 200),
      ],
      lookups: [],
      keys: [{ schemaName: 'cosell_SolutionKey', columns: ['cosell_solutionid'] }],
    },
  ],
  tracked: ['opportunity', 'lead', 'account', 'contact', 'cosell_microsoftsolution'],
}

export interface MicrosoftTableNames {
  readonly solution: string
  readonly solutionDetail: string
  /** Whether a row of an opportunity holds the solution, or points to an entry of the catalogue; absent: it holds it. */
  readonly rows?: 'hold' | 'point'
}

export const microsoftTableNames: MicrosoftTableNames = {
  solution: 'msft_MicrosoftSolution',
  solutionDetail: 'msft_MicrosoftSolutionDetail',
}

/**
 * What Microsoft's own co-sell connector installs. Field names as published in Microsoft's connector documentation and seen in environments;
 * the names of the two solution tables are unpublished, so that they must be found by their labels.
 * Source: learn.microsoft.com/partner-center/co-sell-connector-dynamics (read 2023-10).
 */
export function microsoftCustomization(names: MicrosoftTableNames): Customization {
  return {
    publisher: { uniqueName: 'microsoftpartnercenter', name: 'Microsoft Partner Center', prefix: 'msft', optionValuePrefix: 29_960 },
    solution: {
      uniqueName: 'MicrosoftPartnerCenterReferralsSynchronizationforDynamics365',
      name: 'Partner Center Referrals Synchronization',
      version: '9.1.0.0',
      managed: true,
    },
    dealFields: [
      yesNo('msft_MicrosoftPartnerCenterReferralSync', 'Sync With Partner Center'),
      text('msft_MicrosoftPartnerCenterReferralIdentifier', 'Referral Identifier'),
      field('msft_MicrosoftPartnerCenterReferralLink', 'url', 'Referral Link', { maxLength: 500 }),
      text('msft_MicrosoftPartnerCenterReferralProgram', 'Referral Program', 200),
      text('msft_MicrosoftCrmIdentifier', 'Microsoft CRM Identifier'),
      yesNo(
        'msft_MicrosoftPartnerCenterReferralVisible',
        'Referral Visibility',
        'Visible to Microsoft sellers',
        'Not visible to Microsoft sellers',
      ),
      choice('msft_MicrosoftPartnerCenterHelp', 'How can Microsoft help?', 299_600_000, [
        'Workload - specific value proposition',
        'Customer technical architecture',
        'Proof of concept / Demo',
        'Quotes / Licensing',
        'Post - sales customer success',
        'General or other',
      ]),
      memo('msft_MicrosoftPartnerCenterReferralSyncAudit', 'Audit', 100_000),
      text('msft_MicrosoftPartnerCenterSolutions', 'Products [Obsolete]', 4_000),
      choice('msft_CosellType', 'Co-sell type', 299_600_000, ['Private deal', 'Partner led', 'Co-sell']),
      choice('msft_CustomerPurchaseIntent', 'Customer purchase intent', 299_600_000, ['Yes', 'No', 'Have not decided']),
    ],
    dealKeys: [],
    tables: microsoftTables(names),
    tracked: ['opportunity', 'lead', 'account', 'contact'],
  }
}

const pointer = (names: MicrosoftTableNames): TableSeedOfSolution['lookups'][number] => ({
  schemaName: 'msft_SolutionDetail',
  label: 'Solution',
  target: names.solutionDetail.toLowerCase(),
  relationship: 'msft_microsoftsolutiondetail_microsoftsolutions',
  onDelete: 'RemoveLink',
})

function microsoftTables(names: MicrosoftTableNames): readonly TableSeedOfSolution[] {
  const rows: TableSeedOfSolution = {
    schemaName: names.solution,
    label: 'Microsoft Solutions',
    plural: 'Microsoft Solutions',
    ownership: 'UserOwned',
    primary: field('msft_Name', 'text', 'Name', { maxLength: 100, autoNumber: '{DATETIMEUTC:yyyy-MM-dd}-{SEQNUM:5}' }),
    fields:
      names.rows === 'point'
        ? []
        : [
            text('msft_SolutionIdentifier', 'Solution Identifier'),
            text('msft_SolutionName', 'Solution Name', 200),
            text('msft_Type', 'Type'),
            text('msft_PublisherName', 'Publisher Name', 200),
          ],
    lookups: [
      {
        schemaName: 'msft_Opportunity',
        label: 'Opportunity',
        target: 'opportunity',
        relationship: 'msft_opportunity_microsoftsolutions',
        onDelete: 'Cascade',
      },
      ...(names.rows === 'point' ? [pointer(names)] : []),
    ],
    keys: [],
  }
  const details: TableSeedOfSolution = {
    schemaName: names.solutionDetail,
    label: 'Microsoft Solution Details',
    plural: 'Microsoft Solution Details',
    ownership: 'OrganizationOwned',
    primary: text('msft_Name', 'Solution Name', 200),
    fields: [
      text('msft_SolutionIdentifier', 'Solution Identifier'),
      text('msft_Type', 'Type'),
      text('msft_PublisherName', 'Publisher Name', 200),
    ],
    lookups: [],
    keys: [],
  }
  return [details, rows] // what is pointed to comes first
}
