import { stripCheckMark } from '../../core/conversions.js'
import type { Field, FieldValue, Person, Projection, Solution } from '../../core/deal.js'
import { decodeStage } from '../../core/mapping-stages.js'
import type { Present, Unreadable } from '../../core/ports.js'
import { assertNever, type EndRef, type Ref } from '../../core/ref.js'
import { decodeColumn, type BoundRow, type Codec } from './codec.js'
import { userPerson, userSelect } from './fields.js'
import { readName } from '../column.js'
import { asGuid } from '../guid.js'
import { unique } from '../lists-as-text.js'
import { remedyFor } from '../values.js'
import { AUDIT, DECLINE_REASON, IDENTIFIER, LINK, SYNC, type Place } from './profile.js'
import { etagOf, flagOf, idOf, numberOf, query, rowOf, rowsOf, textOf, type Row } from './row.js'
import type { TableName } from './columns.js'
import { columnIn, type SolutionTable } from './schema.js'
import { packVersion } from './version.js'

const accountColumns = (codec: Codec): string[] => relatedColumns(codec, 'account')
function relatedColumns(codec: Codec, relation: 'account' | 'contact'): string[] {
  return codec.rows.flatMap(({ target }) => (target.kind === 'related' && target.relation === relation ? [readName(target.column)] : []))
}
const has = (codec: Codec, place: Place): boolean => codec.rows.some(({ target }) => target.kind === 'place' && target.place === place)
const list = (names: readonly string[]): string => [...new Set(names)].join(',')

const contactBasics = ['contactid', 'firstname', 'lastname', 'emailaddress1', 'telephone1', 'mobilephone', 'versionnumber']
export const contactSelect = (codec: Codec): string => list([...contactBasics, ...relatedColumns(codec, 'contact')])
export const accountSelect = (codec: Codec): string => list(['accountid', 'name', ...accountColumns(codec), 'versionnumber'])
const solutionSelect = (table: SolutionTable): string =>
  list([table.id, table.columns.solutionId, ...(table.columns.solutionName === null ? [] : [table.columns.solutionName]), 'versionnumber'])
const solutionExpansion = (table: SolutionTable): string => {
  const { catalogue, collection, columns, id } = table
  if (catalogue === null) return `${collection}($select=${solutionSelect(table)})`
  return `${collection}($select=${id},versionnumber;$expand=${catalogue.bind}($select=${columns.solutionId}))`
}

/** The one question whose answer is everything a deal shows on its record: the row, and beside it all rows it is made of. */
export function readQuery(codec: Codec, filter: string | null = null): string {
  if (filter !== null) return query({ $select: list(ownSelect(codec)), $expand: expansions(codec).join(','), $filter: filter })
  const known = questions.get(codec) ?? query({ $select: list(ownSelect(codec)), $expand: expansions(codec).join(',') })
  questions.set(codec, known)
  return known
}
const questions = new WeakMap<Codec, string>() // Asked for every deal, and the same for all of a codec's life.

function ownSelect(codec: Codec): string[] {
  const mapped = codec.rows.flatMap(({ target }) => (target.kind === 'column' ? [readName(target.column)] : []))
  const kept = [SYNC, IDENTIFIER, LINK, AUDIT, DECLINE_REASON].flatMap((name) => columnIn(codec.schema, codec.kind, name)?.name ?? [])
  const person = has(codec, 'person') ? ['firstname', 'lastname', 'emailaddress1', 'telephone1', 'mobilephone'] : []
  const lead = codec.kind === 'lead' ? ['merged', '_masterid_value', '_qualifyingopportunityid_value'] : []
  const stage = codec.mapping.stages[codec.kind].rows.flatMap(({ crm }) => Object.keys(crm))
  return [codec.table.id, 'statecode', 'statuscode', ...stage, 'createdon', 'modifiedon', 'versionnumber', ...mapped, ...kept, ...person, ...lead, ...revenueColumns(codec)]
}

