import type { Document } from './api.js'
import { canonicalId } from './ids.js'

/** The last read referrals in full, so that a list can be written back with the members that we have no names for. */
export interface Documents {
  keep(document: Document): void
  /** The record in exactly this version; undefined when it is not at hand. */
  find(id: string, version: string | null): Document | undefined
  forget(id: string): void
}

const documentsMost = 200 // One megabyte; a pass reads a record a moment before it writes it.

export function documents(): Documents {
  const kept = new Map<string, Document>()
  return {
    keep(document) {
      const id = canonicalId(document.referral.id)
      kept.delete(id)
      kept.set(id, document)
      const oldest = kept.size > documentsMost ? kept.keys().next().value : undefined
      if (oldest !== undefined) kept.delete(oldest)
    },
    find(id, version) {
      const document = kept.get(canonicalId(id))
      return version !== null && document?.version === version ? document : undefined
    },
    forget: (id) => void kept.delete(canonicalId(id)),
  }
}
