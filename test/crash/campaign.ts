import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { seededRng } from '../../src/sandbox/rng.js'
import { adminToken, createFleet, webhookKey, type Fleet, type Member, type Role } from '../support/fleet.js'
import { forked, type Forked } from '../support/forked.js'
import { startPostgres, type PrivatePostgres } from '../support/postgres.js'
import { tunnel, type Tunnel } from '../support/tunnel.js'
import { audit, keptIn, type Verdict } from './auditor.js'
import type { CrashCrm } from './crm.js'
import { smallDisk, type SmallDisk } from './disk.js'
import type { Questions } from './simulators.js'

export interface CampaignOptions {
  readonly store: 'sqlite' | 'postgres'
  readonly crm: CrashCrm
  readonly kills: number
  readonly seed: number
  readonly actsPerSecond: number
  /** How the waiting for dead leases ends: by waiting, or by starting the last processes with a clock that has jumped ahead. */
  readonly leases: 'wait' | 'clock-jump'
  /** Besides kill -9. */
  readonly ordeals: readonly Ordeal[]
  readonly say: (text: string) => void
}
/**
 * `held`: a process stopped for longer than a lease · `database-restarted`: three times · `disk-full`: not a byte more for ten seconds ·
 * `clock-moved`: the wall clock of a running process ahead and back · `systems-silent`: requests carried out and not answered ·
 * `database-silent`: its connections pass nothing on, and close nothing.
 */
export const ORDEALS = {
  sqlite: ['held', 'clock-moved', 'systems-silent', 'disk-full'],
  postgres: ['held', 'clock-moved', 'systems-silent', 'database-restarted', 'database-silent'],
} as const
export type Ordeal = (typeof ORDEALS)[keyof typeof ORDEALS][number]

export interface Campaign extends Verdict {
  readonly acts: number
  readonly deals: number
  readonly kills: number
  /** Writes made while nothing had changed. */
  readonly writesAtRest: readonly string[]
  readonly seconds: number
  /** Where the processes' log stands; kept only when something was wrong. */
  readonly folder: string
}

const socketName = '.s.PGSQL.5432'
const jumpMs = 150_000 // Longer than a lease and the lag of Partner Center's listings together.
const settleMost = { wait: 240_000, 'clock-jump': 120_000 } as const
/** Longer than the lease of a deal. */
const holdMs = 65_000

interface Scene {
  readonly options: CampaignOptions
  readonly simulators: Forked<Questions>
  readonly fleet: Fleet
  readonly postgres: PrivatePostgres | null
  /** The way of the processes to the database. */
  readonly way: Tunnel | null
  readonly disk: SmallDisk | null
  readonly members: Member[]
}

const rolesOf = (store: CampaignOptions['store']): readonly Role[] => (store === 'sqlite' ? ['all'] : ['all', 'worker'])

/** One burst of people's acts on both sides while processes die, then the reckoning. */
export async function campaign(options: CampaignOptions): Promise<Campaign> {
  const startedAt = Date.now()
  const folder = mkdtempSync(join(tmpdir(), 'cosell-crash-'))
  mkdirSync(join(folder, 'data'))
  const disk = options.ordeals.includes('disk-full') ? smallDisk(join(folder, 'data')) : null
  const postgres = options.store === 'postgres' ? startPostgres() : null
  // Only a database that is to fall silent is reached over a way of its own.
  const database = postgres === null || !options.ordeals.includes('database-silent') ? null : new URL(postgres.url)
  const way = database === null ? null : await tunnel(join(folder, socketName), join(database.searchParams.get('host') ?? '', socketName))
  database?.searchParams.set('host', folder)
  const simulators = await forked<Questions>(fileURLToPath(new URL('simulators.ts', import.meta.url)), String(options.seed), options.crm)
  const setup = await simulators.ask('setup')
  // The sweep of Partner Center runs once, at the start: from then on only acknowledged events tell of its changes.
  const fleet = await createFleet({ folder, crm: options.crm, postgres: database?.href ?? postgres?.url ?? null, setup, sync: { poll: '1s', sweep: '24h' } })
  const scene: Scene = { options, simulators, fleet, postgres, way, disk, members: [] }
  try {
    const hooks = { partnerCenter: `${fleet.address}/hooks/partner-center`, crm: `${fleet.address}/hooks/${options.crm}`, key: webhookKey }
    await simulators.ask('hooks', hooks)
    for (const role of rolesOf(options.store)) scene.members.push(fleet.start(role))
    if (!(await fleet.ready(30_000))) throw new Error(`The service did not get ready; see ${folder}/service.log.`)
    await simulators.ask('burst', { actsPerSecond: options.actsPerSecond, seed: options.seed })
    const kills = await killAtRandom(scene)
    for (const ordeal of options.ordeals) await suffer(scene, ordeal)
    const { acts } = await simulators.ask('endBurst')
    const writesAtRest = await comeToRest(scene)
    await stopAll(scene)
    const remembered = await simulators.ask('remembered')
    const verdict = audit(remembered, await simulators.ask('truth'), await keptIn(postgres?.url ?? join(folder, 'data')))
    disk?.remove()
    if (verdict.problems.length === 0) rmSync(folder, { recursive: true, force: true })
    return { ...verdict, acts, deals: remembered.length, kills, writesAtRest, seconds: (Date.now() - startedAt) / 1000, folder }
  } finally {
    for (const member of scene.members) member.kill('SIGKILL')
    simulators.close()
    await way?.close()
    disk?.remove()
    postgres?.stop()
  }
}

