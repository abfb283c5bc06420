import { Fault, isFault } from '../../core/fault.js'
import type { Clock } from '../../core/ports.js'
import { member, textMember, type PlatformApi, type PlatformBody } from './platform.js'

/** The one webhook a partner tenant has. */
export interface Registration {
  readonly url: string
  readonly events: readonly string[]
}

export interface TestAttempt {
  readonly responseCode: string
  readonly message: string
  readonly at: string | null
}
export interface TestResult {
  readonly correlationId: string
  readonly status: string
  readonly callbackUrl: string | null
  readonly attempts: readonly TestAttempt[]
  /** Whether the last delivery was answered well. */
  readonly arrived: boolean
}

export type RegisterOutcome =
  /** `previous` is to be kept by the caller, so that `restore` can put it back. */
  | { readonly kind: 'registered'; readonly now: Registration; readonly previous: Registration | null }
  | { readonly kind: 'unchanged'; readonly now: Registration }
  /** Somebody else's address is registered, and nobody said that it may be displaced. */
  | { readonly kind: 'occupied'; readonly by: Registration }

interface Parts {
  readonly platform: PlatformApi
  readonly clock: Clock
}
interface PutOptions {
  readonly has: boolean
  readonly overwrite: 'yes' | 'no'
  readonly signal: AbortSignal
}

export interface WebhookRegistration {
  show(signal: AbortSignal): Promise<Registration | null>
  eventNames(signal: AbortSignal): Promise<readonly string[]>
  register(wanted: Registration, options: { readonly overwrite: 'yes' | 'no'; readonly signal: AbortSignal }): Promise<RegisterOutcome>
  /** Puts an earlier registration back. Null: there was none, and since none can be deleted, ours is left with the test event only. */
  restore(previous: Registration | null, signal: AbortSignal): Promise<Registration | null>
  test(signal: AbortSignal): Promise<TestResult>
}

const address = '/webhooks/v1/registration'
const testEvent = 'test-created'
const mayBeTaken: ReadonlySet<number> = new Set([400, 404, 405, 409, 412, 422])
const pollMs = 2_000
const pollsMost = 30 // A minute: ten attempts with growing pauses are the service's affair, a person waits no longer.

/**
 * Source: learn.microsoft.com "Partner Center webhooks" and the operation list of its REST reference (read 2023-10). There is no
 * delete. One tenant has one address and one list of events, and both are replaced as a whole.
 */
export function webhookRegistration(parts: Parts): WebhookRegistration {
  const { platform } = parts
  const show: WebhookRegistration['show'] = async (signal) => (await look(parts, signal)).seen
  /** @returns the registration that stands in the way, seen only when the first one was refused; null when ours is made. */
  const put = async (wanted: Registration, { has, overwrite, signal }: PutOptions): Promise<Registration | null> => {
    const body = { WebhookUrl: wanted.url, WebhookEvents: wanted.events, SignatureTokenToMsSignatureHeader: true }
    const call = { what: 'registering the webhook', signal }
    if (!has) {
      try {
        await platform.call('POST', address, body, call)
        return null
      } catch (error) {
        // What happens to a second registration is not documented: one that was made meanwhile is treated like one that was seen.
        if (!isFault(error) || !mayBeTaken.has(error.status ?? 0)) throw error
      }
      if (overwrite === 'no') {
        const { seen, refused } = await look(parts, signal)
        if (refused !== null) throw unseen(refused)
        if (seen !== null && !sameUrl(seen, wanted)) return seen
      }
    }
    await platform.call('PUT', address, body, call)
    return null
  }
  return {
    show,
    async eventNames(signal) {
      const { json } = await platform.call('GET', `${address}/events`, null, { what: 'listing webhook events', signal })
      return Array.isArray(json) ? json.filter((name): name is string => typeof name === 'string') : []
    },
    async register(wanted, { overwrite, signal }) {
      const previous = await show(signal)
      if (previous !== null && same(previous, wanted)) return { kind: 'unchanged', now: previous }
      if (previous !== null && !sameUrl(previous, wanted) && overwrite === 'no') return { kind: 'occupied', by: previous }
      const by = await put(wanted, { has: previous !== null, overwrite, signal })
      return by === null ? { kind: 'registered', now: wanted, previous } : { kind: 'occupied', by }
    },
    async restore(previous, signal) {
      const now = await show(signal)
      const wanted = previous ?? (now === null ? null : { url: now.url, events: [testEvent] })
      if (wanted !== null) await put(wanted, { has: now !== null, overwrite: 'yes', signal })
      return wanted
    },
    test: (signal) => runTest(parts, signal),
  }
}

