import type { FieldValue } from '../core/deal.js'
import type { Change } from '../core/change.js'
import { isFault } from '../core/fault.js'
import { newLink, type Link } from '../core/link.js'
import { plan as makePlan } from '../core/plan.js'
import { isHeld } from '../core/plan-meeting.js'
import type { Readings } from '../core/ports.js'
import { asLinkId, isEndRef, otherSide, SIDES, type EndRef, type Side } from '../core/ref.js'
import { settle } from '../core/settle.js'
import type { Engine } from './engine.js'
import { findDeal } from './find-deal.js'
import { look } from './look.js'
import { remapped } from './remap.js'
import { cursorName } from './sweep.js'
import type { ApplyReport, PlanChangeView, PlanDocument, PlanItem, PlanWatch } from './views.js'

const pageSize = 200

/** What a sync would write, field by field. Reads both systems and writes nothing, neither there nor here. */
export async function planAll(
  engine: Engine,
  deals: readonly string[],
  signal: AbortSignal,
  watch: PlanWatch = () => undefined,
): Promise<PlanDocument> {
  const items: PlanItem[] = []
  const total = deals.length > 0 ? deals.length : Object.values(await engine.store.counts()).reduce((sum, count) => sum + count, 0)
  try {
    watch({ done: 0, total })
    for await (const link of deals.length > 0 ? namedDeals(engine, deals) : everyDeal(engine, signal)) {
      items.push(await planOne(engine, link, signal))
      watch({ done: items.length, total: Math.max(total, items.length) })
    }
  } finally {
    watch(null)
  }
  const changes = items.flatMap((item) => item.changes)
  return {
    version: 1,
    madeAt: new Date(engine.clock.now()).toISOString(),
    totals: {
      create: changes.filter((change) => change.kind === 'create').length,
      update: changes.filter((change) => change.kind === 'patch').length,
      steps: changes.filter((change) => change.kind === 'step').length,
      conflicts: items.reduce((sum, item) => sum + item.conflicts.filter(isHeld).length, 0),
      unchanged: items.filter((item) => item.changes.length === 0).length,
      irreversible: changes.filter((change) => change.irreversible).length,
      fields: countsOf(changes.flatMap(({ fields }) => fields.map(({ field }) => field))),
    },
    items,
  }
}

async function* namedDeals(engine: Engine, deals: readonly string[]): AsyncGenerator<Link> {
  for (const deal of deals) yield findDeal(engine, deal)
}

function countsOf(names: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const name of names) if (!name.startsWith('(')) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

/** Every deal we know, then those that only a sweep would find: records changed since the last one, without moving its cursor. */
async function* everyDeal(engine: Engine, signal: AbortSignal): AsyncGenerator<Link> {
  let after: string | null = null
  do {
    const page = await engine.store.list({ limit: pageSize, after })
    yield* page.links
    after = page.next
  } while (after !== null && !signal.aborted)
  const shown = new Set<string>()
  for (const side of SIDES) yield* unknownDeals(engine, { side, shown }, signal)
}

const nameIn = (side: Side, id: string): string => `${side} ${id.toLowerCase()}`

/** Once each: a feed names a record for every row of it that changed, and both sides of one deal may be new. */
async function* unknownDeals(
  engine: Engine,
  { side, shown }: { readonly side: Side; readonly shown: Set<string> },
  signal: AbortSignal,
): AsyncGenerator<Link> {
  const stored = await engine.store.getValue<string>(cursorName(side))
  for await (const page of engine.adapters[side].touched({ cursor: stored?.value ?? null, since: null, openOnly: false, signal })) {
    for (const { ref, engagementId, reading } of page.records) {
      if (!isEndRef(ref) || engagementId !== null || reading?.kind === 'absent') continue
      if (side === 'crm' && reading?.kind === 'present' && !reading.sync && reading.otherId === null) continue
      if (shown.has(nameIn(side, ref.id)) || (await engine.store.linksOf(ref, null)).length > 0) continue
      shown.add(nameIn(side, ref.id))
      if (reading?.kind === 'present' && reading.otherId !== null) shown.add(nameIn(otherSide(side), reading.otherId))
      yield newLink(asLinkId(engine.newId()), engine.clock.now(), {
        partner: side === 'partner' ? ref : null,
        crm: side === 'crm' ? ref : null,
      })
    }
  }
}

/** What the next pass over one deal would write. */
export async function planOne(engine: Engine, stored: Link, signal: AbortSignal): Promise<PlanItem> {
  const link = await remapped(engine, stored)
  const seen = await lookThrough(engine, link, signal)
  const settled = settle(seen.link, seen.now).link
  const plan = makePlan({ ...inputFor(engine, settled, seen.now) })
  return {
    deal: link.revision === 0 && link.ends.partner === null && link.ends.crm === null ? null : link.id,
    name: nameOf(link, seen.now),
    state: plan.state,
    reason: plan.reason,
    changes: plan.changes.map((item) => viewChange(item.change, seen.now)),
    conflicts: plan.conflicts,
    saw: { partner: versionOf(seen.now, 'partner'), crm: versionOf(seen.now, 'crm'), revision: link.revision },
  }
}

function inputFor(engine: Engine, link: Link, now: Readings): Parameters<typeof makePlan>[0] {
  return {
    link,
    now,
    policy: engine.policy().policy,
    canonical: {
      partner: (deal, as) => engine.adapters.partner.canonical(deal, as),
      crm: (deal, as) => engine.adapters.crm.canonical(deal, as),
    },
    crmMarker: () => engine.crmIdFor(link.ends.partner?.id ?? ''),
    at: engine.clock.now(),
    partnerUrl: (id) => engine.adapters.partner.webUrl({ side: 'partner', kind: 'referral', id }),
  }
}

