import { Fault } from '../../core/fault.js'
import { asVersion, type Version } from '../../core/ref.js'

/** One row as it was seen: its id and when it was last changed. */
export interface SeenRow {
  readonly id: string
  /** Milliseconds since the epoch, whole seconds: what a conditional write compares. */
  readonly modifiedAt: number
  /** Later than `modifiedAt` when the system itself touched the row. */
  readonly stampedAt: number
}

/**
 * What a look at a record saw of all rows its deal is made of, so that a later write carries each row's own time of change and knows
 * without another look which contact and which solution rows are meant.
 */
export interface Seen {
  readonly row: SeenRow
  readonly account: SeenRow | null
  readonly contact: (SeenRow & { readonly email: string; readonly roleId: string }) | null
  readonly solutions: readonly { readonly id: string; readonly stampedAt: number; readonly solution: string }[]
  readonly currency: string | null
  readonly name: string | null
  /** What the switch says; null where there is none. */
  readonly sync: boolean | null
}

/** The same, to be written by the later of each row's two times. */
export function byLaterStamps(seen: Seen): Seen {
  const later = <R extends SeenRow>(row: R): R => ({ ...row, modifiedAt: Math.max(row.modifiedAt, row.stampedAt) })
  const { row, account, contact } = seen
  return { ...seen, row: later(row), account: account && later(account), contact: contact && later(contact) }
}

/** Equal strings mean that nothing moved; so the order of rows must not matter. */
export function packVersion(seen: Seen): Version {
  const row = (part: SeenRow | null): (string | number)[] | null => part && [part.id, part.modifiedAt, part.stampedAt]
  const { contact } = seen
  const solutions = [...seen.solutions]
    .sort((a, b) => (a.id < b.id ? -1 : 1))
    .map(({ id, stampedAt, solution }) => [id, stampedAt, solution])
  return asVersion(
    JSON.stringify([
      row(seen.row),
      row(seen.account),
      contact && [...(row(contact) ?? []), contact.email, contact.roleId],
      solutions,
      seen.currency,
      seen.name,
      seen.sync,
    ]),
  )
}

type Packed = [string, number, number]
export function unpackVersion(version: Version): Seen {
  try {
    // Our own text of above, checked by use: every part is taken apart by its place.
    const [row, account, contact, solutions, currency, name, sync] = JSON.parse(version) as [
      Packed,
      Packed | null,
      [...Packed, string, string] | null,
      Packed[],
      string | null,
      string | null,
      boolean | null,
    ]
    const seen = ([id, modifiedAt, stampedAt]: Packed): SeenRow => ({ id, modifiedAt, stampedAt })
    return {
      row: seen(row),
      account: account && seen(account),
      contact: contact && { id: contact[0], modifiedAt: contact[1], stampedAt: contact[2], email: contact[3], roleId: contact[4] },
      solutions: (solutions as unknown as [string, number, string][]).map(([id, stampedAt, solution]) => ({ id, stampedAt, solution })), // packed above in this order
      currency,
      name,
      sync,
    }
  } catch (cause) {
    throw new Fault('bug', 'A saved version of a Salesforce record cannot be read.', {
      remedy: 'Sync the deal again; please report this.',
      cause,
    })
  }
}
