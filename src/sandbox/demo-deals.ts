import type { Sandbox } from './sandbox.js'

/** The sample deals of the demo, of every kind, so that every page has something to show. Returns how many there are of each. */
export function fillWithDeals({ partnerCenter, dynamics }: Sandbox): Readonly<Record<string, number>> {
  const { portal, microsoft, inbound } = partnerCenter
  const { people } = dynamics
  // A share needs a member of the sales team who can be phoned.
  for (const user of dynamics.find('systemuser', { applicationid: null })) people.edit('systemuser', String(user['systemuserid']), { mobilephone: '+49 30 5550100' })
  people.create('transactioncurrency', { isocurrencycode: 'CHF', currencyname: 'Swiss Franc', currencysymbol: 'CHF', currencyprecision: 2, exchangerate: 0.95 })
  const counts: Record<string, number> = {}
  const times = (kind: string, count: number, make: (index: number) => void): void => {
    for (let index = 0; index < count; index += 1) make(index)
    counts[kind] = count
  }
  times('private deals of our own', 60, () => void portal.create('private'))
  times('deals shared with Microsoft', 30, () => void portal.create('partner-led'))
  times('co-sell deals that wait for Microsoft', 10, () => void portal.create('co-sell'))
  times('co-sell deals that Microsoft accepted', 10, () => {
    const { own } = portal.create('co-sell')
    microsoft.accept(own.engagementId)
  })
  times('deals from Microsoft that wait for an answer', 20, () => void inbound.coSell())
  times('leads', 15, () => void inbound.qualifiedLead())
  times('deals from other partners', 5, () => void inbound.partnerToPartner())
  times('won deals', 12, () => void portal.win(portal.create('private').own.id))
  times('lost deals', 8, () => void portal.lose(portal.create('private').own.id, 'Customer did not respond'))
  times('opportunities to be shared', 20, (index) => {
    const id = people.opportunity(complete(people, index))
    people.addSolution(id, { solutionId: `SOL-1000${index % 5}-SBX`, name: 'Sandbox Insights' })
    people.edit('opportunity', id, { cosell_syncwithpartnercenter: true })
  })
  times('opportunities that still miss something', 10, (index) => void people.opportunity({ ...complete(people, index), name: `Incomplete deal ${index + 1}`, description: null, cosell_syncwithpartnercenter: true }))
  return counts
}

type Seller = Sandbox['dynamics']['people']

function complete(people: Seller, index: number): Record<string, unknown> {
  const account = people.account({ name: `Fabrikam Subsidiary ${index + 1}`, address1_line1: `${index + 1} Market Street`, address1_city: 'Berlin', address1_postalcode: '10115', address1_country: 'Germany' })
  return {
    name: `CRM deal ${index + 1} - data platform`,
    description: 'Wants a managed reporting platform.',
    estimatedvalue: 40_000 + index * 1_000,
    'parentaccountid@odata.bind': `/accounts(${account})`,
  }
}

/** A change on both sides of the same field, so that there is a conflict to decide. Called once the first sync is through. */
export function causeConflicts({ partnerCenter, dynamics }: Sandbox, most: number): number {
  let caused = 0
  for (const row of dynamics.find('opportunity', { statecode: 0 })) {
    const referralId = row['cosell_referralidentifier']
    const id = row['opportunityid']
    if (typeof referralId !== 'string' || typeof id !== 'string' || partnerCenter.referral(referralId)?.status !== 'Active') continue
    partnerCenter.portal.edit(referralId, { dealValue: 111_000 + caused })
    dynamics.people.edit('opportunity', id, { estimatedvalue: 222_000 + caused })
    caused += 1
    if (caused >= most) break
  }
  return caused
}
