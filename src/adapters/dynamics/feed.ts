import { Fault, isFault } from '../../core/fault.js'
import type { TouchedOptions, TouchedPage, TouchedRecord } from '../../core/ports.js'
import type { EndKind, Ref } from '../../core/ref.js'
import type { Page } from './api.js'
import type { Environment } from './environment.js'
import { readCursor, writeCursor, type Position } from './feed-cursor.js'
import { feedTables, oursFilter, type FeedTable } from './feed-tables.js'
import { windowRound } from './feed-window.js'
import { isIn } from './lookups.js'
import { idOf, numberOf, query, textOf, type Row } from './row.js'

const pagesMost = 2_000 // Ten million rows in one round; a link that leads in a circle ends here.
const keysPerPage = 5_000 // The most a page may hold: pages that only lead to the delta link should be few.
const rowsPerPage = 1_000
// Each id takes 43 characters of the URL. Dataverse takes 32,768, but what stands before a service often takes 16 KB with all headers.
const opportunitiesPerQuestion = 250
// How long a position in the feed lasts differs from page to page of the documentation; once a week every deal is listed whatever the feed says.
const fullEveryMs = 7 * 24 * 3_600_000

/**
 * Everything that changed since the cursor, table by table; the cursor of the round comes with its last page.
 * Without a cursor, or where the CRM has forgotten a position, the deals are listed in full: their own pictures then include what
 * happened to the rows around them.
 */
export async function* touched(environment: Environment, options: TouchedOptions): AsyncGenerator<TouchedPage> {
  const schema = await environment.schema(options.signal)
  const { tables: before, fullAt } = readCursor(options.cursor)
  const after = new Map<string, Position>()
  const now = environment.clock.now()
  const isUnfiltered = options.since === null && !options.openOnly
  const wholeOf: EndKind[] = []
  let full = before.size === 0 || (fullAt !== null && now - fullAt >= fullEveryMs)
  for (const table of feedTables(schema)) {
    const isEnd = table.kind === 'opportunity' || table.kind === 'lead'
    const position = isEnd && full ? undefined : before.get(table.name)
    const round = new Round(environment, table, { ...options, position })
    for await (const records of round.pages()) if (records.length > 0) yield { records, cursor: null }
    // What happened to rows around the deals since then is not known any more, so that every deal must be looked at.
    if (!isEnd && round.lost) full = true
    // Nor is what was deleted since then.
    if (round.lost && isUnfiltered && (table.kind === 'opportunity' || table.kind === 'lead')) wholeOf.push(table.kind)
    after.set(table.name, round.next)
  }
  yield { records: [], cursor: writeCursor({ tables: after, fullAt: full ? now : (fullAt ?? now) }), wholeOf }
}

/** One table's part of a round. */
class Round {
  readonly #environment: Environment
  readonly #table: FeedTable
  readonly #options: TouchedOptions & { readonly position: Position | undefined }
  #next: Position | null = null
  /** The position was refused or missing: changes in between were not seen. */
  lost = false

  constructor(environment: Environment, table: FeedTable, options: TouchedOptions & { readonly position: Position | undefined }) {
    this.#environment = environment
    this.#table = table
    this.#options = options
  }

  get next(): Position {
    if (this.#next !== null) return this.#next
    throw new Fault('invalid-answer', `Dynamics 365 ended the change feed of ${this.#table.name} without a position to go on from.`, { remedy: 'Nothing to do: the round is repeated.' })
  }

  async *pages(): AsyncGenerator<readonly TouchedRecord[]> {
    const { position } = this.#options
    if (!this.#table.tracked) {
      yield* this.#window(position?.kind === 'window' ? position : undefined)
      return
    }
    try {
      if (position?.kind === 'delta') {
        yield* this.#follow(position.link, { isFull: false })
        return
      }
    } catch (error) {
      if (!isForgotten(error)) throw error
    }
    yield* this.#fromStart()
  }

  async *#fromStart(): AsyncGenerator<readonly TouchedRecord[]> {
    this.lost = true
    try {
      yield* this.#follow(`${this.#table.set}${query({ $select: this.#table.columns.join(',') })}`, { isFull: true })
    } catch (error) {
      if (!isFault(error) || error.code !== '0x80072491') throw error
      yield* this.#window(undefined)
    }
  }

