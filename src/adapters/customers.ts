import { iso2 } from '../core/countries.js'
import type { Projection } from '../core/deal.js'
import type { Reason } from '../core/link.js'
import { guidOf } from './guid.js'

/** The customer of a deal, by what companies are told apart by. */
export interface Customer {
  readonly name: string
  /** The name as it was written: what the CRM is asked for. */
  readonly written: string
  readonly postalCode: string
  readonly country: string
}

/** An account of the CRM that could be the customer. */
export interface AccountCandidate {
  readonly id: string
  readonly active: boolean
  /** The account it was merged into. */
  readonly mergedInto: string | null
  /** What a deal of this account would show of its customer. */
  readonly shows: Projection
}

const plain = (text: string | null | undefined): string => (text ?? '').normalize('NFKC').trim().toLowerCase().replace(/\s+/g, ' ')
const postal = (text: string | null | undefined): string => plain(text).replace(/[\s-]/g, '')
const country = (text: string | null | undefined): string => iso2(text ?? '').toUpperCase()

export function customerOf(deal: Projection): Customer | null {
  const name = plain(deal['customerProfile.name'])
  if (name === '') return null
  const written = (deal['customerProfile.name'] ?? '').trim()
  return { name, written, postalCode: postal(deal['customerProfile.address.postalCode']), country: country(deal['customerProfile.address.country']) }
}

/** One text per customer: what guards the making of its account, and what the account's id follows from. */
export const customerKey = (customer: Customer): string => `customer:${customer.name}|${customer.postalCode}|${customer.country}`
export const accountIdFor = (customer: Customer): string => guidOf(customerKey(customer))

export type AccountChoice =
  | { readonly kind: 'found'; readonly id: string }
  | { readonly kind: 'create'; readonly id: string; readonly remark: string | null }

/** That several accounts fitted stays with the deal until a person has looked. `remark`: what `chooseAccount` said of it. */
export const accountDoubt = (remark: string | null): { readonly doubt?: Reason } =>
  remark === null
    ? {}
    : { doubt: { code: 'ambiguous-account', text: remark, remedy: 'Merge the accounts in the CRM, then run "cosell runs retry" for the deal.' } }

/**
 * Which account a new deal belongs to. In this order, and only where exactly one fits:
 * same name and postal code · same name, no postal code in the CRM · same name and country, no postal code in the deal ·
 * the account made for this customer before, whatever it is called now. Else a new one: a wrong account is worse than a second one.
 * `own` is the id that this customer's account is made under, where ids can be chosen.
 */
export function chooseAccount(customer: Customer, candidates: readonly AccountCandidate[], own = accountIdFor(customer)): AccountChoice {
  const named = candidates.filter(({ active, shows }) => active && plain(shows['customerProfile.name']) === customer.name)
  const postalOf = ({ shows }: AccountCandidate): string => postal(shows['customerProfile.address.postalCode'])
  const countryOf = ({ shows }: AccountCandidate): string => country(shows['customerProfile.address.country'])
  const sameCountry = (candidate: AccountCandidate): boolean => countryOf(candidate) === '' || customer.country === '' || countryOf(candidate) === customer.country
  const rules: readonly ((candidate: AccountCandidate) => boolean)[] = [
    (candidate) => customer.postalCode !== '' && postalOf(candidate) === customer.postalCode && sameCountry(candidate),
    (candidate) => postalOf(candidate) === '' && sameCountry(candidate),
    (candidate) => customer.postalCode === '' && sameCountry(candidate),
  ]
  let several = 0
  for (const fits of rules) {
    const fitting = named.filter(fits)
    const [only] = fitting
    if (only !== undefined && fitting.length === 1) return { kind: 'found', id: only.id }
    several = Math.max(several, fitting.length)
  }
  const made = candidates.find(({ id }) => id === own)
  if (made !== undefined) return { kind: 'found', id: made.active ? made.id : (made.mergedInto ?? made.id) }
  return { kind: 'create', id: own, remark: several > 1 ? `${several} accounts could be the customer; a new one was made, please merge them.` : null }
}
