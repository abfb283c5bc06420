import type { Conflict } from '../core/change.js'
import { sameValue } from '../core/deal.js'
import { backoff, Fault, FAULTS, RETRY_HORIZON_MS, toFault, type Outcome } from '../core/fault.js'
import type { Decision, Link, LinkState, Reason } from '../core/link.js'
import { newestOf } from '../core/newest.js'
import { seenBy } from '../core/observation.js'
import { plan as makePlan } from '../core/plan.js'
import type { Side } from '../core/ref.js'
import { because, FLOW_OFF, type Plan, type PlannedChange } from '../core/plan-types.js'
import { flowInto } from '../core/policy.js'
import type { Lease, Readings } from '../core/ports.js'
import { SIDES, type EndRef } from '../core/ref.js'
import { settle } from '../core/settle.js'
import { carryOut } from './apply.js'
import { pinned, type Engine, type PassReport } from './engine.js'
import { followMove, forgetEmptied, resolveCreates, takeEnd } from './ends.js'
import { changeDeal } from './find-deal.js'
import { closeRun, holdDuplicates, holdTaken, ownerOf, rivalFor } from './holds.js'
import { look, type Known } from './look.js'
import { lateMs, metLate } from './met-late.js'
import { fingerprint, successLine } from './note-text.js'
import { Pass, searchedAfter } from './pass.js'
import { askForReferrals, untilKnownMs } from './referrals-known.js'
import { remapped } from './remap.js'
import { lookAgain, MOMENT, momentFault } from './shown-late.js'
import { tellRecord, type Told } from './tell.js'
import { WIDE_FIELDS, withoutVanished } from './vanished.js'

// A share takes four rounds (create, help, stamp, quiet); more than eight means that people edit faster than we write.
const roundsMax = 8

/** How one round ended: `again` = plan afresh on what is known, or the pass is over. */
type Round =
  { readonly kind: 'round'; readonly known: Known } | { readonly kind: 'over'; readonly outcome: Outcome } | { readonly kind: 'detached' }

/** A deal to be worked, and how it stood when it was leased; null: it is read first. */
export interface ToWork {
  readonly lease: Lease
  readonly link: Link | null
}

/** One pass over one deal: reads both sides, plans, writes, and saves what was agreed. Never throws for a remote failure. */
export async function reconcile(live: Engine, { lease, link: read }: ToWork, signal: AbortSignal): Promise<PassReport | null> {
  const link = read ?? (await live.store.load(lease.link))
  if (link === null) return null
  // Another process may work by a newer version of the settings already: it is read before this deal is remapped back.
  if (link.mapping !== live.policy().mapping?.id) await live.freshen()
  const engine = pinned(live)
  const pass = new Pass(engine, link, lease, signal)
  pass.link = await remapped(engine, link)
  let outcome: Outcome
  try {
    const last = await rounds(engine, pass)
    if (last === 'detached') return reportOf(engine, pass, { kind: 'settled' }, null)
    outcome = last
  } catch (error) {
    const fault = toFault(error)
    if (fault.kind === 'lease-lost') {
      await putOffSearch(engine, pass)
      // The deal may have been joined or decided about under our hands while the lease is still ours: then it is due again now, not when the lease ends.
      await engine.store.queue.release([pass.lease], engine.clock.now())
      return reportOf(engine, pass, { kind: 'settled' }, fault)
    }
    outcome = await failed(engine, pass, fault)
  }
  if (waitsForFlow(pass.link)) await hearOfSwitch(live, engine, pass)
  return reportOf(engine, pass, outcome, outcome.kind === 'settled' || outcome.because.code === MOMENT ? null : outcome.because)
}

/** What the pass itself cannot save any more: its lease was over when the answer did not come. */
async function putOffSearch(engine: Engine, { link, searchAfter }: Pass): Promise<void> {
  if (searchAfter !== null) await changeDeal(engine, link.id, (stored) => searchedAfter(stored, searchAfter), () => [])
}

/**
 * A pass ends under the settings it began with. Who opened a flow meanwhile marked the deals that waited for it, and this one only says so now:
 * it is marked here, or it would wait until somebody edits it.
 */
