import type { Conflict, CreateChange } from '../core/change.js'
import { isEmpty, pick, sameValue, type Base, type Field, type FieldValue, type Projection } from '../core/deal.js'
import { Fault, toFault } from '../core/fault.js'
import { advance, type Intent, type Link } from '../core/link.js'
import type { CallOptions, Present, Readings, Receipt } from '../core/ports.js'
import { otherSide, type EndRef, type Instant, type Side } from '../core/ref.js'
import { movedAgreement } from '../core/replay.js'
import { entry, type Engine } from './engine.js'
import { giveUp } from './given-up.js'
import { ownerOf } from './holds.js'
import type { Pass } from './pass.js'

/**
 * Gives the link an end. When another link already has that record, the two are one deal: the one that knows more keeps it.
 * @param isElsewhere told the deals that know the record; when it says so, nothing is taken.
 * @returns false when this link was the one detached, or nothing was taken.
 */
export async function takeEnd(
  engine: Engine,
  pass: Pass,
  end: { side: Side; ref: EndRef; how: string },
  isElsewhere: (owners: readonly Link[]) => boolean = () => false,
): Promise<boolean> {
  const { store, clock } = engine
  const owners = await store.linksOf(end.ref, null)
  if (isElsewhere(owners)) return false
  const other = owners.find((link) => link.id !== pass.link.id && link.ends[end.side]?.id === end.ref.id)
  const ends = { ...pass.link.ends, [end.side]: end.ref }
  if (other === undefined) {
    pass.note({ kind: 'linked', ends, how: end.how })
    await pass.save({ ...pass.link, ends })
    return true
  }
  const [keep, drop] = keeper(pass.link, other)
  if (other.intents.length > 0 && other.state === 'pending') {
    // The other deal is being written at this moment, perhaps by the very create that made this record known: let it finish first. Does it take
    // longer, the answer was lost: what it made is there to be found.
    if (pass.lease.attempts > 0) await searchNow(engine, other)
    throw new Fault('stale', `Deal ${other.id} holds the same record and is being written.`, {
      remedy: 'Nothing to do: it is looked at again in a moment.',
    })
  }
  const joined: Link = {
    ...keep,
    ends: { partner: keep.ends.partner ?? drop.ends.partner, crm: keep.ends.crm ?? drop.ends.crm, [end.side]: end.ref },
    aliases: [...keep.aliases, ...drop.aliases],
    ...(keep.givenUp === undefined && drop.givenUp === undefined ? {} : { givenUp: [...(drop.givenUp ?? []), ...(keep.givenUp ?? [])] }),
    // Whoever asked to leave one of them alone meant these records.
    ...(drop.ignored && !keep.ignored ? { ignored: true, state: drop.state, reason: drop.reason } : {}),
  }
  const now = clock.now()
  const context = (link: Link): Parameters<typeof entry>[0] => ({ link: link.id, run: pass.run, at: now })
  // Of the deal that is worked here the store may have another base than the pass has by now.
  const stored = keep.id === pass.link.id ? pass.stored : keep.base
  const merged = await store.merge(
    joined,
    drop,
    [
      ...pass.lines,
      ...movedAgreement(stored, joined.base).map((event) => entry(context(keep), event)),
      ...movedAgreement(drop.id === pass.link.id ? pass.stored : drop.base, null).map((event) => entry(context(drop), event)),
      entry(
        context(keep),
        { kind: 'linked', ends: joined.ends, how: `${end.how}; joined with deal ${drop.id}` },
      ),
    ],
    now,
  )
  pass.unnote(0)
  await store.queue.mark([{ link: merged.id, dueAt: now, urgency: 1, wide: true, because: 'joined' }], now)
  if (merged.id !== pass.link.id) return false
  pass.joined(merged)
  return true
}

/** Of two links that meet, the one that already agreed on something keeps its history; else the older. */
function keeper(a: Link, b: Link): [Link, Link] {
  if ((a.base === null) !== (b.base === null)) return a.base === null ? [b, a] : [a, b]
  return a.createdAt <= b.createdAt ? [a, b] : [b, a]
}

const takeAttempts = 5
const takeAgainMs = 50

