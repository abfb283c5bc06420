import { Fault, isFault, toFault } from '../../core/fault.js'
import type { Present, TouchedOptions, TouchedPage, TouchedRecord } from '../../core/ports.js'
import type { EndRef } from '../../core/ref.js'
import { literal } from '../../remote/odata.js'
import type { Document, ListPage, ListQuery } from './api.js'
import { engagementOf, presentOf } from './decode.js'
import { referralRef } from './ids.js'
import { inParallel } from './in-parallel.js'
import { isInSightDue, inSight } from './in-sight.js'
import { asked, patiently, type Round, type SweepParts } from './sweep-round.js'
import { earlier, stampFrom, stampOf, type Stamp } from './stamp.js'
import { digestOf, pruned, readPosition, writePosition, type Position } from './touched-cursor.js'
import { isWhole, parseBrief, parseReferral, type Brief } from './wire.js'

const pagesMost = 2_000 // 200,000 records in one round; the next round goes on from there.
// The service's clock against the stamps of its records. More would make a first sync walk through its own writes; what is missed by less comes next time.
const marginMs = 5_000
const stepBackMs = 1 // The next page starts a moment before the last one ended: a record between two pages is then shown twice, never missed.
const dawn: Stamp = '2000-01-01T00:00:00.0000000Z' // Before there was a Partner Center.
const readsAtOnce = 8 // Of the ten calls that are let through at once; two are left to the deals that people work on meanwhile.
const engagementsMost = 10_000

/** Every referral that changed since the cursor, and now and then every one that is in sight: a referral may come into sight without a change. */
export async function* touched(parts: SweepParts, options: TouchedOptions): AsyncGenerator<TouchedPage> {
  const start = startOf(options)
  const round: Round = { parts, options, position: start, isThrough: false, related: new Map() }
  yield* changed(round, start)
  if (round.isThrough && isInSightDue(round)) yield* inSight(round)
}

/** Oldest change first where the service can filter by time, else newest first. */
async function* changed(round: Round, start: Position): AsyncGenerator<TouchedPage> {
  const { parts } = round
  if (parts.learnt.dates !== 'none') {
    if (yield* forwards(round, start)) return
  }
  yield* backwards(round, start)
}

function startOf(options: TouchedOptions): Position {
  const known = options.cursor === null ? null : readPosition(options.cursor)
  return (
    known ?? {
      at: null,
      seen: new Map(),
      since: options.since === null ? null : stampFrom(options.since),
      openOnly: options.openOnly ? true : null,
      wholeAt: null,
    }
  )
}

/**
 * Page by page in the order of change. Pages are asked for by time and not by the service's links: a record that changes during the
 * walk moves to the end, and links that count rows would then skip another one.
 * @returns false when the service takes no date in a filter: it refused it, or handed out what was to be left out.
 */
async function* forwards(round: Round, start: Position): AsyncGenerator<TouchedPage, boolean> {
  const { parts } = round
  // Also the first page is asked for by time, so that a service that cannot do so says it before anything was handed out.
  let from = start.at === null ? (start.since ?? dawn) : later(earlier(start.at, parts.overlapMs), start.since)
  let link: string | null = null
  let top: number | null = parts.pageSize
  let listed = 0 // of one listing, which its bound may have cut; a service may hand it out in smaller pages
  let until: Stamp | null = null
  let crowd: Crowd | null = null
  const byTime = (): void => {
    link = null
    top = parts.pageSize
  }
  for (let pages = 0; pages < pagesMost; pages += 1) {
    const page: ListPage | null = link === null ? await forwardPage(round, from, top) : await followed(round, link)
    if (page === null) return false
    if ((link === null || listed === 0) && isUnfiltered(page, from)) {
      parts.learnt.dates = 'none'
      return false
    }
    until ??= page.date === null ? null : stampFrom(page.date + marginMs)
    const { records, newest, stamps, news } = await take(round, page)
    listed = link === null ? page.items.length : listed + page.items.length
    const isEmpty = page.items.length === 0
    const ends = leadsNowhere(page, link) && (isEmpty || top === null || listed < top)
    // Records that change while we walk come again at the end; they are left to the next round, which knows them as changed.
    const beyond = newest !== null && until !== null && newest > until
    const next: Stamp | null = newest === null ? null : earlier(newest, stepBackMs)
    const past = next !== null && next > from
    if (!past && !ends && !isEmpty) crowd ??= crowdAt(newest ?? from)
    if (crowd !== null) walkOn(crowd, { stamps, news })
    const through = ends || beyond || (crowd !== null && newest !== null && newest > crowd.at)
    // What links show behind the crowd may leave out some of it, too: from there on pages are asked for by time again.
    const done: boolean = crowd === null ? ends || beyond : ends && isThrough(crowd) && (newest === null || newest <= crowd.at)
    advance(round, crowd === null ? newest : earliest(newest, crowd.at), done)
    yield { records, cursor: writePosition(round.position), cutShort: (done && !ends) || pages === pagesMost - 1 }
    if (done) return true
    if (crowd !== null && through) {
      if (isThrough(crowd)) {
        from = crowd.at
        crowd = null
      } else Object.assign(crowd, { news: false, before: crowd.rows, rows: 0 })
      byTime()
    } else if (past && crowd === null) {
      from = next
      byTime()
    } else {
      // More records of one moment than fit a page: only the service's own links lead past them, and only in a listing without a bound.
      link = page.nextLink
      top = link === null ? null : top
    }
  }
  return true
}

