import { setTimeout as sleep } from 'node:timers/promises'
import { webhookKey } from '../../test/support/fleet.js'
import { less, type Measured } from '../figure.js'
import { post } from '../load.js'
import type { Call } from '../simulators.js'
import { pairs, stageOf } from '../stage.js'

const settledMs = 1_500 // By then everything that one event causes has long happened.

/** Remote calls of one change, counted by the simulators. */
export async function calls(): Promise<Measured> {
  const stage = await stageOf({ postgres: null })
  try {
    await stage.start('all')
    const [deal] = await pairs(stage, 3)
    if (deal === undefined) throw new Error('No deal was made.')
    const { referralId, opportunityId } = deal
    const { fleet, simulators } = stage
    /** The calls that one event caused: a named sync would read more than an event does. */
    const count = async (event: () => Promise<void>): Promise<readonly Call[]> => {
      await simulators.ask('reset')
      await event()
      await sleep(settledMs)
      return simulators.ask('calls')
    }
    const referralEvent = async (): Promise<void> => {
      for (const delivery of await simulators.ask('deliveries', [referralId])) await post(`${fleet.address}/hooks/partner-center`, delivery)
    }
    const headers = { 'content-type': 'application/json', 'x-cosell-key': webhookKey }
    const body = JSON.stringify({ PrimaryEntityName: 'opportunity', PrimaryEntityId: opportunityId, MessageName: 'Update' })
    const recordEvent = (): Promise<void> => post(`${fleet.address}/hooks/dynamics`, { headers, body })
    await simulators.ask('editReferrals', { ids: [referralId], value: 71_000 })
    const inbound = await count(referralEvent)
    const echo = await count(recordEvent)
    await simulators.ask('editOpportunities', { ids: [opportunityId], value: 72_000 })
    const outbound = await count(recordEvent)
    const rest = await count(async () => void (await fleet.command(['sync', '--json'])))
    const writes = (made: readonly Call[]): number => made.filter(({ method, path }) => method !== 'GET' && !path.includes('$batch')).length
    const told = await toldOnRecords()
    return {
      figures: [
        less('inbound update of a linked deal', inbound.length, { target: 3, unit: 'calls' }),
        less('outbound update of a linked deal', outbound.length, { target: 4, unit: 'calls' }),
        less('writes for an echo', writes(echo), { target: 0, unit: 'calls' }),
        less('writes of a sweep at rest', writes(rest), { target: 0, unit: 'calls' }),
        less('after a first sync, where the CRM knows none of a deal\'s team: to tell its record', told, { target: null, unit: 'calls a deal' }),
      ],
    }
  } finally {
    await stage.close()
  }
}

const unknownDeals = 200

/** A deal whose owner the CRM does not know says so on its record. @returns calls a deal of the sync after the first. */
async function toldOnRecords(): Promise<number> {
  const stage = await stageOf({ postgres: null })
  try {
    await stage.simulators.ask('seed', { count: unknownDeals, known: false })
    await stage.fleet.command(['sync', '--json'])
    await stage.simulators.ask('reset')
    await stage.fleet.command(['sync', '--json'])
    return (await stage.simulators.ask('calls')).filter(({ path }) => /\/(opportunities\(|referrals\/)/.test(path)).length / unknownDeals
  } finally {
    await stage.close()
  }
}
