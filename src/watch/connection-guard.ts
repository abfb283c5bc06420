import { isFault, type FaultKind } from '../core/fault.js'
import type { Check, Clock, Store } from '../core/ports.js'
import type { NoticeBoard } from './notice.js'

const dayMs = 86_400_000
const warnDays = [1, 7, 14] as const
/** A healthy connection is asked this often: an hour is too late for a revoked sign-in, a minute costs calls at rest. */
const healthyEveryMs = 10 * 60_000
/** One that is refused is asked more often, so that work goes on soon after the repair. */
const troubledEveryMs = 60_000
/** One that is away costs nothing to ask, and deals may wait half an hour for their next attempt: they go on as soon as it is back. */
const awayEveryMs = 15_000
/** A call that fails now and then is no outage: a deal has been in vain so often by then, for some seconds. */
const awayAttempts = 4
const askedAtMostEveryMs = 10_000

export interface GuardedConnection {
  /** A stable name, e.g. `partner-center`. */
  readonly name: string
  readonly label: string
  /** Whether the sign-in, its second factor and its rights are in order. @throws Fault when it is refused or cannot be reached. */
  readonly ready: (signal: AbortSignal) => Promise<readonly Check[]>
  /** When its client secret ends, as the configuration says; null: nobody said. */
  readonly secretExpiresAt: number | null
  /** When its refresh token lapses if it is not used; null: it has none. */
  readonly tokenLapsesAt: () => Promise<number | null>
  readonly repair: string
}

/** `unknown`: it could not be reached, which says nothing about the sign-in. */
export type Standing = 'well' | 'troubled' | 'unknown'

// A person has to act; an outage heals by itself.
const needPerson: ReadonlySet<FaultKind> = new Set(['signed-out', 'forbidden', 'misconfigured'])
const mayBeAway: ReadonlySet<FaultKind> = new Set(['offline', 'throttled'])
export const needsPerson = (fault: string | null): boolean => needPerson.has(fault as FaultKind) // any other text is no member

/** Looks after a connection: a sign-in that fails is told at once, a secret or token that will end is told 14, 7 and 1 days before. */
export async function guardConnection(
  connection: GuardedConnection,
  board: NoticeBoard,
  options: { readonly now: number; readonly signal: AbortSignal },
): Promise<{ readonly standing: Standing; readonly repaired: boolean }> {
  await warnOfEnds(connection, board, options.now)
  const found = await look(connection, options.signal)
  if (found === 'unknown') return { standing: 'unknown', repaired: false }
  const turn = await board.condition(`sign-in.${connection.name}`, found.trouble)
  await board.condition(`role.${connection.name}`, found.doubt)
  await board.condition(`api-version.${connection.name}`, found.ending)
  return { standing: found.trouble === null ? 'well' : 'troubled', repaired: turn === 'ended' }
}

