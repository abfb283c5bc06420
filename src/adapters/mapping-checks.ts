import { isEmptyCode, type Scalar } from '../core/conversions.js'
import { FIELDS, HELP, type Field, type ValueKind } from '../core/deal.js'
import { Fault } from '../core/fault.js'
import { KNOWN_WORDS } from '../core/known-words.js'
import { PARTNER_TAKES, sameWords, toCrmValue, toPartnerValue, VALUE_AS, type MappedKind, type MappingRow } from '../core/mapping.js'
import type { ValueType } from '../core/expression.js'
import { didYouMean } from '../core/nearest.js'
import type { Check } from '../core/ports.js'
import { isClosedLookup, type Column, type ColumnType } from './column.js'
import { writeScalar, type Converted } from './values.js'

/** One row of the mapping as it stands in this CRM. `column` null: a place, which is looked up and needs no check. */
export interface CheckedRow {
  readonly field: Field
  readonly row: MappingRow
  readonly column: Column | null
}
/** A constant for new records. `column` null: there is none of this name; `names`: those that there are. */
export interface CheckedDefault {
  readonly table: string
  readonly name: string
  readonly value: Scalar
  readonly column: Column | null
  readonly names: Iterable<string>
}
export interface CheckedMapping {
  readonly kind: MappedKind
  readonly rows: readonly CheckedRow[]
  /** Rows that a person wrote and that have no column here, with the reason. */
  readonly broken: readonly { readonly row: MappingRow; readonly why: string }[]
  /** Built-in rows whose column this CRM does not have: they rest. */
  readonly resting: readonly MappingRow[]
  readonly defaults: readonly CheckedDefault[]
  /** What this CRM calls a column. */
  readonly word: 'column' | 'field'
}

interface Finding {
  readonly status: 'warn' | 'fail'
  readonly why: string
  readonly remedy: string
}
const fail = (why: string, remedy: string): Finding => ({ status: 'fail', why, remedy })
const warn = (why: string, remedy: string): Finding => ({ status: 'warn', why, remedy })

/** Whether each row fits the column that it names: one line when all do, else a line for every row that does not. */
export function mappingChecks(given: CheckedMapping): Check[] {
  const name = `Mapping of ${given.kind === 'lead' ? 'leads' : 'opportunities'}`
  const line = (where: string, { status, why, remedy }: Finding): Check => ({ name: `${name}: ${where}`, status, detail: why, remedy })
  const found = [
    ...given.broken.map(({ row, why }) => line(row.field, fail(sentence(why), 'Correct "crm" of this row, or add it to the CRM.'))),
    ...given.rows.flatMap((row) => rowFindings(row, given.word).map((finding) => line(row.field, finding))),
    ...given.defaults.flatMap((one) => defaultFindings(one, given.word).map((finding) => line(`defaults > ${one.table} > ${one.name}`, finding))),
  ]
  const resting = given.resting.map(({ field, crm }) => `${field} (${crm})`)
  const rest: Check[] =
    resting.length === 0
      ? []
      : [{ name: `${name}, optional rows`, status: 'pass', detail: `Not carried, for want of a ${given.word}: ${resting.join(', ')}.`, remedy: null }]
  if (found.some(({ status }) => status === 'fail')) return [...found, ...rest]
  return [{ name, status: 'pass', detail: `Every row has a ${given.word} that takes its values.`, remedy: null }, ...found, ...rest]
}
const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`

const writes = ({ row }: CheckedRow): boolean => row.flow !== 'to-partner'
const reads = ({ field, row }: CheckedRow): boolean => row.flow !== 'to-crm' && FIELDS[field].partner !== 'read'

function rowFindings(checked: CheckedRow, word: string): Finding[] {
  const { column } = checked
  if (column === null) return []
  const named = `${sentence(word)} "${column.name}"`
  if (column.type === 'other' || isClosedLookup(column)) {
    const why = column.type === 'other' ? 'is of a kind the connector does not write' : 'points to rows that are no list: of several tables, or more than 2000'
    return [fail(`${named} ${why}.`, `Give the row another ${word}.`)]
  }
  const access = accessFindings(checked, named)
  const there = writes(checked) ? writeFindings(checked, column, named) : []
  const fits = [...there, ...(reads(checked) ? readFindings(checked, column, named) : [])]
  const distinct = fits.filter(({ why }, index) => fits.findIndex((other) => other.why === why) === index)
  return [...access, ...(distinct.length > 0 ? distinct : choiceFindings(checked, column, named))]
}

function accessFindings(checked: CheckedRow, named: string): Finding[] {
  const { column, field } = checked
  const secured = column?.secured
  const way = FIELDS[field].partner === 'read' ? 'Give the row another one, or leave the row out.' : 'Use "flow: to-partner", or give the row another one.'
  const grant = "Give the connector's user a column security profile that allows it."
  return [
    ...(column?.writable === false && writes(checked) ? [fail(`${named} cannot be written.`, way)] : []),
    ...(secured?.canWrite === false && writes(checked) ? [fail(`${named} is secured, and the connector's user may not write it.`, grant)] : []),
    ...(secured?.canRead === false ? [fail(`${named} is secured, and the connector's user sees it empty.`, grant)] : []),
  ]
}

