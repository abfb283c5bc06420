import type { NoticeBoard } from './notice.js'

interface Registration {
  readonly url: string
  readonly events: readonly string[]
}
/** What the guard needs of Partner Center's webhook registration. */
export interface GuardedWebhook {
  show(signal: AbortSignal): Promise<Registration | null>
  register(signal: AbortSignal): Promise<void>
}

export interface WebhookGuardOptions {
  readonly wanted: Registration
  /** `announce`: say it · `repair`: put ours back, and say it · `off`. */
  readonly policy: 'announce' | 'repair' | 'off'
  /** Whether ours was ever registered: before that, somebody else's is none of our business. */
  readonly wasOurs: boolean
  readonly signal: AbortSignal
}

// The service may write an address or a name in its own way; that is no other registration.
const normal = (url: string): string => (URL.canParse(url) ? new URL(url).href : url)
const sameUrl = (a: Registration, b: Registration): boolean => normal(a.url) === normal(b.url)
function same(a: Registration, b: Registration): boolean {
  const there = new Set(a.events.map((event) => event.toLowerCase()))
  return sameUrl(a, b) && b.events.every((event) => there.has(event.toLowerCase()))
}

/**
 * One partner tenant has one webhook, and whoever registers last has the events. A change by somebody else is told, and by policy undone.
 * Until then the sweeps find what the events would have told.
 */
export async function guardWebhook(webhook: GuardedWebhook, board: NoticeBoard, options: WebhookGuardOptions): Promise<void> {
  const { wanted, policy, wasOurs, signal } = options
  if (policy === 'off' || !wasOurs) return
  const now = await webhook.show(signal)
  if (now !== null && same(now, wanted)) return board.condition('webhook', null)
  const found =
    now === null
      ? 'nothing is registered any more'
      : sameUrl(now, wanted)
        ? `only ${now.events.join(', ') || 'no event'} is registered`
        : `${now.url} is registered instead`
  await board.condition('webhook', {
    level: 'normal',
    deal: null,
    title: "Partner Center's webhook no longer leads here",
    text: `Expected ${wanted.url}; ${found}. ${policy === 'repair' ? 'It was put back.' : 'Changes are found by the sweep until it is put back.'}`,
    remedy:
      policy === 'repair'
        ? 'Find out which other installation registers itself on this tenant.'
        : 'Run "cosell webhook register --overwrite", or find out which other installation uses this tenant.',
  })
  if (policy === 'repair') await webhook.register(signal)
}
