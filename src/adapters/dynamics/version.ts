import { Fault } from '../../core/fault.js'
import { asVersion, type Version } from '../../core/ref.js'

/** One related row as it was seen: its id and its own version. */
export interface SeenRow {
  readonly id: string
  readonly etag: string
}

/**
 * What a look at a record saw of all rows that its deal is made of, so that a later write can carry each row's own version
 * and knows without another look which contact and which solution rows are meant.
 */
export interface Seen {
  readonly row: string
  readonly account: SeenRow | null
  readonly contact: (SeenRow & { readonly email: string }) | null
  readonly solutions: readonly (SeenRow & { readonly solution: string })[]
  readonly currency: string | null
  readonly name: string | null
  /** What the switch says; null where there is none. */
  readonly sync: boolean | null
}

/** Equal strings mean that nothing moved; so the order of rows must not matter. */
export function packVersion(seen: Seen): Version {
  const solutions = [...seen.solutions].sort((a, b) => (a.id < b.id ? -1 : 1)).map(({ id, etag, solution }) => [id, etag, solution])
  const { row, account, contact, currency, name, sync } = seen
  return asVersion(
    JSON.stringify([
      row,
      account && [account.id, account.etag],
      contact && [contact.id, contact.etag, contact.email],
      solutions,
      currency,
      name,
      sync,
    ]),
  )
}

export function unpackVersion(version: Version): Seen {
  try {
    // Our own text of above, checked by use: every part is taken apart by its place.
    const [row, account, contact, solutions, currency, name, sync] = JSON.parse(version) as [
      string,
      string[] | null,
      string[] | null,
      string[][],
      string | null,
      string | null,
      boolean | null,
    ]
    if (typeof row !== 'string') throw new TypeError('no row version')
    return {
      row,
      account: account && { id: account[0] ?? '', etag: account[1] ?? '' },
      contact: contact && { id: contact[0] ?? '', etag: contact[1] ?? '', email: contact[2] ?? '' },
      solutions: solutions.map(([id = '', etag = '', solution = '']) => ({ id, etag, solution })),
      currency,
      name,
      sync,
    }
  } catch (cause) {
    throw new Fault('bug', 'A saved version of a Dynamics 365 record cannot be read.', {
      remedy: 'Sync the deal again; please report this.',
      cause,
    })
  }
}
