import { errorBody, refuse, SalesforceError } from './errors.js'
import { atomically, type Org } from './org.js'
import { bodyOf, isRecord, type Call, type Reply } from './call.js'
import { collections, refusal } from './rest.js'

const partsMost = 25
const nodesMost = 500
const halted = refuse('PROCESSING_HALTED', 'The transaction was rolled back since another operation in the same transaction failed.')

interface Part {
  readonly method: string
  readonly url: string
  readonly referenceId: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: unknown
}

/** Calls that ride in one. `run` carries out a single one; `@{name.field}` stands for what an earlier one answered. */
export function composite(org: Org, call: Call, run: (call: Call) => Reply): Reply {
  const [kind] = call.path
  if (kind === undefined) return oneComposite(org, call, run)
  if (kind === 'graph') return graphs(org, call, run)
  if (kind === 'sobjects') return collections(org, { ...call, path: call.path.slice(1).filter((part) => part !== '') })
  if (kind === 'batch') return batch(call, run)
  throw refuse('NOT_FOUND', 'The requested resource does not exist', [], 404)
}

function oneComposite(org: Org, call: Call, run: (call: Call) => Reply): Reply {
  const body = bodyOf(call)
  const parts = partsOf(body['compositeRequest'])
  if (parts.length > partsMost) throw refuse('INVALID_INPUT', `Maximum number of subrequests exceeded: ${partsMost}`)
  const { answers } = sequence(org, parts, { call, run, atomic: body['allOrNone'] === true })
  return { status: 200, body: { compositeResponse: answers } }
}

function graphs(org: Org, call: Call, run: (call: Call) => Reply): Reply {
  const list = bodyOf(call)['graphs']
  const given = (Array.isArray(list) ? list : [])
    .filter(isRecord)
    .map((graph) => ({ id: String(graph['graphId']), parts: partsOf(graph['compositeRequest']) }))
  if (given.reduce((sum, { parts }) => sum + parts.length, 0) > nodesMost)
    throw refuse('LIMIT_EXCEEDED', `Maximum number of nodes exceeded: ${nodesMost}`)
  if (given.length > 75) throw refuse('LIMIT_EXCEEDED', 'Maximum number of graphs exceeded: 75')
  return {
    status: 200,
    body: {
      graphs: given.map(({ id, parts }) => {
        const { answers, failed } = sequence(org, parts, { call, run, atomic: true })
        return { graphId: id, graphResponse: { compositeResponse: answers }, isSuccessful: !failed }
      }),
    },
  }
}

function partsOf(list: unknown): Part[] {
  const seen = new Set<string>()
  return (Array.isArray(list) ? list : []).filter(isRecord).map((part) => {
    const referenceId = String(part['referenceId'])
    if (!/^[A-Za-z0-9_]+$/.test(referenceId) || seen.has(referenceId)) throw refuse('INVALID_INPUT', `Invalid reference id: ${referenceId}`)
    seen.add(referenceId)
    const headers = isRecord(part['httpHeaders']) ? part['httpHeaders'] : {}
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]))
    for (const name of ['accept', 'authorization', 'content-type'])
      if (name in lower) throw refuse('INVALID_INPUT', `The header ${name} is not allowed in a subrequest`)
    return { method: String(part['method']), url: String(part['url']), referenceId, headers: lower, body: part['body'] }
  })
}

