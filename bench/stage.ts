import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createFleet, type Extra, type Fleet, type Member, type Role } from '../test/support/fleet.js'
import { forked, type Forked } from '../test/support/forked.js'
import { startPostgres } from '../test/support/postgres.js'
import type { Crm } from './desk.js'
import type { Questions } from './simulators.js'

/** The service and the simulators, each in a process of its own. */
export interface Stage {
  readonly crm: Crm
  readonly simulators: Forked<Questions>
  readonly fleet: Fleet
  readonly folder: string
  start(role: Role, more?: Extra): Promise<Member>
  stop(): Promise<void>
  close(): Promise<void>
}

export interface StageOptions {
  /** Null: the embedded store. */
  readonly postgres: string | null
  /** Absent: Dynamics 365. */
  readonly crm?: Crm
}

export async function stageOf({ postgres, crm = 'dynamics' }: StageOptions): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'cosell-bench-'))
  const simulators = await forked<Questions>(fileURLToPath(new URL('simulators.ts', import.meta.url)), crm)
  const setup = await simulators.ask('setup')
  // Nothing on a schedule while something is measured.
  const fleet = await createFleet({ folder, crm, postgres, setup, sync: { poll: '24h', sweep: '24h' }, level: 'warn' })
  const members: Member[] = []
  const stop = async (): Promise<void> => {
    for (const member of members) member.kill('SIGTERM')
    await Promise.all(members.map(({ ended }) => ended))
    members.length = 0
  }
  return {
    crm,
    simulators,
    fleet,
    folder,
    async start(role, more) {
      const member = fleet.start(role, more)
      members.push(member)
      if (role === 'worker') await sleep(2_000)
      else if (!(await fleet.ready(20_000))) throw new Error(`The service did not get ready; see ${folder}/service.log.`)
      return member
    },
    stop,
    async close() {
      await stop()
      simulators.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

export const STORE_NAMES = { sqlite: 'SQLite', postgres: 'PostgreSQL' } as const
export type StoreKind = keyof typeof STORE_NAMES

/** Runs a measurement over one kind of store; of PostgreSQL there is a server of its own. */
export async function overStore<T>(store: StoreKind, work: (postgres: string | null) => Promise<T>): Promise<T> {
  if (store === 'sqlite') return work(null)
  const postgres = startPostgres()
  try {
    return await work(postgres.url)
  } finally {
    postgres.stop()
  }
}

/** One deal by its records. */
export interface Pair {
  readonly referralId: string
  readonly opportunityId: string
}

/** Some deals of the past that both sides have. */
export async function pairsOf({ simulators }: Stage, count: number): Promise<readonly Pair[]> {
  const referralIds = await simulators.ask('referrals', count)
  const opportunities = await simulators.ask('opportunities', referralIds)
  return referralIds.map((referralId, index) => ({ referralId, opportunityId: opportunities[index] ?? '' }))
}

/** Deals that both sides have, at rest. */
export async function pairs({ simulators, fleet }: Stage, count: number): Promise<readonly Pair[]> {
  const ids = await simulators.ask('make', count)
  // A sweep of the service's own may be under way, which a second one leaves to it: what counts is that both sides have every deal.
  for (let round = 1; round <= roundsMost; round += 1) {
    const { code, out, err } = await fleet.command(['sync', '--json'])
    if (code !== 0) throw new Error(`The sync ended with ${String(code)}: ${err || out}`)
    const { passes, states, later } = JSON.parse(out) as Rest
    const opportunities = await simulators.ask('opportunities', ids)
    if (passes + later + (states['pending'] ?? 0) === 0 && opportunities.every((id) => id !== ''))
      return ids.map((referralId, index) => ({ referralId, opportunityId: opportunities[index] ?? '' }))
    await sleep(500)
  }
  throw new Error(`The ${count} deals did not come to rest.`)
}
const roundsMost = 40

/** What `cosell sync --json` prints, as far as it says whether anything was left to do. */
interface Rest {
  readonly passes: number
  readonly later: number
  readonly states: Readonly<Record<string, number>>
}

/** @throws Error when it takes longer. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = new AbortController()
  const tooLong = sleep(ms, undefined, { signal: late.signal }).then(
    () => Promise.reject(new Error(`It did not get there within ${ms / 1_000} s.`)),
    () => work,
  )
  try {
    return await Promise.race([work, tooLong])
  } finally {
    late.abort()
  }
}

/** Runs `work` over the items, so many at once. */
export async function inFlight<T>(items: readonly T[], most: number, work: (item: T) => Promise<void>): Promise<void> {
  const left = [...items]
  const lane = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: most }, lane))
}
