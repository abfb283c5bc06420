import { FAULTS, isFault } from '../../core/fault.js'
import type { TouchedRecord } from '../../core/ports.js'
import type { FeedObject } from './feed-objects.js'
import type { Org } from './org.js'
import { idOf, instantOf, rowsOf, type Row } from './row.js'
import { fitting, isIn, soql } from './soql.js'

const spanMs = 5 * 60_000 // Seconds are ignored, and the beginning must be earlier than the end.
const purgesMs = 2 * 24 * 3_600_000 // Two days back: one round a day, and a day for an outage.
const idsPerQuestion = 200

/** Before which moment nothing can appear any more, as a long transaction stamps its rows before they are seen. Null where the org does not say. */
export async function coveredUntil(org: Org, object: FeedObject, now: number, signal: AbortSignal): Promise<number | null> {
  const answer = await replication(org, `sobjects/${object.name}/updated/?${span(now - spanMs, now)}`, `changes of ${object.name}`, signal)
  return answer === null ? null : instantOf(answer, 'latestDateCovered')
}

/** Records that are gone for good: from the recycle bin too, where the feed cannot see them. */
export async function purged(org: Org, object: FeedObject, now: number, signal: AbortSignal): Promise<TouchedRecord[]> {
  const what = `deletions of ${object.name}`
  const answer = await replication(org, `sobjects/${object.name}/deleted/?${span(now - purgesMs, now)}`, what, signal)
  const ids = [...new Set((answer === null ? [] : rowsOf(answer, 'deletedRecords')).flatMap((row) => idOf(row, 'id') ?? []))]
  const gone: string[] = []
  for (const some of fitting(ids, '', idsPerQuestion)) {
    const { rows } = await org.api.query(
      { soql: soql({ fields: ['Id'], from: object.name, where: [isIn('Id', some)] }), deleted: true, what },
      signal,
    )
    const there = new Set(rows.map((row) => idOf(row, 'Id')))
    gone.push(...some.filter((id) => !there.has(id)))
  }
  const kind = object.kind === 'lead' ? ('lead' as const) : ('opportunity' as const)
  return gone.map((id) => ({ ref: { side: 'crm', kind, id }, engagementId: null, reading: { kind: 'absent', ref: { side: 'crm', kind, id } } }))
}

const span = (from: number, until: number): string => `start=${moment(from)}&end=${moment(until)}`
const moment = (at: number): string => encodeURIComponent(new Date(at).toISOString().replace(/\.\d{3}Z$/, '+00:00'))

/** These two help where they are to be had; an org that does not serve them is read without. */
async function replication(org: Org, path: string, what: string, signal: AbortSignal): Promise<Row | null> {
  try {
    return await org.api.get(path, what, signal)
  } catch (error) {
    if (isFault(error) && (!FAULTS[error.kind].system || error.kind === 'offline')) return null
    throw error
  }
}
