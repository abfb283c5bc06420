import { Fault } from '../core/fault.js'
import { newLink, type Link } from '../core/link.js'
import type { Reading } from '../core/ports.js'
import { asLinkId, type EndRef } from '../core/ref.js'
import { movedAgreement } from '../core/replay.js'
import { entry, type Engine } from './engine.js'
import { changeDeal } from './find-deal.js'

/** Two records that a person connects, by their ids. */
export interface Ends {
  readonly referral: string
  readonly crm: string
}
interface Pair {
  readonly partner: EndRef
  readonly crm: EndRef
  /** The record that the referral still names although it is gone. */
  readonly former: EndRef | null
  /** Deals that hold one of the two records and are free to be joined. */
  readonly holders: readonly Link[]
}

/** The deal that a person connects two records as. @throws Fault `missing` when one is not there, `rejected` when one belongs to a deal. */
export async function linkRecords(engine: Engine, ends: Ends, by: string): Promise<Link> {
  const { store } = engine
  const { partner, crm, former, holders } = await pairOf(engine, ends, new AbortController().signal)
  const now = engine.clock.now()
  const context = { link: null, run: null, at: now, by }
  const [first, ...others] = holders
  let link = first ?? (await store.add(newLink(asLinkId(engine.newId()), now, { partner, crm }), [], now))
  for (const other of others)
    link = await store.merge(
      { ...link, ends: { partner, crm } },
      other,
      [
        entry(context, { kind: 'unlinked', ends: other.ends, how: 'joined by a person' }),
        ...movedAgreement(other.base, null).map((event) => entry({ ...context, link: other.id }, event)),
      ],
      now,
    )
  return changeDeal(
    engine,
    link.id,
    (current) => paired(current, { partner, crm, former }),
    (current) => [entry({ ...context, link: current.id }, { kind: 'linked', ends: { partner, crm }, how: 'by a person' })],
  )
}

/** The deal as it would be after `linkRecords`, to see beforehand what that would write. Nothing is stored. @throws as `linkRecords`. */
export async function asLinked(engine: Engine, ends: Ends, signal: AbortSignal): Promise<Link> {
  const pair = await pairOf(engine, ends, signal)
  const [first] = pair.holders
  return paired(first ?? newLink(asLinkId(engine.newId()), engine.clock.now(), pair), pair)
}

function paired(link: Link, { partner, crm, former }: Omit<Pair, 'holders'>): Link {
  const aliases = [...link.aliases.filter(({ id }) => id !== former?.id), ...(former === null ? [] : [former])]
  return { ...link, aliases, ends: { partner, crm }, ignored: false, base: null, state: 'pending', reason: null }
}

/** A record as it is read now. @throws the fault of a system that cannot be asked: nobody knows then whether the record is there. */
async function readNow(engine: Engine, ref: EndRef, signal: AbortSignal): Promise<Exclude<Reading, { kind: 'unreachable' }>> {
  const reading = await engine.adapters[ref.side].read(ref, { wide: false, signal })
  if (reading.kind === 'unreachable') throw reading.fault
  return reading
}

async function pairOf(engine: Engine, ends: Ends, signal: AbortSignal): Promise<Pair> {
  const { store } = engine
  const partner: EndRef = { side: 'partner', kind: 'referral', id: ends.referral }
  const referral = await readNow(engine, partner, signal)
  if (referral.kind !== 'present')
    throw new Fault('missing', `Partner Center shows no referral "${ends.referral}" of ours.`, {
      remedy: 'Check the id in Partner Center.',
    })
  const opportunity = await readNow(engine, { side: 'crm', kind: 'opportunity', id: ends.crm }, signal)
  const crm = opportunity.kind === 'present' ? opportunity : await readNow(engine, { side: 'crm', kind: 'lead', id: ends.crm }, signal)
  if (crm.kind !== 'present')
    throw new Fault('missing', `The CRM shows no opportunity or lead "${ends.crm}".`, { remedy: 'Check the id on the record.' })
  const former = await goneRecord(engine, referral.otherId, crm.ref, signal)
  const holders = [...(await store.linksOf(partner, null)), ...(await store.linksOf(crm.ref, null))].filter(
    (link) => link.ends.partner?.id === partner.id || link.ends.crm?.id === crm.ref.id,
  )
  const busy = holders.find((link) => link.ends.partner !== null && link.ends.crm !== null && link.base !== null && !link.ignored)
  if (busy !== undefined)
    throw new Fault('rejected', `One of the two records already belongs to deal ${busy.id}.`, {
      remedy: 'Run "cosell deals unlink" for it first.',
    })
  return { partner, crm: crm.ref, former, holders: [...new Map(holders.map((link) => [link.id, link])).values()] }
}

/** The record that the referral still names although it is gone: a person who connects another one has said whose the referral is now. */
async function goneRecord(engine: Engine, id: string | null, connected: EndRef, signal: AbortSignal): Promise<EndRef | null> {
  if (id === null || id === connected.id) return null
  for (const kind of ['opportunity', 'lead'] as const) {
    const reading = await readNow(engine, { side: 'crm', kind, id }, signal)
    if (reading.kind !== 'absent') return null
  }
  return { side: 'crm', kind: 'opportunity', id }
}
