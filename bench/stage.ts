import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createFleet, type Extra, type Fleet, type Member, type Role } from '../test/support/fleet.js'
import { forked, type Forked } from '../test/support/forked.js'
import type { Questions } from './simulators.js'

/** Least, middle and most of several runs. */
export interface Spread {
  readonly min: number
  readonly median: number
  readonly max: number
}
export interface Figure {
  readonly name: string
  readonly measured: Spread
  /** Null: nothing is wanted, it is shown to compare with. */
  readonly target: number | null
  readonly better: 'less' | 'more'
  readonly unit: string
}

export function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b)
  const round = (value: number | undefined): number => Number((value ?? Number.NaN).toPrecision(3))
  return { min: round(sorted[0]), median: round(sorted[Math.floor(sorted.length / 2)]), max: round(sorted.at(-1)) }
}
export const percentile = (values: readonly number[], share: number): number =>
  [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN
export const single = (value: number): Spread => spread([value])

/** The service and the simulators, each in a process of its own. */
export interface Stage {
  readonly simulators: Forked<Questions>
  readonly fleet: Fleet
  readonly folder: string
  start(role: Role, more?: Extra): Promise<Member>
  stop(): Promise<void>
  close(): Promise<void>
}

export async function stageOf(options: { readonly postgres: string | null }): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'cosell-bench-'))
  const simulators = await forked<Questions>(fileURLToPath(new URL('simulators.ts', import.meta.url)))
  const setup = await simulators.ask('setup')
  // Nothing on a schedule while something is measured.
  const fleet = await createFleet({ folder, postgres: options.postgres, setup, sync: { poll: '24h', sweep: '24h' }, level: 'warn' })
  const members: Member[] = []
  const stop = async (): Promise<void> => {
    for (const member of members) member.kill('SIGTERM')
    await Promise.all(members.map(({ ended }) => ended))
    members.length = 0
  }
  return {
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

/** Deals that both sides have, at rest. */
export async function pairs({ simulators, fleet }: Stage, count: number): Promise<{ referralId: string; opportunityId: string }[]> {
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
