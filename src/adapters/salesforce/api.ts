import { Fault } from '../../core/fault.js'
import type { Clock } from '../../core/ports.js'
import { nextOf, withWholeChildren } from './child-pages.js'
import { chunked, collectionMost, noAnswerFor, outcomeOf, partOf, partsMost, resultOf, resultsOf } from './composite.js'
import { deployBody } from './deploy-body.js'
import type { Operation, Question, Send, SendRequest, Session } from './exchange.js'
import { faultOf, tellsOfAutomation, tellsOfLock, tellsOfSession, type Answer, type Asked } from './errors.js'
import { asRow, isRow, parseJson, rowsOf, textOf, type Row } from './row.js'
import { envelope, METADATA, PARTNER, soapBody, type SoapDoor } from './soap.js'

/** What the org says of its allocation, and when it said so. */
export interface Quota {
  readonly used: number
  readonly limit: number
  readonly at: number
}

const oldest = 58
const preferred = 66 // Spring '26. What the fields and answers were read against.
const pagesMost = 2_000 // Four million rows of 2000 each: a list that leads in a circle ends here.
// A row that somebody holds is free again in moments, and so is an automation that ran into another one. Nothing was changed, so it is safe.
const triesMost = 3
const triesApartMs = 700

/**
 * The REST API of one org, in the few calls the connector needs. It keeps nothing between calls but the version it speaks
 * and what the org said of its allocation. Source: Salesforce REST API Developer Guide.
 */
export class SalesforceApi {
  readonly root: string
  readonly #send: Send
  readonly #session: Session
  readonly #clock: Clock
  #version: string | null = null
  /** API calls of the last 24 hours, and how many there may be. */
  quota: Quota | null = null
  /** What the org says of a version that it will serve no longer, in its own words. */
  warning: string | null = null

  constructor(options: { readonly url: string; readonly send: Send; readonly session: Session; readonly clock: Clock }) {
    this.root = options.url.replace(/\/+$/, '')
    this.#send = options.send
    this.#session = options.session
    this.#clock = options.clock
  }

