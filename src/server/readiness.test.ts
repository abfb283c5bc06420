import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterEach, describe, expect, it, test } from 'vitest'
import { Fault } from '../core/fault.js'
import { openStore, type OpenStore } from '../store/index.js'
import { readiness, type ReadinessDeps, type Told } from './readiness.js'

let nowMs = 1_000_000
/** Only a probe that hangs is ever late in these tests: the clock stands, so that nobody waits. */
const clock = { now: () => nowMs, sleep: (_ms: number, signal?: AbortSignal) => new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve())) }
const folders: string[] = []
const stores: OpenStore[] = []
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close()
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

async function store(): Promise<OpenStore> {
  const folder = mkdtempSync(join(tmpdir(), 'cosell-readiness-'))
  folders.push(folder)
  const made = await openStore({ url: folder, now: () => nowMs })
  stores.push(made)
  return made
}
const failing = ({ lines }: Told): string[] => lines.filter(({ status }) => status === 'fail').map(({ detail }) => detail)

describe('[R56] readiness', () => {
  it('ends while the store takes no write, says why, and comes back by itself', async () => {
    const held = await store()
    const told = readiness({ store: held, clock, ready: () => 'ready' })
    expect(await told()).toMatchObject({ good: true })
    await sql`pragma query_only = on`.execute(held.database.db)
    expect(await told()).toMatchObject({ good: true }) // What was proved a moment ago is believed.
    nowMs += 10_000
    expect(failing(await told())).toEqual(['Does not take what is written: it can only be read.'])
    await sql`pragma query_only = off`.execute(held.database.db)
    nowMs += 1_000
    expect(await told()).toMatchObject({ good: true })
  })

  it('writes nothing more often than every ten seconds, and nothing while the service starts or stops', async () => {
    const held = await store()
    let phase: 'starting' | 'ready' | 'draining' = 'starting'
    let writes = 0
    const counted: ReadinessDeps['store'] = { queue: held.queue, setValue: (...given) => ((writes += 1), held.setValue(...given)) }
    const told = readiness({ store: counted, clock, ready: () => phase })
    expect(failing(await told())).toEqual(['Starting.'])
    phase = 'ready'
    await Promise.all([told(), told(), told()])
    for (let second = 0; second < 10; second += 1) {
      await told()
      nowMs += 1_000
    }
    expect(writes).toBe(1)
    await told()
    expect(writes).toBe(2)
    phase = 'draining'
    nowMs += 60_000
    expect(failing(await told())).toHaveLength(1)
    expect(writes).toBe(2)
  })

  const coded = (code: string): Error => Object.assign(new Error(`${code}: in a folder of ours`), { code })
  test.each([
    [coded('SQLITE_FULL'), 'Does not take what is written: its disk is full.'],
    [coded('53100'), 'Does not take what is written: its disk is full.'],
    [coded('SQLITE_IOERR_WRITE'), 'Does not keep what is written: its disk fails.'],
    [new Fault('misconfigured', 'The disk did not keep what the store wrote', { remedy: '', cause: coded('EIO') }), 'Does not keep what is written: its disk fails.'],
    [new Fault('misconfigured', 'The disk did not keep what the store wrote', { remedy: '', cause: coded('ENOSPC') }), 'Does not take what is written: its disk is full.'],
    [new Error('odd'), 'Does not take what is written.'],
  ])('tells of %s without naming a folder', async (error, text) => {
    const held = await store()
    const told = readiness({ store: { queue: held.queue, setValue: () => Promise.reject(error) }, clock, ready: () => 'ready' })
    expect(failing(await told())).toEqual([text])
  })

  it('asks a store that does not answer both things at once', async () => {
    let sleeps = 0
    const silent: ReadinessDeps['store'] = { queue: { depth: () => new Promise(() => undefined) }, setValue: () => new Promise(() => undefined) }
    const counting = { ...clock, sleep: async () => void (sleeps === 1 ? release() : ((sleeps += 1), await both)) }
    let release: () => void = () => undefined
    const both = new Promise<void>((resolve) => (release = resolve))
    expect(failing(await readiness({ store: silent, clock: counting, ready: () => 'ready' })())).toEqual(Array(2).fill('Does not answer in time.'))
  })

  it('is not lost over a disk that is only busy', async () => {
    const held = await store()
    let busy = false
    const slow: ReadinessDeps['store'] = { queue: held.queue, setValue: (...given) => (busy ? new Promise<boolean>(() => undefined) : held.setValue(...given)) }
    const impatient = { ...clock, sleep: (_ms: number, signal?: AbortSignal) => (busy ? Promise.resolve() : clock.sleep(_ms, signal)) }
    const told = readiness({ store: { ...slow, queue: { depth: () => held.queue.depth(nowMs) } }, clock: impatient, ready: () => 'ready' })
    expect(await told()).toMatchObject({ good: true })
    busy = true
    nowMs += 10_000
    expect((await told()).lines.find(({ name }) => name === 'commit')).toMatchObject({ status: 'pass' })
  })
})
