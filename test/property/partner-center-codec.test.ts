import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { canonicalDeal } from '../../src/adapters/partner-center/canonical.js'
import { decodeDeal, presentOf } from '../../src/adapters/partner-center/decode.js'
import { invitation, newReferral } from '../../src/adapters/partner-center/encode.js'
import { operationsOf } from '../../src/adapters/partner-center/operations.js'
import { parseReferral } from '../../src/adapters/partner-center/wire.js'
import type { PatchChange } from '../../src/core/change.js'
import { FIELD_NAMES, FIELDS, HELP, sameValue, VISIBILITY, type Field, type FieldValue, type Projection } from '../../src/core/deal.js'
import { STAGES } from '../../src/core/stage.js'
import { withChange } from '../../src/sandbox/partner-center/patch-paths.js'

const words = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc.constantFrom('', ' ', ' Ärger & <b>x</b> ', 'a\nb', '\'"\\', '日本', 'Unknown', 'HaveNotDecided', 'de', '__proto__'),
)
const text = fc.option(words)
const day = fc
  .date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10))
const email = fc
  .tuple(fc.stringMatching(/^[A-Za-z]{1,6}$/), fc.stringMatching(/^[a-z]{1,4}$/))
  .map(([name, host]) => `${name}@${host}.example`)
const person = fc.record({ email: fc.oneof(email, fc.constant(' ')), firstName: text, lastName: text, phone: text })
const solution = fc.record({ id: fc.oneof(fc.stringMatching(/^SOL-[A-C0-3]{1,3}$/), fc.constant('')), name: text })

/** Any value of a field's kind, also odd ones. */
const valueOf = (field: Field): fc.Arbitrary<FieldValue> => {
  switch (FIELDS[field].kind) {
    case 'text':
    case 'choice':
    case 'currency':
      return text
    case 'date':
      return fc.option(
        fc.oneof(
          day,
          day.map((date) => `${date}T13:45:00Z`),
        ),
      )
    case 'money':
      return fc.option(
        fc.oneof(fc.double({ noNaN: true, min: -1e9, max: 1e12 }), fc.integer(), fc.constantFrom(-0, 0.005, 1.005, 1e21, Number.NaN)),
      )
    case 'flag':
      return fc.option(fc.boolean())
    case 'stage':
      return fc.constantFrom(...STAGES)
    case 'people':
      return fc.array(person, { maxLength: 4 })
    case 'solutions':
      return fc.array(solution, { maxLength: 4 })
  }
}
const deal = fc.record(Object.fromEntries(FIELD_NAMES.map((field) => [field, valueOf(field)])), {
  requiredKeys: [],
}) as fc.Arbitrary<Projection> // one arbitrary of its kind per field

/** What a new referral says about itself; everything else of a deal is read only. */
const created = FIELD_NAMES.filter(
  (field) =>
    !['status', 'statusReason', 'expirationDateTime', HELP].includes(field) &&
    !field.startsWith('microsoft.') &&
    !field.startsWith('trackingInfo'),
)
const differing = (fields: readonly Field[], wanted: Projection, shown: Projection): Field[] =>
  // Texts for Microsoft are told only where there are some.
  fields.filter(
    (field) => field in wanted && !sameValue(wanted[field], field === 'inviteContext.notes' ? (shown[field] ?? null) : shown[field]),
  )

const asShown = (body: Readonly<Record<string, unknown>>): unknown => ({
  id: 'r-1',
  engagementId: 'e-1',
  status: 'Active',
  substatus: 'Accepted',
  ...structuredClone(body),
})
const shownBy = (body: Readonly<Record<string, unknown>>): Projection => decodeDeal(parseReferral(asShown(body), 'a test'), null)

