import { describe, expect, test } from 'vitest'
import type { Rule } from './change.js'
import { SOLUTIONS, type Base, type Field, type FieldValue, type Projection } from './deal.js'
import { newLink, type Link } from './link.js'
import { plan } from './plan.js'
import type { Plan, PlanInput } from './plan-types.js'
import { defaultPolicy, type FieldPolicy, type Policy } from './policy.js'
import type { Present, Reading } from './ports.js'
import { present as plain } from '../../test/support/present.js'
import { asLinkId, type EndRef, type Side } from './ref.js'
import { Fault } from './fault.js'

const NOTES = 'details.notes'
const referral: EndRef = { side: 'partner', kind: 'referral', id: 'R-1' }
const opportunity: EndRef = { side: 'crm', kind: 'opportunity', id: 'O-1' }
const at = 1_000_000

const present = (ref: EndRef, deal: Projection, over: Partial<Present> = {}): Present =>
  plain(ref, deal, { otherId: ref.side === 'partner' ? opportunity.id : referral.id, engagementId: 'E-1', ...over })

const common: Projection = { status: 'Active/Accepted', name: 'Nordwind' }

interface Case {
  readonly partner: Projection | Reading
  readonly crm: Projection | Reading
  readonly base: Base | null
}
const isReading = (side: Projection | Reading): side is Reading => 'kind' in side

function input({ partner, crm, base }: Case, policy: Policy, link: Partial<Link> = {}): PlanInput {
  return {
    link: { ...newLink(asLinkId('D-1'), 0, { partner: referral, crm: opportunity }), base, ...link },
    now: {
      partner: isReading(partner) ? partner : present(referral, { ...common, ...partner }),
      crm: isReading(crm) ? crm : present(opportunity, { ...common, ...crm }),
    },
    policy,
    canonical: { partner: (deal) => deal, crm: (deal) => deal },
    crmMarker: () => 'O-new',
    at,
    partnerUrl: (id) => `https://partner.example/${id}`,
  }
}

const policyOf = (field: Field, over: Partial<FieldPolicy>): Policy => {
  const policy = defaultPolicy()
  return {
    ...policy,
    fields: { ...policy.fields, [field]: { ...policy.fields[field], into: { partner: 'always', crm: 'always' }, restore: false, ...over } },
  }
}

/** What a plan does about one field, in short: where a value goes, who lost, and whether the rest may go on. */
function told(made: Plan, field: Field): string {
  const writes = made.changes.flatMap(({ change }) =>
    change.kind === 'create' ? [`create ${change.side}`] : field in change.set ? [`${change.side} := ${show(change.set[field])}`] : [],
  )
  const conflicts = made.conflicts
    .filter((conflict) => conflict.field === field)
    .map(({ kind, winner }) => `${kind}, ${winner === null ? 'nobody' : winner} wins`)
  const adopted = made.adopted.includes(field) ? ['adopted'] : []
  return [made.verdict, ...adopted, ...writes, ...conflicts].join(' · ')
}
const show = (value: FieldValue | undefined): string =>
  Array.isArray(value) ? value.map((item: { id?: string }) => item.id).join('+') : String(value) // the list of this table holds solutions

const RULES: readonly Rule[] = ['partner', 'crm', 'union', 'hold']
const fault = new Fault('offline', 'no answer', { remedy: 'Wait.' })

