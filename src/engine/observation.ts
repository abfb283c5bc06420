import type { Change } from '../core/change.js'
import type { Field, Projection } from '../core/deal.js'
import type { Link } from '../core/link.js'
import { judge, wishesOf, wishOf, type Observed, type ObservedRow, type Wish } from '../core/observation.js'
import type { Reading } from '../core/ports.js'
import { refKey, SIDES, type EndRef, type Instant, type LinkId, type Side } from '../core/ref.js'
import type { Engine } from './engine.js'
import type { ObserveReport } from './views.js'

const pageSize = 1_000
const pagesMost = 100 // A hundred thousand observations; beyond that the report says that it is not complete.
const dealsPerRead = 100

/** Compares what observe mode would have done with what the records show since: somebody else's connector wrote them, or nobody did. */
export async function observeReport(
  engine: Engine,
  options: { readonly since: Instant | null; readonly flows: () => Promise<ObserveReport['flows']>; readonly signal: AbortSignal },
): Promise<ObserveReport> {
  const since = options.since ?? (await observedSince(engine))
  const { wishes, complete } = await wishesSince(engine, since)
  const links = await engine.store.loadMany([...wishes.keys()])
  const rows: ObserveReport['rows'][number][] = []
  const totals = { deals: links.length, agreed: 0, different: 0, notDone: 0, withdrawn: 0 }
  for (let start = 0; start < links.length; start += dealsPerRead) {
    const chunk = links.slice(start, start + dealsPerRead)
    const readings = await readAll(engine, chunk, options.signal)
    for (const link of chunk) {
      for (const row of judge(wishes.get(link.id) ?? [], observedOf(engine, link, readings))) {
        totals[row.outcome === 'not-done' ? 'notDone' : row.outcome] += 1
        if (row.outcome === 'different' || row.outcome === 'not-done') rows.push(viewOf(link, row))
      }
    }
  }
  const flows = await options.flows()
  return { since: since === null ? null : new Date(since).toISOString(), flows, complete, totals, rows }
}

function viewOf(link: Link, { kind, side, field, at, ours, before, theirs, outcome }: ObservedRow): ObserveReport['rows'][number] {
  const deal = { deal: link.id, name: link.name, referralId: link.ends.partner?.id ?? null, crmId: link.ends.crm?.id ?? null }
  return { ...deal, side, kind, field, at: new Date(at).toISOString(), ours, before: before ?? null, theirs: theirs ?? null, outcome }
}

/** When a person last switched a flow to observe. What was recorded before that belongs to another time. */
async function observedSince(engine: Engine): Promise<Instant | null> {
  const { records } = await engine.store.audit({ kinds: ['setting'], limit: pageSize })
  return records.find(({ event }) => event?.kind === 'setting' && event.name.startsWith('flow ') && event.detail === 'observe')?.at ?? null
}

async function wishesSince(
  engine: Engine,
  since: Instant | null,
): Promise<{ readonly wishes: ReadonlyMap<LinkId, readonly Wish[]>; readonly complete: boolean }> {
  const found: { readonly link: LinkId; readonly wishes: readonly Wish[] }[] = []
  let after: string | null = null
  for (let page = 0; page < pagesMost; page += 1) {
    const answer = await engine.store.audit({ kinds: ['observed'], limit: pageSize, after, ...(since === null ? {} : { since }) })
    for (const { link, at, event } of answer.records)
      if (link !== null && event?.kind === 'observed') found.push({ link, wishes: wishesOf(at, event.changes, event.before ?? []) })
    after = answer.next
    if (after === null) break
  }
  const wishes = new Map<LinkId, Wish[]>()
  // The ledger answers newest first.
  for (const { link, wishes: more } of found.reverse()) wishes.set(link, [...(wishes.get(link) ?? []), ...more])
  return { wishes, complete: after === null }
}

async function readAll(engine: Engine, links: readonly Link[], signal: AbortSignal): Promise<ReadonlyMap<string, Reading>> {
  const found = new Map<string, Reading>()
  for (const side of SIDES) {
    const refs = links.flatMap((link): EndRef[] => (link.ends[side] === null ? [] : [link.ends[side]]))
    const readings = refs.length === 0 ? [] : await engine.adapters[side].readMany(refs, { wide: true, signal })
    refs.forEach((ref, index) => {
      const reading = readings[index]
      if (reading?.kind === 'unreachable') throw reading.fault
      if (reading !== undefined) found.set(refKey(ref), reading)
    })
  }
  return found
}

function observedOf(engine: Engine, link: Link, readings: ReadonlyMap<string, Reading>): Observed {
  const shows = (side: Side): Projection | null => {
    const ref = link.ends[side]
    const reading = ref === null ? undefined : readings.get(refKey(ref))
    return reading?.kind === 'present' ? reading.deal : null
  }
  // Written by `fingerprint`: the very changes of the last look, without their stamps.
  const open = link.observed === null ? [] : (JSON.parse(link.observed) as readonly Change[])
  const fields = (side: Side): ReadonlySet<Field> =>
    new Set(open.filter((change) => change.side === side).flatMap((change) => Object.keys(wishOf(change)) as Field[])) // a projection's keys are fields
  return {
    shows: { partner: shows('partner'), crm: shows('crm') },
    open: { partner: fields('partner'), crm: fields('crm') },
    canonical: (side, deal) =>
      engine.adapters[side].canonical(deal, side === 'partner' ? 'referral' : (link.ends.crm?.kind ?? 'opportunity')),
  }
}
