import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Rule } from '../../src/core/change.js'
import { FIELD_NAMES, HELP, SOLUTIONS, VISIBILITY, type Base, type Field, type FieldValue, type Projection } from '../../src/core/deal.js'
import { mergeField, type FieldInput, type FieldMove } from '../../src/core/field-merge.js'
import { advance, newLink, type Link } from '../../src/core/link.js'
import { plan } from '../../src/core/plan.js'
import type { Plan, PlanInput } from '../../src/core/plan-types.js'
import { defaultPolicy, type Flow, type Policy } from '../../src/core/policy.js'
import type { Present } from '../../src/core/ports.js'
import { present as plain } from '../support/present.js'
import { asLinkId, otherSide, SIDES, type EndRef, type Side } from '../../src/core/ref.js'
import { settle } from '../../src/core/settle.js'

/** The fields the generator plays with: one of every kind of flow that exists. */
const TEXTS: readonly Field[] = ['details.notes', 'campaignId', 'referralProgram', 'name', 'microsoft.status']
const refs: { readonly [S in Side]: EndRef } = {
  partner: { side: 'partner', kind: 'referral', id: 'R-1' },
  crm: { side: 'crm', kind: 'opportunity', id: 'O-1' },
}
const rule = fc.constantFrom<Rule>('partner', 'crm', 'union', 'hold')
const flow = fc.constantFrom<Flow>('always', 'create', 'update', 'never')
const word = fc.constantFrom(null, 'a', 'b', 'c')
const list = fc.subarray(['x', 'y', 'z']).map((ids) => ids.map((id) => ({ id, name: null })))
const projection: fc.Arbitrary<Projection> = fc
  .record({ words: fc.array(word, { minLength: TEXTS.length, maxLength: TEXTS.length }), list })
  .map(({ words, list: solutions }) => ({
    status: 'Active/Accepted',
    [SOLUTIONS]: solutions,
    ...Object.fromEntries(TEXTS.map((field, index) => [field, words[index] ?? null])),
  }))
const policy: fc.Arbitrary<Policy> = fc
  .array(fc.record({ rule, partner: flow, crm: flow, restore: fc.boolean() }), { minLength: TEXTS.length + 1, maxLength: TEXTS.length + 1 })
  .map((rows) => {
    const base = defaultPolicy()
    const fields = Object.fromEntries(
      [...TEXTS, SOLUTIONS].map((field, index) => {
        const row = rows[index]
        return [
          field,
          {
            rule: row?.rule ?? 'hold',
            into: { partner: row?.partner ?? 'always', crm: row?.crm ?? 'always' },
            restore: row?.restore ?? false,
          },
        ]
      }),
    )
    return { ...base, fields: { ...base.fields, ...fields } }
  })

interface World {
  readonly link: Link
  readonly partner: Projection
  readonly crm: Projection
}
const present = (side: Side, deal: Projection): Present =>
  plain(refs[side], deal, { otherId: refs[otherSide(side)].id, engagementId: 'E-1' })
/** The CRM holds five characters of a text, so that canonical forms matter: here it spells everything in upper case. */
const loud = (deal: Projection): Projection =>
  typeof deal['details.notes'] === 'string' ? { ...deal, 'details.notes': deal['details.notes'].toUpperCase() } : deal
const inputOf = (world: World, given: Policy): PlanInput => ({
  link: world.link,
  now: { partner: present('partner', world.partner), crm: present('crm', world.crm) },
  policy: given,
  canonical: { partner: (deal) => deal, crm: loud },
  crmMarker: () => 'O-new',
  at: 0,
  partnerUrl: (id) => id,
})
const linkWith = (base: Base | null): Link => ({ ...newLink(asLinkId('D-1'), 0, refs), base })

/** Carries a plan out in a world where everything works. */
function carriedOut(world: World, made: Plan): World {
  let { partner, crm } = world
  let base = made.base
  for (const { change, agreed } of made.changes) {
    if (change.kind !== 'patch') throw new Error(`this world has no ${change.kind}`)
    if (change.side === 'partner') partner = { ...partner, ...change.set }
    else crm = { ...crm, ...change.set }
    base = advance(base, agreed)
  }
  return { link: { ...world.link, base }, partner, crm }
}

const world = fc.record({ base: fc.option(fc.record({ partner: projection, crm: projection })), partner: projection, crm: projection })
const worldOf = ({ base, partner, crm }: { base: Base | null; partner: Projection; crm: Projection }): World => ({
  link: linkWith(base),
  partner,
  crm: loud(crm),
})

