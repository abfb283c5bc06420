import { changedFields } from '../core/deal.js'
import { toFault, type Fault } from '../core/fault.js'
import { newLink, type Link } from '../core/link.js'
import type { Mark, Present, Reading, TouchedPage, TouchedRecord } from '../core/ports.js'
import { asLinkId, isEndRef, refKey, type EndRef, type LinkId, type Side } from '../core/ref.js'
import { bulkCreate, type NewDeal } from './bulk.js'
import { entry, type Engine } from './engine.js'
import { hold } from './hold.js'
import { joinNamed, mayJoin } from './join-named.js'
import { notListed } from './not-listed.js'
import { noteRound } from './referrals-known.js'
import { LISTED } from './shown-late.js'
import { stopIfTold } from './stopped.js'
import { unclaimed, type Unclaimed } from './unclaimed.js'
import { wishesMore } from './vanished.js'

export interface SweepOptions {
  readonly signal: AbortSignal
  /** A person has released the brake. */
  readonly release: boolean
  readonly since: number | null
  readonly openOnly: boolean
}
export interface SweepReport {
  readonly side: Side
  readonly records: number
  readonly created: number
  readonly marked: number
  readonly braked: Brake | null
  /** Another worker was sweeping this side. */
  readonly skipped: boolean
}
/** The sweep stopped because it would change too much at once. */
export interface Brake {
  readonly side: Side
  readonly wouldChange: number
  readonly linked: number
  readonly sample: readonly { readonly id: string; readonly name: string | null }[]
  readonly at: number
}

// A fifth of all linked deals, and never fewer than twenty: what a person would call "too much at once".
const brakeShare = 5
const brakeLeast = 20
// A person releases a brake that was pulled. Where most of what it stopped was put back, and not where an event carried one of it, it lets go by itself.
const brakeLetsGo = 2
const readChunk = 150

export const cursorName = (side: Side): string => `cursor.${side}`
export const brakeName = (side: Side): string => `brake.${side}`

/** Looks at every record that changed since the last sweep of this side. The cursor moves only after what it covers was durably noted. */
export async function sweep(engine: Engine, side: Side, options: SweepOptions): Promise<SweepReport> {
  const held = await hold(engine, { name: `sweep.${side}`, signal: options.signal }, (signal) => sweepPages(engine, side, { ...options, signal }))
  return held.kind === 'done' ? held.value : { side, records: 0, created: 0, marked: 0, braked: null, skipped: true }
}

async function sweepPages(engine: Engine, side: Side, options: SweepOptions): Promise<SweepReport> {
  const { store, clock } = engine
  const stored = await store.getValue<string>(cursorName(side))
  const first = stored === null
  const pages = engine.adapters[side].touched({
    cursor: stored?.value ?? null,
    since: first ? options.since : null,
    openOnly: first && options.openOnly,
    signal: options.signal,
  })
  const waiting = side === 'partner' ? await unclaimed(engine) : null
  const { signal } = options
  const collected: Collected = { candidates: new Map(), wide: new Set(), shown: new Set(), first, unclaimed: waiting, signal }
  const { candidates, wide } = collected
  let records = 0
  let created = 0
  let related = false
  let cursor: string | null = null
  let cutShort = false
  let wholeOf: TouchedPage['wholeOf'] = []
  let broken: Fault | null = null
  for await (const page of untilBroken(pages, (fault) => (broken = fault))) {
    records += page.records.length
    related ||= page.records.some(({ engagementId }) => engagementId !== null)
    created += await notePage(engine, side, page, collected)
    stopIfTold(side, options.signal) // What was not made of this page comes again with it.
    cursor = page.cursor ?? cursor
    cutShort = page.cutShort === true
    wholeOf = page.wholeOf ?? []
    // While nothing waits for the brake or is still to be looked for, progress is kept page by page, so that an interrupted first sync goes on where it was.
    if (page.cursor !== null && candidates.size === 0 && wholeOf.length === 0) {
      await waiting?.keep()
      await store.setValue(cursorName(side), page.cursor, { expect: 'any', now: clock.now() })
    }
  }
  stopIfTold(side, options.signal) // A walk that was told to stop ends like one that is through.
  await noteClaimed(collected)
  for await (const link of notListed(store, { side, kinds: wholeOf, shown: collected.shown }))
    noteCandidate(link, { differs: null, unread: false }, collected)
  const braked = options.release ? null : await brake(engine, side, collected)
  if (braked !== null) return { side, records, created, marked: 0, braked, skipped: false }
  const now = clock.now()
  const marks = [...candidates.values()].map(({ id, unread }): Mark => ({
    link: id,
    dueAt: now,
    urgency: 2,
    wide: wide.has(id),
    because: unread ? LISTED : `sweep of ${side}`,
  }))
  if (side === 'partner') marks.push(...(await waitingMarks(engine, related)))
  if (marks.length > 0) await store.queue.mark(marks, now)
  await waiting?.keep()
  if (cursor !== null) await store.setValue(cursorName(side), cursor, { expect: 'any', now })
  if (side === 'partner') await noteRound(engine, { cutShort })
  await store.setValue(`swept.${side}`, now, { expect: 'any', now })
  if (await store.getValue(brakeName(side))) await store.setValue(brakeName(side), null, { expect: 'any', now })
  if (broken !== null) throw broken as Fault // assigned in the callback, which the compiler does not follow
  return { side, records, created, marked: marks.length, braked: null, skipped: false }
}

