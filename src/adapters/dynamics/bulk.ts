import type { Change, CreateChange } from '../../core/change.js'
import { Fault, toFault } from '../../core/fault.js'
import type { Receipt } from '../../core/ports.js'
import type { Operation } from './api.js'
import { assertWorks, type Codec } from './codec.js'
import { customerKey } from '../customers.js'
import { customerFor, dealFor, needsOf, newKind, prepareCreate, receiptOf, type NewKind, type NewRecord } from './create.js'
import { relatedDeal } from './decode.js'
import type { Environment } from './environment.js'
import { tellsOfExisting } from './errors.js'
import { lookUp, type Found } from './lookups.js'
import { recordName } from './operations.js'
import type { Row } from './row.js'
import { prepareUpdate, receiptOf as updateReceipt, type Update } from './update.js'
import { unpackVersion } from './version.js'

export type Outcomes = Map<Change, Receipt | Fault>

const operationsPerCall = 900 // A batch takes 1000; a deal with all its solutions stays whole.

/** Makes many records in few calls: one to look, at most one each for accounts and contacts, and one for a hundred records. */
export async function createMany(environment: Environment, changes: readonly CreateChange[], signal: AbortSignal): Promise<Outcomes> {
  const outcomes: Outcomes = new Map()
  for (const kind of ['opportunity', 'lead'] as const) {
    const ofKind = changes.filter((change) => newKind(change) === kind)
    for (let start = 0, taken = 0; start < ofKind.length; start += taken) {
      taken = environment.stride.records
      const some = ofKind.slice(start, start + taken)
      try {
        for (const [change, outcome] of await createSome(environment, kind, some, signal)) outcomes.set(change, outcome)
      } catch (error) {
        for (const change of some) if (!outcomes.has(change)) outcomes.set(change, toFault(error))
      }
    }
  }
  return outcomes
}

async function createSome(
  environment: Environment,
  kind: NewKind,
  changes: readonly CreateChange[],
  signal: AbortSignal,
): Promise<Outcomes> {
  const codec = await environment.codec(kind, signal)
  assertWorks(codec)
  const keys = new Set(changes.flatMap((change) => customerFor(codec, dealFor(codec, change)) ?? []).map(customerKey))
  const work = (): Promise<Outcomes> => createGuarded(environment, codec, changes, signal)
  // Every worker takes the guards in the same order, so that no two wait for each other.
  return [...keys].sort().reduceRight<() => Promise<Outcomes>>((inner, key) => () => environment.guard(key, inner, signal), work)()
}

interface Prepared {
  readonly change: CreateChange
  readonly record: NewRecord
}

async function createGuarded(
  environment: Environment,
  codec: Codec,
  changes: readonly CreateChange[],
  signal: AbortSignal,
): Promise<Outcomes> {
  const outcomes: Outcomes = new Map()
  const { owner } = environment.settings
  let found = await lookUp(
    environment.api,
    codec,
    needsOf(
      codec,
      changes.map((change) => dealFor(codec, change)),
      owner,
    ),
    signal,
  )
  const prepared: Prepared[] = []
  for (const change of changes) {
    try {
      const record = prepareCreate(codec, change, { found, owner })
      // What this record makes is there for the next one of the same customer.
      found = withMade(codec, found, record)
      prepared.push({ change, record })
    } catch (error) {
      outcomes.set(change, toFault(error))
    }
  }
  const failed = new Map<string, Fault>()
  await makeAll(
    environment,
    { set: 'accounts', type: 'account', operations: prepared.flatMap(({ record }) => record.account?.operation ?? []), failed },
    signal,
  )
  await makeAll(
    environment,
    { set: 'contacts', type: 'contact', operations: prepared.flatMap(({ record }) => record.contact?.operation ?? []), failed },
    signal,
  )
  const ready = prepared.filter(({ change, record }) => {
    const fault = failed.get(record.account?.id ?? '') ?? failed.get(record.contact?.id ?? '')
    if (fault !== undefined) outcomes.set(change, fault)
    return fault === undefined
  })
  await writeOwn(environment, codec, ready, { outcomes, signal })
  return outcomes
}

function withMade(codec: Codec, found: Found, { account, contact }: NewRecord): Found {
  const row = account?.operation?.body as Row | null | undefined // the body of an account is its row
  const accounts =
    account === null || row == null
      ? []
      : [{ id: account.id, active: true, mergedInto: null, shows: relatedDeal(codec, 'account', row), row }]
  const person = contact?.operation?.body as Row | null | undefined // the body of a contact is its row
  const email = typeof person?.['emailaddress1'] === 'string' ? person['emailaddress1'].trim().toLowerCase() : ''
  const contacts = contact === null || person == null ? [] : [{ id: contact.id, email, accountId: account?.id ?? null, row: person }]
  return { ...found, accounts: [...found.accounts, ...accounts], contacts: [...found.contacts, ...contacts] }
}

interface Making {
  readonly set: string
  readonly type: string
  readonly operations: readonly Operation[]
  /** By the id of the row that could not be made. */
  readonly failed: Map<string, Fault>
}

