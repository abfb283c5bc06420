import type { Take } from '../../src/core/stage.js'
import { family, wasSaid } from './checker-rare.js'
import { FIELD_OF, isFirst, UNIQUE, phaseIn, sameSeen, type Desk, type Phase, type Violation } from './checker-words.js'
import { counterpart } from './people.js'
import type { Happening, Known, ShownField } from './truth.js'
import type { World } from './world.js'

// -------------------------------------------------------------------------------------------------- the switch (rule R36)

/** What a person wrote while the record's switch was off never leaves the CRM before it is on again. */
export function staysInside({ world }: Desk): Violation[] {
  const { happenings } = world.truth
  return happenings.flatMap((item) => {
    if (item.actor !== 'cosell' || item.record.side !== 'partner' || !UNIQUE.includes(item.field as ShownField)) return []
    const written = happenings.find(
      (other) => other.record.side === 'crm' && other.actor === 'person' && other.field === item.field && other.to === item.to,
    )
    if (written === undefined || written.order > item.order) return []
    const switched = happenings.filter(({ record, field, order }) => record === written.record && field === 'sync' && order < item.order)
    const off = switched.findLast(({ order }) => order < written.order)?.to === false
    const onAgain = switched.some(({ order, to }) => order > written.order && to === true)
    return off && !onAgain
      ? [{ invariant: 'switch', text: `${item.field} "${String(item.to)}" left the CRM although the switch of its record is off.` }]
      : []
  })
}

// ------------------------------------------------------------------------------------- every value has somebody who wrote it

const CARRIED: readonly ShownField[] = [...UNIQUE, 'currency']

/** What the connector writes over a value at Partner Center was written by a person in the CRM; what it empties there, a person emptied. */
export function hasAuthor(desk: Desk): Violation[] {
  const { world } = desk
  const { happenings } = world.truth
  return happenings.flatMap((item) => {
    if (item.actor !== 'cosell' || item.record.side !== 'partner' || !CARRIED.includes(item.field as ShownField) || item.from === null) return []
    const written = happenings.some(
      (other) =>
        other.order < item.order &&
        other.actor === 'person' &&
        other.record.side === 'crm' &&
        other.field === item.field &&
        (other.to ?? null) === (item.to ?? null) &&
        // What an opportunity begins with when it comes of a lead was copied or made up by the CRM, and what stands nowhere was not emptied.
        // What somebody wrote onto it afterwards is theirs, also where it was empty.
        (!isFirst(world, other) || (other.to !== null && other.record.cameFrom === null)),
    )
    return written || wasDecided(desk, item) ? [] : [{ invariant: 'author', text: `Referral ${item.record.id}: ${item.field} "${String(item.from)}" was overwritten by "${String(item.to)}", which nobody wrote.` }]
  })
}

/**
 * An org of one currency shows it on every record and nobody ever writes it there: that it goes to Partner Center is the word of a person who
 * chose between the two at the desk, and the ledger holds what they chose.
 */
function wasDecided({ world, links, conflicts }: Desk, { record, field, to, order }: Happening): boolean {
  if (wasChosen(world, { record, field, to, order })) return true
  if (counterpart(world.truth, record)?.shown[field as ShownField] !== undefined) return false
  return conflicts.some(
    ({ link, conflict }) =>
      conflict.winner === 'crm' &&
      conflict.field === FIELD_OF[field as ShownField] &&
      conflict.saw.crm === to &&
      links.find(({ id }) => id === link)?.ends.partner?.id === record.id,
  )
}

/** Somebody chose this very value of the CRM at the desk, whoever it was that made it up. */
const wasChosen = ({ office }: World, { record, field, to, order }: Pick<Happening, 'record' | 'field' | 'to' | 'order'>): boolean =>
  office.choices.some(
    (choice) =>
      choice.order <= order &&
      choice.keep === 'crm' &&
      choice.field === FIELD_OF[field as ShownField] &&
      choice.records.includes(record.id) &&
      sameSeen(choice.value, to),
  )

// ------------------------------------------------------------------------------------------------------ the brake (rule R11)

const brakeLeast = 20 // Also what docs/operating.md says.