describe('plan', () => {
  it('[R3] [R29] has nothing left to do after its own effect', () => {
    fc.assert(
      fc.property(world, policy, (given, rules) => {
        let now = worldOf(given)
        now = carriedOut(now, plan(inputOf(now, rules)))
        const again = plan(inputOf(now, rules))
        expect(again.changes).toEqual([])
        expect(again.conflicts.filter(({ winner }) => winner !== null)).toEqual([])
      }),
      { numRuns: 1_500 },
    )
  })

  it('[R2] loses nothing and takes nothing for an edit when it crashes after any of its writes', () => {
    fc.assert(
      fc.property(world, policy, fc.nat({ max: 2 }), (given, rules, survived) => {
        const before = worldOf(given)
        const made = plan(inputOf(before, rules))
        const done = carriedOut(before, { ...made, changes: made.changes.slice(0, survived) })
        // What the process had saved before its first write: what it adopted, and every write it was about to make.
        const saved: Link = {
          ...before.link,
          base: made.base,
          intents: made.changes.map(({ change, agreed }) => ({ change, agreed, searchAfter: 0 })),
        }
        const { link } = settle(saved, inputOf({ ...done, link: saved }, rules).now)
        const recovered = { ...done, link }
        const finished = carriedOut(recovered, plan(inputOf(recovered, rules)))
        const whole = carriedOut(before, made)
        expect({ partner: finished.partner, crm: finished.crm }).toEqual({ partner: whole.partner, crm: whole.crm })
      }),
      { numRuns: 1_500 },
    )
  })

  it('[R7] names in a conflict every value of a person that it overwrites', () => {
    fc.assert(
      fc.property(world, policy, (given, rules) => {
        const before = worldOf(given)
        const made = plan(inputOf(before, rules))
        for (const { change } of made.changes) {
          if (change.kind !== 'patch') continue
          const shows = before[change.side]
          const known = before.link.base?.[change.side]
          for (const field of TEXTS) {
            const edited =
              field in change.set &&
              shows[field] !== null &&
              shows[field] !== undefined &&
              (known === undefined || known[field] !== shows[field])
            if (edited) expect(made.conflicts.map((conflict) => conflict.field)).toContain(field)
          }
        }
      }),
      { numRuns: 1_500 },
    )
  })

  it('writes to a side only what the policy lets flow there', () => {
    fc.assert(
      fc.property(world, policy, (given, rules) => {
        for (const { change } of plan(inputOf(worldOf(given), rules)).changes) {
          if (change.kind !== 'patch') continue
          for (const field of FIELD_NAMES.filter((name) => name in change.set))
            expect(['always', 'update']).toContain(rules.fields[field].into[change.side])
        }
      }),
      { numRuns: 1_000 },
    )
  })
})

const mirrored = (input: FieldInput): FieldInput => {
  const turn = <T>(of: { readonly [S in Side]: T }): { readonly [S in Side]: T } => ({ partner: of.crm, crm: of.partner })
  const { rule: kept } = input.policy
  return {
    ...input,
    policy: { ...input.policy, rule: kept === 'partner' ? 'crm' : kept === 'crm' ? 'partner' : kept, into: turn(input.policy.into) },
    now: turn(input.now),
    base: turn(input.base),
    takes: turn(input.takes),
    decision: input.decision === null ? null : { ...input.decision, keep: otherSide(input.decision.keep), saw: turn(input.decision.saw) },
  }
}
/** What a move does, without its sentences, which name the sides. */
function shape(move: FieldMove, turned: boolean): unknown {
  const name = (side: Side | null): Side | null => (side !== null && turned ? otherSide(side) : side)
  const conflict = 'conflict' in move && move.conflict !== null ? { kind: move.conflict.kind, winner: name(move.conflict.winner) } : null
  const into =
    move.kind === 'write'
      ? SIDES.flatMap((side) => move.into.filter((write) => name(write.side) === side).map(({ value }) => ({ side, value })))
      : []
  return { kind: move.kind, conflict, into }
}

describe('the merge of one field', () => {
  it('treats the sides alike: exchanging them exchanges the plan', () => {
    const value = fc.constantFrom<FieldValue>(null, 'a', 'b', 'c')
    const takes = fc.constantFrom('yes' as const, 'no' as const, 'later' as const)
    const pair = <T>(of: fc.Arbitrary<T>) => fc.record({ partner: of, crm: of })
    fc.assert(
      // A field that Partner Center never takes as empty, the two doors and rows that are restored treat Partner Center in a way of its own.
      fc.property(pair(value), pair(value), rule, pair(flow), pair(takes), fc.boolean(), (now, base, kept, into, taken, agreed) => {
        const input: FieldInput = {
          field: 'campaignId',
          policy: { rule: kept, into, restore: false },
          now,
          base: agreed ? base : { partner: undefined, crm: undefined },
          takes: taken,
          canonical: (_side, given) => given,
          decision: null,
          contested: false,
        }
        const bothEmpty = !agreed && (now.partner === null || now.crm === null)
        fc.pre(!bothEmpty)
        expect(shape(mergeField(mirrored(input)), true)).toEqual(shape(mergeField(input), false))
      }),
      { numRuns: 3_000 },
    )
  })

  it('[R8] never lets a rule share a deal or ask for help when two records meet for the first time', () => {
    fc.assert(
      fc.property(fc.constantFrom<Field>(VISIBILITY, HELP), rule, fc.constantFrom<FieldValue>(true, 'yes'), (field, kept, crm) => {
        const partner: FieldValue = field === VISIBILITY ? false : null
        const made = mergeField({
          field,
          policy: { rule: kept, into: { partner: 'always', crm: 'always' }, restore: false },
          now: { partner, crm },
          base: { partner: undefined, crm: undefined },
          takes: { partner: 'yes', crm: 'yes' },
          canonical: (_side, given) => given,
          decision: null,
          contested: false,
        })
        if (made.kind === 'write') expect(made.into.every(({ side }) => side === 'crm')).toBe(true)
      }),
    )
  })
})
