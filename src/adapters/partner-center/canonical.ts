import { dateOnly } from '../../core/calendar.js'
import { codeOf, isEmptyCode } from '../../core/conversions.js'
import { FIELDS, HELP, itemKey, VISIBILITY, type Field, type FieldValue, type Person, type Projection, type Solution } from '../../core/deal.js'
import { roundMoney } from '../../core/money.js'
import { isStage } from '../../core/stage.js'

/** What a new referral says about marketplace purchases when nobody has said anything. Source: the create sample on learn.microsoft.com (2025). */
export const INTENT_DEFAULT = 'HaveNotDecided'
export const INTENT = 'details.requirements.marketplaceIntent'

const asText = (value: unknown): string | null => {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'boolean') return null
  const trimmed = String(value).trim()
  return trimmed === '' ? null : trimmed
}

const digitsMost = 4 // Amounts are decimals without a documented limit; no currency has more digits in a CRM.

/** What is no amount is none. */
export function asMoney(value: unknown): number | null {
  const amount = typeof value === 'string' ? Number(value) : value
  if (typeof amount !== 'number' || !Number.isFinite(amount)) return null
  return roundMoney(amount, digitsMost)
}

const asDay = (value: unknown): string | null => {
  const text = asText(value)
  return text === null ? null : dateOnly(text, null)
}

/** A list without items that nobody could tell apart: those without a key, and repeats. */
function distinct<T extends Person | Solution>(items: readonly T[]): readonly T[] {
  const seen = new Set<string>()
  return items.filter((item) => {
    const key = itemKey(item)
    if (key === '' || seen.has(key)) return false
    seen.add(key)
    return true
  })
}

export const asPerson = (person: Person): Person => ({
  email: person.email.trim(),
  firstName: asText(person.firstName),
  lastName: asText(person.lastName),
  phone: asText(person.phone),
})
export const asSolution = (solution: Solution): Solution => ({ id: solution.id.trim(), name: asText(solution.name) })

const asItems = (value: FieldValue | undefined): readonly unknown[] => (Array.isArray(value) ? (value as readonly unknown[]) : []) // a list field holds a list

/** One value as Partner Center will show it. Twice is once. */
export function canonicalValue(field: Field, value: FieldValue): FieldValue {
  switch (FIELDS[field].kind) {
    case 'text':
      return field === 'customerProfile.address.country' ? (asText(value)?.toUpperCase() ?? null) : asText(value)
    case 'choice':
      return choice(field, asText(value))
    case 'currency':
      return asText(value)?.toUpperCase() ?? null
    case 'date':
      return asDay(value)
    case 'money':
      return asMoney(value)
    case 'flag':
      // A referral is shared or it is not; there is no third answer on the wire.
      return field === VISIBILITY ? value === true : typeof value === 'boolean' ? value : null
    case 'stage':
      return typeof value === 'string' && isStage(value) ? value : 'Active/Accepted'
    case 'people':
      return distinct((asItems(value) as readonly Person[]).map(asPerson)) // a list of people by the field's kind
    case 'solutions':
      return distinct((asItems(value) as readonly Solution[]).map(asSolution)) // a list of solutions by the field's kind
  }
}

function choice(field: Field, text: string | null): string | null {
  if (field === INTENT) return text === null ? INTENT_DEFAULT : codeOf(text)
  if (field !== HELP || text === null) return text
  return isEmptyCode(text) ? null : codeOf(text)
}

/** What a referral will show after being given these values. Pure; twice is once. */
export function canonicalDeal(deal: Projection): Projection {
  const entries = (Object.entries(deal) as [Field, FieldValue][]).map(([field, value]) => [field, canonicalValue(field, value)]) // a Projection's keys are fields
  return Object.fromEntries(entries) as Projection // each value keeps its field's kind
}
