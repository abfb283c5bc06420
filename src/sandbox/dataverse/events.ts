import type { SimSend } from '../http.js'
import type { Context, Emission, Raised } from './emission.js'
import { authorized } from './endpoint-auth.js'
import { eventBody } from './event-body.js'
import type { Cell } from './row-store.js'
import { stepsFor, type Step } from './steps.js'
import { put, secondsIso, table as tableNamed, type World } from './world.js'

/** One attempt to tell a receiver of one write. */
export interface Delivery {
  readonly message: string
  readonly table: string
  readonly id: string
  readonly url: string
  readonly stepId: string
  readonly atMs: number
  readonly attempt: 1 | 2
  /** Status of the receiver; null when it did not answer. */
  readonly status: number | null
}

export interface Events {
  /** The newest attempts, oldest of them first. */
  list(): readonly Delivery[]
  /** Jobs that wait for their time or for an answer. */
  pending(): number
  reset(): void
}

interface Job {
  readonly step: Step
  readonly emission: Emission
  readonly operationId: string
}

// Enough for a long test; a sandbox that runs for days keeps the newest.
const keptMax = 5_000
const retried: ReadonlySet<number> = new Set([502, 503, 504])

const failures = {
  status: { code: '0x80050201', text: 'The webhook call failed because the http request returned a non-success status code' },
  timeout: {
    code: '0x80050202',
    text: 'The webhook call failed because the http request timed out at client side. Please check your webhook request handler.',
  },
  post: { code: '0x80050205', text: 'The webhook call failed during http post. Please check the exception for more details.' },
} as const

/** Asynchronous webhook steps: matching, delivering on the clock, one retry, failed system jobs. */
export class EventOutbox implements Events {
  readonly #world: () => World
  readonly #send: SimSend
  readonly #failed = new Map<string, Job>()
  #deliveries: Delivery[] = []
  #pending = 0

  constructor(given: { readonly world: () => World; readonly send: SimSend }) {
    this.#world = given.world
    this.#send = given.send
  }

  list(): readonly Delivery[] {
    return this.#deliveries
  }

  pending(): number {
    return this.#pending
  }

  reset(): void {
    this.#deliveries = []
  }

  raise(raised: readonly Raised[]): void {
    const world = this.#world()
    for (const { message, table, make } of raised) {
      const steps = stepsFor(world, message, table)
      if (steps.length === 0) continue
      const emission = make()
      for (const step of steps) {
        if (wants(step, emission)) this.#schedule({ step, emission, operationId: world.guid() })
      }
    }
  }

  /** Runs a failed job again, as an administrator may ask. */
  resume(jobId: string): void {
    const job = this.#failed.get(jobId)
    if (job !== undefined) this.#schedule(job)
  }