/** Every row of the merge table for a field that holds one value. A row without an answer for each rule does not compile. */
const rows = {
  'a side cannot be read': { partner: { kind: 'unreachable', ref: referral, fault }, crm: { [NOTES]: 'new' }, base: both('old') },
  'a side became another record': {
    partner: { [NOTES]: 'new' },
    crm: { kind: 'moved', ref: opportunity, to: opportunity },
    base: both('old'),
  },
  'neither changed': { partner: { [NOTES]: 'old' }, crm: { [NOTES]: 'old' }, base: both('old') },
  'neither changed, and the two differ by a known loss': {
    partner: { [NOTES]: 'a long text' },
    crm: { [NOTES]: 'a long' },
    base: { partner: { ...common, [NOTES]: 'a long text' }, crm: { ...common, [NOTES]: 'a long' } },
  },
  'the partner changed': { partner: { [NOTES]: 'new' }, crm: { [NOTES]: 'old' }, base: both('old') },
  'the CRM changed': { partner: { [NOTES]: 'old' }, crm: { [NOTES]: 'new' }, base: both('old') },
  'both changed to the same': { partner: { [NOTES]: 'new' }, crm: { [NOTES]: 'new' }, base: both('old') },
  'both changed differently': { partner: { [NOTES]: 'theirs' }, crm: { [NOTES]: 'ours' }, base: both('old') },
  'no base, both the same': { partner: { [NOTES]: 'same' }, crm: { [NOTES]: 'same' }, base: null },
  'no base, the CRM is empty': { partner: { [NOTES]: 'theirs' }, crm: { [NOTES]: null }, base: null },
  'no base, the partner is empty': { partner: { [NOTES]: null }, crm: { [NOTES]: 'ours' }, base: null },
  'no base, both different': { partner: { [NOTES]: 'theirs' }, crm: { [NOTES]: 'ours' }, base: null },
  'the referral is gone': { partner: { kind: 'absent', ref: referral }, crm: { [NOTES]: 'new' }, base: both('old') },
  'the CRM record is gone': { partner: { [NOTES]: 'new' }, crm: { kind: 'absent', ref: opportunity }, base: both('old') },
} as const satisfies Record<string, Case>
function both(text: string): Base {
  return { partner: { ...common, [NOTES]: text }, crm: { ...common, [NOTES]: text } }
}
type Row = keyof typeof rows
const all = (expected: string): Record<Rule, string> => ({ partner: expected, crm: expected, union: expected, hold: expected })

const expected: Record<Row, Record<Rule, string>> = {
  'a side cannot be read': all('wait'),
  'a side became another record': all('wait'),
  'neither changed': all('settled'),
  'neither changed, and the two differ by a known loss': all('settled'),
  'the partner changed': all('act · crm := new'),
  'the CRM changed': all('act · partner := new'),
  'both changed to the same': all('settled · adopted'),
  'both changed differently': {
    partner: 'act · crm := theirs · edit/edit, partner wins',
    crm: 'act · partner := ours · edit/edit, crm wins',
    union: 'hold · edit/edit, nobody wins',
    hold: 'hold · edit/edit, nobody wins',
  },
  'no base, both the same': all('settled · adopted'),
  'no base, the CRM is empty': all('act · crm := theirs'),
  'no base, the partner is empty': all('act · partner := ours'),
  'no base, both different': {
    partner: 'act · crm := theirs · create/create, partner wins',
    crm: 'act · partner := ours · create/create, crm wins',
    union: 'hold · create/create, nobody wins',
    hold: 'hold · create/create, nobody wins',
  },
  // The first look that does not find a record proves nothing yet.
  'the referral is gone': all('wait'),
  'the CRM record is gone': all('wait'),
}

describe('[R12] [R13] [R14] [R17] [R18] [R19] every row of the merge table × every rule', () => {
  for (const [row, byRule] of Object.entries(expected)) {
    test.each(RULES)(`${row}, rule %s`, (rule) => {
      const made = plan(input(rows[row as Row], policyOf(NOTES, { rule }))) // the keys of `expected` are the rows
      expect(told(made, NOTES)).toBe(byRule[rule])
    })
  }
})

const list = (...ids: string[]) => ids.map((id) => ({ id, name: null }))
const lists = {
  'the partner added': { partner: list('a', 'b'), crm: list('a'), base: list('a') },
  'the CRM removed': { partner: list('a', 'b'), crm: list('a'), base: list('a', 'b') },
  'each added one': { partner: list('a', 'b'), crm: list('a', 'c'), base: list('a') },
  'one added, one removed': { partner: list('a', 'b', 'd'), crm: list('a'), base: list('a', 'b') },
  'no base, different': { partner: list('a'), crm: list('b'), base: null },
} as const
const expectedLists: Record<keyof typeof lists, Record<Rule, string>> = {
  'the partner added': all('act · crm := a+b'),
  'the CRM removed': all('act · partner := a'),
  'each added one': {
    partner: 'act · crm := a+c+b · edit/edit, partner wins',
    crm: 'act · partner := a+b+c · edit/edit, crm wins',
    union: 'act · partner := a+b+c · crm := a+c+b',
    hold: 'hold · edit/edit, nobody wins',
  },
  'one added, one removed': {
    partner: 'act · crm := a+d · edit/edit, partner wins',
    crm: 'act · partner := a+d · edit/edit, crm wins',
    union: 'act · partner := a+d · crm := a+d',
    hold: 'hold · edit/edit, nobody wins',
  },
  'no base, different': all('act · partner := a+b · crm := b+a'),
}

