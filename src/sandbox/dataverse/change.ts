import type { Context } from './emission.js'
import type { Table } from './metadata-model.js'
import type { Cell, Row } from './row-store.js'
import type { World } from './world.js'

/** A write on its way into a table: rules of single tables look at it and may change what will be stored. */
export interface Change {
  readonly world: World
  readonly context: Context
  readonly table: Table
  readonly before: Row | undefined
  /** Names of the columns the caller sent. */
  readonly sent: ReadonlySet<string>
  /** The row as it will be. */
  readonly cells: Record<string, Cell>
  /** The simulator's own follow-up write: rules made for callers do not apply. */
  readonly internal: boolean
}

/** What a table does beyond storing. */
export interface Hooks {
  readonly before?: (change: Change) => void
  readonly after?: (change: Change, row: Row) => void
  readonly beforeDelete?: (world: World, row: Row) => void
  readonly afterDelete?: (world: World, row: Row) => void
}
