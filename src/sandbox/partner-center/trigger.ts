import { z } from 'zod'
import type { SimRequest, SimResponse } from '../http.js'
import { referralUri, type Deliveries } from './deliveries.js'
import { eventNames } from './events.js'
import { stampOf } from './stamps.js'
import type { World } from './world.js'

/** Not part of Partner Center: the sandbox's own way to have one event sent, signed like every other, wherever a developer wants it. */
export const TRIGGER_PATH = '/sandbox/trigger'

const order = z.strictObject({ event: z.string(), referral: z.string(), url: z.url() })

export function triggerEvent(world: World, deliveries: Deliveries, request: SimRequest): SimResponse {
  const answer = (status: number, value: object): SimResponse => ({
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(value),
  })
  const given = order.safeParse(parsed(request.body.toString('utf8')))
  if (request.method !== 'POST' || !given.success) return answer(400, { error: 'POST {"event", "referral", "url"}.' })
  const { event, referral, url } = given.data
  if (!eventNames.includes(event)) return answer(400, { error: `There is no event "${event}"; there are ${eventNames.join(', ')}.` })
  const found = world.store.get(referral)
  if (found === undefined) return answer(404, { error: `The simulated Partner Center has no referral ${referral}.` })
  const registration = {
    subscriberId: 'sandbox',
    url,
    events: [event],
    signatureToMsHeader: false,
    lastModified: stampOf(world.clock.now(), 0),
  }
  const named = {
    name: event,
    resourceName: event === 'test-created' ? ('test' as const) : ('referral' as const),
    resourceUri: referralUri(referral),
    at: stampOf(world.clock.now(), 0),
  }
  deliveries.send(named, registration)
  return answer(202, { sent: event, to: url })
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
