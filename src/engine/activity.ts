import type { AuditRecord } from '../core/audit.js'
import type { Instant, LinkId } from '../core/ref.js'
import type { Engine } from './engine.js'
import type { Activity, QuotaView } from './views.js'

const hourMs = 3_600_000
const hoursShown = 24
const pageSize = 1_000
const pagesMost = 20 // A first sync of many thousand deals is counted as far as this, and said to be more.

/** What was written in the last day, hour by hour and each way, and how long a change took from its event to the write. */
export async function activityOf(engine: Engine, quotas: () => Promise<readonly QuotaView[]>): Promise<Activity> {
  const now = engine.clock.now()
  const first = Math.floor(now / hourMs) * hourMs - (hoursShown - 1) * hourMs
  const { records, complete } = await entriesSince(engine, first)
  const hours = Array.from({ length: hoursShown }, (_, index) => ({ at: first + index * hourMs, toPartner: 0, toCrm: 0, failed: 0 }))
  for (const { at, event } of records) {
    const hour = hours[Math.floor((at - first) / hourMs)]
    if (hour === undefined || event === null) continue
    if (event.kind === 'wrote') hour[event.change.side === 'crm' ? 'toCrm' : 'toPartner'] += 1
    if (event.kind === 'ran' && event.fault !== null) hour.failed += 1
  }
  const delays = delaysOf(records)
  const hourOf = (at: Instant): number => Math.floor((at - first) / hourMs)
  return {
    hours: hours.map((hour, index) => {
      const { p50, p95 } = spread(delays.filter(({ at }) => hourOf(at) === index))
      return { ...hour, at: new Date(hour.at).toISOString(), p50, p95 }
    }),
    delay: spread(delays),
    answers: await engine.store.answersDue(),
    quotas: await quotas(),
    complete,
  }
}

async function entriesSince(engine: Engine, since: Instant): Promise<{ records: AuditRecord[]; complete: boolean }> {
  const records: AuditRecord[] = []
  let after: string | null = null
  for (let page = 0; page < pagesMost; page += 1) {
    const found = await engine.store.audit({ since, kinds: ['hinted', 'wrote', 'ran'], limit: pageSize, after })
    records.push(...found.records)
    after = found.next
    if (after === null) break
  }
  return { records: records.reverse(), complete: after === null }
}

interface Delay {
  readonly at: Instant
  readonly ms: number
}

/** From the first unanswered event of a deal to the end of the pass that wrote for it. Oldest first. */
function delaysOf(records: readonly AuditRecord[]): Delay[] {
  const waiting = new Map<LinkId, Instant>()
  const delays: Delay[] = []
  for (const { link, at, event } of records) {
    if (link === null || event === null) continue
    if (event.kind === 'hinted' && !waiting.has(link)) waiting.set(link, at)
    if (event.kind !== 'ran' || event.outcome !== 'settled') continue
    const since = waiting.get(link)
    if (since !== undefined && event.writes > 0) delays.push({ at, ms: at - since })
    waiting.delete(link)
  }
  return delays
}

function spread(delays: readonly Delay[]): Activity['delay'] {
  const sorted = delays.map(({ ms }) => ms).sort((a, b) => a - b)
  const at = (share: number): number | null => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? null
  return { p50: at(0.5), p95: at(0.95), measured: sorted.length }
}
