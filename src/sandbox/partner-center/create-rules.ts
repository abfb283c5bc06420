import { helpCodes, marketplaceIntents, msft, type Member, type Organization, type Referral } from './model.js'
import type { PartnerCenterOptions } from './options.js'
import type { Draft } from './store.js'

// Source: learn.microsoft.com/partner-center/bulk-operations, read 2023-10: at most 50 of each on one deal.
export const solutionsMax = 50
export const teamMax = 50

export const filled = (value: string | null | undefined): value is string => typeof value === 'string' && value.trim() !== ''

/** The four contact fields that must all be there where a contact is mandatory. */
export function memberGaps(member: Member | undefined, path: string): readonly string[] {
  if (member === undefined) return [path]
  const { firstName, lastName, phoneNumber, email } = member
  const mandatory = { firstName, lastName, phoneNumber, email }
  return Object.entries(mandatory).flatMap(([name, value]) => (filled(value) ? [] : [`${path}[0].${name}`]))
}

export interface CreateContext {
  readonly options: PartnerCenterOptions
  readonly organization: Organization
  /** True for the second referral of a co-sell, the one addressed to Microsoft. */
  readonly forMicrosoft: boolean
  readonly mpnIdGiven: boolean
}

/**
 * What portal, bulk upload and Microsoft's connector demand of a new deal; the API is taken to demand the same.
 * Source: learn.microsoft.com/partner-center/bulk-operations and …/manage-co-sell-opportunities, read 2023-10.
 */
export function createProblems(draft: Draft, { options, organization, forMicrosoft, mpnIdGiven }: CreateContext): readonly string[] {
  const missing = [...missingFields(draft), ...(forMicrosoft ? memberGaps(draft.customerProfile.team[0], 'customerProfile.team') : [])]
  if (options.mpnId === 'required' && !mpnIdGiven) missing.push('mpnId')
  const problems = missing.length === 0 ? [] : [`One or more mandatory fields are missing: ${missing.join('; ')}`]
  const { address } = draft.customerProfile
  if (filled(address.country) && !/^[A-Z]{2}$/.test(address.country)) {
    problems.push(`The country '${address.country}' is not valid: a two-letter country code is required.`)
  }
  if (filled(draft.details.currency) && !/^[A-Z]{3}$/.test(draft.details.currency)) {
    problems.push(`The currency '${draft.details.currency}' is not an ISO 4217 code.`)
  }
  if (draft.consent.consentToToShareInfoWithOthers !== true) problems.push('Consent to share the contact information is required.')
  if (draft.mpnId !== null && !organization.mpnIds.includes(draft.mpnId)) {
    problems.push(`The Partner ID '${draft.mpnId}' is not a location of this partner.`)
  }
  if (forMicrosoft && draft.consent.consentToShareReferralWithMicrosoftSellers !== true) {
    problems.push('A deal with help from Microsoft must be shared with Microsoft sellers.')
  }
  return [...problems, ...helpProblems(draft, options, forMicrosoft), ...listProblems(draft, options)]
}

function missingFields(draft: Draft): string[] {
  const { address, name: customerName } = draft.customerProfile
  const { notes, dealValue, currency, closingDateTime, requirements } = draft.details
  const texts: Readonly<Record<string, string | null>> = {
    name: draft.name,
    'customerProfile.name': customerName,
    'customerProfile.address.addressLine1': address.addressLine1,
    'customerProfile.address.city': address.city,
    'customerProfile.address.country': address.country,
    'details.notes': notes,
    'details.currency': currency,
    'details.closingDateTime': closingDateTime,
  }
  const missing = Object.entries(texts).flatMap(([path, value]) => (filled(value) ? [] : [path]))
  if (dealValue === null) missing.push('details.dealValue')
  if (requirements.solutions.length === 0) missing.push('details.requirements.solutions (a solution id is required)')
  const intent = requirements.additionalRequirements.attributes.find(({ type }) => type === 'CustomerMarketplaceIntent')
  if (intent === undefined) missing.push('details.requirements.additionalRequirements.attributes (CustomerMarketplaceIntent)')
  return [...missing, ...memberGaps(draft.team[0], 'team')]
}

function helpProblems(draft: Draft, options: PartnerCenterOptions, forMicrosoft: boolean): readonly string[] {
  const code = draft.inviteContext.assistanceRequestCode
  const known = helpCodes.some((helpCode) => helpCode === code)
  if (forMicrosoft && options.helpCodeOn === 'microsoft-referral' && !known) {
    return ['The help needed from Microsoft (assistanceRequestCode) is required.']
  }
  if (!forMicrosoft && known && options.helpCodeOn === 'microsoft-referral') {
    return ['Help is asked for on the referral that is addressed to Microsoft, not on the own referral.']
  }
  return []
}

/** Limits and values of the lists; also asked after every change. */
export function listProblems(referral: Pick<Referral, 'details' | 'team'>, options: PartnerCenterOptions): readonly string[] {
  const problems: string[] = []
  const { solutions, additionalRequirements } = referral.details.requirements
  if (solutions.length > solutionsMax) problems.push(`At most ${solutionsMax} solutions are allowed.`)
  if (referral.team.length > teamMax) problems.push(`At most ${teamMax} team members are allowed.`)
  for (const { id } of solutions) {
    const exists = options.solutionCatalogue === 'any' || options.solutionCatalogue.includes(id)
    if (!filled(id)) problems.push('A solution id is required.')
    else if (!exists) problems.push(`The solution '${id}' does not exist.`)
  }
  for (const { type, id } of additionalRequirements.attributes) {
    if (type === 'CustomerMarketplaceIntent' && !marketplaceIntents.some((intent) => intent === id)) {
      problems.push(`'${id}' is not a CustomerMarketplaceIntent: use ${marketplaceIntents.join(', ')}.`)
    }
  }
  if ((referral.details.dealValue ?? 0) < 0) problems.push('The deal value must not be negative.')
  return problems
}

export const addressedToMicrosoft = (target: readonly { readonly type: string; readonly id: string }[]): boolean =>
  target.some(({ type, id }) => type === 'BusinessProfileLocation' && id === msft)
