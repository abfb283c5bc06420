import { dateOnly, noonUtc } from '../core/calendar.js'
import { codeOf, labelKey, type Scalar } from '../core/conversions.js'
import { roundMoney } from '../core/money.js'
import type { FieldValue, Person, Solution, ValueKind } from '../core/deal.js'
import type { MappingRow } from '../core/mapping-row.js'
import { assertNever } from '../core/ref.js'
import { isClosedLookup, type Column } from './column.js'
import { peopleIn, peopleText, solutionsIn, solutionsText } from './lists-as-text.js'

/** What became of a value on its way: the value, or why it cannot be. */
export type Converted<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string }
const done = <T>(value: T): Converted<T> => ({ ok: true, value })
const failed = (why: string): { readonly ok: false; readonly why: string } => ({ ok: false, why })

/** A cut must not split a character that needs two code units. */
export function truncate(text: string, length: number | null): string {
  if (length === null || text.length <= length) return text
  const cut = text.slice(0, length)
  return /[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut
}

/** What a column shows, before its meaning: a choice shows its label. */
export function readScalar(column: Column, raw: unknown): Converted<Scalar> {
  if (raw === null || raw === undefined) return done(null)
  if (column.type === 'choice' || column.type === 'lookup') {
    const option = column.options?.find(({ value }) => value === raw)
    // A named option that was taken from the list later still says what it says; a number says nothing.
    if (option === undefined && typeof raw === 'string' && column.type === 'choice') return done(raw)
    if (option === undefined) return failed(`${String(raw)} of column "${column.name}" is not among its ${optionsWord(column)}.`)
    return done(option.label)
  }
  if (typeof raw === 'string' || typeof raw === 'number' || typeof raw === 'boolean') return done(raw)
  return failed(`Column "${column.name}" shows something that is neither text nor number.`)
}

/** What to do about a column whose value has no meaning in the mapping. */
export function remedyFor({ field, toPartner }: Pick<MappingRow, 'field' | 'toPartner'>, column: string): string {
  const row = `the row "${field}" of the mapping`
  if (toPartner !== null) return `Correct "toPartner" of ${row}, or the column "${column}".`
  return `Add the value to "values" of ${row}, or correct the column "${column}".`
}

const optionsWord = ({ type }: Column): string => (type === 'lookup' ? 'rows (a new one is seen within ten minutes)' : 'options')

const decimal = /^[+-]?\d+(?:\.\d+)?$/
const yes = new Set(['yes', 'true', '1'])
const no = new Set(['no', 'false', '0'])

/** Gives a scalar the shape of its field. */
export function toFieldValue(kind: ValueKind, scalar: Scalar): Converted<FieldValue> {
  if (scalar === null || scalar === '') {
    // Rows older than a Yes/No column show nothing in it, which means no.
    return done(kind === 'people' || kind === 'solutions' ? [] : kind === 'flag' ? false : null)
  }
  switch (kind) {
    case 'text':
    case 'choice':
      return done(String(scalar))
    case 'currency':
      return done(String(scalar).trim().toUpperCase())
    case 'date':
      return /^\d{4}-\d{2}-\d{2}/.test(String(scalar)) ? done(String(scalar).slice(0, 10)) : failed(`"${String(scalar)}" is no date.`)
    case 'instant':
      return Number.isNaN(Date.parse(String(scalar))) ? failed(`"${String(scalar)}" is no time.`) : done(wholeSeconds(String(scalar)))
    case 'money':
      return typeof scalar === 'number' ? done(scalar) : decimal.test(String(scalar).trim()) ? done(Number(scalar)) : failed(`"${String(scalar)}" is no amount.`)
    case 'flag':
      return toFlag(scalar)
    case 'people':
      return done(peopleIn(String(scalar)))
    case 'solutions':
      return done(solutionsIn(String(scalar)))
    case 'stage':
      return failed('A status is kept in the columns of the "stages" only.')
    default:
      return assertNever(kind)
  }
}

function toFlag(scalar: Scalar): Converted<boolean> {
  if (typeof scalar === 'boolean') return done(scalar)
  const key = labelKey(String(scalar))
  return yes.has(key) ? done(true) : no.has(key) ? done(false) : failed(`"${String(scalar)}" is neither yes nor no.`)
}

const wholeSeconds = (text: string): string => new Date(Date.parse(text)).toISOString().replace(/\.\d{3}Z$/, 'Z')

/** What a column says as the value of a field: the day of a time is the one that people in their zone see. */
export function valueIn(column: Column, kind: ValueKind, scalar: Scalar): Converted<FieldValue> {
  const isDay = kind === 'date' && column.type === 'instant' && column.zone !== undefined && typeof scalar === 'string'
  return toFieldValue(kind, isDay ? dateOnly(scalar, column.zone ?? null) : scalar)
}

/** A field's value as one scalar; lists become text for people. */
export function toScalar(value: FieldValue): Scalar {
  if (value === null || typeof value !== 'object') return value
  const [first] = value
  if (first === undefined) return null
  // A list holds people or solutions, never both; the first tells which.
  return 'email' in first ? peopleText(value as readonly Person[]) : solutionsText(value as readonly Solution[])
}

/** How a value is written. `same`: whether an option's label says the same as a word, beyond its spelling: `Germany` and `DE`. */
export interface WriteOptions {
  readonly precision: number
  readonly same?: (label: string, word: string) => boolean
}

/** The wire form of a scalar for a column, within the column's limits. */
export function writeScalar(column: Column, scalar: Scalar, options: WriteOptions): Converted<unknown> {
  if (scalar === null || scalar === '') return done(null)
  switch (column.type) {
    case 'text':
    case 'memo':
      return done(typeof scalar === 'boolean' ? (scalar ? 'Yes' : 'No') : truncate(String(scalar), column.maxLength))
    case 'money':
    case 'number':
    case 'integer': {
      const amount = typeof scalar === 'number' ? scalar : decimal.test(String(scalar).trim()) ? Number(scalar) : null
      if (amount === null) return failed(`Column "${column.name}" takes a number, not "${String(scalar)}".`)
      return done(roundMoney(amount, column.type === 'integer' ? 0 : Math.min(options.precision, column.scale ?? options.precision)))
    }
    case 'flag': {
      const flag = toFlag(scalar)
      return flag.ok ? flag : failed(`Column "${column.name}" takes yes or no, not "${String(scalar)}".`)
    }
    case 'date':
      return /^\d{4}-\d{2}-\d{2}/.test(String(scalar)) ? done(String(scalar).slice(0, 10)) : failed(`Column "${column.name}" takes a date, not "${String(scalar)}".`)
    case 'instant':
      return writeInstant(column, String(scalar))
    case 'choice':
      return writeChoice(column, scalar, options.same)
    case 'lookup':
      if (!isClosedLookup(column)) return writeChoice(column, scalar, options.same)
      return failed(`Column "${column.name}" points to rows that are no list: of several tables, or more than can be read.`)
    case 'other':
      return failed(`Column "${column.name}" is of a kind the connector does not write.`)
    default:
      return assertNever(column.type)
  }
}

/** A day without a time becomes noon in the people's zone, which is the same day in almost every other. */
function writeInstant(column: Column, text: string): Converted<unknown> {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return done(noonUtc(text, column.zone ?? 'UTC'))
  return Number.isNaN(Date.parse(text)) ? failed(`Column "${column.name}" takes a time, not "${text}".`) : done(wholeSeconds(text))
}

/** Options are found by their label, in any spelling, or by their number; never by a number we carry. */
function writeChoice(column: Column, scalar: Scalar, same: WriteOptions['same']): Converted<unknown> {
  const word = String(scalar)
  const key = labelKey(word)
  const option =
    column.options?.find(({ label }) => labelKey(label) === key) ??
    column.options?.find(({ label }) => labelKey(codeOf(label)) === labelKey(codeOf(word))) ??
    (same === undefined ? undefined : column.options?.find(({ label }) => same(label, word))) ??
    (column.type === 'lookup' ? undefined : column.options?.find(({ value }) => String(value) === word))
  if (option !== undefined) return done(option.value)
  return failed(`Column "${column.name}" has no ${column.type === 'lookup' ? 'row' : 'option'} "${word}"${namesOf(column)}.`)
}

const namesMost = 12 // More names than these help nobody in a message.
function namesOf({ options }: Column): string {
  if (options === null || options.length === 0) return ''
  const more = options.length - namesMost
  const names = options.slice(0, namesMost).map(({ label }) => label)
  return ` (it has ${names.join(', ')}${more > 0 ? ` and ${more} more` : ''})`
}

/** Whether a column of a CRM, as it was read, holds nothing that somebody could have put there. */
export const holdsNothing = (value: unknown): boolean => value === null || value === undefined || value === '' || value === false
