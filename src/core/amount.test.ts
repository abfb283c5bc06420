import { describe, expect, test } from 'vitest'
import { present } from '../../test/support/present.js'
import type { Projection } from './deal.js'
import { newLink, type Decision } from './link.js'
import { plan } from './plan.js'
import type { Plan } from './plan-types.js'
import { defaultPolicy, type Policy } from './policy.js'
import { asLinkId, type EndRef, type Side } from './ref.js'

const VALUE = 'details.dealValue'
const CURRENCY = 'details.currency'
const referral: EndRef = { side: 'partner', kind: 'referral', id: 'R-1' }
const opportunity: EndRef = { side: 'crm', kind: 'opportunity', id: 'O-1' }
const amount = (value: number, currency: string): Projection => ({ status: 'Active/Accepted', [VALUE]: value, [CURRENCY]: currency })
const before = amount(5_000, 'EUR')

const planned = (partner: Projection, crm: Projection, decisions: readonly Decision[] = [], policy: Policy = defaultPolicy()): Plan =>
  plan({
    link: { ...newLink(asLinkId('D-1'), 0, { partner: referral, crm: opportunity }), base: { partner: before, crm: before }, decisions },
    now: {
      partner: present(referral, partner, { otherId: 'O-1', engagementId: 'E-1' }),
      crm: present(opportunity, crm, { otherId: 'R-1' }),
    },
    policy,
    canonical: { partner: (deal) => deal, crm: (deal) => deal },
    crmMarker: () => 'O-new',
    at: 1_000_000,
    partnerUrl: (id) => `https://partner.example/${id}`,
  })
const writes = (made: Plan) => made.changes.map(({ change }) => ({ [change.side]: change.kind === 'create' ? null : change.set }))

describe('[R18] an amount and its currency', () => {
  test.each([
    ['the amount there, the currency here', amount(6_000, 'EUR'), amount(5_000, 'USD'), [VALUE, CURRENCY]],
    ['the currency there, the amount here', amount(5_000, 'USD'), amount(6_000, 'EUR'), [VALUE, CURRENCY]],
    ['the amount on both sides, the currency on one', amount(6_000, 'EUR'), amount(7_000, 'USD'), [VALUE, CURRENCY]],
    ['the currency on both sides alike, the amount on one', amount(6_000, 'USD'), amount(5_000, 'USD'), [VALUE]],
  ])('are for a person to decide together when both sides changed one of them: %s', (_, partner, crm, held) => {
    const made = planned(partner, crm)
    expect(writes(made)).toEqual([])
    expect(made.conflicts.map(({ field, winner }) => [field, winner])).toEqual(held.map((field) => [field, null]))
  })

  test.each([
    ['partner', VALUE],
    ['crm', VALUE],
    ['partner', CURRENCY],
    ['crm', CURRENCY],
  ] as const)('are decided by one word: keep %s for %s', (keep, field) => {
    const [partner, crm] = [amount(6_000, 'EUR'), amount(5_000, 'USD')]
    const saw = { partner: partner[field], crm: crm[field] }
    const made = planned(partner, crm, [{ field, keep, saw, by: 'kim', at: 0 }])
    const other: Side = keep === 'partner' ? 'crm' : 'partner'
    const kept = keep === 'partner' ? partner : crm
    expect(writes(made)).toEqual([{ [other]: { [VALUE]: kept[VALUE], [CURRENCY]: kept[CURRENCY] } }])
    expect(made.conflicts.map(({ winner }) => winner)).toEqual([keep, keep])
  })

  test('follow the rule of the amount, both of them', () => {
    const policy = defaultPolicy()
    const { fields } = policy
    const wins: Policy = { ...policy, fields: { ...fields, [VALUE]: { ...fields[VALUE], rule: 'crm' } } }
    expect(writes(planned(amount(5_000, 'USD'), amount(6_000, 'EUR'), [], wins))).toEqual([{ partner: { [VALUE]: 6_000, [CURRENCY]: 'EUR' } }])
  })

  test('flow together where one side changed them', () => {
    expect(writes(planned(before, amount(6_000, 'USD')))).toEqual([{ partner: { [VALUE]: 6_000, [CURRENCY]: 'USD' } }])
    expect(planned(amount(6_000, 'USD'), amount(6_000, 'USD'))).toMatchObject({ changes: [], conflicts: [] })
  })
})
