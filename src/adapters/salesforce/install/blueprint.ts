/** What the connector adds to an org, as plain data: the installer, the package and the tests read the same list. */
export interface BlueprintField {
  readonly object: 'Opportunity' | 'Lead' | typeof SOLUTION
  readonly name: string
  readonly label: string
  readonly help: string
  /** Members of the field's definition beside name, label and help, in the order of the alphabet, as the published schema has them. */
  readonly definition: Readonly<Record<string, unknown>>
  /** Whether sellers may write it; the connector may write everything but formulas. */
  readonly seller: 'edit' | 'read'
  readonly computed: boolean
}
export const SOLUTION = 'Cosell_Solution__c'
export const SYNC_SET = { name: 'Cosell_Sync', label: 'Co-sell Connector Sync' } as const
export const SELLER_SET = { name: 'Cosell_Seller', label: 'Co-sell Connector Seller' } as const

interface Given {
  readonly name: string
  readonly label: string
  readonly help: string
  readonly definition: Readonly<Record<string, unknown>>
  readonly seller?: 'edit'
  readonly computed?: true
}
const text = (length: number, more: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> => ({
  length,
  type: 'Text',
  ...more,
})
const long = (length: number, visibleLines: number): Readonly<Record<string, unknown>> => ({ length, type: 'LongTextArea', visibleLines })
const checkbox = { defaultValue: 'false', type: 'Checkbox' } as const
const picklist = (...labels: string[]): Readonly<Record<string, unknown>> => ({
  type: 'Picklist',
  valueSet: {
    restricted: false,
    valueSetDefinition: { sorted: false, value: labels.map((label) => ({ fullName: label, default: false, label })) },
  },
})
/** What Microsoft can be asked for. Source: learn.microsoft.com "Co-sell connector for Salesforce" (edition of 2020). */
const help = picklist(
  'Workload Specific Value Proposition',
  'Customer Technical Architecture',
  'Proof Of Concept or Demo',
  'Quotes or Licensing',
  'Post Sales Customer Success',
  'General or Other',
)
/** Icons that every org serves; the words beside them are what a reader without pictures gets. */
const indicator =
  'IF(Cosell_Sync_Status__c = "in-sync", IMAGE("/img/msg_icons/confirm16.png", "in sync", 16, 16), ' +
  'IF(OR(Cosell_Sync_Status__c = "needs-attention", Cosell_Sync_Status__c = "stopped"), IMAGE("/img/msg_icons/error16.png", "needs attention", 16, 16), ' +
  'IF(Cosell_Sync_With_Partner_Center__c, IMAGE("/img/msg_icons/info16.png", "pending", 16, 16), "")))'

const shared: readonly Given[] = [
  {
    name: 'Sync_With_Partner_Center',
    label: 'Sync With Partner Center',
    help: 'Shares this record with Microsoft Partner Center. Without it nothing leaves.',
    definition: checkbox,
    seller: 'edit',
  },
  {
    name: 'Referral_Identifier',
    label: 'Referral Identifier',
    help: 'The referral in Partner Center. Kept by the connector.',
    definition: text(50, { caseSensitive: false, externalId: true, unique: true }),
  },
  { name: 'Referral_Link', label: 'Referral Link', help: 'Opens the referral in Partner Center.', definition: { type: 'Url' } },
  { name: 'Audit', label: 'Audit', help: 'What was synchronised when, newest first.', definition: long(32_768, 6) },
  {
    name: 'Help_Required',
    label: 'How can Microsoft help?',
    help: 'Asks Microsoft for help with this deal.',
    definition: help,
    seller: 'edit',
  },
  {
    name: 'Referral_Visibility',
    label: 'Referral visible to Microsoft sellers?',
    help: "Shows the deal to Microsoft's sellers. It cannot be taken back.",
    definition: checkbox,
    seller: 'edit',
  },
  {
    name: 'Microsoft_CRM_Identifier',
    label: 'Microsoft CRM Identifier',
    help: "The opportunity in Microsoft's own CRM.",
    definition: text(100),
  },
  { name: 'Referral_Program', label: 'Referral Program', help: 'The programme of the referral.', definition: text(100) },
  { name: 'Sync_Status', label: 'Sync Status', help: 'in-sync, pending, needs-attention, stopped or unlinked.', definition: text(40) },
  { name: 'Sync_Problem', label: 'Sync Problem', help: 'What waits for a person, and what to do about it.', definition: long(4_000, 4) },
  { name: 'Last_Synced_At', label: 'Last Synced At', help: 'When both sides last agreed.', definition: { type: 'DateTime' } },
  {
    name: 'Sync_Indicator',
    label: 'Partner Center',
    help: 'The status at a glance.',
    definition: { formula: indicator, formulaTreatBlanksAs: 'BlankAsZero', type: 'Text' },
    computed: true,
  },
  { name: 'Closing_Reason', label: 'Closing Reason', help: 'Why the deal was declined or lost.', definition: text(255), seller: 'edit' },
  { name: 'Expires_On', label: 'Referral Expires On', help: 'The last day to answer.', definition: { type: 'Date' } },
  { name: 'Microsoft_Status', label: 'Microsoft Status', help: 'What Microsoft answered.', definition: text(100) },
  { name: 'Microsoft_Team', label: 'Microsoft Team', help: 'Who works on the deal at Microsoft.', definition: long(2_000, 3) },
  {
    name: 'Purchase_Intent',
    label: 'Customer Purchase Intent',
    help: 'Whether the customer will buy through the marketplace.',
    definition: picklist('Yes', 'No', 'Have not decided'),
    seller: 'edit',
  },
  {
    name: 'Notes_To_Microsoft',
    label: 'Notes to Microsoft',
    help: 'Told to Microsoft when help is asked for.',
    definition: long(2_000, 3),
    seller: 'edit',
  },
]
const leadOnly: readonly Given[] = [
  {
    name: 'Deal_Value',
    label: 'Deal Value',
    help: 'A lead has no amount of its own.',
    definition: { precision: 18, scale: 2, type: 'Currency' },
    seller: 'edit',
  },
  {
    name: 'Closing_Date',
    label: 'Closing Date',
    help: 'A lead has no closing date of its own.',
    definition: { type: 'Date' },
    seller: 'edit',
  },
]
const solution: readonly Given[] = [
  {
    name: 'Opportunity',
    label: 'Opportunity',
    help: 'The deal.',
    seller: 'edit',
    definition: {
      referenceTo: 'Opportunity',
      relationshipLabel: 'Microsoft Solutions',
      relationshipName: 'Cosell_Solutions',
      relationshipOrder: 0,
      reparentableMasterDetail: false,
      type: 'MasterDetail',
      writeRequiresMasterRead: false,
    },
  },
  { name: 'Solution_Identifier', label: 'Solution Identifier', help: 'SOL-… as in Partner Center.', definition: text(100), seller: 'edit' },
  { name: 'Solution_Type', label: 'Solution Type', help: 'How Partner Center names its kind.', definition: text(40) },
  {
    name: 'Key',
    label: 'Key',
    help: 'Keeps a repeated write from making a second row.',
    definition: text(150, { caseSensitive: false, externalId: true, unique: true }),
  },
]

const on = (object: BlueprintField['object'], list: readonly Given[]): BlueprintField[] =>
  list.map(({ name, label, help: inlineHelp, definition, seller, computed }) => ({
    object,
    name: `Cosell_${name}__c`,
    label,
    help: inlineHelp,
    definition,
    seller: seller ?? 'read',
    computed: computed === true,
  }))

/** Parents come before what hangs on them. */
export const FIELDS: readonly BlueprintField[] = [
  ...on('Opportunity', shared),
  ...on('Lead', [...shared, ...leadOnly]),
  ...on(SOLUTION, solution),
]