describe('[R18] every list row × every rule: what one side alone has is never deleted on the other', () => {
  for (const [row, byRule] of Object.entries(expectedLists)) {
    test.each(RULES)(`${row}, rule %s`, (rule) => {
      const { partner, crm, base } = lists[row as keyof typeof lists] // the keys of `expectedLists` are the rows
      const bases = base === null ? null : { partner: { ...common, [SOLUTIONS]: base }, crm: { ...common, [SOLUTIONS]: base } }
      const made = plan(input({ partner: { [SOLUTIONS]: partner }, crm: { [SOLUTIONS]: crm }, base: bases }, policyOf(SOLUTIONS, { rule })))
      expect(told(made, SOLUTIONS)).toBe(byRule[rule])
    })
  }
})

type Way =
  | 'both ways'
  | 'to the CRM only, restored'
  | 'to the CRM only, left'
  | 'to the partner only, restored'
  | 'with a new record only'
  | 'locked at the partner'
  | 'locked in the CRM'
const ways: Record<Way, { policy: Partial<FieldPolicy>; locked: readonly Field[]; lockedBy?: Side }> = {
  'both ways': { policy: {}, locked: [] },
  'to the CRM only, restored': { policy: { into: { crm: 'always', partner: 'never' }, restore: true }, locked: [] },
  'to the CRM only, left': { policy: { into: { crm: 'always', partner: 'never' } }, locked: [] },
  'to the partner only, restored': { policy: { into: { crm: 'never', partner: 'always' }, restore: true }, locked: [] },
  'with a new record only': { policy: { into: { crm: 'create', partner: 'create' } }, locked: [] },
  'locked at the partner': { policy: {}, locked: [NOTES] },
  'locked in the CRM': { policy: {}, locked: [NOTES], lockedBy: 'crm' },
}
const expectedWays: Record<Way, Record<Side, string>> = {
  'both ways': { partner: 'act · crm := new', crm: 'act · partner := new' },
  'to the CRM only, restored': { partner: 'act · crm := new', crm: 'act · crm := old · restore, partner wins' },
  'to the CRM only, left': { partner: 'act · crm := new', crm: 'settled · adopted · info, nobody wins' },
  'to the partner only, restored': { partner: 'act · partner := old · restore, crm wins', crm: 'act · partner := new' },
  'with a new record only': { partner: 'settled · adopted · info, nobody wins', crm: 'settled · adopted · info, nobody wins' },
  'locked at the partner': { partner: 'act · crm := new', crm: 'settled · adopted · info, nobody wins' },
  'locked in the CRM': { partner: 'settled · adopted · info, nobody wins', crm: 'act · partner := new' },
}

describe('[R15] [R16] every way a row may flow × the side that changed', () => {
  for (const [way, bySide] of Object.entries(expectedWays)) {
    test.each(['partner', 'crm'] as const)(`${way}: the %s changed`, (changed) => {
      const { policy, locked, lockedBy = 'partner' } = ways[way as Way] // the keys of `expectedWays` are the ways
      const shows = (side: Side, ref: EndRef): Present =>
        present(ref, { ...common, [NOTES]: changed === side ? 'new' : 'old' }, lockedBy === side ? { locked } : {})
      const now = { partner: shows('partner', referral), crm: shows('crm', opportunity) }
      const made = plan(input({ ...now, base: both('old') }, policyOf(NOTES, policy)))
      expect(told(made, NOTES)).toBe(bySide[changed])
    })
  }
})

