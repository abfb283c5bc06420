import type { TouchedPage, TouchedRecord } from '../../core/ports.js'
import type { ListPage } from './api.js'
import { presentOf } from './decode.js'
import { referralRef } from './ids.js'
import { stampOf } from './stamp.js'
import { asked, patiently, type Round } from './sweep-round.js'
import { writePosition } from './touched-cursor.js'
import { isWhole, parseBrief, parseReferral, type Referral } from './wire.js'

const everyMs = 24 * 3_600_000 // One call for a hundred referrals, once a day.
const pagesMost = 2_000 // 200,000 records; a link that leads in a circle ends here.

export const isInSightDue = ({ position: { wholeAt }, parts }: Round): boolean => wholeAt === null || parts.clock.now() - wholeAt >= everyMs

/**
 * Everything that may be seen, whenever it was changed: a role that reaches further, or a listing that lagged for longer than a sweep looks back, brings
 * a referral into sight without a change. In the order of creation, which no edit moves, so that the service's links miss nothing.
 */
export async function* inSight(round: Round): AsyncGenerator<TouchedPage> {
  const { parts } = round
  const startedAt = parts.clock.now()
  yield { records: [], cursor: null, again: true } // What was changed is through.
  let link: string | null = null
  for (let pages = 0; pages < pagesMost; pages += 1) {
    const at: string | null = link
    const page: ListPage = await patiently(round, () =>
      at === null
        ? parts.referrals.list({ filter: null, orderBy: 'createdDateTime desc', select: null, top: null }, asked(round))
        : parts.referrals.next(at, asked(round)),
    )
    const records: TouchedRecord[] = []
    for (const item of page.items) {
      const record = await recordOf(round, item)
      if (record !== null) records.push(record)
    }
    const isLast = page.nextLink === null || page.nextLink === at
    if (isLast) round.position = { ...round.position, wholeAt: startedAt }
    yield { records, cursor: isLast ? writePosition(round.position) : null, again: true }
    if (isLast) return
    link = page.nextLink
  }
}

/** Null for what is not a deal of ours, or older than what is wanted. */
async function recordOf({ parts, options, position: { since } }: Round, item: unknown): Promise<TouchedRecord | null> {
  const brief = parseBrief(item, 'a listing of referrals')
  const stamp = stampOf(brief.updatedDateTime)
  if ((since !== null && stamp !== null && stamp < since) || !(await parts.own.owns(brief, options.signal))) return null
  const record: TouchedRecord = { ref: referralRef(brief.id), engagementId: null, reading: null }
  const listed = readableIn(item)
  if (listed !== null && isWhole(listed)) return { ...record, reading: presentOf(listed, listed.eTag ?? null, null, parts.zone()) }
  // What is not shown whole is told by its id, and its own pass says what cannot be read; what is over is of no interest.
  return listed === null || isOpen(listed) ? record : null
}

const isOpen = ({ status }: Referral): boolean => ['new', 'active'].includes(status?.toLowerCase() ?? '')

function readableIn(item: unknown): Referral | null {
  try {
    return parseReferral(item, 'a listing of referrals')
  } catch {
    return null
  }
}
