import { FIELD_NAMES, sameValue, type Field } from '../core/deal.js'
import { answerDue, type Link } from '../core/link.js'
import { plan as makePlan } from '../core/plan.js'
import type { Readings } from '../core/ports.js'
import { SIDES, type Side } from '../core/ref.js'
import type { Engine } from './engine.js'
import { planInput } from './reconcile.js'
import type { DealRow, DealView, FieldView } from './views.js'

const writesLookedAt = 500 // A deal that was written more often has changed every field since.
type Carried = ReadonlyMap<string, NonNullable<FieldView['carried']>>

export const isoTime = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())

export function rowOf({ adapters }: Engine, link: Link): DealRow {
  const { partner, crm } = link.ends
  const [status, substatus] = link.stage === null ? [null, null] : link.stage.split('/')
  const troubled = link.state === 'needs-attention' || link.state === 'stopped' || link.reason?.code === 'retrying'
  return {
    id: link.id,
    name: link.name,
    kind: link.kind,
    state: link.state,
    reason: link.reason,
    referralId: link.ends.partner?.id ?? null,
    engagementId: link.engagementId,
    crmId: link.ends.crm?.id ?? null,
    crmEntity: link.ends.crm?.kind ?? null,
    status: status ?? null,
    substatus: substatus ?? null,
    lastSyncedAt: isoTime(link.lastSyncedAt),
    problem: troubled ? (link.reason?.text ?? null) : null,
    answerDue: answerDue(link),
    microsoft: link.base?.partner['microsoft.status'] ?? null,
    urls: {
      partner: partner === null ? null : adapters.partner.webUrl(partner),
      crm: crm === null ? null : adapters.crm.webUrl(crm),
    },
  }
}

/** A deal for people: from what the two last agreed on, or from a look at both sides now. */
export async function viewOf(engine: Engine, link: Link, now: Readings | null): Promise<DealView> {
  const plan = now === null ? null : makePlan(planInput(engine, link, now))
  return {
    ...rowOf(engine, link),
    live: now !== null,
    seen: now === null ? null : { partner: seenOf(now, 'partner'), crm: seenOf(now, 'crm') },
    fields: fieldViews(link, now, await carriedOf(engine, link)),
    conflicts: plan?.conflicts ?? link.conflicts,
    planned: plan?.changes.map((item) => item.change) ?? [],
    orders: link.orders.map((order) => ({ ...order, at: new Date(order.at).toISOString() })),
    ignored: link.ignored,
  }
}

function seenOf(now: Readings, side: Side): NonNullable<DealView['seen']>[Side] {
  const reading = now[side]
  return { kind: reading.kind, message: reading.kind === 'unreachable' ? reading.fault.message : null }
}

/** When each field was last carried over and from where, as the ledger tells: what was written to one side came from the other. */
async function carriedOf({ store }: Engine, link: Link): Promise<Carried> {
  const { records } = await store.audit({ link: link.id, kinds: ['wrote', 'found-written'], limit: writesLookedAt })
  const carried = new Map<string, NonNullable<FieldView['carried']>>()
  for (const { event, at, run } of records) {
    if (event?.kind !== 'wrote' && event?.kind !== 'found-written') continue
    const { change } = event
    const from = change.side === 'crm' ? 'partner' : 'crm'
    for (const field of Object.keys(change.kind === 'create' ? change.deal : change.set))
      if (!carried.has(field)) carried.set(field, { from, at: new Date(at).toISOString(), run })
  }
  return carried
}

function fieldViews(link: Link, now: Readings | null, carried: Carried): FieldView[] {
  const base = link.base ?? { partner: {}, crm: {} }
  const shows = (side: 'partner' | 'crm', field: Field): FieldView['partner'] => {
    const reading = now?.[side]
    return reading?.kind === 'present' && field in reading.deal ? reading.deal[field] : base[side][field]
  }
  return FIELD_NAMES.flatMap((field) => {
    const partner = shows('partner', field)
    const crm = shows('crm', field)
    if (partner === undefined && crm === undefined) return []
    const before = { partner: base.partner[field], crm: base.crm[field] }
    const current = { partner, crm }
    const changedBy = SIDES.filter(
      (side) => before[side] !== undefined && current[side] !== undefined && !sameValue(before[side], current[side]),
    )
    // A side that has no such field does not differ in it.
    const differs = partner !== undefined && crm !== undefined && !sameValue(partner, crm)
    const agreed = { basePartner: before.partner, baseCrm: before.crm }
    return [{ field, partner, crm, ...agreed, differs, changedBy, carried: carried.get(field) ?? null }]
  })
}
