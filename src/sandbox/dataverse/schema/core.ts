import { industries } from './sales.js'
import type { TableSeed } from './notation.js'

/**
 * Tables every Dataverse environment has.
 * Source: learn.microsoft.com Dataverse table reference: account, contact, systemuser, transactioncurrency, annotation (read 2023-10).
 */
const states = `
statecode state 0 Active|1 Inactive ; S ; Status
statuscode status 1 Active (0)|2 Inactive (1) ; ; Status Reason
`

const address = `
address1_line1,address1_line2,address1_line3 text 250
address1_city text 80
address1_stateorprovince text 50
address1_postalcode text 20
address1_country text 80
address1_county text 50
address1_name text 200
address1_postofficebox text 20
address1_primarycontactname text 100
address1_telephone1 text 50
address1_composite memo 1000 ; ro
`

const defaults = { ownership: 'UserOwned', tracked: true, stamps: 'all' } as const
const plain = { ownership: 'OrganizationOwned', tracked: false, stamps: 'all' } as const

const account: TableSeed = {
  ...defaults,
  name: 'account',
  schemaName: 'Account',
  set: 'accounts',
  id: 'accountid',
  primaryName: 'name',
  code: 1,
  label: 'Account',
  plural: 'Accounts',
  columns: `
name text 160 ; A ; Account Name
accountnumber text 20
telephone1,telephone2,telephone3,fax text 50
emailaddress1,emailaddress2,emailaddress3 text 100
websiteurl,ftpsiteurl text 200
description memo 2000
${address}
address1_addresstypecode choice 1 Bill To|2 Ship To|3 Primary|4 Other
industrycode choice ${industries}
customertypecode choice 1 Competitor|2 Consultant|3 Customer|4 Investor|5 Partner|6 Influencer|7 Press|8 Prospect|9 Reseller|10 Supplier|11 Vendor|12 Other
accountcategorycode choice 1 Preferred Customer|2 Standard
ownershipcode choice 1 Public|2 Private|3 Subsidiary|4 Other
numberofemployees whole 0 1000000000
revenue,marketcap,creditlimit money 0 100000000000000
sic text 20
tickersymbol text 10
stockexchange text 20
merged yesno ; ro
${states}
primarycontactid lookup contact from=account_primary_contact
parentaccountid lookup account from=account_parent_account
masterid lookup account from=account_master_account ; ro
preferredsystemuserid lookup systemuser
transactioncurrencyid lookup transactioncurrency
`,
}

const contact: TableSeed = {
  ...defaults,
  name: 'contact',
  schemaName: 'Contact',
  set: 'contacts',
  id: 'contactid',
  primaryName: 'fullname',
  code: 2,
  label: 'Contact',
  plural: 'Contacts',
  columns: `
lastname text 50 ; A
firstname text 50 ; r
fullname text 160 ; ro
middlename text 50
salutation,nickname text 100
suffix text 10
jobtitle,department text 100
emailaddress1,emailaddress2,emailaddress3 text 100
telephone1,telephone2,telephone3,mobilephone,fax text 50
websiteurl text 200
${address}
address1_addresstypecode choice 1 Bill To|2 Ship To|3 Primary|4 Other
accountrolecode choice 1 Decision Maker|2 Employee|3 Influencer
preferredcontactmethodcode choice 1 Any|2 Email|3 Phone|4 Fax|5 Mail ; =1
donotbulkemail,donotemail,donotfax,donotphone,donotpostalmail,donotsendmm,followemail yesno
description memo 2000
merged yesno ; ro
${states}
parentcustomerid customer from=contact_customer_accounts,contact_customer_contacts del=Cascade
masterid lookup contact from=contact_master_contact ; ro
transactioncurrencyid lookup transactioncurrency
`,
}

const currency: TableSeed = {
  ...plain,
  name: 'transactioncurrency',
  schemaName: 'TransactionCurrency',
  set: 'transactioncurrencies',
  id: 'transactioncurrencyid',
  primaryName: 'currencyname',
  code: 9105,
  label: 'Currency',
  plural: 'Currencies',
  columns: `
isocurrencycode text 5 ; S co
currencyname text 100 ; S
currencysymbol text 10 ; S
currencyprecision whole 0 4 ; S
exchangerate decimal 0.0000000001 100000000000 ; S
${states}
`,
}

