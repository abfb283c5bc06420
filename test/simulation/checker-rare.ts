import type { FlowName } from '../../src/core/policy.js'
import type { Take } from '../../src/core/stage.js'
import { phaseIn, UNIQUE, type Desk, type Violation } from './checker-words.js'
import type { Happening, Known, Truth } from './truth.js'

/** What must hold of that which seldom happens, and under other settings than the delivered ones. */
export function rareHolds(desk: Desk): Violation[] {
  return [...observes(desk), ...asked(desk), ...leftAlone(desk), ...identifiers(desk), ...staysApart(desk), ...choosesNoTwin(desk)]
}

/** Everything that the product ever took for part of one deal with this record, itself included. */
export function family({ records, kin }: Truth, record: Known): ReadonlySet<string> {
  const found = new Set([record.id])
  for (const id of found) {
    for (const other of kin(id)) found.add(other)
    const from = records.get(id)?.cameFrom
    if (from != null) found.add(from)
  }
  return found
}

/** Whether one of the two ever named the other, whoever wrote it. */
export const everNamed = ({ happenings }: Truth, a: string, b: string): boolean =>
  happenings.some(({ field, record: { id }, to }) => field === 'otherId' && ((id === a && to === b) || (id === b && to === a)))

/** Whether somebody said yes to this step of this record, or ordered it, before. */
export const wasSaid = ({ world: { office, truth }, links }: Desk, { record, order }: Happening, takes: readonly Take[]): boolean =>
  office.words.some(
    (word) =>
      word.order <= order &&
      (word.side === 'both' || word.side === record.side) &&
      word.takes.some((take) => takes.includes(take)) &&
      (word.records.some((id) => family(truth, record).has(id)) ||
        // Microsoft's referral may have been met before ours.
        links.some(({ id, ends }) => id === word.link && ends[record.side]?.id === record.id)),
  )

// ------------------------------------------------------------------------------------------------- observing (rule R36)

/** A flow that only observes, or is off, writes nothing at all to its side. */
function observes({ world }: Desk): Violation[] {
  const { openSince } = world.office
  return world.truth.happenings.flatMap((item) => {
    const flow: FlowName = item.record.side === 'crm' ? 'partnerToCrm' : 'crmToPartner'
    return item.actor === 'cosell' && item.atMs < openSince[flow]
      ? [{ invariant: 'observe', text: `${item.record.kind} ${item.record.id}: ${item.field} was written to "${String(item.to)}" although ${flow} did not write yet.` }]
      : []
  })
}

// ------------------------------------------------------------------------------------------ doors that ask (rule R55)

/** The door that a change of the product went through; empty: none. */
function doorOf({ field, from, to, record }: Happening): readonly Take[] {
  if (field === 'visible') return record.side === 'partner' && to === true ? ['share'] : []
  if (field !== 'stage' || from === null) return []
  if (record.side === 'crm') {
    const phase = phaseIn(String(to))
    if (phase === phaseIn(String(from))) return []
    return phase === 'won' ? ['win'] : phase === 'lost' ? ['lose', 'decline'] : []
  }
  return to === 'Active/Accepted' ? ['accept'] : to === 'Closed/Won' ? ['win'] : to === 'Closed/Declined' ? ['decline'] : to === 'Closed/Lost' ? ['lose'] : []
}

/** Under `confirm` every door had a person's yes, or was ordered; under `forbid` none was passed. */
function asked(desk: Desk): Violation[] {
  const { world } = desk
  const { irreversible } = world.office
  if (irreversible === 'allow') return []
  return world.truth.happenings.flatMap((item) => {
    const takes = item.actor === 'cosell' ? doorOf(item) : []
    if (takes.length === 0 || (irreversible === 'confirm' && wasSaid(desk, item, takes))) return []
    return [{ invariant: 'confirm', text: `${item.record.kind} ${item.record.id}: ${item.field} went to ${String(item.to)} under ${irreversible}, and nobody said yes.` }]
  })
}

// ------------------------------------------------------------------------------------------------------- left alone

const underWayMs = 300_000 // What was sent before may arrive, from a process that is stopped as well.

function leftAlone({ world }: Desk): Violation[] {
  return world.office.holds.flatMap(({ records, link, fromMs, untilMs }) =>
    world.truth.happenings
      .filter((item) => item.actor === 'cosell' && records.includes(item.record.id) && item.atMs > fromMs + underWayMs && item.atMs < untilMs)
      .map(({ record, field }) => ({
        invariant: 'ignored',
        text: `${record.kind} ${record.id} of deal ${link}: ${field} was written although a person wants the deal left alone.`,
      })),
  )
}

// ------------------------------------------------------------------------------------------ identifiers written by hand

/** An identifier that is not the other end's is told, unless it was put right again. */
function identifiers({ world, links }: Desk): Violation[] {
  const { records } = world.truth
  return links.flatMap((link) => {
    const { partner, crm } = link.ends
    if (partner === null || crm === null || link.state !== 'in-sync') return []
    const ours = new Set([partner.id, crm.id, ...link.aliases.map(({ id }) => id)])
    return [records.get(partner.id), records.get(crm.id)].flatMap((record) => {
      const named = record?.shown.otherId ?? null
      if (record === undefined || record.gone || named === null || ours.has(named)) return []
      return [{ invariant: 'identifier', text: `${record.kind} ${record.id} names ${named}, which is not of its deal ${link.id}, and nobody is told.` }]
    })
  })
}

/** Whatever is written by hand into an identifier: what people wrote into one deal never goes to another. */
function staysApart({ world }: Desk): Violation[] {
  const { truth } = world
  if (truth.meddled.size === 0) return []
  const authors = new Map<string, Known[]>()
  return truth.happenings.flatMap(({ actor, field, from, to, record }) => {
    if (!UNIQUE.some((one) => one === field) || to === null) return []
    if (field === 'date' && from === null && record.cameFrom !== null) return [] // The CRM's own: the same for whatever is converted that day.
    const key = `${field} ${String(to)}`
    const by = authors.get(key) ?? []
    if (actor === 'person') authors.set(key, [...by, record])
    const [first] = by
    const ours = family(truth, record)
    if (actor === 'person' || first === undefined || by.some(({ id }) => ours.has(id) || everNamed(truth, record.id, id))) return []
    const text = `${record.kind} ${record.id} was given ${field} "${String(to)}" of ${first.kind} ${first.id}, which is another deal.`
    return [{ invariant: 'apart', text }]
  })
}

// --------------------------------------------------------------------------------------------- several accounts that fit

/** Where two accounts fit a new customer, which is meant is for a person to say: the record gets one of its own. */
function choosesNoTwin({ world }: Desk): Violation[] {
  return [...world.truth.records.values()].flatMap((record) => {
    const { account, madeAtMs } = record
    if (record.madeBy !== 'cosell' || record.side !== 'crm' || record.cameFrom !== null || account === null) return []
    const stood = world.twins.filter(({ fromMs, untilMs }) => madeAtMs > fromMs + twinsLagMs && madeAtMs < untilMs)
    const twins = stood.find(({ ids }) => ids.includes(account))
    const text = `Opportunity ${record.id} was given account ${account}, although another fitted as well.`
    return twins === undefined ? [] : [{ invariant: 'accounts', text }]
  })
}
const twinsLagMs = 120_000 // The accounts were asked for before.
