import type { Intent, Link } from '../core/link.js'
import type { Side } from '../core/ref.js'

const givenUpMost = 5 // A deal whose process is stopped before the same creation again and again.

/** A creation that was searched for in vain is planned anew. A process that was stopped before it sent it may do so yet: what it makes then is known as ours. */
export const giveUp = (link: Link, intent: Intent): Link => ({
  ...link,
  intents: link.intents.filter((item) => item !== intent),
  givenUp: [...(link.givenUp ?? []), intent].slice(-givenUpMost),
})

/** The record of that side is known: whatever else was to be made is refused as existing, or is another record. */
export function withoutGivenUp(link: Link, side: Side): Link {
  const left = link.givenUp?.filter(({ change }) => change.side !== side)
  return left === undefined || left.length === link.givenUp?.length ? link : { ...link, givenUp: left }
}
