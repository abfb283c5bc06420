import type { Dataverse } from '../../src/sandbox/dataverse/index.js'
import type { PartnerCenter, Referral } from '../../src/sandbox/partner-center/index.js'
import type { LeapClock } from './hand-clock.js'

export type Actor = 'person' | 'cosell'
export type Side = 'partner' | 'crm'
/** What the checker looks at on a record, in words that are the same on both sides. */
export interface Shown {
  readonly value: number | null
  readonly notes: string | null
  readonly date: string | null
  readonly currency: string | null
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
  /** Looks at both systems; what is new since the last look was done by this actor. */
  look(actor: Actor): void
}

const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
const number = (value: unknown): number | null => (typeof value === 'number' ? value : null)
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

export function truth(deps: { readonly partner: PartnerCenter; readonly crm: Dataverse; readonly clock: LeapClock }): Truth {
  const { partner, crm, clock } = deps
  const records = new Map<string, Known>()
  const happenings: Happening[] = []
  const theirs = new Map<string, string[]>()
  const seenReferrals = new Map<string, Referral>()
  const seenVersions = new Map<string, unknown>()
  let crmVersion = -1
  const note = (actor: Actor, record: Known, change: Pick<Happening, 'field' | 'from' | 'to'>): void =>
    void happenings.push({ order: happenings.length, atMs: clock.now(), actor, record, ...change })

  const see = (actor: Actor, fresh: Omit<Known, 'madeBy' | 'madeAtMs' | 'gone'>): void => {
    const before = records.get(fresh.id)
    if (before === undefined) {
      const made: Known = { ...fresh, madeBy: actor, madeAtMs: clock.now(), gone: false }
      records.set(fresh.id, made)
      note(actor, made, { field: 'made', from: null, to: fresh.kind })
      for (const field of SHOWN_FIELDS) note(actor, made, { field, from: null, to: fresh.shown[field] })
      return
    }
    // Deleted before the connector knew of it, and made again under the same id.
    before.gone = false
    const shown = before.shown
    before.shown = fresh.shown
    for (const field of SHOWN_FIELDS)
      if (shown[field] !== fresh.shown[field]) note(actor, before, { field, from: shown[field], to: fresh.shown[field] })
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
          engagementId: referral.engagementId,
          shown: referralShown(referral),
        })
      else if (isNew) theirs.set(referral.engagementId, [...(theirs.get(referral.engagementId) ?? []), referral.id])
    }
  }

  const lookAtCrm = (actor: Actor): void => {
    if (crm.version() === crmVersion) return
    crmVersion = crm.version()
    const currencies = new Map(crm.find('transactioncurrency').map((row) => [row['transactioncurrencyid'], text(row['isocurrencycode'])]))
    const solutions = new Map<unknown, string[]>()
    for (const row of crm.find('cosell_microsoftsolution')) {
      const parent = row['_cosell_opportunityid_value']
      solutions.set(parent, [...(solutions.get(parent) ?? []), String(row['cosell_solutionid'])])
    }
    const present = new Set<string>()
    for (const kind of ['opportunity', 'lead'] as const) {
      for (const row of crm.find(kind)) {
        const id = String(row[`${kind}id`])
        present.add(id)
        const solved = list(solutions.get(id) ?? [])
        if (seenVersions.get(id) === row['versionnumber'] && records.get(id)?.shown.solutions === solved) continue
        seenVersions.set(id, row['versionnumber'])
        const shown: Shown = {
          value: number(row[kind === 'lead' ? 'estimatedamount' : 'estimatedvalue']),
          notes: text(row['description']),
          date: dayOf(text(row['estimatedclosedate'])),
          currency: currencies.get(row['_transactioncurrencyid_value']) ?? null,
          solutions: solved,
          stage: `${String(row['statecode'])}/${String(row['statuscode'])}`,
          visible: row['cosell_referralvisibility'] === true,
          otherId: text(row['cosell_referralidentifier']),
          sync: row['cosell_syncwithpartnercenter'] === true,
          name: text(row[kind === 'lead' ? 'subject' : 'name']),
        }
        see(actor, { side: 'crm', kind, id, cameFrom: text(row['_originatingleadid_value']), engagementId: null, shown })
      }
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
    look(actor) {
      lookAtPartner(actor)
      lookAtCrm(actor)
    },
  }
}
