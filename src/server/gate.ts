import { lookup } from 'node:dns/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { closed } from './closing.js'
import { answerMalformed, everyAnswer } from './unrouted.js'
import type { Opening } from '../store/index.js'
import { notNow, retryAfterSeconds } from './problems.js'

/** What a process does before it serves. */
export type Doing = 'starting' | 'reading' | Opening
const DOING: Readonly<Record<Doing, string>> = {
  starting: 'Starting.',
  opening: 'Starting: opening the store.',
  migrating: 'Starting: migrating the store, or waiting for another process that does.',
  reading: 'Starting: reading the settings.',
}

export type Handle = (request: IncomingMessage, response: ServerResponse) => void

/** Where a service is reached, from the first moment of its process to the last: until somebody takes the requests, each is told to come again. */
export interface Gate {
  /** Where it listens, e.g. `http://127.0.0.1:8400`. */
  readonly address: string
  /** What the process does meanwhile, as `/readyz` tells it. */
  tell(doing: Doing): void
  /** From now on every request is this one's. */
  open(handle: Handle): void
  /** Takes no more; what is under way is answered. */
  close(): Promise<void>
}

const requestTimeoutMs = 120_000
const keepAliveTimeoutMs = 72_000 // Longer than the minute after which balancers give up an idle connection: who ends it first must not be we.

/** The addresses of one process; what it does until it is ready is told at both. */
export interface Doors {
  /** For hooks, API and console; null: a worker has none. */
  readonly main: Gate | null
  /** For whoever watches. */
  readonly observe: Gate | null
  tell(doing: Doing): void
  close(): Promise<void>
}
/** Of an app behind somebody else's. */
export const noDoors: Doors = { main: null, observe: null, tell: () => undefined, close: () => Promise.resolve() }

type At = { readonly host: string; readonly port: number }

/** @throws Error of the system, as of `openGate`. */
export async function openDoors(at: { readonly listen: At | null; readonly observe: At | null }): Promise<Doors> {
  const main = at.listen === null ? null : await openGate(at.listen)
  try {
    const observe = at.observe === null ? null : await openGate(at.observe)
    const both = [main, observe].filter((gate) => gate !== null)
    return {
      main,
      observe,
      tell: (doing) => both.forEach((gate) => gate.tell(doing)),
      close: async () => void (await Promise.all(both.map((gate) => gate.close()))),
    }
  } catch (error) {
    await main?.close()
    throw error
  }
}

/**
 * `hereOf`: the addresses of "localhost".
 * @throws Error of the system: the address is taken, not this machine's, or not allowed.
 */
export async function openGate({ host, port }: At, hereOf = addressesHere): Promise<Gate> {
  let doing: string = DOING.starting
  let handle: Handle = (request, response) => standIn(request, response, doing)
  const serve = (): Server =>
    createServer({ requestTimeout: requestTimeoutMs, keepAliveTimeout: keepAliveTimeoutMs }, (request, response) => handle(request, response)).on('clientError', answerMalformed)
  const [first = host, ...others] = host === 'localhost' ? await hereOf() : [host]
  const main = serve()
  const bound = await listening(main, first, port)
  const servers = [main]
  // "localhost" has an address of either family, but not on every machine.
  for (const other of others) {
    const second = serve()
    await listening(second, other, bound.port).then(() => servers.push(second), () => undefined)
  }
  return {
    address: textOf(bound),
    tell: (what) => void (doing = DOING[what]),
    open: (given) => void (handle = given),
    close: async () => void (await Promise.all(servers.map(closed))),
  }
}

const addressesHere = async (): Promise<readonly string[]> => (await lookup('localhost', { all: true })).map(({ address }) => address)

/** All addresses of a machine are told by the one that everybody there can call. */
const textOf = ({ address, port }: AddressInfo): string =>
  `http://${address === '0.0.0.0' ? '127.0.0.1' : address.includes(':') ? `[${address}]` : address}:${port}`

const listening = (server: Server, host: string, port: number): Promise<AddressInfo> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.removeListener('error', reject)
      resolve(server.address() as AddressInfo) // of a server that listens on a port
    })
  })

/** Alive, not ready, and nothing else: an event that cannot be kept yet stays with its sender. */
function standIn(request: IncomingMessage, response: ServerResponse, doing: string): void {
  const [path, query] = (request.url ?? '').split('?', 2)
  const answer = (status: number, type: string, body: object): void => {
    const waiting = status === 503 ? { 'retry-after': retryAfterSeconds } : {}
    response.writeHead(status, { ...everyAnswer, ...waiting, 'cache-control': 'no-store', 'content-type': `${type}; charset=utf-8` })
    response.end(JSON.stringify(body))
  }
  if (path === '/livez' || path === '/healthz') return answer(200, 'application/json', { status: 'ok' })
  if (path !== '/readyz') return answer(503, 'application/problem+json', notNow(doing).problem)
  const checks = new URLSearchParams(query).has('verbose') ? { checks: [{ name: 'service', status: 'fail', detail: doing }] } : {}
  answer(503, 'application/json', { status: 'not ready', reason: `service: ${doing}`, ...checks })
}
