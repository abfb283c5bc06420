import { Fault } from '../../core/fault.js'
import { query } from '../../remote/odata.js'
import type { Send, SendAnswer } from '../../remote/send.js'
import { faultOf, isPageInstead, jsonOf, type Asked } from './refusals.js'
import { parsePage, parseReferral, type Referral } from './wire.js'

/** One referral as it was shown, with the version it had. */
export interface Document {
  readonly referral: Referral
  /** The ETag: from the header where it is carried, else from the record. */
  readonly version: string | null
}
export interface ListQuery {
  readonly filter: string | null
  readonly orderBy: string | null
  readonly select: string | null
  readonly top: number | null
}
export interface ListPage {
  readonly items: readonly unknown[]
  readonly nextLink: string | null
  /** The service's own time, where the answer tells it. */
  readonly date: number | null
}
export interface Operation {
  readonly op: 'add' | 'replace'
  readonly path: string
  readonly value: unknown
}
/** `document` null: the service answered without the record. */
export interface Patched {
  readonly document: Document | null
  readonly version: string | null
}
export interface Call {
  readonly signal: AbortSignal
  /** In words, for messages. */
  readonly what: string
}

const publicHost = 'api.partner.microsoft.com'
const collection = '/v1.0/engagements/referrals'
const json = { accept: 'application/json', 'content-type': 'application/json' } as const

/**
 * The Referrals API in the few calls it has. It keeps nothing but what it learnt about the service's links.
 * Source: learn.microsoft.com "Partner Center Referrals API" pages and the published connector definition (read 2023-10).
 */
export class ReferralsApi {
  readonly #base: URL
  /** The address without the slash at its end. */
  readonly #root: string
  readonly #send: Send
  readonly #now: () => number
  /** The service's next links lead nowhere; pages are asked for at the canonical address. */
  #linksAreWrong = false

  constructor(options: { readonly url: string; readonly send: Send; readonly now: () => number }) {
    this.#base = new URL(options.url)
    this.#root = `${this.#base.origin}${this.#base.pathname.replace(/\/+$/, '')}`
    this.#send = options.send
    this.#now = options.now
  }

  /** Null when there is no such referral. */
  async get(id: string, call: Call): Promise<Document | null> {
    const answer = await this.#exchange(
      { method: 'GET', url: this.#urlOf(`${collection}/${encodeURIComponent(id)}`), headers: {}, body: null },
      call,
    )
    if ((answer.status === 404 || answer.status === 410) && !isPageInstead(answer)) return null
    return documentIn(this.#good(answer, { method: 'GET', what: call.what }), call.what)
  }

  async list(options: ListQuery, call: Call): Promise<ListPage> {
    const parameters = query({ $filter: options.filter, $orderby: options.orderBy, $select: options.select, $top: options.top })
    return this.#page(
      await this.#exchange({ method: 'GET', url: this.#urlOf(`${collection}${parameters}`), headers: {}, body: null }, call),
      call,
    )
  }