const user: TableSeed = {
  ...plain,
  name: 'systemuser',
  schemaName: 'SystemUser',
  set: 'systemusers',
  id: 'systemuserid',
  primaryName: 'fullname',
  code: 8,
  label: 'User',
  plural: 'Users',
  columns: `
fullname text 200 ; ro
firstname,lastname text 64
internalemailaddress text 100
domainname text 1024
azureactivedirectoryobjectid guid ; ro
applicationid guid ; co
applicationiduri text 1024 ; ro
isdisabled yesno
accessmode choice 0 Read-Write|1 Administrative|2 Read|3 Support User|4 Non-interactive|5 Delegated Admin ; =0
islicensed,isintegrationuser,setupuser yesno
title text 128
jobtitle text 100
mobilephone text 64
businessunitid lookup businessunit from=business_unit_system_users del=Restrict ; S
transactioncurrencyid lookup transactioncurrency
parentsystemuserid lookup systemuser
`,
}

const organization: TableSeed = {
  ...plain,
  name: 'organization',
  schemaName: 'Organization',
  set: 'organizations',
  id: 'organizationid',
  primaryName: 'name',
  code: 1019,
  label: 'Organization',
  plural: 'Organizations',
  columns: `
name text 160 ; S
languagecode whole 0 65535 ; co
expirechangetrackingindays whole 0 365
isauditenabled yesno
maxuploadfilesize whole 0 131072000
currencydecimalprecision whole 0 4
pricingdecimalprecision whole 0 4
basecurrencyid lookup transactioncurrency ; co
`,
}

const small = (seed: Omit<TableSeed, 'tracked' | 'stamps' | 'ownership' | 'id' | 'plural'> & Partial<TableSeed>): TableSeed => ({
  ...plain,
  id: `${seed.name}id`,
  plural: `${seed.label}s`,
  ...seed,
})

export const coreTables: readonly TableSeed[] = [
  account,
  contact,
  currency,
  user,
  organization,
  small({
    name: 'businessunit',
    schemaName: 'BusinessUnit',
    set: 'businessunits',
    primaryName: 'name',
    code: 10,
    label: 'Business Unit',
    columns: `name text 160 ; S\nisdisabled yesno\nparentbusinessunitid lookup businessunit ; co`,
  }),
  small({
    name: 'team',
    schemaName: 'Team',
    set: 'teams',
    primaryName: 'name',
    code: 9,
    label: 'Team',
    columns: `name text 160 ; S\nteamtype choice 0 Owner|1 Access|2 Security Group|3 Office Group ; =0\nisdefault yesno ; ro\nbusinessunitid lookup businessunit ; S\nazureactivedirectoryobjectid guid`,
  }),
  small({
    name: 'annotation',
    schemaName: 'Annotation',
    set: 'annotations',
    primaryName: 'subject',
    code: 5,
    label: 'Note',
    ownership: 'UserOwned',
    columns: `
subject text 500
notetext memo 100000
isdocument yesno
filename text 255
mimetype text 256
objectid lookup opportunity,lead,account,contact from=Opportunity_Annotation,Lead_Annotation,Account_Annotation,Contact_Annotation del=Cascade
`,
  }),
  {
    name: 'task',
    schemaName: 'Task',
    set: 'tasks',
    id: 'activityid',
    primaryName: 'subject',
    code: 4212,
    ownership: 'UserOwned',
    label: 'Task',
    plural: 'Tasks',
    tracked: false,
    stamps: 'all',
    columns: `
subject text 200 ; A
description memo 2000
scheduledstart,scheduledend datetime
prioritycode choice 0 Low|1 Normal|2 High ; =1
statecode state 0 Open|1 Completed|2 Canceled ; S
statuscode status 2 Not Started (0)|3 In Progress (0)|4 Waiting on someone else (0)|7 Deferred (0)|5 Completed (1)|6 Canceled (2)
regardingobjectid lookup opportunity,lead,account,contact nav=regardingobjectid_opportunity_task,regardingobjectid_lead_task,regardingobjectid_account_task,regardingobjectid_contact_task from=Opportunity_Tasks,Lead_Tasks,Account_Tasks,Contact_Tasks del=Cascade
`,
  },
]
