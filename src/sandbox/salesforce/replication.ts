import { refuse } from './errors.js'
import { isoStamp, stampMs, type ObjectDef } from './model.js'
import type { Org } from './org.js'
import type { Call, Reply } from './call.js'

const stampOf = (ms: number): string => new Date(ms).toISOString().replace('Z', '+0000')
const furthestMs = { updated: 30 * 86_400_000, deleted: 15 * 86_400_000 } as const

/** Ids that changed, or went, within a span. Seconds do not count. Source: REST API Developer Guide, "Get Updated", "Get Deleted". */
export function replication(org: Org, object: ObjectDef, call: Call, what: 'updated' | 'deleted'): Reply {
  const minute = (name: string): number => Math.floor(Date.parse(call.query.get(name) ?? '') / 60_000) * 60_000
  const [start, end] = [minute('start'), minute('end')]
  if (Number.isNaN(start) || Number.isNaN(end) || start >= end) throw refuse('INVALID_REPLICATION_DATE', 'startDate before endDate')
  if (org.clock.now() - start > furthestMs[what]) throw refuse('INVALID_REPLICATION_DATE', 'startDate before org replication enabled date')
  const covered = stampOf(end - org.options.coveredLagMs)
  const within = (stamp: number): boolean => stamp >= start && stamp < end + 60_000
  if (what === 'updated') {
    const live = [...object.rows.values()].filter(({ values }) => values['IsDeleted'] !== true)
    const rows = live.filter(({ values }) => within(stampMs(values['SystemModstamp'] ?? null)))
    return { status: 200, body: { ids: rows.map(({ id }) => id), latestDateCovered: covered } }
  }
  const binned = [...object.rows.values()].filter(({ values }) => values['IsDeleted'] === true)
  const deleted = [
    ...binned.map(({ id, values }) => ({ id, deletedDate: String(values['SystemModstamp']) })),
    ...[...org.purged].filter(([, row]) => row.object === object.name).map(([id, row]) => ({ id, deletedDate: row.deletedAt })),
  ].filter(({ deletedDate }) => within(stampMs(deletedDate)))
  const earliestDateAvailable = isoStamp(org.clock.now() - furthestMs.deleted)
  return { status: 200, body: { deletedRecords: deleted, earliestDateAvailable, latestDateCovered: covered } }
}
