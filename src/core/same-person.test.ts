import { describe, expect, test } from 'vitest'
import type { FieldValue, Person } from './deal.js'
import { mergeField, type FieldInput, type FieldMove } from './field-merge.js'
import { defaultFieldPolicy } from './policy.js'

const CONTACTS = 'customerProfile.team'
const kim = (more: Partial<Person> = {}): Person => ({ email: 'kim@fabrikam.example', firstName: 'Kim', lastName: 'Lee', phone: '1', ...more })
const ana: Person = { email: 'ana@fabrikam.example', firstName: 'Ana', lastName: 'Silva', phone: '7' }

const merge = (
  now: { partner: FieldValue; crm: FieldValue },
  base: { partner?: FieldValue; crm?: FieldValue } = { partner: [kim()], crm: [kim()] },
  more: Partial<FieldInput> = {},
): FieldMove =>
  mergeField({
    field: CONTACTS,
    policy: defaultFieldPolicy(CONTACTS),
    now,
    base: { partner: base.partner, crm: base.crm },
    takes: { partner: 'yes', crm: 'yes' },
    canonical: (_side, value) => value,
    decision: null,
    contested: false,
    ...more,
  })
const written = (move: FieldMove) => (move.kind === 'write' ? Object.fromEntries(move.into.map(({ side, value }) => [side, value])) : move.kind)

describe('[R18] one person edited on both sides', () => {
  test('in different parts has both edits everywhere', () => {
    const both = [kim({ phone: '2', lastName: 'Li' })]
    expect(written(merge({ partner: [kim({ phone: '2' })], crm: [kim({ lastName: 'Li' })] }))).toEqual({ partner: both, crm: both })
  })

  test('in the same part is for a person to decide, and nothing is written meanwhile', () => {
    const now = { partner: [kim({ phone: '2' }), ana], crm: [kim({ phone: '3' })] }
    expect(merge(now)).toMatchObject({ kind: 'hold', conflict: { kind: 'edit/edit', winner: null, reason: expect.stringContaining('kim@fabrikam.example') as string } })
    const decision = { field: CONTACTS, keep: 'crm', saw: now, by: 'kim', at: 0 } as const
    expect(merge(now, undefined, { decision })).toMatchObject({ kind: 'write', into: [{ side: 'partner', value: [kim({ phone: '3' }), ana] }], conflict: { winner: 'crm' } })
  })

  test('and taken off the list on the other side is for a person to decide', () => {
    expect(merge({ partner: [], crm: [kim({ phone: '3' })] })).toMatchObject({ kind: 'hold' })
    expect(merge({ partner: [kim({ phone: '3' })], crm: [ana] })).toMatchObject({ kind: 'hold' })
  })

  test('to the same is agreed', () => {
    expect(merge({ partner: [kim({ phone: '2' })], crm: [kim({ phone: '2' })] })).toEqual({ kind: 'adopt', conflict: null })
  })
})

describe('[R7] one person about whom the two sides differed already', () => {
  const base = { partner: [kim({ phone: '1' })], crm: [kim({ phone: '5' })] }

  test('keeps what was not edited', () => {
    expect(written(merge({ partner: [kim({ phone: '1' })], crm: [kim({ phone: '5', firstName: 'Kimberly' })] }, base))).toEqual({
      partner: [kim({ phone: '1', firstName: 'Kimberly' })],
    })
  })

  test('and who comes to one side only now, fills there what is missing', () => {
    const before = { partner: [ana], crm: [] }
    const now = { partner: [ana], crm: [{ ...ana, phone: '8', firstName: null }] }
    expect(merge(now, before)).toEqual({ kind: 'adopt', conflict: null })
    expect(written(merge({ ...now, partner: [{ ...ana, phone: null }] }, { partner: [{ ...ana, phone: null }], crm: [] }))).toEqual({
      partner: [{ ...ana, phone: '8' }],
    })
  })

  test('when the records meet for the first time, each keeps its own, and that is told', () => {
    const move = merge({ partner: [kim({ phone: '1' })], crm: [kim({ phone: '5', firstName: null })] }, {})
    expect(written(move)).toEqual({ crm: [kim({ phone: '5' })] })
    expect(move).toMatchObject({ conflict: { kind: 'info', saw: { partner: [kim({ phone: '1' })] } } })
  })
})