/** What is only shown again may break off day after day, on one row of a hundred thousand: what was changed, all of which came before it, waits for none of it. */
async function* untilBroken(pages: AsyncIterable<TouchedPage>, told: (fault: Fault) => void): AsyncGenerator<TouchedPage> {
  let isAgain = false
  try {
    for await (const page of pages) {
      isAgain ||= page.again === true
      yield page
    }
  } catch (error) {
    if (!isAgain) throw error
    told(toFault(error))
  }
}

const showsRelatedName = 'sweep.shows-related'
const waitingMost = 500 // Ten reads a second for a minute, which no quota notices.

/**
 * Deals that wait for Microsoft's answer, to be read with Microsoft's referral: where the listing shows our own referrals only, a lost event
 * about the answer would never be found otherwise. Once a listing has shown a referral of somebody else, it is known to bring them itself.
 */
async function waitingMarks({ store, clock }: Engine, related: boolean): Promise<Mark[]> {
  const now = clock.now()
  if (related) await store.setValue(showsRelatedName, true, { expect: null, now })
  if (related || (await store.getValue(showsRelatedName)) !== null) return []
  const { links } = await store.list({ waitsFor: 'microsoft', limit: waitingMost, after: null })
  return links.map((link): Mark => ({ link: link.id, dueAt: now, urgency: 2, wide: true, because: "Microsoft's answer is awaited" }))
}

/** What the brake has to know of a deal until all pages are there. Whole deals would be as many as the CRM has: they are loaded again where needed. */
interface Candidate {
  readonly id: LinkId
  readonly name: string | null
  /** Both ends and an agreement are there: the brake counts it. */
  readonly linked: boolean
  /** Known to differ from the base; null: must be read to be known. */
  readonly differs: boolean | null
  /** The listing showed its referral in a state that the deal does not know. */
  readonly unread: boolean
}
interface Collected {
  readonly candidates: Map<LinkId, Candidate>
  readonly wide: Set<LinkId>
  /** Deals whose record was among those that the pages brought. */
  readonly shown: Set<LinkId>
  readonly first: boolean
  readonly unclaimed: Unclaimed | null
  readonly signal: AbortSignal
}

/** Sorts the records of a page into deals we know (candidates) and deals that are new (made at once). Returns how many were new. */
async function notePage(engine: Engine, side: Side, page: TouchedPage, collected: Collected): Promise<number> {
  const known = await engine.store.linksOfMany(page.records.map(({ ref, engagementId }) => ({ ref, engagementId })))
  const fresh: NewDeal[] = []
  const joined = side === 'partner' ? await joinWaiting(engine, page, known, collected.signal) : new Set<string>()
  for (const record of page.records) {
    const links = known.get(refKey(record.ref)) ?? []
    if (joined.has(record.ref.id)) continue
    const again = page.again === true
    for (const link of links) if (!again || isNews(record, link)) noteKnown(record, link, collected)
    if (links.length === 0 && isNew(record) && !(again && isOver(record)))
      fresh.push({ ref: record.ref, reading: record.reading })
  }
  const orphans = page.records.filter(({ ref, engagementId }) => engagementId !== null && (known.get(refKey(ref)) ?? []).length === 0)
  collected.unclaimed?.add(orphans)
  if (fresh.length === 0) return 0
  const made = await makeNew(engine, side, fresh, collected)
  // Another party's referral may stand on the page before the deal that it belongs to.
  if (orphans.length > 0) await noteClaimed(collected)
  return made
}

