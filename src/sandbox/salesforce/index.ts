import { maintenancePage, refusalPage } from '../with-faults.js'
import type { SandboxClock } from '../clock.js'
import { faults, type FaultRule, type Faults } from '../faults.js'
import type { SimHandler, SimRequest, SimResponse } from '../http.js'
import type { SandboxRng } from '../rng.js'
import { bulkQuery, type Jobs } from './bulk-query.js'
import { bulkIngest, type IngestJobs } from './bulk-ingest.js'
import { composite } from './composite.js'
import { deployments } from './deploy.js'
import { errorBody, refuse, SalesforceError } from './errors.js'
import { field } from './objects.js'
import { salesforceDefaults, type FieldType, type SalesforceOptions, type Scalar, type UserSeed } from './model.js'
import { sessions, userInfo, type ClientApp, type Sessions } from './oauth.js'
import { installCosell, makeOrg, objectNamed, type Installed, type Org } from './org.js'
import { people, type People } from './people.js'
import { type Call, type Reply } from './call.js'
import { refusal, rest, type Locators } from './rest.js'
import { tooling } from './tooling.js'
import { soap, soapMetadata } from './soap.js'

export type { Installed } from './org.js'
export type { SalesforceOptions } from './model.js'
export type { People as SalesforcePeople } from './people.js'
export type { ClientApp } from './oauth.js'

export interface SalesforceGiven {
  readonly clock: SandboxClock
  readonly rng: SandboxRng
  /** `https://host[:port]` of the org; may be set later through `origin`. */
  readonly origin?: string
  readonly faults?: Faults
  readonly options?: Partial<SalesforceOptions>
  /** Whose co-sell fields are there from the start. */
  readonly installed: Installed
  readonly apps?: readonly ClientApp[]
  readonly users?: readonly Omit<UserSeed, 'id'>[]
  readonly currencies?: readonly string[]
}
/** One call as it arrived, for tests that count. */
export interface CallRecord {
  readonly method: string
  readonly path: string
  readonly status: number
}

/** A simulated Sales Cloud org: its APIs behind one handler, and the people who work in it. */
export interface Salesforce {
  readonly handle: SimHandler
  readonly options: SalesforceOptions
  readonly faults: Faults
  readonly people: People
  readonly sessions: Pick<Sessions, 'expire' | 'count'>
  readonly calls: { list(): readonly CallRecord[]; clear(): void }
  origin: string
  readonly organizationId: string
  readonly integrationUser: string
  /** A row's values, also of one in the recycle bin. */
  read(object: string, id: string): Readonly<Record<string, Scalar>> | undefined
  /** Rows that are not deleted and whose values equal all of `where`. */
  find(object: string, where?: Readonly<Record<string, Scalar>>): readonly Readonly<Record<string, Scalar>>[]
  /** Brings the co-sell fields, as an installation would. */
  install(): void
  hasField(object: string, name: string): boolean
  /** What stands within a page layout, as metadata shows it. */
  layout(fullName: string): string
  /** Somebody else's field of that name stands there already. */
  claimField(object: string, name: string, type: FieldType, formula?: string): void
  /** An automation of the org that acts right after a write through the API. */
  onWrite(flow: ((object: string, id: string) => void) | null): void
}

export const standardClient: ClientApp = {
  clientId: '3MVG9sandboxConsumerKey',
  secret: 'sandbox-salesforce-secret',
  publicKey: null,
  usernames: [],
  clientCredentials: true,
}
const standardUsers: readonly Omit<UserSeed, 'id'>[] = [
  { email: 'kim@fabrikam.example', firstName: 'Kim', lastName: 'Lee', active: true },
  { email: 'sam@fabrikam.example', firstName: 'Sam', lastName: 'Ortega', active: true },
  { email: 'gone@fabrikam.example', firstName: 'Alex', lastName: 'Gone', active: false },
]
const versions = [58, 59, 60, 61, 62, 63, 64, 65, 66, 67]

