import type { SimRequest } from '../http.js'
import { isOwn, maySee, type Caller } from './access.js'
import type { Answer } from './answers.js'
import { compileFilter, narrow, type Narrowed, type Test } from './filter-run.js'
import { isMarketplaceLead, type Referral } from './model.js'
import { parseFilter } from './odata-filter.js'
import { invalid } from './refusal.js'
import type { Position, Row } from './sorted-log.js'
import { referralJson, selectable, selectedJson } from './wire.js'
import type { World } from './world.js'

/** A listing as it was asked for; a continuation token is this, written down. */
interface Query {
  readonly filter: string | null
  readonly order: 'updatedDateTime' | 'createdDateTime'
  readonly ascending: boolean
  readonly select: readonly string[] | null
  /** How many rows are still wanted; null: all. */
  readonly top: number | null
  readonly skip: number
  readonly count: boolean
  readonly after: Position | null
  /** The empty page before this one was shown. */
  readonly isAfterEmpty?: boolean
}

interface Page {
  readonly rows: readonly Row[]
  /** More rows follow the last one. */
  readonly more: boolean
}

const options = new Set(['$filter', '$orderby', '$select', '$top', '$skip', '$count', '$skiptoken'])

/** `GET /referrals`. Source: learn.microsoft.com/partner-center/developer/get-a-list-of-referrals, read 2023-10. */
export function listReferrals(world: World, caller: Caller, request: SimRequest): Answer {
  const query = queryOf(request.path)
  const filter = query.filter === null ? null : parseFilter(query.filter)
  const matches = filter === null ? () => true : compileFilter(filter, world.options)
  const narrowed = narrow(filter, world.options)
  const test: Test = (referral) => matches(referral) && isListed(world, caller, referral, narrowed)
  const wanted = pageSize(world, query)
  const page = find(world, query, { narrowed, test, wanted })
  const left = query.top === null ? null : query.top - page.rows.length
  const base = world.baseOf(request)
  if (world.options.emptyPages === 'between' && query.isAfterEmpty !== true) return emptyPage(world, query, base)
  const parts = [`"@odata.context":${JSON.stringify(contextOf(base, query))}`]
  if (query.count) parts.push(`"@odata.count":${countOf(world, query, narrowed, test)}`)
  else if (world.options.countUnasked === 'page') parts.push(`"@odata.count":${page.rows.length}`)
  const select = query.select === null ? null : new Set(query.select)
  const items = page.rows.map(({ referral }) => {
    const shown = referral as Referral // a row that was found alive
    return select === null ? referralJson(world, shown, base, 'item') : selectedJson(world, shown, base, select)
  })
  parts.push(`"value":[${items.join(',')}]`)
  if (page.more && left !== 0) parts.push(`"@odata.nextLink":${JSON.stringify(nextLink(world, query, { page, left, base }))}`)
  return { status: 200, json: `{${parts.join(',')}}` }
}

function emptyPage(world: World, query: Query, base: string): Answer {
  const link = linkOf(world, { ...query, isAfterEmpty: true }, base)
  return { status: 200, json: JSON.stringify({ '@odata.context': contextOf(base, query), value: [], '@odata.nextLink': link }) }
}

function isListed(world: World, caller: Caller, referral: Referral, narrowed: Narrowed): boolean {
  if (isMarketplaceLead(referral) && world.options.marketplaceLeads === 'off') return false
  const relatedHidden = world.options.relatedInListing === 'engagement-filter-only' && narrowed.engagementId === null
  if (relatedHidden && !isOwn(world, referral)) return false
  return maySee(world, caller, referral)
}

function queryOf(path: string): Query {
  const asked = new URLSearchParams(path.split('?').slice(1).join('?'))
  for (const name of asked.keys()) {
    if (name === '$expand') throw invalid('The query option $expand is not supported: a referral has no expandable property.', '$expand')
    if (name.startsWith('$') && !options.has(name)) throw invalid(`The query option '${name}' is not supported.`, name)
    if (name.startsWith('$') && asked.getAll(name).length > 1) throw invalid(`The query option '${name}' is given more than once.`, name)
  }
  const token = asked.get('$skiptoken')
  if (token !== null) return continued(token)
  const orderBy = asked.get('$orderby')
  const order = /^\s*(updatedDateTime|createdDateTime)(?:\s+(asc|desc))?\s*$/.exec(orderBy ?? 'createdDateTime')
  if (order === null) throw invalid(`Sorting by '${orderBy}' is not supported: use createdDateTime or updatedDateTime.`, '$orderby')
  const count = asked.get('$count')
  if (count !== null && count !== 'true' && count !== 'false') throw invalid("'$count' must be true or false.", '$count')
  return {
    filter: asked.get('$filter'),
    order: order[1] === 'updatedDateTime' ? 'updatedDateTime' : 'createdDateTime',
    ascending: order[2] !== 'desc',
    select: selectOf(asked.get('$select')),
    top: natural(asked.get('$top'), '$top'),
    skip: natural(asked.get('$skip'), '$skip') ?? 0,
    count: count === 'true',
    after: null,
  }
}

