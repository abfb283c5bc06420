import type { WireCall } from '../core/audit.js'
import type { Change, CreateChange, Stamp } from '../core/change.js'
import { HELP, isEmpty, pick, VISIBILITY, type Base, type Field, type Projection } from '../core/deal.js'
import { Fault, isFault, toFault } from '../core/fault.js'
import { advance, type Intent, type Link } from '../core/link.js'
import { newestOf, type Newest } from '../core/newest.js'
import type { Plan, PlannedChange } from '../core/plan-types.js'
import type { Present, Readings, Receipt } from '../core/ports.js'
import type { EndRef, Side } from '../core/ref.js'
import { stageAfter } from '../core/stage.js'
import { agreedWith, becameText, takeMade, without } from './ends.js'
import type { Engine } from './engine.js'
import { ownerOf } from './holds.js'
import { withoutGivenUp } from './given-up.js'
import type { Known } from './look.js'
import { fingerprint, prependLines, successLine } from './note-text.js'
import type { Pass } from './pass.js'
import { forSeller } from './seller-words.js'

/** What came of carrying out a plan: what both sides are known to show now, and the fault that ended it early. */
export interface Applied {
  readonly known: Known
  readonly fault: Fault | null
}

const isInvitation = ({ change }: PlannedChange): boolean => change.kind === 'create' && change.as === 'related'

/** Writes the plan, change by change, after the intents are saved. The base moves with every acknowledged write. */
export async function carryOut(engine: Engine, pass: Pass, plan: Plan, changes: readonly PlannedChange[], now: Readings): Promise<Applied> {
  // An invitation may be refused for reasons of its own: what else there is to write, the record's identifier above all, goes before it.
  const ordered = [...changes].sort((a, b) => Number(isInvitation(a)) - Number(isInvitation(b)))
  const dressed = ordered.map((planned) => ({ ...planned, change: dress(engine, pass, plan, planned.change, now) }))
  const late = mayArrive(pass.link)
  await saveIntents(engine, pass, plan, dressed)
  const versions: { [S in Side]: Present['version'] | undefined } = { partner: undefined, crm: undefined }
  const known: { [S in Side]?: Present } = {}
  for (const side of ['partner', 'crm'] as const) if (now[side].kind === 'present') known[side] = now[side]
  for (const [index, planned] of dressed.entries()) {
    const { side } = planned.change
    const change = withVersion(planned.change, versions[side])
    if (change === null) {
      // The version after our own write is unknown: look again before the next write of this record.
      pass.link = withoutUnsent(pass.link, dressed.slice(index), late)
      break
    }
    let calls: readonly WireCall[] = []
    try {
      await pass.assertLease()
      const adapter = engine.adapters[side]
      const receipt = await engine.witness(
        pass.signal,
        (signal) => (change.kind === 'create' ? adapter.create(change, { signal }) : adapter.write(change, { signal })),
        { until: pass.lease.until, saw: (seen) => (calls = seen) },
      )
      pass.writes += 1
      await acknowledge(engine, pass, { ...planned, change }, { receipt, calls, now })
      versions[side] = receipt.version
      const before = known[side]
      // A new record, and a lead that was just qualified, must be read before they can be planned on.
      if (change.kind === 'create' || before === undefined || receipt.ref.id !== change.ref.id || isQualify(change)) delete known[side]
      else known[side] = project(before, change, receipt, planned)
    } catch (error) {
      if (!isFault(error)) throw error
      noteFailure(pass, change, error, calls)
      // A write that certainly did not happen leaves no intent behind, nor do those that were planned after it.
      const after = dressed.slice(index + 1).filter((item) => !sameChange(item.change, change))
      pass.link = error.kind === 'ambiguous' ? withoutUnsent(pass.link, after, late) : { ...pass.link, intents: late }
      if (error.kind === 'ambiguous' && change.kind === 'create') pass.putOffSearch(engine.clock.now() + engine.adapters[side].can.markerLagMs)
      if (error.kind === 'rejected') {
        const refusal = { code: 'rejected', text: error.message, remedy: error.remedy } as const
        pass.link = { ...pass.link, rejected: fingerprint(changes.map((item) => item.change)), refusal }
      }
      return { known: {}, fault: error }
    }
  }
  if (pass.link.rejected !== null) pass.link = { ...pass.link, rejected: null, refusal: null }
  return { known, fault: null }
}

