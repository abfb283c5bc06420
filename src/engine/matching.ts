import { matchRecords, unpaired, type MatchReport, type Unpaired } from '../core/matching.js'
import type { Link } from '../core/link.js'
import type { Reading, TouchedRecord } from '../core/ports.js'
import { isEndRef, refKey, type EndRef, type Side } from '../core/ref.js'
import type { Engine } from './engine.js'

const readChunk = 100

/** Reads both systems whole and proposes which unlinked opportunities and referrals are the same deal. Writes nothing. */
export async function proposeMatches(engine: Engine, signal: AbortSignal): Promise<MatchReport> {
  const referrals = await unlinked(engine, 'partner', signal)
  return matchRecords(referrals, await unlinked(engine, 'crm', signal))
}

/** Leads are left out: a deal is shared from an opportunity, and a lead becomes one by a step of its own. */
async function unlinked(engine: Engine, side: Side, signal: AbortSignal): Promise<Unpaired[]> {
  const found = new Map<string, Unpaired>()
  let waiting: Asked[] = []
  const read = async (asked: readonly Asked[]): Promise<void> => {
    const missing = asked.filter(({ reading }) => reading === null).map(({ ref }) => ref)
    const readings = missing.length === 0 ? [] : await engine.adapters[side].readMany(missing, { wide: false, signal })
    const read = new Map(missing.map((ref, index) => [refKey(ref), readings[index] ?? null]))
    for (const { ref, reading, aside } of asked) {
      const now = reading ?? read.get(refKey(ref)) ?? null
      if (now?.kind === 'unreachable') throw now.fault
      if (now?.kind === 'present') found.set(ref.id, unpaired(ref.id, now.deal, { otherId: now.otherId, aside }))
    }
  }
  for await (const records of everything(engine, side, signal)) {
    waiting.push(...(await free(engine, records)))
    while (waiting.length >= readChunk) {
      await read(waiting.slice(0, readChunk))
      waiting = waiting.slice(readChunk)
    }
  }
  if (waiting.length > 0) await read(waiting)
  return [...found.values()]
}

async function* everything(engine: Engine, side: Side, signal: AbortSignal): AsyncGenerator<readonly TouchedRecord[]> {
  const adapter = engine.adapters[side]
  if (adapter.opportunities === undefined) {
    for await (const page of adapter.touched({ cursor: null, since: null, openOnly: false, signal })) yield page.records
    return
  }
  for await (const refs of adapter.opportunities({ signal })) yield refs.map((ref) => ({ ref, engagementId: null, reading: null }))
}

interface Asked {
  readonly ref: EndRef
  readonly reading: Reading | null
  readonly aside: boolean
}

/** The records of a page that belong to no deal with two ends. */
async function free(engine: Engine, records: readonly TouchedRecord[]): Promise<Asked[]> {
  const known = await engine.store.linksOfMany(records.map(({ ref, engagementId }) => ({ ref, engagementId })))
  return records.flatMap(({ ref, engagementId, reading }): Asked[] => {
    if (!isEndRef(ref) || ref.kind === 'lead' || engagementId !== null || reading?.kind === 'absent') return []
    const links = known.get(refKey(ref)) ?? []
    return links.some((link) => isTaken(link, ref)) ? [] : [{ ref, reading, aside: links.some(({ ignored }) => ignored) }]
  })
}

/** A record that is known as a former or neighbouring one of a deal is spoken for as much as an end. */
const isTaken = (link: Link, ref: EndRef): boolean =>
  (link.ends.partner !== null && link.ends.crm !== null) || link.ends[ref.side]?.id !== ref.id