interface Look {
  readonly seen: Registration | null
  /** Why nothing could be seen, where the service said so. */
  readonly refused: Fault | null
}
/** How the service answers where nothing is registered is not documented: who uses it takes a request refused as a bad one for that. */
async function look({ platform }: Parts, signal: AbortSignal): Promise<Look> {
  try {
    const { json } = await platform.call('GET', address, null, { what: 'reading the webhook registration', signal })
    return { seen: registrationIn(json), refused: null }
  } catch (error) {
    if (isFault(error) && error.kind === 'missing') return { seen: null, refused: null }
    if (isFault(error) && error.kind === 'rejected') return { seen: null, refused: error }
    throw error
  }
}

/** One stands there, and nobody is displaced unseen. */
const unseen = ({ message }: Fault): Fault =>
  new Fault('rejected', `A webhook seems to be registered, but whose it is cannot be seen: ${message}`, {
    remedy: 'Ask whoever else uses webhooks of this tenant; then run "cosell webhook register --overwrite".',
  })

/** Addresses by their meaning: the service may write a host in lower case or leave out a default port. */
const normal = (url: string): string => (URL.canParse(url) ? new URL(url).href : url)
export const sameUrl = (a: Pick<Registration, 'url'>, b: Pick<Registration, 'url'>): boolean => normal(a.url) === normal(b.url)
const namesOf = ({ events }: Registration): string => [...new Set(events.map((name) => name.toLowerCase()))].sort().join()
const same = (a: Registration, b: Registration): boolean => sameUrl(a, b) && namesOf(a) === namesOf(b)

const isBody = (value: unknown): value is PlatformBody => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Pages print PascalCase, the service answers in camelCase; an empty body and a null both mean that nothing is registered. */
function registrationIn(json: unknown): Registration | null {
  if (!isBody(json)) return null
  const url = textMember(json, 'webhookUrl')
  const events: unknown = member(json, 'webhookEvents')
  return url === null ? null : { url, events: Array.isArray(events) ? events.filter((name): name is string => typeof name === 'string') : [] }
}

async function runTest({ platform, clock }: Parts, signal: AbortSignal): Promise<TestResult> {
  const started = await platform.call('POST', `${address}/validationEvents`, null, { what: 'asking for a test event', signal })
  const correlationId = isBody(started.json) ? textMember(started.json, 'correlationId') : null
  if (correlationId === null) {
    throw new Fault('invalid-answer', 'Partner Center sent a test event without naming it.', { remedy: 'Try again in a minute.' })
  }
  let result: TestResult = { correlationId, status: 'unknown', callbackUrl: null, attempts: [], arrived: false }
  for (let polls = 0; polls < pollsMost && !signal.aborted; polls += 1) {
    await clock.sleep(pollMs, signal)
    const body = await resultOf(platform, correlationId, signal)
    // The result may be there only after the first delivery.
    if (body === null) continue
    result = resultIn(correlationId, body)
    if (result.arrived || result.status.toLowerCase() === 'completed') return result
  }
  return result
}

async function resultOf(platform: PlatformApi, correlationId: string, signal: AbortSignal): Promise<PlatformBody | null> {
  try {
    const { json } = await platform.call('GET', `${address}/validationEvents/${encodeURIComponent(correlationId)}`, null, {
      what: 'reading the result of the test event',
      signal,
    })
    return isBody(json) ? json : null
  } catch (error) {
    if (isFault(error) && error.kind === 'missing') return null
    throw error
  }
}

function resultIn(correlationId: string, body: PlatformBody): TestResult {
  const given: unknown = member(body, 'results')
  const attempts = (Array.isArray(given) ? given : []).filter(isBody).map(
    (attempt): TestAttempt => ({
      responseCode: textMember(attempt, 'responseCode') ?? '',
      message: textMember(attempt, 'responseMessage') ?? '',
      at: textMember(attempt, 'dateTimeUtc'),
    }),
  )
  const last = attempts.at(-1)
  return {
    correlationId,
    status: textMember(body, 'status') ?? 'unknown',
    callbackUrl: textMember(body, 'callbackUrl'),
    attempts,
    arrived: last !== undefined && /^(OK|Created|Accepted|NoContent|2\d\d)$/i.test(last.responseCode),
  }
}
