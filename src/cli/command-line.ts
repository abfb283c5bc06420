import { readFileSync } from 'node:fs'
import { loadInstallation, loadTenant, processWorld, secretValues, type LoadedConfig } from '../config/index.js'
import { administer, settingsAhead } from '../administer.js'
import { assemble, createDemo, environmentOf, type App, type Role } from '../assemble.js'
import { assembleTenants } from '../installation.js'
import { realClock } from '../clock.js'
import { keepHeapSmall } from '../heap.js'
import { createLogger, createRedactor, silentLog, type Logger } from '../log.js'
import { registerTraces } from '../traces.js'
import type { CliWorld, Io, Session } from './app.js'
import { connected } from './connection.js'
import { interrupted, untilInterrupted } from './interrupted.js'
import { printJson } from './print.js'
import { runProgram } from './program.js'
import { serve, type Startable } from './serve.js'
import { userName } from './user-name.js'

keepHeapSmall()
const version = (JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version // our own file
const surroundings = processWorld()

function isUnset(name: string): boolean {
  const value = surroundings.env[name] ?? ''
  return value === '' || value === 'false'
}
/** Source: no-color.org, force-color.org (read 2025). */
function colored(): boolean {
  if (process.argv.includes('--no-color') || (surroundings.env['NO_COLOR'] ?? '') !== '') return false
  return !isUnset('FORCE_COLOR') || (process.stdout.isTTY && surroundings.env['TERM'] !== 'dumb')
}

const io: Io = {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  outIsTty: process.stdout.isTTY,
  errIsTty: process.stderr.isTTY,
  inIsTty: process.stdin.isTTY && !process.argv.includes('--no-input') && isUnset('CI'),
  color: colored(),
}

// Whoever reads us has seen enough ("cosell deals list | head"): that is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})
// Nobody reads the log any more: a service works on.
process.stderr.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

function logOf({ config }: LoadedConfig): { log: Logger; plant: (secret: string) => void } {
  const redactor = createRedactor(secretValues(config))
  const log = createLogger({
    level: config.log.level,
    context: { environment: environmentOf(config), tenant: config.partnerCenter.tenant },
    stream: process.stderr,
    clock: realClock,
    redactor,
    color: io.color,
  })
  return { log, plant: (secret) => redactor.plant(secret) }
}

async function run(tenants: readonly LoadedConfig[], { role, adopt }: { readonly role: Role; readonly adopt: boolean }): Promise<void> {
  const shared = { clock: realClock, version, adopt }
  const members = tenants.map((loaded) => ({ config: loaded.config, ...logOf(loaded) }))
  // What one tenant's part throws may be said in another's log: everybody hides everybody's secrets.
  const plant = (secret: string): void => members.forEach((member) => member.plant(secret))
  for (const { config } of members) secretValues(config).forEach(plant)
  const [first, ...others] = members.map((member) => ({ ...member, plant }))
  if (first === undefined) return
  const { log } = first
  for (const { warnings } of tenants) for (const warning of warnings) log.warn(warning)
  const isOne = others.length === 0 && first.config.tenant === null
  await traced(log, () =>
    serve<Startable>({
      ...{ log, role, at: first.config.server },
      make: (doing) =>
        isOne
          ? assemble(first.config, { ...shared, ...first, doing, demo: null })
          : assembleTenants([first, ...others], { ...shared, doing }),
      ready: (_app, address) => {
        log.info({ role, address, version }, address === null ? 'working' : `ready at ${address}`)
        return Promise.resolve()
      },
    }),
  )
}

/** What is left of a start that was cut, or of traces whose collector does not answer, would keep the process. */
let lingers = false
/** Traces are registered before anything is put together, and what is left of them is sent at the end. */
async function traced(log: Logger, work: () => Promise<'closed' | 'left'>): Promise<void> {
  const traces = await registerTraces(surroundings.env, (text) => log.warn(text))
  try {
    lingers = (await work()) === 'left'
  } finally {
    lingers = (await traces.stop()) === 'left' || lingers
  }
}

const namedTenant = (given: string | null): string | null => given ?? (surroundings.env['COSELL_TENANT'] || null)
// Async functions, so that what is wrong with a file arrives as a rejection like everything else.
const load = async (path: string | null, tenant: string | null): Promise<LoadedConfig> =>
  loadTenant({ path, ...surroundings }, namedTenant(tenant))
const loadTenants = async (path: string | null, tenants: string | null): Promise<readonly LoadedConfig[]> =>
  loadInstallation({ path, ...surroundings }, namedTenant(tenants)?.split(',').map((name) => name.trim()) ?? null)

const printed =
  (json: boolean) =>
  (text: string, document: object): void =>
    json ? printJson(io, document) : io.out(text)

const world: CliWorld = {
  io,
  version,
  now: () => realClock.now(),
  signal: interrupted,
  user: userName(),
  loadConfig: load,
  loadTenants,
  connect: async (loaded, { adopt }) => {
    const { plant } = logOf(loaded)
    return connected<Session>({ config: loaded.config, user: userName(), clock: realClock }, {
      running: (service) => ({ service, via: 'running', close: () => Promise.resolve() }),
      own: async () => {
        const app = await assemble(loaded.config, { clock: realClock, log: silentLog, plant, version, adopt, demo: null })
        return { service: app.service, via: 'own', close: () => app.stop() }
      },
    })
  },
  administer: (loaded) => administer(loaded.config, { clock: realClock, plant: logOf(loaded).plant }),
  settingsAhead: (loaded) => settingsAhead(loaded.config, realClock),
  start: run,
  demo: async ({ port, crm, json }) => {
    const demo = await createDemo({ port, crm, say: io.err, print: printed(json) })
    try {
      const loaded = await load(demo.configFile, null)
      const { log, plant } = logOf(loaded)
      const about = { clock: realClock, log, plant, version, adopt: true, demo: { desk: demo.sandbox.urls.desk } }
      await traced(log, () =>
        serve<App>({
          ...{ log, role: 'all', at: loaded.config.server },
          make: (doing) => assemble(loaded.config, { ...about, doing }),
          ready: (app, address) => demo.ready(app.service, address ?? ''),
        }),
      )
    } finally {
      await demo.close()
    }
  },
  sandbox: async ({ port, crm, fields, json }) => {
    const demo = await createDemo({ port: null, crm, say: io.err, print: printed(json), sandboxPort: port, fields })
    await untilInterrupted()
    await demo.close()
  },
}

/** Does what the arguments of the process say. */
export async function commandLine(): Promise<void> {
  process.exitCode = await runProgram(process.argv.slice(2), world)
  if (lingers) process.exit()
}
