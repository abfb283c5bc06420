import type { NoticesConfig } from '../config/index.js'
import type { Clock, Store } from '../core/ports.js'
import type { TaskDesk } from '../core/tasks.js'
import type { Turn } from '../engine/schedule.js'
import type { Transport } from '../remote/transport.js'
import { mailChannel, slackChannel, taskChannel, teamsChannel, type RecordOf } from './channels.js'
import { guardConnections, type GuardedConnection } from './connection-guard.js'
import { isQuiet, type Channel, type NoticeBoard } from './notice.js'
import { remind } from './response-clock.js'
import { guardSchema, type GuardedSchema } from './schema-guard.js'
import type { Relay } from './relay.js'
import { guardWebhook, type GuardedWebhook, type WebhookPolicy } from './webhook-guard.js'

export interface WatchParts {
  readonly store: Store
  readonly clock: Clock
  readonly transport: Transport
  readonly board: NoticeBoard
  readonly notices: NoticesConfig
  /** PEM bundle of authorities that the mail server may be certified by. */
  readonly ca: string | null
  /** The address people use; null: no links in notices. */
  readonly publicUrl: string | null
  /** Tasks in the CRM. */
  readonly tasks: TaskDesk
  readonly recordOf: RecordOf
  readonly connections: readonly GuardedConnection[]
  readonly schema: GuardedSchema
  /** Null: nothing to register, because no public address is configured. */
  readonly webhook: { readonly guarded: GuardedWebhook; readonly policy: WebhookPolicy } | null
  /** Passes foreign events on to the owner before us; null: nobody asked for that. */
  readonly relay: Relay | null
  /** A connection that was refused works again: what waited goes on. */
  readonly repaired: () => Promise<void>
  /** One that was away answers again: the same. */
  readonly back: () => Promise<void>
}

const tellEveryMs = 5_000
const askedEveryMs = 5_000 // Reads two small values; the remote systems are asked as connection-guard.ts says.
const guardEveryMs = 10 * 60_000
const remindEveryMs = 3_600_000
const relayEveryMs = 2_000

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
    { name: 'guard the connections', everyMs: askedEveryMs, run: (signal) => guardConnections(parts, signal) },
    {
      name: 'guard the columns of the CRM',
      everyMs: guardEveryMs,
      run: (signal) => guardSchema(parts.schema, { board, store, now: clock.now(), signal }),
    },
    ...(parts.webhook === null ? [] : [webhookTurn(parts, parts.webhook)]),
    ...(parts.relay === null ? [] : [relayTurn(parts.relay)]),
  ]
}

const webhookTurn = ({ store, clock, board }: WatchParts, { guarded, policy }: NonNullable<WatchParts['webhook']>): Turn => ({
  name: 'guard the webhook',
  everyMs: guardEveryMs,
  run: (signal) => guardWebhook({ store, clock, board, webhook: guarded, policy }, signal),
})

const relayTurn = (relay: Relay): Turn => ({ name: 'relay foreign events', everyMs: relayEveryMs, run: (signal) => relay.deliver(signal) })

function channelsOf({ notices, transport, publicUrl, ca, tasks, recordOf }: WatchParts): Channel[] {
  const linkOf = (deal: string): string | null =>
    publicUrl === null ? null : `${publicUrl.replace(/\/+$/, '')}/deals/${encodeURIComponent(deal)}`
  const { email, teams, slack } = notices
  return [
    ...(email === null ? [] : [mailChannel(email, linkOf, { ca })]),
    ...(teams === null ? [] : [teamsChannel(teams, transport, linkOf)]),
    ...(slack === null ? [] : [slackChannel(slack, transport, linkOf)]),
    ...(notices.crmTask ? [taskChannel(tasks, recordOf)] : []),
  ]
}
