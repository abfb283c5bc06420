import type { Change, CreateChange } from '../../core/change.js'
import { Fault, toFault } from '../../core/fault.js'
import type { Receipt } from '../../core/ports.js'
import { customerKey } from '../customers.js'
import { customersOf } from './bulk-customers.js'
import { assertWorks, canonicalOf, type Codec } from './codec.js'
import { assertIdentifier, create, customerFor, needsOf, newKind, prepareCreate, receiptOf, type NewRecord } from './create.js'
import { tellsOfExisting } from './errors.js'
import { lookUp } from './lookups.js'
import { alone, type Org, type StillAlone } from './org.js'
import type { Row } from './row.js'

/**
 * Many new records in few calls: one look for all, then the customers that are new, each once, then each record with everything around it
 * as a group that happens as a whole.
 */
export async function createMany(org: Org, changes: readonly CreateChange[], signal: AbortSignal): Promise<[Change, Receipt | Fault][]> {
  const outcomes: [Change, Receipt | Fault][] = []
  for (const kind of ['opportunity', 'lead'] as const) {
    const ofKind = changes.filter((change) => newKind(change) === kind)
    const [only] = ofKind
    if (only !== undefined && ofKind.length === 1)
      outcomes.push([only, await create(org, only, signal).catch((error: unknown) => toFault(error))])
    else outcomes.push(...(await createSome(org, ofKind, signal)))
  }
  return outcomes
}

interface Group {
  readonly codec: Codec
  readonly changes: readonly CreateChange[]
}
type Tried = readonly { readonly change: CreateChange; readonly record: NewRecord | Fault; readonly answer: Answers | Fault }[]
type Answers = ReadonlyMap<string, Row>

async function createSome(org: Org, changes: readonly CreateChange[], signal: AbortSignal): Promise<[Change, Receipt | Fault][]> {
  const [sample] = changes
  if (sample === undefined) return []
  try {
    const codec = await org.codec(newKind(sample), signal)
    assertWorks(codec)
    assertIdentifier(codec)
    const tried = await undisturbed(org, { codec, changes }, signal)
    return await Promise.all(
      tried.map(async ({ change, record, answer }): Promise<[Change, Receipt | Fault]> => {
        if (record instanceof Fault) return [change, record]
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

/** Nobody else makes an account of any of these customers meanwhile. Every worker takes the guards in the same order, so that no two wait for each other. */
function undisturbed(org: Org, group: Group, signal: AbortSignal): Promise<Tried> {
  const customers = group.changes.flatMap((change) => customerFor(group.codec, canonicalOf(group.codec, change.deal)) ?? [])
  const keys = new Set(customers.map(customerKey))
  const work = (stillAlone: StillAlone): Promise<Tried> => tryAll(org, group, { signal, stillAlone })
  const guarded = [...keys].sort().reduceRight<typeof work>(
    (inner, key) => (outer) =>
      org.guard(
        key,
        (own) =>
          inner(async () => {
            await outer()
            await own()
          }),
        signal,
      ),
    work,
  )
  return guarded(alone)
}

async function tryAll(
  org: Org,
  { codec, changes }: Group,
  { signal, stillAlone }: { readonly signal: AbortSignal; readonly stillAlone: StillAlone },
): Promise<Tried> {
  const { owner } = org.settings
  const deals = changes.map((change) => canonicalOf(codec, change.deal))
  const looked = await lookUp(org.api, codec, needsOf(codec, deals, owner), signal)
  await stillAlone()
  const { found, failures } = await customersOf(org, { codec, changes, deals, found: looked }, signal)
  const prepared = changes.map((change) => ({
    change,
    record: failures.get(change) ?? attempt(() => prepareCreate(codec, change, { found, owner })),
  }))
  const records = prepared.flatMap(({ record }) => (record instanceof Fault ? [] : [record]))
  const answers = await org.api.runMany(
    records.map(({ operations }) => operations),
    signal,
  )
  const unanswered = new Fault('bug', 'A change got no answer.', { remedy: 'Please report this.' })
  const answerOf = new Map(records.map((record, index) => [record, answers[index] ?? unanswered]))
  return prepared.map(({ change, record }) => ({
    change,
    record,
    answer: record instanceof Fault ? record : (answerOf.get(record) ?? unanswered),
  }))
}

function attempt<T>(work: () => T): T | Fault {
  try {
    return work()
  } catch (error) {
    return toFault(error)
  }
}
