import { isFault, type Fault } from '../../core/fault.js'
import type { Clock, TouchedOptions } from '../../core/ports.js'
import type { EndRef } from '../../core/ref.js'
import type { ReferralsApi } from './api.js'
import type { Freshness } from './freshness.js'
import type { OwnOrganization } from './own-organization.js'
import type { Position } from './touched-cursor.js'

/** How this service takes a moment in a filter. No page says; each form is tried once, in this order. */
export type DateForm = 'plain' | 'quoted' | 'none'

export interface SweepParts {
  readonly referrals: ReferralsApi
  readonly own: OwnOrganization
  readonly fresh: Freshness
  readonly clock: Clock
  /** The zone in which people read dates; null: UTC. */
  readonly zone: () => string | null
  readonly pageSize: number
  readonly overlapMs: number
  /** Learnt from refusals, kept for the life of the process. */
  readonly learnt: { dates: DateForm }
}

const waitsMost = 6
const waitMostMs = 60_000

export interface Round {
  readonly parts: SweepParts
  readonly options: TouchedOptions
  position: Position
  /** It went to its end. */
  isThrough: boolean
  /** Other parties' referrals this round has shown, by engagement: their own deal may come later. */
  readonly related: Map<string, EndRef[]>
}

/** What a call of a sweep is, in words. */
export const asked = (round: Round): { signal: AbortSignal; what: string } => ({
  signal: round.options.signal,
  what: 'listing referrals that changed',
})

/** A sweep holds no lease, so it may stand still for as long as the service asks; giving up would put it off to the next turn. */
export async function patiently<T>(round: Round, work: () => Promise<T>): Promise<T> {
  const { parts, options } = round
  for (let waits = 0; ; waits += 1) {
    try {
      return await work()
    } catch (error) {
      const waitMs = isFault(error) ? waitOf(error, waits) : null
      if (waitMs === null || waits >= waitsMost || options.signal.aborted) throw error
      await parts.clock.sleep(waitMs, options.signal)
    }
  }
}

function waitOf(fault: Fault, waits: number): number | null {
  if (fault.kind !== 'throttled' && fault.kind !== 'offline') return null
  const waitMs = fault.retryAfterMs ?? 1_000 * 2 ** waits
  return waitMs > waitMostMs ? null : waitMs + 250
}
