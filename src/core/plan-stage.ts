import { UNSAID_REASON } from './closing-reasons.js'
import type { Conflict } from './change.js'
import { FIELD_NAMES, pick, sameValue, VISIBILITY, type Projection } from './deal.js'
import type { Draft } from './plan-draft.js'
import { doorShut, type Meeting } from './plan-types.js'
import { fieldsFor, onUpdate, type FieldPolicy } from './policy.js'
import type { Link } from './link.js'
import { otherSide, type EndRef, type Side } from './ref.js'
import { followCrm, followPartner, mergeStage, type StageInput, type StageMove } from './stage-merge.js'
import { phaseOf, stageAfter, type Phase, type Stage, type Take } from './stage.js'

/** Adds what the stage needs to the draft: a patch between open stages, or one step through a door. */
export function planStage(meeting: Meeting, draft: Draft): void {
  const partner = meeting.p.deal.status
  const crm = meeting.c.deal.status
  if (partner === undefined || crm === undefined) return
  if (!takeOrders(meeting, draft, partner)) {
    const input = stageInput(meeting, partner, crm)
    carryOut(meeting, draft, decide(meeting, draft, input), input)
  }
  warnOfEarlyWin(meeting, draft, { partner, crm })
}

const registrableAfterMs = 72 * 3_600_000
const hourMs = 3_600_000

/**
 * A shared deal that is won within three days of its creation cannot be registered with Microsoft as an IP co-sell deal any more. It is said,
 * not held: the person has decided. Source: learn.microsoft.com/partner-center "Register co-sell deals", read 2025-10.
 */
function warnOfEarlyWin({ p, at }: Meeting, draft: Draft, saw: { readonly partner: Stage; readonly crm: Stage }): void {
  const wins = draft.steps.some(({ change }) => change.kind === 'step' && change.side === 'partner' && change.take === 'win')
  if (!wins || p.createdAt === null || p.deal[VISIBILITY] !== true || at - p.createdAt >= registrableAfterMs) return
  const hours = Math.max(0, Math.floor((at - p.createdAt) / hourMs))
  const reason = `Won ${hours} hours after it was created: Microsoft registers a deal as IP co-sell only when there are 72 hours between.`
  draft.conflicts.push({ field: 'status', kind: 'info', saw, winner: null, reason })
}

function stageInput({ link, p, c, canonical }: Meeting, partner: Stage, shown: Stage): StageInput {
  const crm = isConverted(link, c.ref) && phaseOf(partner) === 'waiting' && phaseOf(shown) === 'waiting' ? 'Active/Accepted' : shown
  return {
    partner,
    crm,
    partnerChanged: link.base?.partner.status !== partner,
    crmChanged: link.base?.crm.status !== crm,
    partnerAsCrm: (p.deal.status === undefined ? undefined : canonical.crm({ status: p.deal.status }, c.ref.kind).status) ?? partner,
    crmKind: c.ref.kind === 'lead' ? 'lead' : 'opportunity',
  }
}

/** Whoever converted the lead has answered it, also where new opportunities begin in the very stage that means "waits for an answer". */
const isConverted = ({ aliases }: Link, ref: EndRef): boolean =>
  ref.kind === 'opportunity' && aliases.some(({ side, kind }) => side === 'crm' && kind === 'lead')

/** A lead that was converted and has no opportunity takes nothing any more. */
const WITHOUT_OPPORTUNITY: Readonly<Partial<Record<Phase, string>>> = {
  waiting: 'The lead was converted without an opportunity, which answers nobody: accept or decline the referral.',
  open: 'The lead was converted and its opportunity is gone, or never was: the CRM shows nothing of the referral any more. Connect an opportunity with "cosell deals link", or close the referral.',
}

