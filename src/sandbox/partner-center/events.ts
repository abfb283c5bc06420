import { isOwn } from './access.js'
import { referralUri, type Deliveries, type WebhookRegistration } from './deliveries.js'
import type { Change } from './store.js'
import type { World } from './world.js'

/**
 * Turns a change of a referral into the event its partner is told. Changes made through the API raise events like all others.
 * Source: learn.microsoft.com/partner-center/developer/partner-center-webhook-events, read 2023-10. Which id a related event
 * names is not documented.
 */
export function raise(world: World, change: Change, to: { deliveries: Deliveries; registration: WebhookRegistration | null }): void {
  const { registration } = to
  if (registration === null) return
  const { referral } = change
  const own = isOwn(world, referral)
  const name = own ? `referral-${change.kind}` : `related-referral-${change.kind}`
  if (!registration.events.includes(name)) return
  const mine = own ? referral : world.store.ofEngagement(referral.engagementId).find((other) => isOwn(world, other))
  // Another organisation's referral only concerns this partner through a referral of its own.
  if (mine === undefined) return
  const id = own || world.options.relatedEventId === 'related' ? referral.id : mine.id
  to.deliveries.send({ name, resourceName: 'referral', resourceUri: referralUri(id), at: referral.updatedDateTime }, registration)
}

/** Source: the event list of the same page; the names that a partner of 2023 could register for. */
export const eventNames: readonly string[] = [
  'azure-fraud-event-detected',
  'dap-admin-relationship-approved',
  'dap-admin-relationship-terminated',
  'granular-admin-relationship-approved',
  'granular-admin-relationship-terminated',
  'invoice-ready',
  'new-commerce-migration-completed',
  'new-commerce-migration-failed',
  'referral-created',
  'referral-updated',
  'related-referral-created',
  'related-referral-updated',
  'reseller-relationship-accepted-by-customer',
  'subscription-updated',
  'test-created',
  'usagerecords-thresholdExceeded',
]
