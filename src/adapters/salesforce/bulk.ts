import type { Change, CreateChange } from '../../core/change.js'
import { Fault, toFault } from '../../core/fault.js'
import type { Receipt } from '../../core/ports.js'
import { customerKey } from '../customers.js'
import { assertWorks, canonicalOf } from './codec.js'
import { assertIdentifier, create, customerFor, needsOf, newKind, prepareCreate, receiptOf } from './create.js'
import { tellsOfExisting } from './errors.js'
import { lookUp } from './lookups.js'
import type { Org } from './org.js'

/**
 * Many new records in few calls: one look for all, then each record with everything around it as a group that happens as a whole.
 * The first deal of a customer goes ahead; the others find the account it made.
 */
export async function createMany(org: Org, changes: readonly CreateChange[], signal: AbortSignal): Promise<[Change, Receipt | Fault][]> {
  const outcomes: [Change, Receipt | Fault][] = []
  for (const kind of ['opportunity', 'lead'] as const) {
    let waiting = changes.filter((change) => newKind(change) === kind)
    while (waiting.length > 0) {
      const { first, rest } = await byCustomer(org, waiting, signal)
      const [only] = first
      if (first.length === 1 && only !== undefined)
        outcomes.push([only, await create(org, only, signal).catch((error: unknown) => toFault(error))])
      else outcomes.push(...(await createSome(org, first, signal)))
      waiting = rest
    }
  }
  return outcomes
}

/** At most one deal of each customer at a time. */
async function byCustomer(
  org: Org,
  changes: readonly CreateChange[],
  signal: AbortSignal,
): Promise<{ first: CreateChange[]; rest: CreateChange[] }> {
  const [sample] = changes
  if (sample === undefined) return { first: [], rest: [] }
  const codec = await org.codec(newKind(sample), signal)
  const taken = new Set<string>()
  const first: CreateChange[] = []
  const rest: CreateChange[] = []
  for (const change of changes) {
    const customer = customerFor(codec, canonicalOf(codec, change.deal))
    const key = customer === null ? change.marker : customerKey(customer)
    ;(taken.has(key) ? rest : first).push(change)
    taken.add(key)
  }
  return { first, rest }
}

async function createSome(org: Org, changes: readonly CreateChange[], signal: AbortSignal): Promise<[Change, Receipt | Fault][]> {
  const [sample] = changes
  if (sample === undefined) return []
  try {
    const codec = await org.codec(newKind(sample), signal)
    assertWorks(codec)
    assertIdentifier(codec)
    const { owner } = org.settings
    const found = await lookUp(
      org.api,
      codec,
      needsOf(
        codec,
        changes.map((change) => canonicalOf(codec, change.deal)),
        owner,
      ),
      signal,
    )
    const prepared = changes.map((change) => attempt(() => prepareCreate(codec, change, { found, owner })))
    const records = prepared.filter((record) => !(record instanceof Fault))
    const answers = await org.api.runMany(
      records.map(({ operations }) => operations),
      signal,
    )
    const outcome = new Map(
      records.map((record, index) => [
        record,
        answers[index] ?? new Fault('bug', 'A change got no answer.', { remedy: 'Please report this.' }),
      ]),
    )
    return await Promise.all(
      changes.map(async (change, index): Promise<[Change, Receipt | Fault]> => {
        const record = prepared[index]
        if (record === undefined || record instanceof Fault)
          return [change, record ?? new Fault('bug', 'A change was lost.', { remedy: 'Please report this.' })]
        const answer = outcome.get(record) ?? new Fault('bug', 'A change got no answer.', { remedy: 'Please report this.' })
        if (!(answer instanceof Fault)) return [change, attempt(() => receiptOf(record, answer))]
        // The identifier is taken, by the record that a lost answer made: on its own the create finds it.
        return [change, tellsOfExisting(answer) ? await create(org, change, signal).catch((error: unknown) => toFault(error)) : answer]
      }),
    )
  } catch (error) {
    const fault = toFault(error)
    return changes.map((change) => [change, fault])
  }
}

function attempt<T>(work: () => T): T | Fault {
  try {
    return work()
  } catch (error) {
    return toFault(error)
  }
}
