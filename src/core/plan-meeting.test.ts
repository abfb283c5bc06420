import { expect, it } from 'vitest'
import { present } from '../../test/support/present.js'
import type { Projection } from './deal.js'
import { newLink } from './link.js'
import { plan } from './plan.js'
import type { Plan } from './plan-types.js'
import { defaultPolicy, type FieldPolicy } from './policy.js'
import { asLinkId, type EndRef } from './ref.js'

const referral: EndRef = { side: 'partner', kind: 'referral', id: 'R-1' }
const opportunity: EndRef = { side: 'crm', kind: 'opportunity', id: 'O-1' }
const agreed: Projection = { status: 'Active/Accepted', 'details.notes': 'Agreed.' }
const notes = (text: string): Projection => ({ ...agreed, 'details.notes': text })

interface How {
  readonly row?: FieldPolicy
  readonly sealed?: boolean
}
/** What is planned where both agreed on the notes once and show these now. */
function planned(now: { readonly partner: string; readonly crm: string }, how: How = {}): Plan {
  const policy = defaultPolicy()
  const link = { ...newLink(asLinkId('D-1'), 0, { partner: referral, crm: opportunity }), base: { partner: agreed, crm: agreed } }
  return plan({
    link,
    now: {
      partner: present(referral, notes(now.partner), { otherId: 'O-1', sealed: how.sealed ?? false }),
      crm: present(opportunity, notes(now.crm), { otherId: 'R-1', sync: true }),
    },
    policy: how.row === undefined ? policy : { ...policy, fields: { ...policy.fields, 'details.notes': how.row } },
    canonical: { partner: (deal) => deal, crm: (deal) => deal },
    crmMarker: () => 'O-new',
    at: 1_000_000,
    partnerUrl: (id) => id,
  })
}
const written = ({ changes }: Plan) => changes.map(({ change }) => [change.side, change.kind === 'patch' ? change.set : change.kind])

it('[R8] a record that does not say that somebody answered accepts nothing, unless a person says here that it does', () => {
  const waiting = { partner: { status: 'New/Received' }, crm: { status: 'New/Received' } } as const
  const link = { ...newLink(asLinkId('D-1'), 0, { partner: referral, crm: opportunity }), base: waiting }
  const saw = { partner: 'New/Received', crm: 'Active/Accepted' } as const
  const plannedFor = (decisions: typeof link.decisions, doubt: { readonly unanswered?: string }): Plan =>
    plan({
      link: { ...link, decisions },
      now: {
        partner: present(referral, { status: saw.partner }, { otherId: 'O-1' }),
        crm: { ...present(opportunity, { status: saw.crm }, { otherId: 'R-1', sync: true }), ...doubt },
      },
      policy: defaultPolicy(),
      canonical: { partner: (deal) => deal, crm: (deal) => deal },
      crmMarker: () => 'O-new',
      at: 1_000_000,
      partnerUrl: (id) => id,
    })
  const steps = ({ changes }: Plan) => changes.flatMap(({ change }) => (change.kind === 'step' ? [change.take] : []))
  expect(steps(plannedFor([], {}))).toEqual(['accept'])
  const doubted = plannedFor([], { unanswered: 'Nobody knows.' })
  expect(steps(doubted)).toEqual([])
  expect(doubted.conflicts).toMatchObject([{ field: 'status', kind: 'stage', reason: 'Nobody knows.' }])
  expect(steps(plannedFor([{ field: 'status', keep: 'crm', saw, by: 'kim', at: 1 }], { unanswered: 'Nobody knows.' }))).toEqual(['accept'])
})

it('[R15] a row that flows only from Partner Center wins where both sides changed it, and the loser is recorded', () => {
  const row: FieldPolicy = { rule: 'hold', into: { crm: 'always', partner: 'never' }, restore: true }
  const both = planned({ partner: 'Theirs.', crm: 'Ours.' }, { row })
  expect(written(both)).toEqual([['crm', { 'details.notes': 'Theirs.' }]])
  expect(both.conflicts).toMatchObject([{ field: 'details.notes', winner: 'partner', saw: { partner: 'Theirs.', crm: 'Ours.' } }])
})

it('[R16] an edit for a referral that takes nothing any more is adopted and shown, and nothing is sent', () => {
  const edited = planned({ partner: 'Agreed.', crm: 'Too late.' }, { sealed: true })
  expect(written(edited)).toEqual([])
  expect(edited.conflicts).toMatchObject([{ field: 'details.notes', kind: 'info' }])
  expect(edited.base?.crm['details.notes']).toBe('Too late.')
})