/** Referrals whose event came before this sweep, and that no worker has looked at yet: those that name a record are one deal with it, like new ones. */
async function joinWaiting(
  engine: Engine,
  page: TouchedPage,
  known: ReadonlyMap<string, readonly Link[]>,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const waiting = page.records.filter(isNew).filter(({ ref }) => {
    const links = known.get(refKey(ref)) ?? []
    return links.length > 0 && links.every((link) => mayJoin(link, ref))
  })
  const apart = new Set(await joinNamed(engine, waiting, signal))
  return new Set(waiting.filter((deal) => !apart.has(deal)).map(({ ref }) => ref.id))
}

async function noteClaimed(collected: Collected): Promise<void> {
  for (const { record, links } of (await collected.unclaimed?.claim()) ?? []) for (const link of links) noteKnown(record, link, collected)
}

function noteKnown(record: TouchedRecord, link: Link, collected: Collected): void {
  const { wide, shown } = collected
  shown.add(link.id)
  if (link.ignored) return
  const isEnd = link.ends.partner?.id === record.ref.id || link.ends.crm?.id === record.ref.id
  if (!isEnd && record.ref.side === 'partner') wide.add(link.id)
  const differs = isEnd && record.reading !== null ? differsFromBase(link, record.reading) : null
  // An echo of our own write shows what the base says: nothing to look at, however often a sweep brings it. A deal that waits for a person
  // may wait for just this: an edit that was taken back shows what the base says, too.
  if (differs === false && link.state === 'in-sync') return
  noteCandidate(link, { differs, unread: isEnd && isUnread(record, link) }, collected)
}

const isUnread = ({ ref, reading }: TouchedRecord, { newest }: Link): boolean =>
  ref.side === 'partner' && reading?.kind === 'present' && (newest?.id !== ref.id || newest.version !== reading.version)

function noteCandidate(link: Link, { differs, unread }: Pick<Candidate, 'differs' | 'unread'>, { candidates }: Pick<Collected, 'candidates'>): void {
  const before = candidates.get(link.id)
  const linked = link.base !== null && link.ends.partner !== null && link.ends.crm !== null
  candidates.set(link.id, {
    id: link.id,
    name: link.name,
    linked,
    differs: before?.differs === true ? true : differs,
    unread: before?.unread === true || unread,
  })
}

function differsFromBase(link: Link, reading: Reading): boolean | null {
  if (reading.kind !== 'present') return true
  if (link.base === null) return null
  const { side } = reading.ref
  return changedFields(link.base[side], reading.deal).length > 0 ||
    (side === 'crm' && wishesMore(link, reading.deal)) ||
    (link.ends[side]?.kind ?? reading.ref.kind) !== reading.ref.kind ||
    reading.unreadable.length > 0
    ? true
    : identifierOf(link, reading)
}
const identifierOf = (link: Link, reading: Present): boolean => {
  const other = link.ends[reading.ref.side === 'partner' ? 'crm' : 'partner']
  return other !== null && reading.otherId !== null && reading.otherId !== other.id
}

/** Nothing is to be told on the record, or to be put right: it names its counterpart, and the deal was in step. */
function isAtRest(link: Link, reading: Reading): boolean {
  if (reading.kind !== 'present') return false
  const other = link.ends[reading.ref.side === 'partner' ? 'crm' : 'partner']
  return link.state === 'in-sync' && link.notes.length === 0 && reading.otherId === other?.id
}

/** Of a record that is only shown again: whether its deal agreed on something else, or could not see it when it was told of it. */
function isNews(record: TouchedRecord, link: Link): boolean {
  const { ref, reading } = record
  if (link.ends[ref.side]?.id !== ref.id) return false
  if (link.base === null) return link.reason?.code === 'absent' && !isOver(record)
  return reading !== null && differsFromBase(link, reading) === true
}
/** A first sync may have left out what was over; what comes into sight later and is over is nobody's deal, either. */
const isOver = ({ reading }: TouchedRecord): boolean => reading?.kind === 'present' && reading.sealed