const complete: Projection = {
  name: 'Nordwind',
  status: 'Active/Accepted',
  'details.dealValue': 10,
  'details.currency': 'EUR',
  'details.closingDateTime': '2027-01-31',
  'details.notes': 'Notes.',
  [SOLUTIONS]: list('SOL-1'),
  'customerProfile.name': 'Nordwind GmbH',
  'customerProfile.address.addressLine1': 'Lindenallee 7',
  'customerProfile.address.city': 'Hamburg',
  'customerProfile.address.country': 'DE',
  team: [{ email: 'a@b.example', firstName: 'A', lastName: 'B', phone: '1' }],
}
const nowhere: Reading = { kind: 'absent', ref: null }
const unlinked = { ends: { partner: null, crm: null } }

describe('[R20] one record and no base', () => {
  const cases: Record<
    string,
    {
      readonly partner: Reading
      readonly crm: Reading
      readonly policy: Partial<Policy>
      readonly verdict: string
      readonly reason: string | null
    }
  > = {
    'a referral becomes an opportunity': {
      partner: present(referral, complete, { otherId: null }),
      crm: nowhere,
      policy: {},
      verdict: 'create crm opportunity',
      reason: null,
    },
    'an unanswered lead becomes a lead': {
      partner: present(referral, { ...complete, status: 'New/Pending' }, { otherId: null, category: 'lead' }),
      crm: nowhere,
      policy: {},
      verdict: 'create crm lead',
      reason: null,
    },
    'an accepted lead becomes an opportunity': {
      partner: present(referral, complete, { otherId: null, category: 'lead' }),
      crm: nowhere,
      policy: {},
      verdict: 'create crm opportunity',
      reason: null,
    },
    'a lead stays where leads are not wanted': {
      partner: present(referral, complete, { otherId: null, category: 'lead' }),
      crm: nowhere,
      policy: { leads: false },
      verdict: 'settled',
      reason: 'excluded',
    },
    'a declined referral makes no record': {
      partner: present(referral, { ...complete, status: 'Closed/Declined' }, { otherId: null }),
      crm: nowhere,
      policy: {},
      verdict: 'settled',
      reason: 'excluded',
    },
    'a referral that names a CRM record we cannot find is held': {
      partner: present(referral, complete, { otherId: 'O-9' }),
      crm: nowhere,
      policy: {},
      verdict: 'hold',
      reason: 'linked-record-missing',
    },
    'the flow is off': {
      partner: present(referral, complete, { otherId: null }),
      crm: nowhere,
      policy: { flows: { partnerToCrm: 'off', crmToPartner: 'on' } },
      verdict: 'settled',
      reason: 'excluded',
    },
    'an opportunity with Sync becomes a referral': {
      partner: nowhere,
      crm: present(opportunity, complete, { otherId: null }),
      policy: {},
      verdict: 'create partner referral',
      reason: null,
    },
    'an opportunity without Sync stays': {
      partner: nowhere,
      crm: present(opportunity, complete, { otherId: null, sync: false }),
      policy: {},
      verdict: 'settled',
      reason: 'excluded',
    },
    'an incomplete opportunity waits for what is missing': {
      partner: nowhere,
      crm: present(opportunity, { ...complete, 'details.notes': null }, { otherId: null }),
      policy: {},
      verdict: 'hold',
      reason: 'preflight',
    },
    'a closed opportunity is not shared': {
      partner: nowhere,
      crm: present(opportunity, { ...complete, status: 'Closed/Won' }, { otherId: null }),
      policy: {},
      verdict: 'settled',
      reason: 'excluded',
    },
    'an opportunity that names a referral we cannot find is held': {
      partner: nowhere,
      crm: present(opportunity, complete, { otherId: 'R-9' }),
      policy: {},
      verdict: 'hold',
      reason: 'linked-record-missing',
    },
  }
  test.each(Object.entries(cases))('%s', (_title, { partner, crm, policy, verdict, reason }) => {
    const made = plan(input({ partner, crm, base: null }, { ...defaultPolicy(), ...policy }, unlinked))
    const creates = made.changes.map(({ change }) => (change.kind === 'create' ? `create ${change.side} ${change.as}` : change.kind))
    expect(creates.length > 0 ? creates.join() : made.verdict).toBe(verdict)
    expect(made.reason?.code ?? null).toBe(reason)
  })
})

