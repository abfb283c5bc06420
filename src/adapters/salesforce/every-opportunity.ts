import type { EndRef } from '../../core/ref.js'
import type { Org } from './org.js'
import { idOf } from './row.js'
import { quoted, soql } from './soql.js'

const rowsPerPage = 2_000
const pagesMost = 5_000

/** The ids of all opportunities, in the order of their ids: a list of the server's own would expire. */
export async function* everyOpportunity(org: Org, signal: AbortSignal): AsyncGenerator<readonly EndRef[]> {
  let last: string | null = null
  for (let page = 0; page < pagesMost; page += 1) {
    const where: string[] = last === null ? [] : [`Id > ${quoted(last)}`]
    const statement = soql({ fields: ['Id'], from: 'Opportunity', where, orderBy: 'Id', limit: rowsPerPage })
    const { rows } = await org.api.query({ soql: statement, deleted: false, what: 'the opportunities' }, signal)
    const ids = rows.flatMap((row) => idOf(row, 'Id') ?? [])
    if (ids.length > 0) yield ids.map((id) => ({ side: 'crm', kind: 'opportunity', id }) as const)
    last = ids.at(-1) ?? null
    if (rows.length < rowsPerPage || last === null) return
  }
}
