import type { Registration } from '../adapters/partner-center/registration.js'
import type { Config } from '../config/index.js'
import type { Store } from '../core/ports.js'

const previousName = 'webhook.previous'

/** Whose registration ours displaced last; null: nobody's that we know of. */
export async function displacedBefore(store: Pick<Store, 'getValue'>): Promise<Registration | null> {
  return (await store.getValue<{ registration: Registration }>(previousName))?.value.registration ?? null
}
export async function keepDisplaced(store: Pick<Store, 'setValue'>, registration: Registration, now: number): Promise<void> {
  await store.setValue(previousName, { registration }, { expect: 'any', now })
}

/** An event that this service has a use for; every other is somebody else's. */
export const isOurs = (event: string): boolean => /^((related-)?referral-|test-created\b)/i.test(event)

/** The owner before us where the configuration allows that events are passed on to it; null: to nobody. */
export const relayTarget = ({ partnerCenter }: Config, previous: Registration | null): string | null =>
  previous === null ? null : (partnerCenter.webhook.relayTo.find((url) => spelled(url) === spelled(previous.url)) ?? null)
const spelled = (url: string): string => (URL.canParse(url) ? new URL(url).href : url)

/** What should be registered: our address, our events, and those that the owner before us lives on when they are passed on to it. */
export function wantedRegistration(config: Config, previous: Registration | null): Registration | null {
  const { publicUrl } = config.server
  if (publicUrl === null) return null
  const { events } = config.partnerCenter.webhook
  const lives = relayTarget(config, previous) === null ? [] : (previous?.events ?? [])
  const theirs = lives.filter((event) => !isOurs(event) && !events.some((own) => own.toLowerCase() === event.toLowerCase()))
  return { url: `${publicUrl.replace(/\/+$/, '')}/hooks/partner-center`, events: [...events, ...theirs] }
}
