import { HELP } from '../core/deal.js'
import { toFault, type Outcome } from '../core/fault.js'
import { advance, newLink, type Intent, type Link } from '../core/link.js'
import { plan as makePlan } from '../core/plan.js'
import type { PlannedChange } from '../core/plan-types.js'
import { flowInto } from '../core/policy.js'
import type { Commit, Lease, Mark, Present, Reading, Receipt } from '../core/ports.js'
import { asLinkId, type EndRef, type LinkId } from '../core/ref.js'
import { movedAgreement } from '../core/replay.js'
import { agreedWith } from './ends.js'
import { entry, pinned, type Engine } from './engine.js'
import { successLine } from './note-text.js'
import { planInput } from './reconcile.js'
import { stopIfTold } from './stopped.js'

/** A record seen for the first time in a sweep, with its full picture where the listing gave it. */
export interface NewDeal {
  readonly ref: EndRef
  readonly reading: Reading | null
}
interface Item {
  readonly lease: Lease
  readonly link: Link
  readonly reading: Present
  readonly planned: PlannedChange
}

// One change set of a hundred deals stays far below the CRM's limits and is quickly repeated one by one when it is refused.
const chunkSize = 100

/**
 * First creations of a sweep, in few calls: the referrals' own listing is the reading, the CRM records are made together.
 * Everything that is not a plain first creation goes through the ordinary pass.
 * @throws Fault 'offline' when it is told to stop before every one of them is a deal of the store: the sweep must bring the rest again.
 */
export async function bulkCreate(live: Engine, fresh: readonly NewDeal[], signal: AbortSignal): Promise<number> {
  const engine = pinned(live)
  let made = 0
  for (let start = 0; start < fresh.length; start += chunkSize) {
    stopIfTold('partner', signal) // What is not a deal of the store yet is brought again with its page.
    made += await createChunk(engine, fresh.slice(start, start + chunkSize), signal)
  }
  return made
}

async function createChunk(engine: Engine, chunk: readonly NewDeal[], signal: AbortSignal): Promise<number> {
  const { store, clock } = engine
  const now = clock.now()
  const links = await Promise.all(
    chunk.map((deal) => store.add(newLink(asLinkId(engine.newId()), now, { partner: deal.ref, crm: null }), [], now)),
  )
  const readings = new Map<LinkId, Present>()
  links.forEach((link, index) => {
    const reading = chunk[index]?.reading
    if (reading?.kind === 'present') readings.set(link.id, reading)
  })
  await store.queue.mark(
    links.map((link): Mark => ({ link: link.id, dueAt: now, urgency: 2, wide: true, because: 'first sync' })),
    now,
  )
  const leases = await store.queue.take({ limit: links.length, now, leaseMs: engine.leaseMs, only: [...readings.keys()] })
  const byId = new Map(links.map((link) => [link.id, link]))
  const items: Item[] = []
  const aside: Lease[] = []
  for (const lease of leases) {
    const item = plainCreation(engine, lease, byId.get(lease.link), readings.get(lease.link))
    if (item === null) aside.push(lease)
    else items.push(item)
  }
  if (aside.length > 0) await store.queue.release(aside, clock.now())
  if (items.length > 0) await createAll(engine, items, signal)
  return links.length
}

/** A referral that nobody else knows, complete in the listing, and whose plan is exactly one creation. */
function plainCreation(engine: Engine, lease: Lease, link: Link | undefined, reading: Present | undefined): Item | null {
  if (link === undefined || reading === undefined || link.base !== null || link.ends.crm !== null || reading.otherId !== null) return null
  if (engine.policy().policy.flows[flowInto('crm')] !== 'on') return null
  const plan = makePlan(planInput(engine, link, { partner: withoutHelp(reading), crm: { kind: 'absent', ref: null } }))
  const planned = plan.changes[0]
  if (plan.verdict !== 'act' || plan.changes.length !== 1 || planned?.change.kind !== 'create') return null
  const at = engine.clock.now()
  const change = {
    ...planned.change,
    stamp: { ...planned.change.stamp, audit: successLine(at, 'crm'), status: 'in-sync', lastSynced: new Date(at).toISOString() },
  }
  return { lease, link, reading, planned: { ...planned, change } }
}

/**
 * Somebody else has a referral of this deal, Microsoft above all. Its part of the picture is not in our own referral's listing, and once the
 * deal rests nobody would look for it again: such a deal is read whole once more, by the ordinary pass.
 */
const accompanied = (reading: Present): boolean =>
  reading.aliases.length > 0 || (reading.locked.includes(HELP) && !(HELP in reading.deal))

/**
 * Where nothing says that Microsoft was asked, the new record is made without a request for help, and that is agreed on: what a seller asks for
 * later is then theirs, and not a difference of old that only a person may decide. Should Microsoft have been asked all the same, the first wide
 * look tells it.
 */
const withoutHelp = (reading: Present): Present =>
  HELP in reading.deal || accompanied(reading) ? reading : { ...reading, deal: { ...reading.deal, [HELP]: null } }

