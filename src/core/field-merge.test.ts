import { describe, expect, test } from 'vitest'
import { SOLUTIONS, type FieldValue } from './deal.js'
import { mergeField, type FieldInput } from './field-merge.js'
import { defaultFieldPolicy } from './policy.js'

const NOTES = 'details.notes'
const room = 61 // characters of the CRM's column; the last of them is a blank
const start = 'The customer wants a managed\nreporting platform by the fall. '
const whole = `${start}Budget is not confirmed.`
const cut = whole.slice(0, room)

const move = (crm: FieldValue, partner: FieldValue = whole) => {
  const input: FieldInput = {
    field: NOTES,
    policy: defaultFieldPolicy(NOTES),
    now: { partner, crm },
    base: { partner: whole, crm: cut },
    takes: { partner: 'yes', crm: 'yes' },
    canonical: (side, value) => (side === 'crm' && typeof value === 'string' ? value.slice(0, room) : value),
    decision: null,
    contested: false,
  }
  return mergeField(input)
}

describe('[R7] a text that the CRM had room for only in part', () => {
  test('[R14] keeps its end when its beginning is edited there, and then nothing is left to do', () => {
    const edited = cut.replace('customer', 'client')
    const value = `${edited}${whole.slice(room)}`
    expect(move(edited)).toMatchObject({ kind: 'write', into: [{ side: 'partner', value, agreed: { partner: value, crm: edited } }], conflict: null })
  })

  test('keeps it also where the CRM shows line breaks and blanks in its own way', () => {
    const edited = cut.replace('customer', 'client').replaceAll('\n', '\r\n').trimEnd()
    expect(move(edited)).toMatchObject({ into: [{ value: `${edited}${whole.slice(room - 1)}` }], conflict: null })
  })

  test.each(['Call back on Monday.', cut.slice(0, -5)])('is overwritten by another text, and its end stands in a conflict (%s)', (edited) => {
    expect(move(edited)).toMatchObject({
      kind: 'write',
      into: [{ side: 'partner', value: edited }],
      conflict: { kind: 'edit/edit', winner: 'crm', saw: { partner: whole, crm: edited }, reason: expect.stringContaining('had no room') as string },
    })
  })

  test('and edited on both sides is a conflict like any other', () => {
    expect(move(cut.replace('customer', 'client'), `${whole} Yet.`)).toMatchObject({ kind: 'hold' })
  })

  test('and replaced in Partner Center goes to the CRM as it fits', () => {
    expect(move(cut, 'Short.')).toMatchObject({ kind: 'write', into: [{ side: 'crm', value: 'Short.' }], conflict: null })
  })
})

test('a text that both sides showed whole is replaced without a word', () => {
  const input = { field: NOTES, policy: defaultFieldPolicy(NOTES), base: { partner: 'Old text', crm: 'Old' }, takes: { partner: 'yes', crm: 'yes' }, decision: null, contested: false } as const
  expect(mergeField({ ...input, now: { partner: 'Old text', crm: 'New' }, canonical: (_side, value) => value })).toMatchObject({ kind: 'write', conflict: null })
})

describe('[R18] a list that both sides changed', () => {
  const rows = (...ids: readonly string[]): FieldValue => ids.map((id) => ({ id, name: id }))
  const merged = (takes: FieldInput['takes']) =>
    mergeField({
      field: SOLUTIONS,
      policy: defaultFieldPolicy(SOLUTIONS),
      now: { partner: rows('a', 'p'), crm: rows('a', 'c') },
      base: { partner: rows('a'), crm: rows('a') },
      takes,
      canonical: (_side, value) => value,
      decision: null,
      contested: false,
    })

  test('takes what comes in where what goes out has to wait; a closed record waits with its own rows', () => {
    expect(merged({ partner: 'later', crm: 'yes' })).toMatchObject({
      kind: 'write',
      unsent: true,
      into: [{ side: 'crm', value: rows('a', 'c', 'p'), agreed: { partner: rows('a', 'p'), crm: rows('a', 'p') } }],
    })
    expect(merged({ partner: 'yes', crm: 'later' })).toEqual({ kind: 'later', to: 'crm' })
    expect(merged({ partner: 'later', crm: 'later' })).toEqual({ kind: 'later', to: 'partner' })
  })
})
