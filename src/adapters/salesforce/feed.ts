import { z } from 'zod'
import type { TouchedOptions, TouchedPage, TouchedRecord } from '../../core/ports.js'
import type { Ref } from '../../core/ref.js'
import type { Org } from './org.js'
import { IDENTIFIER, SYNC } from './profile.js'
import { flagOf, idOf, instantOf, textOf, type Row } from './row.js'
import { fieldIn, type ObjectName, type Schema } from './schema.js'
import { isIn, soql, stamp } from './soql.js'

const overlapMs = 10 * 60_000 // Stamps are set before a transaction ends: a row may become visible minutes after a later one.
const rowsPerPage = 2_000
const pagesMost = 5_000
const parentsPerQuestion = 200

/** Where one object's feed goes on: at a moment, with what was already seen at and after it. */
interface Position {
  readonly since: number
  readonly seen: Readonly<Record<string, number>>
}
const cursor = z.object({
  version: z.literal(1),
  org: z.string(),
  objects: z.record(z.string(), z.object({ since: z.number(), seen: z.record(z.string(), z.number()) })),
})

/** A cursor that cannot be read, or of another org (a refreshed sandbox is another one), is like none: a full round is slow and right. */
function readCursor(text: string | null, org: string): Map<string, Position> {
  if (text === null) return new Map()
  try {
    const parsed = cursor.safeParse(JSON.parse(text))
    return new Map(parsed.success && parsed.data.org === org ? Object.entries(parsed.data.objects) : [])
  } catch {
    return new Map()
  }
}

interface FeedObject {
  readonly name: string
  readonly kind: Ref['kind']
  /** Which of its rows are ours; empty: any may be part of a deal. */
  readonly scope: string
  readonly fields: readonly string[]
  /** For the solutions: the field that names the opportunity. */
  readonly lookup: string | null
}

/** Rows that carry the switch, or the identifier: what leaves the one while it is linked stays in the other. */
function scopeOf(schema: Schema, object: 'Opportunity' | 'Lead'): string | null {
  const sync = fieldIn(schema, object, SYNC)?.name
  const identifier = fieldIn(schema, object, IDENTIFIER)?.name
  const terms = [...(sync === undefined ? [] : [`${sync} = true`]), ...(identifier === undefined ? [] : [`${identifier} != null`])]
  return terms.length === 0 ? null : terms.join(' OR ')
}
export function feedObjects(schema: Schema): FeedObject[] {
  const end = (object: 'Opportunity' | 'Lead', kind: Ref['kind'], fields: readonly string[]): FeedObject[] => {
    const scope = schema.objects[object] === null ? null : scopeOf(schema, object)
    return scope === null ? [] : [{ name: object, kind, scope, fields, lookup: null }]
  }
  const part = (name: ObjectName, kind: Ref['kind']): FeedObject => ({ name, kind, scope: '', fields: [], lookup: null })
  const { solutions } = schema
  return [
    ...end('Opportunity', 'opportunity', ['IsClosed']),
    ...end('Lead', 'lead', ['IsConverted', 'ConvertedOpportunityId', 'MasterRecordId']),
    part('Account', 'account'),
    part('Contact', 'contact'),
    ...(solutions === null
      ? []
      : [{ name: solutions.name, kind: 'solution', scope: '', fields: [solutions.lookup], lookup: solutions.lookup } as const]),
  ]
}

/**
 * Everything that changed since the cursor, object by object, deletions included; the cursor of the round comes with its last page.
 * Pages follow the order of (SystemModstamp, Id), never a list of the server's that expires.
 * Source: Salesforce REST API Developer Guide, "QueryAll"; object reference, "System fields".
 */
export async function* touched(org: Org, options: TouchedOptions): AsyncGenerator<TouchedPage> {
  const schema = await org.schema(options.signal)
  const orgId = schema.self?.organizationId ?? ''
  const before = readCursor(options.cursor, orgId)
  const after: Record<string, Position> = {}
  const startedAt = ((await org.api.serverTime(options.signal)) ?? org.clock.now()) - overlapMs
  for (const object of feedObjects(schema)) {
    const position = before.get(object.name)
    const isEnd = object.kind === 'opportunity' || object.kind === 'lead'
    // In a full round every deal is read with the rows around it, so these need no hints of their own.
    if (position === undefined && !isEnd) {
      after[object.name] = { since: startedAt, seen: {} }
      continue
    }
    const seen = new Map(Object.entries(position?.seen ?? {}))
    let latest = position === undefined ? startedAt : position.since + overlapMs
    for await (const rows of rowsOfObject(org, object, { from: position?.since ?? null, options })) {
      const fresh = rows.filter((row) => seen.get(idOf(row, 'Id') ?? '') !== instantOf(row, 'SystemModstamp'))
      for (const row of rows) {
        const at = instantOf(row, 'SystemModstamp') ?? 0
        seen.set(idOf(row, 'Id') ?? '', at)
        latest = Math.max(latest, at)
      }
      const records = await recordsOf(org, object, fresh, options.signal)
      if (records.length > 0) yield { records, cursor: null }
    }
    const since = latest - overlapMs
    after[object.name] = { since, seen: Object.fromEntries([...seen].filter(([, at]) => at >= since)) }
  }
  yield { records: [], cursor: JSON.stringify({ version: 1, org: orgId, objects: after }) }
}

async function* rowsOfObject(
  org: Org,
  object: FeedObject,
  given: { readonly from: number | null; readonly options: TouchedOptions },
): AsyncGenerator<readonly Row[]> {
  const { from, options } = given
  const first = from === null ? firstRound(object, options) : [`SystemModstamp >= ${stamp(from)}`]
  let last: { readonly at: string; readonly id: string } | null = null
  for (let page = 0; page < pagesMost; page += 1) {
    const next: string = last === null ? '' : `SystemModstamp > ${last.at} OR (SystemModstamp = ${last.at} AND Id > '${last.id}')`
    const statement = soql({
      fields: ['Id', 'SystemModstamp', 'IsDeleted', ...object.fields],
      from: object.name,
      where: [object.scope, ...first, next],
      orderBy: 'SystemModstamp, Id',
      limit: rowsPerPage,
    })
    // A full round takes what is there; a deletion is news only to who knew the record.
    const { rows } = await org.api.query({ soql: statement, deleted: from !== null, what: `changes of ${object.name}` }, options.signal)
    if (rows.length > 0) yield rows
    const end = rows.at(-1)
    const at = end === undefined ? null : instantOf(end, 'SystemModstamp')
    const id = end === undefined ? null : idOf(end, 'Id')
    if (rows.length < rowsPerPage || at === null || id === null) return
    last = { at: stamp(at), id }
  }
}
/** The first sync may leave out closed and old deals. */
const firstRound = (object: FeedObject, { since, openOnly }: TouchedOptions): string[] => [
  ...(since === null ? [] : [`LastModifiedDate >= ${stamp(since)}`]),
  ...(openOnly ? [object.kind === 'lead' ? 'IsConverted = false' : 'IsClosed = false'] : []),
]

async function recordsOf(org: Org, object: FeedObject, rows: readonly Row[], signal: AbortSignal): Promise<TouchedRecord[]> {
  const records = rows.flatMap((row): TouchedRecord[] => {
    const id = idOf(row, 'Id')
    if (id === null) return []
    const ref: Ref = { side: 'crm', kind: object.kind, id }
    const isEnd = ref.kind === 'opportunity' || ref.kind === 'lead'
    const gone = isEnd && flagOf(row, 'IsDeleted') && textOf(row, 'MasterRecordId') === null
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
