import { given, number, text , type CrmCard, type CrmDesk } from './crm-desk.js'
import type { Salesforce } from './salesforce/index.js'

const helps = [
  'Workload Specific Value Proposition',
  'Customer Technical Architecture',
  'Proof Of Concept or Demo',
  'Quotes or Licensing',
  'Post Sales Customer Success',
  'General or Other',
]
const reasons = [
  'Budget too small',
  'No answer from customer',
  'Chose another vendor',
  'Requirement not met',
  'Not a customer',
  'Time line too short',
  'Abuse, spam or phishing',
  'Other',
]
const placeIn = (list: readonly string[], value: string | null): number | null => {
  const at = value === null ? -1 : list.findIndex((one) => one.toLowerCase() === value.toLowerCase())
  return at === -1 ? null : at
}
const wordOf = (list: readonly string[], place: number | null | undefined): string | null | undefined =>
  place == null ? place : (list[place] ?? null)

const objectOf = (table: CrmCard['table']): string => (table === 'lead' ? 'Lead' : 'Opportunity')

export function salesforceCards(org: Salesforce): CrmDesk {
  const { people } = org
  return {
    card: (table, id) => cardOf(org, table, id),
    seller: {
      edit: (table, id, { topic, value, close, description, sync, visible, help, reason }) =>
        people.edit(
          objectOf(table),
          id,
          given({
            // A lead has a person's name, which is not its topic.
            Name: table === 'lead' ? undefined : topic,
            [table === 'lead' ? 'Cosell_Deal_Value__c' : 'Amount']: value,
            [table === 'lead' ? 'Cosell_Closing_Date__c' : 'CloseDate']: close,
            Description: description,
            Cosell_Sync_With_Partner_Center__c: sync,
            Cosell_Referral_Visibility__c: visible,
            Cosell_Help_Required__c: wordOf(helps, help),
            Cosell_Closing_Reason__c: wordOf(reasons, reason),
          }),
        ),
      win: (id) => people.edit('Opportunity', id, { StageName: 'Closed Won' }),
      lose: (id) => people.edit('Opportunity', id, { StageName: 'Closed Lost' }),
      newDeal(name) {
        const address = { BillingStreet: '1 Market Street', BillingCity: 'Berlin', BillingPostalCode: '10115', BillingCountry: 'Germany' }
        const account = people.create('Account', { Name: `${name} Inc.`, ...address })
        const person = { FirstName: 'Ada', LastName: 'Moser', Email: 'ada.moser@customer.example', Phone: '+49 30 5550100' }
        const owner = people.user('kim@fabrikam.example')
        // A share needs a member of the sales team who can be phoned.
        if (text(org.read('User', owner), 'Phone') === null) people.edit('User', owner, { Phone: '+49 30 5550100' })
        const id = people.create('Opportunity', {
          Name: name,
          Description: 'Wants a managed reporting platform.',
          Amount: 75_000,
          StageName: 'Qualification',
          CloseDate: '2027-03-31',
          OwnerId: owner,
          AccountId: account,
          ContactId: people.create('Contact', { ...person, AccountId: account }),
        })
        people.create('Cosell_Solution__c', {
          Name: 'Sandbox Insights',
          Cosell_Opportunity__c: id,
          Cosell_Solution_Identifier__c: 'SOL-10001-SBX',
        })
        return id
      },
    },
  }
}

function cardOf(org: Salesforce, table: CrmCard['table'], id: string): CrmCard | null {
  const row = org.read(objectOf(table), id)
  if (row === undefined || row['IsDeleted'] === true) return null
  const isLead = table === 'lead'
  const account = text(row, 'AccountId')
  const solutions = isLead ? [] : org.find('Cosell_Solution__c', { Cosell_Opportunity__c: id })
  const isOver = row['IsClosed'] === true || row['IsConverted'] === true
  return {
    id,
    table,
    topic: text(row, 'Name') ?? '',
    customer: account === null ? text(row, 'Company') : text(org.read('Account', account), 'Name'),
    value: number(row, isLead ? 'Cosell_Deal_Value__c' : 'Amount'),
    close: text(row, isLead ? 'Cosell_Closing_Date__c' : 'CloseDate'),
    description: text(row, 'Description'),
    state: !isOver ? '0' : row['IsWon'] === true || row['IsConverted'] === true ? '1' : '2',
    sync: row['Cosell_Sync_With_Partner_Center__c'] === true,
    visible: row['Cosell_Referral_Visibility__c'] === true,
    referral: text(row, 'Cosell_Referral_Identifier__c'),
    status: text(row, 'Cosell_Sync_Status__c'),
    problem: text(row, 'Cosell_Sync_Problem__c'),
    audit: text(row, 'Cosell_Audit__c'),
    section: {
      link: text(row, 'Cosell_Referral_Link__c'),
      lastSynced: text(row, 'Cosell_Last_Synced_At__c')?.replace('+0000', 'Z') ?? null,
      help: placeIn(helps, text(row, 'Cosell_Help_Required__c')),
      reason: placeIn(reasons, text(row, 'Cosell_Closing_Reason__c')),
      expires: text(row, 'Cosell_Expires_On__c'),
      microsoftId: text(row, 'Cosell_Microsoft_CRM_Identifier__c'),
      microsoftStatus: text(row, 'Cosell_Microsoft_Status__c'),
      microsoftTeam: text(row, 'Cosell_Microsoft_Team__c'),
      solutions: solutions.map((one) => ({ id: text(one, 'Cosell_Solution_Identifier__c') ?? '', name: text(one, 'Name') ?? '' })),
    },
  }
}