function expansions(codec: Codec): string[] {
  const { schema } = codec
  const owner = `owninguser($select=${userSelect(schema.userPhones)})`
  const currency = 'transactioncurrencyid($select=isocurrencycode)'
  if (codec.kind === 'lead') return [currency, owner]
  const { solutions } = schema
  const account = accountSelect(codec)
  return [
    `parentaccountid($select=${account})`,
    `customerid_account($select=${account})`,
    `parentcontactid($select=${contactSelect(codec)})`,
    currency,
    owner,
    ...(solutions === null ? [] : [solutionExpansion(solutions)]),
  ]
}

/** The rows around a record, as one look saw them. */
interface Around {
  readonly row: Row
  readonly account: Row | null
  readonly contact: Row | null
  readonly solutions: readonly { readonly row: Row; readonly id: string; readonly solution: Solution }[]
}

function around(codec: Codec, row: Row): Around {
  const table = codec.schema.solutions
  const rows = table === null || codec.kind === 'lead' ? [] : rowsOf(row, table.collection)
  return {
    row,
    // The form shows the other of the two, and keeps them alike; who writes only one means the customer.
    account: rowOf(row, 'customerid_account') ?? rowOf(row, 'parentaccountid'),
    contact: rowOf(row, 'parentcontactid'),
    solutions: rows.flatMap((item) => {
      const id = table === null ? null : idOf(item, table.id)
      const holder = table?.catalogue == null ? item : rowOf(item, table.catalogue.bind)
      const solutionId = table === null || holder === null ? null : textOf(holder, table.columns.solutionId)
      if (table === null || id === null || solutionId === null) return []
      const name = table.columns.solutionName === null ? null : textOf(item, table.columns.solutionName)
      return [{ row: item, id, solution: { id: solutionId.trim(), name } }]
    }),
  }
}

/** Imports and people write it in capitals or in braces, and it names the same referral. */
const identifierIn = (text: string | null): string | null => (text === null ? null : (asGuid(text.trim()) ?? text.trim()))

/** Everything one row says about its deal. */
export function presentOf(codec: Codec, ref: EndRef, row: Row): Present {
  const seen = around(codec, row)
  const { deal, unreadable } = dealOf(codec, seen)
  const own = (name: string): string | null => columnIn(codec.schema, codec.kind, name)?.name ?? null
  const identifier = own(IDENTIFIER)
  const audit = own(AUDIT)
  return {
    kind: 'present',
    ref,
    version: versionOf(codec, seen),
    deal,
    otherId: identifier === null ? null : identifierIn(textOf(row, identifier)),
    // Without the switch in this environment nobody can have switched it on.
    sync: switchOf(codec, row) === true,
    category: codec.kind,
    locked: countsItself(codec, row) ? ['details.dealValue'] : [],
    sealed: numberOf(row, 'statecode') !== 0,
    unreadable,
    engagementId: null,
    aliases: [],
    parts: partsOf(seen),
    auditText: audit === null ? null : (textOf(row, audit) ?? ''),
    settlesInMs: 0,
    modifiedAt: instantOf(row, 'modifiedon'),
    createdAt: instantOf(row, 'createdon'),
  }
}

/**
 * An opportunity whose revenue is the sum of its product lines shows an amount that only its lines can change.
 * Source: learn.microsoft.com opportunity table reference, isrevenuesystemcalculated (read 2023-10).
 */
function countsItself(codec: Codec, row: Row): boolean {
  const isEstimate = codec.rows.some(({ field, target }) => field === 'details.dealValue' && target.kind === 'column' && target.column.name === 'estimatedvalue')
  return codec.kind === 'opportunity' && isEstimate && flagOf(row, 'isrevenuesystemcalculated') === true && (numberOf(row, 'totallineitemamount') ?? 0) !== 0
}
/** Where this environment has them. */
const revenueColumns = (codec: Codec): string[] =>
  codec.kind === 'opportunity' ? ['isrevenuesystemcalculated', 'totallineitemamount'].filter((name) => codec.schema.tables.opportunity.columns.has(name)) : []

