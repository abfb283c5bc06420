import { isOwn } from './access.js'
import { createReferral } from './create.js'
import { membersOf, solutionsOf, type Loose, type LooseReferral } from './drafts.js'
import { msft, type Attribute, type Member, type Referral, type SolutionTag } from './model.js'
import { commitEdit } from './patch.js'
import { denied, invalid, notFound } from './refusal.js'
import { sampleDeal } from './samples.js'
import type { World } from './world.js'

/** What the portal's form lets a person change; what is left out stays. */
export interface PortalEdit {
  readonly name?: string
  readonly dealValue?: number
  readonly currency?: string
  readonly closingDateTime?: string
  readonly notes?: string
  readonly externalReferenceId?: string | null
  readonly campaignId?: string | null
  readonly referralProgram?: string | null
  readonly salesStage?: string | null
  readonly marketplaceIntent?: 'HaveNotDecided' | 'Yes' | 'No'
  readonly favorite?: boolean
  readonly team?: readonly Loose<Member>[]
  readonly solutions?: readonly Loose<SolutionTag>[]
  readonly customerTeam?: readonly Loose<Member>[]
}

export interface Invitation {
  readonly helpCode?: string
  readonly notes?: string
}

export interface Created {
  readonly own: Referral
  /** Microsoft's referral of a co-sell. */
  readonly theirs: Referral | null
}

/**
 * A person of the partner at work in the Partner Center portal. Meets the same rules as the API and throws the same refusals.
 * Source: learn.microsoft.com/partner-center/manage-co-sell-opportunities, read 2023-10.
 */
export interface PortalPerson {
  /** A new deal: private, shared with Microsoft, or with help from Microsoft. What is not given is drawn. */
  create(kind: 'private' | 'partner-led' | 'co-sell', deal?: LooseReferral, invitation?: Invitation): Created
  edit(id: string, edit: PortalEdit): Referral
  accept(id: string, edit?: PortalEdit): Referral
  decline(id: string, reason?: string): Referral
  win(id: string): Referral
  lose(id: string, reason?: string): Referral
  closeAsError(id: string, reason?: string): Referral
  /** Makes a private deal visible to Microsoft sellers. */
  share(id: string): Referral
  /** Asks Microsoft for help; returns Microsoft's referral. */
  inviteMicrosoft(id: string, invitation?: Invitation): Referral
}

export function portalPerson(world: World): PortalPerson {
  const own = (id: string): Referral => {
    const referral = world.store.get(id)
    if (referral === undefined) throw notFound(id)
    if (!isOwn(world, referral)) throw denied(`The referral '${id}' belongs to ${referral.organizationName}.`)
    return referral
  }
  const change = (id: string, make: (before: Referral) => Referral): Referral => {
    const before = own(id)
    if (before.status === 'Closed') throw invalid(`The referral '${id}' is closed and cannot be changed any more.`)
    return commitEdit(world, before, { ...make(before), lastModifiedVia: null })
  }
  const close = (id: string, substatus: string, statusReason: string | null): Referral =>
    change(id, (before) => ({ ...before, status: 'Closed', substatus, statusReason }))

  const inviteMicrosoft = (id: string, { helpCode = 'GeneralOrOther', notes = 'Please join us.' }: Invitation = {}): Referral => {
    const { engagementId, name, mpnId, customerProfile, details, team, qualification, consent } = own(id)
    const { isMatchingComplete: _matching, ...customer } = customerProfile
    return createReferral(world, {
      engagementId,
      name,
      mpnId,
      type: 'Shared',
      qualification,
      customerProfile: customer,
      details,
      team,
      consent: { ...consent, consentToShareReferralWithMicrosoftSellers: true },
      target: [{ type: 'BusinessProfileLocation', id: msft }],
      inviteContext: { assistanceRequestCode: helpCode, notes },
    })
  }

  return {
    create(kind, deal = {}, invitation = {}) {
      const consent = { ...deal.consent, consentToShareReferralWithMicrosoftSellers: kind !== 'private' }
      const type = kind === 'private' ? 'Independent' : 'Shared'
      const made = createReferral(world, sampleDeal(world, { ...deal, type, consent }))
      const theirs = kind === 'co-sell' ? inviteMicrosoft(made.id, invitation) : null
      return { own: made, theirs }
    },
    edit: (id, edit) => change(id, (before) => edited(before, edit)),
    accept: (id, edit = {}) => change(id, (before) => ({ ...edited(before, edit), status: 'Active', substatus: 'Accepted' })),
    decline: (id, reason = 'Project budget not adequate') => close(id, 'Declined', reason),
    win: (id) => close(id, 'Won', null),
    lose: (id, reason = 'Customer chose another vendor') => close(id, 'Lost', reason),
    closeAsError: (id, reason = 'Test referral') => close(id, 'Error', reason),
    share: (id) =>
      change(id, (before) => ({ ...before, consent: { ...before.consent, consentToShareReferralWithMicrosoftSellers: true } })),
    inviteMicrosoft,
  }
}

function edited(before: Referral, edit: PortalEdit): Referral {
  const { details } = before
  const solutions = edit.solutions === undefined ? details.requirements.solutions : solutionsOf(edit.solutions)
  const additional = details.requirements.additionalRequirements
  const { marketplaceIntent: intent } = edit
  const attributes = intent === undefined ? additional.attributes : withIntent(additional.attributes, intent)
  const { customerProfile: customer } = before
  return {
    ...before,
    name: edit.name ?? before.name,
    externalReferenceId: edit.externalReferenceId === undefined ? before.externalReferenceId : edit.externalReferenceId,
    campaignId: edit.campaignId === undefined ? before.campaignId : edit.campaignId,
    referralProgram: edit.referralProgram === undefined ? before.referralProgram : edit.referralProgram,
    salesStage: edit.salesStage === undefined ? before.salesStage : edit.salesStage,
    favorite: edit.favorite ?? before.favorite,
    team: edit.team === undefined ? before.team : membersOf(edit.team),
    customerProfile: edit.customerTeam === undefined ? customer : { ...customer, team: membersOf(edit.customerTeam) },
    details: {
      ...details,
      dealValue: edit.dealValue ?? details.dealValue,
      currency: edit.currency ?? details.currency,
      closingDateTime: edit.closingDateTime ?? details.closingDateTime,
      notes: edit.notes ?? details.notes,
      requirements: { ...details.requirements, solutions, additionalRequirements: { ...additional, attributes } },
    },
  }
}

function withIntent(attributes: readonly Attribute[], intent: string): readonly Attribute[] {
  const others = attributes.filter(({ type }) => type !== 'CustomerMarketplaceIntent')
  return [...others, { type: 'CustomerMarketplaceIntent', id: intent }]
}
