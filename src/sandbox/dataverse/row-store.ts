/** A reference to a row, as a lookup column holds it. */
export interface Ref {
  readonly table: string
  readonly id: string
}

export type Cell = string | number | boolean | Ref | null
/** Only columns that hold something; an absent name is null. */
export type Cells = Readonly<Record<string, Cell | undefined>>

/** Rows are never changed in place: a write puts a new one in the old one's stead, so that undoing is putting the old one back. */
export interface Row {
  readonly id: string
  readonly version: number
  readonly cells: Cells
}

interface LogEntry {
  readonly version: number
  readonly id: string
  readonly deleted: boolean
}

interface Index {
  readonly extract: (cells: Cells) => string | undefined
  /** One id bare, several in a set: most values of a key belong to one row. */
  readonly ids: Map<string, string | Set<string>>
}

export interface Changes {
  readonly changed: readonly string[]
  readonly deleted: readonly string[]
}

export interface RowStore {
  get(id: string): Row | undefined
  readonly size: number
  all(): IterableIterator<Row>
  put(row: Row): void
  remove(id: string, version: number): void
  /** Where the change log stands; `rewind` goes back to it. */
  position(): number
  /** Undoes one put or remove: the row as it was, and the log as it was. */
  rewind(id: string, before: Row | undefined, position: number): void
  index(column: string): void
  indexBy(name: string, extract: (cells: Cells) => string | undefined): void
  dropIndex(name: string): void
  hasIndex(name: string): boolean
  /** Ids of the rows whose indexed value, folded, is this. */
  find(name: string, folded: string): readonly string[]
  count(name: string, folded: string): number
  /** Whether two rows share a value of the index. */
  hasRepeats(name: string): boolean
  /** All ids in ascending order. */
  sortedIds(): readonly string[]
  /** Changes with a version above `from` and up to `to`: rows in order of version, then deletions. */
  changes(from: number, to: number): Changes
  /** Drops log entries nobody needs any more; cheap when there is nothing to drop. */
  tidy(): void
}

const ascii = /^[\u0000-\u007f]*$/
const marks = /\p{M}+/gu

/** Texts are compared without regard to case, accents and trailing blanks, as the database of the real service does. */
export function fold(text: string): string {
  const lower = text.trimEnd().toLowerCase()
  return ascii.test(lower) ? lower : lower.normalize('NFD').replace(marks, '')
}

export function foldCell(cell: Cell | undefined): string | undefined {
  if (cell === null || cell === undefined) return undefined
  if (typeof cell === 'string') return fold(cell)
  if (typeof cell === 'object') return cell.id
  return String(cell)
}

const none: readonly string[] = []

/** The rows of one table, their indexes, and the log that answers "what changed since". */
export function rowStore(): RowStore {
  return new Rows()
}

class Rows implements RowStore {
  readonly #rows = new Map<string, Row>()
  readonly #indexes = new Map<string, Index>()
  readonly #order = sortedKeys(this.#rows)
  #log: LogEntry[] = []

  get size(): number {
    return this.#rows.size
  }

  get(id: string): Row | undefined {
    return this.#rows.get(id)
  }

  all(): IterableIterator<Row> {
    return this.#rows.values()
  }

  put(row: Row): void {
    this.#set(row.id, this.#rows.get(row.id), row)
    this.#log.push({ version: row.version, id: row.id, deleted: false })
  }

  remove(id: string, version: number): void {
    this.#set(id, this.#rows.get(id), undefined)
    this.#log.push({ version, id, deleted: true })
  }

  position(): number {
    return this.#log.length
  }

  rewind(id: string, before: Row | undefined, position: number): void {
    this.#set(id, this.#rows.get(id), before)
    this.#log.length = position
  }

  index(column: string): void {
    this.indexBy(column, (cells) => foldCell(cells[column]))
  }

