import type { Change, Conflict, Stamp } from './change.js'
import { changedFields, FIELD_NAMES, HELP, isEmpty, sameValue, VISIBILITY, withField, type Base, type Field, type FieldValue, type Projection } from './deal.js'
import { isDoor, isUntaken, mergeField, standsStill, type FieldMove, type FieldWrite } from './field-merge.js'
import type { Decision, LinkState, Reason } from './link.js'
import type { Draft } from './plan-draft.js'
import { planStage } from './plan-stage.js'
import { because, DO_IT_YOURSELF, doorShut, FLOW_OFF, rest, shown, type Meeting, type Plan, type PlannedChange } from './plan-types.js'
import { carriedOnCreate, fieldsFor, onUpdate } from './policy.js'
import { preflight } from './preflight.js'
import { SIDES } from './ref.js'
import { isClosed, phaseOf } from './stage.js'

/** Both records exist: compare field by field and write the difference. */
export function planMeeting(meeting: Meeting): Plan {
  return sayingWhatWaits(meeting, compared(meeting))
}

const FLOW_INTO = { partner: 'crmToPartner', crm: 'partnerToCrm' } as const

/** A change that a closed flow keeps from its side leaves no other trace: without a reason the deal would not be found when the flow opens. */
function sayingWhatWaits(meeting: Meeting, plan: Plan): Plan {
  if (plan.state !== 'in-sync' || plan.changes.length > 0) return plan
  const { flows } = meeting.policy
  for (const side of SIDES) {
    const flow = FLOW_INTO[side]
    if (flows[flow] !== 'off') continue
    const open = compared({ ...meeting, policy: { ...meeting.policy, flows: { ...flows, [flow]: 'on' } } })
    if (!open.changes.some(({ change }) => change.side === side) && !open.conflicts.some(isHeld)) continue
    const [text, remedy] = FLOW_OFF[flow]
    return { ...plan, reason: because('excluded', text, remedy) }
  }
  return plan
}

function compared(meeting: Meeting): Plan {
  const draft: Draft = {
    writes: { partner: [], crm: [] },
    steps: [],
    creates: [],
    conflicts: [],
    adopted: [],
    blocked: [],
    unsent: [],
    dropped: [],
    reopened: null,
  }
  for (const field of FIELD_NAMES) if (field !== 'status') collect(draft, field, moveOf(meeting, field))
  shareSteps(meeting, draft)
  planStage(meeting, draft)
  return finish(meeting, draft)
}

function moveOf(meeting: Meeting, field: Field): FieldMove {
  const { p, c, link, policy, canonical } = meeting
  const { partner, crm } = shown(meeting, field)
  if (partner === undefined || crm === undefined) return standing(meeting, field)
  const base = { partner: link.base?.partner[field], crm: link.base?.crm[field] }
  // So it is with nearly every field: what else decides is not even put together.
  if (standsStill({ partner, crm }, base)) return { kind: 'none' }
  const policies = fieldsFor(policy, c.ref.kind)
  const contested = AMOUNT.includes(field) && isAmountContested(meeting)
  return mergeField({
    field,
    // One rule for both, or the side that wins the amount would be given the currency of the other.
    policy: contested ? { ...policies[field], rule: policies[VALUE].rule } : policies[field],
    now: { partner, crm },
    base,
    takes: { partner: partnerTakes(meeting, field), crm: crmTakes(meeting, field) },
    canonical: (side, value) =>
      side === 'crm' ? canonical.crm(alone(p.deal, field, value), c.ref.kind)[field] : canonical.partner(alone(c.deal, field, value), p.ref.kind)[field],
    decision: decisionOn(meeting, field),
    contested,
  })
}

const VALUE = 'details.dealValue'
const CURRENCY = 'details.currency'
const AMOUNT: readonly Field[] = [VALUE, CURRENCY]

/**
 * An amount means nothing without its currency: where one side changed either and the other side either, each field on its own would make an amount
 * that nobody ever wrote, such as the euros of the one as dollars.
 */
function isAmountContested({ p, c, link, policy }: Meeting): boolean {
  const base = link.base
  if (base === null) return false
  const policies = AMOUNT.map((field) => fieldsFor(policy, c.ref.kind)[field])
  if (policies.some(({ restore, into }) => restore || !onUpdate(into.partner) || !onUpdate(into.crm))) return false
  const changes = (before: Projection, now: Projection): boolean => changedFields(before, now).some((field) => AMOUNT.includes(field))
  return changes(base.partner, p.deal) && changes(base.crm, c.deal)
}

