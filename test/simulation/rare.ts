import type { Policy } from '../../src/core/policy.js'
import type { CrmKind } from './crm.js'
import type { SandboxRng } from '../../src/sandbox/rng.js'
import { pauses, type Act, type ActKind, type RareKind, type Script } from './script.js'
import type { Side } from './truth.js'

/** How the product is set up in a run where it is not as delivered, and an outage that outlasts all patience. */
export interface Rare {
  readonly irreversible: Policy['irreversible']
  /** As the flows stand until a person opens them. */
  readonly flows: Policy['flows']
  /** Whether somebody opens them before everything comes to rest, if nobody did so earlier. */
  readonly opens: boolean
  /** Whether the mapping gives no meaning to a deal on hold. */
  readonly strange: boolean
  /** The system that answers nothing for three days and more. */
  readonly outage: Side | null
}

const meddling: readonly RareKind[] = [
  'crm.identify.other',
  'crm.identify.nonsense',
  'crm.identify.none',
  'partner.identify.other',
  'partner.identify.nonsense',
  'partner.identify.none',
]
const groups: readonly (readonly RareKind[])[] = [
  meddling,
  ['partner.create.named', 'partner.create.named-twice', 'partner.create.orphan'],
  ['desk.hold', 'desk.hold', 'desk.take-up'],
  ['desk.order.accept', 'desk.order.decline', 'desk.order.win', 'desk.order.lose', 'desk.order.share'],
  ['crm.twin-accounts', 'crm.twin-accounts', 'crm.rejoin-twins'],
  ['crm.unmapped', 'crm.mapped', 'partner.unmapped'],
  ['crm.qualify-some', 'crm.qualify-some', 'inbound.lead'],
]
const waits: readonly Policy['flows'][] = [
  { partnerToCrm: 'observe', crmToPartner: 'observe' },
  { partnerToCrm: 'on', crmToPartner: 'observe' },
  { partnerToCrm: 'observe', crmToPartner: 'on' },
  { partnerToCrm: 'off', crmToPartner: 'on' },
  { partnerToCrm: 'on', crmToPartner: 'off' },
]
const open: Policy['flows'] = { partnerToCrm: 'on', crmToPartner: 'on' }

/** What seldom happens, strewn into a script that was drawn before. A swarm here too: each run knows a few kinds of it. */
export function drawRare(rng: SandboxRng, script: Script, crm: CrmKind): { readonly script: Script; readonly rare: Rare } {
  const irreversible = rng.chance(0.3) ? 'confirm' : rng.chance(0.06) ? 'forbid' : 'allow'
  const flows = rng.chance(0.3) ? rng.pick(waits) : open
  const outage = rng.chance(0.025) ? rng.pick<Side>(['partner', 'crm']) : null
  // Dynamics 365 has no other open status for a deal that waits.
  const strange = rng.chance(0.08) && crm === 'salesforce'
  const rare: Rare = { irreversible, flows, opens: rng.chance(0.75), strange, outage }
  const kinds: ActKind[] = groups.flatMap((group) => (rng.chance(0.3) ? group : []))
  if (irreversible !== 'allow') kinds.push('desk.confirm', 'desk.confirm', 'desk.confirm', 'desk.refuse')
  if (flows !== open) kinds.push('desk.open-flow')
  if (strange) kinds.push('crm.hold', 'crm.hold', 'crm.move-on')
  const acts = [...script.acts]
  for (let left = kinds.length === 0 ? 0 : 3 + rng.int(8); left > 0; left -= 1) {
    const act: Act = { afterMs: rng.pick(pauses), kind: rng.pick(kinds), pick: rng.int(1_000_000) }
    acts.splice(1 + rng.int(acts.length), 0, act)
  }
  const crowd = script.crowd ?? (rng.chance(0.03) ? { deals: 24 + rng.int(8), side: rng.pick(['partner', 'crm'] as const), answer: rng.pick(['release', 'put back'] as const) } : null)
  return { script: { ...script, acts, crowd: crowd !== null && flows === open ? crowd : null }, rare }
}