/** Notes the record that was just made. Its event may be making a deal of its own, or that deal may be worked, at this very moment: both are over soon. */
export async function takeMade(
  engine: Engine,
  pass: Pass,
  end: { side: Side; ref: EndRef; how: string },
  isElsewhere?: (owners: readonly Link[]) => boolean,
): Promise<boolean> {
  for (let attempt = 1; ; attempt += 1) {
    const noted = pass.noted()
    try {
      return await takeEnd(engine, pass, end, isElsewhere)
    } catch (error) {
      if (toFault(error).kind === 'lease-lost' || attempt >= takeAttempts) throw error
      pass.unnote(noted)
      await engine.clock.sleep(takeAgainMs * attempt, pass.signal)
    }
  }
}

/** A lead became an opportunity, or a record was merged: the end follows, and the old record stays known as an alias. */
export async function followMove(engine: Engine, pass: Pass, move: { side: Side; from: EndRef; to: EndRef }): Promise<boolean> {
  pass.note({ kind: 'moved', from: move.from, to: move.to })
  pass.link = {
    ...pass.link,
    aliases: [...pass.link.aliases.filter((alias) => alias.id !== move.from.id && alias.id !== move.to.id), move.from],
  }
  return takeEnd(engine, pass, {
    side: move.side,
    ref: move.to,
    how: becameText(move.from, move.to),
  })
}

export const becameText = (from: EndRef, to: EndRef): string => `${from.kind} ${from.id} became ${to.kind} ${to.id}`

/**
 * A record that replaced another starts out with empty fields that were never emptied by anyone: forgetting their base makes them
 * be filled again instead of carrying the emptiness across. What the CRM made up (`makesUp`) is no edit either: while nobody has touched the record since it
 * was made, the partner's value goes there, and `overwrites` is told of it: where times are whole seconds, a person may have been as fast. After that it
 * could be somebody's, and the two meet as values of two records do.
 */
export function forgetEmptied(link: Link, now: Readings, { side, makesUp, overwrites = () => undefined }: Emptied): Link {
  const reading = now[side]
  if (link.base === null || reading.kind !== 'present') return link
  const isUntouched = reading.createdAt !== null && reading.createdAt === reading.modifiedAt
  const keep = (projection: Projection): Projection =>
    Object.fromEntries(Object.entries(projection).filter(([field]) => field === 'status' || !looksEmpty(reading.deal[field as Field]))) // a subset of a Projection
  const base = { partner: keep(link.base.partner), crm: keep(link.base.crm) }
  const other = otherSide(side)
  const agreed = base[side]
  const madeUp = makesUp.filter((field) => agreed[field] !== undefined && !sameValue(agreed[field] ?? null, reading.deal[field] ?? null))
  if (isUntouched) for (const field of madeUp) overwrites(ofItsOwn(field, { ...link.base, [side]: reading.deal }, side))
  const began = isUntouched
    ? { [side]: { ...agreed, ...pick(reading.deal, madeUp) }, [other]: { ...base[other], ...emptied(madeUp) } }
    : { [side]: without(agreed, madeUp), [other]: without(base[other], madeUp) }
  return { ...link, base: { ...base, ...began } }
}
interface Emptied {
  readonly side: Side
  readonly makesUp: readonly Field[]
  readonly overwrites?: (conflict: Conflict) => void
}
const ofItsOwn = (field: Field, { partner, crm }: Base, side: Side): Conflict => ({
  field,
  kind: 'create/create',
  saw: { partner: partner[field], crm: crm[field] },
  winner: otherSide(side),
  reason: 'The CRM wrote it by itself when the lead was converted.',
})
export const without = (projection: Projection, fields: readonly Field[]): Projection =>
  Object.fromEntries(Object.entries(projection).filter(([field]) => !fields.some((one) => one === field))) // a subset of a Projection
const emptied = (fields: readonly Field[]): Projection => Object.fromEntries(fields.map((field) => [field, null])) // "empty" is a value of every field
const looksEmpty = (value: FieldValue | undefined): boolean => value === false || isEmpty(value)

/**
 * Creates whose answer was lost are searched for by their marker before anything else is planned.
 * @returns `known` when none is left, `found` when an end was learnt, or how long to wait until a search can be trusted.
 */
