import type { PartnerCenter, Referral } from '../../src/sandbox/partner-center/index.js'
import type { CrmSide } from './crm.js'
import type { LeapClock } from './hand-clock.js'

export type Actor = 'person' | 'cosell'
export type Side = 'partner' | 'crm'
/** What the checker looks at on a record, in words that are the same on both sides. */
export interface Shown {
  readonly value: number | null
  readonly notes: string | null
  readonly date: string | null
  /** Undefined where the record has no currency of its own. */
  readonly currency: string | null | undefined
  readonly solutions: string
  readonly stage: string
  readonly visible: boolean | null
  readonly otherId: string | null
  readonly sync: boolean
  readonly name: string | null
}
export type ShownField = keyof Shown
export const SHOWN_FIELDS: readonly ShownField[] = [
  'value',
  'notes',
  'date',
  'currency',
  'solutions',
  'stage',
  'visible',
  'otherId',
  'sync',
  'name',
]

export type Kind = 'referral' | 'opportunity' | 'lead'
export interface Known {
  readonly side: Side
  readonly kind: Kind
  readonly id: string
  readonly madeBy: Actor
  readonly madeAtMs: number
  /** The lead an opportunity came from. */
  readonly cameFrom: string | null
  /** The account that it was made for. */
  readonly account: string | null
  readonly engagementId: string | null
  shown: Shown
  gone: boolean
}
/** One value of one record changed. */
export interface Happening {
  readonly order: number
  readonly atMs: number
  readonly actor: Actor
  readonly record: Known
  readonly field: ShownField | 'made' | 'gone'
  readonly from: unknown
  readonly to: unknown
}

/** What truly happened in the two systems, seen from outside: who changed what, record by record. */
export interface Truth {
  readonly records: ReadonlyMap<string, Known>
  readonly happenings: readonly Happening[]
  readonly theirs: ReadonlyMap<string, readonly string[]>
  /** Records into whose identifier a person wrote, or that named somebody when a person made them. */
  readonly meddled: Set<string>
  /** The records of the other side that this one ever named, or that named it, where nobody wrote into the identifier by hand. */
  kin(id: string): ReadonlySet<string>
  /** Looks at both systems; what is new since the last look was done by this actor. */
  look(actor: Actor): void
}

const nobody: ReadonlySet<string> = new Set()
const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
const dayOf = (value: string | null): string | null => value?.slice(0, 10) ?? null
const list = (ids: readonly string[]): string =>
  [...ids]
    .map((id) => id.toLowerCase())
    .sort()
    .join(' ')

const referralShown = (referral: Referral): Shown => ({
  value: referral.details.dealValue,
  notes: text(referral.details.notes),
  date: dayOf(referral.details.closingDateTime),
  currency: referral.details.currency,
  solutions: list(referral.details.requirements.solutions.map(({ id }) => id)),
  stage: `${referral.status}/${referral.substatus}`,
  visible: referral.consent.consentToShareReferralWithMicrosoftSellers,
  otherId: referral.externalReferenceId,
  sync: true,
  name: referral.name,
})

export function truth(deps: { readonly partner: PartnerCenter; readonly crm: CrmSide; readonly clock: LeapClock }): Truth {
  const { partner, crm, clock } = deps
  const records = new Map<string, Known>()
  const happenings: Happening[] = []
  const theirs = new Map<string, string[]>()
  const seenReferrals = new Map<string, Referral>()
  let crmVersion = -1
  const meddled = new Set<string>()
  const kin = new Map<string, Set<string>>()
  const tie = (a: string, b: string): void => void kin.set(a, (kin.get(a) ?? new Set()).add(b))
  const note = (actor: Actor, record: Known, change: Pick<Happening, 'field' | 'from' | 'to'>): void => {
    happenings.push({ order: happenings.length, atMs: clock.now(), actor, record, ...change })
    if (change.field !== 'otherId' || typeof change.to !== 'string' || (actor === 'person' && meddled.has(record.id))) return
    tie(record.id, change.to)
    tie(change.to, record.id)
  }

  const see = (actor: Actor, fresh: Omit<Known, 'madeBy' | 'madeAtMs' | 'gone'>): void => {
    const before = records.get(fresh.id)
    if (before === undefined) {
      const made: Known = { ...fresh, madeBy: actor, madeAtMs: clock.now(), gone: false }
      records.set(fresh.id, made)
      note(actor, made, { field: 'made', from: null, to: fresh.kind })
      for (const field of SHOWN_FIELDS) note(actor, made, { field, from: null, to: fresh.shown[field] })
      return
    }
    // Deleted before the connector knew of it, and made again under the same id: what stood there went with the deletion, a person's own act.
    const shown = before.gone && actor === 'cosell' ? null : before.shown
    before.gone = false
    before.shown = fresh.shown
    for (const field of SHOWN_FIELDS) {
      const from = shown?.[field] ?? null
      if (from !== (fresh.shown[field] ?? null)) note(actor, before, { field, from, to: fresh.shown[field] })
    }
  }

  const lookAtPartner = (actor: Actor): void => {
    for (const referral of partner.referrals()) {
      if (seenReferrals.get(referral.id) === referral) continue
      const isNew = !seenReferrals.has(referral.id)
      seenReferrals.set(referral.id, referral)
      if (referral.organizationId === partner.organization.organizationId)
        see(actor, {
          side: 'partner',
          kind: 'referral',
          id: referral.id,
          cameFrom: null,
          account: null,
          engagementId: referral.engagementId,
          shown: referralShown(referral),
        })
      else if (isNew) theirs.set(referral.engagementId, [...(theirs.get(referral.engagementId) ?? []), referral.id])
    }
  }

  const lookAtCrm = (actor: Actor): void => {
    if (crm.version() === crmVersion) return
    crmVersion = crm.version()
    const present = new Set<string>()
    for (const record of crm.records()) {
      present.add(record.id)
      see(actor, { side: 'crm', engagementId: null, ...record })
    }
    for (const record of records.values()) {
      if (record.side !== 'crm' || record.gone || present.has(record.id)) continue
      record.gone = true
      note(actor, record, { field: 'gone', from: null, to: null })
    }
  }

  return {
    records,
    happenings,
    theirs,
    meddled,
    kin: (id) => kin.get(id) ?? nobody,
    look(actor) {
      lookAtPartner(actor)
      lookAtCrm(actor)
    },
  }
}