function instantOf(row: Row, name: string): number | null {
  const text = textOf(row, name)
  const at = text === null ? NaN : Date.parse(text)
  return Number.isNaN(at) ? null : at
}

function partsOf({ account, contact, solutions }: Around): Ref[] {
  const part = (kind: 'account' | 'contact' | 'solution', id: string | null): Ref[] => (id === null ? [] : [{ side: 'crm', kind, id }])
  return [
    ...part('account', account && idOf(account, 'accountid')),
    ...part('contact', contact && idOf(contact, 'contactid')),
    ...solutions.flatMap(({ id }) => part('solution', id)),
  ]
}

/** What the switch of a record says; null where this environment has none. */
export function switchOf(codec: Codec, row: Row): boolean | null {
  const column = columnIn(codec.schema, codec.kind, SYNC)
  return column === null ? null : flagOf(row, column.name) === true
}

const ANY_VERSION = '*' // Of a row around the record that is shown without a version: it must be there, and no more is known of it.

function versionOf(codec: Codec, { row, account, contact, solutions }: Around): Present['version'] {
  const tag = etagOf(row)
  if (tag === null) return null
  const seen = (related: Row | null, id: string): { id: string; etag: string } | null =>
    related === null ? null : { id: idOf(related, id) ?? '', etag: etagOf(related) ?? ANY_VERSION }
  const contactSeen = seen(contact, 'contactid')
  const currency = rowOf(row, 'transactioncurrencyid')
  return packVersion({
    row: tag,
    account: seen(account, 'accountid'),
    contact: contactSeen && { ...contactSeen, email: (contact && textOf(contact, 'emailaddress1')) ?? '' },
    solutions: solutions.map((item) => ({ id: item.id, etag: etagOf(item.row) ?? ANY_VERSION, solution: item.solution.id })),
    currency: currency && textOf(currency, 'isocurrencycode'),
    name: codec.kind === 'opportunity' ? textOf(row, 'name') : textOf(row, 'subject'),
    sync: switchOf(codec, row),
  })
}

function dealOf(codec: Codec, seen: Around): { readonly deal: Projection; readonly unreadable: Unreadable[] } {
  const deal: Partial<Record<Field, FieldValue>> = {}
  const unreadable: Unreadable[] = []
  for (const bound of codec.rows) {
    const { target } = bound
    const read = target.kind === 'place' ? readPlace(codec, target.place, seen) : readColumn(codec, { ...bound, target }, seen)
    if ('unreadable' in read) unreadable.push(read.unreadable)
    else if ('value' in read) deal[bound.field] = read.value
  }
  const chosen = deal.statusReason === null ? chosenReason(codec, seen.row) : null
  if (chosen !== null) deal.statusReason = chosen
  return { deal: deal as Projection, unreadable } // every value was read for its field
}

/** The reason a seller chose from the list, where they wrote none of their own. */
function chosenReason(codec: Codec, row: Row): string | null {
  const column = columnIn(codec.schema, codec.kind, DECLINE_REASON)
  return column?.options?.find(({ value }) => value === row[column.name])?.label ?? null
}

/** `hidden`: the record shows nothing here, and whether there is something is not for the connector to see. */
type Read = { readonly value: FieldValue } | { readonly unreadable: Unreadable } | { readonly hidden: true }

/** Emptiness under column security says nothing: taken for an answer, it would empty the field in Partner Center. */
const mayHide = (codec: Codec, table: TableName, row: Row, columns: readonly string[]): boolean =>
  columns.some((column) => row[column] == null && codec.schema.secured[table].has(column))
const personBasics = ['firstname', 'lastname', 'emailaddress1', 'telephone1'] as const

