import { expect, it, test } from 'vitest'
import type { Field, FieldValue } from '../../core/deal.js'
import { canonicalValue } from './canonical.js'

test.each([
  ['details.dealValue', 1.23456, 1.2346],
  ['details.dealValue', -0, 0],
  ['details.dealValue', Number.NaN, null],
  ['details.currency', ' eur ', 'EUR'],
  ['customerProfile.address.country', 'de', 'DE'],
  ['customerProfile.address.city', '  ', null],
  ['details.closingDateTime', '2026-11-30T23:00:00Z', '2026-11-30'],
  ['details.notes', ' a\n b ', 'a\n b'],
  ['inviteContext.assistanceRequestCode', 'Unknown', null],
  ['inviteContext.assistanceRequestCode', 'Customer technical architecture', 'CustomerTechnicalArchitecture'],
  ['details.requirements.marketplaceIntent', null, 'HaveNotDecided'],
  ['details.requirements.marketplaceIntent', 'Not decided', 'HaveNotDecided'],
  ['consent.consentToShareReferralWithMicrosoftSellers', null, false],
  ['customerProfile.size', '', null],
] as const satisfies readonly (readonly [Field, FieldValue, FieldValue])[])('%s: %o is shown as %o', (field, given, shown) => {
  expect(canonicalValue(field, given)).toEqual(shown)
})

it('lists hold each person and solution once, by e-mail and id, and nobody without', () => {
  const ana = { email: ' Ana@a.example ', firstName: ' Ana ', lastName: '', phone: null }
  expect(canonicalValue('team', [ana, { ...ana, email: 'ana@a.example' }, { ...ana, email: ' ' }])).toEqual([{ email: 'Ana@a.example', firstName: 'Ana', lastName: null, phone: null }])
  expect(canonicalValue('details.requirements.solutions', [{ id: ' S-1 ', name: ' x ' }, { id: 's-1', name: 'y' }, { id: '', name: null }])).toEqual([{ id: 'S-1', name: 'x' }])
})
