import { FIELDS, type Field, type FieldValue, type Projection } from '../core/deal.js'
import { sameValue } from '../core/deal.js'
import type { MappedKind, Mapping } from '../core/mapping.js'
import type { Adapter, Check } from '../core/ports.js'

/** Fields in which people write whole paragraphs. */
const LONG: Readonly<Partial<Record<Field, string>>> = {
  'details.notes': 'x'.repeat(2_000),
  'inviteContext.notes': 'x'.repeat(2_000),
  name: 'x'.repeat(150),
}

type Canonical = Pick<Adapter, 'canonical'>

/** Values that show what a column takes: long and foreign text, small change, a date. What is looked up in the CRM is not among them. */
const SAMPLES: { readonly [kind: string]: readonly FieldValue[] } = {
  text: ['Cœur 雪 ✓'],
  money: [1_234.56, 98_765_432],
  date: ['2027-03-31'],
  flag: [true, false],
}

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
    remedy: 'Give the row a column that holds it, or live with the loss: it is never written back.',
  }
}

function lossesOf(mapping: Mapping, kind: MappedKind, partner: Canonical, crm: Canonical): string[] {
  return Object.values(mapping[kind])
    .filter(({ flow }) => flow === 'both')
    .flatMap(({ field, crm: column }) => {
      for (const sample of [...(SAMPLES[FIELDS[field].kind] ?? []), ...[LONG[field] ?? []].flat()]) {
        const sent = partner.canonical(of(field, sample), 'referral')
        const back = crm.canonical(sent, kind)
        if (!sameValue(sent[field], back[field]))
          return [`${kind} > ${field}: ${words(sent[field])} is ${words(back[field])} in ${column}.`]
      }
      return []
    })
}

const of = (field: Field, value: FieldValue): Projection => ({ [field]: value })
function words(value: FieldValue | undefined): string {
  if (typeof value === 'string' && value.length > 40) return `a text of ${value.length} characters`
  return value === undefined ? 'nothing' : JSON.stringify(value)
}
