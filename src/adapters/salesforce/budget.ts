import { Fault, isFault } from '../../core/fault.js'
import type { Instant } from '../../core/ref.js'
import type { SalesforceApi } from './api.js'

/** What is left undone to spare the org's allocation: nothing · what can wait (`optional`) · everything but writes and what they need. */
export type Thrift = 'none' | 'optional' | 'all-but-writes'

// Other programs of the org live on the same allocation: at its end the writes of people's work must still pass.
const optionalAbove = 0.8
const pollsAbove = 0.95
const askAgainMs = 15 * 60_000 // The allocation comes back by the hour; asking more often only uses more of it.

/** How thrifty to be, by what the org said with its last answer. A figure that would stop everything is asked for again before it is believed for long. */
export async function thriftOf(api: SalesforceApi, now: Instant, signal: AbortSignal): Promise<Thrift> {
  const { quota } = api
  if (quota !== null && share(quota) > pollsAbove && now - quota.at >= askAgainMs) await askAgain(api, signal)
  const used = api.quota === null ? 0 : share(api.quota)
  return used > pollsAbove ? 'all-but-writes' : used > optionalAbove ? 'optional' : 'none'
}
/** Whether the question is answered or refused, the figure comes with it; a user who may not ask must not fail a write for it. */
const askAgain = (api: SalesforceApi, signal: AbortSignal): Promise<unknown> =>
  api.get('limits', "the org's limits", signal).catch((error: unknown) => {
    if (!isFault(error) || error.kind === 'signed-out') throw error
  })
const share = ({ used, limit }: { readonly used: number; readonly limit: number }): number => (limit > 0 ? used / limit : 0)

/** Said in place of a poll. */
export function spared(api: SalesforceApi): Fault {
  const figures = api.quota === null ? '' : ` (${api.quota.used} of ${api.quota.limit} calls of the last 24 hours)`
  return new Fault('throttled', `The org's allocation of API calls is nearly used up${figures}: changes are not looked for, so that writes still pass.`, {
    remedy: 'Nothing to do: it goes on as the allocation comes back. Raise sync.poll, or have the allocation raised, if this happens often.',
    code: 'api-allocation',
    retryAfterMs: askAgainMs,
  })
}
