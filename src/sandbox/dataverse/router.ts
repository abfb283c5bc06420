import type { Faults } from '../faults.js'
import type { SimHandler, SimRequest, SimResponse } from '../http.js'
import { withFault, type Refused } from '../with-faults.js'
import { authenticate, contextOf, type VerifyToken } from './access.js'
import { boundTo, unbound } from './actions.js'
import { batch } from './batch.js'
import type { Part } from './batch-read.js'
import type { CallLog } from './calls.js'
import { badQuery, coded, DataverseError, payloadError, unknownSegment } from './errors.js'
import { limits, throttled } from './limits.js'
import { metadataApi, metadataRoots } from './metadata-api.js'
import { parsePath, parseQuery } from './paths.js'
import { readPrefer } from './prefer.js'
import { json, type Answer, type Call } from './request.js'
import { setApi } from './row-api.js'
import type { Row } from './row-store.js'
import type { World } from './world.js'

export interface RouterParts {
  readonly verify: VerifyToken
  readonly faults: Faults | undefined
  readonly calls: CallLog
}

/** Longest URL, alone and inside a batch. Source: learn.microsoft.com "Compose HTTP requests" (read 2023-10). */
const urlMax = 32_768
const batchUrlMax = 65_536

const servicePath = /^\/api\/data\/v9\.[012](?:\/|$)/

export function router(world: World, parts: RouterParts): SimHandler {
  const protection = limits(world)
  let served = 0
  return async (request) => {
    served += 1
    if (served % 1_000 === 0) for (const table of world.model.tables.values()) table.rows.tidy()
    const fault = parts.faults?.draw(request)
    const answer = await withFault(fault, {
      clock: world.clock,
      carryOut: () => carryOut(world, parts, request, protection),
      refuse: (refused) => finish(world, request, errorAnswer(refusedError(world, refused), request), null),
    })
    parts.calls.add({
      method: request.method,
      path: request.path,
      status: answer.status,
      atMs: world.clock.now(),
      clientRequestId: request.headers['x-ms-client-request-id'] ?? null,
      requestId: String(answer.headers['x-ms-service-request-id'] ?? ''),
      dropped: answer.drop === true,
    })
    return answer
  }
}

function refusedError(world: World, refused: Refused): DataverseError {
  switch (refused.kind) {
    case 'throttle':
      return throttled(world.options.throttleKind, refused.retryAfterSeconds)
    case 'unavailable':
      return new DataverseError(503, '0x80072327', 'The server is busy and the request was not completed. Try again later.', {
        'retry-after': String(refused.retryAfterSeconds),
      })
    case 'server-error':
      return coded(500, '0x80040216', 'An unexpected error occurred.')
    default:
      return assertNever(refused)
  }
}

function carryOut(world: World, parts: RouterParts, request: SimRequest, protection: ReturnType<typeof limits>): SimResponse {
  let remaining: number | null = null
  try {
    if (!servicePath.test(request.path)) throw unknownSegment(request.path.split('?', 1)[0] ?? '')
    if (request.path.length > urlMax) throw badQuery('The request URI is too long.')
    requireVersions(request)
    const caller = authenticate(world, parts.verify, request.headers['authorization'])
    remaining = protection.count(caller.id).remaining
    return finish(world, request, dispatch(world, request, caller), remaining)
  } catch (error) {
    if (!(error instanceof DataverseError)) throw error
    return finish(world, request, errorAnswer(error, request), remaining)
  }
}

function requireVersions(request: SimRequest): void {
  for (const name of ['odata-version', 'odata-maxversion']) {
    const value = request.headers[name]
    if (value !== undefined && value !== '4.0' && value !== '4.01') throw badQuery(`The ${name} header value '${value}' is not supported.`)
  }
}

function dispatch(world: World, request: SimRequest, caller: Row): Answer {
  if (!/\/\$batch(?:\?|$)/.test(request.path))
    return answerOne(world, callOf(world, request, { caller, url: request.path, references: noReferences }))
  if (request.method !== 'POST') throw badQuery('A batch is sent with POST.')
  const prefer = request.headers['prefer']
  const inherited = world.options.batchPrefer === 'reaches-parts' && prefer !== undefined ? { prefer } : {}
  return batch(
    world,
    { contentType: request.headers['content-type'], body: request.body },
    {
      continueOnError: readPrefer(prefer).continueOnError,
      guid: () => world.guid(),
      run: (part, references) =>
        answerOne(world, callOf(world, partRequest(part, inherited, request), { caller, url: part.url, references })),
      refuse: (error, part) => errorAnswer(error, { headers: part.headers }),
    },
  )
}

/** A part has only its own headers; who calls is known from the batch. */
function partRequest(part: Part, inherited: Readonly<Record<string, string>>, request: SimRequest): SimRequest {
  if (part.url.length > batchUrlMax) throw badQuery('The request URI is too long.')
  const agent = request.headers['user-agent']
  const headers = { ...(agent === undefined ? {} : { 'user-agent': agent }), ...inherited, ...part.headers }
  return { method: part.method, path: part.url, headers, body: part.body }
}

