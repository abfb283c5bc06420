import type { Send, SendRequest, SendResponse } from '../../src/adapters/dynamics/api.js'
import { STANDARD_TABLES, type Column } from '../../src/adapters/dynamics/columns.js'

/** One request as the tiny CRM saw it, whether alone or as a part of a batch. */
export interface SeenRequest {
  readonly method: string
  /** Decoded, relative to the API root. */
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Record<string, unknown> | null
}
export type Answer = { readonly status: number; readonly json?: unknown; readonly headers?: Record<string, string> }
type Route = { readonly matches: RegExp; readonly answer: (request: SeenRequest) => Answer }

/**
 * A few canned answers in the shapes of Microsoft's documentation, for examples of single calls.
 * What a whole environment does is tried against the simulator.
 */
export class TinyDynamics {
  /** HTTP calls, in order: the unit that is counted. */
  readonly calls: SeenRequest[] = []
  /** Single requests in order, those inside batches included; discovery left out. */
  readonly requests: SeenRequest[] = []
  readonly #routes: Route[] = []
  #discovering = true

  on(matches: RegExp, answer: (request: SeenRequest) => Answer): this {
    this.#routes.unshift({ matches, answer })
    return this
  }

  readonly send: Send = (request) => Promise.resolve(this.#answer(request))

  /** Calls made since discovery ended. */
  get counted(): readonly SeenRequest[] {
    return this.calls.filter(({ headers }) => headers['x-discovery'] === undefined)
  }

  #answer(request: SendRequest): SendResponse {
    const path = decodeURIComponent(request.url.split('/api/data/v9.2/')[1] ?? '')
    const isDiscovery = request.body?.includes('EntityDefinitions') === true || (request.body?.includes('/systemusers(me)') ?? false)
    this.#discovering = isDiscovery
    const headers = { ...request.headers, ...(isDiscovery ? { 'x-discovery': 'yes' } : {}) }
    if (path !== '$batch') {
      const seen = {
        method: request.method,
        path,
        headers,
        body: request.body === null ? null : (JSON.parse(request.body) as Record<string, unknown>),
      }
      this.calls.push(seen)
      return toResponse(this.#one(seen))
    }
    this.calls.push({ method: 'POST', path, headers, body: null })
    return this.#batch(request.body ?? '')
  }

  #one(request: SeenRequest): Answer {
    if (!this.#discovering) this.requests.push(request)
    const route = this.#routes.find(({ matches }) => matches.test(`${request.method} ${request.path}`))
    return (
      route?.answer(request) ??
      discovery(request) ?? {
        status: 404,
        json: { error: { code: '0x8006088a', message: `no route for ${request.method} ${request.path}` } },
      }
    )
  }

  #batch(text: string): SendResponse {
    const sections = sectionsOf(text)
    const parts = sections.map((requests, index) => {
      const answers = requests.requests.map((request) => this.#one(request))
      const failed = answers.findIndex(({ status }) => status >= 400)
      const refusal = answers[failed]
      if (!requests.isSet || refusal !== undefined)
        return partText(refusal ?? answers[0] ?? { status: 500 }, refusal === undefined || !requests.isSet ? null : failed + 1)
      const inner = `changesetresponse_${index}`
      return [
        `Content-Type: multipart/mixed; boundary=${inner}`,
        '',
        ...answers.flatMap((answer, position) => [`--${inner}`, partText(answer, position + 1)]),
        `--${inner}--`,
      ].join('\r\n')
    })
    const body = [...parts.flatMap((part) => ['--batchresponse_1', part]), '--batchresponse_1--', ''].join('\r\n')
    return { status: 200, headers: { 'content-type': 'multipart/mixed; boundary=batchresponse_1' }, body: Buffer.from(body) }
  }
}

function toResponse({ status, json, headers }: Answer): SendResponse {
  return {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: Buffer.from(json === undefined ? '' : JSON.stringify(json)),
  }
}
function partText({ status, json, headers }: Answer, contentId: number | null): string {
  const extra = Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`)
  return [
    'Content-Type: application/http',
    'Content-Transfer-Encoding: binary',
    ...(contentId === null ? [] : [`Content-ID: ${contentId}`]),
    '',
    `HTTP/1.1 ${status} X`,
    'OData-Version: 4.0',
    ...(contentId === null ? [] : [`Content-ID: ${contentId}`]),
    ...extra,
    '',
    json === undefined ? '' : JSON.stringify(json),
  ].join('\r\n')
}

function sectionsOf(text: string): { readonly isSet: boolean; readonly requests: SeenRequest[] }[] {
  const boundary = text.split('\r\n')[0] ?? ''
  return text
    .split(boundary)
    .slice(1, -1)
    .map((section) => {
      const inner = /boundary="([^"]+)"/.exec(section.slice(0, 200))?.[1]
      const parts = inner === undefined ? [section] : section.split(`--${inner}`).slice(1, -1)
      return { isSet: inner !== undefined, requests: parts.map(readPart) }
    })
}
function readPart(text: string): SeenRequest {
  const [, head = '', ...body] = text.trim().split('\r\n\r\n')
  const [line = '', ...headerLines] = head.split('\r\n')
  const [method = '', target = ''] = line.split(' ')
  const json = body.join('').trim()
  const headers = Object.fromEntries(
    headerLines.map((header) => [header.split(':')[0] ?? '', header.slice(header.indexOf(':') + 1).trim()]),
  )
  return {
    method,
    path: decodeURIComponent(target.replace('/api/data/v9.2/', '')),
    headers,
    body: json === '' ? null : (JSON.parse(json) as Record<string, unknown>),
  }
}

const types = {
  text: 'String',
  memo: 'Memo',
  money: 'Money',
  number: 'Decimal',
  integer: 'Integer',
  flag: 'Boolean',
  date: 'DateTime',
  instant: 'DateTime',
  choice: 'Picklist',
  lookup: 'Lookup',
  other: 'Virtual',
} as const
const help = [
  'Workload - specific value proposition',
  'Customer technical architecture',
  'Proof of concept / Demo',
  'Quotes / Licensing',
  'Post - sales customer success',
  'General or other',
]
const optionsOf = (name: string): string[] =>
  name === 'cosell_help' ? help : name === 'cosell_purchaseintent' ? ['Yes', 'No', 'Have not decided'] : []
const label = (text: string): object => ({ UserLocalizedLabel: { Label: text, LanguageCode: 1033 }, LocalizedLabels: [] })
const tables: Readonly<Record<string, readonly Column[]>> = {
  ...Object.fromEntries(Object.entries(STANDARD_TABLES).map(([name, { columns }]) => [name, [...columns.values()]])),
  systemuser: ['mobilephone', 'homephone'].map((name) => ({
    name,
    label: name,
    type: 'text',
    maxLength: 64,
    options: null,
    writable: true,
    required: false,
  })),
  cosell_microsoftsolution: ['cosell_name', 'cosell_solutionid'].map((name) => ({
    name,
    label: name,
    type: 'text',
    maxLength: 200,
    options: null,
    writable: true,
    required: false,
  })),
}
const list = (value: unknown): Answer => ({ status: 200, json: { value } })

/** Metadata of an environment with the connector's own columns. Source of the shapes: learn.microsoft.com "Query table definitions using the Web API". */
function discovery({ path }: SeenRequest): Answer | null {
  const table = /^EntityDefinitions\(LogicalName='([a-z_]+)'\)/.exec(path)?.[1]
  const columns = table === undefined ? [] : (tables[table] ?? [])
  if (path.includes('/ManyToOneRelationships')) {
    return list([
      {
        SchemaName: 'cosell_opportunity_microsoftsolution',
        ReferencedEntity: 'opportunity',
        ReferencingAttribute: 'cosell_opportunityid',
        ReferencingEntityNavigationPropertyName: 'cosell_OpportunityId',
        ReferencedEntityNavigationPropertyName: 'cosell_opportunity_microsoftsolution',
      },
    ])
  }
  if (path.includes('.StringAttributeMetadata'))
    return list(columns.filter(({ type }) => type === 'text').map(({ name, maxLength }) => ({ LogicalName: name, MaxLength: maxLength })))
  if (path.includes('.MemoAttributeMetadata'))
    return list(columns.filter(({ type }) => type === 'memo').map(({ name, maxLength }) => ({ LogicalName: name, MaxLength: maxLength })))
  if (path.includes('.PicklistAttributeMetadata')) {
    return list(
      columns
        .filter(({ type }) => type === 'choice')
        .map(({ name }) => ({
          LogicalName: name,
          OptionSet: { Options: optionsOf(name).map((text, index) => ({ Value: 299_600_000 + index, Label: label(text) })) },
        })),
    )
  }
  if (path.includes('.StatusAttributeMetadata')) return list([])
  if (path.includes('.DateTimeAttributeMetadata'))
    return list(
      columns
        .filter(({ type }) => type === 'date' || type === 'instant')
        .map(({ name, type }) => ({ LogicalName: name, DateTimeBehavior: { Value: type === 'date' ? 'DateOnly' : 'UserLocal' } })),
    )
  if (path.includes('/Attributes?'))
    return list(
      columns.map(({ name, type }) => ({
        LogicalName: name,
        SchemaName: name,
        AttributeType: types[type],
        DisplayName: label(name),
        RequiredLevel: { Value: 'None' },
        IsValidForCreate: true,
        IsValidForUpdate: true,
      })),
    )
  if (table !== undefined) {
    const standard = STANDARD_TABLES[table as keyof typeof STANDARD_TABLES] as { set: string; id: string } | undefined
    return {
      status: 200,
      json: {
        LogicalName: table,
        EntitySetName: standard?.set ?? `${table}s`,
        PrimaryIdAttribute: standard?.id ?? `${table}id`,
        ChangeTrackingEnabled: true,
      },
    }
  }
  if (path.startsWith('EntityDefinitions?'))
    return list([
      {
        LogicalName: 'cosell_microsoftsolution',
        EntitySetName: 'cosell_microsoftsolutions',
        PrimaryIdAttribute: 'cosell_microsoftsolutionid',
        PrimaryNameAttribute: 'cosell_name',
        DisplayName: label('Microsoft Solution'),
        DisplayCollectionName: label('Microsoft Solutions'),
        ChangeTrackingEnabled: true,
      },
    ])
  if (path === 'WhoAmI') return { status: 200, json: { UserId: 'me', OrganizationId: 'org' } }
  if (path.startsWith('systemusers(me)')) return { status: 200, json: { systemuserid: 'me', internalemailaddress: null } }
  if (path.startsWith('transactioncurrencies')) {
    return list(
      [
        ['EUR', 2],
        ['JPY', 0],
      ].map(([code, precision]) => ({
        transactioncurrencyid: `c-${String(code).toLowerCase()}`,
        isocurrencycode: code,
        currencyprecision: precision,
      })),
    )
  }
  return null
}
