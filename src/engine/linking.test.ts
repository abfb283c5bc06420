import { expect, it } from 'vitest'
import type { Projection } from '../core/deal.js'
import { Fault } from '../core/fault.js'
import type { EndRef } from '../core/ref.js'
import { engineWorld } from '../../test/support/engine-world.js'
import { changeDeal } from './find-deal.js'
import { asLinked, linkRecords } from './linking.js'

const deal: Projection = { name: 'Nordwind rollout', status: 'Active/Accepted', 'details.notes': 'Wants reports.' }
const signal = new AbortController().signal

function apart() {
  const world = engineWorld()
  return { world, ends: { referral: world.partner.put({ kind: 'referral', deal }).id, crm: world.crm.put({ kind: 'opportunity', deal }).id } }
}

it('shows the deal as it would be without storing anything, and then makes just that', async () => {
  const { world, ends } = apart()
  const shown = await asLinked(world.engine, ends, signal)
  expect(shown.ends).toMatchObject({ partner: { id: ends.referral }, crm: { kind: 'opportunity', id: ends.crm } })
  expect(await world.links()).toEqual([])
  const made = await linkRecords(world.engine, ends, 'kim')
  expect(made.ends).toEqual(shown.ends)
  expect((await world.links()).map(({ id }) => id)).toEqual([made.id])
})

it('previews what connecting two records would write', async () => {
  const { world, ends } = apart()
  world.crm.edit(ends.crm, { 'details.notes': 'Other words.' })
  const plan = await world.service.preview('', { kind: 'link', ...ends }, signal)
  expect(JSON.stringify(plan.conflicts)).toContain('details.notes')
  expect(plan.changes.length).toBeGreaterThan(0)
  expect([world.partner.calls, world.crm.calls].flat().filter((call) => /create|patch|step/.test(call))).toEqual([])
})

it.each(['partner', 'crm'] as const)('says that %s cannot be asked, not that the record is gone', async (side) => {
  const { world, ends } = apart()
  const fault = new Fault('offline', 'No answer came.', { remedy: 'Wait.' })
  const read = (ref: EndRef) => Promise.resolve({ kind: 'unreachable', ref, fault } as const)
  Object.assign(world[side].adapter, { read })
  await expect(linkRecords(world.engine, ends, 'kim')).rejects.toMatchObject({ kind: 'offline' })
  expect(await world.links()).toEqual([])
})

it('[R24] a referral that names the record of another deal, whose own identifier was taken off, is told whose it is and takes nothing from it', async () => {
  const world = engineWorld()
  const first = world.partner.put({ kind: 'referral', deal })
  await world.hint({ ref: { side: 'partner', kind: 'referral', id: first.id } })
  await world.settle()
  const record = world.crm.only()
  Object.assign(record, { otherId: null })
  const second = world.partner.put({ kind: 'referral', deal: { ...deal, 'details.notes': 'Another deal.' }, otherId: record.id })
  await world.hint({ ref: { side: 'partner', kind: 'referral', id: second.id } })
  await world.settle()
  const links = (await world.links()).sort((a, b) => Number(a.base === null) - Number(b.base === null))
  expect(links.map(({ ends }) => [ends.partner?.id, ends.crm?.id ?? null])).toEqual([
    [first.id, record.id],
    [second.id, null],
  ])
  expect(links[1]).toMatchObject({ state: 'needs-attention', reason: { code: 'linked-record-missing' } })
  expect(links[1]?.reason?.text).toContain(first.id)
  expect(world.crm.only().deal['details.notes']).toBe('Wants reports.')
})

it('[R24] a record that names the referral of another deal, which does not name its own yet, is told whose it is', async () => {
  const world = engineWorld()
  const first = world.partner.put({ kind: 'referral', deal })
  await world.hint({ ref: { side: 'partner', kind: 'referral', id: first.id } })
  await world.settle()
  const record = world.crm.only()
  Object.assign(first, { otherId: null })
  const copy = world.crm.put({ kind: 'opportunity', deal: { ...deal, 'details.notes': 'A copy.' }, otherId: first.id })
  await world.hint({ ref: { side: 'crm', kind: 'opportunity', id: copy.id } })
  await world.settle()
  const links = (await world.links()).sort((a, b) => Number(a.base === null) - Number(b.base === null))
  expect(links.map(({ ends }) => [ends.partner?.id ?? null, ends.crm?.id])).toEqual([
    [first.id, record.id],
    [null, copy.id],
  ])
  expect(links[1]).toMatchObject({ state: 'needs-attention', reason: { code: 'linked-record-missing' } })
  expect(links[1]?.reason?.text).toContain(record.id)
})

it('[R24] a referral whose identifier somebody wrote onto the record of another deal makes no record and takes none: it is told whose that is', async () => {
  const world = engineWorld()
  const first = world.partner.put({ kind: 'referral', deal })
  await world.hint({ ref: { side: 'partner', kind: 'referral', id: first.id } })
  await world.settle()
  const record = world.crm.only()
  const second = world.partner.put({ kind: 'referral', deal: { ...deal, 'details.notes': 'Another deal.' } })
  Object.assign(record, { otherId: second.id })
  await world.hint({ ref: { side: 'partner', kind: 'referral', id: second.id } })
  await world.settle()
  const links = (await world.links()).sort((a, b) => Number(a.base === null) - Number(b.base === null))
  expect(links.map(({ ends }) => [ends.partner?.id, ends.crm?.id ?? null])).toEqual([
    [first.id, record.id],
    [second.id, null],
  ])
  expect(links[1]?.reason).toMatchObject({ code: 'linked-record-missing' })
  expect(links[1]?.reason?.text).toContain(first.id)
  expect(world.crm.only().deal['details.notes']).toBe('Wants reports.')
})

it('writes nothing onto a record that a person wants left alone, not even lines that were still to be written', async () => {
  const { world, ends } = apart()
  const { id } = await linkRecords(world.engine, ends, 'kim')
  await world.hint({ ref: { side: 'crm', kind: 'opportunity', id: ends.crm } })
  await world.settle()
  await changeDeal(world.engine, id, (link) => ({ ...link, ignored: true, notes: ['A line of before.'] }), () => [])
  world.crm.calls.length = 0
  await world.hint({ ref: { side: 'crm', kind: 'opportunity', id: ends.crm } })
  await world.settle()
  expect(world.crm.calls.filter((call) => call !== 'read')).toEqual([])
})
