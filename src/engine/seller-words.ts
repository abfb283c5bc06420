import { FIELD_WORDS } from '../core/field-words.js'
import type { Reason } from '../core/link.js'

// The names of an API. What is a plain word of its own already (`name`, `status`, `team`) needs no other.
const path = /\b(?:details|consent|inviteContext|customerProfile|microsoft|trackingInfo)(?:\.\w+)+/g
const textMost = 4_000 // Characters that the column takes in either CRM.

/** What a seller reads on the record: what happened, and what to do about it, in words that are not those of an API. */
export function forSeller({ text, remedy }: Pick<Reason, 'text' | 'remedy'>): string {
  // A name that is no field has no word.
  const said = `${text} ${remedy}`.trim().replaceAll(path, (name) => (FIELD_WORDS as Partial<Record<string, string>>)[name] ?? name)
  return said.length <= textMost ? said : `${said.slice(0, textMost - 1)}…`
}
