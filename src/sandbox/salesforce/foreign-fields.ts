import type { FieldDef, FieldType, ObjectDef } from './model.js'
import { field, helpLabels, object, options } from './objects.js'

type Extra = Parameters<typeof field>[2]
const space = 'mspcsync__'
const packaged = (name: string, label: string, type: FieldType, extra: Extra = {}): FieldDef =>
  field(`${space}${name}__c`, type, { label, custom: true, ...extra })
const help: Extra = { length: 255, values: options(...helpLabels).map((option) => ({ ...option, isDefault: false })) }
const flag: Extra = { nillable: false, defaultValue: false }

/** Fields under names that nobody published, with the labels that are: an identifier there is no unique one. */
export const microsoftFields = (): FieldDef[] => [
  packaged('SyncFlag', 'Sync with Partner Center', 'boolean', flag),
  packaged('RefId', 'Referral Identifier', 'string', { length: 100, externalId: true }),
  packaged('RefLink', 'Referral Link', 'url', { length: 255 }),
  packaged('AuditTrail', 'Audit', 'textarea', { length: 100_000 }),
  packaged('Help', 'How can Microsoft help', 'picklist', help),
  packaged('Visible', 'Referral visible to Microsoft sellers?', 'boolean', flag),
  packaged('MsCrm', 'Microsoft CRM Identifier', 'string', { length: 100 }),
  packaged('Program', 'Referral Program', 'string', { length: 100 }),
]
export const microsoftSolutions = (): ObjectDef =>
  object(
    `${space}PartnerOffer__c`,
    'a1M',
    [
      field('Name', 'string', { length: 80, nillable: false, label: 'Solution Name' }),
      field(`${space}Deal__c`, 'reference', {
        length: 18,
        custom: true,
        label: 'Opportunity',
        referenceTo: ['Opportunity'],
        relationship: `${space}Deal__r`,
        childRelationship: `${space}Offers__r`,
        nillable: false,
        updateable: false,
      }),
      packaged('OfferId', 'Solution ID', 'string', { length: 100 }),
    ],
    { label: 'Microsoft Partner Center Solution', labelPlural: 'Microsoft Partner Center Solutions' },
  )

/** What administrators made by hand after the guide of 2020. Source: learn.microsoft.com "Co-sell connector for Salesforce" (May 2020). */
export const handMadeFields = (): FieldDef[] => [
  field('Sync_With_Partner_Center__c', 'boolean', { label: 'Sync with Partner Center', ...flag }),
  field('Referral_Identifier__c', 'string', { label: 'Referral Identifier', length: 100, externalId: true }),
  field('Referral_Link__c', 'url', { label: 'Referral Link', length: 255 }),
  field('How_can_Microsoft_help__c', 'picklist', { label: 'How can Microsoft help?', ...help }),
  field('Products__c', 'string', { label: 'Products', length: 255 }),
  field('Audit__c', 'textarea', { label: 'Audit', length: 32_000 }),
]