/** Before a person released it, sweeps carried no more than the brake lets through. What an event or a person brought was carried besides. */
export function brakes({ world, ledger, links }: Desk): Violation[] {
  const { crowd } = world
  if (crowd === null) return []
  const untilMs = crowd.releasedAtMs ?? Infinity
  const swept = ledger.filter(
    ({ event, at }) => event?.kind === 'ran' && event.writes > 0 && event.because === `sweep of ${crowd.crowd.side}` && at >= crowd.atMs && at < untilMs,
  )
  const changed = links.filter(({ id, ends }) => crowd.linked.has(id) && crowd.edits.has(ends[crowd.crowd.side]?.id ?? '') && swept.some(({ link }) => link === id))
  // Half of what is changed while a sweep walks, or is shown while a listing lags, is this sweep's, and half is the next one's: each looks at
  // what it would change itself.
  const isSplit = crowd.midSweep || (crowd.crowd.side === 'partner' && world.partner.options.listingLagMs > 0)
  return changed.length > brakeLeast * (isSplit ? 2 : 1)
    ? [{ invariant: 'brake', text: `Sweeps carried ${changed.length} of ${crowd.edits.size} deals that were changed at once before anybody released the brake.` }]
    : []
}

// ------------------------------------------------------------------------------------------------- one-way doors (rule 8)

/** What a person may have ordered at the desk instead of doing it in the CRM. */
const ORDERS: Readonly<Record<string, readonly Take[]>> = {
  'Active/Accepted': ['accept'],
  'Closed/Won': ['win'],
  'Closed/Lost': ['lose'],
  'Closed/Declined': ['decline'],
}

export function doors(desk: Desk): Violation[] {
  const { world } = desk
  const { happenings, records } = world.truth
  const people = happenings.filter(({ actor }) => actor === 'person')
  const deedInCrm = (referral: Known, order: number, test: (item: Happening) => boolean): boolean =>
    people.some(
      (item) =>
        item.order < order &&
        item.record.side === 'crm' &&
        (belongs(records, item.record, referral) || family(world.truth, referral).has(item.record.id)) &&
        test(item),
    )
  return happenings.flatMap((item) => {
    if (item.actor !== 'cosell' || item.record.side !== 'partner' || item.from === null) return []
    const { record, order } = item
    const fail = (text: string): Violation[] => [
      { invariant: 'doors', text: `${text} (referral ${record.id}) although nobody did so in the CRM.` },
    ]
    if (item.field === 'stage') {
      const to = String(item.to)
      const done = (phase: Phase): boolean =>
        deedInCrm(
          record,
          order,
          (deed) =>
            deed.field === 'stage' && phaseIn(String(deed.to)) === phase,
        )
      if (wasSaid(desk, item, ORDERS[to] ?? [])) return []
      if (to === 'Active/Accepted' && !done('open') && !done('won')) return fail('The connector accepted')
      if (to === 'Closed/Won' && !done('won')) return fail('The connector closed as won')
      if ((to === 'Closed/Lost' || to === 'Closed/Declined') && !done('lost')) return fail(`The connector set ${to}`)
    }
    if (item.field === 'visible' && item.to === true) {
      const asked = deedInCrm(record, order, (deed) => (deed.field === 'visible' && deed.to === true) || deed.field === 'made')
      if (!asked && !helpAsked(world, record) && !wasSaid(desk, item, ['share'])) return fail('The connector shared with Microsoft')
    }
    return []
  })
}

const helpAsked = (world: World, referral: Known): boolean => {
  const other = counterpart(world.truth, referral)
  if (other === null || other.kind === 'referral') return false
  // Asked for while it was a lead.
  const before = other.cameFrom
  return world.crm.asksForHelp({ kind: other.kind, id: other.id }) || (before !== null && world.crm.asksForHelp({ kind: 'lead', id: before }))
}

/** Whether a CRM record was ever part of the deal of this referral. */
function belongs(records: ReadonlyMap<string, Known>, record: Known, referral: Known): boolean {
  if (record.shown.otherId === referral.id || referral.shown.otherId === record.id) return true
  const parent = record.cameFrom === null ? undefined : records.get(record.cameFrom)
  if (parent !== undefined && belongs(records, parent, referral)) return true
  return [...records.values()].some(
    (child) =>
      child.cameFrom === record.id &&
      child.cameFrom !== null &&
      (child.shown.otherId === referral.id || referral.shown.otherId === child.id),
  )
}
