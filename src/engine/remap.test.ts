import { describe, expect, it } from 'vitest'
import { newLink, type Link } from '../core/link.js'
import { asLinkId } from '../core/ref.js'
import { settle } from '../core/settle.js'
import type { Engine } from './engine.js'
import type { MappedRows } from './mapped-rows.js'
import { rememberRows, remapped } from './remap.js'
import { memoryStore } from '../../test/support/memory-store.js'

const before: MappedRows = { id: 'old', rows: { 'opportunity.campaignId': 'old_column', 'opportunity.details.notes': 'description' } }
const after: MappedRows = { id: 'new', rows: { ...before.rows, 'opportunity.campaignId': 'new_column' } }
const refs = {
  partner: { side: 'partner', kind: 'referral', id: 'R-1' },
  crm: { side: 'crm', kind: 'opportunity', id: 'O-1' },
} as const

async function engineUnder(mapping: MappedRows): Promise<Pick<Engine, 'store' | 'policy'>> {
  const store = memoryStore({ random: () => 0 })
  await rememberRows({ store, clock: { now: () => 0 } as Engine['clock'] }, before) // only its time is asked
  return { store, policy: () => ({ policy: {}, version: 2, mapping }) as ReturnType<Engine['policy']> } // only the mapping is read
}
const agreed = { partner: { campaignId: 'Spring', 'details.notes': 'n' }, crm: { campaignId: 'Spring', 'details.notes': 'n' } }

describe('[R60] a write that was under way when the mapping changed', () => {
  const pending: Link = {
    ...newLink(asLinkId('D-1'), 0, refs),
    mapping: 'old',
    base: { partner: { campaignId: null, 'details.notes': 'n' }, crm: { campaignId: null, 'details.notes': 'n' } },
    intents: [
      {
        change: { kind: 'patch', side: 'partner', ref: refs.partner, expect: null, set: { campaignId: 'Spring' }, stamp: {} },
        agreed,
        searchAfter: 0,
      },
    ],
  }

  it('says nothing about the column that the row reads now: its emptiness is nobody\'s edit', async () => {
    const link = await remapped(await engineUnder(after), pending)
    const shows = { kind: 'present', version: null, deal: { campaignId: 'Spring', 'details.notes': 'n' } }
    const settled = settle(link, { partner: shows, crm: shows } as unknown as Parameters<typeof settle>[1]).link // what settling reads of a look
    expect(settled.base).toEqual({ partner: { 'details.notes': 'n' }, crm: { 'details.notes': 'n' } })
  })

  it('agrees on what it wrote where the row is the same', async () => {
    const link = await remapped(await engineUnder({ ...before, id: 'other' }), pending)
    expect(link.intents[0]?.agreed).toEqual(agreed)
    expect(link.base).toEqual(pending.base)
  })

  it('of a new record likewise', async () => {
    const link = await remapped(await engineUnder(after), { ...pending, base: null })
    expect(link.intents[0]?.agreed).toEqual({ partner: { 'details.notes': 'n' }, crm: { 'details.notes': 'n' } })
  })
})
