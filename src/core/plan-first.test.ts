import { expect, test } from 'vitest'
import { newLink } from './link.js'
import { planFirst } from './plan-first.js'
import type { PlanInput } from './plan-types.js'
import { defaultPolicy } from './policy.js'
import type { Present, Reading } from './ports.js'
import { present } from '../../test/support/present.js'
import { asLinkId, type EndRef } from './ref.js'

const referral: EndRef = { side: 'partner', kind: 'referral', id: 'R-1' }
const opportunity: EndRef = { side: 'crm', kind: 'opportunity', id: 'O-1' }
const carrying = (ref: EndRef, otherId: string): Present => present(ref, { status: 'Active/Accepted', name: 'Nordwind' }, { otherId })
const reasonOf = (now: { partner: Reading; crm: Reading }) => {
  const input: PlanInput = {
    link: newLink(asLinkId('D-1'), 0, { partner: null, crm: null }),
    now,
    policy: defaultPolicy(),
    canonical: { partner: (deal) => deal, crm: (deal) => deal },
    crmMarker: () => 'O-new',
    at: 1_000_000,
    partnerUrl: (id) => id,
  }
  const { verdict, changes, reason } = planFirst(input)
  return { verdict, changes, text: reason?.text, remedy: reason?.remedy }
}

test('an identifier whose owner is another record names that record, and how to connect the two', () => {
  const elsewhere = (belongsTo: string): Reading => ({ kind: 'absent', ref: null, belongsTo })
  expect(reasonOf({ partner: elsewhere('O-9'), crm: carrying(opportunity, 'R-7') })).toMatchObject({
    verdict: 'hold',
    changes: [],
    text: 'The CRM record carries referral identifier "R-7", but that referral belongs to CRM record "O-9".',
    remedy: expect.stringContaining('"cosell deals unlink O-9", then "cosell deals link --referral R-7 --crm O-1"') as string,
  })
  expect(reasonOf({ partner: carrying(referral, 'O-7'), crm: elsewhere('R-9') })).toMatchObject({
    verdict: 'hold',
    changes: [],
    text: 'Partner Center says that this referral belongs to CRM record "O-7", but that record carries referral identifier "R-9".',
    remedy: expect.stringContaining('"cosell deals unlink R-9", then "cosell deals link --referral R-1 --crm O-7"') as string,
  })
})
