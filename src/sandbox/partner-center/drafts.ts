import {
  noIot,
  noPreference,
  noTracking,
  type Address,
  type Attribute,
  type Consent,
  type CustomerProfile,
  type Details,
  type InviteContext,
  type Member,
  type Requirements,
  type SolutionTag,
  type Tag,
  type Target,
} from './model.js'
import type { Draft } from './store.js'

/** An object of a bound body: the right properties with the right types, any of them absent or null. */
export type Loose<T> = { readonly [K in keyof T]?: Loose<T[K]> | null }

/** A whole referral from what a body or a person gave; everything else as the service fills it. */
export type LooseReferral = Loose<Omit<Draft, 'acceptedDateTime'>>

export interface Frame {
  readonly engagementId: string
  readonly organizationId: string
  readonly organizationName: string
  readonly status: 'New' | 'Active'
  readonly substatus: 'Pending' | 'Received' | 'Accepted'
  readonly direction: string
  readonly expirationDateTime: string | null
  readonly mpnId: string | null
}

export function draftOf(given: LooseReferral, frame: Frame): Draft {
  return {
    id: '',
    engagementId: frame.engagementId,
    name: given.name ?? null,
    organizationId: frame.organizationId,
    organizationName: frame.organizationName,
    lastModifiedVia: given.lastModifiedVia ?? null,
    lastRunId: given.lastRunId ?? null,
    externalReferenceId: given.externalReferenceId ?? null,
    createdDateTime: '',
    updatedDateTime: '',
    expirationDateTime: frame.expirationDateTime,
    status: frame.status,
    substatus: frame.substatus,
    statusReason: given.statusReason ?? null,
    qualification: given.qualification ?? 'None',
    type: given.type ?? 'Independent',
    referralSource: given.referralSource ?? null,
    eTag: '',
    favorite: given.favorite ?? false,
    campaignId: given.campaignId ?? null,
    salesStage: given.salesStage ?? null,
    quality: given.quality ?? 'Unknown',
    isSpam: given.isSpam ?? false,
    direction: frame.direction,
    mpnId: frame.mpnId,
    referralProgram: given.referralProgram ?? null,
    dealSensitivity: 'None',
    createdVia: null,
    tags: none,
    acceptedDateTime: frame.status === 'Active' ? 'now' : null,
    closedDateTime: null,
    callToAction: given.callToAction ?? null,
    registrationStatus: 'None',
    target: all(given.target, (target): Target => ({ type: target.type ?? 'None', id: target.id ?? '' })),
    customerProfile: customerOf(given.customerProfile ?? {}),
    consent: consentOf(given.consent ?? {}),
    details: detailsOf(given.details ?? {}),
    team: all(given.team, memberOf),
    inviteContext: inviteOf(given.inviteContext ?? {}),
    trackingInfo: { ...noTracking, ...given.trackingInfo },
    registrations: none,
  }
}

// One empty list for all records that have none of a thing; nothing is ever added to a list in place.
const none: readonly never[] = []

// A bound list may hold anything its shape allows, also nothing at all.
type LooseList<T> = readonly (Loose<T> | null | undefined)[] | null | undefined

function all<T>(items: LooseList<T>, whole: (item: Loose<T>) => T): readonly T[] {
  if (items == null || items.length === 0) return none
  return items.map((item) => whole(item ?? ({} as Loose<T>))) // every property of a loose record may be absent
}

export function memberOf(member: Loose<Member>): Member {
  const { contactPreference: preference } = member
  return {
    firstName: member.firstName ?? null,
    lastName: member.lastName ?? null,
    phoneNumber: member.phoneNumber ?? null,
    email: member.email ?? null,
    title: member.title ?? null,
    contactPreference:
      preference == null
        ? noPreference
        : { locale: preference.locale ?? null, disableNotifications: preference.disableNotifications ?? null },
    ...(member.emailValidationStatus == null ? {} : { emailValidationStatus: member.emailValidationStatus }),
    ...(member.phoneValidationStatus == null ? {} : { phoneValidationStatus: member.phoneValidationStatus }),
  }
}

