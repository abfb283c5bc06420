/**
 * The referral as Partner Center shows it. Values never change: every write makes a new record, so that a listing may
 * keep showing an older one and a rendered record may be cached.
 * Source: learn.microsoft.com/partner-center/developer/referral-resources, and the published OpenAPI of Microsoft's own
 * "Partner Center Referrals" connector, read 2023-10.
 */
export type Text = string | null

export interface Member {
  readonly firstName: Text
  readonly lastName: Text
  readonly phoneNumber: Text
  readonly email: Text
  readonly title: Text
  readonly contactPreference: { readonly locale: Text; readonly disableNotifications: boolean | null }
  /** Marketplace leads only. */
  readonly emailValidationStatus?: Text
  readonly phoneValidationStatus?: Text
}

export interface Address {
  readonly addressLine1: Text
  readonly addressLine2: Text
  readonly city: Text
  readonly state: Text
  readonly postalCode: Text
  readonly country: Text
  readonly region: Text
}

export interface CustomerProfile {
  readonly name: Text
  readonly size: Text
  readonly isMatchingComplete: boolean
  readonly address: Address
  readonly team: readonly Member[]
  readonly ids: readonly { readonly profileType: string; readonly id: string }[]
}

export interface Consent {
  /** The doubled "ToTo" is the name on the wire. */
  readonly consentToToShareInfoWithOthers: boolean | null
  readonly consentToContact: boolean | null
  readonly consentToMicrosoftToContactSpecificPartners: boolean | null
  readonly consentToShareReferralWithMicrosoftSellers: boolean | null
}

export interface SolutionTag {
  readonly id: string
  readonly name: Text
  readonly type: Text
  readonly price: number | null
  readonly quantity: number | null
  readonly currency: Text
  readonly publisherName: Text
  readonly solutionType: Text
  readonly closingDateTime: Text
}

export interface Tag {
  readonly id: string
}

export interface Attribute {
  readonly type: string
  readonly id: string
}

export interface Requirements {
  readonly industries: readonly Tag[]
  readonly products: readonly Tag[]
  readonly services: readonly Tag[]
  readonly solutions: readonly SolutionTag[]
  readonly offers: readonly unknown[]
  readonly salesPlays: readonly unknown[]
  readonly additionalRequirements: { readonly iot: Iot; readonly attributes: readonly Attribute[] }
}

export interface Iot {
  readonly customerLicenseAgreementNumber: Text
  readonly deviceCategory: Text
  readonly siliconType: Text
  readonly azureCertifiedDevice: boolean
  readonly attachServices: boolean
}

export interface Details {
  readonly notes: Text
  readonly dealValue: number | null
  readonly currency: Text
  readonly closingDateTime: Text
  readonly customerRequestedContact: boolean | null
  readonly customerAction: Text
  readonly incentiveLevel: Text
  readonly requirements: Requirements
}

export interface InviteContext {
  readonly notes: Text
  readonly assistanceRequestCode: string
  readonly invitedMpnId: Text
  readonly invitedBy: { readonly organizationId: Text; readonly organizationName: Text }
}

export interface Target {
  readonly type: string
  readonly id: string
}

export interface RegisteredSolution {
  readonly id: Text
  readonly name: Text
  readonly value: number | null
  readonly currency: Text
  readonly isDeployedOnAzure: boolean | null
  readonly primaryDeploymentOn: Text
  readonly pricingModel: Text
  readonly marketplaceTransactionDetails: {
    readonly isMarketplaceTransacted: boolean | null
    readonly marketplaceTransactionDateTime: Text
  }
}

export interface DealRegistration {
  readonly id: string
  readonly registrationDateTime: string
  readonly type: string
  readonly status: string
  readonly statusReason: Text
  readonly contract: {
    readonly value: number | null
    readonly currency: Text
    readonly startDateTime: Text
    readonly endDateTime: Text
    readonly signDateTime: Text
    readonly term: Text
  }
  readonly solutionDetails: readonly RegisteredSolution[]
  readonly statusHistory: Readonly<Record<string, Text>>
}

