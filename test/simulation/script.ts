import type { SandboxRng } from '../../src/sandbox/rng.js'

/** What may happen in a run besides time. Each act says little by itself: whom it meets is chosen when it is played, so that leaving one out leaves the rest sensible. */
export const ACT_KINDS = [
  'partner.create.private',
  'partner.create.partner-led',
  'partner.create.co-sell',
  'partner.value',
  'partner.notes',
  'partner.date',
  'partner.currency',
  'partner.solution.add',
  'partner.solution.remove',
  'partner.accept',
  'partner.decline',
  'partner.win',
  'partner.lose',
  'partner.share',
  'partner.invite',
  'inbound.co-sell',
  'inbound.lead',
  'microsoft.accept',
  'microsoft.decline',
  'microsoft.expire',
  'crm.create',
  'crm.create.help',
  'crm.create.incomplete',
  'crm.create.unshared',
  'crm.create.same-account',
  'crm.value',
  'crm.notes',
  'crm.date',
  'crm.currency',
  'crm.solution.add',
  'crm.solution.remove',
  'crm.empty.notes',
  'crm.sync.on',
  'crm.sync.off',
  'crm.visible',
  'crm.help',
  'crm.win',
  'crm.lose',
  'crm.hold',
  'crm.move-on',
  'crm.reopen',
  'crm.qualify',
  'crm.disqualify',
  'crm.delete',
  'crm.undelete',
  'crm.rename-account',
  'crm.merge-accounts',
  'both.value',
  'both.notes',
  'both.same-value',
  'both.close-differently',
  'desk.resolve.partner',
  'desk.resolve.crm',
  'desk.retry',
  'desk.release',
  'node.kill',
  'node.pause',
  'sweep.partner',
  'sweep.crm',
] as const
/** What happens so seldom that it is played in runs of its own: the kinds above keep their course. */
export const RARE_KINDS = [
  'partner.identify.other',
  'partner.identify.nonsense',
  'partner.identify.none',
  'partner.create.named',
  'partner.create.named-twice',
  'partner.create.orphan',
  'partner.unmapped',
  'crm.identify.other',
  'crm.identify.nonsense',
  'crm.identify.none',
  'crm.twin-accounts',
  'crm.rejoin-twins',
  'crm.unmapped',
  'crm.mapped',
  'crm.qualify-some',
  'inbound.lead',
  'desk.hold',
  'desk.take-up',
  'desk.confirm',
  'desk.refuse',
  'desk.open-flow',
  'desk.order.accept',
  'desk.order.decline',
  'desk.order.win',
  'desk.order.lose',
  'desk.order.share',
] as const
export type RareKind = (typeof RARE_KINDS)[number]
export type ActKind = (typeof ACT_KINDS)[number] | RareKind

export interface Act {
  /** Time that passes before it. */
  readonly afterMs: number
  readonly kind: ActKind
  /** Chooses whom it is about. */
  readonly pick: number
}

/** A pair of records of the same deal from before the connector came, and how far they know of each other. */
export type Legacy = 'both name each other' | 'the referral names the record' | 'the record names the referral'

/** Many linked deals, all of which somebody changes at once and no event tells of it; and what a person answers the brake. */
export interface Crowd {
  readonly deals: number
  readonly side: 'partner' | 'crm'
  readonly answer: 'release' | 'put back'
}

export interface Script {
  readonly acts: readonly Act[]
  /** What stood there before the connector was started with an empty store. */
  readonly legacy: readonly Legacy[]
  readonly crowd: Crowd | null
}

const often: readonly ActKind[] = [
  'partner.value',
  'partner.notes',
  'partner.date',
  'crm.value',
  'crm.notes',
  'crm.date',
  'both.value',
  'both.notes',
  'crm.solution.add',
  'partner.solution.add',
]
const begins: readonly ActKind[] = [
  'partner.create.private',
  'partner.create.co-sell',
  'partner.create.partner-led',
  'inbound.co-sell',
  'inbound.co-sell',
  'inbound.lead',
  'crm.create',
  'crm.create',
  'crm.create.help',
  'crm.create.incomplete',
]
export const pauses = [0, 0, 100, 300, 1_000, 3_000, 10_000, 60_000, 400_000]

/** `later` draws what was thought of later: older seeds keep the rest of their course. */
export function drawScript(rng: SandboxRng, later: SandboxRng): Script {
  const act = (kind: ActKind): Act => ({ afterMs: rng.pick(pauses), kind, pick: rng.int(1_000_000) })
  // A swarm: each run knows only some kinds of acts, so that rare ones meet often enough.
  const known: readonly ActKind[] = ACT_KINDS.filter(() => rng.chance(0.4))
  const kinds = known.length === 0 ? ACT_KINDS : known
  const acts = Array.from({ length: 1 + rng.int(3) }, () => act(rng.pick(begins)))
  for (let left = 4 + rng.int(22); left > 0; left -= 1) acts.push(act(rng.chance(0.4) ? rng.pick(often) : rng.pick(kinds)))
  const legacy = later.chance(0.12)
    ? Array.from({ length: 1 + later.int(4) }, () => later.pick<Legacy>(['both name each other', 'the referral names the record', 'the record names the referral']))
    : []
  const crowd: Crowd | null = later.chance(0.02)
    ? { deals: 24 + later.int(8), side: later.pick(['partner', 'crm']), answer: later.pick(['release', 'put back']) }
    : null
  return { acts, legacy, crowd }
}

export function chosen<T>(items: readonly T[], pick: number): T | null {
  return items[pick % Math.max(1, items.length)] ?? null
}
