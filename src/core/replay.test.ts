import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import type { Base, Projection } from './deal.js'
import { movedAgreement, replay, type AgreementEvent } from './replay.js'

const value: fc.Arbitrary<Projection> = fc.record(
  {
    name: fc.constantFrom('Reports', 'Reports and more'),
    'details.dealValue': fc.constantFrom(1_000, 2_000, null),
    'details.notes': fc.constantFrom('Wants reports.', null),
    team: fc.constantFrom([], [{ email: 'kim@fabrikam.example', firstName: 'Kim', lastName: null, phone: null }]),
  },
  { requiredKeys: [] },
)
const base: fc.Arbitrary<Base | null> = fc.option(fc.record({ partner: value, crm: value }), { nil: null, freq: 5 })

describe('[R30] the ledger replays to the base', () => {
  test('whatever a deal agreed on, and gave up, in any order', () => {
    fc.assert(
      fc.property(fc.array(base, { minLength: 1, maxLength: 8 }), (bases) => {
        const events: AgreementEvent[] = []
        let before: Base | null = null
        for (const after of bases) {
          events.push(...movedAgreement(before, after))
          before = after
          expect(replay(events)).toEqual(after)
        }
      }),
    )
  })

  it('says nothing where nothing moved, and only the fields that did', () => {
    const agreed: Base = { partner: { name: 'A', 'details.notes': 'n' }, crm: { name: 'A', 'details.notes': 'n' } }
    expect(movedAgreement(agreed, structuredClone(agreed))).toEqual([])
    expect(movedAgreement(null, null)).toEqual([])
    expect(movedAgreement(agreed, { partner: { name: 'B', 'details.notes': 'n' }, crm: { name: 'A' } })).toEqual([
      { kind: 'agreed', partner: { name: 'B' }, crm: {}, dropped: { partner: [], crm: ['details.notes'] } },
    ])
  })

  it('an agreement on nothing is still one, and giving it up is told', () => {
    const empty: Base = { partner: {}, crm: {} }
    const made = movedAgreement(null, empty)
    expect(replay(made)).toEqual(empty)
    expect(replay([...made, ...movedAgreement(empty, null)])).toBeNull()
  })
})
