import type { Conflict } from './change.js'
import { changedFields } from './deal.js'
import { because, rest, type Plan, type PlanInput } from './plan-types.js'
import { otherSide, SIDES, type Side } from './ref.js'

/** A record counts as gone only when two looks this far apart did not find it: listings and caches lag. */
export const ABSENCE_CONFIRMED_AFTER_MS = 10 * 60_000

/** What to do when an end that existed is not found. Nothing is ever deleted on the other side. Null when no end is absent. */
export function planAbsence(input: PlanInput): Plan | null {
  const { link, now } = input
  const gone = SIDES.filter((side) => now[side].kind === 'absent' && link.ends[side] !== null)
  const side = gone[0]
  if (side === undefined) return null
  if (link.base === null || gone.length === 2) {
    return rest(link, 'settled', 'unlinked', because('absent', `${nameOf(side)} has no such record.`, 'If it exists, check the connector\'s rights to read it.'))
  }
  const since = link.absentSince[side]
  if (since === null || input.at - since < ABSENCE_CONFIRMED_AFTER_MS) {
    return rest(link, 'wait', 'pending', because('absent', `${nameOf(side)} did not find the record; it is looked for again in ten minutes.`, 'Nothing to do yet.'))
  }
  const text = `The record is gone from ${nameOf(side)}. Nothing was deleted on the other side.`
  const remedy = 'Restore the record, or run "cosell deals unlink" to end the connection.'
  return { ...rest(link, 'hold', 'needs-attention', because('absent', text, remedy)), conflicts: editedMeanwhile(input, side) }
}

function editedMeanwhile({ link, now }: PlanInput, gone: Side): Conflict[] {
  const there = otherSide(gone)
  const reading = now[there]
  if (reading.kind !== 'present' || link.base === null) return []
  const before = link.base[there]
  return changedFields(before, reading.deal).map((field) => ({
    field,
    kind: 'edit/absent' as const,
    saw: there === 'partner' ? { partner: reading.deal[field], crm: undefined } : { partner: undefined, crm: reading.deal[field] },
    winner: null,
    reason: `Edited here while the record is gone from ${nameOf(gone)}.`,
  }))
}

const nameOf = (side: Side): string => (side === 'partner' ? 'Partner Center' : 'the CRM')