/**
 * A moment with more records than fit a page. Links that count rows skip one for each that is changed (above all by ourselves) while they are
 * followed, so that the moment is walked through again, until nothing of it is news and as many are there as the time before.
 */
interface Crowd {
  /** The next moment that a filter can name: the crowd's own, and what happened at the very next, is before it or at it. */
  readonly at: Stamp
  news: boolean
  /** Of this walk so far, and of the one before it. */
  rows: number
  before: number | null
}
const crowdAt = (newest: Stamp): Crowd => ({ at: earlier(newest, -stepBackMs), news: false, rows: 0, before: null })
const isThrough = ({ news, rows, before }: Crowd): boolean => !news && rows === before
function walkOn(crowd: Crowd, { stamps, news }: Pick<Taken, 'stamps' | 'news'>): void {
  const isOfIt = (stamp: Stamp): boolean => stamp <= crowd.at
  crowd.rows += stamps.filter(isOfIt).length
  crowd.news ||= news.some(isOfIt)
}
const earliest = (a: Stamp | null, b: Stamp): Stamp => (a === null || b < a ? b : a)

/** An empty page may lead on: a service that leaves out rows after it has cut its pages shows such. A link that leads to itself leads nowhere. */
const leadsNowhere = ({ nextLink }: ListPage, link: string | null): boolean => nextLink === null || nextLink === link

const later = (a: Stamp, b: Stamp | null): Stamp => (b !== null && b > a ? b : a)

const followed = (round: Round, link: string): Promise<ListPage> => patiently(round, () => round.parts.referrals.next(link, asked(round)))

/** The oldest comes first. */
function isUnfiltered({ items: [first] }: ListPage, from: Stamp): boolean {
  const stamp = first === undefined ? null : stampOf(parseBrief(first, 'a listing of referrals').updatedDateTime)
  return stamp !== null && inMs(stamp) < inMs(from)
}

async function forwardPage(round: Round, from: Stamp, top: number | null): Promise<ListPage | null> {
  const { parts } = round
  for (;;) {
    const { dates } = parts.learnt
    if (dates === 'none') return null
    const filter = `updatedDateTime gt ${dates === 'plain' ? inMs(from) : literal(inMs(from))}`
    try {
      return await patiently(round, () => parts.referrals.list(queryOf(filter, 'asc', top), asked(round)))
    } catch (error) {
      if (!isFault(error) || error.kind !== 'rejected') throw error
      parts.learnt.dates = dates === 'plain' ? 'quoted' : 'none'
    }
  }
}

const inMs = (stamp: Stamp): string => `${stamp.slice(0, 23)}Z`
/** `$top` bounds the whole listing, not a page: it is set where the next page is asked for by time, and left out where links lead on. */
const queryOf = (filter: string | null, order: 'asc' | 'desc', top: number | null): ListQuery => ({
  filter,
  orderBy: `updatedDateTime ${order}`,
  select: null,
  top,
})
/** Without a date in the filter: newest first, until what is known begins. The cursor comes with the last page. */
async function* backwards(round: Round, start: Position): AsyncGenerator<TouchedPage> {
  const { parts } = round
  const stop = start.at === null ? start.since : later(earlier(start.at, parts.overlapMs), start.since)
  let link: string | null = null
  let newest = null as Stamp | null // assigned in the loop, which the compiler does not follow
  for (let pages = 0; pages < pagesMost; pages += 1) {
    const at: string | null = link
    const page: ListPage = await patiently(round, () =>
      at === null ? parts.referrals.list(queryOf(null, 'desc', null), asked(round)) : parts.referrals.next(at, asked(round)),
    )
    const taken = await take(round, page, stop)
    newest = max(newest, taken.newest)
    const done = leadsNowhere(page, at) || (stop !== null && taken.oldest !== null && taken.oldest < stop)
    if (done) advance(round, newest, true)
    else if (newest !== null) round.position = { ...round.position, seen: pruned(round.position.seen, newest, parts.overlapMs) }
    // A record that changed meanwhile has moved in front of the pages that were still to come.
    yield { records: taken.records, cursor: done ? writePosition(round.position) : null, cutShort: pages > 0 }
    if (done) return
    link = page.nextLink
  }
}

