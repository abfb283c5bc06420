import { stripCheckMark } from '../../core/conversions.js'
import {
  FIELD_NAMES,
  FIELDS,
  type Field,
  type FieldValue,
  type Person,
  type Projection,
  type Solution,
} from '../../core/deal.js'
import { Fault } from '../../core/fault.js'
import {
  columnOf,
  relationOf,
  sameWords,
  toCrmValue,
  toPartnerValue,
  type MappedKind,
  type Mapping,
  type MappingRow,
} from '../../core/mapping.js'
import { decodeStage, encodeStage } from '../../core/mapping-stages.js'
import { didYouMean } from '../../core/nearest.js'
import { assertNever } from '../../core/ref.js'
import type { Stage } from '../../core/stage.js'
import type { Column, Table, TableName } from './columns.js'
import { inZone, MISFIT } from '../column.js'
import { unique } from '../lists-as-text.js'
import { isPlace, KEPT, OPTIONAL, type Place } from './profile.js'
import { columnIn, precisionOf, tableOf, type Schema } from './schema.js'
import { twiceWritten } from '../twice-written.js'
import { readScalar, toScalar, truncate, valueIn, writeScalar, type Converted } from '../values.js'

/** Where a mapping row lives in this environment. */
export type Target =
  | { readonly kind: 'column'; readonly column: Column }
  | { readonly kind: 'related'; readonly relation: 'account' | 'contact'; readonly column: Column }
  | { readonly kind: 'place'; readonly place: Place }

export interface BoundRow {
  readonly field: Field
  readonly row: MappingRow
  readonly target: Target
}

/** The mapping of one kind of record, bound to the columns that this environment has. */
export interface Codec {
  readonly kind: MappedKind
  readonly mapping: Mapping
  readonly schema: Schema
  readonly table: Table
  readonly rows: readonly BoundRow[]
  /** Rows that a person wrote and that cannot work here: said, never left out in silence. */
  readonly broken: readonly { readonly row: MappingRow; readonly why: string }[]
  /** Built-in rows for which there is no column here. */
  readonly resting: readonly MappingRow[]
  /** Characters of the name that a check mark before it takes away. */
  readonly nameReserve: number
}

export function codecOf(options: {
  readonly mapping: Mapping
  readonly schema: Schema
  readonly kind: MappedKind
  readonly checkMark: boolean
}): Codec {
  const { mapping, schema, kind } = options
  const rows: BoundRow[] = []
  const broken: { row: MappingRow; why: string }[] = []
  const resting: MappingRow[] = []
  const table = tableOf(schema, kind)
  if (table === null) {
    throw new Fault('misconfigured', `This environment has no table "${kind}".`, {
      remedy: 'Install Dynamics 365 Sales in it, or set sync.leads to false.',
    })
  }
  for (const field of FIELD_NAMES) {
    const row = mapping[kind][field]
    if (row === undefined) continue
    const target = bind(schema, kind, row)
    if (typeof target !== 'function') rows.push({ field, row, target: zoned(target, mapping.timeZone) })
    // Built-in rows stand for columns that a package brings; an environment without it simply does not show them.
    else if (row.origin === 'document') broken.push({ row, why: target() })
    else resting.push(row)
  }
  const twice = twiceWritten(rows.map(({ row, target }) => ({ row, columns: writtenIn(kind, target) })))
  broken.push(...rows.flatMap(({ field, row }) => (twice.has(field) ? [{ row, why: twice.get(field) ?? '' }] : [])))
  const working = rows.filter(({ field }) => !twice.has(field))
  return { kind, mapping, schema, table, rows: working, broken, resting, nameReserve: options.checkMark ? 2 : 0 }
}

/** The columns behind a target, each with its table. What a place looks up is no column that a row could have. */
function writtenIn(kind: MappedKind, target: Target): readonly string[] {
  if (target.kind !== 'place') return [`${target.kind === 'related' ? target.relation : kind}.${target.column.name}`]
  const table = target.place === 'contact' ? 'contact' : target.place === 'person' ? 'lead' : null
  return table === null ? [] : Object.values(contactLimits).map((name) => `${table}.${name}`)
}

const zoned = (target: Target, zone: string | null): Target =>
  target.kind === 'place' ? target : { ...target, column: inZone(target.column, zone) }

/** Why a row has no target. Put in words only where somebody reads it: the nearest name among hundreds takes its time to find. */
type Why = () => string

