import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalOf, codecOf, type Codec } from '../../src/adapters/dynamics/codec.js'
import { presentOf } from '../../src/adapters/dynamics/decode.js'
import { encodeDeal, personColumns } from '../../src/adapters/dynamics/encode.js'
import { DYNAMICS_PROFILE } from '../../src/adapters/dynamics/profile.js'
import { ASSUMED_SCHEMA, precisionOf, type Schema } from '../../src/adapters/dynamics/schema.js'
import { CODE_LABELS, HELP_LABELS } from '../../src/core/conversions.js'
import { COUNTRIES } from '../../src/core/countries.js'
import { FIELD_NAMES, FIELDS, itemKey, type Field, type FieldValue, type Projection, type ValueKind } from '../../src/core/deal.js'
import { effectiveMapping, type MappedKind } from '../../src/core/mapping.js'
import { parseMapping } from '../../src/core/mapping-document.js'
import { brokenLaws } from '../../src/core/mapping-laws.js'
import { STAGES } from '../../src/core/stage.js'

const labels = (codes: readonly string[]) =>
  codes.map((code, index) => ({ value: 290_000_000 + index, label: CODE_LABELS[code as keyof typeof CODE_LABELS]?.[0] ?? code }))
/** The delivered tables, with options as an installation would have them. */
function schemaWithOptions(): Schema {
  const withOptions = (table: (typeof ASSUMED_SCHEMA)['tables']['opportunity']) => ({
    ...table,
    columns: new Map(
      [...table.columns].map(
        ([name, column]) =>
          [
            name,
            name === 'cosell_help'
              ? { ...column, options: labels(Object.keys(HELP_LABELS)) }
              : name === 'cosell_purchaseintent'
                ? { ...column, options: labels(['Yes', 'No', 'HaveNotDecided']) }
                : column,
          ] as const,
      ),
    ),
  })
  const { opportunity, lead } = ASSUMED_SCHEMA.tables
  return {
    ...ASSUMED_SCHEMA,
    readAt: 1,
    tables: { ...ASSUMED_SCHEMA.tables, opportunity: withOptions(opportunity), lead: lead && withOptions(lead) },
    currencies: new Map([
      ['EUR', { id: 'e', precision: 2 }],
      ['JPY', { id: 'j', precision: 0 }],
      ['KWD', { id: 'k', precision: 3 }],
    ]),
  }
}
const schema = schemaWithOptions()
const document = parseMapping({
  version: 1,
  opportunity: { salesStage: { crm: 'stepname', values: { '10': '1-Qualify', '20': '2-Develop' } }, campaignId: { crm: 'emailaddress' } },
})
const codecs: { readonly [K in MappedKind]: Codec } = {
  opportunity: codecOf({ mapping: effectiveMapping(DYNAMICS_PROFILE, document), schema, kind: 'opportunity', checkMark: false }),
  lead: codecOf({ mapping: effectiveMapping(DYNAMICS_PROFILE, document), schema, kind: 'lead', checkMark: true }),
}

/** The row a GET would answer after the encoded values were written to a fresh record. */
function writtenAndRead(codec: Codec, deal: Projection): Projection {
  const encoded = encodeDeal(codec, deal, { precision: precisionOf(schema, deal['details.currency'] ?? null), what: 'it' })
  const solutions = schema.solutions
  if (solutions === null) throw new Error('the schema has solutions')
  const owner = deal.team?.find(({ email }) => email.trim() !== '')
  const row = {
    '@odata.etag': 'W/"1"',
    statecode: 0,
    statuscode: 1,
    ...encoded.own,
    ...encoded.stage,
    parentaccountid: { accountid: 'a', ...encoded.account },
    parentcontactid: encoded.person == null ? null : { contactid: 'c', ...personColumns(encoded.person) },
    transactioncurrencyid: encoded.currency == null ? null : { isocurrencycode: encoded.currency },
    owninguser:
      owner === undefined
        ? null
        : { internalemailaddress: owner.email, firstname: owner.firstName, lastname: owner.lastName, mobilephone: owner.phone },
    [solutions.collection]: (encoded.solutions ?? []).map(({ id, name }, index) => ({
      [solutions.id]: `s${index}`,
      cosell_solutionid: id,
      cosell_name: name,
    })),
  }
  return presentOf(codec, { side: 'crm', kind: codec.kind, id: 'x' }, row).deal
}

