import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { dynamicsToken, partnerToken } from '../bare-crm.js'
import type { Stage } from '../stage.js'

export type PeerName = 'cosell' | 'node-red' | 'n8n'
export type Mapping = 'one-field' | 'full'
/** Who carries, and how much of a deal; the service knows no mapping of one field. */
export const PEERS: readonly { readonly name: PeerName; readonly mapping: Mapping }[] = [
  { name: 'cosell', mapping: 'full' },
  { name: 'node-red', mapping: 'one-field' },
  { name: 'node-red', mapping: 'full' },
  { name: 'n8n', mapping: 'one-field' },
  { name: 'n8n', mapping: 'full' },
]

/** Somebody who carries events over, as a process that can be killed and started again on what it kept. */
export interface Peer {
  readonly url: string
  pid(): number
  /** Resolves when its hook answers. */
  start(): Promise<void>
  kill(): Promise<void>
}

export interface PeerOptions {
  readonly stage: Stage
  readonly mapping: Mapping
  /** How often a call of a flow is tried. */
  readonly tries: number
}

const here = fileURLToPath(new URL('.', import.meta.url))
const startMostMs = 120_000
const lookEveryMs = 100

export async function peerOf(name: PeerName, options: PeerOptions): Promise<Peer> {
  if (name === 'cosell') return cosell(options)
  if (!existsSync(join(here, 'node_modules', name))) throw new Error(`${name} is not installed: npm run install-peers --prefix bench/peers`)
  const folder = join(options.stage.folder, `${name}-${options.mapping}-${options.tries}`)
  mkdirSync(folder, { recursive: true })
  const setup = await options.stage.simulators.ask('setup')
  const port = await freePort()
  // Signing in is spared the flows: they are handed tokens that are good for the whole run.
  const environment = {
    ...process.env,
    PARTNER_URL: setup.urls.partnerCenter,
    CRM_URL: setup.urls.dynamics,
    PARTNER_TOKEN: await partnerToken(setup),
    CRM_TOKEN: await dynamicsToken(setup),
    TRIES: String(options.tries),
    NO_COLOR: '1',
  }
  const flow = join(here, 'flows', `${name}-${options.mapping}.json`)
  return name === 'n8n' ? n8n({ folder, port, environment, flow, tries: options.tries }) : nodeRed({ folder, port, environment, flow })
}

/** The service itself, its store kept over a kill. */
function cosell({ stage }: PeerOptions): Peer {
  let member: Awaited<ReturnType<Stage['start']>> | null = null
  return {
    url: `${stage.fleet.address}/hooks/partner-center`,
    pid: () => member?.pid ?? 0,
    async start() {
      member = await stage.start('all')
    },
    async kill() {
      member?.kill('SIGKILL')
      await member?.ended
    },
  }
}

interface Given {
  readonly folder: string
  readonly port: number
  readonly environment: NodeJS.ProcessEnv
  readonly flow: string
}

function nodeRed({ folder, port, environment, flow }: Given): Peer {
  const settings = join(folder, 'settings.cjs')
  writeFileSync(settings, `module.exports = { uiHost: '127.0.0.1', flowFile: ${JSON.stringify(flow)}, credentialSecret: false, httpAdminRoot: false, readOnly: true, logging: { console: { level: 'error' } } }\n`)
  const red = join(here, 'node_modules', 'node-red', 'red.js')
  return processPeer({ url: `http://127.0.0.1:${port}/cosell`, health: null, folder }, () =>
    spawn(process.execPath, [red, '-u', folder, '-s', settings, '-p', String(port)], { cwd: folder, env: environment, stdio: ['ignore', 'pipe', 'pipe'] }),
  )
}

function n8n({ folder, port, environment, flow, tries }: Given & { readonly tries: number }): Peer {
  const env = {
    ...environment,
    N8N_USER_FOLDER: folder,
    N8N_PORT: String(port),
    N8N_LISTEN_ADDRESS: '127.0.0.1',
    N8N_DIAGNOSTICS_ENABLED: 'false',
    N8N_VERSION_NOTIFICATIONS_ENABLED: 'false',
    N8N_BLOCK_ENV_ACCESS_IN_NODE: 'false',
    N8N_EXPRESSION_ENGINE: 'legacy', // The other one needs a native module that Node 20 cannot compile.
    DB_SQLITE_POOL_SIZE: '4', // As its own start asks for.
    N8N_LOG_LEVEL: 'error',
  }
  const main = join(here, 'node_modules', 'n8n', 'bin', 'n8n')
  const workflow = join(folder, 'workflow.json')
  const text = readFileSync(flow, 'utf8')
  writeFileSync(workflow, tries === 1 ? text.replaceAll('"retryOnFail": true', '"retryOnFail": false') : text)
  const { id } = JSON.parse(text) as { id: string } // our own workflow files
  for (const argv of [['import:workflow', `--input=${workflow}`], ['update:workflow', `--id=${id}`, '--active=true']])
    execFileSync(process.execPath, [main, ...argv], { cwd: folder, env, stdio: 'pipe' })
  const address = `http://127.0.0.1:${port}`
  return processPeer({ url: `${address}/webhook/cosell`, health: `${address}/healthz/readiness`, folder }, () =>
    spawn(process.execPath, [main, 'start'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] }),
  )
}

interface Hook {
  readonly url: string
  /** Where it says that it is up; null: its hook alone tells. While n8n starts it answers 200 to every address. */
  readonly health: string | null
  readonly folder: string
}

function processPeer({ url, health, folder }: Hook, launch: () => ChildProcess): Peer {
  let child: ChildProcess | null = null
  const log = (chunk: Buffer): void => appendFileSync(join(folder, 'log'), chunk)
  return {
    url,
    pid: () => child?.pid ?? 0,
    async start() {
      child = launch()
      for (const stream of [child.stdout, child.stderr]) stream?.on('data', log)
      await ready({ url, health, folder })
    },
    async kill() {
      if (child === null || child.exitCode !== null) return
      const ended = once(child, 'exit')
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Asked with an event of no record, which everybody takes. */
async function ready({ url, health, folder }: Hook): Promise<void> {
  const until = performance.now() + startMostMs
  const body = JSON.stringify({ ResourceUri: 'https://api.partnercenter.microsoft.com/engagements/v1/referrals/00000000-0000-4000-8000-000000000000' })
  const isOk = (address: string, init: RequestInit): Promise<boolean> =>
    fetch(address, init).then(
      ({ ok }) => ok,
      () => false,
    )
  while (performance.now() < until) {
    const isUp = health === null || (await isOk(health, {}))
    if (isUp && (await isOk(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body }))) return
    await sleep(lookEveryMs)
  }
  throw new Error(`It did not get ready; see ${folder}/log.`)
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number } // it listens on a port
      server.close(() => resolve(port))
    })
  })
}