export function salesforce(given: SalesforceGiven): Salesforce {
  const options = Object.assign(salesforceDefaults(), given.options)
  const org = makeOrg({
    clock: given.clock,
    rng: given.rng,
    options,
    installed: given.installed,
    users: given.users ?? standardUsers,
    currencies: given.currencies ?? ['USD', 'EUR', 'GBP', 'CHF', 'JPY'],
  })
  const rules = given.faults ?? faults(given.rng)
  const log: CallRecord[] = []
  const state = { origin: given.origin ?? 'https://org.my.salesforce.invalid' }
  const tokens = sessions(org, { apps: given.apps ?? [standardClient], origin: () => state.origin })
  const locators: Locators = { lists: new Map(), next: 0 }
  const answer = answerer(org, { tokens, locators, jobs: new Map(), ingests: new Map(), origin: () => state.origin })
  const sim: Salesforce = {
    handle: withFaults(org, rules, log, answer),
    options,
    faults: rules,
    people: people(org),
    sessions: tokens,
    calls: { list: () => log, clear: () => void log.splice(0) },
    get origin() {
      return state.origin
    },
    set origin(value: string) {
      state.origin = value
    },
    organizationId: org.id,
    integrationUser: org.integrationUser,
    read: (object, id) => objectNamed(org, object).rows.get(id)?.values,
    find: (object, where = {}) =>
      [...objectNamed(org, object).rows.values()]
        .map(({ values }) => values)
        .filter((values) => values['IsDeleted'] !== true && Object.entries(where).every(([name, value]) => values[name] === value)),
    install: () => installCosell(org),
    hasField: (object, name) => objectNamed(org, object).fields.has(name),
    layout: (fullName) => org.layouts.get(fullName) ?? '',
    claimField: (object, name, type, formula = '') => {
      objectNamed(org, object).fields.set(name, field(name, type, { formula, calculated: formula !== '' }))
      org.unseen.add(`${object}.${name}`)
    },
    onWrite(flow) {
      org.flow = flow
    },
  }
  return sim
}

function withFaults(org: Org, rules: Faults, log: CallRecord[], answer: (request: SimRequest) => SimResponse): SimHandler {
  return async (request) => {
    const rule = rules.draw({ method: request.method, path: request.path })
    if (rule?.kind === 'slow') await new Promise<void>((resolve) => org.clock.at(org.clock.now() + (rule.amount ?? 0), resolve))
    const early = rule === undefined ? null : injected(rule)
    if (early !== null) return early
    const response = answer(request)
    log.push({ method: request.method, path: request.path, status: response.status })
    return rule?.kind === 'drop-after' ? { ...response, drop: true } : response
  }
}
function injected(rule: FaultRule): SimResponse | null {
  const json = { 'content-type': 'application/json;charset=UTF-8' }
  const body = (code: string, message: string): string => JSON.stringify([{ errorCode: code, message }])
  switch (rule.kind) {
    case 'throttle':
      return {
        status: 403,
        headers: json,
        body: body('REQUEST_LIMIT_EXCEEDED', 'ConcurrentRequests (Concurrent API Requests) Limit exceeded.'),
      }
    case 'unavailable':
      return {
        status: 503,
        headers: { ...json, 'retry-after': String(rule.amount ?? 1) },
        body: body('SERVER_UNAVAILABLE', 'Server unavailable'),
      }
    case 'server-error':
      return { status: 500, headers: json, body: body('UNKNOWN_EXCEPTION', 'An unexpected error occurred. ErrorId: 1') }
    case 'bad-gateway-html':
      return { status: 502, headers: { 'content-type': 'text/html' }, body: '<html><body>Bad Gateway</body></html>' }
    case 'page-instead':
      return { status: 200, headers: { 'content-type': 'text/html' }, body: maintenancePage }
    case 'page-refusal':
      return refusalPage(rule)
    case 'drop-before':
      return { status: 500, headers: {}, body: '', drop: true }
    case 'drop-after':
    case 'slow':
      return null
  }
}

/** A call below a version, by whoever the token speaks for. */
function authorized(org: Org, tokens: Sessions, run: (call: Call) => Reply, request: SimRequest): Reply {
  const url = new URL(request.path, 'https://org.invalid')
  const token = /^(?:Bearer|OAuth) (.+)$/.exec(request.headers['authorization'] ?? '')?.[1]
  if (token === undefined) throw refuse('INVALID_AUTH_HEADER', 'INVALID_HEADER_TYPE', [], 401)
  if (!tokens.isValid(token)) throw refuse('INVALID_SESSION_ID', 'Session expired or invalid', [], 401)
  org.calls += 1
  const [, , , version = '', ...path] = url.pathname.split('/')
  const number = Number(version.slice(1))
  if (number >= 21 && number <= 30) throw refuse('GONE', 'The requested API version is no longer supported', [], 410)
  if (!versions.includes(number)) throw refuse('NOT_FOUND', 'The requested resource does not exist', [], 404)
  if (org.calls > org.options.dailyCalls) throw refuse('REQUEST_LIMIT_EXCEEDED', 'TotalRequests Limit exceeded.', [], 403)
  org.author = org.integrationUser
  if (path[0] === 'metadata' && path[1] === 'deployRequest') return deployments(org, org.deployments, request, path.slice(2))
  return run({
    method: request.method,
    path: path.map(decodeURIComponent),
    query: url.searchParams,
    headers: request.headers,
    body: bodyIn(request),
    version: version.slice(1),
  })
}

