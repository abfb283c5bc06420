import { customerSizes, helpCodes, qualifications, statuses, substatuses, types } from './model.js'
import { anything, boolean, date, ignored, list, number, record, text, word } from './shapes.js'

/** What may stand in a request body. Source: the published OpenAPI of Microsoft's "Partner Center Referrals" connector, read 2023-10. */
export const member = record('Member', {
  firstName: text,
  lastName: text,
  phoneNumber: text,
  email: text,
  title: text,
  contactPreference: record('ContactPreference', { locale: text, disableNotifications: boolean }),
  emailValidationStatus: ignored,
  phoneValidationStatus: ignored,
})

const tag = record('Tag', { id: text })

export const solution = record('SolutionTag', {
  id: text,
  name: text,
  type: word('None', 'Category', 'Name'),
  solutionType: text,
  publisherName: text,
  price: number,
  quantity: number,
  currency: text,
  closingDateTime: date,
})

export const additionalRequirements = record('AdditionalRequirements', {
  iot: record('Iot', {
    customerLicenseAgreementNumber: text,
    deviceCategory: text,
    siliconType: text,
    azureCertifiedDevice: boolean,
    attachServices: boolean,
  }),
  attributes: list(record('Attribute', { type: text, id: text })),
})

const customerProfile = record('CustomerProfile', {
  name: text,
  size: word(...customerSizes, ''),
  isMatchingComplete: ignored,
  address: record('Address', {
    addressLine1: text,
    addressLine2: text,
    city: text,
    state: text,
    postalCode: text,
    country: text,
    region: text,
  }),
  team: list(member),
  ids: list(record('ExternalId', { profileType: word('Duns', 'External'), id: text })),
})

const consent = record('Consent', {
  consentToToShareInfoWithOthers: boolean,
  consentToContact: boolean,
  consentToMicrosoftToContactSpecificPartners: boolean,
  consentToShareReferralWithMicrosoftSellers: boolean,
})

const details = record('ReferralDetails', {
  notes: text,
  dealValue: number,
  currency: text,
  closingDateTime: date,
  customerAction: text,
  customerRequestedContact: ignored,
  incentiveLevel: ignored,
  requirements: record('ReferralRequirements', {
    industries: list(tag),
    products: list(tag),
    services: list(tag),
    solutions: list(solution),
    offers: list(anything),
    salesPlays: list(anything),
    additionalRequirements,
  }),
})

const setByTheService = [
  'id',
  'organizationId',
  'organizationName',
  'direction',
  'createdDateTime',
  'updatedDateTime',
  'expirationDateTime',
  'acceptedDateTime',
  'closedDateTime',
  'eTag',
  'tags',
  'referralSource',
  'callToAction',
  'quality',
  'isSpam',
  'registrations',
  'registrationStatus',
  'trackingInfo',
  'createdVia',
  'dealSensitivity',
  'links',
  '@odata.context',
]

export const newReferral = record('Referral', {
  ...Object.fromEntries(setByTheService.map((name) => [name, ignored])),
  engagementId: text,
  name: text,
  mpnId: text,
  externalReferenceId: text,
  type: word(...types),
  qualification: word(...qualifications),
  status: word(...statuses),
  substatus: word(...substatuses),
  statusReason: text,
  customerProfile,
  consent,
  details,
  team: list(member),
  inviteContext: record('InviteContext', {
    notes: text,
    assistanceRequestCode: word('Unknown', ...helpCodes),
    invitedMpnId: text,
    invitedBy: record('Organization', { organizationId: text, organizationName: text }),
  }),
  target: list(record('Target', { type: word('None', 'BusinessProfileLocation', 'SolutionProfile'), id: text })),
  campaignId: text,
  referralProgram: text,
  salesStage: text,
  favorite: boolean,
  lastModifiedVia: text,
  lastRunId: text,
})

export const dealRegistration = record('Registration', {
  id: ignored,
  registrationDateTime: ignored,
  status: ignored,
  statusReason: ignored,
  statusHistory: ignored,
  type: word('AzureIPCoSell'),
  contract: record('Contract', {
    value: number,
    currency: text,
    startDateTime: date,
    endDateTime: date,
    signDateTime: date,
    term: word('Perpetual', 'Finite'),
  }),
  solutionDetails: list(
    record('SolutionDetail', {
      id: text,
      name: text,
      value: number,
      currency: text,
      isDeployedOnAzure: boolean,
      primaryDeploymentOn: word('Customer', 'Partner'),
      pricingModel: word('PayAsYouGo', 'Other'),
      marketplaceTransactionDetails: record('MarketplaceTransactionDetails', {
        isMarketplaceTransacted: boolean,
        marketplaceTransactionDateTime: date,
      }),
    }),
  ),
})
