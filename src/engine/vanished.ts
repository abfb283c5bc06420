import { HELP, isEmpty, sameValue, type Field, type FieldValue, type Projection } from '../core/deal.js'
import type { Link } from '../core/link.js'
import type { Readings } from '../core/ports.js'

/** What only the other referrals of an engagement tell: they are read with ours when a look is wide. */
export const WIDE_FIELDS: readonly Field[] = [HELP, 'microsoft.status', 'microsoft.team', 'trackingInfo.microsoftMsxId']

/** Whether the record shows another wish than was agreed on about what only a wide look tells: a first sync looks narrowly, and agrees on none of it. */
export const wishesMore = ({ base }: Link, shown: Projection): boolean =>
  WIDE_FIELDS.some((field) => field in shown && !sameValue(shown[field] ?? null, base?.crm[field] ?? null))

/**
 * A listing may lack a referral of the engagement for a moment that was there before. What only that one tells is then unknown, not empty:
 * help that was asked for cannot be withdrawn, and asking again would make a second referral.
 */
export function withoutVanished(link: Link, now: Readings): Readings {
  const { partner } = now
  if (partner.kind !== 'present') return now
  const there = new Set([partner.ref, ...partner.aliases].map(({ id }) => id))
  if (!link.aliases.some(({ side, id }) => side === 'partner' && !there.has(id))) return now
  const isUnknown = (field: string, value: FieldValue | undefined): boolean => isEmpty(value) && WIDE_FIELDS.some((wide) => wide === field)
  const kept = Object.entries(partner.deal).filter(([field, value]) => !isUnknown(field, value))
  const deal: Projection = Object.fromEntries(kept) // a subset of a Projection
  return { ...now, partner: { ...partner, deal } }
}
