import { VISIBILITY, type Projection } from '../../src/core/deal.js'

/** A deal of which nothing is missing: it may be shared as it stands. */
export const shareableDeal: Projection = {
  name: 'Nordwind rollout',
  status: 'Active/Accepted',
  'details.dealValue': 84_000,
  'details.currency': 'EUR',
  'details.closingDateTime': '2026-11-30',
  'details.notes': 'Wants reports.',
  'details.requirements.solutions': [{ id: 'SOL-1', name: 'One' }],
  'customerProfile.name': 'Nordwind GmbH',
  'customerProfile.address.addressLine1': 'Lindenallee 7',
  'customerProfile.address.city': 'Hamburg',
  'customerProfile.address.country': 'DE',
  'customerProfile.team': [{ email: 'mara@nordwind.example', firstName: 'Mara', lastName: 'Vogt', phone: '+49' }],
  team: [{ email: 'jon@partner.example', firstName: 'Jon', lastName: 'Reyes', phone: '+1' }],
  campaignId: null,
  [VISIBILITY]: false,
}