async function warnOfEnds({ name, label, repair, ...connection }: GuardedConnection, board: NoticeBoard, now: number): Promise<void> {
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
    const day = warnDays.find((candidate) => now >= at - candidate * dayMs)
    if (day === undefined) continue
    const isOver = now >= at
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

type Told = Parameters<NoticeBoard['condition']>[1]
interface Found {
  readonly trouble: Told
  /** It works, yet probably with too small a role. */
  readonly doubt: Told
  /** The version of its API that is spoken will be served no longer. */
  readonly ending: Told
}

async function look({ label, ready, repair }: GuardedConnection, signal: AbortSignal): Promise<Found | 'unknown'> {
  const notice = (level: 'urgent' | 'normal', title: string, text: string, remedy: string | null): Told => ({
    level,
    deal: null,
    title,
    text,
    remedy: remedy === null || remedy === '' ? `Run "${repair}".` : remedy,
  })
  const refused = (text: string, remedy: string | null): Told =>
    notice('urgent', `${label} refuses the connector`, `${text} Deals wait in the queue; nothing is lost.`, remedy)
  try {
    const checks = await ready(signal)
    const failed = checks.find(({ status }) => status === 'fail')
    if (failed?.fault !== undefined && !needPerson.has(failed.fault)) return 'unknown'
    const ending = checks.find(({ status, name }) => status === 'warn' && /API version/i.test(name))
    const doubt = checks.find(({ status, name }) => status === 'warn' && /role/i.test(name))
    return {
      trouble: failed === undefined ? null : refused(failed.detail, failed.remedy),
      doubt: doubt === undefined ? null : notice('normal', `${label}: the connector's role may be too small`, doubt.detail, doubt.remedy),
      ending: ending === undefined ? null : notice('normal', `${label}: a version of its API will end`, ending.detail, ending.remedy),
    }
  } catch (error) {
    if (!isFault(error) || !needPerson.has(error.kind)) return 'unknown'
    return { trouble: refused(error.message, error.remedy), doubt: null, ending: null }
  }
}

const askedName = 'guard.asked'
const stateName = 'guard.connections'
interface GuardState {
  /** When all were looked at. */
  readonly at: number
  readonly troubled: boolean
  /** Those that could not be reached, by name. Absent: none, or an earlier version looked. */
  readonly away?: readonly string[]
  /** When those that are away were last asked; absent as above. */
  readonly awayAt?: number
}

/**
 * Something was refused just now, or a deal was in vain for the `attempt`th time because a system does not answer: the connections are looked at
 * with the next turn and not only when their time has come.
 */
export function guardAsker(store: Pick<Store, 'setValue'>, clock: Pick<Clock, 'now'>): (fault: string | null, attempt?: number) => void {
  let askedAt = Number.NEGATIVE_INFINITY
  return (fault, attempt = 1) => {
    const now = clock.now()
    const isOutage = attempt >= awayAttempts && mayBeAway.has(fault as FaultKind) // any other text is no member
    if ((!needsPerson(fault) && !isOutage) || now - askedAt < askedAtMostEveryMs) return
    askedAt = now
    void store.setValue(askedName, now, { expect: 'any', now }).catch(() => undefined) // It only brings forward what happens anyway.
  }
}

export interface GuardTurn {
  readonly store: Pick<Store, 'getValue' | 'setValue'>
  readonly clock: Pick<Clock, 'now'>
  readonly board: NoticeBoard
  readonly connections: readonly GuardedConnection[]
  /** A sign-in or a right that was refused works again: what waited goes on, and what was given up. */
  readonly repaired: () => Promise<void>
  /** A system that was away is back: what waited goes on. */
  readonly back: () => Promise<void>
}

/** Whom to look at now. While a system is away only that one is asked often: what the others say is no news, and costs calls. */
function dueOf(
  connections: readonly GuardedConnection[],
  state: GuardState | null,
  { asked, now }: { readonly asked: number; readonly now: number },
): readonly GuardedConnection[] {
  if (state === null) return connections
  const away = state.away ?? []
  const since = now - state.at
  const isAsked = asked > state.at && (away.length === 0 || since >= troubledEveryMs)
  if (isAsked || since >= (state.troubled ? troubledEveryMs : healthyEveryMs)) return connections
  if (now - (state.awayAt ?? state.at) < awayEveryMs) return []
  return connections.filter(({ name }) => away.includes(name))
}

/** Looks at the connections when their time has come or when somebody asked. */
export async function guardConnections(turn: GuardTurn, signal: AbortSignal): Promise<void> {
  const { store, clock, board, connections, repaired, back } = turn
  const state = (await store.getValue<GuardState>(stateName))?.value ?? null
  const asked = (await store.getValue<number>(askedName))?.value ?? 0
  const now = clock.now()
  const before = state?.away ?? []
  const due = dueOf(connections, state, { asked, now })
  if (due.length === 0) return
  const isWhole = due.length === connections.length
  let troubled = !isWhole && state?.troubled === true
  let isMended = false
  let isBack = false
  const away: string[] = []
  for (const connection of due) {
    const { name } = connection
    const { standing, repaired: isRepaired } = await guardConnection(connection, board, { now, signal })
    troubled ||= standing === 'troubled'
    if (standing === 'unknown') away.push(name)
    isMended ||= isRepaired
    isBack ||= standing === 'well' && before.includes(name)
  }
  const at = isWhole ? now : (state?.at ?? now)
  await store.setValue(stateName, { at, troubled, away, awayAt: now } satisfies GuardState, { expect: 'any', now })
  if (isMended) await repaired()
  else if (isBack) await back()
}