function decide(meeting: Meeting, draft: Draft, input: StageInput): StageMove {
  const { link } = meeting
  // Neither side's stage is an answer here, whichever a person keeps.
  const shownNowhere = meeting.c.sealed && input.crmKind === 'lead' && phaseOf(input.crm) === 'open' ? WITHOUT_OPPORTUNITY[phaseOf(input.partner)] : undefined
  if (shownNowhere !== undefined) return { kind: 'hold', code: 'conflict', reason: shownNowhere }
  const decision = link.decisions.find((entry) => entry.field === 'status')
  const agree = input.partnerAsCrm === input.crm
  if (!agree && decision && sameValue(decision.saw.partner, input.partner) && sameValue(decision.saw.crm, input.crm)) {
    return decision.keep === 'partner' ? keepPartner(input) : followCrm(input)
  }
  if (link.base?.partner.status === undefined || link.base.crm.status === undefined) {
    return agree ? { kind: 'adopt' } : { kind: 'hold', code: 'conflict', reason: 'The two records were in different stages when they were linked.' }
  }
  const move = mergeStage(input)
  if (move.kind === 'step' && move.side === 'partner' && move.take === 'accept' && meeting.c.unanswered !== undefined)
    return { kind: 'hold', code: 'conflict', reason: meeting.c.unanswered }
  // A held stage stays held although its base never moves: the reason is found again in every pass.
  if (move.kind === 'hold' && move.code === 'reopened') draft.reopened = move.reason
  return move
}

function keepPartner(input: StageInput): StageMove {
  const crmClosed = phaseOf(input.crm) === 'won' || phaseOf(input.crm) === 'lost'
  if (!crmClosed) return followPartner(input)
  // One call reopens; where the referral is closed the other way, the next pass closes the record again, rightly this time.
  return { kind: 'step', side: 'crm', take: 'reopen', via: phaseOf(input.partner) === 'open' ? null : 'Active/Accepted', lost: true }
}

function carryOut(meeting: Meeting, draft: Draft, move: StageMove, input: StageInput): void {
  switch (move.kind) {
    case 'none':
      return
    case 'adopt':
      draft.adopted.push('status')
      return
    case 'patch':
      if (oneWay(meeting, draft, 'crm', input)) return
      if (meeting.policy.flows.partnerToCrm === 'off' || meeting.c.sealed) return
      draft.writes.crm.push({ field: 'status', side: 'crm', value: move.stage, agreed: { partner: input.partner, crm: move.stage } })
      return
    case 'hold':
      draft.conflicts.push(stageConflict(input, null, move.reason))
      return
    case 'step':
      takeStep(meeting, draft, move, input)
  }
}

function takeStep(meeting: Meeting, draft: Draft, move: Extract<StageMove, { kind: 'step' }>, input: StageInput): void {
  const { side, take } = move
  if (oneWay(meeting, draft, side, input)) return
  if (gateShut(meeting, side)) {
    if (side === 'partner') draft.unsent.push('status')
    return
  }
  const shut = doorShut(meeting, { side, take, field: 'status', saw: { partner: input.partner, crm: input.crm } })
  if (shut !== null) {
    draft.conflicts.push(shut)
    return
  }
  if (move.lost) draft.conflicts.push(stageConflict(input, otherSide(side), 'Both sides moved; the move that is still legal for the other side was taken.'))
  addStep(meeting, draft, { side, take, from: move.via ?? input[otherSide(side)], reason: reasonGiven(meeting) })
}

/** The row of the status may be declared one-way: then the other side's move is left there, known and told. */
function oneWay(meeting: Meeting, draft: Draft, side: Side, input: StageInput): boolean {
  if (onUpdate(statusPolicy(meeting).into[side])) return false
  draft.adopted.push('status')
  const name = side === 'partner' ? 'Partner Center' : 'the CRM'
  draft.conflicts.push({ ...stageConflict(input, null, `The mapping lets no status flow to ${name}; the difference is shown and left.`), kind: 'info' })
  return true
}
const statusPolicy = ({ policy, c }: Meeting): FieldPolicy => fieldsFor(policy, c.ref.kind).status