export interface TrackingInfo {
  readonly microsoftMsxId: Text
  readonly microsoftUSFedOpportunityId: Text
  readonly microsoftUSFedLeadId: Text
  readonly migratedPSCDealId: Text
  readonly migratedPSCPartnerDealId: Text
}

export interface Referral {
  readonly id: string
  readonly engagementId: string
  readonly name: Text
  readonly organizationId: string
  readonly organizationName: string
  readonly lastModifiedVia: Text
  readonly lastRunId: Text
  readonly externalReferenceId: Text
  readonly createdDateTime: string
  readonly updatedDateTime: string
  readonly expirationDateTime: Text
  readonly status: string
  readonly substatus: string
  readonly statusReason: Text
  readonly qualification: string
  readonly type: string
  readonly referralSource: Text
  readonly eTag: string
  readonly favorite: boolean
  readonly campaignId: Text
  readonly salesStage: Text
  readonly quality: string
  readonly isSpam: boolean
  readonly direction: string
  readonly mpnId: Text
  readonly referralProgram: Text
  readonly dealSensitivity: string
  readonly createdVia: Text
  readonly tags: readonly string[]
  readonly acceptedDateTime: Text
  readonly closedDateTime: Text
  readonly callToAction: Text
  readonly registrationStatus: string
  readonly target: readonly Target[]
  readonly customerProfile: CustomerProfile
  readonly consent: Consent
  readonly details: Details
  readonly team: readonly Member[]
  readonly inviteContext: InviteContext
  readonly trackingInfo: TrackingInfo
  readonly registrations: readonly DealRegistration[]
}

/** The partner whose Partner Center this is. */
export interface Organization {
  readonly organizationId: string
  readonly organizationName: string
  readonly tenantId: string
  /** Partner ids of its locations; the first is the default. */
  readonly mpnIds: readonly [string, ...string[]]
  readonly domain: string
  readonly country: string
}

export const msft = 'msft'

// Shared by all records that say nothing here: a hundred thousand referrals then cost half the memory.
export const noTracking: TrackingInfo = {
  microsoftMsxId: null,
  microsoftUSFedOpportunityId: null,
  microsoftUSFedLeadId: null,
  migratedPSCDealId: null,
  migratedPSCPartnerDealId: null,
}
export const noIot: Iot = {
  customerLicenseAgreementNumber: null,
  deviceCategory: null,
  siliconType: null,
  azureCertifiedDevice: false,
  attachServices: false,
}
export const noPreference: Member['contactPreference'] = { locale: null, disableNotifications: null }

export const statuses = ['None', 'New', 'Active', 'Closed'] as const
export const substatuses = ['None', 'Pending', 'Received', 'Accepted', 'Won', 'Lost', 'Declined', 'Expired', 'Error'] as const
export const types = ['Independent', 'Shared'] as const
export const qualifications = ['None', 'Direct', 'MarketingQualified', 'SalesQualified'] as const
export const directions = ['Incoming', 'Outgoing'] as const
export const helpCodes = [
  'WorkloadSpecificValueProposition',
  'CustomerTechnicalArchitecture',
  'ProofOfConceptOrDemo',
  'QuotesOrLicensing',
  'PostSalesCustomerSuccess',
  'GeneralOrOther',
] as const
export const customerSizes = [
  '1to9employees',
  '10to50employees',
  '51to250employees',
  '251to1000employees',
  '1001to5000employees',
  '5001to10000employees',
  '10001to20000employees',
  'Morethan20000employees',
  '1to50employees',
  '51to500employees',
  'Morethan500employees',
] as const
export const marketplaceIntents = ['HaveNotDecided', 'Yes', 'No'] as const

/** Marketplace leads are told by these two alone; source and call to action must not be used. */
export const isMarketplaceLead = (referral: Referral): boolean => referral.type === 'Independent' && referral.qualification === 'Direct'

export const sharedWithMicrosoft = (referral: Referral): boolean => referral.consent.consentToShareReferralWithMicrosoftSellers === true
