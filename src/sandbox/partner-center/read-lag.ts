import type { SandboxClock } from '../clock.js'
import type { Referral } from './model.js'
import type { PartnerCenterOptions } from './options.js'

/** What readings by id see: with a lag, a referral as it was before the last write. */
export interface ReadLag {
  /** Told before a write; undefined: the referral is new. */
  writing(id: string, before: Referral | undefined): void
  /** Null: not there yet. */
  shown(referral: Referral): Referral | null
}

export function readLag({ clock, options }: { readonly clock: SandboxClock; readonly options: PartnerCenterOptions }): ReadLag {
  const earlier = new Map<string, { readonly referral: Referral | null; readonly untilMs: number }>()
  const shown = (referral: Referral): Referral | null => {
    const lagging = earlier.get(referral.id)
    if (lagging === undefined) return referral
    if (clock.now() < lagging.untilMs) return lagging.referral
    earlier.delete(referral.id)
    return referral
  }
  return {
    shown,
    writing(id, before) {
      if (options.readLagMs <= 0) return
      earlier.set(id, { referral: before === undefined ? null : shown(before), untilMs: clock.now() + options.readLagMs })
    },
  }
}
