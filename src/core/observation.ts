import type { Change } from './change.js'
import { FIELD_NAMES, pick, sameValue, VISIBILITY, type Field, type FieldValue, type Projection } from './deal.js'
import type { Readings } from './ports.js'
import type { Instant, Side } from './ref.js'
import { stageAfter } from './stage.js'

/** What a change would make its record show. */
export function wishOf(change: Change): Projection {
  if (change.kind === 'create') return change.deal
  if (change.kind === 'patch') return change.set
  if (change.take === 'share') return { ...change.set, [VISIBILITY]: true }
  const status = stageAfter(change.take)
  return status === null ? change.set : { ...change.set, status }
}

/** What the records showed of the fields that would have been written, to tell later whether somebody else wrote them. */
export const seenBy = (changes: readonly Change[], now: Readings): Projection[] =>
  changes.map((change) => {
    const reading = now[change.side]
    return change.kind === 'create' || reading.kind !== 'present' ? {} : pick(reading.deal, Object.keys(wishOf(change)) as Field[]) // a projection's keys are fields
  })

/** One field that observe mode would have written. */
export interface Wish {
  readonly side: Side
  readonly kind: Change['kind']
  readonly field: Field
  readonly at: Instant
  readonly ours: FieldValue
  /** What the record showed then. `undefined`: there was no record, or the look did not carry the field. */
  readonly before: FieldValue | undefined
}

/**
 * `agreed`: somebody else brought the field to the same value · `different`: to another · `not-done`: it is as it was ·
 * `withdrawn`: what we would have written changed, or went away, before anybody wrote it.
 */
export type ObservedOutcome = 'agreed' | 'different' | 'not-done' | 'withdrawn'

export interface ObservedRow extends Wish {
  readonly outcome: ObservedOutcome
  readonly theirs: FieldValue | undefined
}

/** What is known of a deal's records now. */
export interface Observed {
  readonly shows: { readonly [S in Side]: Projection | null }
  /** What is still wished, by side. */
  readonly open: { readonly [S in Side]: ReadonlySet<Field> }
  readonly canonical: (side: Side, deal: Projection) => Projection
}

export function wishesOf(at: Instant, changes: readonly Change[], before: readonly Projection[]): Wish[] {
  return changes.flatMap((change, index) => {
    const wish = wishOf(change)
    return FIELD_NAMES.flatMap((field): Wish[] => {
      const ours = wish[field]
      return ours === undefined ? [] : [{ side: change.side, kind: change.kind, field, at, ours, before: before[index]?.[field] }]
    })
  })
}

/** Judges what was wished for one deal, oldest first, by what its records showed afterwards. */
export function judge(wishes: readonly Wish[], now: Observed): ObservedRow[] {
  const series = new Map<string, Wish[]>()
  for (const wish of wishes) {
    const key = `${wish.side} ${wish.field}`
    const held = series.get(key) ?? []
    const last = held.at(-1)
    // The same wish is noted again whenever another of the same deal changes.
    if (last === undefined || !sameValue(last.ours, wish.ours) || !sameValue(last.before, wish.before)) series.set(key, [...held, wish])
  }
  return [...series.values()].flatMap((list) => list.map((wish, index) => judged(wish, list[index + 1] ?? null, now)))
}

function judged(wish: Wish, next: Wish | null, now: Observed): ObservedRow {
  const { side, field } = wish
  const theirs = next === null ? now.shows[side]?.[field] : next.before
  const ours = now.canonical(side, { [field]: wish.ours })[field] ?? wish.ours
  if (sameValue(ours, theirs) || sameValue(wish.ours, theirs)) return { ...wish, theirs, outcome: 'agreed' }
  const untouched = theirs === undefined || sameValue(theirs, wish.before)
  if (!untouched) return { ...wish, theirs, outcome: 'different' }
  return { ...wish, theirs, outcome: next === null && now.open[side].has(field) ? 'not-done' : 'withdrawn' }
}
