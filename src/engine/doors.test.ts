import { describe, expect, it } from 'vitest'
import { engineWorld, type EngineWorld } from '../../test/support/engine-world.js'
import { shareableDeal as deal } from '../../test/support/sample-deal.js'
import { HELP, VISIBILITY, type Projection } from '../core/deal.js'
import type { Link } from '../core/link.js'

const only = async (world: EngineWorld): Promise<Link> => {
  const [link] = await world.links()
  if (link === undefined) throw new Error('there is a deal')
  return link
}
const partner = (id: string) => ({ side: 'partner', kind: 'referral', id }) as const
const crm = (id: string) => ({ side: 'crm', kind: 'opportunity', id }) as const

/** A deal that was agreed on before anybody has to be asked. */
async function asking(over: Projection = {}): Promise<{ world: EngineWorld; referralId: string; crmId: string }> {
  const world = engineWorld()
  const { id } = world.partner.put({ kind: 'referral', deal: { ...deal, ...over } })
  await world.hint({ ref: partner(id) })
  await world.settle()
  world.policy = { ...world.policy, irreversible: 'confirm' }
  return { world, referralId: id, crmId: world.crm.only().id }
}
/** A record that would be shared with Microsoft, and a no to it. */
async function saidNoTo(wish: Projection): Promise<{ readonly world: EngineWorld; readonly row: { readonly id: string } }> {
  const world = engineWorld()
  world.policy = { ...world.policy, irreversible: 'confirm' }
  const row = world.crm.put({ kind: 'opportunity', deal: wish })
  await edit(world, row.id, {})
  await say(world, VISIBILITY, 'partner')
  return { world, row }
}
async function edit(world: EngineWorld, id: string, values: Projection): Promise<void> {
  world.crm.edit(id, values)
  await world.hint({ ref: crm(id), wide: true })
  await world.settle()
}
async function say(world: EngineWorld, field: Parameters<EngineWorld['service']['resolve']>[1]['field'], keep: 'partner' | 'crm'): Promise<void> {
  await world.service.resolve((await only(world)).id, { field, keep, by: 'kim' })
  await world.settle()
}

it('[R55] a door that the policy forbids is no question: the deal says that it is for a person to do by hand', async () => {
  const { world, crmId } = await asking()
  world.policy = { ...world.policy, irreversible: 'forbid' }
  await edit(world, crmId, { status: 'Closed/Won' })
  const { reason, conflicts } = await only(world)
  expect(reason).toMatchObject({ code: 'confirm', text: expect.stringContaining('forbids') as string, remedy: expect.stringContaining('by hand') as string })
  expect(conflicts).toMatchObject([{ kind: 'confirm', forbidden: true }])
})

describe('a door that waits for a word', () => {
  it('[R55] opens by the word that was asked for, and no other door with it', async () => {
    const { world, crmId } = await asking()
    await edit(world, crmId, { [VISIBILITY]: true })
    expect((await only(world)).reason?.code).toBe('confirm')
    await say(world, VISIBILITY, 'crm')
    expect(world.partner.only().deal[VISIBILITY]).toBe(true)
    await edit(world, crmId, { status: 'Closed/Won' })
    expect(world.partner.only().deal.status).toBe('Active/Accepted')
    expect((await only(world)).reason?.code).toBe('confirm')
  })

  it('[R55] is asked about where the CRM follows Partner Center, and a yes closes the record', async () => {
    const { world, referralId, crmId } = await asking()
    world.partner.edit(referralId, { status: 'Closed/Won' })
    await world.hint({ ref: partner(referralId) })
    await world.settle()
    expect((await only(world)).reason?.code).toBe('confirm')
    expect(world.crm.only().deal.status).toBe('Active/Accepted')
    await say(world, 'status', 'partner')
    expect(world.crm.only().deal.status).toBe('Closed/Won')
    expect((await only(world)).state).toBe('in-sync')
    expect(crmId).toBe(world.crm.only().id)
  })

  it('[R55] is asked about again for the next request to Microsoft', async () => {
    const { world, crmId } = await asking()
    await edit(world, crmId, { [HELP]: 'QuotesOrLicensing' })
    await say(world, HELP, 'crm')
    expect(world.partner.only('related').deal[VISIBILITY]).toBe(true)
    expect((await only(world)).approvals).toEqual([])
  })

  it('[R55] is asked about once where a record is shared and Microsoft is asked for help by one act', async () => {
    const world = engineWorld()
    world.policy = { ...world.policy, irreversible: 'confirm' }
    const row = world.crm.put({ kind: 'opportunity', deal: { ...deal, [HELP]: 'QuotesOrLicensing' } })
    await world.hint({ ref: crm(row.id) })
    await world.settle()
    expect((await only(world)).reason?.code).toBe('confirm')
    expect((await only(world)).conflicts).toMatchObject([{ field: HELP, door: 'partner' }])
    await say(world, HELP, 'crm')
    expect(world.partner.only('related')).toBeDefined()
    expect((await only(world)).approvals).toEqual([])
  })

  it('[R55] is asked about no more once somebody said no to a first share, until the record asks for something else or the share is ordered', async () => {
    const { world, row } = await saidNoTo({ ...deal, [VISIBILITY]: true })
    expect(await only(world)).toMatchObject({ state: 'unlinked', conflicts: [], reason: { code: 'excluded', text: expect.stringContaining('kim said no') as string } })
    await edit(world, row.id, { 'details.notes': 'Still the same wish.' })
    expect(await only(world)).toMatchObject({ state: 'unlinked', conflicts: [] })
    await edit(world, row.id, { [HELP]: 'QuotesOrLicensing' })
    expect((await only(world)).reason?.code).toBe('confirm')
    await say(world, HELP, 'partner')
    expect(world.partner.rows.size).toBe(0)
    await world.service.order((await only(world)).id, { take: 'share', reason: null, by: 'kim' })
    await world.settle()
    expect(world.partner.only('referral').deal[VISIBILITY]).toBe(true)
  })

  it('[R55] that somebody said no to may be left: without the wish the deal is shared with Partner Center alone', async () => {
    const { world, row } = await saidNoTo({ ...deal, [VISIBILITY]: true })
    await edit(world, row.id, { [VISIBILITY]: false })
    expect(world.partner.only().deal[VISIBILITY]).toBe(false)
    expect((await only(world)).state).toBe('in-sync')
  })

  it('[R55] stays shut by a no, which puts the record back, and is asked about anew when somebody goes for it again', async () => {
    const { world, crmId } = await asking()
    await edit(world, crmId, { [VISIBILITY]: true })
    await say(world, VISIBILITY, 'partner')
    expect(world.crm.only().deal[VISIBILITY]).toBe(false)
    expect((await only(world)).state).toBe('in-sync')
    await edit(world, crmId, { status: 'Closed/Won' })
    await say(world, 'status', 'partner')
    expect(world.crm.only().deal.status).toBe('Active/Accepted')
    await edit(world, crmId, { status: 'Closed/Won' })
    expect(world.crm.only().deal.status).toBe('Closed/Won')
    expect((await only(world)).reason?.code).toBe('confirm')
    expect(world.partner.only().deal).toMatchObject({ status: 'Active/Accepted', [VISIBILITY]: false })
  })
})
