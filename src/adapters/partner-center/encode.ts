import { HELP, VISIBILITY, type Person, type Projection, type Solution } from '../../core/deal.js'
import { canonicalDeal, INTENT, INTENT_DEFAULT } from './canonical.js'
import { MSFT } from './ids.js'

export type Body = Readonly<Record<string, unknown>>

/** Partner Center keeps days as midnight UTC. */
export const dayOnWire = (day: string | null): string | null =>
  day === null ? null : /^\d{4}-\d{2}-\d{2}$/.test(day) ? `${day}T00:00:00Z` : day

export const memberOnWire = (person: Person): Body => ({
  firstName: person.firstName,
  lastName: person.lastName,
  phoneNumber: person.phone,
  email: person.email,
})
/** The first of a list must be somebody who can be reached in every way. Source: learn.microsoft.com "Bulk operations" (read 2023-10). */
export function reachableFirst(people: readonly Person[]): readonly Person[] {
  const isReachable = ({ email, firstName, lastName, phone }: Person): boolean =>
    ![email, firstName, lastName, phone].some((part) => part === null || part === '')
  return [...people.filter(isReachable), ...people.filter((person) => !isReachable(person))]
}
/** `Name` is a solution of the catalogue, against a category. */
export const solutionOnWire = (solution: Solution): Body => ({
  id: solution.id,
  ...(solution.name === null ? {} : { name: solution.name }),
  type: 'Name',
})

/** Only what says something: the service fills the rest. */
function filled(members: Readonly<Record<string, unknown>>): Body {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null && value !== undefined))
}

function customerOf(deal: Projection): Body {
  const duns = deal['customerProfile.ids.duns'] ?? null
  return filled({
    name: deal['customerProfile.name'],
    address: filled({
      addressLine1: deal['customerProfile.address.addressLine1'],
      addressLine2: deal['customerProfile.address.addressLine2'],
      city: deal['customerProfile.address.city'],
      state: deal['customerProfile.address.state'],
      postalCode: deal['customerProfile.address.postalCode'],
      country: deal['customerProfile.address.country'],
    }),
    size: deal['customerProfile.size'],
    team: reachableFirst(deal['customerProfile.team'] ?? []).map(memberOnWire),
    ids: duns === null ? null : [{ profileType: 'Duns', id: duns }],
  })
}

function detailsOf(deal: Projection): Body {
  const attributes = [
    { type: 'CustomerMarketplaceIntent', id: deal[INTENT] ?? INTENT_DEFAULT },
    { type: 'PartnerRole', id: deal['details.requirements.partnerRole'] },
    { type: 'SolutionArea', id: deal['details.requirements.solutionArea'] },
    { type: 'SolutionPlay', id: deal['details.requirements.solutionPlay'] },
  ].filter(({ id }) => id !== null && id !== undefined)
  return filled({
    notes: deal['details.notes'],
    dealValue: deal['details.dealValue'],
    currency: deal['details.currency'],
    closingDateTime: dayOnWire(deal['details.closingDateTime'] ?? null),
    requirements: {
      solutions: (deal['details.requirements.solutions'] ?? []).map(solutionOnWire),
      additionalRequirements: { attributes },
    },
  })
}

// The doubled "ToTo" is the name on the wire. Without the first two a deal is not taken at all.
const consentOf = (shared: boolean): Body => ({
  consentToToShareInfoWithOthers: true,
  consentToContact: true,
  consentToShareReferralWithMicrosoftSellers: shared,
})

/**
 * A new referral of our own. Status and substatus are left to the service, which starts own deals as accepted whatever is posted.
 * Source: the create sample on learn.microsoft.com "Create a referral" (2025) and the older one of the reference (read 2023-10).
 */
export function newReferral(deal: Projection, options: { readonly marker: string; readonly partnerId: string | null }): Body {
  const known = canonicalDeal(deal)
  const shared = known[VISIBILITY] === true
  const notes = known['inviteContext.notes'] ?? null
  const help = known[HELP] ?? null
  return filled({
    name: known.name,
    externalReferenceId: options.marker,
    type: shared ? 'Shared' : 'Independent',
    qualification: 'SalesQualified',
    mpnId: options.partnerId,
    customerProfile: customerOf(known),
    consent: consentOf(shared),
    details: detailsOf(known),
    team: reachableFirst(known.team ?? []).map(memberOnWire),
    target: (known['details.requirements.solutions'] ?? []).map(({ id }) => ({ type: 'SolutionProfile', id })),
    inviteContext: notes === null && help === null ? null : filled({ notes, assistanceRequestCode: help }),
    campaignId: known.campaignId,
    referralProgram: known.referralProgram,
    salesStage: known.salesStage,
  })
}

/** The second referral of an engagement, the one that asks Microsoft for help. */
export function invitation(
  deal: Projection,
  options: { readonly engagementId: string; readonly organizationId: string | null; readonly organizationName: string | null },
): Body {
  const known = canonicalDeal(deal)
  const { organizationId, organizationName } = options
  return filled({
    engagementId: options.engagementId,
    name: known.name,
    type: 'Shared',
    qualification: 'SalesQualified',
    target: [{ type: 'BusinessProfileLocation', id: MSFT }],
    customerProfile: customerOf(known),
    consent: consentOf(true),
    details: detailsOf(known),
    team: reachableFirst(known.team ?? []).map(memberOnWire),
    inviteContext: filled({
      notes: known['inviteContext.notes'],
      assistanceRequestCode: known[HELP],
      invitedBy: organizationId === null ? null : filled({ organizationId, organizationName }),
    }),
  })
}