async function hearOfSwitch(live: Engine, engine: Engine, { link }: Pass): Promise<void> {
  await live.freshen()
  if (live.policy().version === engine.policy().version) return
  const now = live.clock.now()
  await live.store.queue.mark([{ link: link.id, dueAt: now, urgency: 2, wide: true, because: 'a flow was switched on' }], now)
}
const closedFlows: readonly string[] = Object.values(FLOW_OFF).map(([text]) => text)
const waitsForFlow = ({ reason, observed }: Link): boolean =>
  observed !== null || (reason?.code === 'excluded' && closedFlows.includes(reason.text))

async function rounds(engine: Engine, pass: Pass): Promise<Outcome | 'detached'> {
  let known: Known = {}
  for (pass.rounds = 1; pass.rounds <= roundsMax; pass.rounds += 1) {
    const round = await oneRound(engine, pass, known)
    if (round.kind === 'over') return round.outcome
    if (round.kind === 'detached') return 'detached'
    known = round.known
  }
  const fault = new Fault('stale', `Deal ${pass.link.id} keeps changing while it is worked.`, { remedy: 'It is tried again in a moment.' })
  return failed(engine, pass, fault)
}

async function oneRound(engine: Engine, pass: Pass, known: Known): Promise<Round> {
  // Also in a later round that looks again: what the first wide look showed may not have been written.
  // Nor was what was refused with it: with the next event, whatever it tells, it may go.
  const wants = pass.lease.wide || pass.link.base === null || pass.link.rejected !== null
  const wide = (pass.rounds === 1 || known.partner === undefined) && wants
  const narrow = await look(engine, pass.link, { wide, signal: pass.signal, known })
  const widest =
    !wide && asksForMore(pass.link, narrow.now)
      ? await look(engine, pass.link, { wide: true, signal: pass.signal, known: { crm: narrow.now.crm } })
      : narrow
  const seen = { ...widest, now: withoutVanished(pass.link, widest.now) }
  if (seen.moved) {
    const rival = await rivalFor(engine, pass.link, seen.moved)
    if (rival !== null) return over(await holdTaken(engine, pass, { move: seen.moved, rival, now: seen.now }))
    return (await followMove(engine, pass, seen.moved)) ? next(presentOnly(seen.now)) : { kind: 'detached' }
  }
  if (seen.duplicates.length > 0) return over(await holdDuplicates(engine, pass, seen.duplicates))
  if (seen.found) {
    const { found } = seen
    let owner: string | null = null
    const isOurs = await takeEnd(engine, pass, found, (owners) => (owner = ownerOf(owners, pass.link, found)) !== null)
    if (isOurs) return next(presentOnly(seen.now))
    if (owner === null) return { kind: 'detached' }
    // Two referrals and one record, or two records and one referral: the deal that has it keeps it, and this one says whose it is.
    seen.now = { ...seen.now, [found.side]: { kind: 'absent', ref: found.ref, belongsTo: owner } }
  }
  const unreachable = SIDES.map((side) => seen.now[side]).find((reading) => reading.kind === 'unreachable')
  if (unreachable?.kind === 'unreachable') return over(await failed(engine, pass, unreachable.fault))
  const creates = await resolveCreates(engine, pass)
  if (creates.kind === 'found') return next(presentOnly(seen.now))
  if (creates.kind === 'duplicates') return over(await holdDuplicates(engine, pass, creates.refs))
  if (creates.kind === 'wait') {
    pass.link = { ...pass.link, reason: pass.link.reason ?? { ...OPEN_CREATE, until: engine.clock.now() + creates.ms } }
    return over(await waitFor(pass, creates.ms))
  }
  await metLate(engine, pass, seen.now)
  return planned(engine, pass, known, seen.now)
}

/** The CRM changed something that only a wide look at the partner's side shows: asking for help is asking for a second referral. */
function asksForMore(link: Link, { partner, crm }: Readings): boolean {
  if (partner.kind !== 'present' || crm.kind !== 'present' || partner.sealed) return false
  return WIDE_FIELDS.some(
    (field) => field in crm.deal && !(field in partner.deal) && !sameValue(crm.deal[field] ?? null, link.base?.crm[field] ?? null),
  )
}


/**
 * What a record must show after our own write is good enough to see that nothing is left to do. A write planned on it would carry no
 * version, and would overwrite what a person did in between: before a write the record is looked at. A system that tells no version
 * even then is written to all the same.
 */
const isBelieved = (side: Side, known: Known, now: Readings): boolean => {
  const reading = now[side]
  return known[side] !== undefined && reading.kind === 'present' && reading.version === null
}

