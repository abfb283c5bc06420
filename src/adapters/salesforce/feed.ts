import type { TouchedOptions, TouchedPage } from '../../core/ports.js'
import type { Question } from './exchange.js'
import type { Codec } from './codec.js'
import { readFields } from './decode.js'
import { spared, thriftOf, type Thrift } from './budget.js'
import { coveredUntil, purged } from './feed-floor.js'
import { readCursor, writeCursor, type Position } from './feed-cursor.js'
import { firstRows } from './feed-first.js'
import { feedObjects, isEnd, type FeedObject } from './feed-objects.js'
import { recordsOf } from './feed-records.js'
import type { Org } from './org.js'
import { KEPT } from './profile.js'
import { idOf, instantOf, type Row } from './row.js'
import { fieldIn } from './schema.js'
import { soql, stamp } from './soql.js'

const overlapMs = 10 * 60_000 // Stamps are set before a transaction ends: a row may become visible minutes after a later one.
const rescanEveryMs = 3_600_000
const purgesEveryMs = 24 * 3_600_000
const partsEveryMs = 10 * 60_000 // While the org's allocation runs low: accounts and contacts change seldom, and every write reads them anyway.
const secondMs = 1_000
const rowsPerPage = 2_000
const pagesMost = 5_000

/** One round over all objects. */
interface Round {
  readonly org: Org
  readonly options: TouchedOptions
  /** The server's time. */
  readonly now: number
  readonly thrift: Thrift
}

/**
 * Everything that changed since the cursor, object by object, deletions included; the cursor of the round comes with its last page.
 * Pages follow the order of (SystemModstamp, Id), never a list of the server's that expires. Once an hour the feed goes back to the
 * moment before which nothing can appear any more, and once a day it asks which rows are gone from the recycle bin as well.
 * Source: Salesforce REST API Developer Guide, "QueryAll", "Get Updated", "Get Deleted"; object reference, "System fields".
 */
export async function* touched(org: Org, options: TouchedOptions): AsyncGenerator<TouchedPage> {
  const { signal } = options
  const thrift = await thriftOf(org.api, org.clock.now(), signal)
  if (thrift === 'all-but-writes') throw spared(org.api)
  const schema = await org.schema(signal)
  const orgId = schema.self?.organizationId ?? ''
  const before = readCursor(options.cursor, orgId)
  // Objects that the org hides for a while go on where they were.
  const after = new Map(before)
  const round: Round = { org, options, now: (await org.api.serverTime(signal)) ?? org.clock.now(), thrift }
  const spares = thrift !== 'none' && round.now - org.partsPolledAt < partsEveryMs
  if (!spares) org.partsPolledAt = round.now
  for (const object of feedObjects(schema)) {
    const position = before.get(object.name) ?? null
    if (spares && position !== null && !isEnd(object)) {
      after.set(object.name, position)
      continue
    }
    const start = await startOf(round, object, position)
    const seen = new Map(position?.seen)
    let latest = position === null ? round.now - overlapMs : position.since + overlapMs
    const codec = readsIn(org, object, start)
    const lacking = lackingOf(org, object)
    if (position !== null && position.lacking !== null && position.lacking !== lacking) yield* listedAnew(round, object)
    for await (const { rows, seenAt } of rowsFrom(round, object, { from: start.from, codec })) {
      const fresh = rows.filter((row) => seen.get(idOf(row, 'Id') ?? '') !== instantOf(row, 'SystemModstamp'))
      for (const row of rows) {
        const at = instantOf(row, 'SystemModstamp') ?? 0
        // In the very second of its stamp a row may change again under the same one: it is told once more at the next poll.
        if (at + secondMs <= seenAt) seen.set(idOf(row, 'Id') ?? '', at)
        latest = Math.max(latest, at)
      }
      const records = await recordsOf(org, object, { rows: fresh, codec, seenAt }, signal)
      if (records.length > 0) yield { records, cursor: null }
    }
    const gone = start.asksForPurges ? await purged(org, object, round.now, signal) : []
    if (gone.length > 0) yield { records: gone, cursor: null }
    const since = latest - overlapMs
    after.set(object.name, {
      since,
      floor: Math.min(start.floor ?? since, since),
      rescannedAt: start.rescannedAt,
      lacking,
      purgesSeenAt: start.asksForPurges ? round.now : (position?.purgesSeenAt ?? round.now),
      seen,
    })
  }
  yield { records: [], cursor: writeCursor(orgId, after) }
}

