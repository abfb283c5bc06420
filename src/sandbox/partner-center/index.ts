import type { SandboxClock } from '../clock.js'
import { faults, type Faults } from '../faults.js'
import type { SimHandler, SimSend } from '../http.js'
import type { SandboxRng } from '../rng.js'
import { webhookSigner, type WebhookSigner } from '../signing.js'
import { gate, type VerifyToken } from './access.js'
import { callLog, type Calls } from './calls.js'
import { deliveries, type Deliveries } from './deliveries.js'
import { draftOf } from './drafts.js'
import { raise } from './events.js'
import { inbound, type Inbound } from './inbound.js'
import { answerLater, microsoftActor, type MicrosoftActor } from './microsoft.js'
import type { Organization, Referral } from './model.js'
import { partnerCenterDefaults, type PartnerCenterOptions } from './options.js'
import { portalPerson, type PortalPerson } from './portal.js'
import type { ProfileFacts } from './profiles.js'
import { router } from './router.js'
import { sampleDeal } from './samples.js'
import { store, type Change } from './store.js'
import { webhookApi, type WebhookApi } from './webhook-registration.js'
import { baseFinder, type World } from './world.js'

export { platformAudience, referralsAudience, type VerifyToken } from './access.js'
export type { Call, Calls } from './calls.js'
export type { Attempt, Deliveries, WebhookEvent, WebhookRegistration } from './deliveries.js'
export type { LooseReferral } from './drafts.js'
export type { Engagement, Inbound, InboundWish } from './inbound.js'
export type { MicrosoftActor } from './microsoft.js'
export type { Organization, Referral } from './model.js'
export { partnerCenterDefaults, type PartnerCenterOptions } from './options.js'
export type { Invitation, PortalEdit, PortalPerson } from './portal.js'
export { Refused } from './refusal.js'

export interface PartnerCenterWorld {
  readonly clock: SandboxClock
  readonly rng: SandboxRng
  /** Who checks tokens: `entra(…).verify`, or a stand-in. */
  readonly verify: VerifyToken
  /** Partner Center roles of a person; absent: everyone is Referrals admin and Admin agent. */
  readonly rolesOf?: (email: string) => readonly string[]
  /** How webhook deliveries leave. */
  readonly send: SimSend
  /** Absent: the genuine test certificate, made on first use. */
  readonly signer?: WebhookSigner
  readonly organization?: Partial<Organization>
  readonly options?: Partial<PartnerCenterOptions>
}

/** A simulated Partner Center of one partner: referrals, webhooks and profiles behind one handler. */
export interface PartnerCenter {
  readonly handle: SimHandler
  readonly options: PartnerCenterOptions
  readonly faults: Faults
  readonly organization: Organization
  /** Facts the profile endpoints show. */
  readonly facts: ProfileFacts
  readonly calls: Calls
  readonly deliveries: Deliveries
  readonly webhook: Pick<WebhookApi, 'current' | 'set'>
  readonly microsoft: MicrosoftActor
  readonly portal: PortalPerson
  readonly inbound: Inbound
  referral(id: string): Referral | undefined
  referrals(): IterableIterator<Referral>
  engagement(engagementId: string): readonly Referral[]
  /** How many referrals there are, of everyone. */
  size(): number
  /** Takes a referral out of the caller's location scope, or puts it back. */
  hide(id: string): void
  reveal(id: string): void
  /** Fills the partner with own deals of the past; no events are raised. Returns their ids, oldest first. */
  seed(count: number, spreadMs?: number): readonly string[]
}

const exampleOrganization: Organization = {
  organizationId: '77b9d0de-4f0e-4cf7-a1d2-2b8e6a1f4c55',
  organizationName: 'Example ISV',
  tenantId: '77b9d0de-4f0e-4cf7-a1d2-2b8e6a1f4c55',
  mpnIds: ['1234567'],
  domain: 'partner.example',
  country: 'US',
}

export function partnerCenter(given: PartnerCenterWorld): PartnerCenter {
  const { clock, rng } = given
  const options: PartnerCenterOptions = { ...partnerCenterDefaults, ...given.options }
  const organization: Organization = { ...exampleOrganization, ...given.organization }
  const onChange = (change: Change): void => {
    raise(world, change, { deliveries: outbox, registration: webhook.current() })
    if (change.kind === 'created') answerLater(world, microsoft, change.referral)
  }
  const world: World = {
    clock,
    rng,
    options,
    organization,
    store: store({ clock, rng, options, onChange }),
    hidden: new Set(),
    baseOf: baseFinder(options),
  }
  const signer = given.signer ?? webhookSigner()
  const outbox = deliveries(world, { send: given.send, signer })
  const webhook = webhookApi(world, () => outbox)
  const microsoft = microsoftActor(world)
  const calls = callLog()
  const rules = faults(rng)
  const facts: ProfileFacts = { vettingStatus: 'authorized', vettingSubStatus: 'none', email: `admin@${organization.domain}` }
  const guard = gate(world, { verify: given.verify, rolesOf: given.rolesOf ?? (() => ['ReferralsAdmin', 'AdminAgent']) })

  return {
    handle: router(world, { guard, webhook, calls, faults: rules, facts, signer, deliveries: outbox }),
    options,
    faults: rules,
    organization,
    facts,
    calls,
    deliveries: outbox,
    webhook,
    microsoft,
    portal: portalPerson(world),
    inbound: inbound(world),
    referral: (id) => world.store.get(id),
    referrals: () => world.store.all(),
    engagement: (engagementId) => world.store.ofEngagement(engagementId),
    size: () => world.store.size(),
    hide: (id) => void world.hidden.add(id),
    reveal: (id) => void world.hidden.delete(id),
    seed: (count, spreadMs = 180 * 86_400_000) => seeded(world, count, spreadMs),
  }
}

function seeded(world: World, count: number, spreadMs: number): readonly string[] {
  const { organization, rng, clock } = world
  const invitedBy = { organizationId: organization.organizationId, organizationName: organization.organizationName }
  const firstMs = clock.now() - spreadMs
  return Array.from({ length: count }, (_, index) => {
    const shared = rng.chance(0.5)
    const consent = { consentToShareReferralWithMicrosoftSellers: shared }
    const deal = sampleDeal(world, { type: shared ? 'Shared' : 'Independent', consent })
    const draft = draftOf(
      { ...deal, inviteContext: { invitedBy, invitedMpnId: organization.mpnIds[0] } },
      {
        engagementId: rng.guid(),
        ...invitedBy,
        status: 'Active',
        substatus: 'Accepted',
        direction: world.options.selfCreatedDirection,
        expirationDateTime: null,
        mpnId: organization.mpnIds[0],
      },
    )
    return world.store.addSilently(draft, firstMs + Math.floor((spreadMs * index) / count)).id
  })
}
