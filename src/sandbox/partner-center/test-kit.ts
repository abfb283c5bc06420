import { handClock, type HandClock } from '../clock.js'
import type { SimResponse, SimSend } from '../http.js'
import { seededRng } from '../rng.js'
import { unsignedWebhooks, type WebhookSigner } from '../signing.js'
import type { CallerClaims, VerifyToken } from './access.js'
import { partnerCenter, platformAudience, referralsAudience, type PartnerCenter, type PartnerCenterOptions } from './index.js'

/** What the tests of this folder share: a Partner Center on a hand-turned clock, and tokens that need no Entra ID. */
export const startMs = Date.parse('2026-08-03T09:00:00Z')
export const tenantId = '77b9d0de-4f0e-4cf7-a1d2-2b8e6a1f4c55'

export type JsonObject = Record<string, unknown>

export interface Answered {
  readonly status: number
  readonly json: JsonObject
  readonly headers: SimResponse['headers']
  readonly response: SimResponse
}

export interface Delivered {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly event: JsonObject
}

export interface Kit {
  readonly clock: HandClock
  readonly simulator: PartnerCenter
  readonly delivered: Delivered[]
  /** What the webhook's receiver answers next; throws are lost connections. */
  receiver: (delivered: Delivered) => number
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answered>
  /** Lets promises and due jobs of the clock run out. */
  settle(advanceMs?: number): Promise<void>
}

/** A token of the tests is its claims in JSON; `aud` and `expired` stand among them. */
export function bearer(claims: Partial<CallerClaims> & { aud?: string; expired?: true } = {}): string {
  return `Bearer ${JSON.stringify({ tid: tenantId, appid: 'app', upn: 'ana@partner.example', amr: ['pwd', 'mfa'], ...claims })}`
}

const verify: VerifyToken = (authorization, audience) => {
  if (authorization === undefined) return { ok: false, reason: 'missing' }
  if (!authorization.startsWith('Bearer {')) return { ok: false, reason: 'malformed' }
  // Written by bearer() above.
  const { aud, expired, upn, ...claims } = JSON.parse(authorization.slice('Bearer '.length)) as CallerClaims & {
    aud?: string
    expired?: true
  }
  if (expired) return { ok: false, reason: 'expired' }
  if (aud !== undefined && aud !== audience) return { ok: false, reason: 'audience' }
  return { ok: true, claims: upn === undefined || upn === '' ? claims : { ...claims, upn } }
}

export function kit(
  options: Partial<PartnerCenterOptions> = {},
  more: { signer?: WebhookSigner; rolesOf?: (email: string) => readonly string[]; seed?: number } = {},
): Kit {
  const clock = handClock(startMs)
  const delivered: Delivered[] = []
  const send: SimSend = (url, { headers, body }) => {
    const event = JSON.parse(body.toString()) as JsonObject // an object, by the simulator's own hand
    const item: Delivered = { url, headers, body, event }
    delivered.push(item)
    return new Promise((resolve) => resolve({ status: made.receiver(item) }))
  }
  const simulator = partnerCenter({
    clock,
    rng: seededRng(more.seed ?? 1),
    verify,
    send,
    signer: more.signer ?? unsignedWebhooks,
    organization: { tenantId, mpnIds: ['1234567', '7654321'] },
    options,
    ...(more.rolesOf === undefined ? {} : { rolesOf: more.rolesOf }),
  })
  const made: Kit = {
    clock,
    simulator,
    delivered,
    receiver: () => 200,
    async call(method, path, body, headers = {}) {
      const whole = path.startsWith('/') ? path : `/v1.0/engagements/referrals${path === '' || path.startsWith('?') ? path : `/${path}`}`
      const audience = whole.startsWith('/v1.0/') ? referralsAudience : platformAudience
      const response = await simulator.handle({
        method,
        path: whole,
        headers: {
          host: 'pc.test',
          authorization: bearer({ aud: audience }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        body: body === undefined ? Buffer.alloc(0) : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)),
      })
      const text = response.body.toString()
      return {
        status: response.status,
        // The simulator answers objects; tests look at their members.
        json: /^[[{]/.test(text) ? (JSON.parse(text) as JsonObject) : {},
        headers: response.headers,
        response,
      }
    },
    async settle(advanceMs = 0) {
      clock.advance(advanceMs)
      // A delivery and its answer are two promises apart; a timer turn lets all of them pass.
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
  return made
}

/** A body that satisfies every rule for an own deal. */
export function privateDeal(changes: JsonObject = {}): JsonObject {
  return {
    name: 'Nordwind - analytics rollout',
    externalReferenceId: 'OPP-104233',
    type: 'Independent',
    qualification: 'SalesQualified',
    mpnId: '1234567',
    customerProfile: {
      name: 'Nordwind Handels GmbH',
      address: { addressLine1: 'Lindenallee 7', addressLine2: '', city: 'Hamburg', state: 'HH', postalCode: '20095', country: 'DE' },
      size: '251to1000employees',
      team: [{ firstName: 'Mara', lastName: 'Vogt', phoneNumber: '+494012345', email: 'mara.vogt@nordwind.example' }],
      ids: [{ profileType: 'Duns', id: '123456789' }],
    },
    consent: {
      consentToToShareInfoWithOthers: true,
      consentToContact: true,
      consentToMicrosoftToContactSpecificPartners: true,
      consentToShareReferralWithMicrosoftSellers: false,
    },
    details: {
      notes: 'Wants a managed reporting platform before Q4.',
      dealValue: 84_000,
      currency: 'EUR',
      closingDateTime: '2026-11-30T00:00:00Z',
      requirements: {
        industries: [{ id: 'Retail & Consumer Goods' }],
        solutions: [{ id: 'SOL-12345-ABC', name: 'Example Insights', type: 'Name', publisherName: 'Example ISV', solutionType: '3P' }],
        additionalRequirements: { iot: {}, attributes: [{ type: 'CustomerMarketplaceIntent', id: 'HaveNotDecided' }] },
      },
    },
    team: [{ firstName: 'Jon', lastName: 'Reyes', phoneNumber: '+12065550101', email: 'jon.reyes@partner.example' }],
    target: [],
    ...changes,
  }
}

const shared = {
  consentToToShareInfoWithOthers: true,
  consentToContact: true,
  consentToShareReferralWithMicrosoftSellers: true,
}

export const sharedDeal = (changes: JsonObject = {}): JsonObject => privateDeal({ type: 'Shared', consent: shared, ...changes })

/** The second step of a co-sell. */
export const invitation = (engagementId: unknown, changes: JsonObject = {}): JsonObject =>
  sharedDeal({
    engagementId,
    target: [{ type: 'BusinessProfileLocation', id: 'msft' }],
    inviteContext: { notes: 'Please introduce us.', assistanceRequestCode: 'CustomerTechnicalArchitecture' },
    ...changes,
  })

/** The own and Microsoft's referral of a new co-sell, made through the API. */
export async function coSell(made: Kit): Promise<{ own: JsonObject; theirs: JsonObject }> {
  const own = (await made.call('POST', '', sharedDeal())).json
  const theirs = (await made.call('POST', '', invitation(own['engagementId']))).json
  return { own, theirs }
}

/** The message of an error body of the Referrals API. */
export const messageOf = ({ json }: Answered): string => String((json['error'] as JsonObject | undefined)?.['message'])