interface Desks {
  readonly tokens: Sessions
  readonly locators: Locators
  readonly jobs: Jobs
  readonly ingests: IngestJobs
  readonly origin: () => string
}
function answerer(org: Org, given: Desks): (request: SimRequest) => SimResponse {
  const finish = (reply: Reply): SimResponse => ({
    status: reply.status,
    headers: {
      'content-type': 'application/json;charset=UTF-8',
      'sforce-limit-info': `api-usage=${org.calls}/${org.options.dailyCalls}`,
      date: new Date(org.clock.now()).toUTCString(),
      ...(org.options.retirement === null ? {} : { warning: `299 - "${org.options.retirement}"` }),
      ...reply.headers,
    },
    body:
      reply.body === null
        ? (reply.text ?? '')
        : JSON.stringify(
            org.options.answers === 'extended' && typeof reply.body === 'object' && !Array.isArray(reply.body)
              ? { ...reply.body, newInThisRelease: 1 }
              : reply.body,
          ),
  })
  const run = (call: Call): Reply => {
    const below = { ...call, path: call.path.slice(1) }
    if (call.path[0] === 'tooling') return tooling(org, below)
    if (call.path[0] === 'jobs')
      return below.path[0] === 'ingest' ? bulkIngest(org, given.ingests, below, run) : bulkQuery(org, given.jobs, below)
    return call.path[0] === 'composite' ? composite(org, below, run) : rest(org, given.locators, call)
  }
  return (request) => {
    const url = new URL(request.path, 'https://org.invalid')
    if (url.pathname === '/services/oauth2/token') return { ...given.tokens.token(request) }
    if (url.pathname === '/services/oauth2/revoke') return given.tokens.revoke(request)
    // Streaming is not simulated: a client that asks for it is told so at once.
    if (url.pathname.startsWith('/cometd/')) return noStream
    if (url.pathname.startsWith('/services/Soap/u/')) return soap(org, request.body.toString('utf8'), given.tokens.isValid)
    if (url.pathname.startsWith('/services/Soap/m/')) return soapMetadata(org, request.body.toString('utf8'), given.tokens.isValid)
    if (/^\/services\/data\/?$/.test(url.pathname))
      return finish({
        status: 200,
        body: versions.map((number) => ({ label: `Version ${number}`, url: `/services/data/v${number}.0`, version: `${number}.0` })),
      })
    if (url.pathname === '/services/oauth2/userinfo') {
      const token = /^Bearer (.+)$/.exec(request.headers['authorization'] ?? '')?.[1] ?? ''
      return given.tokens.isValid(token)
        ? finish({ status: 200, body: userInfo(org, given.origin()) })
        : { status: 403, headers: { 'content-type': 'text/plain' }, body: 'Bad_OAuth_Token' }
    }
    try {
      // An org that moved knows nobody at its old address.
      if (org.options.onlyAtInstance && request.headers['host'] !== new URL(given.origin()).host)
        throw refuse('INVALID_SESSION_ID', 'Session expired or invalid', [], 401)
      return finish(authorized(org, given.tokens, run, request))
    } catch (error) {
      if (error instanceof SalesforceError) return finish(refusal(error, org.options))
      if (error instanceof SyntaxError) return finish({ status: 400, body: errorBody(refuse('JSON_PARSER_ERROR', error.message)) })
      throw error
    }
  }
}
const noStream: SimResponse = { status: 400, headers: { 'content-type': 'text/plain' }, body: 'Streaming is not available' }
function bodyIn(request: SimRequest): unknown {
  const text = request.body.toString('utf8')
  if (text === '') return undefined
  return request.headers['content-type']?.startsWith('text/csv') === true ? text : JSON.parse(text)
}
