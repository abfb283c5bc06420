import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * Pages of a long walk through the store, until one is not full. SQLite answers at once, within the same turn of the event loop: a walk over
 * hundreds of thousands of rows would leave no turn to a webhook that waits for its answer. So each page but the first waits for the next turn.
 */
export async function* inPages<Row>(page: (last: Row | null) => Promise<readonly Row[]>, pageRows: number): AsyncGenerator<readonly Row[]> {
  for (let last: Row | null = null; ; ) {
    const rows: readonly Row[] = await page(last)
    if (rows.length > 0) yield rows
    last = rows.at(-1) ?? null
    if (rows.length < pageRows) return
    await nextTurn()
  }
}
