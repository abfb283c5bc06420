import { toFault } from '../core/fault.js'
import type { Link } from '../core/link.js'
import { behind, isBehind } from '../core/newest.js'
import type { Present, Reading, Readings } from '../core/ports.js'
import type { EndRef, Side } from '../core/ref.js'
import type { Engine } from './engine.js'

/** What a look at both sides found, and the end that was found for a link that had only one. */
export interface Look {
  readonly now: Readings
  /**
   * An end of this deal that the link did not know yet: found by the identifiers the records carry. `former`: the lead that became our record, and
   * whose deal has that end.
   */
  readonly found: { readonly side: Side; readonly ref: EndRef; readonly how: string; readonly former?: EndRef } | null
  /** A record has become another: the link's end must be rewritten. */
  readonly moved: { readonly side: Side; readonly from: EndRef; readonly to: EndRef } | null
  /** Several records claim to be the same deal. */
  readonly duplicates: readonly EndRef[]
}

/** What is already known, so that it is not read again. */
export type Known = { readonly [S in Side]?: Reading }

export async function look(engine: Engine, link: Link, options: { wide: boolean; signal: AbortSignal; known: Known }): Promise<Look> {
  const [partner, crm] = await Promise.all([readEnd(engine, link, 'partner', options), readEnd(engine, link, 'crm', options)])
  const now: Readings = { partner, crm }
  const none = { now, found: null, moved: null, duplicates: [] }
  for (const side of ['partner', 'crm'] as const) {
    const reading = now[side]
    if (reading.kind === 'moved') return { ...none, moved: { side, from: reading.ref, to: reading.to } }
  }
  if (partner.kind === 'present' && link.ends.crm === null) return adoptCrm(engine, partner, now, options.signal)
  if (crm.kind === 'present' && link.ends.partner === null) return adoptPartner(engine, crm, now, options)
  return none
}

async function readEnd(
  engine: Engine,
  link: Link,
  side: Side,
  options: { wide: boolean; signal: AbortSignal; known: Known },
): Promise<Reading> {
  const ref = link.ends[side]
  if (ref === null) return { kind: 'absent', ref: null }
  const reading = options.known[side] ?? (await readSafely(engine, ref, options))
  if (reading.kind === 'present' && isBehind(link.newest, { ...reading, id: ref.id }, engine.clock.now())) return { kind: 'unreachable', ref, fault: behind(ref.id) }
  return isOutOfSight(link, reading) ? { kind: 'absent', ref } : reading
}

/**
 * An event may name a referral that we never saw and may not see: another partner's, or one of a location outside our user's scope. It is
 * none of our deals. Should the right to all of them be missing, the sweep is refused too, keeps its place, and brings this one later.
 */
const isOutOfSight = (link: Link, reading: Reading): boolean =>
  reading.kind === 'unreachable' && reading.fault.kind === 'forbidden' && reading.ref?.side === 'partner' && link.base === null && link.ends.crm === null

async function readSafely(engine: Engine, ref: EndRef, options: { wide: boolean; signal: AbortSignal }): Promise<Reading> {
  try {
    return await engine.adapters[ref.side].read(ref, options)
  } catch (error) {
    return { kind: 'unreachable', ref, fault: toFault(error) }
  }
}

/** A referral without a known CRM record: the one it names, or the one that names it. */
async function adoptCrm(engine: Engine, partner: Present, now: Readings, signal: AbortSignal): Promise<Look> {
  const nothing: Look = { now, found: null, moved: null, duplicates: [] }
  try {
    if (partner.otherId !== null) {
      for (const kind of ['opportunity', 'lead'] as const) {
        const ref: EndRef = { side: 'crm', kind, id: partner.otherId }
        const reading = await engine.adapters.crm.read(ref, { wide: false, signal })
        if (reading.kind === 'present' && namesOther(reading, partner.ref))
          return { ...nothing, now: { ...now, crm: takenBy(reading) } }
        if (reading.kind === 'present')
          return {
            ...nothing,
            now: { ...now, crm: reading },
            found: { side: 'crm', ref: reading.ref, how: 'the referral carries its CRM id' },
          }
        if (reading.kind === 'moved') return { ...nothing, moved: { side: 'crm', from: reading.ref, to: reading.to } }
        if (reading.kind === 'unreachable') return { ...nothing, now: { ...now, crm: reading } }
      }
    }
    const found = await engine.adapters.crm.find({ as: 'opportunity', value: partner.ref.id, notBefore: null }, { signal })
    // A qualified lead and its opportunity may both carry the identifier: the opportunity is the deal.
    const opportunities = found.filter((ref) => ref.kind === 'opportunity')
    const candidates = opportunities.length > 0 ? opportunities : found
    if (candidates.length > 1) return { ...nothing, duplicates: candidates }
    const only = candidates[0]
    return only === undefined
      ? nothing
      : { ...nothing, found: { side: 'crm', ref: only, how: 'the CRM record carries the referral identifier' } }
  } catch (error) {
    return { ...nothing, now: { ...now, crm: { kind: 'unreachable', ref: null, fault: toFault(error) } } }
  }
}

/** A CRM record that carries a referral identifier but whose referral we do not know yet. */
async function adoptPartner(engine: Engine, crm: Present, now: Readings, options: { signal: AbortSignal }): Promise<Look> {
  const nothing: Look = { now, found: null, moved: null, duplicates: [] }
  if (crm.otherId === null) return nothing
  const ref: EndRef = { side: 'partner', kind: 'referral', id: crm.otherId }
  const reading = await readSafely(engine, ref, { wide: true, signal: options.signal })
  switch (reading.kind) {
    case 'present': {
      const former = namesOther(reading, crm.ref) ? await becameThis(engine, reading.otherId, crm.ref, options.signal) : null
      return namesOther(reading, crm.ref) && former === null
        ? { ...nothing, now: { ...now, partner: takenBy(reading) } }
        : {
            ...nothing,
            now: { ...now, partner: reading },
            found: { side: 'partner', ref: reading.ref, how: 'the CRM record carries the referral identifier', ...(former === null ? {} : { former }) },
          }
    }
    case 'moved':
      return {
        ...nothing,
        found: { side: 'partner', ref: reading.to, how: 'the CRM record carries the identifier of a referral of this engagement' },
      }
    case 'unreachable':
      return { ...nothing, now: { ...now, partner: reading } }
    case 'absent':
      return nothing
  }
}

/** The lead that became this record and that the referral still names, where a conversion carries the identifier along: its event is faster than the lead's. */
async function becameThis(engine: Engine, named: string | null, self: EndRef, signal: AbortSignal): Promise<EndRef | null> {
  if (named === null || self.kind !== 'opportunity') return null
  const before = await readSafely(engine, { side: 'crm', kind: 'lead', id: named }, { wide: false, signal })
  return before.kind === 'moved' && before.to.id === self.id ? before.ref : null
}

/** The record already names somebody else: it is not ours to adopt. */
const namesOther = (reading: Present, self: EndRef): boolean => reading.otherId !== null && reading.otherId !== self.id
const takenBy = ({ otherId }: Present): Reading => ({ kind: 'absent', ref: null, ...(otherId === null ? {} : { belongsTo: otherId }) })
