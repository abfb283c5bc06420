import { readBatch, type Item, type Part } from './batch-read.js'
import { badQuery, DataverseError } from './errors.js'
import type { Answer } from './request.js'
import type { World } from './world.js'

/** What a batch needs of the rest: how one request is carried out, and how a refusal is written. */
export interface Runner {
  /** Throws a DataverseError when the request is refused. */
  run(part: Part, references: ReadonlyMap<string, string>): Answer
  refuse(error: DataverseError, part: Part): Answer
  guid(): string
  readonly continueOnError: boolean
}

export interface BatchRequest {
  readonly contentType: string | undefined
  readonly body: Buffer
}

/** Carries out a batch. Source: learn.microsoft.com "Execute batch operations using the Web API" (read 2023-10). */
export function batch(world: World, request: BatchRequest, runner: Runner): Answer {
  const items = readBatch(request.contentType, request.body)
  const boundary = `batchresponse_${runner.guid()}`
  const written: string[] = []
  let failed: number | null = null
  for (const item of items) {
    const result = item.kind === 'single' ? runSingle(item.part, runner) : runChangeSet(world, item, runner)
    written.push(result.text)
    if (result.failed === null || runner.continueOnError) continue
    failed = result.failed
    break
  }
  const body = `${written.map((text) => `--${boundary}\r\n${text}\r\n`).join('')}--${boundary}--\r\n`
  const status = failed === null || world.options.batchErrorStatus === 'always-200' ? 200 : failed
  return { status, headers: { 'content-type': `multipart/mixed; boundary=${boundary}` }, body }
}

interface Result {
  readonly text: string
  /** Status of the failure; null when all went well. */
  readonly failed: number | null
}

function runSingle(part: Part, runner: Runner): Result {
  try {
    return { text: writePart(runner.run(part, noReferences), null), failed: null }
  } catch (error) {
    if (!(error instanceof DataverseError)) throw error
    return { text: writePart(runner.refuse(error, part), null), failed: error.status }
  }
}

const noReferences: ReadonlyMap<string, string> = new Map()

class PartFailed extends Error {
  readonly refusal: DataverseError
  readonly part: Part

  constructor(refusal: DataverseError, part: Part) {
    super(refusal.message)
    this.refusal = refusal
    this.part = part
  }
}

/** All requests of a change set succeed together; the first that fails takes the others back and is answered alone. */
function runChangeSet(world: World, item: Extract<Item, { kind: 'change-set' }>, runner: Runner): Result {
  const references = new Map<string, string>()
  try {
    const answers = world.transactions.run(() =>
      item.parts.map((part) => {
        const answer = runPart(withReferences(part, references), references, runner)
        const url = answer.headers['odata-entityid']
        if (part.contentId !== null && url !== undefined) references.set(part.contentId, url)
        return { answer, part }
      }),
    )
    const boundary = `changesetresponse_${runner.guid()}`
    const parts = answers.map(({ answer, part }) => `--${boundary}\r\n${writePart(answer, part.contentId)}\r\n`).join('')
    return { text: `Content-Type: multipart/mixed; boundary=${boundary}\r\n\r\n${parts}--${boundary}--`, failed: null }
  } catch (error) {
    if (!(error instanceof PartFailed)) throw error
    return { text: writePart(runner.refuse(error.refusal, error.part), error.part.contentId), failed: error.refusal.status }
  }
}

function runPart(part: Part, references: ReadonlyMap<string, string>, runner: Runner): Answer {
  try {
    return runner.run(part, references)
  } catch (error) {
    if (error instanceof DataverseError) throw new PartFailed(error, part)
    throw error
  }
}

/** `$1` at the start of a URL stands for the row an earlier request of the same change set wrote. */
function withReferences(part: Part, references: ReadonlyMap<string, string>): Part {
  const found = /^\/?\$(\w+)(.*)$/.exec(part.url.replace(/^.*\/api\/data\/v9\.[012]\//, ''))
  if (found === null) return part
  const target = references.get(found[1] ?? '')
  if (target === undefined)
    throw new PartFailed(badQuery(`Content-ID Reference: '$${found[1] ?? ''}' does not exist in the batch context.`), part)
  return { ...part, url: `${target}${found[2] ?? ''}` }
}

const reasons: Readonly<Record<number, string>> = {
  200: 'OK',
  201: 'Created',
  204: 'No Content',
  304: 'Not Modified',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  412: 'Precondition Failed',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  501: 'Not Implemented',
}

const headerNames: Readonly<Record<string, string>> = {
  'content-type': 'Content-Type',
  'odata-version': 'OData-Version',
  'odata-entityid': 'OData-EntityId',
  location: 'Location',
  etag: 'ETag',
  'preference-applied': 'Preference-Applied',
  'retry-after': 'Retry-After',
}

function writePart(answer: Answer, contentId: string | null): string {
  const outer = [
    'Content-Type: application/http',
    'Content-Transfer-Encoding: binary',
    ...(contentId === null ? [] : [`Content-ID: ${contentId}`]),
  ]
  const inner = Object.entries({ ...answer.headers, 'odata-version': '4.0' }).map(
    ([name, value]) => `${headerNames[name] ?? name}: ${value}`,
  )
  return `${outer.join('\r\n')}\r\n\r\nHTTP/1.1 ${answer.status} ${reasons[answer.status] ?? ''}\r\n${inner.join('\r\n')}\r\n\r\n${answer.body}`
}
