import { labelKey, stripCheckMark } from '../../core/conversions.js'
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
import { decodeStage, encodeStage, type StageTable } from '../../core/mapping-stages.js'
import { didYouMean } from '../../core/nearest.js'
import { assertNever } from '../../core/ref.js'
import type { Stage } from '../../core/stage.js'
import { inZone, MISFIT, type Column } from '../column.js'
import { unique } from '../lists-as-text.js'
import { twiceWritten } from '../twice-written.js'
import { readScalar, toScalar, truncate, valueIn, writeScalar, type Converted } from '../values.js'
import { isPlace, KEPT, OPTIONAL, PERSON, type Place } from './profile.js'
import { fieldIn, objectOf, precisionOf, present, type ObjectName, type Schema } from './schema.js'
import { stageTableOf } from './stages.js'

/** Where a mapping row lives in this org. */
export type Target =
  | { readonly kind: 'field'; readonly column: Column }
  | { readonly kind: 'related'; readonly relation: 'account' | 'contact'; readonly column: Column }
  | { readonly kind: 'place'; readonly place: Place }
export interface BoundRow {
  readonly field: Field
  readonly row: MappingRow
  readonly target: Target
}
type ColumnRow = BoundRow & { readonly target: { readonly column: Column } }

/** The mapping of one kind of record, bound to the fields that this org has. */
export interface Codec {
  readonly kind: MappedKind
  readonly object: ObjectName
  readonly mapping: Mapping
  readonly schema: Schema
  readonly stages: StageTable
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
  if (kind === 'lead' && schema.objects.Lead === null) {
    throw new Fault('misconfigured', "The connector's user sees no leads in this org.", {
      remedy: 'Give it access to leads, or set sync.leads to false.',
    })
  }
  const rows: BoundRow[] = []
  const broken: { row: MappingRow; why: string }[] = []
  const resting: MappingRow[] = []
  for (const field of FIELD_NAMES) {
    const row = mapping[kind][field]
    if (row === undefined) continue
    const target = bind(schema, kind, row)
    if (typeof target !== 'function') rows.push({ field, row, target: zoned(target, mapping.timeZone) })
    // Built-in rows stand for fields that a package brings; an org without it simply does not show them.
    else if (row.origin === 'document') broken.push({ row, why: target() })
    else resting.push(row)
  }
  const twice = twiceWritten(rows.map(({ row, target }) => ({ row, columns: writtenIn(kind, target) })))
  broken.push(...rows.flatMap(({ field, row }) => (twice.has(field) ? [{ row, why: twice.get(field) ?? '' }] : [])))
  const stages = stageTableOf(schema, mapping.stages[kind], kind)
  return {
    kind,
    object: objectOf(kind),
    mapping,
    schema,
    stages,
    rows: rows.filter(({ field }) => !twice.has(field)),
    broken,
    resting,
    nameReserve: options.checkMark && kind === 'opportunity' ? 2 : 0,
  }
}

/** The fields behind a target, each with its object. What a place looks up is no field that a row could have. */
function writtenIn(kind: MappedKind, target: Target): readonly string[] {
  if (target.kind !== 'place') return [`${objectOf(target.kind === 'related' ? target.relation : kind)}.${target.column.name}`]
  const object = target.place === 'contact' ? 'Contact' : target.place === 'person' ? 'Lead' : null
  return object === null ? [] : PERSON.map((name) => `${object}.${name}`)
}

/** With the lists of states and countries switched on, an address takes codes in fields of their own. */
const CODED: ReadonlySet<string> = new Set(
  ['Billing', 'Shipping', 'Mailing', 'Other', ''].flatMap((prefix) => [`${prefix}Country`, `${prefix}State`]),
)

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
    const column = columnFor(schema, objectOf(kind), row.crm)
    if (column === null) return noField(schema, objectOf(kind), row.crm)
    return ownKeeping(schema, objectOf(kind), column) ?? { kind: 'field', column }
  }
  if (kind === 'lead' || (relation !== 'account' && relation !== 'contact')) {
    return () => `"${relation}" is no record that belongs to a ${kind}; ${kind === 'lead' ? 'a lead keeps its customer in its own fields' : 'use "account" or "contact"'}.`
  }
  const column = columnFor(schema, objectOf(relation), columnOf(row))
  return column === null ? noField(schema, objectOf(relation), columnOf(row)) : { kind: 'related', relation, column }
}
/** Fields that the connector fills itself; null: a row may have this one. */
function ownKeeping(schema: Schema, object: ObjectName, { name }: Column): Why | null {
  const own = KEPT.some((kept) => fieldIn(schema, object, kept)?.name === name)
  return own ? () => `field "${name}" is kept by the connector itself; give the row another one.` : null
}
/** Fields behind a place: who names one of them means the place. */
const LOOKED_UP: Readonly<Record<string, Place>> = { CurrencyIsoCode: 'currency', OwnerId: 'owner', ContactId: 'contact' }