  /** The version spoken with this org: ours where it is served, else the nearest that is. @throws Fault `misconfigured` when there is none. */
  async version(signal: AbortSignal): Promise<string> {
    if (this.#version !== null) return this.#version
    const answer = await this.#exchange({ method: 'GET', url: `${this.root}/services/data`, body: null, signal })
    if (answer.status >= 400) throw faultOf(answer, { method: 'GET', what: 'the API versions of the org' })
    const list = parseJson(answer.text, 'the list of API versions')
    const served = (Array.isArray(list) ? list : [])
      .filter(isRow)
      .flatMap((row) => Number(textOf(row, 'version') ?? NaN))
      .filter((version) => version >= oldest)
    if (served.length === 0) {
      throw new Fault('misconfigured', `${this.root} serves no version of the API from ${oldest}.0 on.`, {
        remedy: 'Check that crm.url is the My Domain address of a Salesforce org.',
      })
    }
    const later = served.filter((version) => version >= preferred)
    const chosen = later.length > 0 ? Math.min(...later) : Math.max(...served)
    this.#version = `${chosen}.0`
    return this.#version
  }

  /** One GET below the version: `sobjects/Opportunity/describe`. Null where there is no such thing. */
  async get(path: string, what: string, signal: AbortSignal): Promise<Row | null> {
    const answer = await this.#exchange({ method: 'GET', url: await this.urlOf(path, signal), body: null, signal })
    const asked: Asked = { method: 'GET', what }
    if (answer.status < 400) return asRow(parseJson(answer.text, what), what)
    const fault = faultOf(answer, asked)
    if (fault.kind === 'missing') return null
    throw fault
  }

  /** What time it is there, in whole seconds, by a call that costs nothing of the allocation. Null where the org does not tell. */
  async serverTime(signal: AbortSignal): Promise<number | null> {
    const answer = await this.#exchange({ method: 'GET', url: `${this.root}/services/data`, body: null, signal })
    if (answer.status >= 400) throw faultOf(answer, { method: 'GET', what: 'the time of the org' })
    return dateOf(answer)
  }

  /** Who the connector is: outside the versioned paths. A session that ended is refused there with 403. */
  async userInfo(signal: AbortSignal): Promise<{ readonly row: Row; readonly date: number | null }> {
    const what = "the connector's user"
    const ask = (): Promise<Answer> => this.#exchange({ method: 'GET', url: `${this.root}/services/oauth2/userinfo`, body: null, signal })
    let answer = await ask()
    if (answer.status === 403) {
      await this.#session({ fresh: true, refused: await this.#session({ fresh: false, signal }), signal })
      answer = await ask()
    }
    if (answer.status === 403)
      throw new Fault('signed-out', 'Salesforce does not accept the session.', { remedy: 'Run "cosell connect crm".', status: 403 })
    if (answer.status >= 400) throw faultOf(answer, { method: 'GET', what })
    return { row: asRow(parseJson(answer.text, what), what), date: dateOf(answer) }
  }

  /** Every row of a query, page by page; `at` is the server's time, whole seconds. */
  async *pages(question: Question, signal: AbortSignal): AsyncGenerator<{ readonly rows: readonly Row[]; readonly at: number }> {
    const resource = question.deleted ? 'queryAll' : 'query'
    let url: string | null = await this.urlOf(`${resource}?q=${encodeURIComponent(question.soql)}`, signal)
    for (let count = 0; url !== null && count < pagesMost; count += 1) {
      const { page, answer } = await this.#page(url, question, signal)
      const at = seenAt(answer, this.#clock.now())
      const read = async (next: string): Promise<Row> => (await this.#page(next, question, signal)).page
      yield { rows: await withWholeChildren(rowsOf(page, 'records'), { read, what: question.what }), at }
      url = nextOf(page, question.what)
    }
  }
  async #page(path: string, { what }: Question, signal: AbortSignal): Promise<{ readonly page: Row; readonly answer: Answer }> {
    const answer = await this.#exchange({ method: 'GET', url: new URL(path, this.root).href, body: null, signal })
    if (answer.status >= 400) throw faultOf(answer, { method: 'GET', what })
    return { page: asRow(parseJson(answer.text, what), what), answer }
  }
  async query(question: Question, signal: AbortSignal): Promise<{ readonly rows: readonly Row[]; readonly at: number | null }> {
    const rows: Row[] = []
    let at: number | null = null
    for await (const page of this.pages(question, signal)) {
      rows.push(...page.rows)
      at ??= page.at
    }
    return { rows, at }
  }

  /** How many rows a question of the form `SELECT COUNT() …` is about. */
  async count({ soql, what }: Question, signal: AbortSignal): Promise<number> {
    const answer = await this.get(`query?q=${encodeURIComponent(soql)}`, what, signal)
    const total = answer?.['totalSize']
    // One that is not told may be anything but nothing.
    return typeof total === 'number' ? total : 1
  }

  /** Writes that happen together or not at all; the answers' bodies by name. @throws Fault of the first refusal. */
  async run(operations: readonly Operation[], signal: AbortSignal): Promise<ReadonlyMap<string, Row>> {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.#inSession(() => this.#runOnce(operations, signal), signal)
      if (!(outcome instanceof Fault)) return outcome
      if (attempt >= triesMost || !(tellsOfLock(outcome) || tellsOfAutomation(outcome))) throw outcome
      await this.#clock.sleep(triesApartMs * attempt, signal)
    }
  }
  /** A session that ends while a composite is worked is told by its parts: nothing of them was done, and they are sent once more in a new one. */
  async #inSession<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const token = await this.#session({ fresh: false, signal })
    const outcome = await work()
    if (!endedIn(outcome)) return outcome
    await this.#session({ fresh: true, refused: token, signal })
    return work()
  }
  async #runOnce(operations: readonly Operation[], signal: AbortSignal): Promise<ReadonlyMap<string, Row> | Fault> {
    if (operations.length === 0) return new Map()
    if (operations.length > partsMost) {
      const [outcome] = await this.runMany([operations], signal)
      return outcome ?? noAnswerFor(operations)
    }
    const base = await this.#base(signal)
    const body = { allOrNone: true, compositeRequest: operations.map((operation) => partOf(operation, base)) }
    const whole = await this.#post('composite', body, operations[0]?.what ?? 'a change', signal)
    return outcomeOf(operations, rowsOf(whole, 'compositeResponse'))
  }

  /** Groups of writes in few calls: each group happens as a whole or not at all, whatever happens to the others. */
  async runMany(groups: readonly (readonly Operation[])[], signal: AbortSignal): Promise<(ReadonlyMap<string, Row> | Fault)[]> {
    const outcomes: (ReadonlyMap<string, Row> | Fault)[] = []
    for (const chunk of chunked(groups)) {
      const token = await this.#session({ fresh: false, signal })
      const first = await this.#graphs(chunk, signal)
      const left = chunk.filter((_group, index) => endedIn(first[index]))
      if (left.length > 0) await this.#session({ fresh: true, refused: token, signal })
      const second = left.length === 0 ? [] : await this.#graphs(left, signal)
      outcomes.push(...first.map((outcome) => (endedIn(outcome) ? (second.shift() ?? outcome) : outcome)))
    }
    return outcomes
  }
  async #graphs(chunk: readonly (readonly Operation[])[], signal: AbortSignal): Promise<(ReadonlyMap<string, Row> | Fault)[]> {
    const base = await this.#base(signal)
    const graphs = chunk.map((operations, index) => ({
      graphId: `g${index}`,
      compositeRequest: operations.map((operation) => partOf(operation, base)),
    }))
    try {
      const whole = await this.#post('composite/graph', { graphs }, `${chunk.length} changes`, signal)
      const byId = new Map(rowsOf(whole, 'graphs').map((graph): [string | null, Row] => [textOf(graph, 'graphId'), graph]))
      return chunk.map((operations, index) => {
        const answer = byId.get(`g${index}`)?.['graphResponse']
        return isRow(answer) ? outcomeOf(operations, rowsOf(answer, 'compositeResponse')) : noAnswerFor(operations)
      })
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      return chunk.map(() => error)
    }
  }

  /** Rows of one object, each for itself: its id, or why it was not made. */
  async createAll(object: string, bodies: readonly Row[], what: string, signal: AbortSignal): Promise<(string | Fault)[]> {
    const outcomes: (string | Fault)[] = []
    for (let start = 0; start < bodies.length; start += collectionMost) {
      const some = bodies.slice(start, start + collectionMost)
      const body = { allOrNone: false, records: some.map((row) => ({ attributes: { type: object }, ...row })) }
      const answer = await this.call({ method: 'POST', path: 'composite/sobjects', body, accept: 'application/json', what }, signal)
      const results = resultsOf(answer)
      outcomes.push(...some.map((_row, index) => resultOf(results[index], what)))
    }
    return outcomes
  }

  /** A call of the partner SOAP API: lead conversion and the org's currency are to be had there only. @returns the `result` element. */
  async soap(call: string, what: string, signal: AbortSignal): Promise<Row> {
    const { body } = await this.#soap(PARTNER, { call, what }, signal)
    const response = Object.values(body).find(isRow)
    return asRow(response?.['result'], what)
  }
  /** A call of the metadata SOAP API. @returns its answer as it came, for what must be written back untouched. */
  async metadata(call: string, what: string, signal: AbortSignal): Promise<string> {
    return (await this.#soap(METADATA, { call, what }, signal)).text
  }
  async #soap(
    door: SoapDoor,
    { call, what }: { readonly call: string; readonly what: string },
    signal: AbortSignal,
  ): Promise<{ readonly body: Row; readonly text: string }> {
    const url = `${this.root}/services/Soap/${door.path}/${await this.version(signal)}`
    let token = await this.#session({ fresh: false, signal })
    for (let attempt = 1; ; attempt += 1) {
      const headers = { 'content-type': 'text/xml; charset=UTF-8', soapaction: '""' }
      const answer = await this.#exchange({ method: 'POST', url, body: envelope(door, token, call), signal, headers })
      const body = soapBody(answer, what)
      const fault = isRow(body['Fault']) ? body['Fault'] : null
      if (fault === null && answer.status < 400) return { body, text: answer.text }
      const code = String(fault?.['faultcode'] ?? '').replace(/^[a-z]+:/i, '')
      if (code === 'INVALID_SESSION_ID' && attempt === 1) {
        token = await this.#session({ fresh: true, refused: token, signal })
        continue
      }
      throw faultOf(answer, { method: 'POST', what }, [{ errorCode: code, message: String(fault?.['faultstring'] ?? '') }])
    }
  }

  /** Hands in a zip of metadata. @returns the id of the deployment. */
  async deploy(zip: Uint8Array, { checkOnly, signal }: { readonly checkOnly: boolean; readonly signal: AbortSignal }): Promise<string> {
    const what = 'the deployment of metadata'
    const url = await this.urlOf('metadata/deployRequest', signal)
    const { contentType, body } = deployBody(zip, checkOnly)
    const answer = await this.#exchange({ method: 'POST', url, body, signal, headers: { 'content-type': contentType } })
    if (answer.status >= 400) throw faultOf(answer, { method: 'POST', what })
    const id = textOf(asRow(parseJson(answer.text, what), what), 'id')
    if (id !== null) return id
    throw new Fault('invalid-answer', `Salesforce, ${what}: the answer names no deployment.`, {
      remedy: 'Look at Setup, Deployment Status, and run "cosell install apply" again.',
    })
  }

  async urlOf(path: string, signal: AbortSignal): Promise<string> {
    return `${this.root}${await this.#base(signal)}/${path}`
  }
  async #base(signal: AbortSignal): Promise<string> {
    return `/services/data/v${await this.version(signal)}`
  }

  /** One call below the version that is none of the above, refusals thrown. */
  async call(
    request: {
      readonly method: SendRequest['method']
      readonly path: string
      readonly body: Row | null
      readonly accept: string
      readonly what: string
    },
    signal: AbortSignal,
  ): Promise<Answer> {
    const { method, what } = request
    const body = request.body === null ? null : JSON.stringify(request.body)
    const url = await this.urlOf(request.path, signal)
    const answer = await this.#exchange({ method, url, body, signal, headers: { accept: request.accept } })
    if (answer.status >= 300) throw faultOf(answer, { method, what })
    return answer
  }

  async #post(path: string, body: unknown, what: string, signal: AbortSignal): Promise<Row> {
    const answer = await this.#exchange({ method: 'POST', url: await this.urlOf(path, signal), body: JSON.stringify(body), signal })
    if (answer.status >= 400) throw faultOf(answer, { method: 'POST', what })
    try {
      return asRow(parseJson(answer.text, what), what)
    } catch (cause) {
      // It was carried out, or a gateway answered in its place: nobody can tell which.
      throw new Fault('ambiguous', `Salesforce, ${what}: the answer cannot be read.`, {
        remedy: 'Nothing to do: what happened is found out before anything is written again.',
        cause,
      })
    }
  }

  async #exchange(request: {
    readonly method: SendRequest['method']
    readonly url: string
    readonly body: string | Uint8Array | null
    readonly signal: AbortSignal
    readonly headers?: Readonly<Record<string, string>>
  }): Promise<Answer> {
    const headers = {
      accept: 'application/json',
      'sforce-call-options': 'client=cosell',
      // Rules of the org that hand records to others are not asked: the owner is ours to choose.
      'sforce-auto-assign': 'FALSE',
      ...(request.body === null ? {} : { 'content-type': 'application/json; charset=UTF-8' }),
      ...request.headers,
    }
    const startedAt = this.#clock.now()
    const answer = await this.#send({ method: request.method, url: request.url, headers, body: request.body, signal: request.signal })
    const usage = /(?:^|[;,\s])api-usage=(\d+)\/(\d+)/.exec(answer.headers['sforce-limit-info'] ?? '')
    if (usage !== null) this.quota = { used: Number(usage[1]), limit: Number(usage[2]), at: this.#clock.now() }
    this.warning = retirementIn(answer.headers['warning']) ?? this.warning
    // The version was withdrawn while we ran: which ones are served is asked anew.
    if (answer.status === 410) [this.#version, this.warning] = [null, null]
    const tookMs = Math.max(0, this.#clock.now() - startedAt)
    return { status: answer.status, headers: answer.headers, text: answer.body.toString('utf8'), tookMs }
  }
}

const endedIn = (outcome: unknown): boolean => outcome instanceof Fault && tellsOfSession(outcome)

/**
 * The earliest moment, by the server's clock, at which it can have looked: its date stands on the answer, which was on its way for a while.
 * Where a gateway takes the date away, our own clock stands for it.
 */
const seenAt = (answer: Answer, now: number): number => (dateOf(answer) ?? now) - answer.tookMs

/** `299 - "…"`: what is said of a version that will be served no longer. Other numbers come from caches on the way. */
function retirementIn(header: string | undefined): string | null {
  const text = /(?:^|,\s*)299\s+\S+\s+"((?:[^"\\]|\\.)*)"/.exec(header ?? '')?.[1]
  return text === undefined || text === '' ? null : text.replace(/\\(.)/g, '$1')
}

function dateOf(answer: Answer): number | null {
  const at = Date.parse(answer.headers['date'] ?? '')
  return Number.isNaN(at) ? null : at
}