const next = (known: Known): Round => ({ kind: 'round', known })
const over = (outcome: Outcome): Round => ({ kind: 'over', outcome })
function presentOnly(now: Readings): Known {
  return {
    ...(now.partner.kind === 'present' ? { partner: now.partner } : {}),
    ...(now.crm.kind === 'present' ? { crm: now.crm } : {}),
  }
}

/** A deal that came to rest keeps the intents of writes that may still arrive. For ever, one would claim what a person writes weeks later. */
function withoutExpired(link: Link, now: number): Link {
  if (link.state === 'pending') return link
  return { ...link, intents: link.intents.filter(({ change, searchAfter }) => change.kind === 'create' || now < searchAfter + lateMs) }
}

async function planned(engine: Engine, pass: Pass, known: Known, now: Readings): Promise<Round> {
  const settled = settle(withoutExpired(pass.link, engine.clock.now()), now)
  for (const intent of settled.happened) {
    pass.note({ kind: 'found-written', change: intent.change, ref: intent.change.kind === 'create' ? null : intent.change.ref })
    if (intent.change.side === 'partner')
      pass.link = { ...pass.link, notes: [...pass.link.notes, successLine(engine.clock.now(), 'partner')] }
  }
  pass.link = describe(engine, { ...settled.link, notes: pass.link.notes }, now, (conflict) => pass.note({ kind: 'conflict', conflict }))
  const wait = Math.max(...SIDES.map((side) => (now[side].kind === 'present' ? now[side].settlesInMs : 0)))
  if (wait > 0) return over(await waitFor(pass, wait))
  const plan = makePlan(planInput(engine, pass.link, now))
  const { doable, observed } = split(engine, plan)
  noteObserved(pass, observed, now)
  const refused = doable.length > 0 && pass.link.rejected !== null && pass.link.rejected === fingerprint(doable.map((item) => item.change))
  if (doable.length === 0 || refused) return over(await finish(engine, pass, plan, now, refused))
  if (doable.some(({ change }) => change.kind !== 'create' && isBelieved(change.side, known, now))) return next({})
  if (doable.some(({ change }) => change.kind === 'create' && change.as === 'referral') && !(await engine.referralsKnown())) {
    await askForReferrals(engine)
    return over(await waitFor(pass, untilKnownMs))
  }
  const applied = await carryOut(engine, pass, plan, doable, now)
  if (applied.fault === null) return next(applied.known)
  if (applied.fault.kind === 'stale' || applied.fault.kind === 'missing')
    return pass.rounds < 4 ? next({}) : over(await failed(engine, pass, applied.fault))
  if (applied.fault.kind === 'rejected') return next(pass.writes === 0 ? presentOnly(now) : {})
  return over(await failed(engine, pass, applied.fault))
}

export function planInput(engine: Engine, link: Link, now: Readings): Parameters<typeof makePlan>[0] {
  const partnerId = link.ends.partner?.id ?? ''
  return {
    link,
    now,
    policy: engine.policy().policy,
    canonical: {
      partner: (deal, as) => engine.adapters.partner.canonical(deal, as),
      crm: (deal, as) => engine.adapters.crm.canonical(deal, as),
    },
    crmMarker: () => engine.crmIdFor(partnerId),
    at: engine.clock.now(),
    partnerUrl: (id) => engine.adapters.partner.webUrl({ side: 'partner', kind: 'referral', id }),
  }
}

/** Somebody converted the lead, and the CRM's mapping of lead fields took our identifier along: what else the opportunity shows is as new as without it. */
const becameOpportunity = (link: Link, ref: EndRef): boolean => link.kind === 'lead' && ref.kind === 'opportunity'

