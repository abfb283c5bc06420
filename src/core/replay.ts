import type { AuditEvent } from './audit.js'
import { FIELD_NAMES, pick, type Base, type Field, type Projection } from './deal.js'
import { SIDES } from './ref.js'

/** What a save says about the agreement it moves: the fields that changed on each side, and those that are agreed on no more. */
export type AgreementEvent = Extract<AuditEvent, { kind: 'agreed' | 'forgotten' }>

/**
 * Every save that moves a base says so in the ledger, so that the ledger alone tells what was agreed at any time: `replay` of a deal's
 * entries is its base. @returns nothing where the base stays.
 */
export function movedAgreement(before: Base | null, after: Base | null): AgreementEvent[] {
  if (before === after) return []
  if (after === null) return before === null ? [] : [{ kind: 'forgotten' }]
  // Mostly one side is the very same as before, and the other one's fields are few of all there are.
  const changed = (side: 'partner' | 'crm'): Projection => {
    const [was, is] = [before?.[side], after[side]]
    return was === is ? {} : pick(is, FIELD_NAMES.filter((field) => is[field] !== undefined && !isSame(was?.[field], is[field])))
  }
  const dropped = (side: 'partner' | 'crm'): Field[] => {
    const [was, is] = [before?.[side], after[side]]
    return was === is || was === undefined ? [] : FIELD_NAMES.filter((field) => was[field] !== undefined && is[field] === undefined)
  }
  const event = {
    kind: 'agreed' as const,
    partner: changed('partner'),
    crm: changed('crm'),
    dropped: { partner: dropped('partner'), crm: dropped('crm') },
  }
  const moved = SIDES.some((side) => Object.keys(event[side]).length > 0 || event.dropped[side].length > 0)
  return moved || before === null ? [event] : []
}

/** To the letter, as it is stored: the replayed base is the stored one, not one that merely means the same. */
const isSame = (a: unknown, b: unknown): boolean => a === b || JSON.stringify(a) === JSON.stringify(b)

/** The base that a deal's entries, oldest first, lead to. An entry whose content was erased tells nothing any more: what it moved is missing. */
export function replay(events: Iterable<AuditEvent | null>): Base | null {
  let base: Base | null = null
  for (const event of events) {
    if (event?.kind === 'forgotten') base = null
    if (event?.kind !== 'agreed') continue
    const next = (side: 'partner' | 'crm'): Projection => {
      const kept = FIELD_NAMES.filter((field) => !event.dropped[side].includes(field))
      return { ...pick(base?.[side] ?? {}, kept), ...event[side] }
    }
    base = { partner: next('partner'), crm: next('crm') }
  }
  return base
}
