import { expect, it } from 'vitest'
import { newLink } from '../../src/core/link.js'
import type { Lease, Store } from '../../src/core/ports.js'
import { asLinkId } from '../../src/core/ref.js'

/** What every store promises of a deal that is in order and has something to do at a moment of its own. */
export function dueNextContract(store: () => Store): void {
  it('[R31] a deal that ends in order is due again at a moment of its own, which no mark that came meanwhile waits for', async () => {
    let now = Date.UTC(2026, 10, 1)
    const id = asLinkId('due-next')
    const link = await store().add(newLink(id, now, { partner: { side: 'partner', kind: 'referral', id: 'due-next' }, crm: null }), [], now)
    const mark = () => store().queue.mark([{ link: id, dueAt: now, urgency: 1, wide: true, because: 'an event' }], now)
    const taken = async () => (await store().queue.take({ limit: 10, now, leaseMs: 60_000, only: [id] }))[0]
    const due = async (): Promise<Lease> => (await taken()) ?? expect.fail('it is due')
    const soon = () => ({ kind: 'settled', next: { at: now + 5_000, because: 'of its own' } }) as const

    await mark()
    const saved = await store().save({ lease: await due(), link, audit: [], now, outcome: soon() })
    expect(await taken()).toBeUndefined()
    now += 5_000
    const lease = await due()
    expect(lease).toMatchObject({ because: 'of its own', attempts: 0, wide: false })
    await mark()
    const again = await store().save({ lease, link: saved, audit: [], now, outcome: soon() })
    await store().save({ lease: await due(), link: again, audit: [], now, outcome: { kind: 'settled' } })
    now += 60_000
    expect(await taken(), 'nothing of it is left').toBeUndefined()
  })
}