/** What both records say about the deal as a whole: its name, stage, neighbours, and since when one is gone. */
function describe(engine: Engine, link: Link, now: Readings, overwrites: (conflict: Conflict) => void): Link {
  const { partner, crm } = now
  const at = engine.clock.now()
  const gone = (side: 'partner' | 'crm'): number | null =>
    now[side].kind === 'absent' && link.ends[side] !== null ? (link.absentSince[side] ?? at) : null
  const aliases = new Map(link.aliases.map((alias) => [alias.id, alias]))
  if (partner.kind === 'present') for (const alias of partner.aliases) aliases.set(alias.id, alias)
  const replaced = crm.kind === 'present' && link.aliases.some((alias) => alias.side === 'crm') && (crm.otherId === null || becameOpportunity(link, crm.ref))
  return {
    ...(replaced ? forgetEmptied(link, now, { side: 'crm', makesUp: engine.adapters.crm.can.makesUp, overwrites }) : link),
    aliases: [...aliases.values()].filter((alias) => alias.id !== link.ends.partner?.id && alias.id !== link.ends.crm?.id),
    parts: crm.kind === 'present' ? crm.parts : link.parts,
    ...(crm.kind === 'present' && crm.otherId !== null && (crm.sync || link.switchedOff !== undefined) ? { switchedOff: !crm.sync } : {}),
    ...(partner.kind === 'present' ? { newest: newestOf(link.newest, { ...partner, id: partner.ref.id }, at) } : {}),
    engagementId: partner.kind === 'present' ? partner.engagementId : link.engagementId,
    name: (partner.kind === 'present' ? partner.deal.name : undefined) ?? (crm.kind === 'present' ? crm.deal.name : undefined) ?? link.name,
    kind:
      crm.kind === 'present'
        ? crm.ref.kind === 'lead'
          ? 'lead'
          : 'opportunity'
        : partner.kind === 'present'
          ? partner.category
          : link.kind,
    stage:
      (partner.kind === 'present' ? partner.deal.status : undefined) ??
      (crm.kind === 'present' ? crm.deal.status : undefined) ??
      link.stage,
    absentSince: { partner: gone('partner'), crm: gone('crm') },
  }
}

/** Changes that a flow in observe mode would make are recorded, not made. */
function split(engine: Engine, plan: Plan): { doable: PlannedChange[]; observed: PlannedChange[] } {
  const { flows } = engine.policy().policy
  const watched = (item: PlannedChange): boolean => flows[flowInto(item.change.side)] === 'observe'
  return { doable: plan.changes.filter((item) => !watched(item)), observed: plan.changes.filter(watched) }
}

function noteObserved(pass: Pass, observed: readonly PlannedChange[], now: Readings): void {
  const changes = observed.map((item) => item.change)
  const print = changes.length === 0 ? null : fingerprint(changes)
  if (print !== null && print !== pass.link.observed) pass.note({ kind: 'observed', changes, before: seenBy(changes, now) })
  pass.link = { ...pass.link, observed: print }
}

/** Nothing (more) to write: record the state, tell the CRM record what a person should know, and end the pass. */
async function finish(engine: Engine, pass: Pass, plan: Plan, now: Readings, refused: boolean): Promise<Outcome> {
  const { state, reason } = finalState(pass, plan, refused)
  const before = pass.link
  pass.link = {
    ...pass.link,
    base: plan.base,
    conflicts: plan.conflicts.filter((conflict) => conflict.winner === null),
    orders: remainingOrders(pass, plan),
    decisions: pass.link.decisions.filter((decision) => isStillSeen(decision, now)),
    state,
    reason,
  }
  noteNews(pass, before, plan, state)
  const told = await tellRecord(engine, pass, now)
  if (told.kind === 'failed') return failed(engine, pass, told.fault)
  // An absent record is looked for again; everything else rests until a hint comes.
  const late = lookAgain(pass, now)
  const outcome: Outcome = late ?? (plan.verdict === 'wait' ? { kind: 'again', inMs: 10 * 60_000, because: waitFault(plan) } : settledAs(told))
  if (late === null) closeRun(engine, pass, outcome)
  await pass.save(pass.link, outcome)
  return outcome
}

/** A mark of its own, made after the end, would count as one that came while the next pass runs: that one would run again, and mark again. */
const settledAs = (told: Told): Outcome => ({ kind: 'settled', ...(told.kind === 'later' ? { next: { at: told.at, because: 'lines to write' } } : {}) })

function finalState(pass: Pass, plan: Plan, refused: boolean): { state: LinkState; reason: Reason | null } {
  if (refused) {
    const told = pass.link.reason?.code === 'rejected' ? pass.link.reason : null
    const nothingNew = because(
      'rejected',
      'The write was refused before and nothing about it has changed.',
      'See the audit of the deal; after mending, run "cosell runs retry".',
    )
    return { state: 'needs-attention', reason: pass.link.refusal ?? told ?? nothingNew }
  }
  const paired = pass.link.ends.partner !== null && pass.link.ends.crm !== null
  // What a person has to look into is not hidden by what is only observed.
  if (plan.verdict === 'act' && plan.state !== 'needs-attention')
    return {
      state: paired ? 'in-sync' : 'unlinked',
      reason: because(
        'observing',
        'Observe mode: what would be written is recorded, not written.',
        'Run "cosell flows on" when you are ready.',
      ),
    }
  return { state: plan.state, reason: plan.reason ?? (plan.state === 'in-sync' ? (pass.link.doubt ?? null) : null) }
}

