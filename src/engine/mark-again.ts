import type { Mark, Store } from '../core/ports.js'
import type { Link } from '../core/link.js'
import type { Engine } from './engine.js'

type Marking = Pick<Engine, 'store' | 'clock'>
const pageSize = 500

/** Deals that a switch kept from being written are due once it is on: nobody may edit them again for weeks. */
export async function markHeldBack(engine: Marking): Promise<void> {
  for (const reason of ['observing', 'excluded'] as const) await markPages(engine, { reason }, 'a flow was switched on', () => true)
}

/** Deals at rest are looked at again under other rows; each is planned on its own, and what people did since is seen. */
export const markLinked = (engine: Marking, because: string): Promise<void> =>
  markPages(engine, {}, because, ({ ends }) => ends.partner !== null && ends.crm !== null)

/** After a repair (a sign-in, a corrected configuration) what waits for its next attempt need not wait for it. */
export const markRetrying = (engine: Marking): Promise<void> => markPages(engine, { reason: 'retrying' }, 'tried again after a repair', () => true)

/** The same once a sign-in or a right that was refused works again: what was given up meanwhile was given up for that, and goes on too. */
export async function markRepaired(engine: Marking): Promise<void> {
  for (const reason of ['retrying', 'given-up'] as const) await markPages(engine, { reason }, 'tried again after a repair', () => true)
}

async function markPages(
  { store, clock }: Marking,
  filter: { readonly reason?: string },
  because: string,
  wanted: (link: Link) => boolean,
): Promise<void> {
  let after: string | null = null
  do {
    const page: Awaited<ReturnType<Store['list']>> = await store.list({ ...filter, limit: pageSize, after })
    const now = clock.now()
    const marks = page.links.filter(wanted).map(({ id }): Mark => ({ link: id, dueAt: now, urgency: 2, wide: true, because }))
    if (marks.length > 0) await store.queue.mark(marks, now)
    after = page.next
  } while (after !== null)
}
