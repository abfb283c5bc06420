import { randomUUID } from 'node:crypto'
import type { Instant } from './core/ref.js'

/**
 * An id that sorts by the moment it was made in (RFC 9562, version 7): rows that are written together stand together in the orders that
 * begin with it, and a commit writes one page of such an order where chance would take it to one for each row.
 */
export function timeOrderedId(now: Instant): string {
  const moment = now.toString(16).padStart(12, '0')
  return `${moment.slice(0, 8)}-${moment.slice(8)}-7${randomUUID().slice('xxxxxxxx-xxxx-4'.length)}`
}
