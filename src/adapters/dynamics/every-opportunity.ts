import type { EndRef } from '../../core/ref.js'
import type { Page } from './api.js'
import type { Environment } from './environment.js'
import { idOf, query } from './row.js'

const pagesMost = 2_000 // A link that leads in a circle ends here.

/** The ids of all opportunities, page by page. */
export async function* everyOpportunity(environment: Environment, signal: AbortSignal): AsyncGenerator<readonly EndRef[]> {
  await environment.schema(signal)
  let at: string | null = `opportunities${query({ $select: 'opportunityid', $orderby: 'opportunityid asc' })}`
  for (let pages = 0; at !== null && pages < pagesMost; pages += 1) {
    const page: Page = await environment.api.page({ path: at, what: 'the opportunities', prefer: 'odata.maxpagesize=1000' }, signal)
    yield page.rows.flatMap((row) => {
      const id = idOf(row, 'opportunityid')
      return id === null ? [] : [{ side: 'crm', kind: 'opportunity', id } as const]
    })
    at = page.nextLink
  }
}
