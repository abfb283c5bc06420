import { of, type Answer } from './answers.js'
import { testUri, type Attempt, type Deliveries, type WebhookRegistration } from './deliveries.js'
import { PlatformRefused, Throttled } from './refusal.js'
import type { World } from './world.js'

interface TestRun {
  readonly correlationId: string
  readonly callbackUrl: string
  readonly startedMs: number
  readonly results: Attempt[]
  done: boolean
}

/** Test events that a partner asks for, and what became of them. */
export interface ValidationEvents {
  start(to: WebhookRegistration): Answer
  result(correlationId: string): Answer
}

// Source: learn.microsoft.com/partner-center/developer/partner-center-webhooks, read 2023-10.
const perMinute = 2
const resultsKeptMs = 7 * 86_400_000

export function validationEvents(world: World, deliveries: () => Deliveries): ValidationEvents {
  let runs: TestRun[] = []
  const kept = ({ startedMs }: TestRun): boolean => world.clock.now() - startedMs < resultsKeptMs
  return {
    start(to) {
      const nowMs = world.clock.now()
      runs = runs.filter(kept)
      const oldest = runs.filter(({ startedMs }) => nowMs - startedMs < 60_000).at(-perMinute)
      if (oldest !== undefined) throw new Throttled(Math.max(1, Math.ceil((oldest.startedMs + 60_000 - nowMs) / 1_000)))
      if (!to.events.includes('test-created')) {
        throw new PlatformRefused({ status: 400, code: 400, message: 'The registration does not include the event test-created.' })
      }
      const run: TestRun = { correlationId: world.rng.guid(), callbackUrl: to.url, startedMs: nowMs, results: [], done: false }
      runs.push(run)
      const event = { name: 'test-created', resourceName: 'test' as const, resourceUri: testUri(run.correlationId), at: world.store.now() }
      deliveries().send(event, to, (attempt, last) => {
        run.results.push(attempt)
        run.done = last
      })
      return of({ correlationId: run.correlationId })
    },

    result(id) {
      const run = runs.find((candidate) => candidate.correlationId === id && kept(candidate))
      const early = run?.results.length === 0 && world.options.validationResult === 'after-delivery'
      if (run === undefined || early) throw new PlatformRefused({ status: 404, code: 404, message: `The validation event '${id}' was not found.` })
      return of({
        correlationId: run.correlationId,
        partnerId: world.organization.organizationId,
        status: run.done ? 'completed' : 'inProgress',
        callbackUrl: run.callbackUrl,
        results: run.results.map((attempt) => ({
          responseCode: wordOf(attempt.status),
          responseMessage: '',
          systemError: attempt.status === 0,
          dateTimeUtc: `${new Date(attempt.atMs).toISOString().slice(0, -1)}0000`,
        })),
      })
    },
  }
}

/** Names as the .NET service writes them. */
function wordOf(status: number): string {
  const words: Readonly<Record<number, string>> = {
    0: 'RequestTimeout',
    200: 'OK',
    201: 'Created',
    202: 'Accepted',
    204: 'NoContent',
    400: 'BadRequest',
    401: 'Unauthorized',
    403: 'Forbidden',
    404: 'NotFound',
    410: 'Gone',
    429: 'TooManyRequests',
    500: 'InternalServerError',
    502: 'BadGateway',
    503: 'ServiceUnavailable',
  }
  return words[status] ?? String(status)
}