  #schedule(job: Job): void {
    const world = this.#world()
    const { eventDelayMs, eventJitterMs, eventLossRate, eventDuplicateRate } = world.options
    if (eventLossRate > 0 && world.rng.chance(eventLossRate)) return
    const copies = eventDuplicateRate > 0 && world.rng.chance(eventDuplicateRate) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      this.#pending += 1
      const jitterMs = eventJitterMs > 0 ? world.rng.int(eventJitterMs + 1) : 0
      world.clock.at(world.clock.now() + eventDelayMs + jitterMs, () => this.#attempt(job, 1))
    }
  }

  #attempt(job: Job, attempt: 1 | 2): void {
    const world = this.#world()
    const endpoint = tableNamed(world, 'serviceendpoint').rows.get(job.step.endpointId)
    if (endpoint === undefined) {
      this.#pending -= 1
      return
    }
    const { url, headers } = authorized(endpoint.cells)
    const { bytes, truncated } = eventBody(world, job.step, job.emission, job.operationId)
    const request = {
      method: 'POST',
      headers: { ...deliveryHeaders(world, job, truncated), ...headers },
      body: bytes,
      timeoutMs: world.options.eventTimeoutMs,
    }
    this.#send(url, request).then(
      ({ status }) => this.#settle(job, { attempt, url, status }),
      (error: unknown) => this.#settle(job, { attempt, url, status: isTimeout(error) ? 'timeout' : 'lost' }),
    )
  }

  #settle(job: Job, { attempt, url, status }: Outcome): void {
    const world = this.#world()
    const { message, table, id } = job.emission
    const seen = typeof status === 'number' ? status : null
    this.#deliveries.push({ message, table, id, url, stepId: job.step.id, atMs: world.clock.now(), attempt, status: seen })
    if (this.#deliveries.length > keptMax) this.#deliveries = this.#deliveries.slice(-keptMax / 2)
    if (seen !== null && retried.has(seen) && attempt === 1) {
      world.clock.at(world.clock.now() + world.options.eventRetryDelayMs, () => this.#attempt(job, 2))
      return
    }
    this.#pending -= 1
    const failure = failureOf(status)
    if (failure === null && job.step.deletesJob) return
    const jobId = writeJob(world, job, failure)
    if (failure === null) return
    this.#failed.set(jobId, job)
    const [oldest] = this.#failed.keys()
    if (this.#failed.size > keptMax && oldest !== undefined) this.#failed.delete(oldest)
  }
}

interface Outcome {
  readonly attempt: 1 | 2
  readonly url: string
  readonly status: number | 'timeout' | 'lost'
}

function failureOf(status: Outcome['status']): { code: string; text: string } | null {
  if (status === 'timeout') return failures.timeout
  if (status === 'lost') return failures.post
  return status >= 200 && status < 300 ? null : { ...failures.status, text: `${failures.status.text}: ${status}.` }
}

function wants(step: Step, emission: Emission): boolean {
  const { bypass } = emission.context
  if (bypass === 'custom-async' || (typeof bypass === 'object' && bypass.steps.includes(step.id))) return false
  return emission.message !== 'Update' || step.filter === null || (emission.sent ?? []).some((name) => step.filter?.has(name))
}

/** Whoever sends keeps the time limit, and says so the way `fetch` does. */
const isTimeout = (error: unknown): boolean => error instanceof Error && (error.name === 'TimeoutError' || error.name === 'AbortError')

function deliveryHeaders(world: World, job: Job, truncated: boolean): Record<string, string> {
  const { emission } = job
  return {
    'content-type': 'application/json; charset=utf-8',
    ...(world.options.eventRequestId === 'sent' ? { 'x-request-id': emission.context.requestId } : {}),
    'x-ms-dynamics-organization': new URL(world.options.origin).host,
    'x-ms-dynamics-entity-name': emission.table,
    'x-ms-dynamics-request-name': emission.message,
    'x-ms-correlation-request-id': emission.context.correlationId,
    ...(truncated ? { 'x-ms-dynamics-msg-size-exceeded': 'true' } : {}),
  }
}

const signed = (code: string): number => Number.parseInt(code, 16) | 0

function writeJob(world: World, job: Job, failure: { code: string; text: string } | null): string {
  const id = world.guid()
  const now = secondsIso(world.clock.now())
  const { emission, step } = job
  const regarding: Cell = emission.after === undefined ? null : { table: emission.table, id: emission.id }
  world.transactions.run(() =>
    put(world, tableNamed(world, 'asyncoperation'), {
      id,
      version: world.nextVersion(),
      cells: {
        asyncoperationid: id,
        name: step.name,
        operationtype: 1,
        statecode: 3,
        statuscode: failure === null ? 30 : 31,
        message: failure?.text ?? null,
        friendlymessage: failure?.text ?? null,
        errorcode: failure === null ? null : signed(failure.code),
        retrycount: failure === null ? 0 : 1,
        messagename: emission.message,
        primaryentitytype: emission.table,
        startedon: now,
        completedon: now,
        createdon: now,
        modifiedon: now,
        correlationid: emission.context.correlationId,
        owningextensionid: { table: 'sdkmessageprocessingstep', id: step.id },
        regardingobjectid: regarding,
        ...ownerOf(emission.context),
      },
    }),
  )
  return id
}

const ownerOf = (context: Context): Record<string, Cell> => ({
  ownerid: { table: 'systemuser', id: context.userId },
  createdby: { table: 'systemuser', id: context.userId },
})
