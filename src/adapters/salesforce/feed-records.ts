import type { Reading, TouchedRecord } from '../../core/ports.js'
import type { Ref } from '../../core/ref.js'
import type { Codec } from './codec.js'
import { readingOf } from './decode.js'
import { isEnd, scopeOf, type FeedObject } from './feed-objects.js'
import type { Org } from './org.js'
import { flagOf, idOf, textOf, type Row } from './row.js'
import { isIn, soql } from './soql.js'

const parentsPerQuestion = 200

/** What rows of the feed say: where to look, and what lies in the recycle bin. */
export async function recordsOf(
  org: Org,
  object: FeedObject,
  page: { readonly rows: readonly Row[]; readonly codec: Codec | null; readonly seenAt: number },
  signal: AbortSignal,
): Promise<TouchedRecord[]> {
  const { rows } = page
  // Whoever looks at these reads the org's stages first.
  const codec = org.isStrange(rows) ? null : page.codec
  const records = rows.flatMap((row): TouchedRecord[] => {
    const id = idOf(row, 'Id')
    if (id === null || object.kind === null) return []
    const ref: Ref = { side: 'crm', kind: object.kind, id }
    return [{ ref, engagementId: null, reading: isEnd(object) ? told(object, id, row, { ...page, codec }) : null }]
  })
  return object.lookup === null ? records : [...records, ...(await parents(org, rows, { lookup: object.lookup, signal }))]
}

/** What the row itself tells: that it went, or the whole deal. One that became another is looked at anew. */
function told(
  object: FeedObject,
  id: string,
  row: Row,
  { codec, seenAt }: { readonly codec: Codec | null; readonly seenAt: number },
): Reading | null {
  const ref = { side: 'crm', kind: object.kind === 'lead' ? 'lead' : 'opportunity', id } as const
  if (flagOf(row, 'IsDeleted')) return textOf(row, 'MasterRecordId') === null ? { kind: 'absent', ref } : null
  if (codec === null) return null
  const reading = readingOf(codec, ref, row, seenAt)
  return reading.kind === 'present' ? reading : null
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
