import {
  applyListDiff,
  HELP,
  isEmpty,
  isListField,
  sameValue,
  VISIBILITY,
  type Field,
  type FieldValue,
  type Person,
  type Solution,
} from './deal.js'
import type { Conflict } from './change.js'
import type { Decision } from './link.js'
import { onUpdate, type FieldPolicy } from './policy.js'
import { NEVER_EMPTY } from './preflight.js'
import { otherSide, SIDES, type Side } from './ref.js'
import { contestedPeople } from './same-person.js'

/** What to do about one field. `later`: a gate is shut now; nothing is written and the base stays, so that it flows when the gate opens. */
export type FieldMove =
  | { readonly kind: 'none' }
  | { readonly kind: 'later'; readonly to: Side }
  | { readonly kind: 'adopt'; readonly conflict: Conflict | null }
  /** `unsent`: the partner's half of a list waits until its gate opens. Absent: nothing waits. */
  | { readonly kind: 'write'; readonly into: readonly FieldWrite[]; readonly conflict: Conflict | null; readonly unsent?: true }
  | { readonly kind: 'hold'; readonly conflict: Conflict }
  | { readonly kind: 'blocked'; readonly text: string }

/** One value for one side, and what the two bases become once the write is known to have happened. */
export interface FieldWrite {
  readonly side: Side
  readonly value: FieldValue
  readonly agreed: PerSide<FieldValue>
}

type PerSide<T> = { readonly [S in Side]: T }

export interface FieldInput {
  readonly field: Field
  readonly policy: FieldPolicy
  readonly now: PerSide<FieldValue>
  /** What each side showed at the last agreement; undefined where the field was not part of it. */
  readonly base: PerSide<FieldValue | undefined>
  /** Whether this record takes the field at all right now. */
  readonly takes: PerSide<'yes' | 'no' | 'later'>
  readonly canonical: (side: Side, value: FieldValue) => FieldValue | undefined
  readonly decision: Decision | null
  /** Both sides changed what this field belongs to, be it that each changed another part of it. */
  readonly contested: boolean
}

/** Neither side shows anything else than when the two last agreed, whatever may have been lost between them then. */
export const standsStill = (now: FieldInput['now'], base: FieldInput['base']): boolean =>
  base.partner !== undefined && base.crm !== undefined && sameValue(now.partner, base.partner) && sameValue(now.crm, base.crm)

export function mergeField(input: FieldInput): FieldMove {
  const { now, base } = input
  if (standsStill(now, base)) return { kind: 'none' }
  // Half an agreement is none: a lead shows no solutions, so what the partner showed then says nothing about the opportunity it became.
  if (base.partner === undefined || base.crm === undefined) return fresh({ ...input, base: { partner: undefined, crm: undefined } })
  const changed = { partner: !sameValue(now.partner, base.partner), crm: !sameValue(now.crm, base.crm) }
  if (agree(input)) return { kind: 'adopt', conflict: null }
  if ((changed.partner && changed.crm) || input.contested) return bothChanged(input)
  if (changed.crm && isDoor(input.field) && decided(input) === 'partner')
    return flow(input, 'crm', conflictOf(input, 'edit/edit', 'partner', 'A person decided.'))
  return flow(input, changed.partner ? 'crm' : 'partner', null)
}

/** Both lead through a door that nobody can go back through. */
export const isDoor = (field: Field): boolean => field === VISIBILITY || field === HELP

/** Of a door: what it shows before anybody went through. */
export const isUntaken = (value: FieldValue | undefined): boolean => isEmpty(value ?? null) || value === false

function agree({ now, canonical }: FieldInput): boolean {
  return sameValue(canonical('crm', now.partner), now.crm) || sameValue(canonical('partner', now.crm), now.partner)
}

function bothChanged(input: FieldInput): FieldMove {
  const kept = decided(input)
  if (kept !== null) return flow(input, otherSide(kept), conflictOf(input, 'edit/edit', kept, 'A person decided.'))
  const { rule } = input.policy
  const source = oneWaySource(input.policy)
  if (source !== null) return closedWay(input, source)
  if (rule === 'union' && isListField(input.field)) return mergeLists(input)
  if (rule === 'partner' || rule === 'crm') {
    return flow(
      input,
      otherSide(rule),
      conflictOf(input, 'edit/edit', rule, `Both sides changed it; the mapping says that ${sideName(rule)} wins.`),
    )
  }
  return { kind: 'hold', conflict: conflictOf(input, 'edit/edit', null, standsOn(input) ? amountText : differentText) }
}

/** One of the two shows what it showed: it is contested for what it belongs to only. */
const standsOn = ({ now, base }: FieldInput): boolean => SIDES.some((side) => sameValue(now[side], base[side]))
const differentText = 'Both sides changed it to different values.'
const amountText = 'Both sides changed the amount or its currency, and the two belong together.'