export async function resolveCreates(
  engine: Engine,
  pass: Pass,
): Promise<{ kind: 'known' | 'found' } | { kind: 'wait'; ms: number } | { kind: 'duplicates'; refs: readonly EndRef[] }> {
  const intent = pass.link.intents.find((item) => item.change.kind === 'create')
  if (intent === undefined || intent.change.kind !== 'create') return { kind: 'known' }
  const { change } = intent
  const rest = pass.link.intents.filter((item) => item !== intent)
  const known = pass.link.ends[change.side]
  if (change.as !== 'related' && known !== null) {
    // The record may have been met by its identifier before it was searched for. Where it is the one that was made, it began as it was made:
    // without this agreement everything that people changed since would look like a difference of old.
    // Where ids cannot be chosen the marker is the referral's id in a unique field: whatever record carries it is the one that was made.
    // A lead that was made and converted before it was known lives on in the opportunity.
    const made = [known, ...pass.link.aliases].some(({ side, id }) => side === change.side && id === change.marker)
    const carries = change.side === 'crm' && change.marker === pass.link.ends.partner?.id.toLowerCase()
    const ours = made || (carries && !(await madeApart(engine, intent, known, pass)))
    if (ours) pass.note({ kind: 'found-written', change, ref: known })
    const base = ours ? advance(pass.link.base, await agreedBy(engine, intent, change, pass)) : pass.link.base
    pass.link = { ...pass.link, intents: rest, base }
    return { kind: 'found' }
  }
  const refs = await search(engine, pass, { intent, change })
  if (refs === null) return { kind: 'wait', ms: Math.max(0, intent.searchAfter - engine.clock.now()) }
  if (refs.length > 1) return { kind: 'duplicates', refs }
  const ref = refs[0]
  if (ref === undefined) {
    pass.link = change.as === 'related' ? { ...pass.link, intents: rest } : giveUp(pass.link, intent)
    return { kind: 'found' }
  }
  const noted = pass.noted()
  const isOthers = change.as !== 'related' && (await madeApart(engine, intent, ref, pass))
  if (!isOthers) pass.note({ kind: 'found-written', change, ref })
  const base = isOthers ? null : advance(change.as === 'related' ? pass.link.base : null, await agreedBy(engine, intent, change, pass))
  const before = pass.link
  pass.link = { ...pass.link, intents: rest, base }
  if (change.as === 'related') {
    pass.link = { ...pass.link, aliases: [...pass.link.aliases.filter((alias) => alias.id !== ref.id), ref] }
    return { kind: 'found' }
  }
  const end = { side: change.side, ref, how: isOthers ? foundOthers : foundOurs }
  let isTaken = false
  const elsewhere = (owners: readonly Link[]): boolean => (isTaken = ownerOf(owners, before, end) !== null)
  // Until the end is noted, the intent must stay: without both the record would be made a second time.
  const ours = await takeEnd(engine, pass, end, elsewhere).catch((error: unknown) => {
    pass.link = before
    throw error
  })
  // What carries the marker is of another deal, where a person wrote it: ours was never made, and the next look says whose it is.
  if (isTaken) {
    pass.unnote(noted)
    pass.link = { ...before, intents: rest }
    return { kind: 'found' }
  }
  if (!ours) throw new Fault('lease-lost', `Deal ${pass.link.id} was joined with another.`, { remedy: 'Nothing to do.' })
  return { kind: 'found' }
}

interface Searched {
  readonly intent: Intent
  readonly change: CreateChange
}
/** What carries the marker of a create; null: it is too early to search. What an event has told of may be found early; not being found says nothing. */
async function search(engine: Engine, pass: Pass, { intent, change }: Searched): Promise<readonly EndRef[] | null> {
  const isEarly = engine.clock.now() < intent.searchAfter
  if (isEarly && !isShown(pass, change)) return null
  const notBefore = sentAfter(engine, intent)
  const refs = await engine.adapters[change.side].find({ as: change.as, value: markerToFind(change), notBefore }, pass)
  return isEarly && refs.length !== 1 ? null : refs
}

const foundOthers = 'made by somebody else for this deal while ours was under way'
const foundOurs = 'found by its marker after its answer was lost'

/** Why a deal is worked whose create has made a record, as an event of that record tells. */
const SHOWN = 'its record is there'
async function searchNow({ store, clock }: Engine, { id }: Link): Promise<void> {
  const now = clock.now()
  await store.queue.mark([{ link: id, dueAt: now, urgency: 1, wide: false, because: SHOWN }], now)
}
const isShown = ({ lease }: Pass, { as }: CreateChange): boolean =>
  lease.because === SHOWN || (as === 'related' && /^related-referral-/i.test(lease.because))

