import { badQuery, expiredVersion, trackingNotEnabled } from './errors.js'
import type { Table } from './metadata-model.js'
import { pageMax, readDeltaToken, writeDeltaToken, type SkipToken } from './paging.js'
import { shownRow, type JsonRow, type Projection } from './projections.js'
import { contextUrl, nextLink, type ListAnswer, type ListRequest } from './list-request.js'
import type { Row } from './row-store.js'
import { table as tableNamed, type World } from './world.js'

const dayMs = 86_400_000
/** Used when the organization row names no limit. Source: learn.microsoft.com "Use change tracking" (read 2023-10). */
const expiryDaysDefault = 7

/**
 * Change tracking. Source: learn.microsoft.com "Use change tracking to synchronize data with external systems" (read 2023-10).
 * The first round answers every row and is bound to the version it began at, so that nothing written meanwhile is lost.
 */
export function trackedStart(world: World, request: ListRequest, fields: Projection, token: SkipToken | null): ListAnswer {
  requireTracking(request)
  const start = token?.track ?? world.currentVersion()
  const size = Math.min(request.pageSize ?? pageMax, pageMax)
  const page = rowsAfter(request.table, token?.position.id ?? '', size)
  const last = page.rows.at(-1)
  const json: JsonRow = {
    '@odata.context': contextUrl(request, fields, { context: '' }),
    value: page.rows.map((row) => shownRow(world, request.table, row, fields, request.annotations)),
  }
  const more = page.more && last !== undefined
  if (more)
    json['@odata.nextLink'] = nextLink(request, {
      page: (token?.page ?? 1) + 1,
      position: { values: [], id: last.id },
      track: start,
      delta: null,
    })
  if (!more || world.options.deltaLinkOn === 'every-page') json['@odata.deltaLink'] = deltaLink(world, request, start)
  return { json, preferencesApplied: applied(request) }
}

function rowsAfter(table: Table, id: string, size: number): { rows: Row[]; more: boolean } {
  const ids = table.rows.sortedIds()
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ids[middle] ?? '') <= id) low = middle + 1
    else high = middle
  }
  const rows: Row[] = []
  for (; low < ids.length; low++) {
    const row = table.rows.get(ids[low] ?? '')
    if (row === undefined) continue
    if (rows.length === size) return { rows, more: true }
    rows.push(row)
  }
  return { rows, more: false }
}

/** What changed since a token: rows in order of version, each once, then deletions. */
export function deltaRound(world: World, request: ListRequest, fields: Projection, token: SkipToken | null): ListAnswer {
  requireTracking(request)
  const bounds = token?.delta ?? begin(world, request)
  if (bounds === null) return trackedStart(world, request, fields, null)
  const size = Math.min(request.pageSize ?? pageMax, pageMax)
  const { changed, deleted } = request.table.rows.changes(Math.max(bounds.from, bounds.at), bounds.to)
  // Deletions before the page's start were held back until all rows were answered, so they are looked up from the beginning.
  const gone = bounds.at > bounds.from ? request.table.rows.changes(bounds.from, bounds.to).deleted : deleted
  const shown = changed.slice(0, size)
  const value: JsonRow[] = shown.flatMap((id) => {
    const row = request.table.rows.get(id)
    return row === undefined ? [] : [shownRow(world, request.table, row, fields, request.annotations)]
  })
  const rest = changed.length - shown.length
  const afterDeletions = rest > 0 ? gone.length : takeDeletions(request, gone, token, size - shown.length, value)
  const json: JsonRow = { '@odata.context': `${contextUrl(request, fields, { context: '' })}/$delta` }
  const lastVersion = request.table.rows.get(shown.at(-1) ?? '')?.version ?? bounds.at
  if (rest > 0 || afterDeletions > 0) {
    const position = { values: [rest > 0 ? 0 : gone.length - afterDeletions], id: shown.at(-1) ?? '' }
    json['@odata.nextLink'] = nextLink(request, {
      page: (token?.page ?? 1) + 1,
      position,
      track: null,
      delta: { ...bounds, at: lastVersion },
    })
    if (world.options.deltaLinkOn === 'every-page') json['@odata.deltaLink'] = deltaLink(world, request, bounds.to)
  } else json['@odata.deltaLink'] = deltaLink(world, request, bounds.to)
  json['value'] = value
  return { json, preferencesApplied: applied(request) }
}

/** Fills the page with deletions and answers how many are left for the next one. */
function takeDeletions(request: ListRequest, gone: readonly string[], token: SkipToken | null, room: number, value: JsonRow[]): number {
  const taken = Number(token?.delta ? (token.position.values[0] ?? 0) : 0)
  for (const id of gone.slice(taken, taken + room)) {
    value.push({ '@odata.context': `${request.serviceRoot}/$metadata#${request.table.setName}/$deletedEntity`, id, reason: 'deleted' })
  }
  return Math.max(0, gone.length - taken - room)
}

function begin(world: World, request: Pick<ListRequest, 'options' | 'table'>): NonNullable<SkipToken['delta']> | null {
  const { version, atMs } = readDeltaToken(request.options.get('$deltatoken') ?? '')
  if (world.clock.now() - atMs > expiryDays(world) * dayMs || version > world.currentVersion()) {
    if (world.options.expiredDelta === 'full-result') return null
    throw expiredVersion()
  }
  return { from: version, to: world.currentVersion(), at: version, fromMs: atMs }
}

function expiryDays(world: World): number {
  const days = tableNamed(world, 'organization').rows.get(world.ids.organization)?.cells['expirechangetrackingindays']
  return typeof days === 'number' ? days : expiryDaysDefault
}

/** How many changes a delta link would answer. */
export function pendingChanges(world: World, request: Pick<ListRequest, 'options' | 'table'>): number {
  if (!request.table.tracked) throw trackingNotEnabled(request.table.name)
  const bounds = begin(world, request)
  if (bounds === null) return request.table.rows.size
  const { changed, deleted } = request.table.rows.changes(bounds.from, bounds.to)
  return changed.length + deleted.length
}

function requireTracking(request: ListRequest): void {
  for (const name of ['$filter', '$orderby', '$expand', '$top']) {
    if (request.options.has(name)) {
      throw badQuery(`The "${name}" query parameter isn't supported when Change Tracking is enabled.`)
    }
  }
  if (!request.table.tracked) throw trackingNotEnabled(request.table.name)
}

function deltaLink(world: World, request: ListRequest, version: number): string {
  const kept = request.rawQuery.split('&').filter((part) => part !== '' && !/^(\$|%24)(skiptoken|deltatoken)=/i.test(part))
  return `${request.url}?${[...kept, `$deltatoken=${writeDeltaToken(version, world.clock.now())}`].join('&')}`
}

const applied = (request: ListRequest): string[] => [
  ...(request.track ? ['odata.track-changes'] : []),
  ...(request.pageSize === null ? [] : [`odata.maxpagesize=${request.pageSize}`]),
]
