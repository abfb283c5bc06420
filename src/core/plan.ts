import { planAbsence } from './plan-absence.js'
import { planFirst } from './plan-first.js'
import { planMeeting } from './plan-meeting.js'
import { because, rest, type Plan, type PlanInput } from './plan-types.js'

/**
 * Decides what to write. Pure and total; planning again after its own effect gives nothing.
 * It reads only what the two sides show, what they showed when they last agreed, and the policy: never who wrote, and never when.
 */
export function plan(input: PlanInput): Plan {
  const { link, now } = input
  if (link.ignored) {
    return rest(link, 'settled', 'unlinked', because('ignored', 'A person asked to leave this deal alone.', 'Run "cosell deals hold --release" to take it up again.'))
  }
  if ([now.partner, now.crm].some((reading) => reading.kind === 'unreachable' || reading.kind === 'moved')) return rest(link, 'wait', 'pending', null)
  const absence = planAbsence(input)
  if (absence !== null) return absence
  const unreadable = [now.partner, now.crm].flatMap((reading) => (reading.kind === 'present' ? reading.unreadable : []))
  const first = unreadable[0]
  if (first !== undefined) {
    const items = unreadable.map((value) => value.text)
    return rest(link, 'hold', 'needs-attention', because('unmapped-value', first.text, first.remedy, items))
  }
  if (now.partner.kind === 'present' && now.crm.kind === 'present') return planMeeting({ ...input, p: now.partner, c: now.crm })
  return planFirst(input)
}
