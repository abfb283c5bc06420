import type { Field, FieldValue, Projection } from './deal.js'
import type { EndKind, EndRef, Side, Version } from './ref.js'
import type { Take } from './stage.js'

/** What the connector itself keeps on a record, outside the deal: `undefined` leaves a field as it is. */
export interface Stamp {
  /** The other record's id: `externalReferenceId` on a referral, the referral identifier on a CRM record. */
  readonly otherId?: string
  /** The CRM's switch *Sync with Partner Center*. */
  readonly sync?: true
  /** Deep link to the referral. */
  readonly link?: string
  /** The whole audit text, newest line first, already trimmed to the field's limit. */
  readonly audit?: string
  /** One of the five words, with the reason's sentence. */
  readonly status?: string
  readonly problem?: string | null
  /** ISO-8601 UTC. */
  readonly lastSynced?: string
}

/** One write. `expect` is the version it was planned on: the adapter refuses (fault `stale`) when the record has moved. */
export type Change =
  | {
      readonly kind: 'create'
      readonly side: Side
      /** `related`: the second referral of an engagement, the one for Microsoft. */
      readonly as: EndKind | 'related'
      /**
       * What makes a repeat recognisable. Partner `referral`: the CRM id (goes into `externalReferenceId`) · `related`: the engagement id ·
       * CRM records: a GUID of our own that becomes the record's id, or the referral id where ids cannot be chosen.
       */
      readonly marker: string
      readonly deal: Projection
      readonly stamp: Stamp
    }
  | {
      readonly kind: 'patch'
      readonly side: Side
      readonly ref: EndRef
      readonly expect: Version | null
      readonly set: Projection
      readonly stamp: Stamp
    }
  | {
      readonly kind: 'step'
      readonly side: Side
      readonly ref: EndRef
      readonly expect: Version | null
      readonly take: Take
      /** Free text for `decline` and `lose`. */
      readonly reason: string | null
      /** Fields and stamp that ride in the same call where the side can do so (CRM); empty on the partner side. */
      readonly set: Projection
      readonly stamp: Stamp
    }

export type CreateChange = Extract<Change, { kind: 'create' }>
export type PatchChange = Extract<Change, { kind: 'patch' }>
export type StepChange = Extract<Change, { kind: 'step' }>

/** Who wins a field that both sides changed. There is no "newest": two systems' clocks are not comparable. */
export type Rule = 'partner' | 'crm' | 'union' | 'hold'

/**
 * A difference that was decided or waits for a person. `winner: null` = held. Every human value that is overwritten stands in one.
 * `confirm` = a one-way door that policy wants asked about; `info` = shown, nothing to decide.
 */
export interface Conflict {
  readonly field: Field
  readonly kind: 'edit/edit' | 'create/create' | 'edit/absent' | 'stage' | 'restore' | 'confirm' | 'info'
  readonly saw: { readonly [S in Side]: FieldValue | undefined }
  readonly winner: Side | null
  readonly reason: string
  /** For `confirm`: the side on which the door is. A yes keeps the other side. */
  readonly door?: Side
  /** For `confirm`: the policy never opens the door, whatever a person says. */
  readonly forbidden?: true
}

export const createKey = (change: Change): string =>
  change.kind === 'create' ? `create:${change.side}:${change.as}` : change.kind === 'step' ? `step:${change.side}:${change.take}` : `patch:${change.side}`

/** Whether a patch or step would alter anything at all. */
export const isEmptyPatch = (change: PatchChange): boolean => Object.keys(change.set).length === 0 && Object.keys(change.stamp).length === 0
