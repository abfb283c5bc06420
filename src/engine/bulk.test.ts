import { expect, test } from 'vitest'
import { engineWorld } from '../../test/support/engine-world.js'
import { newLink } from '../core/link.js'
import type { TouchedPage } from '../core/ports.js'
import { asLinkId } from '../core/ref.js'
import { cursorName, sweep } from './sweep.js'

const options = { signal: new AbortController().signal, release: false, since: null, openOnly: false }

test('[R25] a first sync that is told to stop in a page keeps its place before it, so that no referral of the page is passed over', async () => {
  const world = engineWorld()
  for (let index = 0; index < 150; index += 1) world.partner.put({ kind: 'referral', deal: { name: `Deal ${index}`, status: 'Active/Accepted' } })
  await sweep(world.engine, 'crm', options)
  const told = new AbortController()
  const { partner, crm } = world.engine.adapters
  const stopping = { ...crm, writeMany: (...asked: Parameters<typeof crm.writeMany>) => (told.abort(), crm.writeMany(...asked)) }
  // Listed once only: what this page does not make of its referrals, no later round would bring.
  async function* once(asked: Parameters<typeof partner.touched>[0]): AsyncGenerator<TouchedPage> {
    if (asked.cursor === null) yield* partner.touched(asked)
  }
  const adapters = { crm: stopping, partner: { ...partner, touched: once } }
  await expect(sweep({ ...world.engine, adapters }, 'partner', { ...options, signal: told.signal })).rejects.toThrow('was stopped before it was through')
  expect(await world.store.getValue(cursorName('partner'))).toBeNull()
  expect(await world.store.getValue('swept.partner')).toBeNull()
  await sweep({ ...world.engine, adapters: { crm, partner: { ...partner, touched: once } } }, 'partner', options)
  expect(await world.links()).toHaveLength(150)
})

test('a record whose event comes before its creation is noted is joined with its deal at once, and not when a lease has ended', async () => {
  const world = engineWorld()
  for (let index = 0; index < 5; index += 1) world.partner.put({ kind: 'referral', deal: { name: `Deal ${index}`, status: 'Active/Accepted' } })
  await sweep(world.engine, 'crm', options)
  const { partner, crm } = world.engine.adapters
  const writeMany: typeof crm.writeMany = async (...asked) => {
    const made = await crm.writeMany(...asked)
    // As where the CRM chooses the ids: nobody can know yet whose record this is.
    for (const { id } of world.crm.rows.values()) {
      const link = newLink(asLinkId(`event-of-${id}`), world.nowMs, { partner: null, crm: { side: 'crm', kind: 'opportunity', id } })
      await world.store.add(link, [], world.nowMs)
      await world.store.queue.mark([{ link: link.id, dueAt: world.nowMs, urgency: 1, wide: false, because: 'test' }], world.nowMs)
    }
    return made
  }
  const engine = { ...world.engine, adapters: { partner, crm: { ...crm, writeMany } } }
  await sweep(engine, 'partner', options)
  for (let turn = 0; turn < 6; turn += 1) {
    await world.work()
    world.nowMs += 1_000
  }
  const links = (await world.links()).filter(({ ends }) => ends.partner !== null || ends.crm !== null)
  expect(links.map(({ state, ends }) => [state, ends.partner !== null, ends.crm !== null])).toEqual(Array.from({ length: 5 }, () => ['in-sync', true, true]))
  expect(world.crm.rows.size).toBe(5)
})
