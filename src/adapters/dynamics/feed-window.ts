import type { Instant } from '../../core/ref.js'
import type { Page } from './api.js'
import type { Environment } from './environment.js'
import type { Position } from './feed-cursor.js'
import { oursFilter, type FeedTable } from './feed-tables.js'
import { etagOf, idOf, query, textOf, type Row } from './row.js'

type WindowPosition = Extract<Position, { kind: 'window' }>

const overlapMs = 2 * 60_000 // A row may become visible after a later one: the time of change is set before the transaction ends.
const pagesMost = 2_000
const rowsPerPage = 1_000

/**
 * The feed of a table without change tracking: rows by their time of change, looking back a little every time and
 * leaving out what was already seen in that overlap. Deletions do not show in it.
 */
export async function* windowRound(
  environment: Environment,
  table: FeedTable,
  options: { readonly position: WindowPosition | undefined; readonly since: Instant | null; readonly signal: AbortSignal },
): AsyncGenerator<{ readonly rows: readonly Row[]; readonly next: WindowPosition }> {
  const isPart = table.sync === null && table.identifier === null
  const { position } = options
  if (position === undefined && isPart) {
    yield { rows: [], next: await newest(environment, table, options.signal) }
    return
  }
  const from = position?.since ?? (options.since === null ? null : iso(options.since))
  const ours = oursFilter(table)
  const filter = [from === null ? '' : `modifiedon ge ${from}`, ours === '' ? '' : `(${ours})`].filter((part) => part !== '').join(' and ')
  const select = [...new Set([...table.columns, 'modifiedon', 'versionnumber'])].join(',')
  let at: string | null = `${table.set}${query({ $select: select, $filter: filter === '' ? null : filter, $orderby: `modifiedon asc,${table.id} asc` })}`
  const seen = new Map(Object.entries(position?.seen ?? {}))
  let latest = position === undefined ? null : Date.parse(position.since) + overlapMs
  for (let pages = 0; at !== null && pages < pagesMost; pages++) {
    const page: Page = await environment.api.page({ path: at, what: `changes of table ${table.name}`, prefer: `odata.maxpagesize=${rowsPerPage}` }, options.signal)
    const fresh = page.rows.filter((row) => seen.get(idOf(row, table.id) ?? '') !== stampOf(row))
    for (const row of page.rows) {
      seen.set(idOf(row, table.id) ?? '', stampOf(row))
      latest = Math.max(latest ?? 0, Date.parse(textOf(row, 'modifiedon') ?? '') || 0)
    }
    yield { rows: fresh, next: positionAt(latest ?? environment.clock.now() - 24 * 3_600_000, seen) }
    at = page.nextLink
  }
}

/** What was seen is kept for rows inside the overlap only; each stands with its time and version. */
function positionAt(latest: Instant, seen: ReadonlyMap<string, string>): WindowPosition {
  const since = latest - overlapMs
  const kept = [...seen].filter(([, stamp]) => Date.parse(stamp.split('|')[0] ?? '') >= since)
  return { kind: 'window', since: iso(since), seen: Object.fromEntries(kept) }
}

async function newest(environment: Environment, table: FeedTable, signal: AbortSignal): Promise<WindowPosition> {
  const path = `${table.set}${query({ $select: `${table.id},modifiedon,versionnumber`, $orderby: 'modifiedon desc', $top: '1' })}`
  const [row] = (await environment.api.page({ path, what: `table ${table.name}` }, signal)).rows
  const at = row === undefined ? NaN : Date.parse(textOf(row, 'modifiedon') ?? '')
  return positionAt(Number.isNaN(at) ? environment.clock.now() - 24 * 3_600_000 : at, new Map())
}

const stampOf = (row: Row): string => `${textOf(row, 'modifiedon') ?? ''}|${etagOf(row) ?? ''}`
const iso = (at: Instant): string => new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z')