  /**
   * The page a link leads to. Published samples show links with plain http and without `/engagements`: the scheme is ours, and an
   * address that is not found is asked for once at the collection's own.
   */
  async next(link: string, call: Call): Promise<ListPage> {
    const given = this.#followed(link)
    const canonical = this.#urlOf(`${collection}${given.search}`)
    if (this.#linksAreWrong) return this.#page(await this.#exchange({ method: 'GET', url: canonical, headers: {}, body: null }, call), call)
    const answer = await this.#exchange({ method: 'GET', url: given.href, headers: {}, body: null }, call)
    if (answer.status !== 404 || given.href === canonical) return this.#page(answer, call)
    this.#linksAreWrong = true
    return this.#page(await this.#exchange({ method: 'GET', url: canonical, headers: {}, body: null }, call), call)
  }

  async create(body: Readonly<Record<string, unknown>>, call: Call): Promise<Document> {
    const answer = await this.#exchange({ method: 'POST', url: this.#urlOf(collection), headers: {}, body: JSON.stringify(body) }, call)
    const good = this.#good(answer, { method: 'POST', what: call.what })
    try {
      return documentIn(good, call.what)
    } catch (error) {
      // The record exists, but we cannot tell which it is: it is searched for by its marker.
      throw new Fault('ambiguous', `Partner Center made a referral while ${call.what}, but its answer cannot be read.`, {
        remedy: 'Nothing to do: it is looked up.',
        cause: error,
      })
    }
  }

  async patch(
    id: string,
    operations: readonly Operation[],
    call: Call & { readonly ifMatch: string | null },
  ): Promise<Patched> {
    const headers = { Prefer: 'return=representation', ...(call.ifMatch === null ? {} : { 'If-Match': entityTag(call.ifMatch) }) }
    const answer = await this.#exchange(
      { method: 'PATCH', url: this.#urlOf(`${collection}/${encodeURIComponent(id)}`), headers, body: JSON.stringify(operations) },
      call,
    )
    const good = this.#good(answer, { method: 'PATCH', what: call.what })
    const version = versionIn(good)
    if (!isServices(good)) {
      throw new Fault('ambiguous', `Something other than Partner Center answered (${good.status}) while ${call.what}.`, {
        remedy: 'Nothing to do: the referral is read before anything is written again.',
        status: good.status,
      })
    }
    if (good.status === 204 || good.body.length === 0) return { document: null, version }
    try {
      const document = documentIn(good, call.what)
      return { document, version: document.version }
    } catch {
      return { document: null, version } // The write is done; what it looks like now is read again.
    }
  }

  /** An answer's own headers, for checks. */
  async probe(options: ListQuery, call: Call & { readonly headers: Readonly<Record<string, string>> }): Promise<SendAnswer> {
    const parameters = query({ $filter: options.filter, $orderby: options.orderBy, $select: options.select, $top: options.top })
    const answer = await this.#exchange(
      { method: 'GET', url: this.#urlOf(`${collection}${parameters}`), headers: call.headers, body: null },
      call,
    )
    return this.#good(answer, { method: 'GET', what: call.what })
  }

  #exchange(
    request: {
      readonly method: Asked['method']
      readonly url: string
      readonly headers: Readonly<Record<string, string>>
      readonly body: string | null
    },
    call: Call,
  ): Promise<SendAnswer> {
    return this.#send({ ...request, headers: { ...json, ...request.headers }, signal: call.signal })
  }

  #good(answer: SendAnswer, asked: Omit<Asked, 'now'>): SendAnswer {
    if (answer.status < 200 || answer.status >= 300) throw faultOf(answer, { ...asked, now: this.#now() })
    return answer
  }

  #page(answer: SendAnswer, call: Call): ListPage {
    const good = this.#good(answer, { method: 'GET', what: call.what })
    const date = Date.parse(good.headers['date'] ?? good.headers['timestamp'] ?? '')
    return { ...parsePage(jsonOf(good), call.what), date: Number.isNaN(date) ? null : date }
  }

  #urlOf(pathAndQuery: string): string {
    return this.#root + pathAndQuery
  }

  /** Links are followed on the configured host only: they carry our token. */
  #followed(link: string): URL {
    const url = URL.canParse(link, this.#base.href) ? new URL(link, this.#base) : null
    // Plain http in a link to an https service is a slip of the service; its port is then 80 by accident, too.
    const { hostname, port, protocol } = this.#base
    const isOurs = url !== null && url.hostname === hostname && (url.port === port || url.protocol !== protocol)
    // Behind a gateway the service still names its own public address: its path is asked for at the gateway, as everything is.
    const same = isOurs || (url !== null && url.hostname === publicHost && url.port === '')
    if (!same || url.username !== '' || url.password !== '') {
      throw new Fault(
        'invalid-answer',
        `Partner Center gave a link to another host (${url?.host ?? 'not an address'}); it was not followed.`,
        { remedy: 'Check partnerCenter.referralsUrl.' },
      )
    }
    const own = new URL(this.#base)
    own.pathname = url.pathname
    own.search = url.search
    return own
  }
}

/**
 * Whether a success is the service's own and not the page of a gateway, which calls its maintenance a success, too: it says nothing (204),
 * shows JSON, or at least carries a header of the service.
 */
function isServices(answer: SendAnswer): boolean {
  const marked = ['etag', 'request-id', 'client-request-id', 'x-ms-ags-diagnostic'].some((name) => answer.headers[name] !== undefined)
  return answer.status === 204 || jsonOf(answer) !== undefined || (answer.body.length === 0 && marked)
}

/** A header takes the version in quotes, as the records show it; one shown without them is quoted here. */
const entityTag = (version: string): string => (/^(W\/)?".*"$/.test(version) ? version : `"${version}"`)

const versionIn = (answer: SendAnswer): string | null => {
  const header = answer.headers['etag']
  return header === undefined || header === '' ? null : header
}

function documentIn(answer: SendAnswer, what: string): Document {
  const referral = parseReferral(jsonOf(answer), what)
  return { referral, version: referral.eTag ?? versionIn(answer) }
}
