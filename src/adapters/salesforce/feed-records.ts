import type { TouchedRecord } from '../../core/ports.js'
import type { Ref } from '../../core/ref.js'
import { isEnd, scopeOf, type FeedObject } from './feed-objects.js'
import type { Org } from './org.js'
import { flagOf, idOf, textOf, type Row } from './row.js'
import { isIn, soql } from './soql.js'

const parentsPerQuestion = 200

/** What rows of the feed say: where to look, and what lies in the recycle bin. */
export async function recordsOf(org: Org, object: FeedObject, rows: readonly Row[], signal: AbortSignal): Promise<TouchedRecord[]> {
  const records = rows.flatMap((row): TouchedRecord[] => {
    const id = idOf(row, 'Id')
    if (id === null || object.kind === null) return []
    const ref: Ref = { side: 'crm', kind: object.kind, id }
    const gone = isEnd(object) && flagOf(row, 'IsDeleted') && textOf(row, 'MasterRecordId') === null
    return [
      {
        ref,
        engagementId: null,
        reading: gone ? { kind: 'absent', ref: { side: 'crm', kind: object.kind === 'lead' ? 'lead' : 'opportunity', id } } : null,
      },
    ]
  })
  return object.lookup === null ? records : [...records, ...(await parents(org, rows, { lookup: object.lookup, signal }))]
}

/** A new solution row is not yet known as part of any deal: its opportunity is, if it is one of ours. */
async function parents(
  org: Org,
  rows: readonly Row[],
  given: { readonly lookup: string; readonly signal: AbortSignal },
): Promise<TouchedRecord[]> {
  const scope = scopeOf(org.known, 'Opportunity')
  const ids = [...new Set(rows.flatMap((row) => idOf(row, given.lookup) ?? []))]
  if (scope === null) return []
  const found: TouchedRecord[] = []
  for (let start = 0; start < ids.length; start += parentsPerQuestion) {
    const statement = soql({
      fields: ['Id'],
      from: 'Opportunity',
      where: [isIn('Id', ids.slice(start, start + parentsPerQuestion)), scope],
    })
    const answer = await org.api.query({ soql: statement, deleted: false, what: 'opportunities of changed solutions' }, given.signal)
    for (const row of answer.rows) {
      const id = idOf(row, 'Id')
      if (id !== null) found.push({ ref: { side: 'crm', kind: 'opportunity', id }, engagementId: null, reading: null })
    }
  }
  return found
}
