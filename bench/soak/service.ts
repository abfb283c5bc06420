// Runs in a process of its own: the assembled service, as compiled, on a clock that is turned by hand. Everything else of it is real: store, sockets, schedules.
import { readdirSync, readlinkSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { root } from '../../test/support/fleet.js'
import { answering } from '../../test/support/forked.js'
import { engineClock, leapClock } from '../../test/simulation/hand-clock.js'
import { settling } from './settled.js'
import type * as Assembled from '../../src/assemble.js'
import type * as Configured from '../../src/config/index.js'
import type * as Heaped from '../../src/heap.js'
import type * as Logged from '../../src/log.js'

export interface Questions {
  start(how: { readonly config: string; readonly now: number; readonly keepLedgerMs: number }): void
  /** Turns the clock, and answers when nothing is under way any more. */
  advance(ms: number): void
  look(asked: { readonly keepLedgerMs: number; readonly eventsKeptMs: number }): Promise<Look>
  verify(): Promise<number>
  stop(): void
}
/** What the process holds and what its store holds. */
export interface Look {
  readonly residentMb: number
  /** What lives: the heap right after all that is dead was collected. */
  readonly heapMb: number
  /** Open descriptors by kind: sockets, files by name, others. */
  readonly handles: Readonly<Record<string, number>>
  readonly rows: Readonly<Record<string, number>>
  /** Rows of small values by the first part of their names. */
  readonly values: Readonly<Record<string, number>>
  /** Entries of the ledger whose contents are there, and that should have been forgotten by the last tidying. */
  readonly payloads: number
  readonly payloadsLate: number
  readonly eventsLate: number
  readonly storeMb: number
}

type Parts = typeof Assembled & typeof Configured & typeof Heaped & typeof Logged
const compiled = (path: string): Promise<unknown> => import(join(root, 'dist', path))
const parts = { ...(await compiled('assemble.js') as object), ...(await compiled('config/index.js') as object), ...(await compiled('heap.js') as object), ...(await compiled('log.js') as object) } as Parts // the same files, compiled
parts.keepHeapSmall()
setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void // what the flag exposes

const settled = settling()
const tidyEveryMs = 3_600_000
const turnsMost = 4 // The clock goes in steps of up to an hour, so a turn may be that late.
const megabyte = 1_048_576
const tables = ['link', 'link_ref', 'dirty', 'event', 'value', 'claim', 'audit'] as const
let hand = leapClock(0)
let app: Awaited<ReturnType<Parts['assemble']>> | null = null
let folder = ''

const running = (): NonNullable<typeof app> => {
  if (app === null) throw new Error('The service was not started.')
  return app
}

const handles = (): Record<string, number> => {
  const kinds: Record<string, number> = {}
  for (const name of readdirSync('/proc/self/fd')) {
    const kind = kindOf(name)
    if (kind !== null) kinds[kind] = (kinds[kind] ?? 0) + 1
  }
  return kinds
}
const kindOf = (descriptor: string): string | null => {
  try {
    return readlinkSync(join('/proc/self/fd', descriptor)).split(':')[0]?.split('/').at(-1) ?? null
  } catch {
    return null // The list itself was open while it was read.
  }
}

answering<Questions>({
  async start({ config, now, keepLedgerMs }) {
    hand = leapClock(now)
    const loaded = parts.loadConfig({ path: config, ...parts.processWorld() })
    // The file counts in days; here a day has to show what is forgotten.
    const settings = { ...loaded.config, keepLedgerMs }
    folder = settings.store.kind === 'postgres' ? '' : settings.store.folder
    const options = { clock: engineClock(hand), demo: null, log: parts.silentLog, version: 'soak', adopt: false, plant: () => undefined }
    app = await parts.assemble(settings, options)
    await app.start('all')
  },
  async advance(ms) {
    hand.advance(ms)
    await settled()
  },
  async look({ keepLedgerMs, eventsKeptMs }) {
    const { db } = running().store.database
    const count = (table: (typeof tables)[number]): Promise<number> =>
      db.selectFrom(table).select((eb) => eb.fn.countAll<number>().as('n')).executeTakeFirstOrThrow().then(({ n }) => Number(n))
    const rows: Record<string, number> = {}
    for (const table of tables) rows[table] = await count(table)
    const values: Record<string, number> = {}
    for (const { name } of await db.selectFrom('value').select('name').execute()) {
      const [first = ''] = name.split('.')
      values[first] = (values[first] ?? 0) + 1
    }
    const filled = db.selectFrom('audit').select((eb) => eb.fn.countAll<number>().as('n')).where('payload', 'is not', null)
    const old = hand.now() - tidyEveryMs * turnsMost
    const payloads = await filled.executeTakeFirstOrThrow()
    const late = await filled.where('at', '<', old - keepLedgerMs).executeTakeFirstOrThrow()
    const events = await db.selectFrom('event').select((eb) => eb.fn.countAll<number>().as('n')).where('at', '<', old - eventsKeptMs).executeTakeFirstOrThrow()
    const { rss } = process.memoryUsage()
    collectGarbage()
    return {
      residentMb: rss / megabyte,
      heapMb: process.memoryUsage().heapUsed / megabyte,
      handles: handles(),
      rows,
      values,
      payloads: Number(payloads.n),
      payloadsLate: Number(late.n),
      eventsLate: Number(events.n),
      storeMb: readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0) / megabyte,
    }
  },
  verify: async () => (await running().store.verifyAudit()).broken.length,
  async stop() {
    await running().stop()
  },
})
