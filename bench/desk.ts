// What differs between the CRMs where people act in them and where their calls are counted. Runs in the process of the simulators.
import type { Sandbox } from '../src/sandbox/index.js'

export const CRMS = ['dynamics', 'salesforce'] as const
export type Crm = (typeof CRMS)[number]
export const NAME_OF: Readonly<Record<Crm, string>> = { dynamics: 'Dynamics 365', salesforce: 'Salesforce' }

export interface Desk {
  readonly url: string
  readonly faults: Sandbox['dynamics']['faults']
  /** The ids of the opportunities of these referrals, in their order; empty where there is none. */
  opportunities(referralIds: readonly string[]): readonly string[]
  edit(id: string, value: number): void
  /** Whether the CRM has such a currency; one that it lacks stops a deal, which is another matter than how many are carried over. */
  currency(code: string): void
  /** Whether the CRM has this person as a user; of an owner that it does not know each record is told. */
  user(person: { readonly email: string; readonly firstName: string; readonly lastName: string }): void
  /** The opportunity that a call changed, where the call itself says so. */
  changedBy(call: { readonly method: string; readonly path: string; readonly status: number }): string | null
  /** Called with each opportunity that was changed, where no call says so. */
  onChange(changed: (id: string) => void): void
  /** Forgets what it remembers of calls: it would only grow. */
  forget(): void
}

export const deskOf = (sandbox: Sandbox, crm: Crm): Desk => (crm === 'dynamics' ? dynamicsDesk(sandbox) : salesforceDesk(sandbox))

const inOrder = (found: readonly (readonly [unknown, unknown])[], ids: readonly string[]): readonly string[] => {
  const byReferral = new Map(found)
  return ids.map((id) => String(byReferral.get(id) ?? ''))
}

function dynamicsDesk({ dynamics, urls }: Sandbox): Desk {
  // What is measured is the connector, not how fast a tenant lets it go.
  Object.assign(dynamics.options, { requestLimit: null })
  const known = new Set(dynamics.find('transactioncurrency').map((row) => row['isocurrencycode']))
  return {
    url: urls.dynamics,
    faults: dynamics.faults,
    opportunities: (ids) => inOrder(dynamics.find('opportunity').map((row) => [row['cosell_referralidentifier'], row['opportunityid']]), ids),
    edit: (id, value) => void dynamics.people.edit('opportunity', id, { estimatedvalue: value }),
    currency(code) {
      if (known.has(code)) return
      known.add(code)
      dynamics.people.create('transactioncurrency', { isocurrencycode: code, currencyname: code, currencysymbol: code, currencyprecision: 2, exchangerate: 1 })
    },
    user({ email, firstName: firstname, lastName: lastname }) {
      if (known.has(email)) return
      known.add(email)
      const unit = String(dynamics.find('systemuser')[0]?.['_businessunitid_value'])
      dynamics.people.create('systemuser', { internalemailaddress: email, domainname: email, firstname, lastname, 'businessunitid@odata.bind': `/businessunits(${unit})` })
    },
    changedBy: ({ method, path, status }) =>
      method === 'PATCH' && status < 300 ? (/\/opportunities\(([0-9a-f-]{36})\)/i.exec(path)?.[1]?.toLowerCase() ?? null) : null,
    onChange: () => undefined,
    forget: () => dynamics.calls.reset(),
  }
}

function salesforceDesk({ salesforce: org, urls }: Sandbox): Desk {
  const first = org.find('CurrencyType').map((row) => String(row['IsoCode']))
  const known = new Set(first)
  Object.assign(org.options, { dailyCalls: Number.POSITIVE_INFINITY })
  return {
    url: urls.salesforce,
    faults: org.faults,
    opportunities: (ids) => inOrder(org.find('Opportunity').map((row) => [row['Cosell_Referral_Identifier__c'], row['Id']]), ids),
    edit: (id, value) => void org.people.edit('Opportunity', id, { Amount: value }),
    currency(code) {
      if (known.has(code)) return
      throw new Error(`The simulated org has no currency ${code}, only ${[...known].join(', ')}.`)
    },
    user({ email, firstName: FirstName, lastName: LastName }) {
      if (known.has(email)) return
      known.add(email)
      org.people.create('User', { Email: email, Username: email, FirstName, LastName, IsActive: true })
    },
    changedBy: () => null, // One call changes several records together, and does not name them in its address.
    onChange: (changed) => void org.onWrite((object, id) => (object === 'Opportunity' ? changed(id) : undefined)),
    forget: () => org.calls.clear(),
  }
}