/** What a deal could be made of, and the org does not have or hides from us. */
function lackingOf(org: Org, { kind }: FeedObject): string | null {
  if (kind !== 'opportunity' && kind !== 'lead') return null
  const { schema, object, resting, broken } = org.codecNow(kind)
  const rows = [...resting, ...broken.map(({ row }) => row)].map(({ field }) => field)
  return [...KEPT.filter((name) => fieldIn(schema, object, name) === null), ...rows].sort().join()
}

/** No stamp moves when a field shows again: what was written there meanwhile would be found by nobody. */
async function* listedAnew({ org, options, now }: Round, object: FeedObject): AsyncGenerator<TouchedPage> {
  for await (const rows of firstRows(org, object, options)) {
    yield { records: await recordsOf(org, object, { rows, codec: null, seenAt: now }, options.signal), cursor: null }
  }
}

interface Start {
  /** From which stamp on rows are read; null: a full round, or nothing at all. */
  readonly from: number | null
  readonly floor: number | null
  readonly rescannedAt: number
  readonly asksForPurges: boolean
}
/** Where this round begins for one object, and what it asks beside the changes. */
async function startOf({ org, now, thrift, options }: Round, object: FeedObject, position: Position | null): Promise<Start> {
  const isDue = position === null || now - position.rescannedAt >= rescanEveryMs
  // Asked before the rows are read: what is older than the answer is among them.
  const covered = isDue && thrift === 'none' && (position !== null || isEnd(object)) ? await coveredUntil(org, object, now, options.signal) : null
  if (position === null)
    return { from: null, floor: covered ?? now - overlapMs, rescannedAt: now, asksForPurges: false }
  const rescans = isDue && thrift === 'none'
  return {
    from: rescans ? Math.min(position.since, position.floor) : position.since,
    floor: rescans ? covered : position.floor,
    rescannedAt: rescans ? now : position.rescannedAt,
    asksForPurges: isEnd(object) && thrift === 'none' && now - position.purgesSeenAt >= purgesEveryMs,
  }
}

interface Last {
  readonly at: string
  readonly id: string
}
function questionOf(
  object: FeedObject,
  { from, codec }: { readonly from: number; readonly codec: Codec | null },
  last: Last | null,
): Question {
  const next = last === null ? '' : `SystemModstamp > ${last.at} OR (SystemModstamp = ${last.at} AND Id > '${last.id}')`
  return {
    soql: soql({
      fields: codec === null ? ['Id', 'SystemModstamp', 'IsDeleted', ...object.fields] : readFields(codec),
      from: object.name,
      where: [object.scope, `SystemModstamp >= ${stamp(from)}`, next],
      orderBy: 'SystemModstamp, Id',
      limit: rowsPerPage,
    }),
    deleted: true,
    what: `changes of ${object.name}`,
  }
}

/** Changed deals come whole, so that an echo of our own write is known for one without another look. A first round lists ids only. */
function readsIn(org: Org, object: FeedObject, { from }: Start): Codec | null {
  if (from === null || (object.kind !== 'opportunity' && object.kind !== 'lead')) return null
  const codec = org.codecNow(object.kind)
  return codec.broken.length === 0 ? codec : null
}

interface Page {
  readonly rows: readonly Row[]
  /** The earliest moment, by the server's clock, at which it can have looked. */
  readonly seenAt: number
}
async function* rowsFrom(
  { org, options, now }: Round,
  object: FeedObject,
  { from, codec }: { readonly from: number | null; readonly codec: Codec | null },
): AsyncGenerator<Page> {
  if (from === null) {
    // In a full round every deal is read with the rows around it, so these need no hints of their own.
    if (isEnd(object)) for await (const rows of firstRows(org, object, options)) yield { rows, seenAt: now }
    return
  }
  let last: Last | null = null
  for (let count = 0; count < pagesMost; count += 1) {
    const { rows, at: seenAt } = await org.api.query(questionOf(object, { from, codec }, last), options.signal)
    if (rows.length > 0) yield { rows, seenAt: seenAt ?? now }
    const end = rows.at(-1)
    const at = end === undefined ? null : instantOf(end, 'SystemModstamp')
    const id = end === undefined ? null : idOf(end, 'Id')
    if (rows.length < rowsPerPage || at === null || id === null) return
    last = { at: stamp(at), id }
  }
}
