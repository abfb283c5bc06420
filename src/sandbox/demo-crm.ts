import type { Sandbox } from './sandbox.js'

/** What the sample deals need of the people in a CRM, whichever it is. */
export interface DemoCrm {
  /** What every deal needs before the first is made. */
  prepare(): void
  /** A deal that lacks nothing, its switch on. */
  share(index: number): void
  /** A deal that somebody switched on too early. */
  shareIncomplete(index: number): void
  /** Open deals that are linked, and how a seller changes the amount of each. */
  linked(): Iterable<{ readonly referralId: string; readonly setAmount: (amount: number) => void }>
}

const solution = (index: number): { readonly id: string; readonly name: string } => ({
  id: `SOL-1000${index % 5}-SBX`,
  name: 'Sandbox Insights',
})
const street = (index: number): string => `${index + 1} Market Street`

export function dynamicsCrm({ dynamics }: Sandbox): DemoCrm {
  const { people } = dynamics
  const deal = (index: number, more: Readonly<Record<string, unknown>> = {}): string => {
    const address = { address1_line1: street(index), address1_city: 'Berlin', address1_postalcode: '10115', address1_country: 'Germany' }
    const account = people.account({ name: `Fabrikam Subsidiary ${index + 1}`, ...address })
    return people.opportunity({
      name: `CRM deal ${index + 1} - data platform`,
      description: 'Wants a managed reporting platform.',
      estimatedvalue: 40_000 + index * 1_000,
      'parentaccountid@odata.bind': `/accounts(${account})`,
      ...more,
    })
  }
  return {
    prepare() {
      // A share needs a member of the sales team who can be phoned.
      for (const user of dynamics.find('systemuser', { applicationid: null }))
        people.edit('systemuser', String(user['systemuserid']), { mobilephone: '+49 30 5550100' })
      const franc = { currencyname: 'Swiss Franc', currencysymbol: 'CHF', currencyprecision: 2, exchangerate: 0.95 }
      people.create('transactioncurrency', { isocurrencycode: 'CHF', ...franc })
    },
    share(index) {
      const id = deal(index)
      people.addSolution(id, { solutionId: solution(index).id, name: solution(index).name })
      people.edit('opportunity', id, { cosell_syncwithpartnercenter: true })
    },
    shareIncomplete: (index) =>
      void deal(index, { name: `Incomplete deal ${index + 1}`, description: null, cosell_syncwithpartnercenter: true }),
    *linked() {
      for (const row of dynamics.find('opportunity', { statecode: 0 })) {
        const { cosell_referralidentifier: referralId, opportunityid: id } = row
        if (typeof referralId === 'string' && typeof id === 'string')
          yield { referralId, setAmount: (estimatedvalue) => people.edit('opportunity', id, { estimatedvalue }) }
      }
    },
  }
}

export function salesforceCrm({ salesforce }: Sandbox): DemoCrm {
  const { people } = salesforce
  const deal = (index: number, more: Readonly<Record<string, unknown>> = {}): string => {
    const address = { BillingStreet: street(index), BillingCity: 'Berlin', BillingPostalCode: '10115', BillingCountry: 'Germany' }
    const AccountId = people.create('Account', { Name: `Fabrikam Subsidiary ${index + 1}`, ...address })
    return people.create('Opportunity', {
      Name: `CRM deal ${index + 1} - data platform`,
      Description: 'Wants a managed reporting platform.',
      Amount: 40_000 + index * 1_000,
      StageName: 'Qualification',
      CloseDate: '2027-03-31',
      OwnerId: people.user('kim@fabrikam.example'),
      AccountId,
      ...more,
    })
  }
  return {
    prepare() {
      for (const user of salesforce.find('User')) people.edit('User', String(user['Id']), { Phone: '+49 30 5550100' })
    },
    share(index) {
      const id = deal(index)
      const { id: number, name } = solution(index)
      people.create('Cosell_Solution__c', { Name: name, Cosell_Opportunity__c: id, Cosell_Solution_Identifier__c: number })
      people.edit('Opportunity', id, { Cosell_Sync_With_Partner_Center__c: true })
    },
    shareIncomplete: (index) =>
      void deal(index, { Name: `Incomplete deal ${index + 1}`, Description: null, Cosell_Sync_With_Partner_Center__c: true }),
    *linked() {
      for (const row of salesforce.find('Opportunity', { IsClosed: false })) {
        const { Cosell_Referral_Identifier__c: referralId, Id: id } = row
        if (typeof referralId === 'string' && typeof id === 'string')
          yield { referralId, setAmount: (Amount) => people.edit('Opportunity', id, { Amount }) }
      }
    },
  }
}
