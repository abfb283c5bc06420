import { draftOf, type Frame, type Loose, type LooseReferral } from './drafts.js'
import { msft, type CustomerProfile, type Member, type Referral, type SolutionTag } from './model.js'
import { sampleDeal, samplePerson } from './samples.js'
import { midnightAfter, secondsOf } from './stamps.js'
import type { World } from './world.js'

/** What a person may say about a deal that someone else sends to the partner; the rest is drawn. */
export interface InboundWish {
  readonly name?: string
  readonly customer?: Loose<CustomerProfile>
  readonly dealValue?: number
  readonly currency?: string
  readonly closingDateTime?: string
  readonly notes?: string
  readonly solutions?: readonly Loose<SolutionTag>[]
  readonly mpnId?: string
  readonly helpCode?: string
  /** Services co-sell: the partner program. */
  readonly program?: string
  /** The Microsoft seller, or the person at the inviting partner. */
  readonly sender?: Loose<Member>
  readonly msxId?: string
}

export interface Inviter {
  readonly organizationId: string
  readonly organizationName: string
}

export interface Engagement {
  readonly engagementId: string
  /** The partner's own referral. */
  readonly own: Referral
  /** The sender's referral of the same engagement; leads have none. */
  readonly theirs: Referral | null
}

/**
 * Everything that comes from outside.
 * Source of the kinds: learn.microsoft.com/partner-center/developer/referrals-api-introduction, read 2023-10.
 */
export interface Inbound {
  coSell(wish?: InboundWish): Engagement
  partnerToPartner(wish?: InboundWish & { readonly partner?: Inviter }): Engagement
  qualifiedLead(wish?: InboundWish): Engagement
  marketplaceLead(wish?: InboundWish & { readonly source?: string; readonly callToAction?: string }): Engagement
}

export function inbound(world: World): Inbound {
  const { rng, store, organization } = world
  return {
    coSell(wish = {}) {
      const by = { organizationId: msft, organizationName: 'Microsoft' }
      const engagementId = rng.guid()
      const seller = wish.sender ?? samplePerson(rng, 'microsoft.example')
      const given = shared(sampleDeal(world, deal(wish)), { by, helpCode: wish.helpCode ?? 'GeneralOrOther' })
      const trackingInfo = { microsoftMsxId: wish.msxId ?? `7-${msxNumber(world)}` }
      const frame = receiver(world, engagementId, { substatus: 'Pending', mpnId: wish.mpnId ?? null })
      // Ours first: an event about theirs is only meant for us once we have a referral of our own in the engagement.
      const own = store.add(draftOf({ ...given, team: [] }, frame))
      const theirs = store.add(draftOf({ ...given, team: [seller], trackingInfo }, sender(engagementId, by)))
      return { engagementId, own, theirs }
    },

    partnerToPartner(wish = {}) {
      const by = wish.partner ?? { organizationId: rng.guid(), organizationName: 'Proseware Consulting' }
      const engagementId = rng.guid()
      const given = shared(sampleDeal(world, deal(wish)), { by, helpCode: 'Unknown' })
      const team = [wish.sender ?? samplePerson(rng, 'proseware.example')]
      const frame = receiver(world, engagementId, { substatus: 'Pending', mpnId: wish.mpnId ?? null })
      const own = store.add(draftOf({ ...given, team: [] }, frame))
      const theirs = store.add(draftOf({ ...given, team }, sender(engagementId, by)))
      return { engagementId, own, theirs }
    },

    qualifiedLead(wish = {}) {
      const by = { organizationId: msft, organizationName: 'Microsoft' }
      const engagementId = rng.guid()
      const given: LooseReferral = {
        ...sampleDeal(world, deal(wish)),
        type: 'Independent',
        qualification: 'MarketingQualified',
        team: [],
        inviteContext: { invitedBy: by, invitedMpnId: wish.mpnId ?? organization.mpnIds[0] },
      }
      const own = store.add(draftOf(given, receiver(world, engagementId, { substatus: 'Received', mpnId: wish.mpnId ?? null })))
      return { engagementId, own, theirs: null }
    },

    marketplaceLead(wish = {}) {
      const engagementId = rng.guid()
      const callToAction = wish.callToAction ?? 'ContactMe'
      const given = marketplaceDeal(world, wish, { source: wish.source ?? 'AzureMarketplace', callToAction })
      const frame = receiver(world, engagementId, { substatus: 'Received', mpnId: wish.mpnId ?? null })
      // Only "Contact me" waits for an answer; the other actions of the marketplace need none.
      const own = store.add(draftOf(given, callToAction === 'ContactMe' ? frame : { ...frame, expirationDateTime: null }))
      return { engagementId, own, theirs: null }
    },
  }
}

function marketplaceDeal(world: World, wish: InboundWish, about: { source: string; callToAction: string }): LooseReferral {
  const sample = sampleDeal(world, deal(wish))
  const contact = { ...samplePerson(world.rng, 'customer.example'), emailValidationStatus: 'Valid', phoneValidationStatus: 'Unknown' }
  return {
    ...sample,
    type: 'Independent',
    qualification: 'Direct',
    team: [],
    referralSource: about.source,
    callToAction: about.callToAction,
    quality: 'High',
    customerProfile: { ...sample.customerProfile, team: wish.customer?.team ?? [contact] },
    inviteContext: { invitedBy: { organizationId: msft, organizationName: 'Microsoft' } },
  }
}

function deal(wish: InboundWish): LooseReferral {
  const { dealValue, currency, closingDateTime, notes, solutions } = wish
  return {
    ...(wish.name === undefined ? {} : { name: wish.name }),
    ...(wish.customer === undefined ? {} : { customerProfile: wish.customer }),
    ...(wish.program === undefined ? {} : { referralProgram: wish.program }),
    details: {
      ...(dealValue === undefined ? {} : { dealValue }),
      ...(currency === undefined ? {} : { currency }),
      ...(closingDateTime === undefined ? {} : { closingDateTime }),
      ...(notes === undefined ? {} : { notes }),
      ...(solutions === undefined ? {} : { requirements: { solutions } }),
    },
  }
}

function shared(given: LooseReferral, about: { by: Inviter; helpCode: string }): LooseReferral {
  return {
    ...given,
    type: 'Shared',
    consent: { ...given.consent, consentToShareReferralWithMicrosoftSellers: true },
    inviteContext: { notes: 'Looking forward to working together.', assistanceRequestCode: about.helpCode, invitedBy: about.by },
  }
}

function sender(engagementId: string, by: Inviter): Frame {
  return {
    engagementId,
    ...by,
    status: 'Active',
    substatus: 'Accepted',
    direction: 'Incoming',
    expirationDateTime: null,
    mpnId: null,
  }
}

function receiver(world: World, engagementId: string, about: { substatus: 'Pending' | 'Received'; mpnId: string | null }): Frame {
  const { organization, options, clock } = world
  return {
    engagementId,
    organizationId: organization.organizationId,
    organizationName: organization.organizationName,
    status: 'New',
    substatus: about.substatus,
    direction: 'Incoming',
    expirationDateTime: secondsOf(midnightAfter(clock.now(), options.responseWindowDays)),
    mpnId: about.mpnId ?? organization.mpnIds[0],
  }
}

export const msxNumber = (world: World): string => world.rng.guid().replaceAll('-', '').slice(0, 10).toUpperCase()
