import { describe, expect, it } from 'vitest'
import { engineWorld, type EngineWorld } from '../../test/support/engine-world.js'

const signal = new AbortController().signal

async function linked(status: 'New/Pending' | 'Active/Accepted'): Promise<{ world: EngineWorld; referralId: string; crmId: string }> {
  const world = engineWorld()
  const row = world.partner.put({ kind: 'referral', deal: { name: 'Nordwind', status, 'details.dealValue': 10, 'details.currency': 'EUR' } })
  await world.hint({ ref: { side: 'partner', kind: 'referral', id: row.id } })
  await world.settle()
  world.partner.calls.length = 0
  world.crm.calls.length = 0
  return { world, referralId: row.id, crmId: world.crm.only().id }
}
const writes = (world: EngineWorld): string[] => [...world.partner.calls, ...world.crm.calls].filter((call) => call !== 'read')

async function conflicted() {
  const given = await linked('Active/Accepted')
  given.world.partner.edit(given.referralId, { 'details.dealValue': 20 })
  given.world.crm.edit(given.crmId, { 'details.dealValue': 30 })
  await given.world.hint({ ref: { side: 'crm', kind: 'opportunity', id: given.crmId } })
  await given.world.settle()
  given.world.partner.calls.length = 0
  given.world.crm.calls.length = 0
  return given
}

describe('what would happen, seen beforehand', () => {
  it('shows the step that an order would take, and takes none', async () => {
    const { world, referralId } = await linked('New/Pending')
    const preview = await world.service.preview(referralId, { kind: 'order', take: 'accept', reason: null }, signal)
    expect(preview.changes).toContainEqual(expect.objectContaining({ kind: 'step', side: 'partner', irreversible: true }))
    expect(writes(world)).toEqual([])
    expect((await world.service.deal(referralId, { live: false })).orders).toEqual([])
  })

  it.each([['partner', 'crm', 20], ['crm', 'partner', 30]] as const)('shows what keeping the value of %s writes to %s', async (keep, side, after) => {
    const { world, referralId } = await conflicted()
    const preview = await world.service.preview(referralId, { kind: 'resolve', field: 'details.dealValue', keep }, signal)
    const fields = preview.changes.filter((change) => change.side === side).flatMap((change) => change.fields)
    expect(fields).toContainEqual(expect.objectContaining({ field: 'details.dealValue', after }))
    expect(writes(world)).toEqual([])
  })

  it('refuses to preview a decision about a field that is not in conflict', async () => {
    const { world, referralId } = await conflicted()
    await expect(world.service.preview(referralId, { kind: 'resolve', field: 'details.notes', keep: 'crm' }, signal)).rejects.toThrow(/no open conflict/)
  })
})

describe('what keeps deals apart, and what was written', () => {
  it('counts deals by cause and names some', async () => {
    const { world, referralId } = await conflicted()
    expect(await world.service.issues()).toEqual([
      expect.objectContaining({ state: 'needs-attention', reason: 'conflict', count: 1, sample: [expect.objectContaining({ referralId })] }),
    ])
  })

  it('counts writes by hour and way, and measures from the event to the write', async () => {
    const { world, referralId } = await linked('Active/Accepted')
    const before = await world.service.activity()
    world.partner.edit(referralId, { 'details.dealValue': 99 })
    const ref = { side: 'partner', kind: 'referral', id: referralId } as const
    await world.hint({ ref })
    const [link] = await world.links()
    const hinted = { kind: 'hinted', source: 'partner-center', name: 'referral-updated', ref } as const
    await world.store.addAudit([{ link: link?.id ?? null, at: world.nowMs, by: 'partner-center', run: null, event: hinted }], world.nowMs)
    world.nowMs += 1_500
    await world.settle()
    const now = await world.service.activity()
    expect(now.hours).toHaveLength(24)
    expect(now.hours.at(-1)?.toCrm).toBe((before.hours.at(-1)?.toCrm ?? 0) + 1)
    expect(now.delay).toMatchObject({ p95: 1_500, measured: before.delay.measured + 1 })
  })
})

describe('one deal, looked at', () => {
  it('says from which side each field came, when, and by which run', async () => {
    const { world, referralId, crmId } = await linked('Active/Accepted')
    world.crm.edit(crmId, { 'details.dealValue': 30 })
    await world.hint({ ref: { side: 'crm', kind: 'opportunity', id: crmId } })
    await world.settle()
    const { fields } = await world.service.deal(referralId, { live: false })
    const carried = (name: string) => fields.find(({ field }) => field === name)?.carried
    expect(carried('name')?.from).toBe('partner')
    expect(carried('details.dealValue')?.from).toBe('crm')
    const run = carried('details.dealValue')?.run ?? ''
    const found = await world.service.run(run)
    expect(found.run).toMatchObject({ id: run, name: 'Nordwind', outcome: 'settled' })
    expect(found.entries.every((entry) => entry.run === run)).toBe(true)
  })

  it('shows what was last agreed, and why, when a side cannot be reached', async () => {
    const { world, referralId } = await linked('Active/Accepted')
    expect((await world.service.deal(referralId, { live: false })).seen).toBeNull()
    world.crm.absences.push('unreachable')
    const seen = await world.service.deal(referralId, { live: true })
    expect(seen.seen).toMatchObject({ partner: { kind: 'present', message: null }, crm: { kind: 'unreachable' } })
    expect(seen.seen?.crm.message).toBe('crm does not answer')
    expect(seen.fields.find(({ field }) => field === 'name')?.crm).toBe('Nordwind')
  })
})