  indexBy(name: string, extract: Index['extract']): void {
    if (this.#indexes.has(name)) return
    const index: Index = { extract, ids: new Map() }
    for (const row of this.#rows.values()) {
      const key = extract(row.cells)
      if (key !== undefined) give(index.ids, key, row.id)
    }
    this.#indexes.set(name, index)
  }

  dropIndex(name: string): void {
    this.#indexes.delete(name)
  }

  hasIndex(name: string): boolean {
    return this.#indexes.has(name)
  }

  find(name: string, folded: string): readonly string[] {
    const held = this.#indexes.get(name)?.ids.get(folded)
    if (held === undefined) return none
    return typeof held === 'string' ? [held] : [...held]
  }

  count(name: string, folded: string): number {
    const held = this.#indexes.get(name)?.ids.get(folded)
    if (held === undefined) return 0
    return typeof held === 'string' ? 1 : held.size
  }

  hasRepeats(name: string): boolean {
    for (const held of this.#indexes.get(name)?.ids.values() ?? []) if (typeof held !== 'string') return true
    return false
  }

  sortedIds(): readonly string[] {
    return this.#order.list()
  }

  changes(from: number, to: number): Changes {
    return changesOf(this.#rows, this.#log, from, to)
  }

  tidy(): void {
    if (this.#log.length <= 2 * this.#rows.size + 10_000) return
    const last = new Map<string, number>()
    for (const entry of this.#log) if (entry.deleted) last.set(entry.id, entry.version)
    this.#log = this.#log.filter(({ id, version, deleted }) =>
      deleted ? last.get(id) === version && !this.#rows.has(id) : this.#rows.get(id)?.version === version,
    )
  }

  #set(id: string, before: Row | undefined, after: Row | undefined): void {
    for (const index of this.#indexes.values()) {
      const old = before && index.extract(before.cells)
      const next = after && index.extract(after.cells)
      if (old === next) continue
      if (old !== undefined) take(index.ids, old, id)
      if (next !== undefined) give(index.ids, next, id)
    }
    if (after === undefined) {
      this.#rows.delete(id)
      return
    }
    this.#rows.set(id, after)
    if (before === undefined) this.#order.added(id)
  }
}

function give(ids: Index['ids'], key: string, id: string): void {
  const held = ids.get(key)
  if (held === undefined) ids.set(key, id)
  else if (typeof held === 'string') ids.set(key, new Set([held, id]))
  else held.add(id)
}

function take(ids: Index['ids'], key: string, id: string): void {
  const held = ids.get(key)
  if (held === undefined) return
  if (typeof held === 'string') {
    ids.delete(key)
    return
  }
  held.delete(id)
  if (held.size > 1) return
  const [only] = held
  if (only === undefined) ids.delete(key)
  else ids.set(key, only)
}

function changesOf(rows: ReadonlyMap<string, Row>, log: readonly LogEntry[], from: number, to: number): Changes {
  let low = 0
  let high = log.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((log[middle]?.version ?? 0) <= from) low = middle + 1
    else high = middle
  }
  const changed: string[] = []
  const deleted = new Set<string>()
  for (let at = low; at < log.length; at++) {
    const entry = log[at]
    if (entry === undefined || entry.version > to) break
    if (entry.deleted) {
      if (!rows.has(entry.id)) deleted.add(entry.id)
    } else if (rows.get(entry.id)?.version === entry.version) changed.push(entry.id)
  }
  return { changed, deleted: [...deleted] }
}

/** Keeps ids sorted at the price of a merge when somebody asks after additions. */
function sortedKeys(rows: ReadonlyMap<string, Row>): { added(id: string): void; list(): readonly string[] } {
  let sorted: string[] = []
  let fresh: string[] = []
  return {
    added: (id) => void fresh.push(id),
    list() {
      if (fresh.length > 0) {
        fresh.sort()
        sorted = merged(sorted, fresh, rows)
        fresh = []
      } else if (sorted.length > rows.size + 1_000) sorted = sorted.filter((id) => rows.has(id))
      return sorted
    },
  }
}

function merged(left: readonly string[], right: readonly string[], rows: ReadonlyMap<string, Row>): string[] {
  const all: string[] = []
  let l = 0
  let r = 0
  const push = (id: string): void => {
    // A row that was deleted and created again stands in both lists.
    if (rows.has(id) && all.at(-1) !== id) all.push(id)
  }
  while (l < left.length || r < right.length) {
    const a = left[l]
    const b = right[r]
    if (b === undefined || (a !== undefined && a <= b)) {
      push(a ?? '')
      l++
    } else {
      push(b)
      r++
    }
  }
  return all
}
