import type { SandboxClock } from '../clock.js'
import type { SandboxRng } from '../rng.js'
import type { Referral } from './model.js'
import type { PartnerCenterOptions } from './options.js'
import { sortedLog, type Row, type SortedLog } from './sorted-log.js'

/**
 * What listings see. With a lag, a write waits here until it becomes visible; reading by id never asks this index.
 */
export interface ListingIndex {
  put(referral: Referral): void
  byUpdated(): SortedLog
  byCreated(): SortedLog
  ofEngagement(engagementId: string): readonly Referral[]
}

interface Listed {
  updated: Row
  readonly created: Row
}

export function listingIndex(deps: { clock: SandboxClock; rng: SandboxRng; options: PartnerCenterOptions }): ListingIndex {
  const { clock, rng, options } = deps
  const updated = sortedLog()
  const created = sortedLog()
  const listed = new Map<string, Listed>()
  const engagements = new Map<string, string[]>()
  let waiting: { readonly visibleAtMs: number; readonly referral: Referral }[] = []

  const show = (referral: Referral): void => {
    const rows = listed.get(referral.id)
    if (rows === undefined) {
      listed.set(referral.id, {
        updated: updated.insert(referral.updatedDateTime, referral),
        created: created.insert(referral.createdDateTime, referral),
      })
      const members = engagements.get(referral.engagementId)
      if (members === undefined) engagements.set(referral.engagementId, [referral.id])
      else members.push(referral.id)
      return
    }
    // Of two versions that become visible in the wrong order, the newer one stays.
    if (rows.updated.key > referral.updatedDateTime) return
    updated.kill(rows.updated)
    rows.updated = updated.insert(referral.updatedDateTime, referral)
    rows.created.referral = referral
  }

  const catchUp = (): void => {
    if (waiting.length === 0) return
    const nowMs = clock.now()
    const due = waiting.filter(({ visibleAtMs }) => visibleAtMs <= nowMs)
    if (due.length === 0) return
    waiting = waiting.filter(({ visibleAtMs }) => visibleAtMs > nowMs)
    for (const { referral } of due) show(referral)
  }

  return {
    put(referral) {
      if (options.listingLagMs <= 0) {
        catchUp()
        return show(referral)
      }
      const wanted = clock.now() + rng.int(options.listingLagMs + 1)
      const latest = waiting.at(-1)?.visibleAtMs ?? 0
      waiting.push({ visibleAtMs: options.listingLagOrder === 'kept' ? Math.max(wanted, latest) : wanted, referral })
    },
    byUpdated: () => (catchUp(), updated),
    byCreated: () => (catchUp(), created),
    ofEngagement(engagementId) {
      catchUp()
      const members = engagements.get(engagementId) ?? []
      return members.flatMap((id) => listed.get(id)?.created.referral ?? [])
    },
  }
}
