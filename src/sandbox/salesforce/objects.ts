import type { FieldDef, FieldType, ObjectDef, SalesforceOptions, Scalar } from './model.js'
import { countryFields } from './countries.js'

type Extra = Partial<Omit<FieldDef, 'name' | 'type'>>
export function field(name: string, type: FieldType, extra: Extra = {}): FieldDef {
  return {
    name,
    type,
    label: name.replace(/([a-z])([A-Z])/g, '$1 $2'),
    length: 0,
    precision: 0,
    scale: 0,
    createable: true,
    updateable: true,
    nillable: true,
    defaultValue: null,
    unique: false,
    externalId: false,
    values: [],
    restricted: false,
    referenceTo: [],
    relationship: null,
    childRelationship: null,
    calculated: false,
    formula: '',
    custom: name.endsWith('__c'),
    ...extra,
  }
}
const text = (name: string, length: number, extra: Extra = {}): FieldDef => field(name, 'string', { length, ...extra })
const area = (name: string, length: number): FieldDef => field(name, 'textarea', { length })
const money = (name: string): FieldDef => field(name, 'currency', { precision: 18, scale: 2 })
const flag = (name: string, extra: Extra = {}): FieldDef => field(name, 'boolean', { nillable: false, defaultValue: false, ...extra })
const readOnly = { createable: false, updateable: false } as const
const to = (name: string, object: string, relationship: string | null, extra: Extra = {}): FieldDef =>
  field(name, 'reference', { length: 18, referenceTo: [object], relationship, ...extra })
export const options = (...values: string[]): FieldDef['values'] =>
  values.map((value, index) => ({ value, label: value, isDefault: index === 0 }))
const list = (name: string, values: FieldDef['values'], extra: Extra = {}): FieldDef =>
  field(name, 'picklist', { length: 255, values, ...extra })

const system = (): FieldDef[] => [
  field('Id', 'id', { length: 18, ...readOnly, nillable: false }),
  flag('IsDeleted', readOnly),
  field('CreatedDate', 'datetime', { ...readOnly, nillable: false }),
  field('LastModifiedDate', 'datetime', { ...readOnly, nillable: false }),
  field('SystemModstamp', 'datetime', { ...readOnly, nillable: false }),
  to('CreatedById', 'User', 'CreatedBy', readOnly),
  to('LastModifiedById', 'User', 'LastModifiedBy', readOnly),
]
const owned = (): FieldDef => to('OwnerId', 'User', 'Owner', { nillable: false })
const address = (prefix: string): FieldDef[] => [
  field(`${prefix}Street`, 'textarea', { length: 255 }),
  text(`${prefix}City`, 40),
  text(`${prefix}State`, 80),
  text(`${prefix}PostalCode`, 20),
  text(`${prefix}Country`, 80),
]

export function object(
  name: string,
  keyPrefix: string,
  fields: readonly FieldDef[],
  extra: Partial<Pick<ObjectDef, 'label' | 'labelPlural' | 'createable'>> = {},
): ObjectDef {
  const all = [...system(), ...fields]
  return {
    name,
    keyPrefix,
    label: extra.label ?? name,
    labelPlural: extra.labelPlural ?? `${name}s`,
    custom: name.endsWith('__c'),
    createable: extra.createable ?? true,
    fields: new Map(all.map((item) => [item.name, item])),
    rows: new Map(),
  }
}

export const stageSeeds: readonly {
  readonly name: string
  readonly closed: boolean
  readonly won: boolean
  readonly probability: number
  readonly category: string
}[] = [
  ['Prospecting', 10],
  ['Qualification', 10],
  ['Needs Analysis', 20],
  ['Value Proposition', 50],
  ['Id. Decision Makers', 60],
  ['Perception Analysis', 70],
  ['Proposal/Price Quote', 75],
  ['Negotiation/Review', 90],
  ['On Hold', 5],
  ['Closed Won', 100],
  ['Closed Lost', 0],
].map(([name, probability]) => ({
  name: String(name),
  closed: String(name).startsWith('Closed'),
  won: name === 'Closed Won',
  probability: Number(probability),
  category: name === 'Closed Won' ? 'Closed' : name === 'Closed Lost' ? 'Omitted' : 'Pipeline',
}))
export const leadStatusSeeds = ['Open - Not Contacted', 'Working - Contacted', 'Closed - Converted', 'Closed - Not Converted'] as const

