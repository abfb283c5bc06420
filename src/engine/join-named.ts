import { isFault } from '../core/fault.js'
import type { Link } from '../core/link.js'
import { otherSide, type EndRef, type LinkId, type Side } from '../core/ref.js'
import type { NewDeal } from './bulk.js'
import { entry, type Engine } from './engine.js'

const readChunk = 100
const joinTries = 5
const how = 'the referral carries its CRM id'

interface Named {
  readonly deal: NewDeal
  readonly link: Link
  readonly record: EndRef
}

/**
 * A referral that names a CRM record which is a deal of its own so far: the two are one before either is worked. Else a process that dies here
 * could leave the referral to a lease that must end first, and the record would be shared a second time meanwhile. It is the same whether the
 * sweep meets the referral first or an event has made a deal of it that nobody has looked at yet.
 * @returns those that stay alone.
 */
export async function joinNamed<T extends NewDeal>(engine: Engine, deals: readonly T[], signal: AbortSignal): Promise<readonly T[]> {
  const named: (Named & { readonly deal: T })[] = []
  for (const deal of deals) {
    const id = deal.reading?.kind === 'present' ? deal.reading.otherId : null
    const link = id === null ? null : await aloneInCrm(engine, id)
    if (link?.ends.crm != null) named.push({ deal, link, record: link.ends.crm })
  }
  const joined = new Set<T>()
  for (let start = 0; start < named.length; start += readChunk) {
    const chunk = named.slice(start, start + readChunk)
    const readings = await engine.adapters.crm.readMany(chunk.map(({ record }) => record), { wide: false, signal })
    for (const [index, { deal, link }] of chunk.entries()) {
      const reading = readings[index]
      if (reading?.kind === 'unreachable') throw reading.fault
      if (reading?.kind !== 'present' || (reading.otherId !== null && reading.otherId !== deal.ref.id)) continue
      if (await joins(engine, link.id, deal.ref)) joined.add(deal)
    }
  }
  return deals.filter((deal) => !joined.has(deal))
}

/** @returns false when either has got a counterpart meanwhile: then the ordinary pass finds out which. */
async function joins(engine: Engine, id: LinkId, referral: EndRef): Promise<boolean> {
  const { store } = engine
  for (let attempt = 1; ; attempt += 1) {
    // Its own turn may be on: it waits for this sweep, and says so in the store now and then.
    const link = await store.load(id)
    if (link === null || !isAlone(link, 'crm')) return false
    const holder = (await store.linksOf(referral, null)).find(({ ends }) => ends.partner?.id === referral.id) ?? null
    if (holder !== null && !mayJoin(holder, referral)) return false
    try {
      await join(engine, link, holder, referral)
    } catch (error) {
      if (!isFault(error) || (error.kind !== 'lease-lost' && error.kind !== 'stale') || attempt >= joinTries) throw error
      continue
    }
    await store.queue.mark([{ link: id, dueAt: engine.clock.now(), urgency: 2, wide: true, because: 'sweep of partner' }], engine.clock.now())
    return true
  }
}

async function join({ store, clock }: Engine, link: Link, holder: Link | null, referral: EndRef): Promise<void> {
  const now = clock.now()
  const ends = { ...link.ends, partner: referral }
  const said = entry({ link: link.id, run: null, at: now }, { kind: 'linked', ends, how: holder === null ? how : `${how}; joined with deal ${holder.id}` })
  if (holder === null) await store.save({ lease: null, link: { ...link, ends }, audit: [said], now, outcome: null })
  else await store.merge({ ...link, ends, aliases: [...link.aliases, ...holder.aliases] }, holder, [said], now)
}

/** Nothing is known of a counterpart, and nothing is being made that could be one. */
const isAlone = ({ ends, base, intents }: Link, side: Side): boolean =>
  ends[otherSide(side)] === null && base === null && intents.length === 0
/** A referral that a person wants left alone is left alone. */
export const mayJoin = (link: Link, referral: EndRef): boolean =>
  link.ends.partner?.id === referral.id && isAlone(link, 'partner') && !link.ignored

async function aloneInCrm({ store }: Engine, id: string): Promise<Link | null> {
  for (const kind of ['opportunity', 'lead'] as const) {
    const links = await store.linksOf({ side: 'crm', kind, id }, null)
    const alone = links.find((link) => link.ends.crm?.id === id && isAlone(link, 'crm'))
    if (alone !== undefined) return alone
  }
  return null
}
