import type { Answer } from './answers.js'
import { empty, of } from './answers.js'
import { testUri, type Attempt, type Deliveries, type WebhookRegistration } from './deliveries.js'
import { eventNames } from './events.js'
import { PlatformRefused, Throttled } from './refusal.js'
import { bind, boolean, ignored, list, record, text } from './shapes.js'
import type { World } from './world.js'

interface TestRun {
  readonly correlationId: string
  readonly callbackUrl: string
  readonly startedMs: number
  readonly results: Attempt[]
  done: boolean
}

/** The webhook registration of one partner: a single document with one address. */
export interface WebhookApi {
  current(): WebhookRegistration | null
  /** What another program of the same partner does when it registers: replaces whatever was there. */
  set(registration: { url: string; events: readonly string[] } | null): void
  handle(method: string, path: string, body: unknown): Answer
}

const body = record('Registration', {
  webhookUrl: text,
  webhookEvents: list(text),
  signatureTokenToMsSignatureHeader: boolean,
  subscriberId: ignored,
  lastModifiedTimestamp: ignored,
})

// Source: learn.microsoft.com/partner-center/developer/partner-center-webhooks, read 2023-10.
const testsPerMinute = 2
const resultsKeptMs = 7 * 86_400_000

export function webhookApi(world: World, deliveries: () => Deliveries): WebhookApi {
  let registration: WebhookRegistration | null = null
  let runs: TestRun[] = []

  const put = (given: unknown): Answer => {
    const wish = parse(given)
    registration = {
      subscriberId: registration?.subscriberId ?? world.rng.guid(),
      ...wish,
      lastModified: new Date(world.clock.now()).toISOString(),
    }
    return of({ SubscriberId: registration.subscriberId, WebhookUrl: registration.url, WebhookEvents: registration.events })
  }

  const view = (): Answer => {
    if (registration !== null) return of({ WebhookUrl: registration.url, WebhookEvents: registration.events })
    if (world.options.noRegistration === '200-null') return of(null)
    if (world.options.noRegistration === '204') return empty(204)
    throw nothing()
  }

  const startTest = (): Answer => {
    const nowMs = world.clock.now()
    runs = runs.filter(({ startedMs }) => nowMs - startedMs < resultsKeptMs)
    const recent = runs.filter(({ startedMs }) => nowMs - startedMs < 60_000)
    const oldest = recent.at(-testsPerMinute)
    if (oldest !== undefined) throw new Throttled(Math.max(1, Math.ceil((oldest.startedMs + 60_000 - nowMs) / 1_000)))
    const to = registration
    if (to === null) throw nothing()
    if (!to.events.includes('test-created')) throw bad('The registration does not include the event test-created.')
    const run: TestRun = { correlationId: world.rng.guid(), callbackUrl: to.url, startedMs: nowMs, results: [], done: false }
    runs.push(run)
    const event = { name: 'test-created', resourceName: 'test' as const, resourceUri: testUri(run.correlationId), at: world.store.now() }
    deliveries().send(event, to, (attempt, last) => {
      run.results.push(attempt)
      run.done = last
    })
    return of({ correlationId: run.correlationId })
  }

  const result = (id: string): Answer => {
    const run = runs.find(({ correlationId, startedMs }) => correlationId === id && world.clock.now() - startedMs < resultsKeptMs)
    if (run === undefined) throw new PlatformRefused({ status: 404, code: 404, message: `The validation event '${id}' was not found.` })
    return of({
      correlationId: run.correlationId,
      partnerId: world.organization.organizationId,
      status: run.done ? 'completed' : 'inProgress',
      callbackUrl: run.callbackUrl,
      results: run.results.map((attempt) => ({
        responseCode: wordOf(attempt.status),
        responseMessage: '',
        systemError: attempt.status === 0,
        dateTimeUtc: `${new Date(attempt.atMs).toISOString().slice(0, -1)}0000`,
      })),
    })
  }

  return {
    current: () => registration,
    set(wish) {
      registration =
        wish === null
          ? null
          : { subscriberId: world.rng.guid(), ...wish, signatureToMsHeader: false, lastModified: new Date(world.clock.now()).toISOString() }
    },
    handle(method, path, given) {
      if (path === '/webhooks/v1/registration/events' && method === 'GET') return of(eventNames)
      if (path === '/webhooks/v1/registration/validationEvents' && method === 'POST') return startTest()
      const test = /^\/webhooks\/v1\/registration\/validationEvents\/([^/]+)$/.exec(path)?.[1]
      if (test !== undefined && method === 'GET') return result(test)
      if (path === '/webhooks/v1/registration') {
        if (method === 'GET') return view()
        if (method === 'POST' && registration !== null && world.options.postOverRegistration === 'refused') {
          throw new PlatformRefused({ status: 409, code: 409, message: 'A webhook is registered already: update it.' })
        }
        if (method === 'PUT' && registration === null && world.options.putWithoutRegistration === 'refused') throw nothing()
        if (method === 'POST' || method === 'PUT') return put(given)
      }
      // There is no way to delete a registration.
      const known = path.startsWith('/webhooks/v1/registration')
      throw new PlatformRefused({ status: known ? 405 : 404, code: known ? 405 : 404, message: `${method} ${path} is not offered.` })
    },
  }
}

const nothing = (): PlatformRefused => new PlatformRefused({ status: 404, code: 404, message: 'No webhook is registered.' })
const bad = (message: string): PlatformRefused => new PlatformRefused({ status: 400, code: 400, message })

function parse(given: unknown): { url: string; events: readonly string[]; signatureToMsHeader: boolean } {
  const problems: string[] = []
  const wish = bind(body, given, '', { coercion: 'both', unknown: 'refused', problems }) as
    | { webhookUrl?: string | null; webhookEvents?: readonly string[] | null; signatureTokenToMsSignatureHeader?: boolean | null }
    | undefined // bound to the shape above
  if (problems.length > 0) throw bad(problems.join('; '))
  const url = wish?.webhookUrl ?? ''
  const events = wish?.webhookEvents ?? []
  if (!acceptable(url)) throw bad(`The webhook address '${url}' is not a public https address.`)
  if (events.length === 0) throw bad('At least one event is required.')
  const unknown = events.find((event) => !eventNames.includes(event))
  if (unknown !== undefined) throw bad(`The event '${unknown}' does not exist.`)
  return { url, events, signatureToMsHeader: wish?.signatureTokenToMsSignatureHeader === true }
}

/** The real service needs https; a sandbox also takes plain http on loopback. */
function acceptable(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname } = new URL(url)
  return protocol === 'https:' || (protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname))
}

/** Names as the .NET service writes them. */
function wordOf(status: number): string {
  const words: Readonly<Record<number, string>> = {
    0: 'RequestTimeout',
    200: 'OK',
    201: 'Created',
    202: 'Accepted',
    204: 'NoContent',
    400: 'BadRequest',
    401: 'Unauthorized',
    403: 'Forbidden',
    404: 'NotFound',
    410: 'Gone',
    429: 'TooManyRequests',
    500: 'InternalServerError',
    502: 'BadGateway',
    503: 'ServiceUnavailable',
  }
  return words[status] ?? String(status)
}
