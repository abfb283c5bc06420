import type { Scalar } from '../core/conversions.js'
import { FIELDS, sameValue, type Field, type FieldValue, type Projection } from '../core/deal.js'
import { isFault } from '../core/fault.js'
import { KNOWN_WORDS } from '../core/known-words.js'
import { toCrmValue, toPartnerValue, type MappedKind, type Mapping, type MappingRow } from '../core/mapping.js'
import type { Adapter, Check } from '../core/ports.js'

type Canonical = Pick<Adapter, 'canonical'>

/** Values that show what a column takes: long and foreign text, small change, a date. What is looked up in the CRM is not among them. */
const SAMPLES: { readonly [kind: string]: readonly FieldValue[] } = {
  text: ['A', 'Cœur 雪 ✓'],
  money: [1_234.56, 98_765_432],
  date: ['2027-03-31'],
  flag: [true, false],
  currency: ['EUR', 'USD'],
}
/** Fields in which people write whole paragraphs, and those that only take words of a list. */
const OF_FIELD: Readonly<Partial<Record<Field, readonly FieldValue[]>>> = {
  'details.notes': ['x'.repeat(2_000)],
  'inviteContext.notes': ['x'.repeat(2_000)],
  name: ['x'.repeat(150)],
  'customerProfile.address.country': ['DE', 'US', 'GB'],
  'customerProfile.address.state': ['WA', 'Bayern'],
}
const samplesOf = (field: Field): readonly FieldValue[] => [
  ...(field === 'customerProfile.address.country' ? [] : (SAMPLES[FIELDS[field].kind] ?? [])),
  ...(OF_FIELD[field] ?? []),
  ...(KNOWN_WORDS[field] ?? []),
]

/**
 * What is lost on the way of a value to the CRM and back: each sample as Partner Center shows it, against what the CRM will show of it. A loss
 * is no fault (a short column is a short column), but somebody should know of it before a deal does.
 */
export function roundTripCheck(mapping: Mapping, partner: Canonical, crm: Canonical): Check {
  const losses = (['opportunity', 'lead'] as const).flatMap((kind) => lossesOf(mapping, kind, partner, crm))
  const name = 'Mapping there and back'
  if (losses.length === 0) return { name, status: 'pass', detail: 'Sample values come back from every row as they went.', remedy: null }
  return {
    name,
    status: 'warn',
    detail: losses.join(' '),
    remedy: 'Give the row a column that holds it, or live with the loss: it is never written back. A conversion that fails stops its deal.',
  }
}

function lossesOf(mapping: Mapping, kind: MappedKind, partner: Canonical, crm: Canonical): string[] {
  return Object.values(mapping[kind]).flatMap((row) => {
    const { field, crm: column } = row
    for (const sample of samplesOf(field)) {
      const sent = partner.canonical({ [field]: sample }, 'referral')
      const failed = failure(row, sent[field])
      if (failed !== null) return [`${kind} > ${field}: ${failed}`]
      const back = partner.canonical(crm.canonical(sent, kind), 'referral')
      // Without a column here the row rests, and nothing is sent.
      if (row.flow !== 'both' || !(field in back) || sameValue(sent[field], back[field])) continue
      return [`${kind} > ${field}: ${words(sent[field])} is ${words(back[field])} in ${column}.`]
    }
    return []
  })
}

/** Why a conversion does not take a sample; null: it does, or there is none. */
function failure(row: MappingRow, sample: Projection[Field]): string | null {
  if (sample === undefined || (typeof sample === 'object' && sample !== null)) return null
  try {
    const there: Scalar = row.flow === 'to-partner' ? sample : toCrmValue(row, sample)
    if (row.flow !== 'to-crm') toPartnerValue(row, there)
    return null
  } catch (error) {
    if (isFault(error)) return error.message
    throw error
  }
}

function words(value: FieldValue | undefined): string {
  if (typeof value === 'string' && value.length > 40) return `a text of ${value.length} characters`
  return value === undefined ? 'nothing' : JSON.stringify(value)
}
