import { expect, test } from 'vitest'
import { engineWorld } from '../../test/support/engine-world.js'
import type { TouchedPage } from '../core/ports.js'
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
  await expect(sweep({ ...world.engine, adapters }, 'partner', { ...options, signal: told.signal })).rejects.toThrow('told to stop')
  expect(await world.store.getValue(cursorName('partner'))).toBeNull()
  expect(await world.store.getValue('swept.partner')).toBeNull()
  await sweep({ ...world.engine, adapters: { crm, partner: { ...partner, touched: once } } }, 'partner', options)
  expect(await world.links()).toHaveLength(150)
})