test('[R22] a record counts as gone after ten minutes; what was edited meanwhile is said, and nothing is deleted', () => {
  const gone = rows['the CRM record is gone']
  const early = plan(input(gone, defaultPolicy(), { absentSince: { partner: null, crm: at - 599_999 } }))
  expect(early.verdict).toBe('wait')
  const late = plan(input(gone, defaultPolicy(), { absentSince: { partner: null, crm: at - 600_000 } }))
  expect(late).toMatchObject({ verdict: 'hold', state: 'needs-attention', reason: { code: 'absent' }, changes: [] })
  expect(late.conflicts).toMatchObject([{ field: NOTES, kind: 'edit/absent', winner: null }])
})

test('a value that nobody can interpret holds the deal, and nothing of it is written', () => {
  const unreadable = [{ field: 'status' as const, shows: '7', text: 'Status reason 7 has no row.', remedy: 'Add it to stages.' }]
  const crm = present(opportunity, { ...common, [NOTES]: 'new' }, { unreadable })
  const made = plan(input({ partner: { [NOTES]: 'old' }, crm, base: both('old') }, defaultPolicy()))
  expect(made).toMatchObject({ verdict: 'hold', changes: [], reason: { code: 'unmapped-value', remedy: 'Add it to stages.' } })
})

describe('a shared deal that is won early', () => {
  const visible = 'consent.consentToShareReferralWithMicrosoftSellers'
  const hour = 3_600_000
  const wonAfter = (hours: number, shared: boolean): Plan => {
    const shows = { ...common, [visible]: shared }
    const asked = input(
      {
        partner: present(referral, shows, { createdAt: at - hours * hour }),
        crm: { [visible]: shared, status: 'Closed/Won' },
        base: { partner: shows, crm: { ...common, [visible]: shared } },
      },
      defaultPolicy(),
    )
    return plan(asked)
  }
  const notes = ({ conflicts }: Plan): string[] => conflicts.filter(({ kind }) => kind === 'info').map(({ reason }) => reason)

  test('[R63] is won all the same, and a note says what is lost by it', () => {
    const early = wonAfter(20, true)
    expect(early.changes.some(({ change }) => change.kind === 'step' && change.take === 'win')).toBe(true)
    expect(early.state).toBe('pending')
    expect(notes(early)).toEqual([expect.stringContaining('Won 20 hours after it was created')])
  })
  test('[R63] says nothing after three days, nor of a private deal', () => {
    expect(notes(wonAfter(72, true))).toEqual([])
    expect(notes(wonAfter(20, false))).toEqual([])
  })
})

test('[R57] what a person was asked about a field stays asked when a look does not carry the field', () => {
  const help: Field = 'inviteContext.assistanceRequestCode'
  const policy = policyOf(help, { rule: 'hold' })
  const wide = plan(input({ partner: { [help]: null }, crm: { [help]: 'Technical' }, base: null }, policy))
  expect(wide).toMatchObject({ state: 'needs-attention', conflicts: [{ field: help, winner: null }] })
  const link = { base: { partner: common, crm: common }, conflicts: wide.conflicts }
  const narrow = plan(input({ partner: {}, crm: { [help]: 'Technical' }, base: link.base }, policy, link))
  expect(narrow).toMatchObject({ state: 'needs-attention', conflicts: wide.conflicts })
  // Somebody took the question back in the CRM: what was asked is asked no more, and the next look that carries the field says how it stands.
  const taken = plan(input({ partner: {}, crm: { [help]: null }, base: link.base }, policy, link))
  expect(taken.conflicts).toEqual([])
})

test("[R8] help that Microsoft was asked for stays asked for while a listing does not show Microsoft's referral yet", () => {
  const help: Field = 'inviteContext.assistanceRequestCode'
  const agreed = { ...common, [help]: 'Technical' }
  const made = plan(input({ partner: { [help]: null }, crm: { [help]: 'Technical' }, base: { partner: agreed, crm: agreed } }, policyOf(help, { rule: 'crm' })))
  expect(made).toMatchObject({ verdict: 'settled', changes: [], conflicts: [] })
})
