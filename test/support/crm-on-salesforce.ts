import { salesforceCards } from '../../src/sandbox/crm-desk-salesforce.js'
import type { Sandbox } from '../../src/sandbox/sandbox.js'
import { ownOf, type AnyInstallation, type CrmLook, type CrmNames, type CrmPeople, type CrmWish } from './crm-installation.js'
import { salesforceInstallation, type SalesforceInstallation } from './salesforce-installation.js'

type Org = Sandbox['salesforce']

/** Salesforce behind what every suite calls the same. */
export async function onSalesforce(wish: CrmWish = {}): Promise<AnyInstallation> {
  const here = await salesforceInstallation(wish)
  const { salesforce: org } = here.sandbox
  return {
    sandbox: here.sandbox,
    desk: salesforceCards(org),
    people: people(here),
    look: look(org),
    names: namesOf(org),
    get app() {
      return here.app
    },
    get address() {
      return here.address
    },
    sync: async (deals = []) => void (await here.sync(deals)),
    crmIdOf: (referralId) => String(here.opportunitiesOf(referralId)[0]?.['Id']),
    ownOf: (crmId) => ownOf(here.sandbox, crmId),
    stateOf: async (id) => (await here.dealOf(id)).state,
    writes: () => here.writes(),
    restart: (change = {}) => here.restart(change),
    later: (ms) => here.later(ms),
    load: () => here.load(),
    close: () => here.close(),
  }
}

function people({ completeOpportunity, share, sandbox: { salesforce: org } }: SalesforceInstallation): CrmPeople {
  const seller = org.people
  const { edit } = salesforceCards(org).seller
  const stage = (id: string, StageName: string): void => seller.edit('Opportunity', id, { StageName })
  const contactOf = (id: string): string => String(org.find('OpportunityContactRole', { OpportunityId: id })[0]?.['ContactId'])
  return {
    newDeal(name, more = {}) {
      const id = completeOpportunity(name)
      if (Object.keys(more).length > 0) edit('opportunity', id, more)
      return id
    },
    share,
    edit: (id, values) => edit('opportunity', id, values),
    set: (id, values) => seller.edit('Opportunity', id, values),
    hold: (id) => stage(id, 'On Hold'),
    moveOn: (id) => stage(id, 'Needs Analysis'),
    win: (id) => stage(id, 'Closed Won'),
    lose: (id) => stage(id, 'Closed Lost'),
    reopen: (id) => stage(id, 'Qualification'),
    addSolution: (id, solutionId) =>
      void seller.create('Cosell_Solution__c', { Name: solutionId, Cosell_Opportunity__c: id, Cosell_Solution_Identifier__c: solutionId }),
    phone: (id, Phone) => seller.edit('Contact', contactOf(id), { Phone }),
    account: ({ name, postalCode }) => seller.create('Account', { Name: name, BillingPostalCode: postalCode, BillingCountry: 'Switzerland' }),
    country: (id, BillingCountry) => seller.edit('Account', String(org.read('Opportunity', id)?.['AccountId']), { BillingCountry }),
    // The simulated org has every currency of these suites.
    currency: () => undefined,
    lead: (topic) => seller.create('Lead', { LastName: topic, Company: topic }),
    qualify: (lead) => void seller.convert(lead),
    disqualify: (lead) => seller.edit('Lead', lead, { Status: 'Closed - Not Converted' }),
    merge: (table, { winner, loser }) => seller.merge(table === 'lead' ? 'Lead' : 'Account', winner, [loser]),
    removeLead: (id) => seller.remove('Lead', id),
    removeDeal: (id) => seller.remove('Opportunity', id),
    claim: (id, referralId) =>
      seller.edit('Opportunity', id, { Cosell_Referral_Identifier__c: referralId, Cosell_Sync_With_Partner_Center__c: true }),
  }
}

function look({ read, find }: Org): CrmLook {
  const row = (id: string) => read('Opportunity', id) ?? {}
  const ids = (object: string, where: Parameters<Org['find']>[1]) => find(object, where).map((one) => String(one['Id']))
  return {
    row,
    waits: (id) => row(id)['StageName'] === 'On Hold',
    isWon: (id) => row(id)['IsWon'] === true,
    isLost: (id) => row(id)['IsClosed'] === true && row(id)['IsWon'] === false,
    currency: (id) => String(row(id)['CurrencyIsoCode']),
    account: (id) => String(row(id)['AccountId']),
    owner: (id) => String(read('User', String(row(id)['OwnerId']))?.['Email']),
    opportunitiesOf: (referralId) => ids('Opportunity', { Cosell_Referral_Identifier__c: referralId }),
    opportunitiesWith: (values) => ids('Opportunity', values),
    leadsOf: (referralId) => ids('Lead', { Cosell_Referral_Identifier__c: referralId }),
    openLeads: () => ids('Lead', { IsConverted: false }),
    accountsNamed: (name) => ids('Account', { Name: name }),
  }
}

const space = 'mspcsync__'
const namesOf = (org: Org): CrmNames => ({
  theirs: {
    sync: `${space}SyncFlag__c`,
    referral: `${space}RefId__c`,
    visible: `${space}Visible__c`,
    audit: `${space}AuditTrail__c`,
    help: [`${space}Help__c`, 'General or Other'],
  },
  mapped: {
    msft_dealvaluefield: ['details.dealValue', 'Amount'],
    msft_dealcurrencycodefield: ['details.currency', 'currency'],
    msft_customeraccountcountrycode: ['customerProfile.address.country', 'account.BillingCountry'],
  },
  stranger: '0065g00000QrStUAAV',
  unmapped: {
    stages: { 'Active/Accepted': { StageName: 'Qualification' }, 'New/*': { StageName: 'Prospecting' } },
    stage: /On Hold/,
  },
  // Its logs know a caller by the name of the client in `Sforce-Call-Options` only.
  keepsRequestIds: false,
  // It lies in the recycle bin, and what lies there holds no key.
  keepsMergedIdentifier: false,
  elsewhere: 'https://contoso--copy.sandbox.my.salesforce.com',
  callback: (id) => ({
    path: '/hooks/salesforce/test-webhook-key',
    contentType: 'text/xml',
    body: `<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>${org.organizationId}</OrganizationId><Notification><Id>04l5g00000AaAaAAAV</Id><sObject xsi:type="sf:Opportunity" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:sf="urn:sobject.enterprise.soap.sforce.com"><sf:Id>${id}</sf:Id></sObject></Notification></notifications></soapenv:Body></soapenv:Envelope>`,
    taken: 200,
  }),
})
