import type { Table } from './metadata-model.js'
import { writeSkipToken, type SkipToken } from './paging.js'
import type { QueryOptions } from './paths.js'
import type { Annotations, JsonRow, Projection } from './projections.js'

export interface ListRequest {
  readonly table: Table
  /** Ids the list is about; null: the whole table. */
  readonly among: readonly string[] | null
  readonly options: QueryOptions
  readonly rawQuery: string
  /** Absolute URL without the query, for links to further pages. */
  readonly url: string
  readonly serviceRoot: string
  readonly annotations: Annotations
  /** From `odata.maxpagesize`; null when the caller did not send it. */
  readonly pageSize: number | null
  readonly track: boolean
  readonly userId: string
}

export interface ListAnswer {
  readonly json: JsonRow
  readonly preferencesApplied: readonly string[]
}

export const contextUrl = (
  request: Pick<ListRequest, 'serviceRoot' | 'table'>,
  fields: Projection,
  expansion: { readonly context: string },
): string => {
  const shown = [...fields.select, expansion.context].filter((part) => part !== '').join(',')
  return `${request.serviceRoot}/$metadata#${request.table.setName}${shown === '' ? '' : `(${shown})`}`
}

export function nextLink(request: ListRequest, token: SkipToken): string {
  const kept = request.rawQuery.split('&').filter((part) => part !== '' && !/^(\$|%24)(skiptoken|deltatoken)=/i.test(part))
  return `${request.url}?${[...kept, `$skiptoken=${writeSkipToken(token)}`].join('&')}`
}
