import type { NoticesConfig } from '../config/index.js'
import type { Clock, Store } from '../core/ports.js'
import type { Turn } from '../engine/schedule.js'
import type { Transport } from '../remote/transport.js'
import { mailChannel, slackChannel, teamsChannel } from './channels.js'
import { guardConnection, type GuardedConnection } from './connection-guard.js'
import { isQuiet, type Channel, type NoticeBoard } from './notice.js'
import { remind } from './response-clock.js'
import { guardSchema, type GuardedSchema } from './schema-guard.js'
import { guardWebhook, type GuardedWebhook, type WebhookGuardOptions } from './webhook-guard.js'

export interface WatchParts {
  readonly store: Store
  readonly clock: Clock
  readonly transport: Transport
  readonly board: NoticeBoard
  readonly notices: NoticesConfig
  /** The address people use; null: no links in notices. */
  readonly publicUrl: string | null
  readonly connections: readonly GuardedConnection[]
  readonly schema: GuardedSchema
  /** Null: nothing to register, because no public address is configured. */
  readonly webhook: (GuardedWebhook & Pick<WebhookGuardOptions, 'wanted' | 'policy'>) | null
}

const tellEveryMs = 15_000
const guardEveryMs = 10 * 60_000 // An hour is too late for a revoked sign-in, a minute costs calls at rest.
const remindEveryMs = 3_600_000
const oursName = 'webhook.ours'

/** What is looked after on a schedule, once across all workers. */
export function watchTurns(parts: WatchParts): Turn[] {
  const { store, clock, board, notices } = parts
  const channels = channelsOf(parts)
  const hours = notices.quietHours === null ? null : { ...notices.quietHours, timeZone: notices.timeZone }
  return [
    {
      name: 'send notices',
      everyMs: tellEveryMs,
      run: (signal) => board.deliver(channels, { quiet: isQuiet(hours, clock.now()), signal }),
    },
    { name: 'remind of answers', everyMs: remindEveryMs, run: () => remind(store, board, clock) },
    {
      name: 'guard the connections',
      everyMs: guardEveryMs,
      run: async (signal) => {
        for (const connection of parts.connections) await guardConnection(connection, board, { now: clock.now(), signal })
      },
    },
    {
      name: 'guard the columns of the CRM',
      everyMs: guardEveryMs,
      run: (signal) => guardSchema(parts.schema, { board, store, now: clock.now(), signal }),
    },
    { name: 'guard the webhook', everyMs: guardEveryMs, run: (signal) => webhookTurn(parts, signal) },
  ]
}

async function webhookTurn({ webhook, store, board, clock }: WatchParts, signal: AbortSignal): Promise<void> {
  if (webhook === null) return
  const { wanted, policy } = webhook
  const known = await store.getValue<{ url: string }>(oursName)
  const wasOurs = known?.value.url === wanted.url
  if (!wasOurs) {
    // Somebody registered it since: from now on a change is worth a notice.
    const now = await webhook.show(signal)
    if (now?.url === wanted.url) await store.setValue(oursName, { url: wanted.url }, { expect: 'any', now: clock.now() })
    return
  }
  await guardWebhook(webhook, board, { wanted, policy, wasOurs, signal })
}

function channelsOf({ notices, transport, publicUrl }: WatchParts): Channel[] {
  const linkOf = (deal: string): string | null =>
    publicUrl === null ? null : `${publicUrl.replace(/\/+$/, '')}/deals/${encodeURIComponent(deal)}`
  const { email, teams, slack } = notices
  return [
    ...(email === null ? [] : [mailChannel(email, linkOf)]),
    ...(teams === null ? [] : [teamsChannel(teams, transport, linkOf)]),
    ...(slack === null ? [] : [slackChannel(slack, transport, linkOf)]),
  ]
}
