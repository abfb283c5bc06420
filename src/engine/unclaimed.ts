import type { Link } from '../core/link.js'
import type { TouchedRecord } from '../core/ports.js'
import { refKey } from '../core/ref.js'
import type { Engine } from './engine.js'

const name = 'sweep.unclaimed'
// The deal of such a referral is known by then: it is worked at this very moment, or looks for its engagement itself once it is.
const keptMs = 600_000
const keptMost = 500 // As many as a crowded minute brings; a first sync has more, and its deals are still to be looked at.

interface Kept extends TouchedRecord {
  readonly at: number
}

/** Other parties' referrals that a sweep showed before anything knew to which deal they belong. */
export interface Unclaimed {
  add(records: readonly TouchedRecord[]): void
  /** Those whose deal is known by now and has not met them: they are with it, and no longer here. */
  claim(): Promise<readonly { readonly record: TouchedRecord; readonly links: readonly Link[] }[]>
  /** Has to be durable before the cursor moves on: no listing shows them again. */
  keep(): Promise<void>
}

/**
 * A deal learns its engagement when its first look is saved. What a listing shows of that engagement in the seconds before, and did not show to
 * that look, would be nobody's: it waits here for the next sweep.
 */
export async function unclaimed({ store, clock }: Engine): Promise<Unclaimed> {
  let stored = (await store.getValue<readonly Kept[]>(name))?.value ?? []
  let all = stored
  return {
    add(records) {
      if (records.length > 0) all = [...all, ...records.map((record) => ({ ...record, at: clock.now() }))].slice(-keptMost)
    },
    async claim() {
      if (all.length === 0) return []
      const owners = await store.linksOfMany(all)
      const linksOf = (record: TouchedRecord): readonly Link[] => owners.get(refKey(record.ref)) ?? []
      const claimed = all.filter((record) => linksOf(record).length > 0)
      all = all.filter((record) => linksOf(record).length === 0 && clock.now() - record.at < keptMs)
      return claimed.flatMap((record) => {
        const links = linksOf(record).filter(({ aliases }) => !aliases.some(({ id }) => id === record.ref.id))
        return links.length === 0 ? [] : [{ record, links }]
      })
    },
    async keep() {
      if (all === stored || (all.length === 0 && stored.length === 0)) return
      if (all.length === 0) await store.dropValue(name)
      else await store.setValue(name, all, { expect: 'any', now: clock.now() })
      stored = all
    },
  }
}
