import { isFault } from '../core/fault.js'
import type { Clock, Store } from '../core/ports.js'
import { WEBHOOK_OURS } from '../engine/administration.js'
import type { NoticeBoard } from './notice.js'

interface Registration {
  readonly url: string
  readonly events: readonly string[]
}
/** What the guard needs of Partner Center's webhook registration. */
export interface GuardedWebhook {
  show(signal: AbortSignal): Promise<Registration | null>
  register(signal: AbortSignal): Promise<void>
  /** Has Partner Center send a test event; `detail` says what came of it. */
  test(signal: AbortSignal): Promise<{ readonly arrived: boolean; readonly detail: string }>
  /** What should stand there. */
  wanted(): Promise<Registration>
}

/** `announce`: say it · `repair`: put ours back, and say it · `off`. */
export type WebhookPolicy = 'announce' | 'repair' | 'off'

export interface WebhookGuardParts {
  readonly store: Pick<Store, 'getValue' | 'setValue'>
  readonly clock: Pick<Clock, 'now'>
  readonly board: NoticeBoard
  readonly webhook: GuardedWebhook
  readonly policy: WebhookPolicy
}

/** When the last event of Partner Center came. */
export const HEARD = 'event.last.partner-center'
const proofName = 'webhook.proof'
const repairsName = 'webhook.repairs'

const dayMs = 86_400_000
/** After this long without any event nobody knows whether events still arrive: a test event tells. */
const quietMs = 6 * 3_600_000
/** Two installations that both put themselves back would do so for ever; after three times a day a person has to decide. */
const repairsMost = 3

// The service may write an address or a name in its own way; that is no other registration.
const normal = (url: string): string => (URL.canParse(url) ? new URL(url).href : url)
const sameUrl = (a: Registration, b: Registration): boolean => normal(a.url) === normal(b.url)
function same(a: Registration, b: Registration): boolean {
  const there = new Set(a.events.map((event) => event.toLowerCase()))
  return sameUrl(a, b) && b.events.every((event) => there.has(event.toLowerCase()))
}

/**
 * One partner tenant has one webhook, and whoever registers last has the events. A change by somebody else is told, and by policy undone.
 * Until then the sweeps find what the events would have told. Before ours was ever registered, somebody else's is none of our business.
 */
export async function guardWebhook(parts: WebhookGuardParts, signal: AbortSignal): Promise<void> {
  const { board, webhook, policy, store, clock } = parts
  const wanted = await webhook.wanted()
  let now: Registration | null
  try {
    now = await webhook.show(signal)
  } catch (error) {
    if (!isFault(error) || error.kind !== 'forbidden') throw error
    return void (await board.condition('webhook-rights', refusedRight(error.message, error.remedy)))
  }
  await board.condition('webhook-rights', null)
  const wasOurs = (await store.getValue<{ url: string | null }>(WEBHOOK_OURS))?.value.url === wanted.url
  if (!wasOurs) {
    // Somebody registered it since: from now on a change is worth a notice.
    if (now !== null && sameUrl(now, wanted)) await store.setValue(WEBHOOK_OURS, { url: wanted.url }, { expect: 'any', now: clock.now() })
    return
  }
  if (policy === 'off') return
  if (now !== null && same(now, wanted)) {
    await board.condition('webhook', null)
    return proveDelivery(parts, { url: wanted.url, signal })
  }
  const repairs = policy === 'repair' && (await mayRepair(parts))
  await board.condition('webhook', displaced({ now, wanted, policy, repairs }))
  if (repairs) await webhook.register(signal)
}

const refusedRight = (text: string, remedy: string) => ({
  level: 'normal' as const,
  deal: null,
  title: 'Partner Center does not show its webhook registration to the connector',
  text: `${text} Deals go on; whether events still lead here is not known, and the sweeps find what is missed.`,
  remedy: remedy === '' ? 'Give the user one of the roles Admin agent, Billing admin, Sales agent or Helpdesk agent.' : remedy,
})

interface Displaced {
  readonly now: Registration | null
  readonly wanted: Registration
  readonly policy: WebhookPolicy
  readonly repairs: boolean
}
function displaced({ now, wanted, policy, repairs }: Displaced) {
  const found =
    now === null
      ? 'nothing is registered any more'
      : sameUrl(now, wanted)
        ? `only ${now.events.join(', ') || 'no event'} is registered`
        : `${now.url} is registered instead`
  const then = repairs
    ? 'It was put back.'
    : policy === 'repair'
      ? `It was put back ${repairsMost} times within a day and is now left to a person; changes are found by the sweep.`
      : 'Changes are found by the sweep until it is put back.'
  return {
    level: 'normal' as const,
    deal: null,
    title: "Partner Center's webhook no longer leads here",
    text: `Expected ${wanted.url}; ${found}. ${then}`,
    remedy: repairs
      ? 'Find out which other installation registers itself on this tenant.'
      : 'Run "cosell webhook register --overwrite", or find out which other installation uses this tenant.',
  }
}

async function mayRepair({ store, clock }: WebhookGuardParts): Promise<boolean> {
  const now = clock.now()
  const done = ((await store.getValue<readonly number[]>(repairsName))?.value ?? []).filter((at) => now - at < dayMs)
  if (done.length >= repairsMost) return false
  await store.setValue(repairsName, [...done, now], { expect: 'any', now })
  return true
}

/** A registration says where events should go; only an event that comes proves that they do. */
async function proveDelivery(
  { store, clock, board, webhook }: WebhookGuardParts,
  { url, signal }: { readonly url: string; readonly signal: AbortSignal },
): Promise<void> {
  const proof = (await store.getValue<{ url: string; at: number; arrived: boolean }>(proofName))?.value
  const tried = proof?.url === url ? proof : null
  const heardAt = (await store.getValue<number>(HEARD))?.value ?? 0
  // An event that came since a test that did not is a better proof than another test.
  if (tried !== null && heardAt > tried.at && !tried.arrived) await board.condition('webhook-delivery', null)
  const quietSince = Math.max(heardAt, tried?.at ?? 0)
  if (clock.now() - quietSince < quietMs) return
  const { arrived, detail } = await webhook.test(signal)
  const now = clock.now()
  await store.setValue(proofName, { url, at: now, arrived }, { expect: 'any', now })
  await board.condition(
    'webhook-delivery',
    arrived
      ? null
      : {
          level: 'normal',
          deal: null,
          title: "Partner Center's events do not arrive",
          text: `A test event to ${url} did not arrive (${detail}). Changes are found by the sweep meanwhile.`,
          remedy: 'Partner Center must reach the public address over https with a certificate that it trusts; then run "cosell webhook test".',
        },
  )
}