/** All in one message where that works; it is all or nothing and does not say which row failed, so then each for itself. */
async function makeAll(environment: Environment, making: Making, signal: AbortSignal): Promise<void> {
  const { set, type, operations, failed } = making
  if (operations.length === 0) return
  if (operations.length > 1) {
    const targets = operations.map(({ body }) => ({ '@odata.type': `Microsoft.Dynamics.CRM.${type}`, ...body }))
    const bulk: Operation = {
      method: 'POST',
      path: `${set}/Microsoft.Dynamics.CRM.CreateMultiple`,
      ifMatch: null,
      body: { Targets: targets },
      what: `${operations.length} new ${set}`,
    }
    try {
      await environment.api.run([bulk], signal)
      return
    } catch (error) {
      const fault = toFault(error)
      if (fault.kind !== 'rejected' && fault.kind !== 'misconfigured' && fault.kind !== 'missing' && fault.kind !== 'stale') throw fault
    }
  }
  const results = await environment.api.batch(
    operations.map((operation) => [operation]),
    signal,
  )
  results.forEach((result, index) => {
    const id = operations[index]?.body?.[`${type}id`]
    if (result instanceof Fault && !tellsOfExisting(result) && typeof id === 'string') failed.set(id, result)
  })
}

/** The records themselves, each with its solutions in a change set of its own: one failing leaves the others. */
async function writeOwn(
  environment: Environment,
  codec: Codec,
  ready: readonly Prepared[],
  into: { readonly outcomes: Outcomes; readonly signal: AbortSignal },
): Promise<void> {
  const unsure: { readonly prepared: Prepared; readonly fault: Fault }[] = []
  for (const some of inCalls(ready, { environment, size: ({ record }) => record.own.length })) {
    const results = await sendSets(
      environment,
      some.map(({ record }) => record.own),
      into.signal,
    )
    some.forEach((prepared, index) => {
      const result = results[index]
      if (!(result instanceof Fault)) into.outcomes.set(prepared.change, receiptOf(prepared.record))
      else if (tellsOfExisting(result)) unsure.push({ prepared, fault: result })
      else into.outcomes.set(prepared.change, result)
    })
  }
  const questions = unsure.map(({ prepared: { record } }) => ({
    path: `${codec.table.set}(${record.ref.id})?$select=${codec.table.id}`,
    what: recordName(record.ref.kind, record.ref.id),
  }))
  const answers = await environment.api.ask(questions, into.signal)
  unsure.forEach(({ prepared, fault }, index) => {
    const there = answers[index] !== null && !(answers[index] instanceof Fault)
    into.outcomes.set(prepared.change, there ? { ...receiptOf(prepared.record), found: true } : fault)
  })
}

/** A call that fails as a whole fails for each of its records, not for those of the calls before it. */
async function sendSets(
  { api, clock, stride }: Environment,
  sets: readonly (readonly Operation[])[],
  signal: AbortSignal,
): Promise<readonly unknown[]> {
  const begun = clock.now()
  try {
    const results = await api.batch(sets, signal)
    stride.took({ records: sets.length, ms: clock.now() - begun })
    return results
  } catch (error) {
    const fault = toFault(error)
    if (fault.kind === 'ambiguous') stride.lost()
    return sets.map(() => fault)
  }
}

interface Calls<T> {
  readonly environment: Environment
  /** Operations of one item. */
  readonly size: (item: T) => number
}

/** Items call by call; how many is decided before each call, by how the one before it went. */
function* inCalls<T>(items: readonly T[], { environment, size }: Calls<T>): Generator<readonly T[]> {
  for (let start = 0; start < items.length; ) {
    const { records } = environment.stride
    const some: T[] = []
    for (let room = operationsPerCall; some.length < records; ) {
      const item = items[start + some.length]
      if (item === undefined || (some.length > 0 && room < size(item))) break
      some.push(item)
      room -= size(item)
    }
    start += some.length
    yield some
  }
}

/** Many updates of known records: what has to be looked up is rare and left to the single way. */
export async function updateMany(environment: Environment, changes: readonly Update[], signal: AbortSignal): Promise<Outcomes> {
  const outcomes: Outcomes = new Map()
  const nothing: Found = { accounts: [], contacts: [], users: new Map(), entries: new Map() }
  const prepared: { readonly change: Update; readonly ready: ReturnType<typeof prepareUpdate> }[] = []
  for (const change of changes) {
    try {
      const codec = await environment.codec(change.ref.kind === 'lead' ? 'lead' : 'opportunity', signal)
      assertWorks(codec)
      if (change.expect === null)
        throw new Fault('bug', 'An update without a version cannot go with others.', { remedy: 'Please report this.' })
      prepared.push({
        change,
        ready: prepareUpdate(codec, change, { seen: unpackVersion(change.expect), found: nothing, owner: environment.settings.owner }),
      })
    } catch (error) {
      outcomes.set(change, toFault(error))
    }
  }
  for (const { change, ready } of prepared) if (ready.operations.length === 0) outcomes.set(change, updateReceipt(change, ready))
  const rest = prepared.filter(({ ready }) => ready.operations.length > 0)
  for (const some of inCalls(rest, { environment, size: ({ ready }) => ready.operations.length })) {
    const results = await sendSets(
      environment,
      some.map(({ ready }) => ready.operations),
      signal,
    )
    some.forEach(({ change, ready }, index) => {
      const result = results[index]
      outcomes.set(change, result instanceof Fault ? result : updateReceipt(change, ready))
    })
  }
  return outcomes
}
