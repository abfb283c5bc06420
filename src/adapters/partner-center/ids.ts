import type { EndRef } from '../../core/ref.js'

const guid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** GUIDs are written in lower case everywhere; other ids (Salesforce's) mind their case. */
export const canonicalId = (id: string): string => (guid.test(id.trim()) ? id.trim().toLowerCase() : id.trim())

/** A referral id that is safe as one segment of a path. The service uses GUIDs; other plain ids are taken as they are. */
export const isSafeId = (id: string): boolean => /^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$/.test(id)

export const referralRef = (id: string): EndRef => ({ side: 'partner', kind: 'referral', id: canonicalId(id) })

/** Microsoft's own organisation id, wherever an organisation is named. Source: learn.microsoft.com "Create a referral" (read 2023-10). */
export const MSFT = 'msft'
export const isMicrosoft = (organizationId: string | null | undefined): boolean => (organizationId ?? '').trim().toLowerCase() === MSFT

export interface Named {
  readonly organizationId?: string | null | undefined
  readonly organizationName?: string | null | undefined
}
/**
 * Whether a referral is Microsoft's own. Its organisation is written `msft` in every sample; the reference allows an id like everybody's, and then its
 * name says so.
 */
export const isMicrosofts = ({ organizationId, organizationName }: Named): boolean =>
  isMicrosoft(organizationId) || (organizationName ?? '').trim().toLowerCase() === 'microsoft'

interface Addressed extends Named {
  readonly target?: readonly { readonly type?: string | null | undefined; readonly id?: string | null | undefined }[] | null | undefined
}
const isAddressed = ({ target }: Addressed): boolean =>
  (target ?? []).some(({ type, id }) => type?.toLowerCase() === 'businessprofilelocation' && isMicrosoft(id))

/** Microsoft's referrals of an engagement. Where no organisation is Microsoft's, the one beside ours that was addressed to it: nobody is invited twice. */
export function microsoftsAmong<T extends { readonly referral: Addressed }>(members: readonly T[]): readonly T[] {
  const named = members.filter(({ referral }) => isMicrosofts(referral))
  if (named.length > 0) return named
  const addressed = members.filter(({ referral }) => isAddressed(referral))
  return addressed.length < members.length ? addressed : []
}