  /** Pages of a delta; the last one brings the link of the next round. */
  async *#follow(start: string, mode: { readonly isFull: boolean }): AsyncGenerator<readonly TouchedRecord[]> {
    const size = mode.isFull && this.#table.sync === null && this.#table.identifier === null ? keysPerPage : rowsPerPage
    let at: string | null = start
    for (let pages = 0; at !== null && pages < pagesMost; pages++) {
      const question = { path: at, what: `changes of table ${this.#table.name}`, prefer: `odata.track-changes,odata.maxpagesize=${size}` }
      const page: Page = await this.#environment.api.page(question, this.#options.signal)
      if (page.deltaLink !== null) this.#next = { kind: 'delta', link: page.deltaLink }
      yield await this.#records(page.rows, mode)
      at = page.nextLink
    }
  }

  async *#window(position: Extract<Position, { kind: 'window' }> | undefined): AsyncGenerator<readonly TouchedRecord[]> {
    this.lost ||= position === undefined
    const { since, signal } = this.#options
    const round = windowRound(this.#environment, this.#table, { position, since, signal })
    for await (const page of round) {
      this.#next = page.next
      yield await this.#records(page.rows, { isFull: position === undefined })
    }
  }

  async #records(rows: readonly Row[], mode: { readonly isFull: boolean }): Promise<readonly TouchedRecord[]> {
    const { kind } = this.#table
    if (kind === 'opportunity' || kind === 'lead') return rows.flatMap((row) => this.#end(kind, row, mode))
    // In a full round every deal is read with the rows around it, so these need no hints of their own.
    if (mode.isFull) return []
    const parts = rows.flatMap((row) => this.#part(kind, row))
    return kind === 'solution' ? [...parts, ...(await this.#parents(rows))] : parts
  }

  #end(kind: 'opportunity' | 'lead', row: Row, mode: { readonly isFull: boolean }): TouchedRecord[] {
    const gone = deletedId(row)
    if (gone !== null) {
      const ref = { side: 'crm', kind, id: gone } as const
      return [{ ref, engagementId: null, reading: { kind: 'absent', ref } }]
    }
    const id = idOf(row, this.#table.id)
    const { sync, identifier } = this.#table
    const isOurs = (sync !== null && row[sync] === true) || (identifier !== null && textOf(row, identifier) !== null)
    if (id === null || !isOurs || (mode.isFull && !this.#wanted(row))) return []
    return [{ ref: { side: 'crm', kind, id }, engagementId: null, reading: null }]
  }

  /** The first sync may leave out closed and old deals. */
  #wanted(row: Row): boolean {
    const { since, openOnly } = this.#options
    if (openOnly && numberOf(row, 'statecode') !== 0) return false
    const modified = Date.parse(textOf(row, 'modifiedon') ?? '')
    return since === null || Number.isNaN(modified) || modified >= since
  }

  #part(kind: 'account' | 'contact' | 'solution', row: Row): TouchedRecord[] {
    const id = deletedId(row) ?? idOf(row, this.#table.id)
    const ref: Ref | null = id === null ? null : { side: 'crm', kind, id }
    return ref === null ? [] : [{ ref, engagementId: null, reading: null }]
  }

  /** A new solution row is not yet known as part of any deal: its opportunity is, if it is one of ours. */
  async #parents(rows: readonly Row[]): Promise<TouchedRecord[]> {
    const { lookup } = this.#table
    const opportunities = feedTables(this.#environment.known).find(({ kind }) => kind === 'opportunity')
    if (lookup === null || opportunities === undefined) return []
    const ids = [...new Set(rows.flatMap((row) => idOf(row, lookup) ?? []))]
    const found: TouchedRecord[] = []
    for (let start = 0; start < ids.length; start += opportunitiesPerQuestion) {
      const filter = `${isIn(opportunities.id, ids.slice(start, start + opportunitiesPerQuestion))} and (${oursFilter(opportunities)})`
      const question = { path: `${opportunities.set}${query({ $select: opportunities.id, $filter: filter })}`, what: 'opportunities of changed solutions' }
      for (const row of await this.#environment.api.list(question, this.#options.signal)) {
        const id = idOf(row, opportunities.id)
        if (id !== null) found.push({ ref: { side: 'crm', kind: 'opportunity', id }, engagementId: null, reading: null })
      }
    }
    return found
  }
}

/** Deletions carry the id and the reason only. */
const deletedId = (row: Row): string | null => (row['reason'] === 'deleted' ? idOf(row, 'id') : null)

/** The documented code, or any other 400 on a link: the position is of no use any more. */
function isForgotten(error: unknown): boolean {
  return isFault(error) && (error.status === 400 || error.status === 410 || error.code === '0x80044352')
}