const word = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: 'grapheme', maxLength: 60 }),
  fc.constantFrom('', ' ', '✔ Deal', '✓✘ x', 'Zürich', '😀'.repeat(40)),
)
const longText = fc.oneof(
  word,
  fc.string({ minLength: 100, maxLength: 5000 }),
  fc.string({ unit: 'grapheme', minLength: 290, maxLength: 400 }),
)
const nullable = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null })
const person = fc.record({
  email: fc.oneof(fc.emailAddress(), fc.constant('')),
  firstName: nullable(word),
  lastName: nullable(word),
  phone: nullable(fc.oneof(fc.constantFrom('+49 89 1', '1'.repeat(70)), word)),
})
const distinct = <T extends { email: string } | { id: string }>(items: T[]): T[] => [
  ...new Map(items.map((item) => [itemKey(item as never), item])).values(),
]
const day = fc
  .date({ min: new Date('1990-01-01'), max: new Date('2090-01-01'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10))

const values: { readonly [K in ValueKind]: fc.Arbitrary<FieldValue> } = {
  text: nullable(longText),
  choice: nullable(fc.constantFrom('10', '20', 'something else')),
  currency: fc.constantFrom('EUR', 'eur', 'JPY', 'KWD', null),
  date: nullable(day),
  instant: nullable(
    fc.date({ min: new Date('1990-01-01'), max: new Date('2090-01-01'), noInvalidDate: true }).map((date) => date.toISOString()),
  ),
  money: nullable(
    fc.oneof(
      fc.double({ min: -1e9, max: 1e9, noNaN: true }),
      fc.integer({ min: 0, max: 1_000_000 }),
      fc.constantFrom(1.005, 2.675, 0.1 + 0.2, 1e-9),
    ),
  ),
  flag: nullable(fc.boolean()),
  stage: fc.constantFrom(...STAGES),
  people: fc.array(person, { maxLength: 4 }).map(distinct),
  solutions: fc
    .array(fc.record({ id: fc.oneof(fc.constantFrom('SOL-15974-MQF', 'sol-1-a'), fc.uuid(), word), name: nullable(longText) }), {
      maxLength: 4,
    })
    .map(distinct),
}
const special: { readonly [F in Field]?: fc.Arbitrary<FieldValue> } = {
  'inviteContext.assistanceRequestCode': nullable(fc.constantFrom('Unknown', ...Object.keys(HELP_LABELS))),
  'details.requirements.marketplaceIntent': nullable(fc.constantFrom('Yes', 'No', 'HaveNotDecided')),
  'customerProfile.address.country': nullable(
    fc.oneof(fc.constantFrom(...COUNTRIES.map(({ alpha2 }) => alpha2)), fc.constantFrom('Germany', 'USA', 'Narnia'), word),
  ),
}

describe.each(['opportunity', 'lead'] as const)('every mapping row of a CRM %s', (kind) => {
  const codec = codecs[kind]
  test.each(codec.rows.map(({ field }) => field))('[R57] %s keeps the laws of a codec', (field) => {
    const value = special[field] ?? values[FIELDS[field].kind]
    fc.assert(
      fc.property(value, fc.constantFrom('EUR', 'JPY', 'KWD'), (given, currency) => {
        const deal = (field === 'details.dealValue' ? { 'details.currency': currency, [field]: given } : { [field]: given }) as Projection // the value was drawn for its field
        const broken = brokenLaws(
          { canonical: (input) => canonicalOf(codec, input), writtenAndRead: (input) => writtenAndRead(codec, input) },
          field,
          deal,
        )
        expect(broken).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  test('[R57] what becomes of a value depends on itself and the currency beside it alone', () => {
    const fields = Object.fromEntries(FIELD_NAMES.map((field) => [field, special[field] ?? values[FIELDS[field].kind]]))
    const property = fc.property(fc.record(fields), fc.constantFrom('EUR', 'JPY', 'KWD'), (drawn, currency) => {
      const deal = { ...drawn, 'details.currency': currency } as Projection // every value was drawn for its field
      const whole = canonicalOf(codec, deal)
      for (const field of FIELD_NAMES) {
        const alone = canonicalOf(codec, { 'details.currency': currency, [field]: deal[field] })
        expect(alone[field]).toEqual(whole[field])
      }
    })
    fc.assert(property, { numRuns: 50 })
  })

  test('fields without a row never appear', () => {
    const mapped = new Set(codec.rows.map(({ field }) => field))
    for (const field of FIELD_NAMES.filter((name) => !mapped.has(name))) {
      const property = fc.property(values[FIELDS[field].kind], (given) => {
        expect(canonicalOf(codec, { [field]: given })).toEqual({})
      })
      fc.assert(property, { numRuns: 20 })
    }
  })
})