/** Audit, status and time ride in the write of the CRM record itself. */
function dress(engine: Engine, pass: Pass, plan: Plan, change: Change, now: Readings): Change {
  if (change.side !== 'crm') return change
  const at = engine.clock.now()
  const alone = change.kind === 'patch' && Object.keys(change.set).length === 0
  const lines = alone ? [...pass.link.notes] : [...pass.link.notes, successLine(at, 'crm')]
  const current = now.crm.kind === 'present' ? now.crm.auditText : null
  const held = plan.state === 'needs-attention' && plan.reason !== null
  // What the seller was told of edits that wait holds on: it is not taken back with every change that Partner Center brings.
  const problem = plan.reason !== null && (held || plan.reason.code === 'unanswered') ? forSeller(plan.reason) : null
  const stamp: Stamp = {
    ...change.stamp,
    ...(lines.length === 0 ? {} : { audit: prependLines(lines, current, engine.adapters.crm.can.auditLimit) }),
    status: held ? 'needs-attention' : 'in-sync',
    problem,
    lastSynced: new Date(at).toISOString(),
  }
  return { ...change, stamp }
}

const lateMost = 5 // A deal whose process is stopped before the same write again and again.
/** Writes of earlier passes whose fate is open, as `settle` left them. */
const mayArrive = (link: Link): readonly Intent[] => link.intents.slice(-lateMost)

/**
 * A write as it is saved before it is sent: without the whole text of lines that it brings, up to the limit of the record's field. The next pass
 * asks of a write only whether the deal shows it, and the ledger has the text with the write itself.
 */
function withoutLines(change: Change): Change {
  if (change.kind === 'create') return change
  const { audit: _lines, ...stamp } = change.stamp
  return { ...change, stamp }
}

async function saveIntents(engine: Engine, pass: Pass, plan: Plan, planned: readonly PlannedChange[]): Promise<void> {
  const changes = planned.map((item) => ({ ...item, change: withoutLines(item.change) }))
  const intents: Intent[] = changes.map(({ change, agreed }) => ({
    change,
    agreed,
    searchAfter: pass.lease.until + engine.adapters[change.side].can.markerLagMs,
  }))
  pass.note({ kind: 'planned', verdict: plan.verdict, changes: changes.map((item) => item.change), policyVersion: engine.policy().version })
  for (const conflict of plan.conflicts) pass.note({ kind: 'conflict', conflict })
  await pass.save({ ...pass.link, base: plan.base, conflicts: plan.conflicts.filter((conflict) => conflict.winner === null), intents: [...mayArrive(pass.link), ...intents], state: 'pending' })
}

/** A later write of the same record is planned on the version that our own write produced; null when that is not known. */
function withVersion(change: Change, version: Present['version'] | undefined): Change | null {
  if (change.kind === 'create' || version === undefined) return change
  return version === null ? null : { ...change, expect: version }
}

interface Acknowledged {
  readonly receipt: Receipt
  readonly calls: readonly WireCall[]
  readonly now: Readings
}