/** Who decided about an amount decided about its currency, and the other way round. */
function decisionOn(meeting: Meeting, field: Field): Decision | null {
  const on = (one: Field): Decision | null => {
    const decision = meeting.link.decisions.find((made) => made.field === one) ?? null
    const now = shown(meeting, one)
    return decision !== null && sameValue(decision.saw.partner, now.partner) && sameValue(decision.saw.crm, now.crm) ? decision : null
  }
  const own = on(field)
  if (own !== null || !AMOUNT.includes(field) || !isAmountContested(meeting)) return own
  const other = AMOUNT.map(on).find((decision) => decision !== null)
  return other === undefined ? null : { ...other, field, saw: shown(meeting, field) }
}

/** A look that carries less says nothing about the rest: what a person was asked about a field stays asked until a look carries it again. */
function standing({ p, c, link }: Meeting, field: Field): FieldMove {
  const conflict = link.conflicts.find((one) => one.field === field && sameValue(one.saw.crm ?? null, c.deal[field] ?? null))
  if (conflict === undefined || field in p.deal || !(field in c.deal)) return { kind: 'none' }
  // Whether a referral that takes nothing any more should go through a door is no question, either.
  return p.sealed && isDoor(field) && isUntaken(conflict.saw.partner) ? { kind: 'none' } : { kind: 'hold', conflict }
}

/** What one value will show depends on itself and, for amounts, on the currency beside it: the rest of the deal need not be worked out for it. */
function alone(deal: Projection, field: Field, value: FieldValue): Projection {
  const currency = deal[CURRENCY]
  return withField(currency === undefined ? {} : { [CURRENCY]: currency }, field, value)
}

/** A closed referral takes nothing. An unanswered one waits, and so does a record whose Sync switch is off. */
function partnerTakes({ p, c, policy }: Meeting, field: Field): 'yes' | 'no' | 'later' {
  if (p.sealed || p.locked.includes(field)) return 'no'
  if (!c.sync || policy.flows.crmToPartner === 'off') return 'later'
  return phaseOf(p.deal.status ?? 'Active/Accepted') === 'waiting' ? 'later' : 'yes'
}

/** A closed record waits for its reopening; what only the record's own lines or rules can change it never takes. */
function crmTakes({ c, policy }: Meeting, field: Field): 'yes' | 'no' | 'later' {
  if (c.locked.includes(field)) return 'no'
  return c.sealed || policy.flows.partnerToCrm === 'off' ? 'later' : 'yes'
}

function collect(draft: Draft, field: Field, move: FieldMove): void {
  switch (move.kind) {
    case 'none':
      return
    case 'later':
      if (move.to === 'partner') draft.unsent.push(field)
      return
    case 'adopt':
      draft.adopted.push(field)
      if (move.conflict) draft.conflicts.push(move.conflict)
      return
    case 'write':
      for (const write of move.into) draft.writes[write.side].push({ ...write, field })
      if (move.conflict) draft.conflicts.push(move.conflict)
      if (move.unsent === true) draft.unsent.push(field)
      return
    case 'hold':
      draft.conflicts.push(move.conflict)
      return
    case 'blocked':
      draft.blocked.push(move.text)
  }
}

/** Making the deal visible is a step; asking for help is a second referral, the one for Microsoft. Both are doors. */
function shareSteps(meeting: Meeting, draft: Draft): void {
  const visibility = takeOut(draft, VISIBILITY)
  const help = takeOut(draft, HELP)
  const ordered = meeting.link.orders.some((order) => order.take === 'share') && meeting.p.deal[VISIBILITY] !== true && !meeting.p.sealed
  if (visibility?.value !== true && help === null && !ordered) return
  const field = help === null ? VISIBILITY : HELP
  const shut = ordered ? null : doorShut(meeting, { side: 'partner', take: 'share', field, saw: shown(meeting, field) })
  if (shut !== null) {
    draft.conflicts.push(shut)
    return
  }
  const request = help === null ? null : helpRequest(meeting)
  if (request !== null && request.kind === 'blocked') {
    draft.blocked.push(...request.texts)
    return
  }
  if (meeting.p.deal[VISIBILITY] !== true) draft.steps.push(shareStep(meeting))
  if (request === null) return
  draft.creates.push(request.planned)
  if (VISIBILITY in meeting.c.deal && meeting.c.deal[VISIBILITY] !== true && crmTakes(meeting, VISIBILITY) === 'yes') {
    draft.writes.crm.push({ field: VISIBILITY, side: 'crm', value: true, agreed: { partner: true, crm: true } }) // Help implies visible.
  }
}

