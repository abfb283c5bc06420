import { Fault } from '../core/fault.js'
import type { Link } from '../core/link.js'
import { asLinkId, type EndKind } from '../core/ref.js'
import { asRecordId } from '../core/record-id.js'
import { movedAgreement } from '../core/replay.js'
import { entry, type Engine } from './engine.js'

type Stored = Pick<Engine, 'store' | 'clock'>

/** An id as people paste it: with spaces around, in the braces that some pages show, in capitals, or with the first fifteen characters of eighteen. */
function spellingsOf(pasted: string): ReadonlySet<string> {
  const id = pasted.trim().replace(/^\{(.*)\}$/, '$1')
  return new Set([id, id.toLowerCase(), asRecordId(id) ?? id])
}

/** The deal that a person names by its own id, its referral id or its CRM id. */
export async function findDeal(engine: Pick<Engine, 'store'>, deal: string): Promise<Link> {
  const { store } = engine
  const spellings = spellingsOf(deal)
  for (const id of spellings) {
    const direct = await store.load(asLinkId(id))
    if (direct !== null) return direct
  }
  const kinds: readonly ['partner' | 'crm', EndKind][] = [
    ['partner', 'referral'],
    ['crm', 'opportunity'],
    ['crm', 'lead'],
  ]
  for (const id of spellings) {
    for (const [side, kind] of kinds) {
      const found = (await store.linksOf({ side, kind, id }, null))[0]
      if (found !== undefined) return found
    }
  }
  throw new Fault('missing', `No deal is known by the id "${deal}".`, { remedy: 'See "cosell deals list"; a deal is named by its id, its referral id or its CRM id.' })
}

/** Saves a person's change of a deal, again on top of whatever a worker saved meanwhile. */
export async function changeDeal(engine: Stored, deal: string, change: (link: Link) => Link, entries: (link: Link) => Parameters<Engine['store']['save']>[0]['audit']): Promise<Link> {
  const attemptsMax = 20 // A worker saves a deal a few times per pass; twenty tries outlast it.
  for (let attempt = 1; ; attempt += 1) {
    const link = await findDeal(engine, deal)
    try {
      const now = engine.clock.now()
      const changed = change(link)
      const moved = movedAgreement(link.base, changed.base).map((event) => entry({ link: link.id, run: null, at: now }, event))
      return await engine.store.save({ lease: null, link: changed, audit: [...entries(link), ...moved], now, outcome: null })
    } catch (error) {
      if (attempt >= attemptsMax) throw error
      await engine.clock.sleep(25 * attempt)
    }
  }
}
