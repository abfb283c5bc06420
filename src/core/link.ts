import { HELP, isEmpty, type Base, type Field, type FieldValue } from './deal.js'
import type { Change, Conflict } from './change.js'
import type { Newest } from './newest.js'
import type { EndRef, Instant, LinkId, Ref, Side } from './ref.js'
import type { Stage, Take } from './stage.js'

/** The five words for the state of a deal, the same in console, API, CRM status field and docs. */
export const LINK_STATES = ['in-sync', 'pending', 'needs-attention', 'stopped', 'unlinked'] as const
export type LinkState = (typeof LINK_STATES)[number]

/** Why a deal is in its state. The code is stable and documented; the text is one sentence for a person, with the remedy after it. */
export interface Reason {
  readonly code: ReasonCode
  readonly text: string
  readonly remedy: string
  /** For `retrying`: when the next attempt is due. */
  readonly until?: Instant
  /** Single messages, for example one per missing item of a share. */
  readonly items?: readonly string[]
}
export const REASON_CODES = [
  'retrying',
  'conflict',
  'confirm',
  'unanswered',
  'preflight',
  'rejected',
  'unmapped-value',
  'missing-record',
  'linked-record-missing',
  'duplicate-marker',
  'ambiguous-account',
  'identifier-changed',
  'reopened',
  'absent',
  'excluded',
  'closed',
  'ignored',
  'brake',
  'given-up',
  'observing',
] as const
export type ReasonCode = (typeof REASON_CODES)[number]

/** A write that was decided, saved before it is sent, so that a crash is never mistaken for a person's edit. */
export interface Intent {
  readonly change: Change
  /** What the bases become, field by field, when the write is known to have happened. */
  readonly agreed: Base
  /** A create of unknown fate is searched for by its marker only after this moment (lease end + the side's listing lag). */
  readonly searchAfter: Instant
  /** Where the search was put off: when it was to begin before. What was made may be as old as that says. */
  readonly putOffFrom?: Instant
}

/** A person's instruction given here, not on a record: taken once, then removed. */
export interface Order {
  readonly take: Take
  readonly reason: string | null
  readonly by: string
  readonly at: Instant
}

/** A person's choice in a conflict. It holds only while both sides still show what the person saw. */
export interface Decision {
  readonly field: Field
  readonly keep: Side
  readonly saw: { readonly [S in Side]: FieldValue | undefined }
  readonly by: string
  readonly at: Instant
}

/** One deal: its two ends and what they showed when they last agreed. */
export interface Link {
  readonly id: LinkId
  readonly revision: number
  readonly ends: { readonly [S in Side]: EndRef | null }
  /** Other referrals of the same engagement (Microsoft's, another partner's): read with ours, never written as ours. */
  readonly aliases: readonly EndRef[]
  /** Records whose changes also concern this deal (account, contact, solution rows). */
  readonly parts: readonly Ref[]
  readonly engagementId: string | null
  readonly base: Base | null
  /** The newest known state of its referral; absent: not read yet, or by an earlier version. */
  readonly newest?: Newest
  /** Fingerprint of the mapping rows under which the base was agreed; absent in deals of earlier versions. */
  readonly mapping?: string | null
  readonly intents: readonly Intent[]
  /** Creations that were searched for in vain, and may yet make their record; they go when that side's record is known. Absent: never was one. */
  readonly givenUp?: readonly Intent[]
  readonly orders: readonly Order[]
  readonly decisions: readonly Decision[]
  /** Steps that policy `confirm` asked about and a person allowed, as `side:take`. Used up by the step. */
  readonly approvals: readonly string[]
  readonly conflicts: readonly Conflict[]
  /** First moment at which an end that existed was found absent. */
  readonly absentSince: { readonly [S in Side]: Instant | null }
  /** Audit lines that still have to be written onto the CRM record. */
  readonly notes: readonly string[]
  /** When lines alone were last written onto the CRM record, oldest first; absent: not lately. */
  readonly lined?: readonly Instant[]
  /** Whether Sync, which was seen on, was off on the record when it was last seen as ours: what replaces it is not switched on then. Absent: never seen on. */
  readonly switchedOff?: boolean
  /** The status and problem last written onto the CRM record, so that nothing is written twice at rest. */
  readonly told: string | null
  /** Fingerprint of a write that was refused for good, so that it is not sent again until something about it changes. */
  readonly rejected: string | null
  /** Why it was refused: the reason of the deal may be another meanwhile, such as a system that is away. Absent: nothing was, or by an earlier version. */
  readonly refusal?: Reason | null
  /** Fingerprint of what observe mode last recorded. */
  readonly observed: string | null
  /** What a person should look into although the deal is in sync; it goes when a person has the deal tried again. Absent in deals of earlier versions. */
  readonly doubt?: Reason | null
  /** Set by a person: leave this deal alone. */
  readonly ignored: boolean
  readonly state: LinkState
  readonly reason: Reason | null
  readonly name: string | null
  readonly kind: 'opportunity' | 'lead'
  readonly stage: Stage | null
  readonly createdAt: Instant
  readonly lastSyncedAt: Instant | null
}

export function newLink(id: LinkId, at: Instant, ends: { partner: EndRef | null; crm: EndRef | null }): Link {
  return {
    id,
    revision: 0,
    ends,
    aliases: [],
    parts: [],
    engagementId: null,
    base: null,
    intents: [],
    orders: [],
    decisions: [],
    approvals: [],
    conflicts: [],
    absentSince: { partner: null, crm: null },
    notes: [],
    told: null,
    rejected: null,
    observed: null,
    ignored: false,
    state: 'pending',
    reason: null,
    name: null,
    kind: 'opportunity',
    stage: null,
    createdAt: at,
    lastSyncedAt: null,
  }
}

/**
 * Records that are being made for this deal under an id of our own choice. Their events may arrive before the answer to the creation does,
 * and must find this deal instead of beginning another.
 */
export function expectedRefs(link: Link): Ref[] {
  return link.intents.flatMap(({ change }): Ref[] =>
    change.kind === 'create' && change.side === 'crm' && change.as !== 'related' && change.as !== 'referral'
      ? [{ side: 'crm', kind: change.as, id: change.marker }]
      : [],
  )
}

/** Whose answer a deal waits for: ours to an inbound deal, or Microsoft's to our request for help. */
export type WaitsFor = 'us' | 'microsoft'
export function waitsFor(link: Link): WaitsFor | null {
  if (link.stage === 'New/Pending' || link.stage === 'New/Received') return 'us'
  const asked = link.stage === 'Active/Accepted' && !isEmpty(link.base?.partner[HELP])
  return asked && (link.base?.partner['microsoft.status'] ?? 'New/Pending').startsWith('New') ? 'microsoft' : null
}

/** Until when an unanswered referral must be accepted or declined, as Partner Center says: an ISO date or time. */
export const answerDue = (link: Link): string | null =>
  link.stage?.startsWith('New/') === true ? (link.base?.partner.expirationDateTime ?? null) : null

/** Folds what a write agreed on into the base: what the target will show, never a later read of it (that may hold someone's edit). */
export function advance(base: Base | null, agreed: Base): Base {
  return { partner: { ...base?.partner, ...agreed.partner }, crm: { ...base?.crm, ...agreed.crm } }
}