function takeOut(draft: Draft, field: Field): FieldWrite | null {
  const index = draft.writes.partner.findIndex((write) => write.field === field)
  return index < 0 ? null : (draft.writes.partner.splice(index, 1)[0] ?? null)
}

function shareStep({ p, c }: Meeting): PlannedChange {
  const crm: Projection = VISIBILITY in c.deal ? { [VISIBILITY]: c.deal[VISIBILITY] ?? null } : {}
  return {
    change: { kind: 'step', side: 'partner', ref: p.ref, expect: p.version, take: 'share', reason: null, set: {}, stamp: {} },
    agreed: { partner: { [VISIBILITY]: true }, crm },
  }
}

function helpRequest({ p, c, policy, canonical }: Meeting): { kind: 'blocked'; texts: string[] } | { kind: 'planned'; planned: PlannedChange } {
  const code = c.deal[HELP] ?? null
  // Microsoft is told what the referral says, and of the record only what may flow that way.
  const told = { ...p.deal, ...carriedOnCreate(fieldsFor(policy, c.ref.kind), 'partner', c.deal) }
  const deal = canonical.partner({ ...told, [VISIBILITY]: true, [HELP]: code }, 'referral')
  const texts = preflight(deal).map((issue) => issue.text)
  if (texts.length > 0 || p.engagementId === null) return { kind: 'blocked', texts: texts.length > 0 ? texts : ['Partner Center gave this referral no engagement, so Microsoft cannot be invited to it.'] }
  const agreed: Base = { partner: { [HELP]: code }, crm: { [HELP]: code } }
  return { kind: 'planned', planned: { change: { kind: 'create', side: 'partner', as: 'related', marker: p.engagementId, deal, stamp: {} }, agreed } }
}

function finish(meeting: Meeting, draft: Draft): Plan {
  const changes = [...partnerChanges(meeting, draft), ...crmChanges(meeting, draft)]
  const { state, reason } = stateOf(meeting, draft, changes)
  const held = state === 'needs-attention'
  return {
    ...rest(meeting.link, 'settled', state, reason),
    verdict: changes.length > 0 ? 'act' : held ? 'hold' : 'settled',
    changes,
    conflicts: draft.conflicts,
    adopted: draft.adopted,
    base: adoptedBase(meeting, draft),
    dropped: draft.dropped,
  }
}

function adoptedBase(meeting: Meeting, draft: Draft): Base {
  const partner: Record<string, unknown> = { ...meeting.link.base?.partner }
  const crm: Record<string, unknown> = { ...meeting.link.base?.crm }
  for (const field of draft.adopted) {
    const now = shown(meeting, field)
    partner[field] = now.partner
    crm[field] = now.crm
  }
  return { partner: partner, crm: crm } // entries come from Projections, field by field
}

function partnerChanges({ p, c, link, policy }: Meeting, draft: Draft): PlannedChange[] {
  if (p.sealed || policy.flows.crmToPartner === 'off') return []
  const names = p.otherId === null || (p.otherId !== c.ref.id && link.aliases.some((alias) => alias.id === p.otherId))
  const stamp: Stamp = names ? { otherId: c.ref.id } : {}
  const patch = patchOf({ side: 'partner', ref: p.ref, expect: p.version }, draft.writes.partner, stamp)
  const steps = draft.steps.filter(({ change }) => change.side === 'partner')
  return [...(patch === null ? [] : [patch]), ...steps, ...draft.creates]
}

function crmChanges({ p, c, link, partnerUrl, policy }: Meeting, draft: Draft): PlannedChange[] {
  const step = draft.steps.find(({ change }) => change.side === 'crm')
  if (policy.flows.partnerToCrm === 'off' || (c.sealed && step === undefined)) return []
  // A record without our identifier was just connected, or just made from a lead: both mean that it is synchronised from now on.
  // One that had agreed before and is switched off was switched off by a person.
  const replaced = link.aliases.some(({ side }) => side === 'crm') && link.switchedOff !== true
  const joins = c.sync || link.base === null || replaced
  const identity = { otherId: p.ref.id, link: partnerUrl(p.ref.id) }
  const stamp: Stamp = c.otherId !== null ? {} : joins ? { ...identity, sync: true } : identity
  const patch = patchOf({ side: 'crm', ref: c.ref, expect: c.version }, draft.writes.crm, stamp)
  if (step === undefined || step.change.kind !== 'step') return patch === null ? [] : [patch]
  if (patch === null || patch.change.kind !== 'patch' || step.change.take === 'reopen') return [step]
  // One call: fields, stamp and the step travel together, so that nothing is left to write onto a record that was just closed.
  return [{ change: { ...step.change, set: patch.change.set, stamp: patch.change.stamp }, agreed: mergeBases(patch.agreed, step.agreed) }]
}

