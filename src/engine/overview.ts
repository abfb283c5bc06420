import { SIDES, type Side } from '../core/ref.js'
import { isoTime } from './deal-view.js'
import type { Engine } from './engine.js'
import { brakeName, type Brake } from './sweep.js'
import type { Overview } from './views.js'
import type { VersionBook } from './versions.js'

/** How often each side is read whole by the schedule, in milliseconds. */
export type Rounds = Readonly<Record<Side, number>>

// One round may fail and the next take long; after that, what no event tells of would wait unseen.
const missedMost = 3
const behindLeastMs = 5 * 60_000

export interface OverviewDeps {
  readonly engine: Engine
  readonly environment: string
  readonly versions: Pick<VersionBook, 'flows'>
  readonly rounds: Rounds
}

/** Is it on time, what needs a person, what is due. */
export async function overviewOf({ engine, environment, versions, rounds }: OverviewDeps): Promise<Omit<Overview, 'planning'>> {
  const { store, clock } = engine
  const now = clock.now()
  const [states, queue, flows, partner, crm, event] = await Promise.all([
    store.counts(),
    store.queue.depth(now),
    versions.flows(),
    store.getValue<number>('swept.partner'),
    store.getValue<number>('swept.crm'),
    store.getValue<number>('event.last'),
  ])
  const brakes = await Promise.all(SIDES.map((side) => store.getValue<Brake | null>(brakeName(side))))
  const swept = { partner: partner?.value ?? null, crm: crm?.value ?? null }
  const isBehind = (side: Side): boolean => now - (swept[side] ?? now) > Math.max(missedMost * rounds[side], behindLeastMs)
  return {
    environment,
    states,
    queue,
    lastEventAt: isoTime(event?.value ?? null),
    lastSweepAt: { partner: isoTime(swept.partner), crm: isoTime(swept.crm) },
    behind: SIDES.filter(isBehind),
    flows,
    brakes: brakes.flatMap((brake) => (brake?.value ? [brake.value] : [])),
  }
}
