import type { Column, ColumnType } from '../column.js'

export type { ChoiceOption, Column, ColumnType } from '../column.js'

export type TableName = 'opportunity' | 'lead' | 'account' | 'contact'
export interface Table {
  readonly name: string
  readonly set: string
  readonly id: string
  readonly columns: ReadonlyMap<string, Column>
  readonly tracked: boolean
}

const SPEC_TYPES: Readonly<Record<string, ColumnType>> = { t: 'text', m: 'memo', $: 'money', b: 'flag', d: 'date', i: 'instant', c: 'choice' }

/** `name:type[:length]`, so that the list below can be read against the table reference. */
function columns(spec: string): ReadonlyMap<string, Column> {
  return new Map(
    spec.trim().split(/\s+/).map((item): [string, Column] => {
      const [name = '', type = 't', length] = item.split(':')
      const column: Column = {
        name,
        label: name,
        type: SPEC_TYPES[type] ?? 'other',
        maxLength: length === undefined ? null : Number(length),
        options: null,
        writable: true,
        required: false,
      }
      return [name, column]
    }),
  )
}

const address = 'address1_line1:t:250 address1_line2:t:250 address1_line3:t:250 address1_city:t:80 address1_stateorprovince:t:50 address1_postalcode:t:20 address1_country:t:80'
const own =
  'cosell_syncwithpartnercenter:b cosell_referralidentifier:t:100 cosell_referrallink:t:500 cosell_referralprogram:t:100 cosell_microsoftcrmidentifier:t:100 ' +
  'cosell_referralvisibility:b cosell_help:c cosell_audit:m:100000 cosell_syncstatus:t:100 cosell_syncproblem:m:4000 cosell_lastsynced:i ' +
  'cosell_declinereason:c cosell_closingreason:t:400 cosell_expireson:d cosell_microsoftstatus:t:100 cosell_microsoftteam:m:2000 cosell_purchaseintent:c cosell_notestomicrosoft:m:2000'

/**
 * The tables as they are delivered, used until the environment's own metadata was read.
 * Source: learn.microsoft.com table references of opportunity, lead, account and contact (read 2023-10).
 */
export const STANDARD_TABLES: Readonly<Record<TableName, Table>> = {
  opportunity: {
    name: 'opportunity',
    set: 'opportunities',
    id: 'opportunityid',
    tracked: true,
    columns: columns(`name:t:300 description:m:2000 estimatedvalue:$ budgetamount:$ estimatedclosedate:d stepname:t:200 emailaddress:t:100 customerneed:m:2000 proposedsolution:m:2000 ${own}`),
  },
  lead: {
    name: 'lead',
    set: 'leads',
    id: 'leadid',
    tracked: true,
    columns: columns(
      `subject:t:300 firstname:t:50 lastname:t:50 companyname:t:100 jobtitle:t:100 emailaddress1:t:100 telephone1:t:50 mobilephone:t:20 websiteurl:t:200 description:m:2000 ${address} estimatedamount:$ budgetamount:$ estimatedclosedate:d ${own}`,
    ),
  },
  account: {
    name: 'account',
    set: 'accounts',
    id: 'accountid',
    tracked: true,
    columns: columns(`name:t:160 accountnumber:t:20 telephone1:t:50 emailaddress1:t:100 websiteurl:t:200 description:m:2000 sic:t:20 ${address}`),
  },
  contact: {
    name: 'contact',
    set: 'contacts',
    id: 'contactid',
    tracked: true,
    columns: columns(`firstname:t:50 lastname:t:50 emailaddress1:t:100 telephone1:t:50 mobilephone:t:50 jobtitle:t:100 description:m:2000 ${address}`),
  },
}
