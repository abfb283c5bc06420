import { toFault } from '../../core/fault.js'
import type { Check, Clock } from '../../core/ports.js'
import type { ReferralsApi } from './api.js'
import { textMember, type PlatformApi } from './platform.js'

export interface CheckParts {
  readonly referrals: ReferralsApi
  readonly platform: PlatformApi
  readonly clock: Clock
  readonly partnerId: string | null
}

const skewMostMs = 60_000
const wantedEvents = ['referral-created', 'referral-updated', 'related-referral-created', 'related-referral-updated']

const pass = (name: string, detail: string): Check => ({ name, status: 'pass', detail, remedy: null })
const warn = (name: string, detail: string, remedy: string): Check => ({ name, status: 'warn', detail, remedy })
const fail = (name: string, detail: string, remedy: string): Check => ({ name, status: 'fail', detail, remedy })

/** What must be in order at Partner Center, one line each. Everything here only reads. */
export async function checks(parts: CheckParts, signal: AbortSignal): Promise<Check[]> {
  const tried = async (name: string, work: () => Promise<Check>): Promise<Check> => {
    try {
      return await work()
    } catch (error) {
      const fault = toFault(error)
      return fail(name, fault.message, fault.remedy)
    }
  }
  return [
    await tried('Partner Center: referrals', async () => {
      const answer = await parts.referrals.probe({ filter: null, orderBy: null, select: 'id', top: 1 }, { what: 'reading one referral', signal, headers: {} })
      const skewMs = Math.abs(Date.parse(answer.headers['date'] ?? answer.headers['timestamp'] ?? '') - parts.clock.now())
      return skewMs > skewMostMs
        ? warn('Partner Center: referrals', `Reachable, but the clocks differ by ${Math.round(skewMs / 1_000)} s.`, 'Set this machine\'s clock by NTP.')
        : pass('Partner Center: referrals', 'Signed in and readable.')
    }),
    await tried('Partner Center: Partner ID', async () => {
      const id = textMember(await parts.platform.record('/v1/profiles/mpn', { what: 'reading the partner profile', signal }), 'mpnId')
      return parts.partnerId === null || id === parts.partnerId
        ? pass('Partner Center: Partner ID', id ?? 'none')
        : warn('Partner Center: Partner ID', `The profile says ${id ?? 'nothing'}, the configuration ${parts.partnerId}.`, 'Check partnerCenter.partnerId and the tenant; a location\'s id may differ from the account\'s.')
    }),
    await tried('Partner Center: legal profile', async () => {
      const status = textMember(await parts.platform.record('/v1/profiles/legalbusiness?vettingVersion=Current', { what: 'reading the legal profile', signal }), 'vettingStatus')
      return status === 'authorized' ? pass('Partner Center: legal profile', 'authorized') : warn('Partner Center: legal profile', `Vetting status: ${status ?? 'unknown'}.`, 'Complete the legal profile in Partner Center.')
    }),
    await tried('Partner Center: webhook rights', async () => {
      const { json } = await parts.platform.call('GET', '/webhooks/v1/registration/events', null, { what: 'listing webhook events', signal })
      const missing = wantedEvents.filter((event) => !Array.isArray(json) || !json.includes(event))
      return missing.length === 0
        ? pass('Partner Center: webhook rights', 'All four referral events are offered.')
        : fail('Partner Center: webhook rights', `Not offered: ${missing.join(', ')}.`, 'Give the user one of the roles Admin agent, Billing admin, Sales agent or Helpdesk agent.')
    }),
  ]
}
