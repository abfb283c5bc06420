import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { stringify } from 'yaml'
import { sandboxSettings } from './sandbox-settings.js'
import type { Sandbox } from '../../src/sandbox/index.js'

export const root = fileURLToPath(new URL('../..', import.meta.url))
const main = join(root, 'dist', 'cli', 'main.js')
export const webhookKey = 'test-webhook-key'
export const adminToken = 'test-admin-token-0123456789'

/** Compiles the service, unless it is compiled already. */
export const built = (): void => void execFileSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { cwd: root, stdio: 'ignore' })

/** What a service needs to know of the simulators. */
export interface Setup {
  readonly urls: Sandbox['urls']
  readonly credentials: Sandbox['credentials']
  readonly trustAnchors: string
}

/** The service as an operator runs it: one or several processes over one store. */
export interface Fleet {
  readonly config: string
  readonly address: string
  start(role: Role, more?: Extra): Member
  /** A command of the command line, with what it printed. */
  command(argv: readonly string[], more?: Extra): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>
  ready(withinMs: number): Promise<boolean>
}
export type Role = 'all' | 'server' | 'worker'
export interface Extra {
  /** The clock of this process is ahead by so much. */
  readonly aheadMs?: number
  /** Prefix of the command, for example a shell that sets a limit. */
  readonly through?: readonly string[]
  /** Options of Node itself. */
  readonly node?: readonly string[]
}
export interface Member {
  readonly role: Role
  readonly pid: number
  kill(signal: NodeJS.Signals): void
  readonly ended: Promise<number | null>
}

export interface FleetOptions {
  readonly folder: string
  /** Absent: Dynamics 365. */
  readonly crm?: 'dynamics' | 'salesforce'
  /** Null: the embedded store in the folder. */
  readonly postgres: string | null
  readonly setup: Setup
  readonly sync: Readonly<Record<string, string>>
  readonly level?: string
}

// The clock of the wall is ahead by so much; a signal moves it by two minutes and a half, and the next one back.
const movedClock = `const now = Date.now
let by = Number(process.env.AHEAD_MS)
let moved = false
Date.now = () => now() + by
process.on('SIGUSR2', () => {
  moved = !moved
  by += moved ? 150_000 : -150_000
})
`

export async function createFleet({ folder, crm = 'dynamics', postgres, setup, sync, level = 'info' }: FleetOptions): Promise<Fleet> {
  mkdirSync(folder, { recursive: true })
  const port = await freePort()
  const config = join(folder, 'cosell.yaml')
  writeFileSync(join(folder, 'roots.pem'), setup.trustAnchors)
  writeFileSync(config, stringify(configOf(setup, { crm, port, postgres, sync, log: level })), { mode: 0o600 })
  const ahead = join(folder, 'ahead.mjs')
  writeFileSync(ahead, movedClock)
  const log = createWriteStream(join(folder, 'service.log'), { flags: 'a' })
  const address = `http://127.0.0.1:${port}`
  const environment = { ...process.env, XDG_STATE_HOME: join(folder, 'state'), COSELL_CONFIG: config, NO_COLOR: '1' }

  const launch = (argv: readonly string[], { aheadMs = 0, through = [], node: options = [] }: Extra): ChildProcess => {
    const node = [process.execPath, ...options, '--import', pathToFileURL(ahead).href, main, ...argv]
    const [program = '', ...args] = [...through, ...node]
    return spawn(program, args, { cwd: folder, env: { ...environment, AHEAD_MS: String(aheadMs) }, stdio: ['ignore', 'pipe', 'pipe'] })
  }
  return {
    config,
    address,
    start(role, more = {}) {
      const child = launch(['start', '--role', role], more)
      child.stderr?.on('data', (chunk: Buffer) => log.write(chunk))
      const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)))
      return { role, pid: child.pid ?? 0, kill: (signal) => void child.kill(signal), ended }
    },
    command: (argv, more = {}) =>
      new Promise((resolve) => {
        const child = launch(argv, more)
        let out = ''
        let err = ''
        child.stdout?.on('data', (chunk: Buffer) => (out += chunk.toString()))
        child.stderr?.on('data', (chunk: Buffer) => (err += chunk.toString()))
        child.once('close', (code) => resolve({ code, out, err }))
      }),
    async ready(withinMs) {
      const until = Date.now() + withinMs
      while (Date.now() < until) {
        if (await answers(`${address}/readyz`)) return true
        await sleep(40)
      }
      return false
    },
  }
}

const answers = (url: string): Promise<boolean> =>
  fetch(url, { signal: AbortSignal.timeout(1_000) }).then(
    ({ ok }) => ok,
    () => false,
  )

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => resolve(port))
    })
  })
}

function configOf(setup: Setup, how: { crm: 'dynamics' | 'salesforce'; port: number; postgres: string | null; sync: FleetOptions['sync']; log: string }): object {
  return {
    environment: 'test',
    store: how.postgres ?? './data',
    sealKey: 'test-seal-key-of-at-least-32-characters',
    server: { listen: `127.0.0.1:${how.port}`, publicUrl: `http://127.0.0.1:${how.port}`, adminTokens: [adminToken] },
    ...sandboxSettings(setup, webhookKey, how.crm),
    sync: how.sync,
    log: { level: how.log },
  }
}