async function createAll(engine: Engine, items: readonly Item[], signal: AbortSignal): Promise<void> {
  const { store, clock, adapters } = engine
  const begun = await store.saveMany(
    items.map((item): Commit => ({
      lease: item.lease,
      link: { ...item.link, intents: [intentOf(engine, item)] },
      audit: [],
      now: clock.now(),
      outcome: null,
    })),
  )
  const ready = items.flatMap((item, index) => {
    const link = begun[index]
    return link !== undefined && 'ends' in link ? [{ ...item, link }] : []
  })
  const created = await adapters.crm.writeMany(
    ready.map((item) => item.planned.change),
    { signal },
  )
  const stamps = await stampReferrals(engine, ready, created, signal)
  const commits = ready.map((item, index) => commitOf(engine, item, created[index], stamps.has(item.link.id)))
  // Marked while still leased, so that the end of the lease makes them due again: what these two calls could not finish is never lost.
  const open = commits
    .filter((commit) => commit.link.state === 'pending')
    .map((commit): Mark => ({ link: commit.link.id, dueAt: clock.now(), urgency: 2, wide: true, because: 'first sync' }))
  if (open.length > 0) await store.queue.mark(open, clock.now())
  const saved = await store.saveMany(commits)
  // The new record's own event may have made a deal of it meanwhile: an ordinary pass joins the two, at once and not when the lease has ended.
  const refused = ready.filter((_item, index) => !isSaved(saved[index])).map(({ lease }) => lease)
  if (refused.length > 0) await store.queue.release(refused, clock.now())
}
const isSaved = (result: Link | Error | undefined): boolean => result !== undefined && 'ends' in result

const intentOf = (engine: Engine, { planned, lease }: Item): Intent => ({
  change: planned.change,
  agreed: planned.agreed,
  searchAfter: lease.until + engine.adapters.crm.can.markerLagMs,
})

/** The CRM ids go back as `externalReferenceId`, one PATCH a referral, planned on the version that the listing showed. */
async function stampReferrals(
  engine: Engine,
  items: readonly Item[],
  created: readonly (Receipt | ReturnType<typeof toFault>)[],
  signal: AbortSignal,
): Promise<Set<LinkId>> {
  if (engine.policy().policy.flows[flowInto('partner')] !== 'on') return new Set()
  const open = items.flatMap((item, index) => {
    const receipt = created[index]
    return receipt !== undefined && 'ref' in receipt && !item.reading.sealed ? [{ item, id: receipt.ref.id }] : []
  })
  const answers = await engine.adapters.partner.writeMany(
    open.map(({ item, id }) => ({
      kind: 'patch',
      side: 'partner',
      ref: item.reading.ref,
      expect: item.reading.version,
      set: {},
      stamp: { otherId: id },
    })),
    { signal },
  )
  return new Set(open.filter((_, index) => 'ref' in (answers[index] ?? {})).map(({ item }) => item.link.id))
}

/** What is not finished by the two calls (a deal to close, a referral that moved meanwhile) is worked again by the ordinary pass. */
function commitOf(engine: Engine, item: Item, answer: Receipt | ReturnType<typeof toFault> | undefined, stamped: boolean): Commit {
  const now = engine.clock.now()
  const { link, planned, reading, lease } = item
  const context = { link: link.id, run: null, at: now }
  if (answer === undefined || !('ref' in answer)) {
    const fault = toFault(answer)
    // The ordinary pass tries it alone, searches if the answer was lost, and says what is wrong.
    const intents = fault.kind === 'ambiguous' ? link.intents : []
    const failed = entry(context, {
      kind: 'failed',
      change: planned.change,
      fault: fault.kind,
      message: fault.message,
      remedy: fault.remedy,
      requestId: fault.requestId,
      calls: [],
    })
    const inMs = fault.kind === 'ambiguous' ? Math.max(0, (link.intents[0]?.searchAfter ?? now) - now) : 0
    return { lease, link: { ...link, intents }, audit: [failed], now, outcome: { kind: 'again', inMs, because: fault } }
  }
  const base = advance(null, agreedWith(planned.agreed, 'crm', answer))
  const done: Link = {
    ...link,
    ends: { partner: reading.ref, crm: answer.ref },
    engagementId: reading.engagementId,
    aliases: reading.aliases,
    base,
    intents: [],
    mapping: engine.policy().mapping?.id ?? null,
    state: 'in-sync',
    reason: answer.doubt ?? null,
    doubt: answer.doubt ?? null,
    name: reading.deal.name ?? null,
    kind: answer.ref.kind === 'lead' ? 'lead' : 'opportunity',
    stage: reading.deal.status ?? null,
    told: 'in-sync',
    notes: answer.remarks.length === 0 ? [] : [successLine(now, 'crm', answer.remarks)],
    lastSyncedAt: now,
  }
  const wrote = entry(context, {
    kind: 'wrote',
    change: planned.change,
    before: {},
    ref: answer.ref,
    requestId: null,
    calls: [],
    remarks: answer.remarks,
  })
  const agreed = movedAgreement(link.base, base).map((event) => entry(context, event))
  const isWhole = answer.found !== true && (stamped || reading.sealed)
  const unfinished = !isWhole || reading.deal.status !== planned.agreed.partner.status || accompanied(reading)
  const outcome: Outcome = { kind: 'settled' }
  return { lease, link: unfinished ? { ...done, state: 'pending' } : done, audit: [wrote, ...agreed], now, outcome }
}
