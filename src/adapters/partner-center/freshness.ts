import type { Instant } from '../../core/ref.js'
import { canonicalId } from './ids.js'
import type { Stamp } from './stamp.js'

/** One state of a referral, as an answer showed it. */
export interface Shown {
  readonly id: string
  readonly version: string | null
  /** When it was last changed, in the service's time. */
  readonly changedAt: Stamp | null
}
/** A write that was accepted, and the versions it went from and to; null: not told. */
export interface Replaced {
  readonly id: string
  readonly before: string | null
  readonly after: string | null
}

/**
 * Which states of referrals are known to be over. Nothing promises that a reading by id knows of the last write: taken at its word, an old one would
 * look like a person who took back what was just written, and a change that a listing has shown would be passed over for good.
 */
export interface Freshness {
  saw(shown: Shown): void
  replaced(write: Replaced): void
  isOld(shown: Shown): boolean
  /** Whether it was shown a moment ago, so that who cannot find it does not know of it yet. */
  isThere(id: string): boolean
}

interface Known {
  readonly newest: Shown | null
  readonly newestSince: Instant
  /** Versions that a write of ours has replaced, with the moment of that. */
  readonly over: ReadonlyMap<string, Instant>
}

const doubtedMs = 120_000 // The copies of a service agree long before. After that a reading is what there is: stamps of several machines need not go one way.
const keptMost = 5_000 // A megabyte: what a crowded two minutes show.
const nothing: Known = { newest: null, newestSince: 0, over: new Map() }

/** @param now steady time */
export function freshness(now: () => Instant): Freshness {
  const known = new Map<string, Known>()
  const keep = (id: string, entry: Known): void => {
    known.delete(id)
    known.set(id, entry)
    const oldest = known.size > keptMost ? known.keys().next().value : undefined
    if (oldest !== undefined) known.delete(oldest)
  }
  const isRecent = (since: Instant): boolean => now() - since < doubtedMs
  return {
    saw(shown) {
      const id = canonicalId(shown.id)
      const before = known.get(id) ?? nothing
      const isNewer = shown.changedAt !== null && (before.newest?.changedAt == null || shown.changedAt > before.newest.changedAt)
      if (isNewer) keep(id, { ...before, newest: shown, newestSince: now() })
    },
    replaced({ id: given, before, after }) {
      // A write that changes nothing may leave the version as it was.
      if (before === null || before === after) return
      const id = canonicalId(given)
      const entry = known.get(id) ?? nothing
      keep(id, { ...entry, over: new Map([...[...entry.over].filter(([, since]) => isRecent(since)), [before, now()]]) })
    },
    isThere(id) {
      const entry = known.get(canonicalId(id)) ?? nothing
      return entry.newest !== null && isRecent(entry.newestSince)
    },
    isOld({ id, version, changedAt }) {
      const entry = known.get(canonicalId(id)) ?? nothing
      const since = version === null ? undefined : entry.over.get(version)
      if (since !== undefined && isRecent(since)) return true
      const newest = entry.newest
      if (newest?.changedAt == null || changedAt === null || !isRecent(entry.newestSince)) return false
      return changedAt < newest.changedAt && (version === null || version !== newest.version)
    },
  }
}
