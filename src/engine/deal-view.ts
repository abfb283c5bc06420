import { FIELD_NAMES, sameValue, type Field } from '../core/deal.js'
import type { Link } from '../core/link.js'
import { plan as makePlan } from '../core/plan.js'
import type { Readings } from '../core/ports.js'
import { SIDES } from '../core/ref.js'
import type { Engine } from './engine.js'
import { planInput } from './reconcile.js'
import type { DealRow, DealView, FieldView } from './views.js'

export const isoTime = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())

export function rowOf(link: Link): DealRow {
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
    answerDue: status === 'New' ? (link.base?.partner.expirationDateTime ?? null) : null,
  }
}

/** A deal for people: from what the two last agreed on, or from a look at both sides now. */
export function viewOf(engine: Engine, link: Link, now: Readings | null): DealView {
  const plan = now === null ? null : makePlan(planInput(engine, link, now))
  const { partner, crm } = link.ends
  return {
    ...rowOf(link),
    live: now !== null,
    fields: fieldViews(link, now),
    conflicts: plan?.conflicts ?? link.conflicts,
    urls: {
      partner: partner === null ? null : engine.adapters.partner.webUrl(partner),
      crm: crm === null ? null : engine.adapters.crm.webUrl(crm),
    },
    planned: plan?.changes.map((item) => item.change) ?? [],
    orders: link.orders.map((order) => ({ ...order, at: new Date(order.at).toISOString() })),
    ignored: link.ignored,
  }
}

function fieldViews(link: Link, now: Readings | null): FieldView[] {
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
    return [{ field, partner, crm, basePartner: before.partner, baseCrm: before.crm, differs: !sameValue(partner, crm), changedBy }]
  })
}
