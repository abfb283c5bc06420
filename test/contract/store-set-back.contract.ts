import { expect, it } from 'vitest'
import { newLink, type Link } from '../../src/core/link.js'
import type { Store } from '../../src/core/ports.js'
import { asLinkId } from '../../src/core/ref.js'
import type { OpenStore } from '../../src/store/index.js'

const now = Date.UTC(2026, 10, 1)

/** What every store promises of a clock that is set back: nothing waits for a time of before. */
export function setBackContract(store: () => Store): void {
  const isEmbedded = (): boolean => (store() as Partial<OpenStore>).database?.kind === 'sqlite' // one in memory has no database
  it('[R54] waits for no claim that a clock made which has been set back since', async () => {
    expect(await store().claim('turn', { token: 'before', forMs: 600_000, now })).toBe(true)
    const hourBack = now - 3_600_000
    expect(await store().claim('turn', { token: 'after', forMs: 60_000, mostMs: 600_000, now: hourBack })).toBe(true)
    expect(await store().claim('turn', { token: 'corrected', forMs: 60_000, mostMs: 60_000, now: hourBack - 1_000 })).toBe(false)
    // Two processes whose clocks are a minute and a half apart still keep each other out; an embedded store has one, whose clock it was.
    expect(await store().claim('turn', { token: 'behind', forMs: 60_000, mostMs: 60_000, now: hourBack - 90_000 })).toBe(isEmbedded())
  })

  it('[R31] a deal that was marked before an embedded store\'s clock was set back by a little waits for nothing', async () => {
    const ends = { partner: { side: 'partner', kind: 'referral', id: 'a-little' }, crm: null } as const
    const link = await store().add(newLink(asLinkId('a-little'), now, ends), [], now)
    await store().queue.mark([{ link: link.id, dueAt: now, urgency: 1, wide: false, because: 'x' }], now)
    const back = now - 120_000
    await store().queue.setBack(back, 60_000)
    const taken = await store().queue.take({ limit: 1, now: back, leaseMs: 60_000, only: [link.id] })
    expect(taken).toHaveLength(isEmbedded() ? 1 : 0)
  })

  it('[R31] has deals worked that were marked, or leased, by a clock that has been set back since', async () => {
    const added = (id: string) => store().add(newLink(asLinkId(id), now, { partner: { side: 'partner', kind: 'referral', id }, crm: null }), [], now)
    const [marked, leased] = [await added('set-back-marked'), await added('set-back-leased')]
    const leaseMs = 60_000
    const mark = (link: Link, at: number) => store().queue.mark([{ link: link.id, dueAt: at, urgency: 1, wide: false, because: 'x' }], at)
    await mark(leased, now - 7_200_000)
    expect(await store().queue.take({ limit: 10, now, leaseMs, only: [leased.id] })).toHaveLength(1)
    await mark(marked, now)
    const hourBack = now - 3_600_000
    await store().queue.setBack(hourBack, leaseMs)
    const only = [marked.id, leased.id]
    const due = async (at: number): Promise<string[]> =>
      (await store().queue.take({ limit: 10, now: at, leaseMs, only })).map((lease) => lease.link)
    expect(await due(hourBack)).toEqual([marked.id])
    // Whoever holds the other may still be working: it has the time of a lease.
    expect(await due(hourBack + leaseMs)).toContain(leased.id)
  })
}