/** A word is about what both sides showed when it was said: should they show that again one day, a person is asked again. */
const isStillSeen = ({ field, saw }: Decision, now: Readings): boolean =>
  SIDES.every((side) => {
    const reading = now[side]
    return reading.kind !== 'present' || !(field in reading.deal) || sameValue(saw[side] ?? null, reading.deal[field] ?? null)
  })

function remainingOrders(pass: Pass, plan: Plan): Link['orders'] {
  for (const dropped of plan.dropped) pass.note({ kind: 'ordered', what: `${dropped.take} was dropped`, detail: dropped.why })
  return pass.link.orders.filter((order) => !plan.dropped.some((dropped) => dropped.take === order.take))
}

function noteNews(pass: Pass, before: Link, plan: Plan, state: LinkState): void {
  const known = new Set(before.conflicts.map((conflict) => JSON.stringify(conflict)))
  for (const conflict of plan.conflicts) if (!known.has(JSON.stringify(conflict))) pass.note({ kind: 'conflict', conflict })
  if (pass.stood.state !== state || pass.stood.reason?.text !== pass.link.reason?.text)
    pass.note({ kind: 'state', state, reason: pass.link.reason })
}

// A process may have died before it could say why its deal waits.
const OPEN_CREATE = because(
  'retrying',
  'It is not known whether a record was made: nothing was heard of it, or the process ended.',
  'Nothing to do: it is looked for before anything is made again.',
)

async function waitFor(pass: Pass, ms: number): Promise<Outcome> {
  const outcome: Outcome = { kind: 'again', inMs: ms, because: momentFault() }
  await pass.save({ ...pass.link, state: 'pending' }, outcome)
  return outcome
}
const waitFault = (plan: Plan): Fault =>
  new Fault('missing', plan.reason?.text ?? 'A record was not found.', { remedy: plan.reason?.remedy ?? 'Nothing to do.' })

/** The pass could not be finished: try again later, or give up after three days. */
async function failed(engine: Engine, pass: Pass, fault: Fault): Promise<Outcome> {
  const now = engine.clock.now()
  const { lease } = pass
  const givenUp = lease.failingSince !== null && now - lease.failingSince > RETRY_HORIZON_MS
  const inMs =
    FAULTS[fault.kind].retry === 'soon' && lease.attempts < 5
      ? Math.round(200 + engine.random() * 800)
      : backoff(lease.attempts, fault, engine.random(), now - (lease.failingSince ?? now))
  const outcome: Outcome = givenUp
    ? { kind: 'stopped', because: fault, at: now }
    : { kind: 'again', inMs: atLeastSearch(pass, now, inMs), because: fault }
  const reason: Reason = givenUp
    ? because('given-up', `Given up after 72 hours: ${fault.message}`, `${fault.remedy} Then run "cosell runs retry".`)
    : { ...because('retrying', fault.message, fault.remedy), until: now + inMs }
  const state = givenUp ? 'stopped' : 'pending'
  closeRun(engine, pass, outcome)
  await pass.save({ ...pass.link, state, reason }, outcome)
  return outcome
}

/** With a create of unknown fate there is no point in looking before the search for it can be trusted. */
function atLeastSearch(pass: Pass, now: number, inMs: number): number {
  const waits = pass.link.intents.filter((intent) => intent.change.kind === 'create').map((intent) => intent.searchAfter - now)
  return Math.max(inMs, ...waits)
}

function reportOf(engine: Engine, pass: Pass, outcome: Outcome, fault: Fault | null): PassReport {
  const now = engine.clock.now()
  return {
    link: pass.link.id,
    run: pass.run,
    because: pass.lease.because,
    outcome: outcome.kind,
    state: pass.link.state,
    writes: pass.writes,
    rounds: pass.rounds,
    ms: now - pass.startedAt,
    delayMs: now - pass.lease.markedAt,
    fault: fault?.kind ?? null,
    message: fault?.message ?? null,
    attempt: pass.lease.attempts + 1,
  }
}
