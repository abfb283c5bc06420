import type { SimSend } from '../http.js'
import type { WebhookSigner } from '../signing.js'
import { platformHost, type World } from './world.js'

export interface WebhookRegistration {
  readonly subscriberId: string
  readonly url: string
  readonly events: readonly string[]
  readonly signatureToMsHeader: boolean
  readonly lastModified: string
}

export interface WebhookEvent {
  readonly name: string
  readonly resourceName: 'referral' | 'test'
  readonly resourceUri: string
  /** The stamp of the change, with ticks. */
  readonly at: string
}

/** One attempt to deliver one event. `status` 0: no answer came. */
export interface Attempt {
  readonly event: WebhookEvent
  readonly url: string
  readonly attempt: number
  readonly status: number
  readonly atMs: number
}

export interface Deliveries {
  /** Queues an event for the present registration, with the chances of the options. */
  send(event: WebhookEvent, registration: WebhookRegistration, onAttempt?: (attempt: Attempt, last: boolean) => void): void
  readonly attempts: () => readonly Attempt[]
  /** Events that were given up after the last attempt, or lost on purpose. */
  readonly offline: () => readonly WebhookEvent[]
  readonly lost: () => readonly WebhookEvent[]
  /** Deliveries that wait for their time or for an answer. */
  readonly pending: () => number
  reset(): void
}

// The newest are kept: a person looks at these, nothing is decided by them.
const keptMax = 5_000

function kept<T>(items: T[], item: T): void {
  items.push(item)
  if (items.length > keptMax) items.splice(0, items.length - keptMax / 2)
}

/**
 * Delivers signed events: up to ten attempts, later and later, on the simulator's clock.
 * Source: learn.microsoft.com/partner-center/developer/partner-center-webhooks, read 2023-10. Spacing and timeout are not documented.
 */
export function deliveries(world: World, deps: { send: SimSend; signer: WebhookSigner }): Deliveries {
  const { clock, rng, options } = world
  let attempts: Attempt[] = []
  let offline: WebhookEvent[] = []
  let lost: WebhookEvent[] = []
  let pending = 0

  const chance = (rate: number): boolean => rate > 0 && rng.chance(rate)

  const attempt = (event: WebhookEvent, registration: WebhookRegistration, run: { number: number; onAttempt: OnAttempt }): void => {
    const body = Buffer.from(JSON.stringify(bodyOf(world, event)))
    const settle = (status: number): void => {
      const again = run.number < options.deliveryAttemptsMax && isRetried(world, status)
      const done: Attempt = { event, url: registration.url, attempt: run.number, status, atMs: clock.now() }
      kept(attempts, done)
      run.onAttempt(done, !again)
      if (!again) {
        pending -= 1
        if (status < 200 || status > 299) kept(offline, event)
        return
      }
      const waitMs = options.deliveryFirstRetryMs * options.deliveryRetryFactor ** (run.number - 1)
      clock.at(clock.now() + waitMs, () => attempt(event, registration, { number: run.number + 1, onAttempt: run.onAttempt }))
    }
    const headers = headersOf(world, { body, signer: deps.signer, registration })
    deps.send(registration.url, { method: 'POST', headers, body, timeoutMs: options.deliveryTimeoutMs }).then(
      ({ status }) => settle(status),
      () => settle(0),
    )
  }

  const schedule = (event: WebhookEvent, registration: WebhookRegistration, how: { delayMs: number; onAttempt: OnAttempt }): void => {
    pending += 1
    clock.at(clock.now() + how.delayMs, () => attempt(event, registration, { number: 1, onAttempt: how.onAttempt }))
  }

  return {
    send(event, registration, onAttempt = () => {}) {
      if (chance(options.eventLossRate)) return kept(lost, event)
      const late = chance(options.eventReorderRate) ? rng.int(options.eventReorderMs + 1) : 0
      schedule(event, registration, { delayMs: options.eventDelayMs + late, onAttempt })
      if (chance(options.eventDuplicateRate)) {
        schedule(event, registration, { delayMs: options.eventDelayMs + rng.int(options.eventReorderMs + 1), onAttempt: () => {} })
      }
    },
    attempts: () => attempts,
    offline: () => offline,
    lost: () => lost,
    pending: () => pending,
    reset() {
      attempts = []
      offline = []
      lost = []
    },
  }
}

type OnAttempt = (attempt: Attempt, last: boolean) => void

function isRetried(world: World, status: number): boolean {
  if (status >= 200 && status <= 299) return false
  return world.options.deliveryRetryOn === 'any-non-2xx' || status === 0 || status >= 500
}

function bodyOf(world: World, event: WebhookEvent): Record<string, unknown> {
  const whole = {
    EventName: event.name,
    ResourceUri: event.resourceUri,
    ResourceName: event.resourceName,
    AuditUri: null,
    ResourceChangeUtcDate: event.at.replace(/Z$/, '+00:00'),
  }
  if (world.options.eventCasing === 'pascal') return whole
  return Object.fromEntries(Object.entries(whole).map(([name, value]) => [`${name.charAt(0).toLowerCase()}${name.slice(1)}`, value]))
}

function headersOf(
  world: World,
  { body, signer, registration }: { body: Buffer; signer: WebhookSigner; registration: WebhookRegistration },
): Record<string, string> {
  const signature = signer.sign(body)
  const { signatureHeader } = world.options
  // The registration's own wish is honoured unless the sandbox was told to use one form.
  const bare = signatureHeader === 'x-ms-signature-bare'
  const ownHeader = registration.signatureToMsHeader || signatureHeader !== 'authorization'
  return {
    'content-type': 'application/json',
    ...(ownHeader ? { 'x-ms-signature': bare ? signature : `Signature ${signature}` } : { authorization: `Signature ${signature}` }),
    'x-ms-certificate-url': `${world.baseOf(null)}/cert/${signer.certificateName}.cer`,
    'x-ms-signature-algorithm': signer.algorithm,
    'accept-encoding': 'gzip, deflate',
    'content-length': String(body.length),
  }
}

export const referralUri = (id: string): string => `${platformHost}/engagements/v1/referrals/${id}`
// The published sample of a test event has a plain-http address.
export const testUri = (id: string): string => `${platformHost.replace('https:', 'http:')}/webhooks/v1/registration/validationEvents/${id}`