/** The target of a row, or why there is none. */
function bind(schema: Schema, kind: MappedKind, row: MappingRow): Target | Why {
  const place = LOOKED_UP[row.crm] ?? row.crm
  if (isPlace(place)) return bindPlace(schema, kind, row, place)
  const relation = relationOf(row)
  if (relation === null) {
    const column = columnIn(schema, kind, row.crm) ?? assumed(schema, row.crm)
    if (column === null) return noColumn(schema, kind, row.crm)
    return ownKeeping(schema, kind, column) ?? { kind: 'column', column }
  }
  if (kind === 'lead' || (relation !== 'account' && relation !== 'contact')) {
    return () => `"${relation}" is no record that belongs to a ${kind}; ${kind === 'lead' ? 'a lead keeps its customer in its own columns' : 'use "account" or "contact"'}.`
  }
  const column = columnIn(schema, relation, columnOf(row)) ?? assumed(schema, columnOf(row))
  return column === null ? noColumn(schema, relation, columnOf(row)) : { kind: 'related', relation, column }
}

const placesOf: Readonly<Record<Place, readonly MappedKind[]>> = {
  stage: ['opportunity', 'lead'],
  currency: ['opportunity', 'lead'],
  owner: ['opportunity', 'lead'],
  contact: ['opportunity'],
  solutions: ['opportunity'],
  person: ['lead'],
}
const placeFields: Readonly<Record<Place, Field>> = {
  stage: 'status',
  currency: 'details.currency',
  owner: 'team',
  contact: 'customerProfile.team',
  person: 'customerProfile.team',
  solutions: 'details.requirements.solutions',
}
function bindPlace(schema: Schema, kind: MappedKind, row: MappingRow, place: Place): Target | Why {
  if (!placesOf[place].includes(kind)) return () => `"${place}" is not kept on a ${kind}.`
  if (placeFields[place] !== row.field) return () => `"${place}" can only hold ${placeFields[place]}.`
  if (place === 'solutions' && schema.solutions === null) return () => 'this environment has no table of solutions; run "cosell install apply".'
  return { kind: 'place', place }
}

/** Columns that the connector fills itself; null: a row may have this one. */
function ownKeeping(schema: Schema, kind: MappedKind, { name }: Column): Why | null {
  const own = KEPT.some((kept) => columnIn(schema, kind, kept)?.name === name)
  return own ? () => `column "${name}" is kept by the connector itself; give the row another one.` : null
}
/** Lookups behind a place: who names one of them means the place. */
const LOOKED_UP: Readonly<Record<string, Place>> = { transactioncurrencyid: 'currency', ownerid: 'owner', parentcontactid: 'contact' }

/** Before the columns were read, a column that we do not know is taken as it comes, unless it is one that few have. */
function assumed(schema: Schema, name: string): Column | null {
  if (schema.readAt !== null || OPTIONAL.has(name)) return null
  return { name, label: name, type: 'text', maxLength: null, options: null, writable: true, required: false }
}
function noColumn(schema: Schema, table: TableName, name: string): Why {
  return () => `the CRM has no column "${name}" on ${table}.${didYouMean(name, schema.tables[table]?.columns.keys() ?? [])}`
}

/** @throws Fault `misconfigured` naming the rows that cannot work, so that nothing is left out in silence. */
export function assertWorks(codec: Codec): void {
  if (codec.broken.length === 0) return
  const text = codec.broken.map(({ row, why }) => `${codec.kind} > ${row.field}: ${why}`).join(' ')
  throw new Fault('misconfigured', `The mapping does not fit the CRM: ${text}`, {
    code: MISFIT,
    remedy: 'Correct these rows of the mapping, or add the columns to the CRM.',
  })
}

export interface EncodeContext {
  /** Decimal digits of the deal's currency. */
  readonly precision: number
}

/** The wire value of a plain column for a field's value. */
export function encodeColumn(
  codec: Codec,
  bound: BoundRow & { readonly target: { readonly column: Column } },
  value: FieldValue,
  context: EncodeContext,
): Converted<unknown> {
  try {
    const scalar = toCrmValue(bound.row, toScalar(value))
    const { column } = bound.target
    const reserve = bound.field === 'name' ? codec.nameReserve : 0
    const narrowed = reserve === 0 || column.maxLength === null ? column : { ...column, maxLength: column.maxLength - reserve }
    const same = sameWords(bound.field)
    return writeScalar(narrowed, scalar, { ...context, ...(same === undefined ? {} : { same }) })
  } catch (error) {
    if (error instanceof Fault) return { ok: false, why: error.message }
    throw error
  }
}

