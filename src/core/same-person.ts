import { isEmpty, itemKey, PERSON_PARTS, samePart, type FieldValue, type Person } from './deal.js'
import { SIDES, type Side } from './ref.js'

type Lists = { readonly [S in Side]: FieldValue | undefined }

/**
 * E-mails of those of whom both sides say something else than when they last agreed, and not the same: the same part of a person edited twice, or
 * somebody edited on one side and taken off the list on the other. Where nothing was agreed before, what one side leaves empty is no difference.
 */
export function contestedPeople(now: Lists, base: Lists): readonly string[] {
  const [is, was] = [byEmail(now), byEmail(base)]
  const everybody = new Set(SIDES.flatMap((side) => [...is[side].keys()]))
  return [...everybody].filter((email) => {
    const [partner, crm] = [is.partner.get(email), is.crm.get(email)]
    const before = { partner: was.partner.get(email), crm: was.crm.get(email) }
    if (partner === undefined) return before.partner !== undefined && crm !== undefined && isEdited(before.crm, crm)
    if (crm === undefined) return before.crm !== undefined && isEdited(before.partner, partner)
    return PERSON_PARTS.some((part) => {
      if (samePart(partner, crm, part)) return false
      if (before.partner === undefined || before.crm === undefined) return !isEmpty(partner[part]) && !isEmpty(crm[part])
      return !samePart(before.partner, partner, part) && !samePart(before.crm, crm, part)
    })
  })
}

const isEdited = (before: Person | undefined, now: Person): boolean =>
  before !== undefined && PERSON_PARTS.some((part) => !samePart(before, now, part))

const byEmail = ({ partner, crm }: Lists): { readonly [S in Side]: ReadonlyMap<string, Person> } => ({
  partner: peopleIn(partner),
  crm: peopleIn(crm),
})
/** A list holds people or solutions, never both. */
function peopleIn(value: FieldValue | undefined): ReadonlyMap<string, Person> {
  const items: readonly object[] = Array.isArray(value) ? value : []
  const people = items.filter((item): item is Person => 'email' in item)
  return new Map(people.map((person) => [itemKey(person), person]))
}
