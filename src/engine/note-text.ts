import type { Change } from '../core/change.js'
import type { Instant, Side } from '../core/ref.js'

/** The stamp of time in the audit text of a record, `YYYY-MM-DD HH:mm` in UTC, as the reference connector writes it. */
export const auditTime = (at: Instant): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ')

/** One line per sync. The inbound wording is the reference connector's, seen in its published screenshots. */
export function successLine(at: Instant, target: Side, remarks: readonly string[] = []): string {
  const what = target === 'crm' ? 'Partner Center Referral to CRM sync success.' : 'CRM to Partner Center Referral sync success.'
  return [`${auditTime(at)} - ${what}`, ...remarks].join(' ')
}
export const problemLine = (at: Instant, text: string): string => noteLine(at, `Sync needs attention: ${text}`)
export const noteLine = (at: Instant, text: string): string => `${auditTime(at)} - ${oneLine(text)}`

const oneLine = (text: string): string => text.replaceAll(/\s*[\r\n]+\s*/g, ' ')

/** New lines first, oldest lines cut at 90 % of the field's limit, never in the middle of a line. */
export function prependLines(lines: readonly string[], existing: string | null, limit: number): string {
  const before = (existing ?? '').split(/\r?\n/).filter((line) => line !== '')
  const fresh = lines.filter((line) => line !== before[0])
  const room = Math.floor(limit * 0.9)
  const kept: string[] = []
  let length = 0
  for (const line of [...[...fresh].reverse(), ...before]) {
    if (length + line.length + 1 > room) break
    kept.push(line)
    length += line.length + 1
  }
  return kept.join('\n')
}

/** What identifies a write, apart from the version it was planned on: a write refused for good is not sent a second time. */
export function fingerprint(changes: readonly Change[]): string {
  return JSON.stringify(changes.map((change) => (change.kind === 'create' ? { ...change, stamp: null } : { ...change, expect: null, stamp: null })))
}