/** A field's value for what a plain column holds. */
export function decodeColumn(bound: BoundRow & { readonly target: { readonly column: Column } }, raw: unknown): Converted<FieldValue> {
  try {
    const shown = readScalar(bound.target.column, raw)
    if (!shown.ok) return shown
    return valueIn(bound.target.column, FIELDS[bound.field].kind, toPartnerValue(bound.row, shown.value))
  } catch (error) {
    if (error instanceof Fault) return { ok: false, why: error.message }
    throw error
  }
}

export const contactLimits = { firstName: 'firstname', lastName: 'lastname', email: 'emailaddress1', phone: 'telephone1' } as const

/** A person within the limits of the table that will hold them. Nobody without an e-mail: it is what people are told apart by. */
export function fitPerson(schema: Schema, table: 'contact' | 'lead', people: readonly Person[]): Person | null {
  const person = people.find(({ email }) => email.trim() !== '')
  if (person === undefined) return null
  const fit = (text: string | null, column: string): string | null => {
    const cut = text === null ? '' : truncate(text.trim(), columnIn(schema, table, column)?.maxLength ?? null)
    return cut.trim() === '' ? null : cut.trim()
  }
  return {
    // Cut off it would be somebody else's: one that is too long is refused, and the message says so.
    email: person.email.trim(),
    firstName: fit(person.firstName, contactLimits.firstName),
    lastName: fit(person.lastName, contactLimits.lastName),
    phone: fit(person.phone, contactLimits.phone),
  }
}

export function fitSolutions(schema: Schema, solutions: readonly Solution[]): Solution[] {
  const length = schema.solutions?.nameLength ?? null
  return unique(solutions).flatMap(({ id, name }): Solution[] => {
    const key = id.trim()
    if (key === '') return []
    const shown = truncate((name ?? '').trim() === '' ? key : (name ?? key).trim(), length)
    return [{ id: key, name: schema.solutions?.columns.solutionName == null ? null : shown.trim() }]
  })
}

/** What a record of this kind will show of a deal: limits applied, losses taken. Fields this environment has no place for are absent. */
export function canonicalOf(codec: Codec, deal: Projection): Projection {
  const precision = precisionOf(codec.schema, deal['details.currency'] ?? null)
  const shown: Partial<Record<Field, FieldValue>> = {}
  for (const bound of codec.rows) {
    const value = deal[bound.field]
    if (value === undefined) continue
    shown[bound.field] = canonicalField(codec, bound, value, precision)
  }
  return shown as Projection // every value was made for its field
}

function canonicalField(codec: Codec, bound: BoundRow, value: FieldValue, precision: number): FieldValue {
  const { target } = bound
  if (target.kind === 'place') return canonicalPlace(codec, target.place, value)
  const reachable = { ...bound, target }
  const wire = encodeColumn(codec, reachable, value, { precision })
  // A value that the CRM cannot hold stays as it is: the write will say so, and nothing is lost in silence.
  if (!wire.ok) return value
  const shown = decodeColumn(reachable, wire.value)
  if (!shown.ok) return value
  return bound.field === 'name' && typeof shown.value === 'string' ? stripCheckMark(shown.value) : shown.value
}

function canonicalPlace(codec: Codec, place: Place, value: FieldValue): FieldValue {
  switch (place) {
    case 'stage':
      return canonicalStage(codec, value as Stage) // the field of this place is the status
    case 'currency':
      return typeof value === 'string' && value !== '' ? value.trim().toUpperCase() : null
    case 'owner':
      return listOf(fitOwner(value as readonly Person[])) // the field of this place is a list of people
    case 'contact':
      return listOf(fitPerson(codec.schema, 'contact', value as readonly Person[])) // as above
    case 'person':
      return listOf(fitPerson(codec.schema, 'lead', value as readonly Person[])) // as above
    case 'solutions':
      return fitSolutions(codec.schema, value as readonly Solution[]) // the field of this place is the list of solutions
    default:
      return assertNever(place)
  }
}
const listOf = (person: Person | null): readonly Person[] => (person === null ? [] : [person])
/** Users are the CRM's own records; nothing of them is written, so no limits apply. */
const fitOwner = (people: readonly Person[]): Person | null => people.find(({ email }) => email.trim() !== '') ?? null

function canonicalStage(codec: Codec, stage: Stage): Stage {
  const table = codec.mapping.stages[codec.kind]
  const values = encodeStage(table, stage)
  if (values === null) return stage
  const read = decodeStage(table, values, { isOpen: values['statecode'] === 0, text: stage })
  return 'stage' in read ? read.stage : stage
}
