import type { FlowSwitch, Policy } from '../core/policy.js'
import type { Mark, Store } from '../core/ports.js'
import type { Link } from '../core/link.js'
import type { Engine } from './engine.js'
import { changeDeal } from './find-deal.js'

type Marking = Pick<Engine, 'store' | 'clock'>
const pageSize = 500

const switchesName = 'switches.seen'
const openness: Readonly<Record<FlowSwitch, number>> = { off: 0, observe: 1, on: 2 }

/**
 * Deals that a switch kept from being written, or from being observed, are due once it is opened, whoever opened it: nobody may edit them
 * again for weeks. Deals that a person is asked about are among them, as they may hold more than the question. A process that dies in
 * between leaves it to the next start.
 */
export async function markUnderSwitches({ store, clock }: Marking, { flows, leads }: Pick<Policy, 'flows' | 'leads'>): Promise<void> {
  const now: Readonly<Record<string, FlowSwitch>> = { ...flows, leads: leads ? 'on' : 'off' }
  const seen = (await store.getValue<typeof now>(switchesName))?.value ?? null
  const changed = Object.entries(now).filter(([name, value]) => seen?.[name] !== value)
  if (changed.length === 0) return
  if (changed.some(([name, value]) => openness[value] > openness[seen?.[name] ?? 'off'])) {
    const held = [{ reason: 'observing' }, { reason: 'excluded' }, { state: 'needs-attention' }] as const
    for (const filter of held) await markPages({ store, clock }, filter, 'a flow was switched on', () => true)
  }
  await store.setValue(switchesName, now, { expect: 'any', now: clock.now() })
}

/** Deals at rest are looked at again under other rows; each is planned on its own, and what people did since is seen. */
const markLinked = (engine: Marking, because: string): Promise<void> =>
  markPages(engine, {}, because, ({ ends }) => ends.partner !== null && ends.crm !== null)

/** What was refused for good is tried once more: the rows or the columns that it was refused for are others now. */
async function markRejected(engine: Marking, because: string): Promise<void> {
  const forgotten = async ({ id }: Link): Promise<void> => {
    await changeDeal(engine, id, (link) => ({ ...link, rejected: null }), () => [])
  }
  await markPages(engine, { reason: 'rejected' }, because, () => true, forgotten)
}

/** The CRM has other columns than before. One that came, or came back, does not hold yet what was written while nobody could see it. */
export async function markUnderColumns(engine: Marking, { came }: { readonly came: boolean }): Promise<void> {
  await markRejected(engine, 'the CRM has changed')
  if (came) await markLinked(engine, 'the CRM has changed')
}

const seenName = 'mapping.seen'

/**
 * Once for each mapping that takes hold, however it came: what rests under the one before is looked at again. `print` names the mapping. A
 * process that dies in between leaves it to the next start.
 */
export async function markUnderNewRows(engine: Marking, print: string): Promise<void> {
  const { store, clock } = engine
  const seen = (await store.getValue<string>(seenName))?.value ?? null
  if (seen === print) return
  if (seen !== null) {
    await markLinked(engine, 'another mapping')
    await markRejected(engine, 'another mapping')
  }
  await store.setValue(seenName, print, { expect: 'any', now: clock.now() })
}

/** After a repair (a sign-in, a corrected configuration) what waits for its next attempt need not wait for it. */
export const markRetrying = (engine: Marking): Promise<void> => markPages(engine, { reason: 'retrying' }, 'tried again after a repair', () => true)

/** The same once a sign-in or a right that was refused works again: what was given up meanwhile was given up for that, and goes on too. */
export async function markRepaired(engine: Marking): Promise<void> {
  for (const reason of ['retrying', 'given-up'] as const) await markPages(engine, { reason }, 'tried again after a repair', () => true)
}

async function markPages(
  { store, clock }: Marking,
  filter: Pick<Parameters<Store['list']>[0], 'reason' | 'state'>,
  because: string,
  wanted: (link: Link) => boolean,
  before: (link: Link) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  let after: string | null = null
  do {
    const page: Awaited<ReturnType<Store['list']>> = await store.list({ ...filter, limit: pageSize, after })
    const now = clock.now()
    const chosen = page.links.filter(wanted)
    for (const link of chosen) await before(link)
    const marks = chosen.map(({ id }): Mark => ({ link: id, dueAt: now, urgency: 2, wide: true, because }))
    if (marks.length > 0) await store.queue.mark(marks, now)
    after = page.next
  } while (after !== null)
}
