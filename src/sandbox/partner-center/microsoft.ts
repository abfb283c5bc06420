import { reviewed, type Review } from './deal-registration.js'
import { memberOf, type Loose } from './drafts.js'
import { msxNumber } from './inbound.js'
import { msft, type Member, type Referral } from './model.js'
import { invalid, notFound } from './refusal.js'
import { samplePerson } from './samples.js'
import { stageProblem, withStageDates } from './transitions.js'
import type { World } from './world.js'

/** What Microsoft's people and services do. `id`: a referral id, own or Microsoft's, or an engagement id. */
export interface MicrosoftActor {
  accept(id: string, with_?: { readonly msxId?: string; readonly seller?: Loose<Member> }): Referral
  decline(id: string, reason?: string): Referral
  win(id: string): Referral
  lose(id: string, reason?: string): Referral
  addSeller(id: string, seller?: Loose<Member>): Referral
  /** The response window closes now: for Microsoft's referral, or for an own one given by its id. */
  expire(id: string): Referral
  /** The service matched the customer of an own referral to an account. */
  matchCustomer(ownId: string): Referral
  /** Microsoft decides about the registration of an own, won deal. */
  review(ownId: string, status: Review, reason?: string): Referral
}

export function microsoftActor(world: World): MicrosoftActor {
  const { store } = world

  const theirs = (id: string): Referral => {
    const named = store.get(id)
    if (named?.organizationId === msft) return named
    const found = store.ofEngagement(named?.engagementId ?? id).find((referral) => referral.organizationId === msft)
    if (found === undefined) throw invalid(`Microsoft takes no part in '${id}': invite it first.`)
    return found
  }
  const any = (id: string): Referral => {
    const referral = store.get(id)
    if (referral === undefined) throw notFound(id)
    return referral
  }

  const step = (before: Referral, change: Partial<Referral>): Referral => {
    const after = { ...before, ...change }
    const problem = stageProblem(before, after, world.options)
    if (problem !== null) throw invalid(problem)
    return store.replace(withStageDates(before, after, store.now()))
  }

  const close = (id: string, substatus: string, statusReason: string | null): Referral =>
    step(theirs(id), { status: 'Closed', substatus, statusReason })

  return {
    accept(id, { msxId, seller } = {}) {
      const before = theirs(id)
      const microsoftMsxId = msxId ?? `7-${msxNumber(world)}`
      const member = memberOf(seller ?? samplePerson(world.rng, 'microsoft.example'))
      const after = step(before, {
        status: 'Active',
        substatus: 'Accepted',
        trackingInfo: { ...before.trackingInfo, microsoftMsxId },
        team: [...before.team, member],
      })
      if (world.options.msxIdOn === 'both') showOnOwn(world, before.engagementId, microsoftMsxId)
      return after
    },
    decline: (id, reason = 'Project budget not adequate') => close(id, 'Declined', reason),
    win: (id) => close(id, 'Won', null),
    lose: (id, reason = 'Customer chose another vendor') => close(id, 'Lost', reason),
    addSeller(id, seller) {
      const before = theirs(id)
      if (before.status === 'Closed') throw invalid('The referral of Microsoft is closed.')
      return store.replace({ ...before, team: [...before.team, memberOf(seller ?? samplePerson(world.rng, 'microsoft.example'))] })
    },
    expire(id) {
      const before = store.get(id) ?? theirs(id)
      if (before.status !== 'New') throw invalid(`Only an unanswered referral expires; '${before.id}' is ${before.status}.`)
      return store.replace({ ...before, status: 'Closed', substatus: 'Expired', closedDateTime: store.now() })
    },
    matchCustomer(ownId) {
      const before = any(ownId)
      return store.replace({ ...before, customerProfile: { ...before.customerProfile, isMatchingComplete: true } })
    },
    review: (ownId, status, reason) => review(world, any(ownId), { status, reason: reason ?? null }),
  }
}

function showOnOwn({ store, ...world }: World, engagementId: string, microsoftMsxId: string): void {
  const own = store.ofEngagement(engagementId).find(({ organizationId }) => organizationId === world.organization.organizationId)
  if (own !== undefined) store.replace({ ...own, trackingInfo: { ...own.trackingInfo, microsoftMsxId } })
}

function review(world: World, before: Referral, { status, reason }: { status: Review; reason: string | null }): Referral {
  const [registration] = before.registrations
  if (registration === undefined) throw invalid(`'${before.id}' has no deal registration.`)
  const after = reviewed(registration, status, { now: world.store.now(), reason })
  return world.store.replace({ ...before, registrations: [after], registrationStatus: status })
}

/** A seller who answers by chance, some time after a referral reached Microsoft. */
export function answerLater(world: World, actor: MicrosoftActor, referral: Referral): void {
  const { microsoftAnswers } = world.options
  if (microsoftAnswers.kind === 'by-hand' || referral.organizationId !== msft || referral.status !== 'New') return
  const { afterMs, declineRate } = microsoftAnswers
  world.clock.at(world.clock.now() + afterMs, () => {
    if (world.store.get(referral.id)?.status !== 'New') return
    if (world.rng.chance(declineRate)) actor.decline(referral.id)
    else actor.accept(referral.id)
  })
}
