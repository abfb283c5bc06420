import { FAULTS, isFault } from '../../core/fault.js'
import type { ReferralsApi } from './api.js'
import { engagementOf } from './decode.js'
import { canonicalId, isMicrosoft, isMicrosofts, type Named } from './ids.js'
import { textMember, type PlatformApi } from './platform.js'
import { parseBrief, type Brief } from './wire.js'

/**
 * Which organisation id is ours. No page says where to look it up, so it is learnt: a deal we created names it, and every engagement
 * we can see holds a referral of ours, so the id that stands in all of them is ours. The organisation profile breaks a tie.
 */
export interface OwnOrganization {
  /** A referral that we created ourselves names our organisation. */
  learn(organizationId: string | null | undefined): void
  /** Whether this is a referral of ours. True for what cannot be told apart while nothing is known. */
  owns(referral: Named, signal: AbortSignal): Promise<boolean>
}

const sampleMost = 100
const emptyPagesMost = 20 // A page may be empty and still lead on; a link that leads in a circle ends here.
const askAgainMs = 60_000 // An empty or unclear listing is looked at again after this; until then everything but Microsoft's counts as ours.

export function ownOrganization(parts: {
  readonly referrals: ReferralsApi
  readonly platform: PlatformApi
  readonly now: () => number
}): OwnOrganization {
  let known: string | null = null
  let unclearSince: number | null = null
  let asking: Promise<string | null> | null = null

  const ask = async (signal: AbortSignal): Promise<string | null> => {
    if (unclearSince !== null && parts.now() - unclearSince < askAgainMs) return null
    const found = await foundIn(parts, signal)
    if (found === null) unclearSince = parts.now()
    else known = found
    return found
  }
  return {
    learn(organizationId) {
      const id = canonicalId(organizationId ?? '')
      if (id !== '' && !isMicrosoft(id)) known = id
    },
    async owns({ organizationId, organizationName }, signal) {
      if (isMicrosofts({ organizationId, organizationName })) return false
      const id = canonicalId(organizationId ?? '')
      if (id === '') return true
      if (known === null) {
        asking ??= ask(signal).finally(() => {
          asking = null
        })
        await asking
      }
      return known === null || known === id
    },
  }
}

async function foundIn(
  parts: { readonly referrals: ReferralsApi; readonly platform: PlatformApi },
  signal: AbortSignal,
): Promise<string | null> {
  const what = 'looking for our own organisation'
  const select = 'id,engagementId,organizationId,organizationName'
  let page = await parts.referrals.list({ filter: null, orderBy: 'createdDateTime desc', select, top: sampleMost }, { signal, what })
  for (let empty = 0; page.items.length === 0 && page.nextLink !== null && empty < emptyPagesMost; empty += 1)
    page = await parts.referrals.next(page.nextLink, { signal, what })
  const leaders = mostPresent(page.items.map((item) => parseBrief(item, what)))
  const [only] = leaders
  if (leaders.length <= 1) return only ?? null
  const profile = await profileIds(parts.platform, signal)
  return leaders.find((id) => profile.includes(id)) ?? null
}

/** The organisations that stand in the most engagements; Microsoft is not counted. */
function mostPresent(briefs: readonly Brief[]): readonly string[] {
  const engagements = new Map<string, Set<string>>()
  for (const brief of briefs) {
    const id = canonicalId(brief.organizationId ?? '')
    if (id === '' || isMicrosofts(brief)) continue
    const seen = engagements.get(id) ?? new Set<string>()
    engagements.set(id, seen.add(engagementOf(brief) ?? brief.id))
  }
  const most = Math.max(0, ...[...engagements.values()].map((seen) => seen.size))
  return [...engagements].filter(([, seen]) => seen.size === most).map(([id]) => id)
}

async function profileIds(platform: PlatformApi, signal: AbortSignal): Promise<readonly string[]> {
  try {
    const profile = await platform.record('/v1/profiles/organization', { signal, what: 'reading the organisation profile' })
    return [textMember(profile, 'id'), textMember(profile, 'tenantId')].flatMap((id) => (id === null ? [] : [canonicalId(id)]))
  } catch (error) {
    // A profile we may not read leaves the question open; an outage is waited out, because guessing could copy somebody else's deal.
    if (isFault(error) && !FAULTS[error.kind].system) return []
    throw error
  }
}
