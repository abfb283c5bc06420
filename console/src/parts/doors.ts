import type { Conflict, Side } from '../api/types.js'

export const otherSide = (side: Side): Side => (side === 'partner' ? 'crm' : 'partner')

/** Whose value stays when a person says yes to a door: that of the side where somebody went first. */
export const keptByYes = ({ door }: Conflict): Side => otherSide(door ?? 'partner')
