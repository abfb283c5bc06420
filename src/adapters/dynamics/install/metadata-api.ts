import { Fault } from '../../../core/fault.js'
import type { Send } from '../../../remote/send.js'
import { faultOf } from '../errors.js'
import { asRow, isRow, parseJson, textOf, wholeDefinition, type Row } from '../row.js'

/** One write of a customization. `solution` puts the component into that unmanaged solution. */
export interface MetadataWrite {
  readonly method: 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body: Row | null
  readonly what: string
  readonly solution: string | null
}

type Reading = { readonly kind: 'found'; readonly body: Row } | { readonly kind: 'refused'; readonly fault: Fault }

const base = 'api/data/v9.2'
const pagesMost = 200
// An operation may run for two minutes, and publishing takes its time: giving up earlier would publish again and again.
const writeDeadlineMs = 150_000
const protocol = {
  Accept: 'application/json',
  'OData-MaxVersion': '4.0',
  'OData-Version': '4.0',
} as const

/**
 * The customizing half of the Web API. Reads pass the server's metadata cache, which may lag for half a minute.
 * Source: learn.microsoft.com "Create and update table definitions using the Web API", "Query table definitions" (read 2023-10).
 */
export class MetadataApi {
  readonly root: string
  readonly #send: Send

  constructor(options: { readonly url: string; readonly send: Send }) {
    this.root = options.url.replace(/\/+$/, '')
    this.#send = options.send
  }

  urlOf(path: string): string {
    return `${this.root}/${base}/${path}`
  }

  /** One document, or null where there is none. */
  async get(path: string, what: string, signal: AbortSignal): Promise<Row | null> {
    const answer = await this.#read(path, what, signal)
    if (answer.kind === 'refused') {
      if (answer.fault.kind === 'missing' || answer.fault.status === 404) return null
      throw answer.fault
    }
    return answer.body
  }

  /** All rows of a list, page by page. */
  async list(path: string, what: string, signal: AbortSignal, headers: Readonly<Record<string, string>> = {}): Promise<readonly Row[]> {
    const rows: Row[] = []
    let next: string | null = path
    for (let pages = 0; next !== null && pages < pagesMost; pages += 1) {
      const answer = await this.#read(next, what, signal, headers)
      if (answer.kind === 'refused') throw answer.fault
      const value = answer.body['value']
      if (!Array.isArray(value)) throw new Fault('invalid-answer', `Dynamics 365 gave no list for ${what}.`, { remedy: 'Run it again.' })
      rows.push(...value.filter(isRow))
      next = textOf(answer.body, '@odata.nextLink')
    }
    return rows
  }

  /** The first page of a list. */
  async first(path: string, what: string, signal: AbortSignal, headers: Readonly<Record<string, string>> = {}): Promise<Row> {
    const answer = await this.#read(path, what, signal, headers)
    if (answer.kind === 'refused') throw answer.fault
    return answer.body
  }

  /** Sends a write once. What was made names itself in `OData-EntityId`, which is answered where there is one. */
  async write(write: MetadataWrite, signal: AbortSignal): Promise<{ readonly id: string | null; readonly body: Row | null }> {
    const { method, body, what, solution } = write
    const headers = {
      ...protocol,
      ...(body === null ? {} : { 'Content-Type': 'application/json; charset=utf-8' }),
      ...(method === 'PUT' ? { 'MSCRM.MergeLabels': 'true' } : {}),
      ...(method === 'PATCH' ? { 'If-Match': '*' } : {}),
      ...(solution === null ? {} : { 'MSCRM.SolutionUniqueName': solution }),
    }
    const text = body === null ? null : JSON.stringify(body)
    const answer = await this.#send({ method, url: this.urlOf(write.path), headers, body: text, signal, deadlineMs: writeDeadlineMs })
    const said = answer.body.toString('utf8')
    if (answer.status >= 300)
      throw faultOf({ status: answer.status, headers: answer.headers, text: said }, { method, what, conditional: false })
    const named = /\(([0-9a-f-]{36})\)$/i.exec(answer.headers['odata-entityid'] ?? '')
    return { id: named?.[1]?.toLowerCase() ?? null, body: said === '' ? null : asRow(parseJson(said, what), what) }
  }

  /** Where a member we name is not known, the whole definition is asked for. */
  async #read(path: string, what: string, signal: AbortSignal, more: Readonly<Record<string, string>> = {}): Promise<Reading> {
    const reading = await this.#readOnce(path, what, signal, more)
    const unknown = reading.kind === 'refused' && (reading.fault.status === 400 || reading.fault.status === 501)
    const whole = unknown ? wholeDefinition(path) : null
    return whole === null || whole === path ? reading : this.#readOnce(whole, what, signal, more)
  }

  async #readOnce(path: string, what: string, signal: AbortSignal, more: Readonly<Record<string, string>>): Promise<Reading> {
    const url = path.startsWith('http') ? this.#ownLink(path) : this.urlOf(path)
    const headers = { ...protocol, 'If-None-Match': 'null', Consistency: 'Strong', ...more }
    const answer = await this.#send({ method: 'GET', url, headers, body: null, signal })
    const text = answer.body.toString('utf8')
    if (answer.status >= 300) {
      return {
        kind: 'refused',
        fault: faultOf({ status: answer.status, headers: answer.headers, text }, { method: 'GET', what, conditional: false }),
      }
    }
    return { kind: 'found', body: asRow(parseJson(text, what), what) }
  }

  /** Links are followed on this environment only: they carry our token. */
  #ownLink(link: string): string {
    if (new URL(link).origin === new URL(this.root).origin) return link
    throw new Fault('invalid-answer', `Dynamics 365 gave a link to another host (${new URL(link).host}).`, {
      remedy: "Put the environment's own URL into crm.url.",
    })
  }
}
