import type { Conflict, Side } from '../api/types.js'

export const otherSide = (side: Side): Side => (side === 'partner' ? 'crm' : 'partner')

/** Whether keeping this side is the yes to a door, the no, or a choice between two values. */
export function answerOf(conflict: Conflict | undefined, keep: Side): 'yes' | 'no' | 'choice' {
  if (conflict?.kind !== 'confirm') return 'choice'
  return keep === keptByYes(conflict) ? 'yes' : 'no'
}

/** Whose value stays when a person says yes to a door: that of the side where somebody went first. */
export const keptByYes = ({ door }: Conflict): Side => otherSide(door ?? 'partner')