/** In order, each seeing what the earlier ones answered. As a whole, or each on its own. */
function sequence(
  org: Org,
  parts: readonly Part[],
  how: { readonly call: Call; readonly run: (call: Call) => Reply; readonly atomic: boolean },
): { readonly answers: unknown[]; readonly failed: boolean } {
  const replies = new Map<string, Reply>()
  const failures = new Set<string>()
  const undone = Symbol('rolled back')
  const work = (): void => {
    for (const part of parts) {
      if (how.atomic && failures.size > 0) break
      const reply = attempt(part, replies, how, org)
      replies.set(part.referenceId, reply)
      if (reply.status >= 400) failures.add(part.referenceId)
    }
    // eslint-disable-next-line @typescript-eslint/only-throw-error -- a mark for the catch below, so that the transaction is taken back
    if (how.atomic && failures.size > 0) throw undone
  }
  try {
    if (how.atomic) atomically(org, work)
    else work()
  } catch (error) {
    if (error !== undone) throw error
  }
  const rolledBack = how.atomic && failures.size > 0
  const answers = parts.map(({ referenceId }) => {
    const reply =
      rolledBack && !failures.has(referenceId)
        ? { status: 400, body: errorBody(halted) }
        : (replies.get(referenceId) ?? { status: 400, body: errorBody(halted) })
    return {
      body: reply.body,
      httpHeaders:
        reply.headers === undefined
          ? {}
          : Object.fromEntries(Object.entries(reply.headers).map(([name, value]) => [name === 'location' ? 'Location' : name, value])),
      httpStatusCode: reply.status,
      referenceId,
    }
  })
  return { answers, failed: failures.size > 0 }
}

function attempt(
  part: Part,
  replies: ReadonlyMap<string, Reply>,
  how: { readonly call: Call; readonly run: (call: Call) => Reply },
  org: Org,
): Reply {
  try {
    const url = new URL(filled(part.url, replies), 'https://org.invalid')
    const found = /^\/services\/data\/v(\d+\.\d)\/(.+)$/.exec(url.pathname)
    if (found === null) throw refuse('INVALID_INPUT', `The subrequest url is not of this API: ${part.url}`)
    const path = (found[2] ?? '').split('/').map(decodeURIComponent)
    if (path[0] === 'composite' && path[1] !== 'sobjects') throw refuse('INVALID_INPUT', 'A composite cannot hold another')
    const body: unknown = part.body === undefined ? undefined : deepFilled(part.body, replies)
    return how.run({ method: part.method, path, query: url.searchParams, headers: part.headers, body, version: how.call.version })
  } catch (error) {
    if (error instanceof SalesforceError) return refusal(error, org.options)
    throw error
  }
}

const reference = /@\{([A-Za-z0-9_]+)\.([A-Za-z0-9_.[\]]+)\}/g
function filled(text: string, replies: ReadonlyMap<string, Reply>): string {
  return text.replace(reference, (_all, name: string, path: string) => {
    let value: unknown = replies.get(name)?.body
    for (const step of path.split(/[.[\]]+/).filter((part) => part !== ''))
      value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[step] : undefined // any member of an answer may be named
    if (typeof value !== 'string' && typeof value !== 'number')
      throw refuse('PROCESSING_HALTED', `Invalid reference specified. No value for ${name}.${path} found`)
    return String(value)
  })
}
function deepFilled(value: unknown, replies: ReadonlyMap<string, Reply>): unknown {
  if (typeof value === 'string') return filled(value, replies)
  if (Array.isArray(value)) return value.map((item) => deepFilled(item, replies))
  return isRecord(value) ? Object.fromEntries(Object.entries(value).map(([name, item]) => [name, deepFilled(item, replies)])) : value
}

function batch(call: Call, run: (call: Call) => Reply): Reply {
  const list = bodyOf(call)['batchRequests']
  const results = (Array.isArray(list) ? list : []).filter(isRecord).map((part) => {
    const url = new URL(`/services/data/${String(part['url'])}`, 'https://org.invalid')
    const [, , , , ...path] = url.pathname.split('/')
    try {
      const reply = run({
        method: String(part['method']),
        path: path.map(decodeURIComponent),
        query: url.searchParams,
        headers: {},
        body: part['richInput'],
        version: call.version,
      })
      return { statusCode: reply.status, result: reply.body }
    } catch (error) {
      if (error instanceof SalesforceError) return { statusCode: error.status, result: errorBody(error) }
      throw error
    }
  })
  return { status: 200, body: { hasErrors: results.some(({ statusCode }) => statusCode >= 400), results } }
}