/** The objects of Sales Cloud that a co-sell deal touches. Source: Salesforce object reference. */
// eslint-disable-next-line max-lines-per-function -- a table of objects and their fields; split, it would only be harder to read against the reference
export function standardObjects(
  { multiCurrency, statePicklists, teams }: SalesforceOptions,
  currencies: readonly string[],
): ObjectDef[] {
  const currency = multiCurrency ? [list('CurrencyIsoCode', options(...currencies), { length: 3, restricted: true, nillable: true })] : []
  const coded = (prefix: string): FieldDef[] => (statePicklists ? countryFields(prefix, list) : [])
  const solved = { ...readOnly, calculated: false }
  return [
    object('User', '005', [
      text('Username', 80, { nillable: false }),
      field('Email', 'email', { length: 128, nillable: false }),
      text('FirstName', 40),
      text('LastName', 80, { nillable: false }),
      text('Name', 121, readOnly),
      flag('IsActive', { defaultValue: true }),
      list('UserType', options('Standard'), readOnly),
      field('Phone', 'phone', { length: 40 }),
    ]),
    object('Account', '001', [
      text('Name', 255, { nillable: false }),
      owned(),
      field('Phone', 'phone', { length: 40 }),
      field('Website', 'url', { length: 255 }),
      text('AccountNumber', 40),
      ...address('Billing'),
      ...coded('Billing'),
      to('MasterRecordId', 'Account', 'MasterRecord', readOnly),
      area('Description', 32_000),
      ...currency,
    ]),
    object('Contact', '003', [
      text('FirstName', 40),
      text('LastName', 80, { nillable: false }),
      text('Name', 121, readOnly),
      field('Email', 'email', { length: 80 }),
      field('Phone', 'phone', { length: 40 }),
      field('MobilePhone', 'phone', { length: 40 }),
      text('Title', 128),
      to('AccountId', 'Account', 'Account', { childRelationship: 'Contacts' }),
      owned(),
      ...address('Mailing'),
      ...coded('Mailing'),
      to('MasterRecordId', 'Contact', 'MasterRecord', readOnly),
      ...currency,
    ]),
    object(
      'Opportunity',
      '006',
      [
        text('Name', 120, { nillable: false }),
        list('StageName', options(...stageSeeds.map(({ name }) => name)), { nillable: false }),
        field('CloseDate', 'date', { nillable: false }),
        money('Amount'),
        to('AccountId', 'Account', 'Account', { childRelationship: 'Opportunities' }),
        to('ContactId', 'Contact', null, { updateable: false }),
        owned(),
        area('Description', 32_000),
        field('Probability', 'percent', { precision: 3, scale: 0 }),
        list('Type', options('New Customer', 'Existing Customer - Upgrade')),
        text('NextStep', 255),
        list('LeadSource', options('Web', 'Partner Referral', 'Other')),
        flag('IsClosed', solved),
        flag('IsWon', solved),
        list('ForecastCategory', options('Pipeline', 'Closed', 'Omitted'), readOnly),
        flag('HasOpportunityLineItem', solved),
        ...currency,
      ],
      { labelPlural: 'Opportunities' },
    ),
    object('Lead', '00Q', [
      text('FirstName', 40),
      text('LastName', 80, { nillable: false }),
      text('Name', 121, readOnly),
      text('Company', 255, { nillable: false }),
      list('Status', options(...leadStatusSeeds), { nillable: false, defaultValue: leadStatusSeeds[0] }),
      field('Email', 'email', { length: 80 }),
      field('Phone', 'phone', { length: 40 }),
      text('Title', 128),
      ...address(''),
      ...coded(''),
      area('Description', 32_000),
      owned(),
      flag('IsConverted', readOnly),
      field('ConvertedDate', 'date', readOnly),
      to('ConvertedAccountId', 'Account', null, readOnly),
      to('ConvertedContactId', 'Contact', null, readOnly),
      to('ConvertedOpportunityId', 'Opportunity', null, readOnly),
      to('MasterRecordId', 'Lead', 'MasterRecord', readOnly),
      ...currency,
    ]),
    object('OpportunityContactRole', '00K', [
      to('OpportunityId', 'Opportunity', 'Opportunity', {
        nillable: false,
        updateable: false,
        childRelationship: 'OpportunityContactRoles',
      }),
      to('ContactId', 'Contact', 'Contact', { nillable: false }),
      list('Role', options('Decision Maker', 'Other')),
      flag('IsPrimary'),
    ]),
    ...(teams ? [teamMembers()] : []),
    object(
      'OpportunityStage',
      '01J',
      [
        text('MasterLabel', 255),
        text('ApiName', 255),
        flag('IsActive'),
        field('SortOrder', 'int'),
        flag('IsClosed'),
        flag('IsWon'),
        text('ForecastCategory', 40),
        field('DefaultProbability', 'percent'),
      ],
      { createable: false },
    ),
    object(
      'LeadStatus',
      '01Q',
      [text('MasterLabel', 255), text('ApiName', 255), flag('IsDefault'), flag('IsConverted'), field('SortOrder', 'int')],
      { createable: false },
    ),
    object('Task', '00T', [
      text('Subject', 255),
      area('Description', 32_000),
      field('ActivityDate', 'date'),
      list('Status', options('Not Started', 'Completed')),
      to('WhatId', 'Opportunity', 'What'),
      to('WhoId', 'Lead', 'Who'),
      owned(),
    ]),
    object('PermissionSet', '0PS', [text('Name', 80), text('Label', 80)], { createable: false }),
    object('PermissionSetAssignment', '0Pa', [
      to('AssigneeId', 'User', 'Assignee', { nillable: false, updateable: false }),
      to('PermissionSetId', 'PermissionSet', 'PermissionSet', { nillable: false, updateable: false }),
    ]),
    object('ListView', '00B', [text('Name', 40), text('DeveloperName', 80), text('SobjectType', 80)], { createable: false }),
    object('Organization', '00D', [text('Name', 80), text('OrganizationType', 40)], { createable: false, labelPlural: 'Organizations' }),
    ...(multiCurrency
      ? [
          object(
            'CurrencyType',
            '01L',
            [text('IsoCode', 3), field('ConversionRate', 'double'), field('DecimalPlaces', 'int'), flag('IsActive'), flag('IsCorporate')],
            { createable: false },
          ),
        ]
      : []),
  ]
}