function natural(text: string | null, name: string): number | null {
  if (text === null) return null
  if (!/^\d{1,9}$/.test(text)) throw invalid(`The value '${text}' of '${name}' is not a whole number of at least 0.`, name)
  return Number(text)
}

function selectOf(text: string | null): readonly string[] | null {
  if (text === null) return null
  const names = text.split(',').map((name) => name.trim())
  for (const name of names) if (!selectable(name)) throw invalid(`The property '${name}' cannot be selected.`, '$select')
  return names
}

function continued(token: string): Query {
  try {
    const query = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as Query // written by nextLink below, and looked at next
    if (query.order === 'updatedDateTime' || query.order === 'createdDateTime') return query
  } catch {
    // Not a token of ours: answered below like any other.
  }
  throw invalid('The continuation token is not valid.', '$skiptoken')
}

function pageSize(world: World, { top }: Query): number {
  const { pageSize: full, topAbovePage } = world.options
  if (top === null) return full
  return topAbovePage === 'one-page' ? top : Math.min(top, full)
}

/** Walks the index from where the last page ended until the page is full and one more row is known to follow, or not. */
function find(world: World, query: Query, how: { narrowed: Narrowed; test: Test; wanted: number }): Page {
  const { narrowed, test, wanted } = how
  if (narrowed.engagementId !== null) return pageOfFew(world, query, how)
  const rows: Row[] = []
  let toSkip = query.skip
  let more = false
  const byUpdate = query.order === 'updatedDateTime'
  const log = byUpdate ? world.store.index.byUpdated() : world.store.index.byCreated()
  const start = query.ascending ? narrowed.updatedFrom : narrowed.updatedTo
  const end = query.ascending ? narrowed.updatedTo : narrowed.updatedFrom
  log.walk({ ascending: query.ascending, after: query.after, bound: byUpdate ? start : null }, (row) => {
    if (byUpdate && end !== null && (query.ascending ? row.key > end : row.key < end)) return 'stop'
    if (!test(row.referral as Referral)) return 'go-on' // the walk visits living rows only
    if (toSkip > 0) {
      toSkip -= 1
      return 'go-on'
    }
    if (rows.length >= wanted) {
      more = true
      return 'stop'
    }
    rows.push(row)
    return 'go-on'
  })
  return { rows, more }
}

/** An engagement holds a handful of referrals: sorted on the spot. */
function pageOfFew(world: World, query: Query, { narrowed, test, wanted }: { narrowed: Narrowed; test: Test; wanted: number }): Page {
  const members = world.store.index.ofEngagement(narrowed.engagementId ?? '').filter(test)
  const sorted = members
    .map((referral, index): Row => ({ key: referral[query.order], sequence: index, referral }))
    .sort((a, b) => (a.key === b.key ? a.sequence - b.sequence : a.key < b.key ? -1 : 1))
  const ordered = query.ascending ? sorted : sorted.reverse()
  const { after } = query
  const from = after === null ? 0 : ordered.findIndex((row) => row.key === after.key && row.sequence === after.sequence) + 1
  const rows = ordered.slice(from + query.skip, from + query.skip + wanted)
  return { rows, more: ordered.length > from + query.skip + wanted }
}

function countOf(world: World, query: Query, narrowed: Narrowed, test: Test): number {
  if (narrowed.engagementId !== null) return world.store.index.ofEngagement(narrowed.engagementId).filter(test).length
  let count = 0
  const bound = query.order === 'updatedDateTime' ? narrowed.updatedFrom : null
  const log = query.order === 'updatedDateTime' ? world.store.index.byUpdated() : world.store.index.byCreated()
  log.walk({ ascending: true, after: null, bound }, (row) => {
    if (test(row.referral as Referral)) count += 1 // the walk visits living rows only
    return 'go-on'
  })
  return count
}

function contextOf(base: string, { select }: Query): string {
  return `${base}/v1.0/$metadata#Referrals${select === null ? '' : `(${select.join(',')})`}`
}

function nextLink(world: World, query: Query, at: { page: Page; left: number | null; base: string }): string {
  const last = at.page.rows.at(-1)
  const shown = at.page.rows.length
  const byPosition = world.options.continuation === 'position'
  const next: Query = {
    ...query,
    top: at.left,
    skip: byPosition ? 0 : query.skip + shown,
    after: byPosition && last !== undefined ? { key: last.key, sequence: last.sequence } : null,
    isAfterEmpty: false,
  }
  return linkOf(world, next, at.base)
}

function linkOf(world: World, query: Query, base: string): string {
  const token = Buffer.from(JSON.stringify(query)).toString('base64url')
  // The published sample shows a plain-http address without the `engagements` part.
  if (world.options.nextLinkForm === 'correct') return `${base}/v1.0/engagements/referrals?$skiptoken=${token}`
  return `${base.replace(/^https:/, 'http:')}/v1.0/referrals?$skiptoken=${token}`
}