const isNew = (record: TouchedRecord): record is TouchedRecord & { ref: EndRef } =>
  isEndRef(record.ref) && record.engagementId === null && record.reading?.kind !== 'absent'

async function makeNew(engine: Engine, side: Side, fresh: readonly NewDeal[], collected: Collected): Promise<number> {
  const { store, clock } = engine
  const wanted =
    side === 'partner'
      ? fresh
      : fresh.filter(({ reading }) => reading === null || (reading.kind === 'present' && (reading.sync || reading.otherId !== null)))
  if (wanted.length === 0) return 0
  const apart = side === 'partner' ? await joinNamed(engine, wanted, collected.signal) : wanted
  const joined = wanted.length - apart.length
  const bulk = side === 'partner' && (await store.getValue('swept.crm')) !== null
  if (bulk) return joined + (await bulkCreate(engine, apart, collected.signal))
  const now = clock.now()
  const links = await Promise.all(
    apart.map(({ ref }) =>
      store.add(
        newLink(asLinkId(engine.newId()), now, { partner: side === 'partner' ? ref : null, crm: side === 'crm' ? ref : null }),
        [entry({ link: null, run: null, at: now }, { kind: 'hinted', source: `sweep of ${side}`, name: 'new record', ref })],
        now,
      ),
    ),
  )
  await store.queue.mark(
    links.map((link): Mark => ({ link: link.id, dueAt: now, urgency: 2, wide: true, because: `sweep of ${side}` })),
    now,
  )
  for (const { id } of links) collected.shown.add(id)
  return joined + links.length
}

/**
 * Counts the linked deals that this sweep would change. Over the limit: nothing is marked, the cursor stays, and a person is asked.
 * Those that were looked at for it and show what they showed at the last agreement (the echo of a first sync, above all) are candidates no more.
 */
async function brake(engine: Engine, side: Side, { candidates, wide, signal }: Collected): Promise<Brake | null> {
  const { store, clock } = engine
  const counted = [...candidates.values()].filter((candidate) => candidate.linked)
  if (counted.length <= brakeLeast / brakeLetsGo) return null // Without asking the store, at every poll.
  const isPulled = ((await store.getValue<Brake | null>(brakeName(side)))?.value ?? null) !== null
  if (counted.length <= brakeLeast && !isPulled) return null // Nor counting all deals.
  const linked = await store.linkedCount()
  const most = Math.max(brakeLeast, Math.floor(linked / brakeShare))
  const limit = isPulled ? Math.floor(most / brakeLetsGo) : most
  if (counted.length <= limit) return null
  const changing: Pick<Candidate, 'id' | 'name'>[] = counted.filter((candidate) => candidate.differs === true)
  const unsure = counted.filter((candidate) => candidate.differs === null).map(({ id }) => id)
  const unchanged: LinkId[] = []
  for (let start = 0; start < unsure.length && changing.length <= limit; start += readChunk) {
    const held = (await store.loadMany(unsure.slice(start, start + readChunk))).flatMap((link) => {
      const ref = link.ends[side]
      return ref === null ? [] : [{ link, ref }]
    })
    const readings = await engine.adapters[side].readMany(held.map(({ ref }) => ref), { wide: false, signal })
    readings.forEach((reading, index) => {
      const link = held[index]?.link
      if (link === undefined) return
      const differs = differsFromBase(link, reading)
      if (differs === true) changing.push(link)
      else if (differs === false && isAtRest(link, reading)) unchanged.push(link.id)
    })
  }
  if (changing.length <= limit) {
    for (const id of unchanged) if (!wide.has(id)) candidates.delete(id)
    return null
  }
  const found: Brake = {
    side,
    wouldChange: changing.length,
    linked,
    sample: changing.slice(0, 10).map(({ id, name }) => ({ id, name })),
    at: clock.now(),
  }
  await store.setValue(brakeName(side), found, { expect: 'any', now: clock.now() })
  engine.warn('A sweep was stopped: it would change too many deals at once. Look at them, then run "cosell sync --yes".', {
    ...found,
    sample: found.sample.length,
  })
  return found
}