export const clocksApartMostMs = 2 * 60_000

/**
 * Whether a record that carries the marker of a create is another one: made long before or after the create could have been sent, or unlike it (a
 * referral: and untouched since). People write the same marker on what they have, or make by hand what did not come about. Then nothing is agreed on yet.
 */
async function madeApart(engine: Engine, intent: Intent, ref: EndRef, { signal }: CallOptions): Promise<boolean> {
  const { side } = intent.change
  const reading = await engine.adapters[side].read(ref, { wide: false, signal })
  if (reading.kind === 'unreachable') throw reading.fault
  if (reading.kind !== 'present' || reading.createdAt === null) return false
  const { change, agreed } = intent
  // An id of our choice says enough. People copy the marker onto a record of theirs that is as old as the one they miss.
  const isOfOurId = change.kind === 'create' && ref.id === change.marker
  const isUnlike = !isOfOurId && (side === 'crm' || isUntouched(reading)) && showsOther(reading.deal, agreed[side])
  if (isUnlike) return true
  const sentBefore = intent.searchAfter - engine.adapters[side].can.markerLagMs
  return reading.createdAt > sentBefore + clocksApartMostMs || reading.createdAt < sentAfter(engine, intent) - clocksApartMostMs
}

const isUntouched = ({ createdAt, modifiedAt }: Present): boolean =>
  createdAt !== null && modifiedAt !== null && Math.abs(modifiedAt - createdAt) <= madeWithinMs
const madeWithinMs = 1_000

/** Partner Center may round one value of what is sent; what nobody has edited and differs in more was sent by somebody else. */
export const showsOther = (shown: Projection, sent: Projection): boolean =>
  TOLD_APART.filter((field) => field in shown && field in sent && !sameValue(shown[field], sent[field])).length > 1
const TOLD_APART: readonly Field[] = ['name', 'details.dealValue', 'details.currency', 'details.closingDateTime', 'details.notes']

/** When a create may have been sent at the earliest: the lease that it was planned under had begun. */
export const sentAfter = (engine: Engine, { change, searchAfter, putOffFrom }: Intent): Instant =>
  (putOffFrom ?? searchAfter) - engine.adapters[change.side].can.markerLagMs - 2 * engine.leaseMs

/**
 * What a create agreed on, with what its receipt would have told had it not been lost: an owner or a customer that was there already. Nothing can
 * be told of one that the system would refuse by now; asking again would not help.
 */
export async function agreedBy(engine: Engine, intent: Intent, change: CreateChange, options: CallOptions): Promise<Base> {
  const told = engine.adapters[change.side].resolved?.(change, options)
  const resolved = await told?.catch((error: unknown): Projection => {
    if (toFault(error).kind !== 'rejected') throw error
    return {}
  })
  return shownAs(intent.agreed, change.side, resolved ?? {})
}

/** The values that a side shows instead of what was agreed. */
export function shownAs(agreed: Base, side: Side, resolved: Projection): Base {
  const shown = pick(resolved, Object.keys(agreed[side]) as Field[]) // agreed holds fields only
  return side === 'crm' ? { ...agreed, crm: { ...agreed.crm, ...shown } } : { ...agreed, partner: { ...agreed.partner, ...shown } }
}

/** What a creation agreed on with the record it made; with one that was there already only what that shows for certain. The rest meets as two values do. */
export function agreedWith(agreed: Base, side: Side, { resolved, found }: Pick<Receipt, 'resolved' | 'found'>): Base {
  const shown = shownAs(agreed, side, resolved)
  if (found !== true) return shown
  const certain = Object.keys(resolved) as Field[] // of a Projection
  return { partner: pick(shown.partner, certain), crm: pick(shown.crm, certain) }
}

/** A CRM record is found by the referral identifier it was created with; a referral by the CRM id, Microsoft's by its engagement. */
function markerToFind(change: { readonly side: Side; readonly marker: string; readonly stamp: { readonly otherId?: string } }): string {
  return change.side === 'crm' ? (change.stamp.otherId ?? change.marker) : change.marker
}
