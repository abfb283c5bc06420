import type { TouchedOptions } from '../../core/ports.js'
import { bulkQuery } from './bulk-query.js'
import type { FeedObject } from './feed-objects.js'
import type { Org } from './org.js'
import { idOf, type Row } from './row.js'
import { quoted, soql, stamp } from './soql.js'

const jobFrom = 2_000 // Up to here a list is one page; from here on one job needs fewer calls than pages do.
const rowsPerPage = 2_000
const pagesMost = 5_000

/** Every row of ours that is there: by a job where they are many, else page by page. The first sync may leave out closed and old deals. */
export function firstRows(org: Org, object: FeedObject, { since, openOnly, signal }: TouchedOptions): AsyncGenerator<readonly Row[]> {
  const where = [
    object.scope,
    since === null ? '' : `LastModifiedDate >= ${stamp(since)}`,
    openOnly ? (object.kind === 'lead' ? 'IsConverted = false' : 'IsClosed = false') : '',
  ]
  return longList(org, { from: object.name, fields: ['Id', 'SystemModstamp'], where }, signal)
}

/** A list that may be long, in the order of the ids or in none: a list of the server's own would expire while it is worked. */
export async function* longList(
  org: Org,
  list: { readonly from: string; readonly fields: readonly string[]; readonly where: readonly string[] },
  signal: AbortSignal,
): AsyncGenerator<readonly Row[]> {
  const what = `the rows of ${list.from}`
  const count = await org.api.count({ soql: soql({ fields: ['COUNT()'], from: list.from, where: list.where }), deleted: false, what }, signal)
  if (count === 0) return
  if (count > jobFrom) {
    let isTaken = true
    for await (const rows of bulkQuery(org, { soql: soql(list), what }, signal)) {
      if (rows === null) isTaken = false
      else if (rows.length > 0) yield rows
    }
    if (isTaken) return
  }
  let last: string | null = null
  for (let page = 0; page < pagesMost; page += 1) {
    const after: string = last === null ? '' : `Id > ${quoted(last)}`
    const statement = soql({ ...list, where: [...list.where, after], orderBy: 'Id', limit: rowsPerPage })
    const { rows } = await org.api.query({ soql: statement, deleted: false, what }, signal)
    if (rows.length > 0) yield rows
    const end = rows.at(-1)
    last = end === undefined ? null : idOf(end, 'Id')
    if (rows.length < rowsPerPage || last === null) return
  }
}