async function acknowledge(engine: Engine, pass: Pass, planned: PlannedChange, { receipt, calls, now }: Acknowledged): Promise<void> {
  const { change, agreed } = planned
  const { link } = pass
  const shows = agreedWith(agreed, change.side, receipt)
  const before = now[change.side]
  const requestId = calls.findLast((call) => call.method !== 'GET' && call.requestId !== null)?.requestId ?? null
  // A base holds fields only.
  const showed = before.kind === 'present' ? pick(before.deal, Object.keys(agreed[change.side]) as Field[]) : {}
  const noted = pass.noted()
  pass.note({ kind: 'wrote', change, before: showed, ref: receipt.ref, requestId, remarks: receipt.remarks, calls })
  let next: Link = {
    ...withoutIntent(link, planned),
    base: advance(change.kind === 'create' && change.as !== 'related' ? null : link.base, shows),
    notes: notesAfter(engine, link, change, receipt),
    lastSyncedAt: engine.clock.now(),
    told: change.side === 'crm' ? toldBy(change.stamp) : link.told,
    doubt: receipt.doubt ?? link.doubt ?? null,
  }
  if (receipt.unsure !== undefined && next.base !== null) next = { ...next, base: beside(next.base, receipt.unsure) }
  if (change.kind === 'create' && change.as === 'related') next = { ...next, aliases: [...next.aliases.filter((alias) => alias.id !== receipt.ref.id), receipt.ref] }
  else if (change.side === 'partner') next = { ...next, newest: newestAfter(link, receipt, engine.clock.now()) }
  else if (change.kind !== 'create' && receipt.ref.id !== change.ref.id) next = movedByUs(next, change.ref, receipt.ref)
  if (change.kind === 'create' && change.as !== 'related' && receipt.found !== true) next = withoutGivenUp(next, change.side)
  if (change.kind === 'step') next = stepTaken(next, change.side, change.take)
  else if (change.kind === 'create' && isWholeShare(change, now)) next = stepTaken(next, 'partner', 'share')
  pass.link = next
  // A created record, and the one that a lead became, is written down at once: finding it again by its marker would cost a search. Its event may
  // have been faster than the answer and have made a deal of its own, which is joined with this one here.
  if (change.kind !== 'create' && receipt.ref.id === change.ref.id) return
  const made = { side: change.side, ref: receipt.ref, how: change.kind === 'create' ? `created as ${change.as}` : becameText(change.ref, receipt.ref) }
  let isTaken = false
  try {
    if (change.kind === 'create' && change.as === 'related') await pass.save(next)
    else await takeMade(engine, pass, made, (owners) => (isTaken = receipt.found === true && ownerOf(owners, link, made) !== null))
  } catch (cause) {
    // The record is there and could not be noted, whoever was faster. Only the intent still tells of it: it must outlive this pass, or the
    // record is made again. Where the lease is gone the store holds the intent, and takes nothing of this pass any more.
    pass.link = link
    const why = toFault(cause).message
    throw new Fault('ambiguous', `The new ${receipt.ref.kind} ${receipt.ref.id} could not be noted: ${why}`, {
      remedy: 'Nothing to do: it is searched for by its marker.',
      cause,
    })
  }
  if (!isTaken) return
  // Nothing was made: the record that carries the marker is of another deal, where a person wrote it.
  pass.unnote(noted)
  pass.link = link
  // Where the next look does not say whose it is, a person has to know: it would be met at every attempt.
  throw new Fault('rejected', `The ${receipt.ref.kind} ${receipt.ref.id} is the record of another deal.`, {
    remedy: 'Connect the right records with "cosell deals link", or end the connection of the other deal with "cosell deals unlink".',
  })
}

const beside = ({ partner, crm }: Base, unsure: readonly Field[]): Base => ({
  partner: without(partner, unsure),
  crm: without(crm, unsure),
})

const newestAfter = ({ newest }: Link, { ref, version }: Receipt, at: number): Newest =>
  newestOf(newest, { id: ref.id, version, modifiedAt: newest?.modifiedAt ?? null }, at)