/** What a column of each type holds of a deal without any conversion. */
const HOLDS: Readonly<Record<ColumnType, readonly ValueKind[]>> = {
  text: ['text', 'choice', 'currency', 'date', 'instant', 'flag', 'people', 'solutions'],
  memo: ['text', 'choice', 'currency', 'date', 'instant', 'flag', 'people', 'solutions'],
  money: ['money'],
  number: ['money', 'choice'],
  integer: ['money', 'choice'],
  flag: ['flag'],
  date: ['date'],
  instant: ['date', 'instant'],
  choice: ['text', 'choice', 'flag', 'currency'],
  lookup: ['text', 'choice', 'currency'],
  other: [],
}
const HOLDS_WORDS: Readonly<Record<ColumnType, string>> = {
  text: 'texts and no amounts',
  memo: 'texts and no amounts',
  money: 'amounts',
  number: 'numbers',
  integer: 'whole numbers',
  flag: 'yes or no',
  date: 'dates',
  instant: 'times',
  choice: 'one of its options',
  lookup: 'one of the rows it points to',
  other: 'nothing the connector knows',
}
/** How an expression sees what a column holds. */
const SEEN_AS: Readonly<Record<ColumnType, ValueType>> = {
  text: 'string',
  memo: 'string',
  money: 'double',
  number: 'double',
  integer: 'double',
  flag: 'bool',
  date: 'string',
  instant: 'string',
  choice: 'string',
  lookup: 'string',
  other: 'string',
}
/** What an expression must give for a column; `dyn` shows only with a value. */
const COLUMN_TAKES: Readonly<Record<ColumnType, readonly string[]>> = {
  text: ['string', 'int', 'uint', 'double', 'bool'],
  memo: ['string', 'int', 'uint', 'double', 'bool'],
  money: ['double', 'int', 'uint', 'string'],
  number: ['double', 'int', 'uint', 'string'],
  integer: ['double', 'int', 'uint', 'string'],
  flag: ['bool', 'string'],
  date: ['string'],
  instant: ['string'],
  choice: ['string', 'int', 'uint', 'double', 'bool'],
  lookup: ['string'],
  other: [],
}

function misfit({ field }: CheckedRow, column: Column, named: string): Finding[] {
  const { kind } = FIELDS[field]
  if (HOLDS[column.type].includes(kind)) return []
  const remedy = 'Give the row one that fits, or convert it with "toCrm" and "toPartner".'
  return [fail(`${named} holds ${HOLDS_WORDS[column.type]}; this field is ${KIND_WORDS[kind]}.`, remedy)]
}
const KIND_WORDS: Readonly<Record<ValueKind, string>> = {
  text: 'a text',
  choice: 'a word of a list',
  currency: 'a currency',
  date: 'a date',
  instant: 'a time',
  money: 'an amount',
  flag: 'yes or no',
  stage: 'a status',
  people: 'a list of people',
  solutions: 'a list of solutions',
}

function writeFindings(checked: CheckedRow, column: Column, named: string): Finding[] {
  const { row, field } = checked
  if (row.toCrm !== null) {
    const typed = row.toCrm.typeFor(VALUE_AS[FIELDS[field].kind])
    if (!typed.ok) return [fail(`"toCrm": ${typed.why}`, 'Correct the expression.')]
    if (typed.type === 'dyn' || COLUMN_TAKES[column.type].includes(typed.type)) return []
    return [fail(`"toCrm" gives a ${typed.type}, and ${named.charAt(0).toLowerCase()}${named.slice(1)} holds ${HOLDS_WORDS[column.type]}.`, 'Correct the expression.')]
  }
  if (row.values === null) return misfit(checked, column, named)
  return Object.values(row.values).flatMap((value) => {
    const wire = writeScalar(column, value, { precision: 4 })
    return wire.ok ? [] : [fail(wire.why, `Correct the value in "values" of this row, or add it to the CRM.`)]
  })
}

