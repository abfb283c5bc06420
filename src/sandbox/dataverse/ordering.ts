import { comparable, resolve, type Scope } from './odata-operands.js'
import type { Order } from './odata-parse.js'
import type { Row } from './row-store.js'

/** Compares rows by the given orders and at last by id, so that every order is total. Empty values come first. */
export function sorter(scope: Scope, orders: readonly Order[]): (a: Row, b: Row) => number {
  const keys = orders.map((order) => ({ field: resolve(scope, order.path), sign: order.descending ? -1 : 1 }))
  return (a, b) => {
    for (const { field, sign } of keys) {
      const left = comparable(field.column, field.read(a))
      const right = comparable(field.column, field.read(b))
      const order = compareValues(left, right)
      if (order !== 0) return order * sign
    }
    return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
  }
}

export function compareValues(left: string | number | null, right: string | number | null): number {
  if (left === right) return 0
  if (left === null) return -1
  if (right === null) return 1
  return left < right ? -1 : 1
}

/** What a page remembers of its last row: its sort values, then its id. */
export function sortValues(scope: Scope, orders: readonly Order[], row: Row): (string | number | null)[] {
  return orders.map((order) => {
    const field = resolve(scope, order.path)
    return comparable(field.column, field.read(row))
  })
}

/** Whether a row comes after the remembered position. */
export function afterPosition(
  scope: Scope,
  orders: readonly Order[],
  position: { readonly values: readonly unknown[]; readonly id: string },
): (row: Row) => boolean {
  return (row) => {
    const values = sortValues(scope, orders, row)
    for (let at = 0; at < orders.length; at++) {
      // The position was written by sortValues above.
      const order = compareValues(values[at] ?? null, (position.values[at] ?? null) as string | number | null)
      if (order !== 0) return orders[at]?.descending ? order < 0 : order > 0
    }
    return row.id > position.id
  }
}
