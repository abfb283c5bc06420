import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Fault } from '../core/fault.js'
import type { Link } from '../core/link.js'
import type { Lease } from '../core/ports.js'
import type { EndRef } from '../core/ref.js'
import { openStore, type OpenStore } from './index.js'

// The contract of the store says more, on every kind of it (test/contract/store.contract.ts). These few are quick, and each stands for one promise.
const at = Date.UTC(2026, 10, 1)
const referral = (id: string): EndRef => ({ side: 'partner', kind: 'referral', id })

describe('what the embedded store promises', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cosell-promises-'))
  let store: OpenStore
  beforeAll(async () => {
    store = await openStore({ url: folder, now: () => at })
  })
  afterAll(async () => {
    await store.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const hear = (id: string, eventKey: string) => {
    const hints = [{ ref: referral(id), engagementId: null, wide: false }]
    return store.acceptEvents([{ source: 'partner-center', eventKey, name: 'referral-updated', hints, urgency: 1 }], at)
  }
  const take = async ({ id }: Link): Promise<Lease | undefined> =>
    (await store.queue.take({ limit: 1, now: at, leaseMs: 60_000, only: [id] }))[0]
  const heard = async (id: string): Promise<{ readonly link: Link; readonly lease: Lease }> => {
    await hear(id, `first of ${id}`)
    const [link] = await store.linksOf(referral(id), null)
    const lease = link === undefined ? undefined : await take(link)
    if (link === undefined || lease === undefined) throw new Error('an event makes a deal that is due')
    return { link, lease }
  }

  const soon = { kind: 'again', inMs: 5_000, because: new Fault('offline', 'No answer came.', { remedy: 'Wait.' }) } as const
  it.each([
    ['as it was read', {}, null],
    ['as it was read, to be tried again', {}, soon],
    ['under another name', { name: 'another' }, null],
  ] as const)('[R6] [R54] refuses a deal %s once another process has saved it, also under its lease', async (how, change, outcome) => {
    const { link, lease } = await heard(how)
    const saved = await store.save({ lease, link, audit: [], now: at, outcome: null })
    await store.database.db.updateTable('link').set({ revision: saved.revision + 1 }).where('id', '=', link.id).execute()
    const late = store.save({ lease, link: { ...saved, ...change }, audit: [], now: at, outcome })
    await expect(late).rejects.toMatchObject({ kind: 'lease-lost' })
  })

  it('[R31] a mark during a run makes the deal due again', async () => {
    const { link, lease } = await heard('marked')
    await store.queue.mark([{ link: link.id, dueAt: at, urgency: 1, wide: false, because: 'meanwhile' }], at)
    await store.save({ lease, link, audit: [], now: at, outcome: { kind: 'settled' } })
    expect(await take(link)).toMatchObject({ because: 'meanwhile' })
  })

  it('[R33] a repeated event causes no work', async () => {
    const { link, lease } = await heard('repeated')
    await store.save({ lease, link, audit: [], now: at, outcome: { kind: 'settled' } })
    await hear('repeated', 'first of repeated')
    expect(await take(link)).toBeUndefined()
  })

  it('[R52] every entry of the ledger names the one before it', async () => {
    await heard('chained')
    await hear('chained', 'second of chained')
    const rows = await store.database.db.selectFrom('audit').select(['prev_hash', 'hash', 'link', 'sequence']).orderBy('link').orderBy('sequence').execute()
    const chained = rows.filter(({ prev_hash: before }, index) => before !== '' && before === rows[index - 1]?.hash)
    expect(chained.length).toBeGreaterThan(0)
    expect(rows.filter(({ sequence, prev_hash: before }) => Number(sequence) > 1 && before === '')).toEqual([])
  })
})
