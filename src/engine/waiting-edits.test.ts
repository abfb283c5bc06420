import { describe, expect, it } from 'vitest'
import type { Projection } from '../core/deal.js'
import { mergeField } from '../core/field-merge.js'
import { defaultPolicy } from '../core/policy.js'
import type { EndRef } from '../core/ref.js'
import { engineWorld, type EngineWorld } from '../../test/support/engine-world.js'

const deal: Projection = { name: 'Nordwind rollout', status: 'New/Pending', 'details.dealValue': 84_000, 'details.currency': 'EUR', 'details.notes': 'Wants reports.' }
const referral = (id: string): EndRef => ({ side: 'partner', kind: 'referral', id })
const opportunity = (id: string): EndRef => ({ side: 'crm', kind: 'opportunity', id })
const unsent = 'Edits made in the CRM are not sent until the deal is accepted.'
/** As the record has it, with what is to be done. */
const said = `${unsent} Move the opportunity on from where it waits, or run "cosell deals accept": they are sent then.`

async function linked(over: Projection = {}): Promise<{ world: EngineWorld; referralId: string; crmId: string }> {
  const world = engineWorld()
  const row = world.partner.put({ kind: 'referral', deal: { ...deal, ...over } })
  await world.hint({ ref: referral(row.id) })
  await world.settle()
  world.crm.calls.length = 0
  return { world, referralId: row.id, crmId: world.crm.only().id }
}
async function edit(world: EngineWorld, id: string, set: Projection): Promise<void> {
  world.crm.edit(id, set)
  await world.hint({ ref: opportunity(id) })
  await world.settle()
}
const onlyLink = async (world: EngineWorld) => (await world.links())[0]

it('[R47] a lead of the CRM that a seller switches Sync on for is shared as an opportunity only, and its record says so once', async () => {
  const world = engineWorld()
  const row = world.crm.put({ kind: 'lead', deal: { name: 'Ours', status: 'New/Received' }, sync: false })
  const lead: EndRef = { side: 'crm', kind: 'lead', id: row.id }
  const look = async (): Promise<void> => {
    await world.hint({ ref: lead })
    await world.settle()
  }
  await look()
  expect(row).toMatchObject({ status: null, audit: null })
  row.sync = true
  await look()
  const text = 'It is a CRM lead; a deal is shared from an opportunity. Qualify the lead, then switch Sync on.'
  expect(row).toMatchObject({ status: text, audit: expect.stringContaining(text) as string, deal: { name: 'Ours' } })
  expect(await onlyLink(world)).toMatchObject({ state: 'unlinked', reason: { code: 'excluded' } })
  expect(world.partner.rows.size).toBe(0)
  world.crm.edit(row.id, { 'details.notes': 'Called them.' })
  await look()
  row.sync = false
  await look()
  row.sync = true
  await look()
  expect(world.crm.calls.filter((call) => call !== 'read')).toHaveLength(1)
})

