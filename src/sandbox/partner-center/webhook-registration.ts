import { empty, of, type Answer } from './answers.js'
import type { Deliveries, WebhookRegistration } from './deliveries.js'
import { eventNames } from './events.js'
import { PlatformRefused } from './refusal.js'
import { bind, boolean, ignored, list, record, text } from './shapes.js'
import { validationEvents } from './validation-events.js'
import type { World } from './world.js'

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

export function webhookApi(world: World, deliveries: () => Deliveries): WebhookApi {
  let registration: WebhookRegistration | null = null
  const tests = validationEvents(world, deliveries)

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
    if (registration === null) throw nothing()
    return tests.start(registration)
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
      if (test !== undefined && method === 'GET') return tests.result(test)
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

interface Wish {
  readonly webhookUrl?: string | null
  readonly webhookEvents?: readonly string[] | null
  readonly signatureTokenToMsSignatureHeader?: boolean | null
}

function parse(given: unknown): { url: string; events: readonly string[]; signatureToMsHeader: boolean } {
  const problems: string[] = []
  const bound = bind(body, given, '', { coercion: 'both', unknown: 'refused', problems })
  const wish = bound as Wish | undefined // bound to the shape above
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
