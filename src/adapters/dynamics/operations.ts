import { itemKey, type Person, type Solution } from '../../core/deal.js'
import { Fault } from '../../core/fault.js'
import type { Operation } from './api.js'
import type { Codec } from './codec.js'
import { personColumns, type Body } from './encode.js'
import { guidOf } from '../guid.js'
import { truncate } from '../values.js'
import { ownEntry, type Found } from './lookups.js'
import type { SolutionCatalogue } from './schema.js'

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

/** Makes the row of one solution, and before it the entry of the catalogue that it points to, where there is none yet. */
export function solutionOperations(
  codec: Codec,
  given: { readonly solution: Solution; readonly opportunityId: string; readonly salt: string; readonly entries: Found['entries'] },
): Operation[] {
  const table = codec.schema.solutions
  if (table === null)
    throw new Fault('misconfigured', 'This environment has no table of solutions.', { remedy: 'Run "cosell install apply".' })
  const { solution, opportunityId } = given
  const what = `solution ${solution.id} of opportunity ${opportunityId}`
  const entry = table.catalogue === null ? null : entryOf(table.catalogue, solution, given.entries)
  const body: Body = {
    [table.id]: guidOf(`solution:${opportunityId}:${itemKey(solution)}:${given.salt}`),
    ...(entry === null ? { [table.columns.solutionId]: solution.id } : entry.bind),
    ...(table.columns.solutionName === null ? {} : { [table.columns.solutionName]: solution.name ?? solution.id }),
    [`${table.lookup.bind}@odata.bind`]: `/opportunities(${opportunityId})`,
  }
  return [...(entry?.before ?? []), { method: 'POST', path: table.set, ifMatch: null, body, what }]
}

/** An entry of ours has an id that follows from its solution: two deals that make it at once make the same one, by a patch that may create. */
function entryOf(
  catalogue: SolutionCatalogue,
  solution: Solution,
  entries: Found['entries'],
): { readonly bind: Body; readonly before: readonly Operation[] } {
  const known = entries.get(itemKey(solution))
  const id = known ?? ownEntry(solution.id)
  const bind = { [`${catalogue.bind}@odata.bind`]: `/${catalogue.set}(${id})` }
  if (known !== undefined) return { bind, before: [] }
  const { solutionId, solutionName } = catalogue.columns
  const named = solutionName === null ? {} : { [solutionName]: truncate((solution.name ?? solution.id).trim(), catalogue.nameLength) }
  const body = { [solutionId]: solution.id, ...named }
  const what = `solution ${solution.id} of the catalogue`
  return { bind, before: [{ method: 'PATCH', path: `${catalogue.set}(${id})`, ifMatch: null, body, what }] }
}