/** The two never agreed on this field before: equal or one empty is harmless, anything else is the rule's or a person's. */
function fresh(input: FieldInput): FieldMove {
  const { field, now, policy } = input
  if (agree(input)) return { kind: 'adopt', conflict: null }
  const source = oneWaySource(policy)
  // A first meeting fills and never empties: a column that nobody has filled yet is nobody's decision.
  if (source !== null && isEmpty(now[source])) {
    const text = `${sideName(source)}, from which this field flows, says nothing yet; the other side is left.`
    return { kind: 'adopt', conflict: conflictOf(input, 'info', null, text) }
  }
  if (policy.restore) {
    const loses = isEmpty(now.crm) ? null : conflictOf(input, 'create/create', 'partner', 'This field only flows from Partner Center.')
    return flow(input, 'crm', loses)
  }
  if (field === VISIBILITY && now.partner === true) return flow(input, 'crm', null)
  if (!isDoor(field) && isEmpty(now.partner)) return flow(input, 'partner', null)
  // Nobody can go through a door of a referral that takes nothing any more, so nobody is asked.
  if (isDoor(field) && input.takes.partner === 'no' && isUntaken(now.partner)) return adoptAsInfo(input, 'partner')
  if (isEmpty(now.crm)) return flow(input, 'crm', null)
  const kept = decided(input)
  if (kept !== null) return flow(input, otherSide(kept), conflictOf(input, 'create/create', kept, 'A person decided.'))
  if (isListField(field)) return mergeLists(input)
  if (policy.rule === 'partner' || policy.rule === 'crm') {
    if (isDoor(field) && policy.rule === 'crm') return { kind: 'hold', conflict: conflictOf(input, 'create/create', null, doorText) }
    return flow(
      input,
      otherSide(policy.rule),
      conflictOf(input, 'create/create', policy.rule, `The mapping says that ${sideName(policy.rule)} wins.`),
    )
  }
  if (policy.into.crm !== 'always' && policy.into.partner !== 'always') {
    return { kind: 'adopt', conflict: conflictOf(input, 'info', null, "The two differ and neither side takes the other's value any more.") }
  }
  return {
    kind: 'hold',
    conflict: conflictOf(input, 'create/create', null, isDoor(field) ? doorText : undecidedText),
  }
}
const undecidedText = 'The two records say different things, and nothing was agreed on before: they have just been linked, or another mapping took hold.'
const doorText = 'The two records differ where only a person may decide: sharing with Microsoft cannot be taken back.'

/** The side from which a row that was declared one-way flows; null for a row that flows both ways. */
function oneWaySource({ restore, into }: FieldPolicy): Side | null {
  return restore ? (SIDES.find((side) => !onUpdate(into[side]) && onUpdate(into[otherSide(side)])) ?? null) : null
}

function decided({ decision, now }: FieldInput): Side | null {
  if (decision === null) return null
  const stillSeen = sameValue(decision.saw.partner, now.partner) && sameValue(decision.saw.crm, now.crm)
  return stillSeen ? decision.keep : null
}

/** Carries the change of one side to the other, if that takes it; else says what becomes of it. */
function flow(input: FieldInput, to: Side, conflict: Conflict | null): FieldMove {
  const { policy, takes, now, field } = input
  if (!onUpdate(policy.into[to])) return closedWay(input, to)
  if (takes[to] === 'no') return adoptAsInfo(input, to)
  // What was decided stands over what the other side says of somebody.
  const value = input.canonical(to, carried(input, to, conflict !== null))
  if (value === undefined) return { kind: 'none' }
  const loser = conflict ?? overwritesUnseen(input, to)
  // Of a list the other side may have changed only what is not carried: then nothing waits, either.
  if (takes[to] === 'later') return sameValue(value, now[to]) ? { kind: 'none' } : { kind: 'later', to }
  if (sameValue(value, now[to])) return { kind: 'adopt', conflict }
  if (to === 'partner' && NEVER_EMPTY.has(field) && isEmpty(value)) {
    return { kind: 'blocked', text: `${field} is empty in the CRM, and Partner Center does not take an empty value.` }
  }
  return { kind: 'write', into: [written(input, to, value)], conflict: loser }
}

const written = (input: FieldInput, side: Side, value: FieldValue): FieldWrite => ({
  side,
  value,
  agreed: side === 'crm' ? { partner: input.now.partner, crm: value } : { partner: value, crm: input.now.crm },
})

/**
 * What the target should show: for lists the difference is carried over, so that items only the target has stay, and so does the end of a text that
 * the edited side had no room for.
 */
function carried(input: FieldInput, to: Side, overrides = false): FieldValue {
  const { field, now, base } = input
  const from = otherSide(to)
  if (isListField(field)) return listDiff({ from: base[from], to: now[from], target: now[to], known: base[to], overrides })
  const rest = behindCut(input, to)
  return rest?.isApart === true ? `${String(now[from]).trimEnd()}${rest.text}` : now[from]
}

const seamLength = 40 // So much before the cut must stand as it stood for an edit to have left the cut alone.

