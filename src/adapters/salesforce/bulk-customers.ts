import type { CreateChange } from '../../core/change.js'
import type { Projection } from '../../core/deal.js'
import type { Fault} from '../../core/fault.js'
import { toFault } from '../../core/fault.js'
import { customerKey } from '../customers.js'
import type { Codec } from './codec.js'
import { customerFor, prepareCreate } from './create.js'
import type { Operation } from './exchange.js'
import type { Found, MadeAccount } from './lookups.js'
import type { Org } from './org.js'
import { idOf, textOf, type Row } from './row.js'

export interface Batch {
  readonly codec: Codec
  readonly changes: readonly CreateChange[]
  /** What each change will show, in the same order. */
  readonly deals: readonly Projection[]
  readonly found: Found
}
/** What is known now, and the changes whose customer could not be made. */
export interface WithCustomers {
  readonly found: Found
  readonly failures: ReadonlyMap<CreateChange, Fault>
}

/**
 * The new customers of many deals in two calls: first their accounts, then their contacts, each once. A process that dies in between has
 * lost nothing: what it made is found by name and e-mail the next time.
 */
export async function customersOf(org: Org, batch: Batch, signal: AbortSignal): Promise<WithCustomers> {
  const failures = new Map<CreateChange, Fault>()
  // A lead keeps its customer in its own fields.
  if (batch.codec.kind === 'lead') return { found: batch.found, failures }
  const accounts = needed(org, batch, { name: 'account', keyOf: (_operation, index) => customerKeyAt(batch, index) }, failures)
  const made = new Map<string, MadeAccount>()
  await makeEach(org, 'Account', accounts, signal, (key, id, { body, remark }) => void made.set(key, { id, row: body, remark }), failures)
  const known = { ...batch, found: { ...batch.found, made } }
  const contacts = needed(org, known, { name: 'contact', keyOf: contactKey }, failures)
  const people: Found['contacts'][number][] = []
  const note = (_key: string, id: string, { body }: Wanted): void => {
    const email = textOf(body, 'Email')
    if (email !== null) people.push({ id, email: email.toLowerCase(), accountId: idOf(body, 'AccountId'), row: body })
  }
  await makeEach(org, 'Contact', contacts, signal, note, failures)
  return { found: { ...known.found, contacts: [...batch.found.contacts, ...people] }, failures }
}

function customerKeyAt({ codec, deals }: Batch, index: number): string {
  const deal = deals[index]
  const customer = deal === undefined ? null : customerFor(codec, deal)
  return customer === null ? '' : customerKey(customer)
}
const contactKey = ({ body }: Operation): string => `${textOf(body ?? {}, 'AccountId') ?? ''}|${(textOf(body ?? {}, 'Email') ?? '').toLowerCase()}`

interface Wanted {
  readonly body: Row
  readonly remark: string | null
  readonly changes: CreateChange[]
}
/** The rows of one kind that the deals still need, by what tells them apart. */
function needed(
  org: Org,
  { codec, changes, found }: Batch,
  { name, keyOf }: { readonly name: string; readonly keyOf: (operation: Operation, index: number) => string },
  failures: Map<CreateChange, Fault>,
): ReadonlyMap<string, Wanted> {
  const wanted = new Map<string, Wanted>()
  for (const [index, change] of changes.entries()) {
    if (failures.has(change)) continue
    try {
      const { operations, accountRemark } = prepareCreate(codec, change, { found, owner: org.settings.owner })
      const operation = operations.find((one) => one.name === name)
      if (operation?.body == null) continue
      const key = keyOf(operation, index)
      const before = wanted.get(key)
      if (before === undefined) wanted.set(key, { body: operation.body, remark: accountRemark, changes: [change] })
      else before.changes.push(change)
    } catch (error) {
      failures.set(change, toFault(error))
    }
  }
  return wanted
}

async function makeEach(
  org: Org,
  object: 'Account' | 'Contact',
  wanted: ReadonlyMap<string, Wanted>,
  signal: AbortSignal,
  note: (key: string, id: string, wish: Wanted) => void,
  failures: Map<CreateChange, Fault>,
): Promise<void> {
  const list = [...wanted]
  if (list.length === 0) return
  const bodies = list.map(([, { body }]) => body)
  const outcomes = await org.api.createAll(object, bodies, `${list.length} customers (${object})`, signal)
  for (const [index, [key, wish]] of list.entries()) {
    const outcome = outcomes[index]
    if (typeof outcome === 'string') note(key, outcome, wish)
    else for (const change of wish.changes) if (outcome !== undefined) failures.set(change, outcome)
  }
}