const gateShut = ({ p, c, policy }: Meeting, side: Side): boolean =>
  side === 'partner' ? p.sealed || !c.sync || policy.flows.crmToPartner === 'off' : policy.flows.partnerToCrm === 'off'

/** The reason that a seller wrote travels with the close, unless its row is declared one-way into the CRM. */
function reasonGiven({ policy, c }: Meeting): string | null {
  return fieldsFor(policy, c.ref.kind).statusReason.restore ? null : (c.deal.statusReason ?? null)
}

function addStep(meeting: Meeting, draft: Draft, step: { side: Side; take: Take; from: Stage; reason: string | null }): void {
  const { p, c, canonical } = meeting
  const { side, take } = step
  const after = stageAfter(take) ?? step.from
  const target = side === 'partner' ? p : c
  // A step on the CRM that follows the partner shows the partner's stage as the CRM knows it (Declined and Expired both read as lost there).
  const wanted = side === 'crm' && take !== 'reopen' && take !== 'qualify' ? step.from : after
  const shows = canonical[side]({ ...target.deal, status: wanted }, target.ref.kind).status ?? wanted
  const agreed = side === 'partner' ? { partner: { status: shows }, crm: { status: step.from } } : { partner: { status: step.from }, crm: { status: shows } }
  const reason = take === 'decline' || take === 'lose' ? (step.reason ?? p.deal.statusReason ?? UNSAID_REASON) : null
  const set = take === 'qualify' ? onlyAtCreation(meeting) : {}
  draft.steps.push({
    change: { kind: 'step', side, ref: target.ref, expect: target.version, take, reason, set, stamp: {} },
    agreed: { partner: { ...agreed.partner, ...set }, crm: { ...agreed.crm, ...canonical.crm(set, 'opportunity') } },
  })
}

/** What the opportunity takes when it is made and never after, and the lead has no place for: its name above all. */
function onlyAtCreation({ p, c, policy }: Meeting): Projection {
  const fields = fieldsFor(policy, 'opportunity')
  return pick(
    p.deal,
    FIELD_NAMES.filter((field) => field in p.deal && !(field in c.deal) && fields[field].into.crm === 'create'),
  )
}

/** Orders given here (accept, decline, win, lose) act on the referral; the CRM follows in the next pass. True when one was planned. */
function takeOrders(meeting: Meeting, draft: Draft, partner: Stage): boolean {
  for (const order of meeting.link.orders) {
    const legal = legalOrder(order.take, partner)
    if (legal === null) continue
    if (legal !== 'yes') {
      draft.dropped.push({ take: order.take, why: legal })
      continue
    }
    // The CRM's stage did not move by this, so its base stays what it shows.
    const crm = meeting.link.base?.crm.status ?? meeting.c.deal.status ?? partner
    const reason = order.take === 'decline' || order.take === 'lose' ? (order.reason ?? UNSAID_REASON) : null
    draft.steps.push({
      change: { kind: 'step', side: 'partner', ref: meeting.p.ref, expect: meeting.p.version, take: order.take, reason, set: {}, stamp: {} },
      // The partner's base stays behind on purpose: the move must still flow to the CRM.
      agreed: { partner: { status: partner }, crm: { status: crm } },
    })
    return true
  }
  return false
}

/** 'yes', or why not; null for orders that are not about the stage. */
export function legalOrder(take: Take, partner: Stage): string | null {
  const phase = phaseOf(partner)
  switch (take) {
    case 'accept':
    case 'decline':
      return phase === 'waiting' ? 'yes' : `The referral was already answered (${partner}).`
    case 'win':
    case 'lose':
      return phase === 'open' ? 'yes' : phase === 'waiting' ? 'Accept the referral first.' : `The referral is already closed (${partner}).`
    case 'share':
    case 'qualify':
    case 'reopen':
      return null
  }
}

function stageConflict(input: StageInput, winner: Side | null, reason: string): Conflict {
  return { field: 'status', kind: 'stage', saw: { partner: input.partner, crm: input.crm }, winner, reason }
}