describe('[R57] the form of a referral', () => {
  it('canonical twice is once, and touches no field that is not there', () => {
    fc.assert(
      fc.property(deal, (given) => {
        const once = canonicalDeal(given)
        expect(Object.keys(once)).toEqual(Object.keys(given))
        expect(canonicalDeal(once)).toEqual(once)
      }),
      { numRuns: 500 },
    )
  })

  it('what becomes of a value depends on itself alone', () => {
    const property = fc.property(deal, (given) => {
      const whole = canonicalDeal(given)
      for (const [field, value] of Object.entries(given)) expect({ ...whole, ...canonicalDeal({ [field]: value }) }).toEqual(whole)
    })
    fc.assert(property, { numRuns: 100 })
  })

  it('a new referral shows the canonical form of what it was given', () => {
    fc.assert(
      fc.property(deal, (given) => {
        const body = newReferral(given, { marker: 'OPP-1', partnerId: null })
        expect(differing(created, canonicalDeal(given), shownBy(body))).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  it('an invitation says the same of the deal as our own referral does, and is always shared', () => {
    fc.assert(
      fc.property(deal, (given) => {
        const body = invitation(given, { engagementId: 'e-1', organizationId: 'o-1', organizationName: 'Example' })
        const fields = created.filter((field) => !['campaignId', 'referralProgram', 'salesStage', VISIBILITY].includes(field))
        const shown = shownBy(body)
        expect(differing(fields, canonicalDeal(given), shown)).toEqual([])
        expect(shown[VISIBILITY]).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('a patch shows the canonical form of what it set, keeps unnamed members, and touches nothing else', () => {
    const patched: readonly Field[] = [
      'details.dealValue',
      'details.currency',
      'details.closingDateTime',
      'details.notes',
      'campaignId',
      'referralProgram',
      'salesStage',
      'team',
      'customerProfile.team',
      'details.requirements.solutions',
    ]
    fc.assert(
      fc.property(deal, deal, fc.subarray([...patched]), (before, after, fields) => {
        const body = asShown(newReferral(before, { marker: 'OPP-1', partnerId: null }))
        const record = parseReferral(tagged(body), 'a test')
        const set = Object.fromEntries(fields.filter((field) => field in after).map((field) => [field, after[field]])) as Projection // values of their own fields
        const change: PatchChange = {
          kind: 'patch',
          side: 'partner',
          ref: { side: 'partner', kind: 'referral', id: 'r-1' },
          expect: null,
          set,
          stamp: {},
        }
        const result = operationsOf(change, { record, money: 'number' }).reduce<unknown>(
          (shown, { path, value }) => withChange(shown, path.slice(1).split('/'), value),
          record,
        )
        const now = parseReferral(result, 'a test')
        const expected: Projection = { ...decodeDeal(record, null), ...canonicalDeal(set) }
        expect(differing(Object.keys(expected) as Field[], expected, decodeDeal(now, null))).toEqual([]) // keys of a Projection
        const kept = new Set((canonicalDeal(set)['details.requirements.solutions'] ?? []).map(({ id }) => id.toLowerCase()))
        for (const item of now.details?.requirements?.solutions ?? []) {
          const was = record.details?.requirements?.solutions?.find(({ id }) => id?.toLowerCase() === item.id?.toLowerCase())
          if (was !== undefined && (kept.size === 0 || kept.has(item.id?.toLowerCase() ?? ''))) expect(item).toEqual(was)
        }
      }),
      { numRuns: 500 },
    )
  })

  it('a look that carries less says nothing about the rest, and none can break it', () => {
    fc.assert(
      fc.property(
        deal,
        fc.subarray(['details', 'customerProfile', 'team', 'consent', 'inviteContext', 'name', 'campaignId']),
        fc.boolean(),
        (given, gone, nulls) => {
          const body = Object.fromEntries(
            Object.entries(asShown(newReferral(given, { marker: 'OPP-1', partnerId: null })) as object).flatMap(([name, value]) =>
              gone.includes(name) ? (nulls ? [[name, null]] : []) : [[name, value]],
            ),
          )
          const { deal: shown } = presentOf(parseReferral(body, 'a test'), null, null)
          const full = shownBy(newReferral(given, { marker: 'OPP-1', partnerId: null }))
          for (const field of Object.keys(shown) as Field[]) {
            // keys of a Projection
            const emptied = ['name', 'campaignId', 'team', 'inviteContext.notes'].includes(field)
            if (!emptied) expect(sameValue(shown[field], full[field])).toBe(true)
          }
          if (gone.includes('details')) expect(Object.keys(shown).filter((field) => field.startsWith('details.'))).toEqual([])
          if (gone.includes('team') && !nulls) expect('team' in shown).toBe(false)
        },
      ),
      { numRuns: 200 },
    )
  })
})

/** Gives every solution and person a member that we have no name for. */
function tagged(body: unknown): unknown {
  if (Array.isArray(body)) return body.map(tagged)
  if (typeof body !== 'object' || body === null) return body
  const entries = Object.entries(body).map(([name, value]) => [name, tagged(value)])
  return { ...Object.fromEntries(entries), ...('id' in body || 'email' in body ? { unknownToUs: 'kept' } : {}) }
}