const max = (a: Stamp | null, b: Stamp | null): Stamp | null => (a === null || (b !== null && b > a) ? b : a)

function advance(round: Round, newest: Stamp | null, done: boolean): void {
  const { position, parts } = round
  const at = max(position.at, newest)
  round.position = {
    ...position,
    at,
    seen: at === null ? position.seen : pruned(position.seen, at, parts.overlapMs),
    openOnly: done ? null : position.openOnly,
    // The first round shows all there is.
    wholeAt: done ? (position.wholeAt ?? parts.clock.now()) : position.wholeAt,
  }
  round.isThrough ||= done
}

interface Taken {
  readonly records: readonly TouchedRecord[]
  /** When all that is on the page was changed. */
  readonly stamps: readonly Stamp[]
  /** When what was not seen before was changed. */
  readonly news: readonly Stamp[]
  readonly newest: Stamp | null
  readonly oldest: Stamp | null
}

/** What of a page is news, and the span of time it covers. Where the listing leaves out what is needed, its rows are read together. */
async function take(round: Round, page: ListPage, stop: Stamp | null = null): Promise<Taken> {
  const stamps: Stamp[] = []
  const news: Stamp[] = []
  const fresh: { readonly brief: Brief; readonly item: unknown }[] = []
  const seen = new Map(round.position.seen)
  let newest = null as Stamp | null // assigned in the loop, which the compiler does not follow
  let oldest = null as Stamp | null // likewise
  for (const item of page.items) {
    const brief = parseBrief(item, 'a listing of referrals')
    const stamp = stampOf(brief.updatedDateTime)
    if (stamp !== null) stamps.push(stamp)
    round.parts.fresh.saw({ id: brief.id, version: brief.eTag ?? null, changedAt: stamp })
    newest = max(newest, stamp)
    oldest = stamp !== null && (oldest === null || stamp < oldest) ? stamp : oldest
    const digest = digestOf(brief.id, brief.eTag ?? stamp)
    if (seen.has(digest) || (stop !== null && stamp !== null && stamp < stop)) continue
    if (stamp !== null) {
      seen.set(digest, stamp)
      news.push(stamp)
    }
    fresh.push({ brief, item })
  }
  const documents = await inParallel(fresh, readsAtOnce, async ({ brief, item }) =>
    (await round.parts.own.owns(brief, round.options.signal)) ? readable(round, item) : null,
  )
  round.position = { ...round.position, seen }
  const records = fresh.flatMap(({ brief }, index) => recordOf(round, brief, documents[index] ?? null) ?? [])
  return { records, stamps, news, newest, oldest }
}

/** @param document null: the referral is somebody else's. */
function recordOf(round: Round, brief: Brief, document: Document | Fault | null): TouchedRecord | null {
  const ref = referralRef(brief.id)
  const engagementId = engagementOf(brief)
  if (document === null) {
    if (engagementId !== null) note(round, engagementId, ref)
    return { ref, engagementId, reading: null }
  }
  // One record in an unknown form must not keep all others from being seen.
  if (isFault(document)) return { ref, engagementId: null, reading: { kind: 'unreachable', ref, fault: document } }
  const reading: Present = presentOf(document.referral, document.version, null, round.parts.zone())
  if (round.position.openOnly === true && reading.sealed) return null
  const related = engagementId === null ? undefined : round.related.get(engagementId)
  // A deal whose other side was already seen in this round: it is to be looked at with it.
  return { ref, engagementId: null, reading: related === undefined ? reading : { ...reading, aliases: related } }
}

/** A record as the listing shows it, or read by its id where the listing leaves out what is needed. */
async function readable(round: Round, item: unknown): Promise<Document | Fault> {
  try {
    const listed = parseReferral(item, 'a listing of referrals')
    if (isWhole(listed)) return { referral: listed, version: listed.eTag ?? null }
    const what = `reading referral ${listed.id}`
    const read = await patiently(round, () => round.parts.referrals.get(listed.id, { ...asked(round), what }))
    return read ?? new Fault('missing', `Partner Center lists referral ${listed.id}, but does not show it.`, { remedy: 'It is tried again.' })
  } catch (error) {
    // What would be said of every other row as well ends the walk, which goes on from its last page later.
    if (round.options.signal.aborted || (isFault(error) && (error.kind === 'throttled' || error.kind === 'signed-out'))) throw error
    return toFault(error)
  }
}

function note(round: Round, engagementId: string, ref: EndRef): void {
  round.related.set(engagementId, [...(round.related.get(engagementId) ?? []), ref])
  const oldest = round.related.size > engagementsMost ? round.related.keys().next().value : undefined
  if (oldest !== undefined) round.related.delete(oldest)
}