const noReferences: ReadonlyMap<string, string> = new Map()

interface Place {
  readonly caller: Row
  readonly url: string
  readonly references: ReadonlyMap<string, string>
}

function callOf(world: World, request: SimRequest, { caller, url, references }: Place): Call {
  const serviceRoot = `${world.options.origin}/api/data/v9.2`
  const path = url
    .replace(/^https?:\/\/[^/]+/, '')
    .replace(servicePath, '')
    .replace(/^\//, '')
  const mark = path.indexOf('?')
  const rawPath = mark === -1 ? path : path.slice(0, mark)
  const rawQuery = mark === -1 ? '' : path.slice(mark + 1)
  const query = parseQuery(rawQuery)
  return {
    method: request.method,
    segments: parsePath(rawPath),
    query,
    rawQuery,
    rawPath,
    headers: request.headers,
    prefer: readPrefer(request.headers['prefer']),
    body: readJson(request),
    context: contextOf(world, caller, request.headers, query),
    serviceRoot,
    references,
  }
}

function readJson(request: SimRequest): unknown {
  if (request.body.length === 0 || request.method === 'GET') return undefined
  const type = request.headers['content-type']
  if (type === undefined || !/^application\/json\b/i.test(type)) {
    throw coded(
      415,
      '0x80060888',
      `A supported MIME type could not be found that matches the content type of the request, '${type ?? ''}'.`,
    )
  }
  try {
    return JSON.parse(request.body.toString('utf8'))
  } catch {
    throw payloadError('', 'Invalid JSON. The body could not be read.')
  }
}

function answerOne(world: World, call: Call): Answer {
  const { viewer } = world
  viewer.userId = call.context.userId
  try {
    return answered(world, call)
  } finally {
    viewer.userId = null
  }
}

function answered(world: World, call: Call): Answer {
  const [first] = call.segments
  if (first === undefined) return serviceDocument(world, call)
  if (first.name === '$metadata') throw coded(501, '0x8006088a', 'The CSDL document is not simulated; read EntityDefinitions instead.')
  if (metadataRoots.has(first.name)) return metadataApi(world, call)
  const table = world.model.bySet.get(first.name)
  if (table !== undefined) return boundTo(world, table, call) ?? setApi(world, table, call)
  const answer = unbound(world, call)
  if (answer === null) throw unknownSegment(first.name)
  return answer
}

function serviceDocument(world: World, call: Call): Answer {
  const value = [...world.model.bySet.keys()].map((name) => ({ name, kind: 'EntitySet', url: name }))
  return json(200, { '@odata.context': `${call.serviceRoot}/$metadata`, value })
}

function errorAnswer(error: DataverseError, request: Pick<SimRequest, 'headers'>): Answer {
  if (error.status === 401) return { status: 401, headers: error.headers, body: '' }
  const detailed = readAnnotations(request.headers['prefer'])
  const details = detailed
    ? {
        '@Microsoft.PowerApps.CDS.ErrorDetails.OperationStatus': '0',
        '@Microsoft.PowerApps.CDS.ErrorDetails.SubErrorCode': '-2146233088',
        '@Microsoft.PowerApps.CDS.HelpLink': `http://go.microsoft.com/fwlink/?LinkID=398563&error=Microsoft.Crm.CrmException%3a${error.code}`,
        '@Microsoft.PowerApps.CDS.TraceText': '\r\n\t[Microsoft.Crm.ObjectModel: simulated]\r\n\r\n',
        '@Microsoft.PowerApps.CDS.InnerError.Message': error.message,
      }
    : {}
  return json(error.status, { error: { code: error.code, message: error.message, ...details } }, error.headers)
}

const readAnnotations = (prefer: string | undefined): boolean => /odata\.include-annotations\s*=\s*"?\*/.test(prefer ?? '')

/** Headers every answer carries. */
function finish(world: World, request: SimRequest, answer: Answer, remaining: number | null): SimResponse {
  const clientRequestId = request.headers['x-ms-client-request-id']
  const requestId = world.guid()
  return {
    status: answer.status,
    headers: {
      'odata-version': '4.0',
      'x-ms-service-request-id': `${requestId},${requestId}`,
      req_id: requestId,
      'x-ms-dop-hint': '4',
      ...(remaining === null
        ? {}
        : { 'x-ms-ratelimit-burst-remaining-xrm-requests': String(remaining), 'x-ms-ratelimit-time-remaining-xrm-requests': '1,199.00' }),
      ...(clientRequestId === undefined ? {} : { 'x-ms-client-request-id': clientRequestId }),
      'set-cookie': [
        `ARRAffinity=${requestId.replaceAll('-', '')}; path=/; secure; HttpOnly`,
        `ReqClientId=${requestId}; path=/; secure; HttpOnly`,
      ],
      ...answer.headers,
    },
    body: answer.body,
  }
}

function assertNever(value: never): never {
  throw new Error(`Not a refusal: ${String(value)}`)
}
