import type { Conflict } from './change.js'
import { HELP, isEmpty, VISIBILITY, type Projection } from './deal.js'
import { because, DO_IT_YOURSELF, doorShut, FLOW_OFF, rest, whoRefused, type Door, type Plan, type PlanInput } from './plan-types.js'
import { carriedOnCreate, fieldsFor } from './policy.js'
import type { Present, Reading } from './ports.js'
import type { Link } from './link.js'
import { preflight } from './preflight.js'
import type { EndKind, Side } from './ref.js'
import { isClosed, phaseOf } from './stage.js'

/** Only one record exists: make the other where policy opens it, else say why not. */
export function planFirst(input: PlanInput): Plan {
  const { partner, crm } = input.now
  if (partner.kind === 'present') return firstInCrm(input, partner)
  if (crm.kind === 'present') return firstAtPartner(input, crm)
  return rest(input.link, 'settled', 'unlinked', because('absent', 'Neither system has this record.', 'Nothing to do.'))
}

const excluded = (input: PlanInput, text: string, remedy: string): Plan =>
  rest(input.link, 'settled', 'unlinked', because('excluded', text, remedy))

/** A referral without a CRM record becomes an opportunity, or a lead while it is one and nobody has accepted it. */
function firstInCrm(input: PlanInput, p: Present): Plan {
  const stage = p.deal.status ?? 'Active/Accepted'
  if (input.policy.flows.partnerToCrm === 'off') return excluded(input, ...FLOW_OFF.partnerToCrm)
  if (p.category === 'lead' && !input.policy.leads) return excluded(input, 'It is a lead, and leads are not synchronised (sync.leads).', 'Set sync.leads to true.')
  if (p.otherId !== null || isTaken(input.now.crm)) return linkedRecordMissing(input, 'crm', p)
  const over = stage === 'Closed/Declined' || stage === 'Closed/Expired' || stage === 'Closed/Error'
  if (over || (p.category === 'lead' && isClosed(stage))) {
    return excluded(input, `It was already closed (${stage}) when it was first seen.`, 'Nothing to do.')
  }
  const as: EndKind = p.category === 'lead' && phaseOf(stage) === 'waiting' ? 'lead' : 'opportunity'
  // A won or lost deal is made open and closed in the next pass: a CRM closes records by an action of its own.
  const initial = isClosed(stage) ? 'Active/Accepted' : stage
  const deal = { ...carriedOnCreate(fieldsFor(input.policy, as), 'crm', p.deal), status: initial }
  const stamp = { otherId: p.ref.id, link: input.partnerUrl(p.ref.id), sync: true as const }
  return {
    ...rest(input.link, 'settled', 'pending', null),
    verdict: 'act',
    changes: [
      {
        change: { kind: 'create', side: 'crm', as, marker: input.crmMarker(), deal, stamp },
        agreed: { partner: { ...p.deal, status: initial }, crm: input.canonical.crm(deal, as) },
      },
    ],
  }
}

/** An opportunity whose seller switched Sync on becomes a referral. */
function firstAtPartner(input: PlanInput, c: Present): Plan {
  if (!c.sync) return excluded(input, 'Sync with Partner Center is off on the record.', 'Switch it on to share the deal.')
  if (c.ref.kind === 'lead' && isTaken(input.now.partner)) return linkedRecordMissing(input, 'partner', c)
  if (c.ref.kind === 'lead') return excluded(input, 'It is a CRM lead; a deal is shared from an opportunity.', 'Qualify the lead, then switch Sync on.')
  if (input.policy.flows.crmToPartner === 'off') return excluded(input, ...FLOW_OFF.crmToPartner)
  if (c.otherId !== null || isTaken(input.now.partner)) return linkedRecordMissing(input, 'partner', c)
  if (c.sealed || isClosed(c.deal.status ?? 'Active/Accepted')) return excluded(input, 'It was closed before it was shared.', 'Reopen it to share it.')
  return shareNow(input, c)
}

const SHARED_ALL_THE_SAME =
  'To share it all the same, run "cosell deals share". To share it with Partner Center alone, take visibility and help off the record.'

