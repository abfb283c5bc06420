import { isFault } from '../core/fault.js'
import type { NoticeBoard } from './notice.js'

const dayMs = 86_400_000
const warnDays = [1, 7, 14] as const

export interface GuardedConnection {
  /** A stable name, e.g. `partner-center`. */
  readonly name: string
  readonly label: string
  /** The cheapest call that proves the sign-in. */
  readonly probe: (signal: AbortSignal) => Promise<unknown>
  /** When its client secret ends, as the configuration says; null: nobody said. */
  readonly secretExpiresAt: number | null
  /** When its refresh token lapses if it is not used; null: it has none. */
  readonly tokenLapsesAt: () => Promise<number | null>
  readonly repair: string
}

/** Looks after a connection: a sign-in that fails is told at once, a secret or token that will end is told 14, 7 and 1 days before. */
export async function guardConnection(
  connection: GuardedConnection,
  board: NoticeBoard,
  options: { readonly now: number; readonly signal: AbortSignal },
): Promise<void> {
  const { name, label, repair } = connection
  await board.condition(`sign-in.${name}`, await trouble(connection, options.signal))
  const ends = [
    {
      what: 'client secret',
      at: connection.secretExpiresAt,
      remedy: `Make a new secret in the app registration, put it into the configuration and restart.`,
    },
    { what: 'refresh token', at: await connection.tokenLapsesAt(), remedy: `Run "${repair}".` },
  ]
  for (const { what, at, remedy } of ends) {
    if (at === null) continue
    const day = warnDays.find((candidate) => options.now >= at - candidate * dayMs)
    if (day === undefined) continue
    const isOver = options.now >= at
    await board.raise({
      key: `ends.${name}.${what.replace(' ', '-')}.${at}.${isOver ? 'over' : day}`,
      level: day === 1 ? 'urgent' : 'normal',
      deal: null,
      title: isOver ? `The ${what} of ${label} has ended` : `The ${what} of ${label} ends on ${new Date(at).toISOString().slice(0, 10)}`,
      text: `When it has ended, deals wait until it is renewed; nothing is lost.`,
      remedy,
    })
  }
}

async function trouble({ label, probe, repair }: GuardedConnection, signal: AbortSignal) {
  try {
    await probe(signal)
    return null
  } catch (error) {
    // An outage heals by itself; a refused sign-in or a missing right needs a person.
    if (!isFault(error) || (error.kind !== 'signed-out' && error.kind !== 'forbidden')) return null
    return {
      level: 'urgent' as const,
      deal: null,
      title: `${label} refuses the connector`,
      text: `${error.message} Deals wait in the queue; nothing is lost.`,
      remedy: error.remedy === '' ? `Run "${repair}".` : error.remedy,
    }
  }
}
