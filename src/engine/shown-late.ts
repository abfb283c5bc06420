import { isEmpty, sameValue, type Projection } from '../core/deal.js'
import { Fault, type Outcome } from '../core/fault.js'
import type { Link } from '../core/link.js'
import type { Readings } from '../core/ports.js'
import type { Pass } from './pass.js'
import { WIDE_FIELDS } from './vanished.js'

/** What a pass ends with that only waits for a moment: nothing is wrong, and nobody needs to be told. */
export const MOMENT = 'moment'
export const momentFault = (): Fault =>
  new Fault('ambiguous', 'A moment must pass before the other system can be asked safely.', { remedy: 'Nothing to do.', code: MOMENT })

/** Why a deal is worked whose referral a listing showed in a state that the deal did not know. */
export const LISTED = 'listed by partner'

// A listing may lag behind the event that tells of a change. What is shown later than this is met by the next sweep.
const looksAgainMs = [5_000, 20_000, 60_000] as const

/**
 * An event of Partner Center told of something that neither the referral nor the listing shows yet: Microsoft's answer, or a referral that is new.
 * Or a listing told of what the referral does not show.
 * Our own referral is left out: our own writes raise its events, and whoever edits it edits what is read by its id. Null: nothing is awaited.
 */
export function lookAgain(pass: Pass, now: Readings): Outcome | null {
  const inMs = looksIn(pass)
  if (inMs === undefined || pass.writes > 0 || !(isNotShown(pass, now) || isAsKnown(pass, now) || isUnanswered(pass))) return null
  return { kind: 'again', inMs, because: momentFault() }
}

/** Readings that failed count as looks, and may have used them up in a moment. */
function looksIn({ lease: { attempts, failingSince }, startedAt }: Pass): number | undefined {
  const isYoung = failingSince !== null && startedAt - failingSince < looksAgainMs[2]
  return looksAgainMs[attempts] ?? (isYoung ? looksAgainMs[1] : undefined)
}

const freshMs = 120_000 // A word of a person, above all, may have taken the place of what its deal was first marked for.

/** A referral of which nothing is known but its event, or that a listing showed it. */
function isNotShown({ link, lease, startedAt }: Pass, { partner }: Readings): boolean {
  const isTold = /^((related-)?referral-|(sweep of|listed by) partner$|first sync$)/i.test(lease.because) || startedAt - link.createdAt < freshMs
  return isTold && link.base === null && link.ends.crm === null && partner.kind === 'absent'
}

/** A listing brought a change that reading by id does not show yet. Which state the listing showed is known to the process that swept, and to no other. */
const isAsKnown = ({ lease, stood }: Pass, { partner }: Readings): boolean =>
  lease.because === LISTED && partner.kind === 'present' && partner.version !== null && partner.version === stood.newest?.version

function isUnanswered({ link, lease, stood }: Pass): boolean {
  if (!/^related-referral-updated$/i.test(lease.because) || !isOpen(link)) return false
  return WIDE_FIELDS.every((field) => sameValue(of(stood.base?.partner, field), of(link.base?.partner, field)))
}
const of = (deal: Projection | undefined, field: keyof Projection) => deal?.[field] ?? null

/** Microsoft, or another partner, may still say something: once its referral is closed nothing comes any more. */
function isOpen({ base, ends, stage }: Link): boolean {
  const answer = base?.partner['microsoft.status'] ?? null
  const isOver = [stage, answer].some((phase) => phase?.startsWith('Closed') === true)
  return ends.partner !== null && !isEmpty(answer) && !isOver
}
