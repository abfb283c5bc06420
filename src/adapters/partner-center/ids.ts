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
