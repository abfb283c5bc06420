import type { Hint, Inbound, InboundAnswer, InboundRequest } from '../../core/ports.js'
import type { Ref } from '../../core/ref.js'
import { showsKey } from '../callback-key.js'
import { asGuid } from '../guid.js'
import { isRow, rowsOf, textOf, type Row } from './row.js'

const bodyLimit = 1_048_576 // One MiB: the platform cuts its messages at 256 KB, so four times that is no message of its.
const entitiesMost = 50
const KINDS: Readonly<Record<string, Ref['kind']>> = { opportunity: 'opportunity', lead: 'lead', account: 'account', contact: 'contact' }

export interface DynamicsInboundOptions {
  /** The shared secret; null: none is configured, and nothing is accepted. */
  readonly key: string | null
  /** Logical name of the table of solutions, as far as it is known. */
  readonly solutionTable: () => string | null
}

/** Events of Dynamics 365, taken as a nudge only: which record to look at, never what it says. */
export function dynamicsInbound(options: DynamicsInboundOptions): Inbound {
  return {
    receive: (request) => Promise.resolve(receive(options, request)),
  }
}

const refused = (status: 400 | 401 | 413, title: string, detail: string): InboundAnswer => ({ kind: 'refused', status, title, detail })

function receive(options: DynamicsInboundOptions, request: InboundRequest): InboundAnswer {
  if (!showsKey(request, options.key)) {
    return refused(401, 'Not accepted', 'The shared key of the callback is missing or wrong (header x-cosell-key, ?code=, or the last part of the path).')
  }
  if (request.body.length > bodyLimit) return refused(413, 'Too large', 'The body is larger than one MiB.')
  const body = parse(request.body)
  const event = (body === null ? null : fromBody(body, options)) ?? fromHeaders(request)
  if (event === null) return refused(400, 'Not readable', 'The body is no event of Dynamics 365.')
  return { kind: 'accepted', events: [event], reply: null }
}

function parse(body: Buffer): Row | null {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8').replace(/^\uFEFF/, ''))
    return isRow(parsed) ? parsed : null
  } catch {
    return null
  }
}

type Event = Extract<InboundAnswer, { kind: 'accepted' }>['events'][number]
const hint = (kind: Ref['kind'], id: string): Hint => ({ ref: { side: 'crm', kind, id }, engagementId: null, wide: false })

/** A body that was cut off still names its table in the headers, and its record somewhere in the text. */
function fromHeaders(request: InboundRequest): Event | null {
  const table = request.headers['x-ms-dynamics-entity-name']?.toLowerCase()
  const name = request.headers['x-ms-dynamics-request-name'] ?? 'event'
  if (table === undefined) return null
  const id = asGuid(/"PrimaryEntityId"\s*:\s*"([^"]+)"/.exec(request.body.toString('utf8'))?.[1])
  const kind = Object.hasOwn(KINDS, table) ? KINDS[table] : undefined
  return { eventKey: null, name, hints: kind === undefined || id === null ? [] : [hint(kind, id)] }
}

function fromBody(body: Row, options: DynamicsInboundOptions): Event | null {
  const table = textOf(body, 'PrimaryEntityName')?.toLowerCase() ?? null
  const message = textOf(body, 'MessageName')
  if (table === null || message === null) return null
  const refs = new Map<string, Hint>()
  const add = (kind: Ref['kind'] | undefined, id: string | null): void => {
    if (kind !== undefined && id !== null) refs.set(`${kind}:${id}`, hint(kind, id))
  }
  const solutions = options.solutionTable()
  const kindOf = (name: string): Ref['kind'] | undefined => (Object.hasOwn(KINDS, name) ? KINDS[name] : name === solutions ? 'solution' : undefined)
  add(kindOf(table), asGuid(body['PrimaryEntityId']))
  // Won and lost name the opportunity inside their closing row; a solution row and a closing row name it as a lookup; a qualified lead names what was made.
  for (const { logicalName, id } of namedEntities(body)) {
    const isParent = logicalName === 'opportunity' && (table === solutions || table === 'opportunityclose' || table === 'opportunity')
    if (isParent || logicalName === table || message === 'QualifyLead') add(kindOf(logicalName), id)
  }
  return { eventKey: eventKey(body), name: `${table} ${message}`, hints: [...refs.values()] }
}

/** One delivery has one operation and one registered step; a repeat of it has the same two. */
function eventKey(body: Row): string | null {
  const operation = asGuid(body['OperationId'])
  const extension = body['OwningExtension']
  const step = isRow(extension) ? asGuid(extension['Id']) : null
  return operation === null || step === null ? null : `${operation}:${step}`
}

interface Named {
  readonly logicalName: string
  readonly id: string
}

/** Every record named in the parameters and images of the event itself; the contexts it is nested in tell of other operations. */
function namedEntities(body: Row): Named[] {
  const found: Named[] = []
  for (const section of ['InputParameters', 'OutputParameters', 'PreEntityImages', 'PostEntityImages']) {
    for (const pair of rowsOf(body, section)) collect(pair['value'], found, 0)
  }
  return found.slice(0, entitiesMost)
}

const depthMost = 6
function collect(value: unknown, found: Named[], depth: number): void {
  if (depth > depthMost || found.length >= entitiesMost) return
  if (Array.isArray(value)) {
    for (const item of value) collect(item, found, depth + 1)
    return
  }
  if (!isRow(value)) return
  const logicalName = textOf(value, 'LogicalName')?.toLowerCase() ?? null
  const id = asGuid(value['Id'])
  if (logicalName !== null && id !== null) found.push({ logicalName, id })
  for (const attribute of rowsOf(value, 'Attributes')) collect(attribute['value'], found, depth + 1)
  for (const entity of rowsOf(value, 'Entities')) collect(entity, found, depth + 1)
}
