import { expect, it } from 'vitest'
import type { AcceptedEvent, LeasedDeal, Store } from '../../src/core/ports.js'
import type { EndRef } from '../../src/core/ref.js'

const now = Date.UTC(2026, 9, 1)
const leaseMs = 60_000
const ref = (id: string): EndRef => ({ side: 'partner', kind: 'referral', id })
const event = (id: string, count: number, urgency: AcceptedEvent['urgency']): AcceptedEvent => ({
  ...{ source: 'partner-center', eventKey: `${id} ${count}`, name: 'referral-updated', urgency },
  hints: [{ ref: ref(id), engagementId: null, wide: false }],
})

/** Who goes on in the place of a deal that ends. `second`: the store as another process has it, where it allows one. */
export function placesContract(under: () => { readonly store: Store; readonly second: Store | null }): void {
  it('[R31] gives the place of a deal that ends to the one that is due next, leased and as it stands', async () => {
    const { store, second } = under()
    const deals: LeasedDeal[] = []
    const work = (given: readonly LeasedDeal[]): void => void deals.push(...given)
    const places = { leaseMs, keep: () => 0, keepOf: (ending: number) => ending, work }
    const dealOf = async (id: string) => (await store.linksOf(ref(id), null))[0] ?? expect.fail()
    const end = ({ lease, link }: LeasedDeal) => store.save({ lease, link, audit: [], now, outcome: { kind: 'settled' } })
    await store.acceptEvents([event('ends', 1, 1)], now)
    const withdraw = store.queue.offer(places)
    const [lease = expect.fail()] = await store.queue.take({ limit: 1, now, leaseMs })
    await store.acceptEvents([event('due-later', 1, 2)], now)
    await store.acceptEvents([event('due-next', 1, 1)], now)
    const begun = await store.save({ lease, link: await dealOf('ends'), audit: [], now, outcome: null })
    expect(deals, 'it goes on').toEqual([])
    await end({ lease, link: begun })
    const [next = expect.fail(), ...others] = deals
    expect([next.link, others]).toEqual([await dealOf('due-next'), []])
    const fresh = { marks: 1, attempts: 0, failingSince: null, wide: false, because: 'referral-updated', markedAt: now }
    expect(next.lease).toMatchObject({ link: next.link.id, until: now + leaseMs, ...fresh })
    expect(await store.queue.holds(next.lease, now)).toBe(true)
    expect(await (second ?? store).queue.take({ limit: 9, now, leaseMs, only: [next.link.id] })).toEqual([])
    await store.acceptEvents([event('due-next', 2, 2)], now)
    await end(next)
    expect(deals.slice(1).map(({ link }) => link), 'a mark came meanwhile, and it is the more urgent still').toEqual([await dealOf('due-next')])
    for (const deal of deals.slice(1)) await end(deal)
    expect(deals.slice(2).map(({ link }) => link)).toEqual([await dealOf('due-later')])
    withdraw()
    for (const deal of deals.slice(2)) await end(deal)
    expect([deals.length, (await store.queue.depth(now)).due]).toEqual([3, 0])
    expect((await store.verifyAudit()).broken).toEqual([])
  })
}