function columnFor(schema: Schema, object: ObjectName, name: string): Column | null {
  const code = CODED.has(name) ? fieldIn(schema, object, `${name}Code`) : null
  // The options are labelled by names, in the org's language; what is kept and shown are the codes themselves.
  if (code !== null) return name.endsWith('Country') ? { ...code, type: 'text', maxLength: 2, options: null } : { ...code, type: 'text', maxLength: null }
  const column = fieldIn(schema, object, name)
  if (column !== null || schema.readAt !== null || OPTIONAL.has(name)) return column
  return { name, label: name, type: 'text', maxLength: null, options: null, writable: true, required: false }
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
  if (place === 'solutions' && schema.solutions === null && schema.readAt !== null)
    return () => 'this org has no object of solutions; run "cosell install apply".'
  // A person whose phone is hidden would look like one whose phone somebody took out.
  const object = place === 'contact' ? 'Contact' : 'Lead'
  const hidden = place === 'contact' || place === 'person' ? PERSON.filter((name) => !present(schema, object, PERSON).includes(name)) : []
  if (hidden.length > 0) return () => `"${place}" needs ${hidden.join(', ')} of ${object}, which the org hides from the connector's user.`
  return { kind: 'place', place }
}
const noField = (schema: Schema, object: ObjectName, name: string): Why => () =>
  `the org has no field "${name}" on ${object}, or hides it from the connector's user.${didYouMean(name, schema.objects[object]?.keys() ?? [])}`

/** @throws Fault `misconfigured` naming the rows that cannot work, so that nothing is left out in silence. */
export function assertWorks(codec: Codec): void {
  if (codec.broken.length === 0) return
  const text = codec.broken.map(({ row, why }) => `${codec.kind} > ${row.field}: ${why}`).join(' ')
  throw new Fault('misconfigured', `The mapping does not fit the CRM: ${text}`, {
    code: MISFIT,
    remedy: 'Correct these rows of the mapping, or add the fields to the org.',
  })
}

/** The wire value of a plain field for a deal's value. */
export function encodeColumn(
  codec: Codec,
  bound: ColumnRow,
  value: FieldValue,
  context: { readonly precision: number },
): Converted<unknown> {
  try {
    const scalar = toCrmValue(bound.row, toScalar(value))
    const { column } = bound.target
    const reserve = bound.field === 'name' ? codec.nameReserve : 0
    // The list of states: its code, or its name, and nothing else.
    if (column.type === 'text' && column.options !== null && scalar !== null && scalar !== '') return codeIn(column, String(scalar))
    const narrowed = reserve === 0 || column.maxLength === null ? column : { ...column, maxLength: column.maxLength - reserve }
    // A checkbox knows no "nothing".
    if (column.type === 'flag' && (scalar === null || scalar === '')) return { ok: true, value: false }
    const same = sameWords(bound.field)
    return writeScalar(narrowed, scalar, { ...context, ...(same === undefined ? {} : { same }) })
  } catch (error) {
    if (error instanceof Fault) return { ok: false, why: error.message }
    throw error
  }
}

function codeIn(column: Column, text: string): Converted<unknown> {
  const key = labelKey(text)
  const options = column.options ?? []
  const found = options.find(({ value }) => labelKey(String(value)) === key) ?? options.find(({ label }) => labelKey(label) === key)
  if (found !== undefined) return { ok: true, value: found.value }
  return { ok: false, why: `"${text}" is not in the org's list of ${column.label} (Setup, State and Country/Territory Picklists).` }
}