/** Follows moved records and found ends in memory only, as the worker would. */
async function lookThrough(engine: Engine, start: Link, signal: AbortSignal): Promise<{ link: Link; now: Readings }> {
  let link = start
  const stepsMax = 4 // A lead that became an opportunity that was found by its marker: three; one to spare.
  for (let step = 0; ; step += 1) {
    const seen = await look(engine, link, { wide: true, signal, known: {} })
    const end: { side: Side; ref: EndRef } | null =
      seen.found ?? (seen.moved === null ? null : { side: seen.moved.side, ref: seen.moved.to })
    if (end === null || step >= stepsMax) return { link, now: seen.now }
    link = { ...link, ends: { ...link.ends, [end.side]: end.ref } }
  }
}

const nameOf = (link: Link, now: Readings): string | null => {
  const partner = now.partner.kind === 'present' ? now.partner.deal.name : undefined
  const crm = now.crm.kind === 'present' ? now.crm.deal.name : undefined
  return partner ?? crm ?? link.name
}
const versionOf = (now: Readings, side: Side): string | null => {
  const reading = now[side]
  return reading.kind === 'present' ? reading.version : null
}

export function viewChange(change: Change, now: Readings | null): PlanChangeView {
  const reading = now?.[change.side]
  const before = reading?.kind === 'present' ? reading.deal : {}
  const set = change.kind === 'create' ? change.deal : change.set
  // A deal's keys are fields.
  const fields = Object.entries(set).map(([field, after]) => ({ field, before: before[field as keyof typeof before], after }))
  const stamped = Object.entries(change.stamp).map(([field, after]) => ({
    field: `(${field})`,
    before: undefined,
    after: (after ?? null) as FieldValue, // a stamp holds texts and flags
  }))
  return {
    kind: change.kind,
    side: change.side,
    what: whatOf(change),
    fields: [...fields, ...stamped],
    irreversible: isDoor(change),
    change,
  }
}

function whatOf(change: Change): string {
  const system = change.side === 'partner' ? 'Partner Center' : 'the CRM'
  switch (change.kind) {
    case 'create':
      return change.as === 'related' ? 'invite Microsoft to the engagement' : `create the ${change.as} in ${system}`
    case 'patch':
      return `update the ${change.ref.kind} in ${system}`
    case 'step':
      return `${change.take} the ${change.ref.kind} in ${system}`
  }
}
const isDoor = (change: Change): boolean =>
  (change.kind === 'step' && change.take !== 'reopen' && change.take !== 'qualify') || (change.kind === 'create' && change.as === 'related')

/** Carries out exactly the given plan: a deal whose plan has changed since is refused with what is different. `keep` notes a deal that is new. */
export async function applyPlan(
  engine: Engine,
  document: PlanDocument,
  options: { signal: AbortSignal; keep: (link: Link) => Promise<Link>; work: (link: Link) => Promise<void> },
): Promise<ApplyReport> {
  let applied = 0
  const refused: { deal: string | null; why: string }[] = []
  for (const item of document.items) {
    if (item.changes.length === 0) continue
    try {
      const link = await knownOrNew(engine, item, options.keep)
      const fresh = await planOne(engine, link, options.signal)
      const why = changedSince(item, fresh)
      if (why !== null) {
        refused.push({ deal: item.deal, why })
        continue
      }
      await options.work(link)
      applied += 1
    } catch (error) {
      if (!isFault(error)) throw error
      refused.push({ deal: item.deal, why: error.message })
    }
  }
  return { applied, refused }
}

async function knownOrNew(engine: Engine, item: PlanItem, keep: (link: Link) => Promise<Link>): Promise<Link> {
  const create = item.changes.find((change) => change.kind === 'create')?.change
  const known = item.deal === null ? null : await engine.store.load(asLinkId(item.deal))
  if (known !== null) return known
  // A deal that was not yet known when the plan was made: it is named by the record its creation starts from.
  const source = create?.kind === 'create' ? sourceOf(create) : null
  if (source === null) return findDeal(engine, item.deal ?? '')
  return keep(newLink(asLinkId(engine.newId()), engine.clock.now(), source))
}

function sourceOf(create: Extract<Change, { kind: 'create' }>): { partner: EndRef | null; crm: EndRef | null } | null {
  const other = create.stamp.otherId
  if (other === undefined) return null
  return create.side === 'crm'
    ? { partner: { side: 'partner', kind: 'referral', id: other }, crm: null }
    : { partner: null, crm: { side: 'crm', kind: 'opportunity', id: other } }
}

/** A plan comes back from a file or over HTTP with its members in any order. */
const inOrder = (_key: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value

/** The same changes on the same versions, or what is different. */
function changedSince(before: PlanItem, now: PlanItem): string | null {
  const moved = SIDES.filter((side) => before.saw[side] !== now.saw[side])
  if (moved.length > 0)
    return `The record has changed in ${moved.map((side) => (side === 'partner' ? 'Partner Center' : 'the CRM')).join(' and ')} since the plan was made. Make a new plan.`
  const print = (item: PlanItem): string =>
    JSON.stringify(item.changes.map(({ change }) => ({ ...change, stamp: null })), inOrder)
  return print(before) === print(now) ? null : 'The settings or the deal have changed since the plan was made. Make a new plan.'
}
