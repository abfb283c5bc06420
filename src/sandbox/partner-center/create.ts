import { newReferral } from './body-shapes.js'
import { addressedToMicrosoft, createProblems } from './create-rules.js'
import { draftOf, type LooseReferral } from './drafts.js'
import { msft, sharedWithMicrosoft, type Referral } from './model.js'
import { invalid } from './refusal.js'
import { bind, type Binding } from './shapes.js'
import { midnightAfter, secondsOf } from './stamps.js'
import type { World } from './world.js'

/**
 * Makes the referral a body asks for: the own one, or the connected one for Microsoft.
 * Source: learn.microsoft.com/partner-center/developer/create-a-referral, read 2023-10.
 */
export function createReferral(world: World, body: unknown): Referral {
  const given = bound(world, body)
  const absent = (['type', 'customerProfile', 'consent', 'details'] as const).filter((name) => given[name] == null)
  if (absent.length > 0) throw invalid(`One or more mandatory fields are missing: ${absent.join('; ')}`)
  const target = (given.target ?? []) as readonly { readonly type: string; readonly id: string }[] // its shape was bound
  if (addressedToMicrosoft(target)) return forMicrosoft(world, given)
  const foreign = target.find(({ type }) => type === 'BusinessProfileLocation')
  if (foreign !== undefined) throw invalid(`The target '${foreign.id}' cannot be invited.`, 'target')
  if (given.engagementId != null) throw invalid('An engagement id stands only on a referral for Microsoft.', 'engagementId')
  return own(world, given)
}

function bound(world: World, body: unknown): LooseReferral {
  const problems: string[] = []
  const binding: Binding = { coercion: 'none', unknown: world.options.unknownProperties, problems }
  const given = bind(newReferral, body, '', binding)
  if (problems.length > 0) throw invalid(problems.join('; '))
  return (given ?? {}) // bound to the shape of a new referral
}

function own(world: World, given: LooseReferral): Referral {
  const { organization, options } = world
  const draft = draftOf(given, {
    engagementId: world.rng.guid(),
    organizationId: organization.organizationId,
    organizationName: organization.organizationName,
    // An own deal starts accepted, whatever status was posted.
    status: 'Active',
    substatus: 'Accepted',
    direction: options.selfCreatedDirection,
    expirationDateTime: null,
    mpnId: given.mpnId ?? organization.mpnIds[0],
  })
  const invitedBy = { organizationId: organization.organizationId, organizationName: organization.organizationName }
  const whole = { ...draft, inviteContext: { ...draft.inviteContext, invitedMpnId: draft.mpnId, invitedBy } }
  check(world, whole, { forMicrosoft: false, mpnIdGiven: given.mpnId != null })
  return world.store.add(whole)
}

/** The second step of a co-sell: a referral of Microsoft's in our engagement. */
function forMicrosoft(world: World, given: LooseReferral): Referral {
  const { organization, options, store } = world
  if (given.engagementId == null) throw invalid('A referral for Microsoft needs the engagement id of the own referral.', 'engagementId')
  const engagementId = given.engagementId.toLowerCase()
  const members = store.ofEngagement(engagementId)
  const mine = members.find((referral) => referral.organizationId === organization.organizationId)
  if (mine === undefined) throw invalid(`The engagement '${given.engagementId}' does not exist.`, 'engagementId')
  if (mine.status === 'Closed') throw invalid('Microsoft cannot be invited to a deal that is closed.', 'engagementId')
  if (members.some((referral) => referral.organizationId === msft) && options.secondMicrosoftReferral === 'refused') {
    throw invalid('Microsoft already takes part in this engagement.', 'engagementId')
  }
  if (options.helpCodeOn === 'own-referral' && mine.inviteContext.assistanceRequestCode === 'Unknown') {
    throw invalid('The help needed from Microsoft (assistanceRequestCode) is required on the own referral.', 'inviteContext')
  }
  const draft = draftOf(given, {
    engagementId,
    organizationId: msft,
    organizationName: 'Microsoft',
    status: 'New',
    substatus: 'Pending',
    direction: 'Outgoing',
    expirationDateTime: secondsOf(midnightAfter(world.clock.now(), options.responseWindowDays)),
    mpnId: given.mpnId ?? mine.mpnId,
  })
  const invitedBy = { organizationId: organization.organizationId, organizationName: organization.organizationName }
  const whole = { ...draft, inviteContext: { ...draft.inviteContext, invitedBy } }
  check(world, whole, { forMicrosoft: true, mpnIdGiven: true })
  const referral = store.add(whole)
  // Asking for help implies sharing: a private deal becomes visible to sellers with the invitation.
  if (!sharedWithMicrosoft(mine)) {
    store.replace({ ...mine, consent: { ...mine.consent, consentToShareReferralWithMicrosoftSellers: true } })
  }
  return referral
}

function check(world: World, draft: Parameters<typeof createProblems>[0], about: { forMicrosoft: boolean; mpnIdGiven: boolean }): void {
  if (world.options.createRules === 'documented') return
  const problems = createProblems(draft, { options: world.options, organization: world.organization, ...about })
  if (problems.length > 0) throw invalid(problems.join('; '))
}