const teamMembers = (): ObjectDef =>
  object('OpportunityTeamMember', '00q', [
    to('OpportunityId', 'Opportunity', 'Opportunity', { nillable: false, updateable: false, childRelationship: 'OpportunityTeamMembers' }),
    to('UserId', 'User', 'User', { nillable: false, updateable: false }),
    list('TeamMemberRole', options('Account Manager', 'Sales Rep')),
    list('OpportunityAccessLevel', options('Read', 'Edit', 'All')),
  ])

const custom = (name: string, label: string, type: FieldType, extra: Extra = {}): FieldDef =>
  field(`Cosell_${name}__c`, type, { label, custom: true, ...extra })
export const helpLabels = [
  'Workload Specific Value Proposition',
  'Customer Technical Architecture',
  'Proof Of Concept or Demo',
  'Quotes or Licensing',
  'Post Sales Customer Success',
  'General or Other',
]

/** The co-sell fields of an org that a connector with the prefix `Cosell_` was installed into. */
export function cosellFields(on: 'Opportunity' | 'Lead'): FieldDef[] {
  const shared = [
    custom('Sync_With_Partner_Center', 'Sync With Partner Center', 'boolean', { nillable: false, defaultValue: false }),
    custom('Referral_Identifier', 'Referral Identifier', 'string', { length: 50, unique: true, externalId: true }),
    custom('Referral_Link', 'Referral Link', 'url', { length: 255 }),
    custom('Audit', 'Audit', 'textarea', { length: 32_768 }),
    custom('Help_Required', 'How can Microsoft help?', 'picklist', {
      length: 255,
      values: options(...helpLabels).map((option) => ({ ...option, isDefault: false })),
    }),
    custom('Referral_Visibility', 'Referral Visibility', 'boolean', { nillable: false, defaultValue: false }),
    custom('Microsoft_CRM_Identifier', 'Microsoft CRM Identifier', 'string', { length: 100 }),
    custom('Referral_Program', 'Referral Program', 'string', { length: 100 }),
    custom('Sync_Status', 'Sync Status', 'string', { length: 40 }),
    custom('Sync_Problem', 'Sync Problem', 'textarea', { length: 4_000 }),
    custom('Last_Synced_At', 'Last Synced At', 'datetime'),
    custom('Closing_Reason', 'Closing Reason', 'string', { length: 255 }),
    custom('Expires_On', 'Referral Expires On', 'date'),
    custom('Microsoft_Status', 'Microsoft Status', 'string', { length: 100 }),
    custom('Microsoft_Team', 'Microsoft Team', 'textarea', { length: 2_000 }),
    custom('Purchase_Intent', 'Customer Purchase Intent', 'string', { length: 100 }),
    custom('Notes_To_Microsoft', 'Notes to Microsoft', 'textarea', { length: 2_000 }),
  ]
  return on === 'Opportunity'
    ? shared
    : [
        ...shared,
        custom('Deal_Value', 'Deal Value', 'currency', { precision: 18, scale: 2 }),
        custom('Closing_Date', 'Closing Date', 'date'),
      ]
}
export const solutionObject = (): ObjectDef =>
  object(
    'Cosell_Solution__c',
    'a0X',
    [
      text('Name', 80, { nillable: false, label: 'Solution Name' }),
      field('Cosell_Opportunity__c', 'reference', {
        length: 18,
        custom: true,
        label: 'Opportunity',
        referenceTo: ['Opportunity'],
        relationship: 'Cosell_Opportunity__r',
        childRelationship: 'Cosell_Solutions__r',
        nillable: false,
        updateable: false,
      }),
      custom('Solution_Identifier', 'Solution Identifier', 'string', { length: 100 }),
      custom('Solution_Type', 'Solution Type', 'string', { length: 40 }),
      custom('Key', 'Key', 'string', { length: 150, unique: true, externalId: true }),
    ],
    { label: 'Microsoft Solution', labelPlural: 'Microsoft Solutions' },
  )

/** A value that a fresh row starts with. */
export const startValue = (definition: FieldDef): Scalar => definition.defaultValue
