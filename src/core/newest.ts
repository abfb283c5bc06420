import { Fault } from './fault.js'
import type { Instant, Version } from './ref.js'

/**
 * The newest state of its referral that a deal knows of, kept with the deal: whichever process works it next, after whatever end of the one
 * before, does not take an older state for a person who took something back.
 */
export interface Newest {
  readonly id: string
  /** Null: of our own write, whose version was not told. */
  readonly version: Version | null
  /** When it was last changed; of our own write, when what it replaced was. */
  readonly modifiedAt: Instant | null
  /** Since when it is known. */
  readonly since: Instant
  /** Versions that were replaced lately. */
  readonly over: readonly { readonly version: Version; readonly since: Instant }[]
}

/** A referral as somebody showed it, or as we left it. */
type State = Pick<Newest, 'id' | 'version' | 'modifiedAt'>

const doubtedMs = 120_000 // The copies of a service agree long before. After that a reading is what there is.
const overMost = 20 // Versions of one referral in two minutes.

/** In either direction: a clock that was set back must not make a deal doubt what it reads for an hour. */
const isRecent = (since: Instant, now: Instant): boolean => Math.abs(now - since) < doubtedMs

/** What is known once this state was shown, or written by us. */
export function newestOf(before: Newest | undefined, { id, version: shown, modifiedAt }: State, now: Instant): Newest {
  const state = { id, version: shown, modifiedAt }
  if (before?.id !== id) return { ...state, since: now, over: [] }
  if (before.version === shown) return before
  const replaced = before.version === null ? [] : [{ version: before.version, since: now }]
  const over = [...before.over, ...replaced].filter(({ version, since }) => version !== shown && isRecent(since, now))
  return { ...state, since: now, over: over.slice(-overMost) }
}

/** Whether a reading does not know yet of what the deal knows. Nothing promises that a reading by id does. */
export function isBehind(newest: Newest | undefined, { id, version: shown, modifiedAt }: State, now: Instant): boolean {
  if (newest?.id !== id || newest.version === shown) return false
  if (newest.over.some(({ version, since }) => version === shown && isRecent(since, now))) return true
  return modifiedAt !== null && newest.modifiedAt !== null && modifiedAt < newest.modifiedAt && isRecent(newest.since, now)
}

export const behind = (id: string): Fault =>
  new Fault('stale', `Partner Center does not show the latest state of referral ${id} yet.`, { remedy: 'Nothing to do: it is read again.' })
