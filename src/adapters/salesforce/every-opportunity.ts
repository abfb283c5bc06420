import type { EndRef } from '../../core/ref.js'
import { spared, thriftOf } from './budget.js'
import { longList } from './feed-first.js'
import type { Org } from './org.js'
import { idOf } from './row.js'

/** The ids of all opportunities. It can wait for better times, so it spares the org's allocation. */
export async function* everyOpportunity(org: Org, signal: AbortSignal): AsyncGenerator<readonly EndRef[]> {
  if ((await thriftOf(org.api, org.clock.now(), signal)) !== 'none') throw spared(org.api)
  for await (const rows of longList(org, { from: 'Opportunity', fields: ['Id'], where: [] }, signal)) {
    const ids = rows.flatMap((row) => idOf(row, 'Id') ?? [])
    if (ids.length > 0) yield ids.map((id) => ({ side: 'crm', kind: 'opportunity', id }) as const)
  }
}