describe('[R47] an edit in the CRM that waits says so', () => {
  it('while the deal waits for our answer, on the deal and once on the record, and no more once it is accepted', async () => {
    const { world, crmId } = await linked()
    expect(await onlyLink(world)).toMatchObject({ state: 'in-sync', reason: null })
    await edit(world, crmId, { 'details.notes': 'Called them.' })
    await edit(world, crmId, { 'details.dealValue': 90_000 })
    expect(await onlyLink(world)).toMatchObject({ state: 'in-sync', reason: { code: 'unanswered', text: unsent, items: ['details.dealValue', 'details.notes'] } })
    expect(world.crm.only()).toMatchObject({ status: said, audit: expect.stringContaining(` - ${said}`) as string })
    expect(world.crm.only().audit?.split('\n').filter((line) => line.endsWith(said))).toHaveLength(1)
    expect(world.crm.calls.filter((call) => call !== 'read')).toHaveLength(1)
    await edit(world, crmId, { status: 'Active/Accepted' })
    expect(world.partner.only().deal).toMatchObject({ status: 'Active/Accepted', 'details.notes': 'Called them.', 'details.dealValue': 90_000 })
    expect(await onlyLink(world)).toMatchObject({ state: 'in-sync', reason: null })
    expect(world.crm.only().status).toBe('in-sync')
  })

  it('also while Partner Center goes on editing it: told once, and each change written once', async () => {
    const { world, referralId, crmId } = await linked()
    await edit(world, crmId, { 'details.notes': 'Called them.' })
    world.crm.calls.length = 0
    for (const value of [85_000, 86_000]) {
      world.partner.edit(referralId, { 'details.dealValue': value })
      await world.hint({ ref: referral(referralId) })
      await world.settle()
      expect(world.crm.only()).toMatchObject({ status: said, deal: { 'details.dealValue': value, 'details.notes': 'Called them.' } })
    }
    expect(world.crm.only().audit?.split('\n').filter((line) => line.endsWith(said))).toHaveLength(1)
    expect(world.crm.calls.filter((call) => call !== 'read')).toHaveLength(2)
    expect(await onlyLink(world)).toMatchObject({ state: 'in-sync', reason: { code: 'unanswered' } })
  })

  it('and no more when the seller takes it back, nor when the deal expires meanwhile', async () => {
    const { world, referralId, crmId } = await linked()
    await edit(world, crmId, { 'details.notes': 'Called them.' })
    await edit(world, crmId, { 'details.notes': 'Wants reports.' })
    expect(await onlyLink(world)).toMatchObject({ state: 'in-sync', reason: null })
    expect(world.crm.only().status).toBe('in-sync')
    await edit(world, crmId, { 'details.notes': 'Called them.' })
    world.partner.edit(referralId, { status: 'Closed/Expired' })
    await world.hint({ ref: referral(referralId) })
    await world.settle()
    expect(await onlyLink(world)).toMatchObject({ state: 'in-sync', reason: { code: 'closed' } })
  })

  it('while Sync is off on the record, which is told on the deal and not onto the record of a seller who wants to be left alone', async () => {
    const { world, crmId } = await linked({ status: 'Active/Accepted' })
    world.crm.only().sync = false
    await edit(world, crmId, {})
    expect(await onlyLink(world)).toMatchObject({ state: 'in-sync', reason: null })
    await edit(world, crmId, { 'details.notes': 'Ours alone.' })
    expect(await onlyLink(world)).toMatchObject({ state: 'in-sync', reason: { code: 'excluded', text: 'Sync with Partner Center is off on the record.' } })
    expect(world.crm.calls.filter((call) => call !== 'read')).toEqual([])
    await edit(world, crmId, { 'details.notes': 'Wants reports.', status: 'Closed/Won' })
    expect(await onlyLink(world)).toMatchObject({ state: 'in-sync', reason: { code: 'excluded' } })
    world.crm.only().sync = true
    await edit(world, crmId, {})
    expect(world.partner.only().deal.status).toBe('Closed/Won')
  })

  it('but not of a list of which nothing would be carried: the phone of a colleague whom only the record names', () => {
    const colleague = { email: 'jon@partner.example', firstName: 'Jon', lastName: 'Reyes', phone: null }
    const move = mergeField({
      field: 'team',
      policy: defaultPolicy().fields.team,
      now: { partner: [], crm: [{ ...colleague, phone: '+49 30 1' }] },
      base: { partner: [], crm: [colleague] },
      takes: { partner: 'later', crm: 'yes' },
      canonical: (_side, value) => value,
      decision: null,
      contested: false,
    })
    expect(move).toEqual({ kind: 'none' })
  })
})

// Found by the simulation of the whole world, seed 138 on Dynamics 365.
it.each([true, false])('[R47] a lead whose switch a seller turned off stays off as the opportunity that it becomes (turned off: %s)', async (isOff) => {
  const world = engineWorld()
  const row = world.partner.put({ kind: 'referral', category: 'lead', deal })
  await world.hint({ ref: referral(row.id) })
  await world.settle()
  const lead = world.crm.only()
  if (isOff) lead.sync = false
  world.crm.edit(lead.id, { 'details.notes': 'Ours alone.' })
  await world.hint({ ref: { side: 'crm', kind: 'lead', id: lead.id } })
  await world.settle()
  const shows: Projection = { ...lead.deal, status: 'Active/Accepted', 'details.dealValue': 99_000 }
  const made = world.crm.put({ kind: 'opportunity', deal: shows, sync: false })
  lead.movedTo = opportunity(made.id)
  await world.hint({ ref: { side: 'crm', kind: 'lead', id: lead.id } })
  await world.settle()
  expect(made).toMatchObject({ otherId: row.id, sync: !isOff })
  expect(row.deal).toMatchObject(isOff ? deal : { status: 'Active/Accepted', 'details.dealValue': 99_000, 'details.notes': 'Ours alone.' })
  if (isOff) expect(await onlyLink(world)).toMatchObject({ reason: { code: 'excluded' } })
})