/** Kills one process after another at moments nobody chose: now and then while it is still starting. */
async function killAtRandom(scene: Scene): Promise<number> {
  const rng = seededRng(scene.options.seed + 1)
  for (let kill = 1; kill <= scene.options.kills; kill += 1) {
    const whole = rng.chance(0.8)
    if (whole) await scene.fleet.ready(20_000)
    await sleep(rng.int(whole ? 1_000 : 700))
    const index = rng.int(scene.members.length)
    const victim = scene.members[index]
    if (victim === undefined) continue
    victim.kill('SIGKILL')
    await victim.ended
    scene.members[index] = scene.fleet.start(victim.role)
    if (kill % 10 === 0) scene.options.say(`${kill} kills`)
  }
  return scene.options.kills
}

async function suffer({ options, simulators, fleet, members, postgres, way, disk }: Scene, ordeal: Ordeal): Promise<void> {
  options.say(ordeal)
  await fleet.ready(20_000)
  await sleep(1_000)
  switch (ordeal) {
    case 'held': {
      // The last worker sleeps past its leases, wakes, and must not finish what another has taken over.
      const sleeper = members.at(-1)
      sleeper?.kill('SIGSTOP')
      await sleep(holdMs)
      sleeper?.kill('SIGCONT')
      return
    }
    case 'clock-moved':
      for (let times = 0; times < 2; times += 1) {
        for (const member of members) member.kill('SIGUSR2')
        await sleep(4_000)
      }
      return
    case 'systems-silent':
      await simulators.ask('silent', 0.3)
      await sleep(20_000)
      return simulators.ask('silent', 0)
    case 'database-silent':
      way?.silence()
      await sleep(10_000)
      return way?.heal()
    case 'disk-full':
      disk?.fill()
      await sleep(10_000)
      return disk?.empty()
    case 'database-restarted':
      for (let times = 0; times < 3; times += 1) {
        postgres?.restart()
        await sleep(1_500)
      }
      return
  }
}

/** Waits until everything was delivered and worked, then counts what is written while nothing changes. */
async function comeToRest(scene: Scene): Promise<readonly string[]> {
  const { options, fleet, simulators } = scene
  if (options.leases === 'clock-jump') {
    await delivered(scene, 30_000)
    await stopAll(scene)
    for (const role of rolesOf(options.store)) scene.members.push(fleet.start(role, { aheadMs: jumpMs }))
    await fleet.ready(20_000)
  }
  await delivered(scene, settleMost[options.leases])
  await idle(scene)
  // The first sweep may still find what nobody told (an event of the CRM is delivered once). On a slow machine those are more deals than a
  // sweep changes unasked, so it is released as its operator would. After it nothing is left to write.
  await sweptWhole(scene, ['--yes'])
  await idle(scene)
  await simulators.ask('writes')
  await sweptWhole(scene)
  await idle(scene)
  return simulators.ask('writes')
}

async function idle(scene: Scene): Promise<void> {
  const until = Date.now() + settleMost[scene.options.leases]
  let quiet = 0
  while (Date.now() < until && quiet < 3) {
    await sleep(1_000)
    quiet = (await waiting(scene)) === '' ? quiet + 1 : 0
  }
  if (quiet < 3) scene.options.say(`still not idle, going on to the reckoning: ${await waiting(scene)}`)
}

async function sweptWhole({ options, fleet }: Scene, release: readonly string[] = []): Promise<void> {
  const swept = await fleet.command(['sync', ...release, '--json'])
  if (swept.code !== 0) options.say(`cosell sync ended with ${String(swept.code)}: ${swept.err || swept.out}`)
}

async function delivered({ simulators }: Scene, withinMs: number): Promise<void> {
  const until = Date.now() + withinMs
  while ((await simulators.ask('pending')) > 0 && Date.now() < until) await sleep(100)
}

/** What is still to be worked, in the service's own words; empty when it is idle. */
async function waiting({ fleet }: Scene): Promise<string> {
  const answer = await fetch(`${fleet.address}/api/v1/overview`, { headers: { authorization: `Bearer ${adminToken}` } }).catch((error: unknown) => error)
  if (!(answer instanceof Response)) return String(answer)
  if (!answer.ok) return `${answer.status} ${await answer.text()}`
  const { queue } = (await answer.json()) as { queue: { due: number; later: number; leased: number } }
  return queue.due + queue.later + queue.leased === 0 ? '' : JSON.stringify(queue)
}

async function stopAll({ members }: Scene): Promise<void> {
  for (const member of members) member.kill('SIGTERM')
  await Promise.all(members.map(({ ended }) => ended))
  members.length = 0
}