function shareNow(input: PlanInput, c: Present): Plan {
  const told = carriedOnCreate(fieldsFor(input.policy, c.ref.kind), 'partner', c.deal)
  const visible = told[VISIBILITY] === true || !isEmpty(told[HELP])
  const full = input.canonical.partner({ ...told, [VISIBILITY]: visible, [HELP]: told[HELP] ?? null }, 'referral')
  const issues = preflight(full)
  if (issues.length > 0) {
    const items = issues.map((issue) => issue.text)
    const text = `The deal cannot be shared yet: ${items.join(' ')}`
    return rest(input.link, 'hold', 'needs-attention', because('preflight', text, 'Complete the record; it is shared as soon as nothing is missing.', items))
  }
  // A request for help is asked about as what it is, so that one word is enough for the record and for the request that follows it.
  const field = isEmpty(told[HELP]) ? VISIBILITY : HELP
  const saw = { partner: undefined, crm: c.deal[field] ?? null }
  const door: Door = { side: 'partner', take: 'share', field, saw }
  const shut = visible ? doorShut(input, door) : null
  if (shut !== null) return heldAtDoor(input, shut, whoRefused(input, door))
  // Microsoft's referral is a second call of its own; the base says "no help yet" on both sides, so that the next pass asks for it.
  const noHelp: Projection = HELP in c.deal ? { [HELP]: null } : {}
  const deal: Projection = { ...full, [HELP]: null }
  return {
    ...rest(input.link, 'settled', 'pending', null),
    verdict: 'act',
    changes: [
      {
        change: { kind: 'create', side: 'partner', as: 'referral', marker: c.ref.id, deal, stamp: { otherId: c.ref.id } },
        agreed: { partner: { ...deal, status: 'Active/Accepted' }, crm: { ...c.deal, ...noHelp } },
      },
    ],
  }
}

/** A no is an answer: nobody is asked again until the record asks for something else. */
function heldAtDoor(input: PlanInput, shut: Conflict, refusedBy: string | null): Plan {
  if (refusedBy !== null) return excluded(input, `${refusedBy} said no to sharing this deal with Microsoft.`, SHARED_ALL_THE_SAME)
  const plan = rest(input.link, 'hold', 'needs-attention', because('confirm', shut.reason, shut.forbidden === true ? DO_IT_YOURSELF : 'Run "cosell deals share" or confirm it in the console.'))
  return { ...plan, conflicts: [shut] }
}

/** An identifier that a person wrote, or that came along with a copy or a merge, is reported and never followed. */
function linkedRecordMissing({ link, now }: PlanInput, gone: Side, here: Present): Plan {
  const reading = now[gone]
  const owner = reading.kind === 'absent' ? (reading.belongsTo ?? null) : null
  const named = String(here.otherId ?? reading.ref?.id)
  if (owner === here.ref.id) return besideNamesake(link, named, here.ref.kind)
  const text =
    here.otherId === null && owner !== null
      ? namedByAnothers(gone, named, owner)
      : gone === 'partner'
        ? identifierWithout(named, owner)
        : crmIdWithout(named, owner)
  const [referral, crm] = gone === 'partner' ? [named, here.ref.id] : [here.ref.id, named]
  const remedy =
    owner === null
      ? 'Connect the right records with "cosell deals link", or clear the identifier.'
      : `If these two are one deal: "cosell deals unlink ${owner}", then "cosell deals link --referral ${referral} --crm ${crm}". Else clear the identifier.`
  return rest(link, 'hold', 'needs-attention', because('linked-record-missing', text, remedy))
}
/** A lead and an opportunity of one referral: made by two processes, one of which had stood still, under the id that follows from the referral. */
function besideNamesake(link: Link, referral: string, kind: EndKind): Plan {
  const other = kind === 'lead' ? 'opportunity' : 'lead'
  const text = `The deal of referral "${referral}" goes on with the ${other} of the same id; this ${kind} was made for it too.`
  return rest(link, 'hold', 'needs-attention', because('linked-record-missing', text, `If nobody needs this ${kind}, delete it in the CRM. Else clear its identifier.`))
}

/** The record that names this one is part of another deal: somebody wrote its identifier by hand. */
const isTaken = (reading: Reading): boolean => reading.kind === 'absent' && reading.belongsTo !== undefined
const namedByAnothers = (side: Side, named: string, owner: string): string =>
  side === 'crm'
    ? `CRM record "${named}" carries the identifier of this referral, but it belongs to the deal of referral "${owner}".`
    : `Referral "${named}" names this record, but it belongs to the deal of CRM record "${owner}".`
const identifierWithout = (named: string, owner: string | null): string =>
  owner === null
    ? `The CRM record carries referral identifier "${named}", but Partner Center has no such referral.`
    : `The CRM record carries referral identifier "${named}", but that referral belongs to CRM record "${owner}".`
const crmIdWithout = (named: string, owner: string | null): string =>
  owner === null
    ? `Partner Center says that this referral belongs to CRM record "${named}", but the CRM has no such record.`
    : `Partner Center says that this referral belongs to CRM record "${named}", but that record carries referral identifier "${owner}".`
