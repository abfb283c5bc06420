import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Projection } from '../../src/core/deal.js'
import type { EndRef } from '../../src/core/ref.js'
import { engineWorld, type EngineWorld } from '../support/engine-world.js'

/** People edit both sides while answers are lost, writes refused and systems offline; then the faults stop. */
const deal: Projection = {
  name: 'A deal',
  status: 'Active/Accepted',
  'details.dealValue': 1,
  'details.currency': 'EUR',
  'details.closingDateTime': '2026-11-30',
  'details.notes': 'n',
  'details.requirements.solutions': [{ id: 'SOL-1', name: null }],
  team: [{ email: 'jon@partner.example', firstName: 'Jon', lastName: 'Reyes', phone: '+1' }],
  'customerProfile.name': 'Nordwind',
  'customerProfile.address.addressLine1': 'Weg 1',
  'customerProfile.address.city': 'Hamburg',
  'customerProfile.address.country': 'DE',
}
type Act =
  | {
      readonly kind: 'edit'
      readonly side: 'partner' | 'crm'
      readonly field: 'details.dealValue' | 'details.notes'
      readonly value: number
    }
  | { readonly kind: 'trouble'; readonly side: 'partner' | 'crm'; readonly what: 'lost' | 'offline' }
  | { readonly kind: 'work' }
  | { readonly kind: 'hint'; readonly side: 'partner' | 'crm' }

const side = fc.constantFrom('partner' as const, 'crm' as const)
const acts: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    kind: fc.constant('edit' as const),
    side,
    field: fc.constantFrom('details.dealValue' as const, 'details.notes' as const),
    value: fc.integer({ min: 2, max: 9 }),
  }),
  fc.record({ kind: fc.constant('trouble' as const), side, what: fc.constantFrom('lost' as const, 'offline' as const) }),
  fc.record({ kind: fc.constant('work' as const) }),
  fc.record({ kind: fc.constant('hint' as const), side }),
)

const refs = (world: EngineWorld): EndRef[] => [
  ...[...world.partner.rows.values()].map((row): EndRef => ({ side: 'partner', kind: 'referral', id: row.id })),
  ...[...world.crm.rows.values()].map((row): EndRef => ({ side: 'crm', kind: 'opportunity', id: row.id })),
]
const hintAll = async (world: EngineWorld): Promise<void> => {
  for (const ref of refs(world)) await world.hint({ ref })
}

async function play(world: EngineWorld, story: readonly Act[]): Promise<number> {
  let edits = 0
  for (const act of story) {
    if (act.kind === 'work') await world.work()
    else if (act.kind === 'trouble') world[act.side].trouble.push(act.what)
    else {
      const row = [...world[act.side].rows.values()][0]
      if (row === undefined) continue
      if (act.kind === 'edit') {
        edits += 1
        world[act.side].edit(row.id, { [act.field]: act.field === 'details.notes' ? `${act.side} ${act.value}` : act.value })
      }
      await world.hint({ ref: { side: act.side, kind: act.side === 'partner' ? 'referral' : 'opportunity', id: row.id } })
    }
    world.nowMs += 1_000
  }
  for (const each of ['partner', 'crm'] as const) world[each].trouble.length = 0
  await hintAll(world)
  await world.settle()
  return edits
}

it.each(['partner', 'crm'] as const)(
  '[R25] [R26] [R28] converges or holds, loses nothing and comes to rest, from a deal that began on the %s side',
  async (first) => {
    await fc.assert(
      fc.asyncProperty(fc.array(acts, { maxLength: 14 }), async (story) => {
        const world = engineWorld()
        world[first].put({ kind: first === 'partner' ? 'referral' : 'opportunity', deal })
        await hintAll(world)
        const edits = await play(world, story)
        const [partner, crm] = [world.partner.only(), world.crm.only()]
        const held = (await world.service.conflicts()).map((row) => row.conflict.field)
        for (const field of ['details.dealValue', 'details.notes'] as const) {
          // Both show the same, or the two values wait for a person: neither was overwritten unseen.
          if (partner.deal[field] !== crm.deal[field]) expect(held).toContain(field)
          else expect(held).not.toContain(field)
        }
        const writes = [...world.partner.calls, ...world.crm.calls].filter((call) => call !== 'read').length
        expect(writes).toBeLessThanOrEqual(2 * edits + 12)
        world.partner.calls.length = 0
        world.crm.calls.length = 0
        await hintAll(world)
        await world.settle()
        expect([...world.partner.calls, ...world.crm.calls].filter((call) => call !== 'read')).toEqual([])
      }),
      { numRuns: 400, seed: 20_261_124 },
    )
  },
)
