import { existsSync } from 'node:fs'
import { Agent, request } from 'undici'
import { fitsSocket, OPERATIONS, parametersOf, remoteService, socketPath, STORE_TAKEN, type Service } from '../assemble.js'
import type { Config } from '../config/index.js'
import { Fault, isFault, type FaultKind } from '../core/fault.js'
import type { Clock } from '../core/ports.js'

/** A way to a running service: the owner-only socket in its state folder, or its address with a bearer token. */
interface Door {
  readonly origin: string
  readonly dispatcher: Agent
  readonly headers: Readonly<Record<string, string>>
  readonly deadlineMs: number
}

// A socket without a process refuses at once: whoever takes the call is our service, and may be busy. Behind a port may be anybody.
const socketDeadlineMs = 15_000
const portDeadlineMs = 3_000

const takenEveryMs = 250
const takenMost = 60 // A quarter of a minute: a service that was told to stop takes ten seconds for what is under way.

/**
 * What the running service makes of it, or what `own` opens where none runs. A service that starts or stops has the store and answers nobody for a
 * moment, and so has another command: they are waited for.
 */
export async function connected<T>(
  { config, user, clock }: { readonly config: Config; readonly user: string; readonly clock: Pick<Clock, 'sleep'> },
  { running, own }: { readonly running: (service: Service) => T; readonly own: () => Promise<T> },
): Promise<T> {
  for (let waits = 0; ; waits += 1) {
    const service = await runningService(config, user)
    if (service !== null) return running(service)
    try {
      return await own()
    } catch (error) {
      if (!isFault(error) || error.code !== STORE_TAKEN || waits >= takenMost) throw error
    }
    await clock.sleep(takenEveryMs, never)
  }
}
const never = new AbortController().signal

/** The service of the same configuration that runs on this machine, or null. */
export async function runningService(config: Config, user: string): Promise<Service | null> {
  for (const door of doorsOf(config, user)) if (await answers(door)) return remoteService((name, input) => call(door, name, input))
  return null
}

function doorsOf(config: Config, user: string): Door[] {
  const path = socketPath(config)
  const doors: Door[] = existsSync(path)
    ? [
        {
          origin: 'http://cosell',
          dispatcher: new Agent({ connect: { socketPath: path }, headersTimeout: 0, bodyTimeout: 0 }),
          headers: { 'x-cosell-user': user },
          deadlineMs: socketDeadlineMs,
        },
      ]
    : []
  const token = config.server.adminTokens[0]
  // An embedded store belongs to one process, whose socket lies beside it, unless no socket can be made there; over PostgreSQL the service may be anywhere.
  if ((config.store.kind === 'postgres' || !fitsSocket(path)) && token !== undefined && config.server.listen.port !== 0) {
    doors.push({
      origin: `http://127.0.0.1:${config.server.listen.port}`,
      dispatcher: new Agent({ headersTimeout: 0, bodyTimeout: 0 }),
      // Of several tenants the one is reached that the host names.
      headers: { authorization: `Bearer ${token}`, ...(config.tenant === null ? {} : { host: new URL(config.server.publicUrl ?? '').host }) },
      deadlineMs: portDeadlineMs,
    })
  }
  return doors
}

async function answers(door: Door): Promise<boolean> {
  try {
    const answer = await request(`${door.origin}/healthz`, { dispatcher: door.dispatcher, signal: AbortSignal.timeout(door.deadlineMs) })
    await answer.body.dump()
    return answer.statusCode === 200
  } catch {
    return false // Nobody there: a socket file may outlive its process.
  }
}

async function call(door: Door, name: string, input: Readonly<Record<string, unknown>>): Promise<unknown> {
  const operation = OPERATIONS.find((item) => item.name === name)
  if (operation === undefined) throw new Fault('bug', `There is no operation "${name}".`, { remedy: 'Please report this.' })
  const inPath = parametersOf(operation)
  const path = operation.path.replaceAll(/:(\w+)/g, (_match, key: string) => encodeURIComponent(String(input[key])))
  const rest = Object.entries(input).filter(([key, value]) => !inPath.includes(key) && value !== undefined && value !== null)
  const query =
    operation.method === 'GET' && rest.length > 0
      ? `?${new URLSearchParams(rest.map(([key, value]): [string, string] => [key, String(value)])).toString()}`
      : ''
  const body = operation.method === 'GET' ? null : JSON.stringify(Object.fromEntries(rest))
  const headers = { ...door.headers, ...(body === null ? {} : { 'content-type': 'application/json' }) }
  const answer = await request(`${door.origin}/api/v1${path}${query}`, {
    method: operation.method,
    dispatcher: door.dispatcher,
    headers,
    body,
  }).catch((cause: unknown) => {
    throw new Fault('offline', `The running service ended before it answered: ${cause instanceof Error ? cause.message : String(cause)}`, {
      remedy: 'Look into its log, and run the command again.',
      cause,
    })
  })
  const json = await answer.body.json()
  if (answer.statusCode < 300) return json
  const problem = json as { code?: string; detail?: string; remedy?: string | null } // RFC 9457, by our own server
  // What the service does not take is a wrong use of the command.
  const code = problem.code === 'bad-request' ? 'misconfigured' : kinds.has(problem.code ?? '') ? (problem.code as FaultKind) : 'rejected' // just checked
  throw new Fault(code, problem.detail ?? `The service answered ${answer.statusCode}.`, {
    remedy: problem.remedy ?? 'See the log of the service.',
  })
}

const kinds: ReadonlySet<string> = new Set([
  'offline',
  'throttled',
  'signed-out',
  'forbidden',
  'rejected',
  'stale',
  'ambiguous',
  'missing',
  'invalid-answer',
  'misconfigured',
  'lease-lost',
  'bug',
])