type ColumnTarget = Extract<BoundRow['target'], { column: unknown }>
function readColumn(codec: Codec, bound: BoundRow & { readonly target: ColumnTarget }, seen: Around): Read {
  const { target } = bound
  const from = target.kind === 'column' ? seen.row : target.relation === 'account' ? seen.account : seen.contact
  const table = target.kind === 'column' ? codec.kind : target.relation
  const raw = from === null ? null : from[readName(target.column)]
  if (from !== null && raw == null && codec.schema.secured[table].has(target.column.name)) return { hidden: true }
  const read = decodeColumn(bound, raw)
  if (read.ok) return { value: bound.field === 'name' && typeof read.value === 'string' ? stripCheckMark(read.value) : read.value }
  return {
    unreadable: {
      field: bound.field,
      shows: String(raw),
      text: `The record's ${target.column.label} cannot be read: ${read.why}`,
      remedy: remedyFor(bound.row, target.column.name),
    },
  }
}

function readPlace(codec: Codec, place: Place, { row, contact, solutions }: Around): Read {
  switch (place) {
    case 'stage':
      return readStage(codec, row)
    case 'currency': {
      const currency = rowOf(row, 'transactioncurrencyid')
      return { value: (currency && textOf(currency, 'isocurrencycode'))?.toUpperCase() ?? null }
    }
    case 'owner': {
      const user = rowOf(row, 'owninguser')
      const person = user === null ? null : userPerson(user, codec.schema.userPhones)
      return { value: person === null ? [] : [person] }
    }
    case 'contact':
      if (contact !== null && mayHide(codec, 'contact', contact, personBasics)) return { hidden: true }
      return { value: contact === null ? [] : personIn(contact) }
    case 'person':
      return mayHide(codec, 'lead', row, personBasics) ? { hidden: true } : { value: personIn(row) }
    case 'solutions':
      return { value: unique(solutions.map(({ solution }) => solution)) }
    default:
      return assertNever(place)
  }
}

export function personIn(row: Row): readonly Person[] {
  const email = textOf(row, 'emailaddress1')
  if (email === null) return []
  return [{ email, firstName: textOf(row, 'firstname'), lastName: textOf(row, 'lastname'), phone: textOf(row, 'telephone1') ?? textOf(row, 'mobilephone') }]
}

function readStage(codec: Codec, row: Row): Read {
  const table = codec.mapping.stages[codec.kind]
  const columns = new Set(table.rows.flatMap(({ crm }) => Object.keys(crm)))
  const shown = Object.fromEntries([...columns].map((column) => [column, scalarIn(row[column])]))
  const read = decodeStage(table, shown, { isOpen: numberOf(row, 'statecode') === 0, text: statusText(codec, row) })
  return 'stage' in read ? { value: read.stage } : read
}
const scalarIn = (value: unknown): string | number | boolean | null =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null

function statusText(codec: Codec, row: Row): string {
  const status = numberOf(row, 'statuscode')
  return columnIn(codec.schema, codec.kind, 'statuscode')?.options?.find(({ value }) => value === status)?.label ?? `status reason ${String(status)}`
}

/** Only what an existing customer shows in place of what was sent: for the receipt of a create that found its account. */
export function relatedDeal(codec: Codec, relation: 'account' | 'contact', related: Row): Projection {
  const deal: Partial<Record<Field, FieldValue>> = {}
  for (const bound of codec.rows) {
    const { target } = bound
    if (target.kind !== 'related' || target.relation !== relation) continue
    const read = decodeColumn({ ...bound, target }, related[readName(target.column)])
    if (read.ok) deal[bound.field] = read.value
  }
  return deal as Projection // every value was read for its field
}

export function solutionsOf(value: FieldValue | undefined): readonly Solution[] {
  return Array.isArray(value) ? (value as readonly Solution[]) : [] // asked for the field of solutions only
}
