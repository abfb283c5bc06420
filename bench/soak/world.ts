// Runs in a process of its own: the simulators on a clock that is turned by hand, and the people who work in them.
import { startSandbox } from '../../src/sandbox/index.js'
import type { Setup } from '../../test/support/fleet.js'
import { answering } from '../../test/support/forked.js'
import { leapClock } from '../../test/simulation/hand-clock.js'
import { settling } from './settled.js'

export interface Questions {
  setup(): Setup
  /** So many deals of the partner, before anybody listens. */
  begin(deals: number): void
  /** Events are sent to this address from now on. */
  listen(hook: string): void
  /** So many edits, most of them in Partner Center, each deal in one system only; then the clock is turned. Answers when everything that was sent is answered. */
  advance(how: { readonly edits: number; readonly ms: number }): void
  /** Both systems answer 503 from now on, or work again. */
  outage(on: boolean): void
  /** Deals that do not say the same on both sides. */
  different(): number
}

const settled = settling()
const hand = leapClock(Date.now())
const sandbox = await startSandbox({ port: 0, seed: 20_261_130, customFields: 'cosell', clock: hand })
const { partnerCenter, dynamics } = sandbox
Object.assign(dynamics.options, { requestLimit: null })
/** Of twenty edits, and so of the deals: more than a fifth of all deals that changed in the CRM while it could not be read would stop the sweep for a person. */
const crmOfTwenty = 3
const retryAfterSeconds = 30
let deals: readonly string[] = []
let edits = 0

const valuesInCrm = (): Map<unknown, { readonly id: string; readonly value: unknown }> =>
  new Map(dynamics.find('opportunity').map((row) => [row['cosell_referralidentifier'], { id: String(row['opportunityid']), value: row['estimatedvalue'] }]))

answering<Questions>({
  setup: () => ({ urls: sandbox.urls, credentials: sandbox.credentials, trustAnchors: sandbox.trustAnchors }),
  begin(count) {
    deals = Array.from({ length: count }, (_, index) => partnerCenter.portal.create('private', { name: `Deal ${index}`, details: { currency: 'USD' } }).own.id)
  },
  listen(hook) {
    partnerCenter.webhook.set({ url: hook, events: ['referral-created', 'referral-updated'] })
  },
  async advance({ edits: count, ms }) {
    const inCrm = count === 0 ? new Map() : valuesInCrm()
    for (let made = 0; made < count; made += 1) {
      edits += 1
      const id = deals[(edits * 7) % deals.length] ?? ''
      const record = inCrm.get(id) as { readonly id: string } | undefined // as valuesInCrm says
      if (edits % 20 < crmOfTwenty && record !== undefined) dynamics.people.edit('opportunity', record.id, { estimatedvalue: 10_000 + edits })
      else partnerCenter.portal.edit(id, { dealValue: 10_000 + edits })
    }
    hand.advance(ms)
    await settled()
    // What the simulators themselves remember would only grow.
    partnerCenter.calls.reset()
    dynamics.calls.reset()
  },
  outage(on) {
    for (const { faults } of [partnerCenter, dynamics]) faults.set(on ? [{ kind: 'unavailable', rate: 1, amount: retryAfterSeconds }] : [])
  },
  different() {
    const inCrm = valuesInCrm()
    return deals.filter((id) => partnerCenter.referral(id)?.details?.dealValue !== inCrm.get(id)?.value).length
  },
})
