import { Fault } from '../../core/fault.js'
import { readBatch, writeBatch, type BatchAnswer, type BatchItem, type Part } from './batch.js'
import { faultOf, isCrms, type Answer, type Asked } from './errors.js'
import { asRow, isRow, parseJson, textOf, type Row } from './row.js'

/** An authenticated, paced HTTP exchange; refusals come back as answers, a missing answer is thrown as a Fault. */
export interface SendRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  readonly signal: AbortSignal
  /** A POST that only asks: it may be sent again when its answer is lost. */
  readonly asks?: boolean
}
export interface SendResponse {
  readonly status: number
  /** Names are lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}
export type Send = (request: SendRequest) => Promise<SendResponse>

/** One write; `what` names the record in messages. */
export interface Operation {
  readonly method: 'POST' | 'PATCH' | 'DELETE'
  /** Relative to the API root: `opportunities(7a1c…)`. */
  readonly path: string
  readonly ifMatch: string | null
  readonly body: Readonly<Record<string, unknown>> | null
  readonly what: string
}
export interface Question {
  readonly path: string
  readonly what: string
  readonly prefer?: string
}
export interface Page {
  readonly rows: readonly Row[]
  readonly nextLink: string | null
  readonly deltaLink: string | null
}

const base = 'api/data/v9.2'
const pagesMost = 2_000 // Ten million rows of 5000 each: a link that leads in a circle ends here.
const protocol = { Accept: 'application/json', 'OData-MaxVersion': '4.0', 'OData-Version': '4.0' } as const
const jsonType = { 'Content-Type': 'application/json; charset=utf-8' } as const

/** The Web API of one environment, in the few calls the connector needs. It keeps nothing between calls. */
export class DynamicsApi {
  readonly root: string
  readonly #send: Send

  constructor(options: { readonly url: string; readonly send: Send }) {
    this.root = options.url.replace(/\/+$/, '')
    this.#send = options.send
  }

  urlOf(path: string): string {
    return `${this.root}/${base}/${path}`
  }

  /** One GET of one row or function result. Null when there is no such row. */
  async get(question: Question, signal: AbortSignal): Promise<Row | null> {
    const answer = await this.#exchange(
      { method: 'GET', url: this.urlOf(question.path), headers: this.#reading(question), body: null, signal },
      question.what,
    )
    return rowIn(answer, question.what)
  }

  /** One page of a list; `at` is a path or a link the server gave us, used as it is. */
  async page(question: Question, signal: AbortSignal): Promise<Page & { readonly headers: Answer['headers'] }> {
    const url = this.#addressOf(question.path)
    const answer = await this.#exchange({ method: 'GET', url, headers: this.#reading(question), body: null, signal }, question.what)
    if (answer.status >= 400) throw faultOf(answer, { method: 'GET', what: question.what, conditional: false })
    return { ...pageIn(answer.text, question.what), headers: answer.headers }
  }

  /** All rows of a list, page by page. */
  async list(question: Question, signal: AbortSignal): Promise<Row[]> {
    const rows: Row[] = []
    let next: string | null = question.path
    for (let pages = 0; next !== null && pages < pagesMost; pages++) {
      const page: Page = await this.page({ ...question, path: next }, signal)
      rows.push(...page.rows)
      next = page.nextLink
    }
    return rows
  }

  /** Writes that happen together or not at all: one alone as a plain call, several as one change set. */
  async run(operations: readonly Operation[], signal: AbortSignal): Promise<readonly Answer[]> {
    const [only] = operations
    if (only === undefined) return []
    if (operations.length > 1) {
      const [result] = await this.batch([operations], signal)
      if (result === undefined)
        throw new Fault('invalid-answer', 'Dynamics 365 answered a change set with nothing.', {
          remedy: 'Nothing to do: the record is read again.',
        })
      if (result instanceof Fault) throw result
      return result
    }
    const request = {
      method: only.method,
      url: this.urlOf(only.path),
      headers: this.#writing(only),
      body: only.body === null ? null : JSON.stringify(only.body),
      signal,
    }
    const answer = await this.#exchange(request, only.what)
    if (answer.status >= 400 || !isCrms(answer)) throw faultOf(answer, askedOf(only))
    return [answer]
  }

  /** Several change sets in one call, each for itself: one failing leaves the others. Answers come in order. */
  async batch(sets: readonly (readonly Operation[])[], signal: AbortSignal): Promise<(readonly Answer[] | Fault)[]> {
    const items = sets.map((operations): BatchItem => {
      const parts = operations.map((operation) => this.#part(operation))
      const [only] = parts
      return parts.length === 1 && only !== undefined ? { kind: 'single', part: only } : { kind: 'set', parts }
    })
    const answers = await this.#batch(items, { signal, what: sets[0]?.[0]?.what ?? 'a batch' })
    return sets.map((operations, index) => outcomeOf(operations, answers[index]))
  }

  /** Several GETs in one call. A row that does not exist is null; a refused question is its Fault. */
  async ask(questions: readonly Question[], signal: AbortSignal): Promise<(Row | null | Fault)[]> {
    if (questions.length === 0) return []
    const items = questions.map((question): BatchItem => ({
      kind: 'single',
      part: {
        method: 'GET',
        path: `/${base}/${question.path}`,
        headers: { ...protocol, ...freshly(question.path), ...preferring(question.prefer) },
        body: null,
      },
    }))
    const answers = await this.#batch(items, { signal, what: questions[0]?.what ?? 'a batch' })
    return questions.map((question, index) => {
      const found = answers[index]
      if (found?.kind !== 'single') return lostPart(question.what)
      try {
        return rowIn(found.answer, question.what)
      } catch (error) {
        if (error instanceof Fault) return error
        throw error
      }
    })
  }

  async #batch(items: readonly BatchItem[], options: { readonly signal: AbortSignal; readonly what: string }): Promise<BatchAnswer[]> {
    const boundary = `batch_cosell_${items.length}`
    const headers = { ...protocol, 'Content-Type': `multipart/mixed; boundary="${boundary}"`, Prefer: 'odata.continue-on-error' }
    const asks = items.every((item) => item.kind === 'single' && item.part.method === 'GET')
    const request = {
      method: 'POST',
      url: this.urlOf('$batch'),
      headers,
      body: writeBatch(items, boundary),
      signal: options.signal,
      asks,
    } as const
    const answer = await this.#exchange(request, options.what)
    const type = answer.headers['content-type'] ?? ''
    // The outer status may be that of a failed part; only an answer without parts is a refusal of the batch itself.
    if (!/^multipart\/mixed/i.test(type)) {
      throw faultOf(answer, {
        method: asks ? 'GET' : 'POST',
        what: options.what,
        conditional: false,
      })
    }
    return readBatch(type, answer.text)
  }