export const membersOf = (items: LooseList<Member>): readonly Member[] => all(items, memberOf)

function customerOf(customer: Loose<CustomerProfile>): CustomerProfile {
  const address = customer.address ?? {}
  const whole: Address = {
    addressLine1: address.addressLine1 ?? null,
    addressLine2: address.addressLine2 ?? null,
    city: address.city ?? null,
    state: address.state ?? null,
    postalCode: address.postalCode ?? null,
    country: address.country ?? null,
    region: address.region ?? null,
  }
  return {
    name: customer.name ?? null,
    size: customer.size ?? null,
    isMatchingComplete: false,
    address: whole,
    team: membersOf(customer.team),
    ids: all(customer.ids, (id): CustomerProfile['ids'][number] => ({ profileType: id.profileType ?? '', id: id.id ?? '' })),
  }
}

function consentOf(consent: Loose<Consent>): Consent {
  return {
    consentToToShareInfoWithOthers: consent.consentToToShareInfoWithOthers ?? null,
    consentToContact: consent.consentToContact ?? null,
    consentToMicrosoftToContactSpecificPartners: consent.consentToMicrosoftToContactSpecificPartners ?? null,
    consentToShareReferralWithMicrosoftSellers: consent.consentToShareReferralWithMicrosoftSellers ?? null,
  }
}

export function solutionOf(solution: Loose<SolutionTag>): SolutionTag {
  return {
    id: solution.id ?? '',
    name: solution.name ?? null,
    type: solution.type ?? 'Name',
    price: solution.price ?? null,
    quantity: solution.quantity ?? null,
    currency: solution.currency ?? null,
    publisherName: solution.publisherName ?? null,
    solutionType: solution.solutionType ?? null,
    closingDateTime: solution.closingDateTime ?? null,
  }
}

export const solutionsOf = (items: LooseList<SolutionTag>): readonly SolutionTag[] => all(items, solutionOf)

type Additional = Requirements['additionalRequirements']

export function additionalOf(additional: Loose<Additional>): Additional {
  const iot = additional.iot ?? {}
  return {
    iot:
      Object.keys(iot).length === 0
        ? noIot
        : {
            customerLicenseAgreementNumber: iot.customerLicenseAgreementNumber ?? null,
            deviceCategory: iot.deviceCategory ?? null,
            siliconType: iot.siliconType ?? null,
            azureCertifiedDevice: iot.azureCertifiedDevice ?? false,
            attachServices: iot.attachServices ?? false,
          },
    attributes: all(additional.attributes, (attribute): Attribute => ({ type: attribute.type ?? '', id: attribute.id ?? '' })),
  }
}

function detailsOf(details: Loose<Details>): Details {
  const requirements = details.requirements ?? {}
  const tag = (item: Loose<Tag>): Tag => ({ id: item.id ?? '' })
  return {
    notes: details.notes ?? null,
    dealValue: details.dealValue ?? null,
    currency: details.currency ?? null,
    closingDateTime: details.closingDateTime ?? null,
    customerRequestedContact: details.customerRequestedContact ?? null,
    customerAction: details.customerAction ?? null,
    incentiveLevel: details.incentiveLevel ?? null,
    requirements: {
      industries: all(requirements.industries, tag),
      products: all(requirements.products, tag),
      services: all(requirements.services, tag),
      solutions: solutionsOf(requirements.solutions),
      offers: Array.isArray(requirements.offers) ? requirements.offers : none,
      salesPlays: Array.isArray(requirements.salesPlays) ? requirements.salesPlays : none,
      additionalRequirements: additionalOf(requirements.additionalRequirements ?? {}),
    },
  }
}

function inviteOf(invite: Loose<InviteContext>): InviteContext {
  const by = invite.invitedBy ?? {}
  return {
    notes: invite.notes ?? null,
    assistanceRequestCode: invite.assistanceRequestCode ?? 'Unknown',
    invitedMpnId: invite.invitedMpnId ?? null,
    invitedBy: { organizationId: by.organizationId ?? null, organizationName: by.organizationName ?? null },
  }
}
