import { expect, test } from 'vitest'
import { engineWorld } from '../../test/support/engine-world.js'
import { sweep } from './sweep.js'

const options = { signal: new AbortController().signal, release: false, since: null, openOnly: false }

test('a side that was not read whole for longer than it should be is behind, until it is read again', async () => {
  const world = engineWorld() // Partner Center is swept every ten minutes, the CRM read every thirty seconds.
  const behind = async (): Promise<readonly string[]> => (await world.service.overview()).behind
  expect(await behind()).toEqual([]) // Never read is not late: nobody knows anything yet.
  await sweep(world.engine, 'crm', options)
  await sweep(world.engine, 'partner', options)
  world.nowMs += 5 * 60_000
  expect(await behind()).toEqual([])
  world.nowMs += 1
  expect(await behind()).toEqual(['crm'])
  world.nowMs += 25 * 60_000
  expect(await behind()).toEqual(['partner', 'crm'])
  await sweep(world.engine, 'crm', options)
  expect(await behind()).toEqual(['partner'])
})
