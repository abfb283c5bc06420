import { expect, it } from 'vitest'
import { engineWorld } from '../../test/support/engine-world.js'
import { HELP } from '../core/deal.js'
import type { Readings } from '../core/ports.js'
import type { EndRef } from '../core/ref.js'
import { withoutVanished } from './vanished.js'

const microsoft: EndRef = { side: 'partner', kind: 'referral', id: 'theirs' }

/** A deal whose engagement had Microsoft's referral, and a wide look that shows it or does not. */
async function looked(shows: boolean, deal: object): Promise<object> {
  const world = engineWorld()
  const row = world.partner.put({ kind: 'referral', deal: { name: 'Nordwind rollout', status: 'Active/Accepted' } })
  await world.hint({ ref: { side: 'partner', kind: 'referral', id: row.id } })
  await world.settle()
  const link = (await world.links())[0] ?? expect.fail('no deal')
  const partner = await world.partner.adapter.read({ side: 'partner', kind: 'referral', id: row.id }, { wide: true, signal: new AbortController().signal })
  if (partner.kind !== 'present') return expect.fail(partner.kind)
  const now: Readings = { partner: { ...partner, deal, aliases: shows ? [microsoft] : [] }, crm: { kind: 'absent', ref: null } }
  const seen = withoutVanished({ ...link, aliases: [microsoft] }, now).partner
  return seen.kind === 'present' ? seen.deal : expect.fail(seen.kind)
}

it('[R27] a referral that one listing lacks says nothing: help that was asked for is neither withdrawn nor asked for again', async () => {
  const gone = { name: 'Nordwind rollout', [HELP]: null, 'microsoft.status': null, 'microsoft.team': [], 'trackingInfo.microsoftMsxId': '7-ABC' }
  expect(await looked(false, gone)).toEqual({ name: 'Nordwind rollout', 'trackingInfo.microsoftMsxId': '7-ABC' })
  expect(await looked(true, gone)).toEqual(gone)
})