/** A deal's value for what a plain field holds. */
export function decodeColumn(bound: ColumnRow, raw: unknown): Converted<FieldValue> {
  try {
    // Times come with an offset without a colon, which only some readers take.
    const text = bound.target.column.type === 'instant' && typeof raw === 'string' ? raw.replace(/([+-]\d{2})(\d{2})$/, '$1:$2') : raw
    const shown = readScalar(bound.target.column, text)
    return shown.ok ? valueIn(bound.target.column, FIELDS[bound.field].kind, toPartnerValue(bound.row, shown.value)) : shown
  } catch (error) {
    if (error instanceof Fault) return { ok: false, why: error.message }
    throw error
  }
}

/** A person within the limits of the object that will hold them. Nobody without an e-mail: it is what people are told apart by. */
export function fitPerson(schema: Schema, object: 'Contact' | 'Lead', people: readonly Person[]): Person | null {
  const person = people.find(({ email }) => email.trim() !== '')
  if (person === undefined) return null
  const fit = (text: string | null, name: string): string | null => {
    const cut = text === null ? '' : truncate(text.trim(), fieldIn(schema, object, name)?.maxLength ?? null)
    return cut.trim() === '' ? null : cut.trim()
  }
  // A contact must have a last name; the part of the address before the @ is the best there is.
  const lastName = fit(person.lastName, 'LastName') ?? fit(person.email.split('@')[0] ?? person.email, 'LastName')
  return {
    // Cut off it would be somebody else's: one that is too long is refused, and the message says so.
    email: person.email.trim().toLowerCase(),
    firstName: fit(person.firstName, 'FirstName'),
    lastName,
    phone: fit(person.phone, 'Phone'),
  }
}
export const fitSolutions = (solutions: readonly Solution[]): readonly Solution[] =>
  unique(solutions.map(({ id, name }) => ({ id: id.trim(), name })))

/** What a record of this kind will show of a deal: limits applied, losses taken. Fields this org has no place for are absent. */
export function canonicalOf(codec: Codec, deal: Projection): Projection {
  const precision = precisionOf(codec.schema, deal['details.currency'] ?? null)
  const shown: Partial<Record<Field, FieldValue>> = {}
  for (const bound of codec.rows) {
    const value = deal[bound.field]
    if (value !== undefined) shown[bound.field] = canonicalField(codec, bound, value, precision)
  }
  return shown as Projection // every value was made for its field
}

function canonicalField(codec: Codec, bound: BoundRow, value: FieldValue, precision: number): FieldValue {
  const { target } = bound
  if (target.kind === 'place') return canonicalPlace(codec, target.place, value)
  const wire = encodeColumn(codec, { ...bound, target }, value, { precision })
  // A value that the org cannot hold stays as it is: the write will say so, and nothing is lost in silence.
  if (!wire.ok) return value
  const shown = decodeColumn({ ...bound, target }, trimmed(wire.value))
  if (!shown.ok) return value
  return bound.field === 'name' && typeof shown.value === 'string' ? stripCheckMark(shown.value) : shown.value
}
/** Salesforce trims what it stores. */
export const trimmed = (value: unknown): unknown => (typeof value === 'string' ? value.trim() : value)

function canonicalPlace(codec: Codec, place: Place, value: FieldValue): FieldValue {
  const listOf = (person: Person | null): readonly Person[] => (person === null ? [] : [person])
  switch (place) {
    case 'stage':
      return canonicalStage(codec, value as Stage) // the field of this place is the status
    case 'currency':
      return typeof value === 'string' && value !== '' ? value.trim().toUpperCase() : null
    case 'owner':
      return ownersIn(codec, value as readonly Person[]) // a list of people
    case 'contact':
      return listOf(fitPerson(codec.schema, 'Contact', value as readonly Person[])) // as above
    case 'person':
      return listOf(fitPerson(codec.schema, 'Lead', value as readonly Person[])) // as above
    case 'solutions':
      return fitSolutions(value as readonly Solution[]) // the field of this place is the list of solutions
    default:
      return assertNever(place)
  }
}

/** The owner, and where the org has teams everybody else. */
function ownersIn(codec: Codec, people: readonly Person[]): readonly Person[] {
  const named = unique(people.filter(({ email }) => email.trim() !== ''))
  return codec.kind === 'opportunity' && codec.schema.team?.writable === true ? named : named.slice(0, 1)
}

function canonicalStage(codec: Codec, stage: Stage): Stage {
  const values = encodeStage(codec.stages, stage)
  if (values === null) return stage
  const read = decodeStage(codec.stages, values, { isOpen: !stage.startsWith('Closed/'), text: stage })
  return 'stage' in read ? read.stage : stage
}
