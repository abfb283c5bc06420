import type { DynamicsApi } from './api.js'
import type { Codec } from './codec.js'
import { rowsOf, textOf, type Row } from './row.js'

/**
 * Rows with every solution of theirs: an expanded collection comes in pages of its own, with a link beside it to the rest.
 * What is left out would read as taken away by a seller.
 * Source: learn.microsoft.com "Page results using OData" (read 2023-10): `{collection}@odata.nextLink`.
 */
export async function withAllSolutions(api: DynamicsApi, codec: Codec, rows: readonly Row[], signal: AbortSignal): Promise<readonly Row[]> {
  const collection = codec.kind === 'opportunity' ? codec.schema.solutions?.collection : undefined
  if (collection === undefined) return rows
  const whole: Row[] = []
  for (const row of rows) {
    const link = textOf(row, `${collection}@odata.nextLink`)
    const more = link === null ? [] : await api.list({ path: link, what: 'further solutions of an opportunity' }, signal)
    whole.push(link === null ? row : { ...row, [collection]: [...rowsOf(row, collection), ...more] })
  }
  return whole
}
