import type { Change, Conflict } from './change.js'
import { HELP, isEmpty, sameValue, type Base, type Field, type FieldValue, type Projection } from './deal.js'
import type { Link, LinkState, Reason } from './link.js'
import type { Policy } from './policy.js'
import type { Present, Readings } from './ports.js'
import { otherSide, SIDES, type EndKind, type Instant, type Side } from './ref.js'
import type { Take } from './stage.js'

/** One write of a plan and what the bases become once it is known to have happened. */
export interface PlannedChange {
  readonly change: Change
  readonly agreed: Base
}

/**
 * What one pass will do. `act`: the changes, in order, at most one patch and then the steps per record ·
 * `settled`: nothing to write · `hold`: a person is needed (other fields may still be written) · `wait`: look again later.
 */
export interface Plan {
  readonly verdict: 'settled' | 'act' | 'wait' | 'hold'
  readonly changes: readonly PlannedChange[]
  readonly conflicts: readonly Conflict[]
  readonly adopted: readonly Field[]
  /** The base with everything adopted that needs no write. */
  readonly base: Base | null
  readonly state: LinkState
  readonly reason: Reason | null
  /** Orders of a person that can no longer be carried out, each with the reason. */
  readonly dropped: readonly { readonly take: Take; readonly why: string }[]
}

export type Canonical = { readonly [S in Side]: (deal: Projection, as: EndKind) => Projection }

export interface PlanInput {
  readonly link: Link
  readonly now: Readings
  readonly policy: Policy
  readonly canonical: Canonical
  /** The id that a CRM record made for this deal will have, where the CRM lets us choose. */
  readonly crmMarker: () => string
  readonly at: Instant
  /** The referral's page in Partner Center, written onto the CRM record. */
  readonly partnerUrl: (referralId: string) => string
}

/** Both records are there. */
export interface Meeting extends PlanInput {
  readonly p: Present
  readonly c: Present
}

/** Why nothing flows, by the switch that says so. */
export const FLOW_OFF = {
  partnerToCrm: ['The flow from Partner Center to the CRM is off.', 'Run "cosell flows on partnerToCrm".'],
  crmToPartner: ['The flow from the CRM to Partner Center is off.', 'Run "cosell flows on crmToPartner".'],
} as const

export const because = (code: Reason['code'], text: string, remedy: string, items?: readonly string[]): Reason =>
  items === undefined ? { code, text, remedy } : { code, text, remedy, items }

/** A plan that writes nothing. */
export function rest(link: Link, verdict: 'settled' | 'wait' | 'hold', state: LinkState, reason: Reason | null): Plan {
  return { verdict, changes: [], conflicts: [], adopted: [], base: link.base, state, reason, dropped: [] }
}

/** What a side shows of a field; a field this look did not carry counts as unchanged since the base. */
export function shown({ p, c, link }: Meeting, field: Field): { partner: FieldValue | undefined; crm: FieldValue | undefined } {
  return {
    partner: field in p.deal && !isStillToBeShown(p.deal, link, field) ? p.deal[field] : link.base?.partner[field],
    crm: field in c.deal ? c.deal[field] : link.base?.crm[field],
  }
}

/** Nobody can take back that Microsoft was asked for help: a listing without Microsoft's referral is behind, as it may be for a while after a creation. */
const isStillToBeShown = (deal: Projection, link: Link, field: Field): boolean =>
  field === HELP && isEmpty(deal[HELP] ?? null) && !isEmpty(link.base?.partner[HELP] ?? null)

/** Where the policy forbids a door. */
export const DO_IT_YOURSELF = 'Do it by hand in that system, or put the record back; the setting can be changed too.'

/** A door and what a person is asked about it. */
export interface Door {
  readonly side: Side
  readonly take: Take
  readonly field: Field
  readonly saw: Conflict['saw']
}

/**
 * Whether policy lets a one-way door be taken now. A person's order opens it once; a word about what both sides show opens it for as long as
 * they show that, and so no other door.
 * @returns null when it is open, else what is held until then.
 */
export function doorShut({ link, policy }: Pick<PlanInput, 'link' | 'policy'>, { side, take, field, saw }: Door): Conflict | null {
  if (take === 'qualify' || take === 'reopen' || policy.irreversible === 'allow') return null
  const held = { field, kind: 'confirm', saw, winner: null, door: side } as const
  if (policy.irreversible === 'forbid') return { ...held, forbidden: true, reason: `The setting sync.irreversible forbids the connector to ${doorName(side, take)}.` }
  if (link.approvals.includes(`${side}:${take}`)) return null
  const word = link.decisions.find((decision) => decision.field === field)
  if (word?.keep === otherSide(side) && sameSight(word.saw, saw)) return null
  return { ...held, reason: `Waits for a person's word to ${doorName(side, take)}, because it cannot be taken back.` }
}

/** Who said no to this door, while both sides still show what they showed then. */
export function whoRefused({ link, policy }: Pick<PlanInput, 'link' | 'policy'>, { side, field, saw }: Door): string | null {
  const word = policy.irreversible === 'confirm' ? link.decisions.find((decision) => decision.field === field) : undefined
  return word?.keep === side && sameSight(word.saw, saw) ? word.by : null
}

/** Of a record that is not there yet nothing was seen, which is as good as empty. */
const sameSight = (a: Conflict['saw'], b: Conflict['saw']): boolean =>
  SIDES.every((side) => sameValue(a[side] ?? null, b[side] ?? null))

function doorName(side: Side, take: Take): string {
  if (take === 'share') return 'share this deal with Microsoft'
  const verb = take === 'win' ? 'close as won' : take === 'lose' ? 'close as lost' : take
  return side === 'partner' ? `${verb} the referral in Partner Center` : `${verb} the CRM record`
}