const mergeBases = (a: Base, b: Base): Base => ({ partner: { ...a.partner, ...b.partner }, crm: { ...a.crm, ...b.crm } })

function patchOf(
  target: Pick<Extract<Change, { kind: 'patch' }>, 'side' | 'ref' | 'expect'>,
  writes: readonly (FieldWrite & { field: Field })[],
  stamp: Stamp,
): PlannedChange | null {
  if (writes.length === 0 && Object.keys(stamp).length === 0) return null
  const set = Object.fromEntries(writes.map((write) => [write.field, write.value])) as Projection // values were made for their field
  const partner = Object.fromEntries(writes.map((write) => [write.field, write.agreed.partner])) as Projection // likewise
  const crm = Object.fromEntries(writes.map((write) => [write.field, write.agreed.crm])) as Projection // likewise
  return { change: { kind: 'patch', ...target, set, stamp }, agreed: { partner, crm } }
}

/** Whether a difference waits for a person. */
export const isHeld = (conflict: Conflict): boolean => conflict.winner === null && conflict.kind !== 'info'

function stateOf(meeting: Meeting, draft: Draft, changes: readonly PlannedChange[]): { state: LinkState; reason: Reason | null } {
  const attention = attentionOf(meeting, draft)
  if (attention !== null) return { state: 'needs-attention', reason: attention }
  if (changes.length > 0) return { state: 'pending', reason: unsentOf(meeting, draft) }
  const stage = meeting.p.deal.status
  const closed = stage !== undefined && isClosed(stage) ? because('closed', `Closed (${stage}); nothing is synchronised any more.`, 'Nothing to do.') : null
  return { state: 'in-sync', reason: closed ?? unsentOf(meeting, draft) }
}

/** An edit that waits behind a gate leaves no other trace, and its seller would take it for sent. */
function unsentOf({ c }: Meeting, { unsent }: Draft): Reason | null {
  if (unsent.length === 0) return null
  if (!c.sync) return because('excluded', 'Sync with Partner Center is off on the record.', 'Switch it on to send what was edited there.', unsent)
  const answer = c.ref.kind === 'lead' ? 'Qualify the lead' : 'Move the opportunity on from where it waits'
  return because('unanswered', 'Edits made in the CRM are not sent until the deal is accepted.', `${answer}, or run "cosell deals accept": they are sent then.`, unsent)
}

function attentionOf({ p, c, link }: Meeting, draft: Draft): Reason | null {
  if (draft.reopened !== null) return because('reopened', draft.reopened, 'Close the record again, or create a new opportunity for the new deal.')
  const held = draft.conflicts.filter(isHeld)
  const first = held[0]
  if (first !== undefined) {
    // What the partner does not take is no choice between two values, and waits for a person all the same.
    const items = [...held.map((conflict) => `${conflict.field}: ${conflict.reason}`), ...draft.blocked]
    const also = draft.blocked.map((text) => ` ${text}`).join('')
    return first.kind === 'confirm'
      ? because('confirm', first.reason, first.forbidden === true ? DO_IT_YOURSELF : 'Say yes or no in the console, or with "cosell conflicts resolve".', items)
      : because('conflict', `${held.length === 1 ? first.field : `${held.length} fields`}: both sides differ and a person must choose.${also}`, 'Choose with "cosell conflicts resolve" or in the console.', items)
  }
  if (draft.blocked.length > 0) {
    return because('preflight', draft.blocked.join(' '), 'Complete the CRM record; the change is sent as soon as nothing is missing.', draft.blocked)
  }
  return identifierChanged({ p, c, link })
}

/** An identifier that somebody changed by hand is reported, never followed. */
function identifierChanged({ p, c, link }: Pick<Meeting, 'p' | 'c' | 'link'>): Reason | null {
  const former = (id: string): boolean => link.aliases.some((alias) => alias.id === id)
  const wrong = (id: string | null, expected: string): boolean => !isEmpty(id) && id !== expected && id !== null && !former(id)
  if (wrong(c.otherId, p.ref.id)) {
    return because('identifier-changed', `The record's referral identifier was changed to "${c.otherId ?? ''}"; it belongs to ${p.ref.id}.`, 'Put the identifier back, or unlink the deal.')
  }
  if (wrong(p.otherId, c.ref.id)) {
    return because('identifier-changed', `The referral's CRM id was changed to "${p.otherId ?? ''}"; it belongs to ${c.ref.id}.`, 'Put the id back in Partner Center, or unlink the deal.')
  }
  return null
}