function readFindings(checked: CheckedRow, column: Column, named: string): Finding[] {
  const { row, field } = checked
  if (row.toPartner === null) return row.values === null ? misfit(checked, column, named) : []
  const typed = row.toPartner.typeFor(SEEN_AS[column.type])
  if (!typed.ok) return [fail(`"toPartner": ${typed.why}`, `${named} gives it ${SEEN_AS[column.type]}; correct the expression.`)]
  const { kind } = FIELDS[field]
  if (typed.type === 'dyn' || PARTNER_TAKES[kind].includes(typed.type)) return []
  return [fail(`"toPartner" gives a ${typed.type}; this field is ${KIND_WORDS[kind]}.`, 'Correct the expression.')]
}

/** Every word of Partner Center has an option, and every option a word. */
function choiceFindings(checked: CheckedRow, column: Column, named: string): Finding[] {
  const { row, field } = checked
  const words = [...new Set([...Object.keys(row.values ?? {}), ...(KNOWN_WORDS[field] ?? [])])]
  const findings = writes(checked) ? words.flatMap((word) => missingOption(checked, column, word)) : []
  const passed = row.values === null ? [] : words.filter((word) => passesAsItIs(row, word) && !findings.some(({ why }) => why.includes(`"${word}"`)))
  if (passed.length > 0 && row.toCrm === null)
    findings.push(warn(`"values" leaves out ${passed.join(', ')}: written as ${passed.length === 1 ? 'it is' : 'they are'}.`, 'Add them to "values" of this row, if the CRM has words for them.'))
  if (column.options === null) return findings
  const left = reads(checked) ? column.options.filter(({ label }) => !hasMeaning(row, label)).map(({ label }) => `"${label}"`) : []
  if (left.length > 0) findings.push(fail(`${named} has options that mean nothing in Partner Center: ${left.slice(0, 12).join(', ')}.`, 'Add them to "values" of this row, or use "flow: to-crm".'))
  if (FIELDS[field].kind === 'text' && writes(checked) && row.values === null && row.toCrm === null)
    findings.push(warn(`${named} takes its ${column.options.length} ${column.type === 'lookup' ? 'rows' : 'options'} only: any other text stops its deal.`, 'Give the row a text, if other texts may come.'))
  return findings
}

function missingOption({ row, field }: CheckedRow, column: Column, word: string): Finding[] {
  const wire = attempt(() => toCrmValue(row, word), (scalar) => writeScalar(column, scalar, { precision: 4, ...sameOption(field) }))
  if (wire.ok) return []
  return [fail(`"${word}" of Partner Center: ${wire.why}`, 'Add the option in the CRM, or say in "values" of this row which one it is.')]
}
const sameOption = (field: Field): { same?: (a: string, b: string) => boolean } => {
  const same = sameWords(field)
  return same === undefined ? {} : { same }
}

const passesAsItIs = (row: MappingRow, word: string): boolean => !Object.hasOwn(row.values ?? {}, word)

/** What Partner Center takes where a word must be a code. */
const SHAPES: Readonly<Record<string, RegExp>> = { 'customerProfile.address.country': /^[A-Z]{2}$/, currency: /^[A-Z]{3}$/ }

/** Whether what an option says can be read as a word of Partner Center. */
function hasMeaning(row: MappingRow, label: string): boolean {
  const read = attempt(() => toPartnerValue(row, label), (value): Converted<Scalar> => ({ ok: true, value }))
  if (!read.ok) return false
  const shape = SHAPES[FIELDS[row.field].kind === 'currency' ? 'currency' : row.field]
  if (shape !== undefined) return read.value === null || shape.test(String(read.value))
  const known = row.field === HELP ? KNOWN_WORDS[HELP] : row.values === null || row.toPartner !== null ? undefined : Object.keys(row.values)
  if (known === undefined || read.value === null || isEmptyCode(label)) return true
  return known.includes(String(read.value))
}

function attempt<T, U>(convert: () => T, then: (value: T) => Converted<U>): Converted<U> {
  try {
    return then(convert())
  } catch (error) {
    if (error instanceof Fault) return { ok: false, why: error.message }
    throw error
  }
}

function defaultFindings({ table, name, value, column, names }: CheckedDefault, word: string): Finding[] {
  if (column === null) return [fail(`The CRM has no ${word} "${name}" on ${table}.${didYouMean(name, names)}`, 'Correct the name, or leave the constant out.')]
  if (!column.writable) return [fail(`${sentence(word)} "${name}" cannot be written.`, 'Leave the constant out.')]
  const wire = writeScalar(column, value, { precision: 4 })
  return wire.ok ? [] : [fail(wire.why, 'Correct the constant.')]
}
