import type { Referral } from './model.js'

/** One row of a sorted log. A killed row keeps its place until the log is tidied. */
export interface Row {
  readonly key: string
  readonly sequence: number
  referral: Referral | null
}

/** A place between rows, by what stands before it. */
export interface Position {
  readonly key: string
  readonly sequence: number
}

export interface Walk {
  readonly ascending: boolean
  /** Where the last walk ended. */
  readonly after: Position | null
  /** The first key that may be visited. */
  readonly bound: string | null
}

/**
 * Referrals in the order of one time stamp. Stamps almost always grow, so writing is an append; a listing starts at any
 * stamp by bisection and so costs about as much as the page it shows.
 */
export interface SortedLog {
  insert(key: string, referral: Referral): Row
  kill(row: Row): void
  /** Calls `visit` in the asked order until it says stop. */
  walk(from: Walk, visit: (row: Row) => 'go-on' | 'stop'): void
}

export function sortedLog(): SortedLog {
  let rows: Row[] = []
  let dead = 0
  let sequence = 0

  const before = (row: Row, key: string, sequenceOf: number): boolean => row.key < key || (row.key === key && row.sequence < sequenceOf)
  /** Index of the first row that does not stand before the given place. */
  const bisect = (key: string, sequenceOf: number): number => {
    let low = 0
    let high = rows.length
    while (low < high) {
      const middle = (low + high) >>> 1
      // middle lies between low and high, both inside the list.
      if (before(rows[middle] as Row, key, sequenceOf))
        low = middle + 1 // middle is below length
      else high = middle
    }
    return low
  }

  return {
    insert(key, referral) {
      sequence += 1
      const row: Row = { key, sequence, referral }
      const last = rows.at(-1)
      if (last === undefined || before(last, key, sequence)) rows.push(row)
      else rows.splice(bisect(key, sequence), 0, row)
      return row
    },
    kill(row) {
      row.referral = null
      dead += 1
      // Tidied when half is dead, so that the cost of tidying is shared by as many writes.
      if (dead > 64 && dead > rows.length / 2) {
        rows = rows.filter((kept) => kept.referral !== null)
        dead = 0
      }
    },
    walk({ ascending, after, bound }, visit) {
      const place = (): number => {
        if (ascending) {
          const fromBound = bound === null ? 0 : bisect(bound, 0)
          return after === null ? fromBound : Math.max(fromBound, bisect(after.key, after.sequence + 1))
        }
        const fromBound = bound === null ? rows.length - 1 : bisect(bound, Number.POSITIVE_INFINITY) - 1
        return after === null ? fromBound : Math.min(fromBound, bisect(after.key, after.sequence) - 1)
      }
      const step = ascending ? 1 : -1
      for (let index = place(); index >= 0 && index < rows.length; index += step) {
        const row = rows[index] as Row // index is within the rows
        if (row.referral !== null && visit(row) === 'stop') return
      }
    },
  }
}
