import type { SandboxClock } from '../clock.js'
import type { SandboxRng } from '../rng.js'
import { listingIndex, type ListingIndex } from './listing-index.js'
import type { Referral } from './model.js'
import type { PartnerCenterOptions } from './options.js'
import { readLag } from './read-lag.js'
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
  /** What reading it by its id shows; null: not there yet. */
  shown(referral: Referral): Referral | null
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

export interface StoreParts {
  readonly clock: SandboxClock
  readonly rng: SandboxRng
  readonly options: PartnerCenterOptions
  readonly onChange: (change: Change) => void
}

export function store(deps: StoreParts): Store {
  const { clock, rng, options, onChange } = deps
  const byId = new Map<string, Referral>()
  const engagements = new Map<string, string[]>()
  const clockwork: Stamps = stamps(clock)
  const now = () => clockwork.next(options.timestamps)
  const index = listingIndex(deps)
  const lag = readLag(deps)
  let writes = 0
  const expiries = expiryCalendar(clock, (id) => {
    const referral = byId.get(id)
    if (referral?.status !== 'New') return
    replace({ ...referral, status: 'Closed', substatus: 'Expired', closedDateTime: now() })
  })

  const nextETag = (): string => eTagOf(++writes, clock.now())
  const keep = (referral: Referral): Referral => {
    lag.writing(referral.id, byId.get(referral.id))
    index.put(referral)
    byId.set(referral.id, referral)
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
    engagements.set(referral.engagementId, [...(engagements.get(referral.engagementId) ?? []), referral.id])
    expiries.put(referral)
    return keep(referral)
  }

  const replace = (changed: Referral): Referral => {
    const referral = keep({ ...changed, updatedDateTime: now(), eTag: nextETag() })
    onChange({ kind: 'updated', referral })
    return referral
  }

  return {
    get: (id) => byId.get(id.toLowerCase()),
    shown: (referral) => lag.shown(referral),
    ofEngagement: (engagementId) => (engagements.get(engagementId.toLowerCase()) ?? []).flatMap((id) => byId.get(id) ?? []),
    add(draft) {
      const referral = insert(draft, now())
      onChange({ kind: 'created', referral })
      return referral
    },
    addSilently: (draft, createdAtMs) => insert(draft, stampOf(createdAtMs, writes % 10_000)),
    replace,
    all: () => byId.values(),
    size: () => byId.size,
    index,
    now,
  }
}

/** Shaped like the service's own: a counter in front and the second of the write behind, so no two are alike. */
function eTagOf(writes: number, nowMs: number): string {
  const hex = (value: number): string => value.toString(16).padStart(8, '0')
  return `"${hex(writes)}-0000-0800-0000-${hex(Math.floor(nowMs / 1_000))}0000"`
}

/** One job on the clock per moment of expiry, however many referrals expire then: most expire at midnight together. */
function expiryCalendar(clock: SandboxClock, expire: (id: string) => void): { put(referral: Referral): void } {
  const moments = new Map<number, string[]>()
  return {
    put({ id, status, expirationDateTime }) {
      if (status !== 'New' || expirationDateTime === null) return
      const atMs = Date.parse(expirationDateTime)
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
