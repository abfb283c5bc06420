import { sameValue, type Base, type Field, type FieldValue, type Projection } from '../core/deal.js'
import type { Intent, Link } from '../core/link.js'
import type { Present, Readings } from '../core/ports.js'
import { SIDES, type Side } from '../core/ref.js'
import type { CreateChange } from '../core/change.js'
import { agreedBy, clocksApartMostMs, sentAfter, showsOther } from './ends.js'
import type { Engine } from './engine.js'
import { withoutGivenUp } from './given-up.js'
import type { Pass } from './pass.js'

/** How long a process may have been stopped between its last line and the wire, and its write still be known as ours. */
export const lateMs = 3_600_000

/**
 * Once a record is known, it is asked whether one of the creations that were given up has made it after all. It began with the values of that
 * moment then: without this they would be taken for edits of a person, against what was agreed on or changed since.
 */
export async function metLate(engine: Engine, pass: Pass, now: Readings): Promise<void> {
  for (const side of SIDES) {
    const reading = now[side]
    if (reading.kind !== 'present' || pass.link.ends[side]?.id !== reading.ref.id) continue
    const made = (pass.link.givenUp ?? []).flatMap((intent) => (hasMade(engine, pass.link, { intent, reading }) ? [intent] : []))
    const last = made.at(-1)
    if (last !== undefined) {
      const began = await Promise.all(made.map((intent) => agreedBy(engine, intent, intent.change as CreateChange, pass))) // hasMade() knows it as one
      pass.note({ kind: 'found-written', change: last.change, ref: reading.ref })
      pass.link = { ...pass.link, base: baseOf(pass.link.base, began, reading) }
    }
    pass.link = withoutGivenUp(pass.link, side)
  }
}

interface Met {
  readonly intent: Intent
  readonly reading: Present
}
/** Ids of our choice say it alone. Where the system chose the id, the record carries the marker, was made when such a process may have woken, and looks like ours. */
function hasMade(engine: Engine, { ends }: Link, { intent, reading }: Met): boolean {
  const { change, agreed, searchAfter } = intent
  const { ref, createdAt, deal, otherId } = reading
  if (change.kind !== 'create' || change.side !== ref.side || change.as !== ref.kind) return false
  if (ref.id === change.marker) return true
  const marker = ref.side === 'crm' ? ends.partner?.id.toLowerCase() : otherId
  if (marker !== change.marker || createdAt === null) return false
  const isThen = createdAt >= sentAfter(engine, intent) - clocksApartMostMs && createdAt <= searchAfter + lateMs
  return isThen && !showsOther(deal, agreed[ref.side])
}

/** Field by field: what the record shows tells which of the creations made it. Where none did, and they differ, the two sides meet anew. */
function baseOf(base: Base | null, began: readonly Base[], { ref: { side }, deal }: Present): Base {
  let found: Base = base ?? { partner: {}, crm: {} }
  const fields = new Set(began.flatMap((one) => Object.keys(one[side]) as Field[])) // a base holds fields only
  for (const field of fields) {
    const values = began.filter((one) => field in one[side])
    const isShown = (one: Projection): boolean => field in one && (!(field in deal) || sameValue(one[field], deal[field]))
    if (isShown(found[side])) continue
    const made = values.findLast((one) => isShown(one[side]))
    const sofar = field in found[side] ? [...values, found] : values
    const isOne = sofar.every((one) => sameValue(one[side][field], sofar[0]?.[side][field]))
    found = from(found, field, made ?? (isOne ? sofar[0] : undefined))
  }
  return found
}

/** With that field as `other` has it, on both sides; without it where that is nothing. */
function from(base: Base, field: Field, other: Base | undefined): Base {
  const of = (side: Side): Projection => {
    const { [field]: _before, ...rest } = base[side]
    const value: FieldValue | undefined = other?.[side][field]
    return value === undefined ? rest : { ...rest, [field]: value }
  }
  return { partner: of('partner'), crm: of('crm') }
}
