import { UNIQUE, phaseIn, type Desk, type Phase, type Violation } from './checker-words.js'
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

// ------------------------------------------------------------------------------------------------- one-way doors (rule 8)

export function doors({ world }: Desk): Violation[] {
  const { happenings, records } = world.truth
  const people = happenings.filter(({ actor }) => actor === 'person')
  const deedInCrm = (referral: Known, order: number, test: (item: Happening) => boolean): boolean =>
    people.some((item) => item.order < order && item.record.side === 'crm' && belongs(records, item.record, referral) && test(item))
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
      if (to === 'Active/Accepted' && !done('open') && !done('won')) return fail('The connector accepted')
      if (to === 'Closed/Won' && !done('won')) return fail('The connector closed as won')
      if ((to === 'Closed/Lost' || to === 'Closed/Declined') && !done('lost')) return fail(`The connector set ${to}`)
    }
    if (item.field === 'visible' && item.to === true) {
      const asked = deedInCrm(record, order, (deed) => (deed.field === 'visible' && deed.to === true) || deed.field === 'made')
      if (!asked && !helpAsked(world, record)) return fail('The connector shared with Microsoft')
    }
    return []
  })
}

const helpAsked = (world: World, referral: Known): boolean => {
  const other = counterpart(world.truth, referral)
  return other !== null && other.kind !== 'referral' && world.crm.asksForHelp({ kind: other.kind, id: other.id })
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