/** We qualified a lead: the opportunity was filled in the same step, so that it is not met as a record that somebody made. */
const movedByUs = (link: Link, from: EndRef, to: EndRef): Link => ({
  ...link,
  kind: to.kind === 'opportunity' ? 'opportunity' : link.kind,
  ends: { ...link.ends, [to.side]: to },
  aliases: [...link.aliases, from],
})

const toldBy = ({ status, problem }: Stamp): string => (problem == null ? 'in-sync' : `${status ?? 'needs-attention'}: ${problem}`)

function notesAfter(engine: Engine, link: Link, change: Change, receipt: Receipt): readonly string[] {
  const remarks = receipt.remarks.length === 0 ? [] : [...receipt.remarks]
  if (change.side === 'crm') return remarks.length === 0 ? [] : [successLine(engine.clock.now(), 'crm', remarks)]
  const onlyStamp = change.kind === 'patch' && Object.keys(change.set).length === 0
  return onlyStamp ? link.notes : [...link.notes.slice(-4), successLine(engine.clock.now(), 'partner', remarks)].filter((line, index, all) => all.indexOf(line) === index)
}

/** With a creation a word to share has done its work, unless the help that the record asks for is still to be asked of Microsoft. */
const isWholeShare = ({ as, deal }: CreateChange, { crm }: Readings): boolean =>
  as === 'related' || (as === 'referral' && deal[VISIBILITY] === true && crm.kind === 'present' && isEmpty(crm.deal[HELP] ?? null))

function stepTaken(link: Link, side: Side, take: string): Link {
  return {
    ...link,
    approvals: link.approvals.filter((approval) => approval !== `${side}:${take}`),
    orders: side === 'partner' ? link.orders.filter((order) => order.take !== take) : link.orders,
  }
}

const sameChange = (a: Change, b: Change): boolean =>
  a.kind === b.kind && a.side === b.side && (a.kind === 'create' ? a.as === (b as typeof a).as : a.kind === 'step' ? a.take === (b as typeof a).take : true) // kinds are equal here
const withoutIntent = (link: Link, planned: PlannedChange): Link => ({
  ...link,
  intents: link.intents.filter((intent) => !sameChange(intent.change, planned.change)),
})
/** What was planned and not sent: a creation among it would be searched for. Writes of earlier passes may still arrive, and stay. */
const withoutUnsent = (link: Link, unsent: readonly PlannedChange[], late: readonly Intent[]): Link => ({
  ...link,
  intents: link.intents.filter((intent) => late.includes(intent) || !unsent.some(({ change }) => sameChange(intent.change, change))),
})

const isQualify = (change: Change): boolean => change.kind === 'step' && change.take === 'qualify'

function noteFailure(pass: Pass, change: Change, fault: Fault, calls: readonly WireCall[]): void {
  pass.note({ kind: 'failed', change, fault: fault.kind, message: fault.message, remedy: fault.remedy, requestId: fault.requestId, calls })
}

/** What the record shows after an acknowledged write, without reading it: good for planning on, never for the base. */
function project(before: Present, change: Change, receipt: Receipt, planned: PlannedChange): Present {
  const after = change.kind === 'step' ? stageAfter(change.take) : null
  const status = change.side === 'crm' ? planned.agreed.crm.status : (after ?? undefined)
  const set: Projection = change.kind === 'create' ? {} : change.set
  const deal: Projection = {
    ...before.deal,
    ...set,
    ...(status === undefined ? {} : { status }),
    ...(change.kind === 'step' && change.take === 'share' ? { [VISIBILITY]: true } : {}),
  }
  const closes = change.kind === 'step' && (change.take === 'win' || change.take === 'lose' || change.take === 'decline')
  const reopens = change.kind === 'step' && change.take === 'reopen'
  return {
    ...before,
    version: receipt.version,
    deal,
    otherId: change.stamp.otherId ?? before.otherId,
    sync: change.stamp.sync ?? before.sync,
    auditText: change.stamp.audit ?? before.auditText,
    sealed: closes || (before.sealed && !reopens),
  }
}
