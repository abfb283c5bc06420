import { itemKey, type Person, type Solution } from '../../core/deal.js'
import { Fault } from '../../core/fault.js'
import type { Operation } from './api.js'
import type { Codec } from './codec.js'
import { personColumns, type Body } from './encode.js'
import { guidOf } from '../guid.js'

/** How a record is called in messages. */
export const recordName = (kind: string, id: string): string => `${kind} ${id}`

export function contactOperation(given: {
  readonly id: string
  readonly person: Person
  readonly accountId: string | null
  /** Columns of the contact that rows or constants fill. */
  readonly more: Body
  readonly what: string
}): Operation {
  const parent = given.accountId === null ? {} : { 'parentcustomerid_account@odata.bind': `/accounts(${given.accountId})` }
  return {
    method: 'POST',
    path: 'contacts',
    ifMatch: null,
    body: { contactid: given.id, ...given.more, ...personColumns(given.person), ...parent },
    what: given.what,
  }
}

export function solutionOperation(
  codec: Codec,
  given: { readonly solution: Solution; readonly opportunityId: string; readonly salt: string },
): Operation {
  const table = codec.schema.solutions
  if (table === null)
    throw new Fault('misconfigured', 'This environment has no table of solutions.', { remedy: 'Run "cosell install apply".' })
  const { solution, opportunityId } = given
  const body: Body = {
    [table.id]: guidOf(`solution:${opportunityId}:${itemKey(solution)}:${given.salt}`),
    [table.columns.solutionId]: solution.id,
    ...(table.columns.solutionName === null ? {} : { [table.columns.solutionName]: solution.name ?? solution.id }),
    [`${table.lookup.bind}@odata.bind`]: `/opportunities(${opportunityId})`,
  }
  return { method: 'POST', path: table.set, ifMatch: null, body, what: `solution ${solution.id} of opportunity ${opportunityId}` }
}
