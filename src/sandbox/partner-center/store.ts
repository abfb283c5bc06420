import type { SandboxClock } from '../clock.js'
import type { SandboxRng } from '../rng.js'
import { listingIndex, type ListingIndex } from './listing-index.js'
import type { Referral } from './model.js'
import type { PartnerCenterOptions } from './options.js'
import { stampOf, stamps, type Stamps } from './stamps.js'

/**
 * A new referral before the store gives it its id, stamps and etag; these are there but empty, because copying a record is
 * many times faster when no property is added. `acceptedDateTime` says `now` on a deal that starts accepted.
 */
export type Draft = Referral & { readonly acceptedDateTime: 'now' | null }

export interface Change {
  readonly kind: 'created' | 'updated'
  readonly referral: Referral
}

/** Every referral of the simulated Partner Center. Each write gets a stamp and an etag of its own. */
export interface Store {
  get(id: string): Referral | undefined
  ofEngagement(engagementId: string): readonly Referral[]
  add(draft: Draft): Referral
  /** An old record that appears without anyone noticing: no event, and a creation time in the past. */
  addSilently(draft: Draft, createdAtMs: number): Referral
  replace(changed: Referral): Referral
  all(): IterableIterator<Referral>
  readonly size: () => number
  readonly index: ListingIndex
  now(): string
}

export function store(deps: {
  clock: SandboxClock
  rng: SandboxRng
  options: PartnerCenterOptions
  onChange: (change: Change) => void
}): Store {
  const { clock, rng, options, onChange } = deps
  const byId = new Map<string, Referral>()
  const engagements = new Map<string, string[]>()
  const clockwork: Stamps = stamps(clock)
  const index = listingIndex(deps)
  let writes = 0
  const expiries = expiryCalendar(clock, (id) => {
    const referral = byId.get(id)
    if (referral?.status !== 'New') return
    replace({ ...referral, status: 'Closed', substatus: 'Expired', closedDateTime: clockwork.next(options.timestamps) })
  })

  const nextETag = (): string => {
    writes += 1
    const seconds = Math.floor(clock.now() / 1_000)
    return `"${writes.toString(16).padStart(8, '0')}-0000-0800-0000-${seconds.toString(16).padStart(8, '0')}0000"`
  }

  const keep = (referral: Referral): Referral => {
    byId.set(referral.id, referral)
    index.put(referral)
    return referral
  }

  const insert = (draft: Draft, at: string): Referral => {
    const referral: Referral = {
      ...draft,
      id: rng.guid(),
      createdDateTime: at,
      updatedDateTime: at,
      acceptedDateTime: draft.acceptedDateTime === 'now' ? at : null,
      eTag: nextETag(),
    }
    const members = engagements.get(referral.engagementId)
    if (members === undefined) engagements.set(referral.engagementId, [referral.id])
    else members.push(referral.id)
    const { status, expirationDateTime } = referral
    if (status === 'New' && expirationDateTime !== null) expiries.put(referral.id, Date.parse(expirationDateTime))
    return keep(referral)
  }

  const replace = (changed: Referral): Referral => {
    const referral = keep({ ...changed, updatedDateTime: clockwork.next(options.timestamps), eTag: nextETag() })
    onChange({ kind: 'updated', referral })
    return referral
  }

  return {
    get: (id) => byId.get(id.toLowerCase()),
    ofEngagement: (engagementId) => (engagements.get(engagementId.toLowerCase()) ?? []).flatMap((id) => byId.get(id) ?? []),
    add(draft) {
      const referral = insert(draft, clockwork.next(options.timestamps))
      onChange({ kind: 'created', referral })
      return referral
    },
    addSilently: (draft, createdAtMs) => insert(draft, stampOf(createdAtMs, writes % 10_000)),
    replace,
    all: () => byId.values(),
    size: () => byId.size,
    index,
    now: () => clockwork.next(options.timestamps),
  }
}

/** One job on the clock per moment of expiry, however many referrals expire then: most expire at midnight together. */
function expiryCalendar(clock: SandboxClock, expire: (id: string) => void): { put(id: string, atMs: number): void } {
  const moments = new Map<number, string[]>()
  return {
    put(id, atMs) {
      const together = moments.get(atMs)
      if (together !== undefined) return void together.push(id)
      moments.set(atMs, [id])
      clock.at(atMs, () => {
        const due = moments.get(atMs) ?? []
        moments.delete(atMs)
        due.forEach(expire)
      })
    },
  }
}