  async #exchange(request: SendRequest, what: string): Promise<Answer> {
    const response = await this.#send(request)
    // Rate limits and refused sign-ins are about us, not about the record, whatever body they carry.
    const answer = { status: response.status, headers: response.headers, text: response.body.toString('utf8') }
    if (response.status >= 300 && response.status < 400) {
      throw new Fault('misconfigured', `Dynamics 365, ${what}: the address ${this.root} redirects elsewhere.`, {
        remedy: "Put the environment's own URL into crm.url.",
      })
    }
    return answer
  }

  #reading(question: Question): Record<string, string> {
    return { ...protocol, 'If-None-Match': 'null', ...preferring(question.prefer) }
  }
  #writing(operation: Operation): Record<string, string> {
    return {
      ...protocol,
      ...(operation.body === null ? {} : jsonType),
      ...(operation.ifMatch === null ? { 'If-None-Match': 'null' } : { 'If-Match': operation.ifMatch }),
    }
  }
  #part(operation: Operation): Part {
    const condition = operation.ifMatch === null ? {} : { 'If-Match': operation.ifMatch }
    return {
      method: operation.method,
      path: `/${base}/${operation.path}`,
      headers: { ...protocol, ...condition },
      body: operation.body === null ? null : JSON.stringify(operation.body),
    }
  }
  #addressOf(path: string): string {
    if (path.startsWith('/')) return new URL(this.root).origin + path // A link may leave out the host.
    return /^https?:/i.test(path) ? this.#ownLink(path) : this.urlOf(path)
  }
  /** Links are followed on this environment only: they carry our token. */
  #ownLink(link: string): string {
    if (new URL(link).origin !== new URL(this.root).origin) {
      throw new Fault('invalid-answer', `Dynamics 365 gave a link to another host (${new URL(link).host}).`, {
        remedy: "Put the environment's own URL into crm.url.",
      })
    }
    return link
  }
}

/** Definitions come past the server's cache, which may lag half a minute behind an administrator. */
const freshly = (path: string): Record<string, string> => (path.startsWith('EntityDefinitions') ? { Consistency: 'Strong' } : {})
const preferring = (prefer: string | undefined): Record<string, string> => (prefer === undefined ? {} : { Prefer: prefer })
const askedOf = (operation: Operation): Asked => ({
  method: operation.method,
  what: operation.what,
  conditional: namesVersion(operation),
})
/** `If-Match: *` only keeps a patch from creating: a refusal with 412 is then about an id or key. */
const namesVersion = ({ ifMatch }: Operation): boolean => ifMatch !== null && ifMatch !== '*'
const lostPart = (what: string): Fault =>
  new Fault('ambiguous', `Dynamics 365 left out the answer for ${what} in a batch.`, { remedy: 'Nothing to do: the record is read again.' })

function outcomeOf(operations: readonly Operation[], found: BatchAnswer | undefined): readonly Answer[] | Fault {
  const first = operations[0]
  if (found === undefined || first === undefined) return lostPart(first?.what ?? 'a change set')
  const answers = found.kind === 'set' ? found.answers : [found.answer]
  const failed = answers.findIndex(({ status }) => status >= 400)
  const refusal = answers[failed]
  if (refusal === undefined) return answers.length === operations.length ? answers : lostPart(first.what)
  // A refused change set answers once; which of its parts it was is told by the Content-ID, where the server gives one.
  const position = Number(refusal.headers['content-id'])
  const isApart = answers.length === operations.length
  const told = Number.isInteger(position) && position > 0 ? operations[position - 1] : isApart ? operations[failed] : undefined
  const conditional = operations.some(namesVersion)
  if (told !== undefined) return faultOf(refusal, { ...askedOf(told), conditional })
  // Which one it was is not known: to name the first would send a person to the wrong record.
  const what = [...new Set(operations.map((operation) => operation.what))].join(' or ')
  return faultOf(refusal, { ...askedOf(first), what, conditional })
}

function rowIn(answer: Answer, what: string): Row | null {
  if (answer.status >= 400) {
    const fault = faultOf(answer, { method: 'GET', what, conditional: false })
    if (fault.kind === 'missing') return null
    throw fault
  }
  return asRow(parseJson(answer.text, what), what)
}

function pageIn(text: string, what: string): Page {
  const body = asRow(parseJson(text, what), what)
  const rows = body['value']
  if (!Array.isArray(rows))
    throw new Fault('invalid-answer', `Dynamics 365 gave no list for ${what}.`, { remedy: 'Nothing to do: it is asked again.' })
  return { rows: rows.filter(isRow), nextLink: textOf(body, '@odata.nextLink'), deltaLink: textOf(body, '@odata.deltaLink') }
}