/** What the other side could not show of a text when the two last agreed, and whether the edit since then was made apart from it. */
function behindCut({ now, base, canonical }: FieldInput, to: Side): { readonly text: string; readonly isApart: boolean } | null {
  const from = otherSide(to)
  const [cut, whole, edited] = [base[from], base[to], now[from]]
  if (typeof cut !== 'string' || typeof whole !== 'string' || cut === '' || !whole.startsWith(cut) || whole.length === cut.length) return null
  if (!sameValue(now[to], whole) || !sameValue(canonical(from, whole), cut)) return null
  return { text: whole.slice(cut.trimEnd().length), isApart: typeof edited === 'string' && seamOf(edited).endsWith(seamOf(cut).slice(-seamLength)) }
}
/** Line breaks and blanks at the end are the system's. */
const seamOf = (text: string): string => text.replaceAll('\r\n', '\n').trimEnd()

function overwritesUnseen(input: FieldInput, to: Side): Conflict | null {
  const rest = behindCut(input, to)
  if (rest === null || rest.isApart) return null
  return conflictOf(input, 'edit/edit', otherSide(to), `The end of the text, for which ${sideName(otherSide(to))} had no room, was overwritten.`)
}

function listDiff(
  change: Record<'to' | 'target', FieldValue> & Record<'from' | 'known', FieldValue | undefined> & { readonly overrides?: boolean },
): FieldValue {
  const list = (value: FieldValue | undefined): readonly (Person | Solution)[] =>
    Array.isArray(value) ? (value as readonly (Person | Solution)[]) : [] // list fields hold lists
  const { from, to, target, known, overrides = false } = change
  return applyListDiff({ from: list(from), to: list(to), target: list(target), known: list(known), overrides }) as FieldValue // same item type in, same out
}

function mergeLists(input: FieldInput): FieldMove {
  const contested = contestedPeople(input.now, input.base)
  const agreedBefore = input.base.partner !== undefined
  if (contested.length > 0 && agreedBefore)
    return { kind: 'hold', conflict: conflictOf(input, 'edit/edit', null, `Both sides changed what they say of ${contested.join(', ')}.`) }
  const difference =
    contested.length === 0
      ? null
      : conflictOf(input, 'info', null, `The two records say different things of ${contested.join(', ')}; each keeps its own.`)
  const into: FieldWrite[] = []
  let isWaiting = false
  for (const side of SIDES) {
    if (!onUpdate(input.policy.into[side]) || input.takes[side] === 'no') continue
    const value = input.canonical(side, carried(input, side))
    if (value === undefined || sameValue(value, input.now[side])) continue
    // What comes in does not wait for what goes out; a record that takes nothing now, which is closed as a rule, waits with its own rows.
    if (input.takes[side] === 'later' && side === 'crm') return { kind: 'later', to: isWaiting ? 'partner' : side }
    if (input.takes[side] === 'later') {
      isWaiting = true
      continue
    }
    // Only half of the exchange is done by this write, so the written side's base takes over the other side's change and nothing more:
    // its own change still stands out and flows with the second write, even when a crash lies between the two.
    const from = otherSide(side)
    const known = input.base[side] ?? []
    const half = listDiff({ from: input.base[from], to: input.now[from], target: known, known })
    const other = input.now[from]
    into.push({ side, value, agreed: side === 'crm' ? { partner: other, crm: half } : { partner: half, crm: other } })
  }
  if (into.length > 0) return { kind: 'write', into, conflict: difference, ...(isWaiting ? { unsent: true } : {}) }
  return isWaiting ? { kind: 'later', to: 'partner' } : { kind: 'adopt', conflict: difference }
}

/** The way into `to` is shut by the mapping or by the API: undo an edit on a declared one-way row, else keep it as a known difference. */
function closedWay(input: FieldInput, to: Side): FieldMove {
  const edited = otherSide(to)
  const { policy, takes, now } = input
  if (!policy.restore || !onUpdate(policy.into[edited]) || takes[edited] === 'no') return adoptAsInfo(input, to)
  if (takes[edited] === 'later') return { kind: 'later', to: edited }
  const value = input.canonical(edited, now[to])
  if (value === undefined || sameValue(value, now[edited])) return { kind: 'adopt', conflict: null }
  const conflict = conflictOf(input, 'restore', to, `This field only flows from ${sideName(to)}; the edit was undone.`)
  return { kind: 'write', into: [written(input, edited, value)], conflict }
}

function adoptAsInfo(input: FieldInput, to: Side): FieldMove {
  return {
    kind: 'adopt',
    conflict: conflictOf(input, 'info', null, `${sideName(to)} does not take this change; the difference is shown and left.`),
  }
}

function conflictOf(input: FieldInput, kind: Conflict['kind'], winner: Side | null, reason: string): Conflict {
  return { field: input.field, kind, saw: { partner: input.now.partner, crm: input.now.crm }, winner, reason }
}
const sideName = (side: Side): string => (side === 'partner' ? 'Partner Center' : 'the CRM')
