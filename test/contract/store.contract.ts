import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { newLink, type Link } from '../../src/core/link.js'
import type { AcceptedEvent, Commit, Lease, LeasedDeal, Store } from '../../src/core/ports.js'
import { asLinkId, type EndRef } from '../../src/core/ref.js'
import { dueNextContract } from './store-due-next.contract.js'
import { placesContract } from './store-places.contract.js'
import { setBackContract } from './store-set-back.contract.js'

export interface StoreUnderTest {
  readonly store: Store
  /** A second process on the same data, where the store allows one. */
  readonly second: Store | null
  /** Whoever works is woken by a mark also when its deal was handed over. */
  readonly wakesAlways?: true
  /** Alters one stored ledger entry behind the store's back. */
  readonly tamper: ((link: string) => Promise<void>) | null
  close(): Promise<void>
}

const ref = (id: string): EndRef => ({ side: 'partner', kind: 'referral', id })
const event = (key: string, id: string, wide = false): AcceptedEvent => ({
  source: 'partner-center',
  eventKey: key,
  name: 'referral-updated',
  hints: [{ ref: ref(id), engagementId: null, wide }],
  urgency: 1,
})

/** What every store promises. Runs on each of them. */
export function storeContract(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`the store: ${name}`, () => {
    let under: StoreUnderTest
    let store: Store
    let now = Date.UTC(2026, 10, 1)
    beforeAll(async () => {
      under = await open()
      store = under.store
    })
    afterAll(() => under.close())
    setBackContract(() => store)
    dueNextContract(() => store)
    placesContract(() => under)

    const one = async (id: string): Promise<Link> => {
      const [link] = await store.linksOf(ref(id), null)
      if (link === undefined) throw new Error(`no deal of ${id}`)
      return link
    }
    const takeOf = async (link: Link, from: Store = store): Promise<Lease | undefined> =>
      (await from.queue.take({ limit: 1, now, leaseMs: 60_000, only: [link.id] }))[0]
    const drop = async (link: Link): Promise<void> => {
      const lease = await takeOf(link)
      if (lease !== undefined)
        await store.save({ lease, link: await one(link.ends.partner?.id ?? ''), audit: [], now, outcome: { kind: 'settled' } })
    }

    it('[R33] takes an event once: a repeat is known and marks nothing', async () => {
      expect(await store.acceptEvents([event('k1', 'a')], now)).toEqual([true])
      await drop(await one('a'))
      expect(await store.acceptEvents([event('k1', 'a')], now)).toEqual([false])
      expect(await takeOf(await one('a'))).toBeUndefined()
    })

    it('[R33] tells the known from the new in a burst that brings some twice', async () => {
      const name = (index: number): string => `many-${index}`
      await store.acceptEvents([event(name(5), 'many'), event(name(90), 'many')], now)
      const burst = [...Array.from({ length: 99 }, (_, index) => event(name(index), 'many')), event(name(7), 'many')]
      const isNew = await store.acceptEvents(burst, now)
      expect(isNew.flatMap((fresh, index) => (fresh ? [] : [index]))).toEqual([5, 90, 99])
      expect((await store.verifyAudit()).broken).toEqual([])
      await drop(await one('many'))
    })

    it('gives every deal on exactly one page of a list, and every entry on one of the ledger', async () => {
      const names = ['l1', 'l2', 'l3', 'l4', 'l5']
      await store.acceptEvents(names.map((name) => event(`list-${name}`, name)), now)
      const walk = async (): Promise<string[]> => {
        const seen: string[] = []
        let after: string | null = null
        do {
          const page = await store.list({ limit: 2, after })
          seen.push(...page.links.map(({ id }) => id))
          after = page.next
        } while (after !== null)
        return seen
      }
      const seen = await walk()
      expect(seen).toHaveLength(new Set(seen).size)
      expect(seen).toHaveLength((await store.list({ limit: 500 })).total)
      const all = await store.audit({ limit: 500 })
      const first = await store.audit({ limit: 1 })
      const rest = await store.audit({ limit: 500, after: first.next })
      expect([...first.records, ...rest.records].map(({ id }) => id)).toEqual(all.records.map(({ id }) => id))
      for (const name of names) await drop(await one(name))
    })

    it('[R31] never works a deal twice at once, runs again for a mark during a run, and settles with the save', async () => {
      await store.acceptEvents([event('k2', 'b'), event('k3', 'b', true)], now)
      const link = await one('b')
      const [first, second] = await Promise.all([takeOf(link), takeOf(link, under.second ?? store)])
      const lease = first ?? second
      if (lease === undefined) throw new Error('it is due')
      expect([first, second].filter(Boolean)).toHaveLength(1)
      expect(lease.wide).toBe(true)
      await store.queue.mark([{ link: link.id, dueAt: now, urgency: 1, wide: false, because: 'again' }], now)
      await store.save({ lease, link, audit: [], now, outcome: { kind: 'settled' } })
      const again = await takeOf(link)
      expect(again).toBeDefined()
      if (again) await store.save({ lease: again, link: await one('b'), audit: [], now, outcome: { kind: 'settled' } })
      expect(await takeOf(link)).toBeUndefined()
    })

    it('gives a deal to somebody else when its lease ends, and refuses the late save', async () => {
      await store.acceptEvents([event('k4', 'c')], now)
      const link = await one('c')
      const late = await takeOf(link)
      now += 60_001
      const next = await takeOf(link)
      if (late === undefined || next === undefined) throw new Error('both took it, one after the other')
      expect(await store.queue.holds(late, now)).toBe(false)
      await expect(store.save({ lease: late, link, audit: [], now, outcome: { kind: 'settled' } })).rejects.toMatchObject({
        kind: 'lease-lost',
      })
      await store.save({
        lease: next,
        link,
        audit: [],
        now,
        outcome: { kind: 'again', inMs: 5_000, because: { kind: 'offline' } as never },
      })
      expect(await takeOf(link)).toBeUndefined()
      now += 5_000
      const narrower = { limit: 1, now, leaseMs: 60_000, only: [link.id] }
      expect(await store.queue.take({ ...narrower, retriesDueBy: now - 1 })).toEqual([])
      expect(await store.queue.take({ ...narrower, retriesDueBy: now })).toMatchObject([{ attempts: 1 }])
    })

    it('[R31] saves what comes together, and one that is refused fails alone', async () => {
      await store.acceptEvents(['p', 'q', 'r', 's'].map((id) => event(`together-${id}`, id)), now)
      const links = await Promise.all(['p', 'q', 'r', 's'].map(one))
      const leases = await Promise.all(links.map((link) => takeOf(link)))
      const [, moved, marked] = links
      if (moved === undefined || marked === undefined) throw new Error('there are four')
      await store.save({ lease: null, link: { ...moved, name: 'moved' }, audit: [], now, outcome: null })
      await store.queue.mark([{ link: marked.id, dueAt: now, urgency: 1, wide: false, because: 'meanwhile' }], now)
      const saves = await Promise.allSettled(
        links.map((link, index) => store.save({ lease: leases[index] ?? null, link: { ...link, name: `new ${index}` }, audit: [], now, outcome: { kind: 'settled' } })),
      )
      expect(saves.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
      expect((await Promise.all(['p', 'q', 'r', 's'].map(one))).map(({ name }) => name)).toEqual(['new 0', 'moved', 'new 2', 'new 3'])
      // The marked one is due again, the refused one keeps its lease, the others rest.
      const due = await store.queue.take({ limit: 10, now, leaseMs: 60_000, only: links.map(({ id }) => id) })
      expect(due.map(({ link }) => link)).toEqual([marked.id])
      now += 60_001
      for (const link of [moved, marked]) await drop(link)
    })

    it("refuses a save that was made from an older revision, and a record that is another deal's end", async () => {
      await store.acceptEvents([event('k5', 'd'), event('k6', 'e')], now)
      const [d, e] = [await one('d'), await one('e')]
      const saved = await store.save({ lease: null, link: { ...d, name: 'Ärger 100%' }, audit: [], now, outcome: null })
      await expect(store.save({ lease: null, link: d, audit: [], now, outcome: null })).rejects.toMatchObject({ kind: 'lease-lost' })
      await expect(store.save({ lease: null, link: { ...e, ends: saved.ends }, audit: [], now, outcome: null })).rejects.toMatchObject({
        kind: 'stale',
      })
      expect(await store.add(newLink(asLinkId('other'), now, { partner: ref('d'), crm: null }), [], now)).toMatchObject({ id: d.id })
    })

    it('finds a deal by its aliases, parts and engagement, and joins two that are one', async () => {
      await store.acceptEvents([event('k7', 'f'), event('k8', 'g')], now)
      const f = await store.save({
        lease: null,
        link: { ...(await one('f')), engagementId: 'eng-f', parts: [{ side: 'crm', kind: 'account', id: 'acc' }] },
        audit: [],
        now,
        outcome: null,
      })
      expect((await store.linksOf({ side: 'crm', kind: 'account', id: 'acc' }, null)).map((link) => link.id)).toEqual([f.id])
      expect((await store.linksOf(ref('unknown'), 'eng-f')).map((link) => link.id)).toEqual([f.id])
      const g = await one('g')
      await store.merge({ ...f, aliases: [ref('g')] }, g, [], now)
      expect((await store.linksOf(ref('g'), null)).map((link) => link.id)).toEqual([f.id])
      await expect(store.merge(f, g, [], now)).rejects.toMatchObject({ kind: 'stale' })
    })

    it('finds the deal for which a record is being made, before the record is known to be there', async () => {
      const marker = '0b0fb8fb-d8d7-42a3-b013-b3e3369e98a0'
      const begun = await store.add(newLink(asLinkId('making'), now, { partner: ref('R-making'), crm: null }), [], now)
      const change = { kind: 'create', side: 'crm', as: 'opportunity', marker, deal: {}, stamp: {} } as const
      const intents = [{ change, agreed: { partner: {}, crm: {} }, searchAfter: now }]
      const saved = await store.save({ lease: null, link: { ...begun, intents }, audit: [], now, outcome: null })
      const made: EndRef = { side: 'crm', kind: 'opportunity', id: marker }
      const event: AcceptedEvent = { source: 'crm', eventKey: null, name: 'Create', hints: [{ ref: made, engagementId: null, wide: false }], urgency: 1 }
      await store.acceptEvents([event], now)
      expect((await store.linksOf(made, null)).map(({ id }) => id)).toEqual(['making'])
      await store.save({ lease: null, link: { ...saved, ends: { ...saved.ends, crm: made }, intents: [] }, audit: [], now, outcome: null })
      expect((await store.linksOf(made, null)).map(({ id }) => id)).toEqual(['making'])
    })

    it('[R52] chains what comes between two saves of one pass, and saves what the pass changed of the deal', async () => {
      const fault = { kind: 'ambiguous' } as never
      await store.acceptEvents([event('between-1', 'between')], now)
      const found = await one('between')
      const read = await store.load(found.id)
      const lease = await takeOf(found)
      if (read === null || lease === undefined) throw new Error('it is there and due')
      const lines = (detail: string) => [{ link: read.id, at: now, by: 'cosell', run: 'run-between', event: { kind: 'ordered', what: 'note', detail } }] as const
      const begun = await store.save({ lease, link: { ...read, state: 'pending' }, audit: lines('begun'), now, outcome: null })
      for (const from of [store, under.second ?? store]) await from.acceptEvents([event(`between-${from === store ? 2 : 3}`, 'between')], now)
      const outcome = { kind: 'again', inMs: 0, because: fault } as const
      await store.save({ lease, link: { ...begun, state: 'in-sync' }, audit: lines('ended'), now, outcome })
      expect((await store.verifyAudit()).broken).toEqual([])
      expect((await store.audit({ link: read.id, kinds: ['ordered'], limit: 10 })).records).toHaveLength(2)
      expect(await takeOf(found), 'what came meanwhile makes it due again').toMatchObject({ because: 'referral-updated' })
      now += 60_001
      await drop(found)
    })

    /** Places for so many deals. What is handed over stands in it. */
    const offered = (most: number): { readonly deals: LeasedDeal[]; readonly free: () => number; readonly withdraw: () => void } => {
      const deals: LeasedDeal[] = []
      let free = most
      const keep = (asked: number): number => {
        const count = Math.min(asked, free)
        free -= count
        return count
      }
      const work = (given: readonly LeasedDeal[], kept: number): void => {
        free += kept - given.length
        deals.push(...given)
      }
      return { deals, free: () => free, withdraw: store.queue.offer({ leaseMs: 60_000, keep, keepOf: () => 0, work }) }
    }
    const done = (deals: readonly LeasedDeal[]) =>
      Promise.all(deals.map(({ lease, link }) => store.save({ lease, link, audit: [], now, outcome: { kind: 'settled' } })))

    it('[R31] hands a deal that an event marks to a free hand, leased and as it stands, and to nobody else', async () => {
      const hands = offered(2)
      let rings = 0
      const silence = store.queue.onMark(() => (rings += 1))
      await store.acceptEvents([event('hand-1', 'hand', true)], now)
      const [{ lease, link } = expect.fail()] = hands.deals
      expect(link).toEqual(await one('hand'))
      expect(lease).toMatchObject({ link: link.id, until: now + 60_000, marks: 1, attempts: 0, failingSince: null, wide: true, because: 'referral-updated', markedAt: now })
      expect([rings, hands.free()], 'nobody is woken for it').toEqual([under.wakesAlways ? 1 : 0, 1])
      expect(await takeOf(link, under.second ?? store)).toBeUndefined()
      expect(await store.queue.holds(lease, now)).toBe(true)
      await store.acceptEvents([event('hand-2', 'hand')], now)
      expect([hands.deals.length, hands.free()], 'one deal is worked by one lease').toEqual([1, 1])
      hands.withdraw()
      await done([{ lease, link }])
      expect(rings, 'the mark that came meanwhile makes it due again').toBeGreaterThan(0)
      silence()
      await drop(link)
      expect(await store.queue.holds(lease, now)).toBe(false)
    })

    it('hands over no more deals than there are places, and none for an event that is known', async () => {
      const hands = offered(2)
      const ids = ['place-a', 'place-b', 'place-c']
      await store.acceptEvents(ids.map((id) => event(`of-${id}`, id)), now)
      expect([hands.deals.length, hands.free()]).toEqual([2, 0])
      const links = await Promise.all(ids.map(one))
      const left = await store.queue.take({ limit: 9, now, leaseMs: 60_000, only: links.map(({ id }) => id) })
      const leased = [...hands.deals.map(({ lease }) => lease), ...left].map(({ link }) => link)
      expect(leased.toSorted()).toEqual(links.map(({ id }) => id).toSorted())
      await done(left.map((lease) => ({ lease, link: links.find(({ id }) => id === lease.link) ?? expect.fail() })))
      await done(hands.deals)
      hands.withdraw()
      const idle = offered(2)
      expect(await store.acceptEvents(ids.map((id) => event(`of-${id}`, id)), now)).toEqual([false, false, false])
      expect([idle.deals, idle.free()]).toEqual([[], 2])
      idle.withdraw()
    })

    it('[R31] a lease that is over saves nothing, also where the deal is as it was read', async () => {
      const hands = offered(1)
      await store.acceptEvents([event('late-1', 'late')], now)
      hands.withdraw()
      const [{ lease, link } = expect.fail()] = hands.deals
      now += 60_001
      const late = (outcome: Commit['outcome']) => store.save({ lease, link, audit: [], now, outcome })
      await expect(late(null)).rejects.toMatchObject({ kind: 'lease-lost' })
      const [again = expect.fail()] = [await takeOf(link)]
      await expect(late({ kind: 'settled' })).rejects.toMatchObject({ kind: 'lease-lost' })
      expect(await one('late')).toEqual(link)
      const saved = await store.save({ lease: again, link, audit: [], now, outcome: null })
      const earlier = store.save({ lease: again, link, audit: [], now, outcome: { kind: 'settled' } })
      await expect(earlier, 'of an earlier revision').rejects.toMatchObject({ kind: 'lease-lost' })
      await done([{ lease: again, link: saved }])
      expect((await store.verifyAudit()).broken).toEqual([])
    })

    it('finds a deal by what each save of a pass changed of it', async () => {
      await store.acceptEvents([event('saved-1', 'saved')], now)
      const read = await store.load((await one('saved')).id)
      const lease = read === null ? undefined : await takeOf(read)
      if (read === null || lease === undefined) throw new Error('it is there and due')
      const found = async (search: string): Promise<string[]> => (await store.list({ search, limit: 10 })).links.map(({ state }) => state)
      const part = (id: string) => ({ side: 'crm', kind: 'account', id }) as const
      const owners = async (id: string): Promise<string[]> => (await store.linksOf(part(id), null)).map((link) => String(link.id))
      const early = { ...read, name: 'Early name', parts: [part('early')], state: 'pending' } as const
      const begun = await store.save({ lease, link: early, audit: [], now, outcome: null })
      expect([await found('early name'), await owners('early')]).toEqual([['pending'], [read.id]])
      const same = await store.save({ lease, link: { ...begun, state: 'stopped' }, audit: [], now, outcome: null })
      expect([await found('early name'), await owners('early')]).toEqual([['stopped'], [read.id]])
      const ended = { ...same, name: 'Late name', parts: [part('late')], state: 'in-sync' } as const
      await store.save({ lease, link: ended, audit: [], now, outcome: { kind: 'settled' } })
      expect([await found('early name'), await found('late name')]).toEqual([[], ['in-sync']])
      expect([await owners('early'), await owners('late')]).toEqual([[], [read.id]])
    })

    it('[R54] gives each claim to one of many, until it ends or is given back', async () => {
      const stores = [store, under.second ?? store]
      const turns = await Promise.all([0, 1, 2, 3].map((index) => (stores[index % 2] ?? store).claim('sweep', { token: String(index), forMs: 1_000, now })))
      expect(turns.filter(Boolean)).toHaveLength(1)
      expect(await store.claim('sweep', { token: 'later', forMs: 1_000, now: now + 1_000 })).toBe(true)
      expect(await store.claim('c', { token: 'x', forMs: 1_000, now })).toBe(true)
      expect(await store.claim('c', { token: 'y', forMs: 1_000, now })).toBe(false)
      await store.unclaim('c', 'x')
      expect(await store.claim('c', { token: 'y', forMs: 1_000, now })).toBe(true)
    })

    it('keeps named values by compare-and-set', async () => {
      expect(await store.setValue('v', { a: 1 }, { expect: null, now })).toBe(true)
      expect(await store.setValue('v', { a: 2 }, { expect: null, now })).toBe(false)
      expect(await store.setValue('v', { a: 3 }, { expect: 1, now })).toBe(true)
      expect(await store.getValue('v')).toEqual({ value: { a: 3 }, revision: 2 })
    })

    it('lists deals newest first from any row on, by the day an answer is due, and by part of a name', async () => {
      const dueOn = ['2031-01-03', null, '2031-01-01T10:00:00Z', '2031-01-03']
      for (const [index, due] of dueOn.entries()) {
        const fresh = newLink(asLinkId(`list-${index}`), now + index, { partner: ref(`list-${index}`), crm: null })
        const base = { partner: due === null ? {} : { expirationDateTime: due }, crm: {} }
        await store.add({ ...fresh, name: `50 % off_${index}`, kind: 'lead', stage: 'New/Received', base }, [], now)
      }
      const names = async (filter: Partial<Parameters<Store['list']>[0]>): Promise<string[]> =>
        (await store.list({ search: '% OFF_', limit: 10, ...filter })).links.map((link) => String(link.id))
      expect(await names({})).toEqual(['list-3', 'list-2', 'list-1', 'list-0'])
      expect(await names({ offset: 1, limit: 2 })).toEqual(['list-2', 'list-1'])
      expect((await store.list({ search: '% off_', offset: 3, limit: 5 })).total).toBe(4)
      expect((await names({ order: 'due', waitsFor: 'us' }))[0]).toBe('list-2')
      expect((await names({ order: 'due', waitsFor: 'us' })).at(-1)).toBe('list-1')
      expect(await names({ search: 'list-2' })).toEqual(['list-2'])
      expect(await names({ search: 'off-' })).toEqual([])
      expect(await store.answersDue()).toEqual([
        { day: '2031-01-01', deals: 1 },
        { day: '2031-01-03', deals: 2 },
        { day: null, deals: 1 },
      ])
      expect(await store.namesOf([asLinkId('list-1'), asLinkId('nobody')])).toEqual(new Map([['list-1', '50 % off_1']]))
    })

    it('finds entries of the ledger by run, outcome, person, words and time', async () => {
      const [link] = await store.linksOf(ref('list-0'), null)
      const at = now + 5_000_000
      const ran = { kind: 'ran', because: 'retry', writes: 0, ms: 1, attempt: 1, message: null } as const
      const entries = [
        { run: 'run-a', by: 'cosell', at, event: { ...ran, outcome: 'settled', fault: null } },
        { run: 'run-b', by: 'cosell', at: at + 1, event: { ...ran, outcome: 'again', fault: 'offline' } },
        { run: 'run-c', by: 'cosell', at: at + 2, event: { ...ran, outcome: 'stopped', fault: 'rejected' } },
        { run: null, by: 'Kim@Partner.example', at: at + 3, event: { kind: 'ordered', what: 'accept', detail: 'said 100 % yes' } },
      ] as const
      await store.addAudit(entries.map((entry) => ({ ...entry, link: link?.id ?? null })), at)
      const found = async (filter: Partial<Parameters<Store['audit']>[0]>): Promise<number[]> =>
        (await store.audit({ since: at, limit: 10, ...filter })).records.map((record) => record.at - at)
      expect(await found({})).toEqual([3, 2, 1, 0])
      expect(await found({ outcomes: ['again', 'stopped'] })).toEqual([2, 1])
      expect(await found({ run: 'run-a' })).toEqual([0])
      expect(await found({ by: 'kim@partner' })).toEqual([3])
      expect(await found({ search: '100 % YES' })).toEqual([3])
      expect(await found({ search: '100_%' })).toEqual([])
      expect(await found({ until: at + 2 })).toEqual([1, 0])
      expect(await found({ kinds: ['ran'], limit: 2 })).toEqual([2, 1])
    })

    it('finds quotation marks and backslashes in the ledger, as a person types them and as they are recorded', async () => {
      const at = now + 6_000_000
      const note = (name: string, detail: string) => ({ link: null, at, by: 'kim', run: null, event: { kind: 'setting', name, detail } }) as const
      await store.addAudit([note('quoted', 'the "Big" deal'), note('path', 'C:\\deals\\100%'), note('plain', 'the Big deal')], at)
      const found = async (search: string): Promise<string[]> =>
        (await store.audit({ since: at, limit: 10, search })).records.flatMap(({ event }) => (event?.kind === 'setting' ? [event.name] : []))
      expect(await found('the "big" deal')).toEqual(['quoted'])
      expect(await found('C:\\deals\\100%')).toEqual(['path'])
      expect(await found('"name":"plain"')).toEqual(['plain'])
      expect(await found('"nobody"')).toEqual([])
    })

    it('[R52] proves that the ledger is unbroken, and finds an entry that was changed', async () => {
      await store.acceptEvents([event('k9', 'h'), event('k10', 'h')], now)
      expect((await store.verifyAudit()).broken).toEqual([])
      if (under.tamper === null) return
      const link = await one('h')
      await under.tamper(link.id)
      expect((await store.verifyAudit()).broken).toMatchObject([{ link: link.id, sequence: 1 }])
    })
  })
}
