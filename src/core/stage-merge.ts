import { isClosed, phaseOf, type Phase, type Stage, type Take } from './stage.js'
import { assertNever, type Side } from './ref.js'

/** What to do about the stage of a deal. `via`: the stage to remember for the side that moved, when one call covers only half of its way. */
export type StageMove =
  | { readonly kind: 'none' }
  | { readonly kind: 'adopt' }
  | { readonly kind: 'step'; readonly side: Side; readonly take: Take; readonly via: Stage | null; readonly lost: boolean }
  | { readonly kind: 'patch'; readonly stage: Stage }
  | { readonly kind: 'hold'; readonly code: 'conflict' | 'reopened'; readonly reason: string }

export interface StageInput {
  readonly partner: Stage
  readonly crm: Stage
  readonly partnerChanged: boolean
  readonly crmChanged: boolean
  /** What the CRM would show for the partner's stage; equal to `crm` when the two agree. */
  readonly partnerAsCrm: Stage
  readonly crmKind: 'opportunity' | 'lead'
}

const NONE: StageMove = { kind: 'none' }
const ADOPT: StageMove = { kind: 'adopt' }
const step = (side: Side, take: Take, via: Stage | null = null): StageMove => ({ kind: 'step', side, take, via, lost: false })
const hold = (code: 'conflict' | 'reopened', reason: string): StageMove => ({ kind: 'hold', code, reason })

/** Decides the stage from who moved since the two last agreed. One-way doors are only ever taken after a person's move on the other side. */
export function mergeStage(input: StageInput): StageMove {
  if (!input.partnerChanged && !input.crmChanged) return NONE
  if (input.partnerAsCrm === input.crm || closedAlike(input)) return ADOPT
  if (!input.crmChanged) return followPartner(input)
  if (!input.partnerChanged) return followCrm(input)
  return bothMoved(input)
}

/** Won is won and lost is lost, by whatever word (declined, expired): there is no door left to pass. */
function closedAlike({ partner, crm }: StageInput): boolean {
  return isClosed(partner) && isClosed(crm) && phaseOf(partner) === phaseOf(crm)
}

/** The partner's stage moved: bring the CRM record there. A closed referral closes the record, an accepted one opens it. */
export function followPartner({ partner, crm, crmKind }: StageInput): StageMove {
  const to = phaseOf(partner)
  const from = phaseOf(crm)
  switch (to) {
    case 'waiting':
      return ADOPT
    case 'open':
      if (crmKind === 'lead') return from === 'waiting' ? step('crm', 'qualify') : reopenNeeded(from)
      return from === 'waiting' ? { kind: 'patch', stage: 'Active/Accepted' } : reopenNeeded(from)
    case 'won':
      if (from === 'lost') return wonAgainstLost('partner')
      return crmKind === 'lead' ? step('crm', 'qualify', 'Active/Accepted') : step('crm', 'win')
    case 'lost':
      if (from === 'won') return wonAgainstLost('crm')
      return step('crm', crmKind === 'lead' ? 'decline' : 'lose')
    default:
      return assertNever(to)
  }
}

function reopenNeeded(crmPhase: Phase): StageMove {
  return crmPhase === 'open' ? ADOPT : hold('conflict', 'The referral is active, the CRM record is closed.')
}
function wonAgainstLost(winner: Side): StageMove {
  return hold('conflict', `Won in ${winner === 'partner' ? 'Partner Center' : 'the CRM'} and lost in the other: a person must say which is true.`)
}

/** The CRM's stage moved: a person accepted, declined, won or lost there. */
export function followCrm({ partner, crm, crmKind }: StageInput): StageMove {
  const to = phaseOf(crm)
  const from = phaseOf(partner)
  switch (to) {
    case 'waiting':
      return from === 'waiting' || from === 'open' ? ADOPT : reopened()
    case 'open':
      if (from === 'waiting') return crmKind === 'lead' ? ADOPT : step('partner', 'accept')
      return from === 'open' ? ADOPT : reopened()
    case 'won':
      if (from === 'waiting') return step('partner', 'accept', 'Active/Accepted')
      return from === 'open' ? step('partner', 'win') : wonAgainstLost('crm')
    case 'lost':
      if (from === 'waiting') return step('partner', 'decline')
      return from === 'open' ? step('partner', 'lose') : wonAgainstLost('partner')
    default:
      return assertNever(to)
  }
}

function reopened(): StageMove {
  return hold(
    'reopened',
    'The CRM record was reopened, but its referral is closed in Partner Center and cannot be reopened. Nothing is sent for it any more.',
  )
}

/** Both moved: take the move that is still legal for the other side. The other person's move is recorded as overruled. */
function bothMoved(input: StageInput): StageMove {
  const partner = phaseOf(input.partner)
  const crm = phaseOf(input.crm)
  if ((partner === 'won' && crm === 'lost') || (partner === 'lost' && crm === 'won')) {
    return wonAgainstLost(partner === 'won' ? 'partner' : 'crm')
  }
  // A closed referral takes no move any more, so the CRM follows; otherwise the CRM's close or acceptance is still legal.
  const move = partner === 'won' || partner === 'lost' ? followPartner(input) : crm === 'waiting' ? followPartner(input) : followCrm(input)
  return move.kind === 'step' ? { ...move, lost: true } : move
}
