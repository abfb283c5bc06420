import { HELP, isEmpty, SOLUTIONS, type Field, type Person, type Projection } from './deal.js'

/** One thing a share still needs, in words for the record. */
export interface PreflightIssue {
  readonly field: Field
  readonly text: string
}

const complete = (person: Person): boolean => ![person.email, person.firstName, person.lastName, person.phone].some(isEmpty)
const missing = (field: Field, text: string): PreflightIssue => ({ field, text })

/** Fields that Partner Center requires, so that they are never patched to empty either. */
const REQUIRED: readonly (readonly [Field, string])[] = [
  ['name', 'The deal has no name.'],
  ['customerProfile.name', 'The customer account has no name.'],
  ['customerProfile.address.addressLine1', 'The customer account has no street address (address line 1).'],
  ['customerProfile.address.city', 'The customer account has no city.'],
  ['details.currency', 'The deal has no currency.'],
  ['details.closingDateTime', 'The deal has no estimated close date.'],
  ['details.notes', 'The deal has no notes (description).'],
]
export const NEVER_EMPTY: ReadonlySet<Field> = new Set<Field>([...REQUIRED.map(([field]) => field), 'details.dealValue', SOLUTIONS, 'team'])

/**
 * Everything that a share with Partner Center needs, checked before anything is sent.
 * Source: learn.microsoft.com "Bulk operations" and "Manage co-sell opportunities" (required columns, read 2023-10).
 */
export function preflight(deal: Projection): PreflightIssue[] {
  const issues: PreflightIssue[] = []
  for (const [field, text] of REQUIRED) if (isEmpty(deal[field])) issues.push(missing(field, text))
  issues.push(...countryIssues(deal), ...valueIssues(deal))
  if ((deal[SOLUTIONS] ?? []).length === 0) issues.push(missing(SOLUTIONS, 'The deal has no Microsoft solution; add at least one.'))
  const team = deal.team ?? []
  if (!team.some(complete)) {
    issues.push(missing('team', 'No member of the sales team (owner) has first name, last name, phone and e-mail.'))
  }
  if (!isEmpty(deal[HELP])) {
    const contacts = deal['customerProfile.team'] ?? []
    if (!contacts.some(complete)) {
      issues.push(
        missing('customerProfile.team', 'Microsoft\'s help is asked for, but no customer contact has first name, last name, phone and e-mail.'),
      )
    }
  }
  return issues
}

function countryIssues(deal: Projection): PreflightIssue[] {
  const field = 'customerProfile.address.country'
  const country = deal[field]
  if (isEmpty(country)) return [missing(field, 'The customer account has no country.')]
  if (typeof country === 'string' && !/^[A-Z]{2}$/.test(country)) {
    return [missing(field, `The customer account's country "${country}" is not known as a two-letter code (ISO 3166-1), for example DE or US.`)]
  }
  return []
}

function valueIssues(deal: Projection): PreflightIssue[] {
  const value = deal['details.dealValue']
  if (value === undefined || value === null) return [missing('details.dealValue', 'The deal has no estimated value.')]
  if (value > 0) return []
  const text =
    value === 0
      ? 'The deal\'s estimated value is zero; Partner Center asks for an amount above zero.'
      : `The deal's estimated value is below zero (${value}); Partner Center asks for an amount above zero.`
  return [missing('details.dealValue', text)]
}
