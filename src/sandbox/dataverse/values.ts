import { outOfRange, payloadError, tooLong } from './errors.js'
import type { Column, Table } from './metadata-model.js'
import type { Cell } from './row-store.js'

const guidShape = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i
const dateShape = /^\d{4}-\d{2}-\d{2}$/
const momentShape = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2})$/
/** At most this many options may be chosen in one multi-select value. Source: learn.microsoft.com "Choices columns" (read 2023-10). */
const chosenMax = 150

export const isGuid = (text: string): boolean => guidShape.test(text)

export const edmTypes: Readonly<Record<Column['kind'], string>> = {
  text: 'Edm.String',
  memo: 'Edm.String',
  choice: 'Edm.Int32',
  choices: 'Edm.String',
  state: 'Edm.Int32',
  status: 'Edm.Int32',
  yesno: 'Edm.Boolean',
  whole: 'Edm.Int32',
  big: 'Edm.Int64',
  decimal: 'Edm.Decimal',
  double: 'Edm.Double',
  money: 'Edm.Decimal',
  datetime: 'Edm.DateTimeOffset',
  dateonly: 'Edm.Date',
  guid: 'Edm.Guid',
  lookup: 'Edm.Guid',
  customer: 'Edm.Guid',
  owner: 'Edm.Guid',
}

function cannotConvert(table: Table, column: Column, value: unknown): Error {
  return payloadError(
    table.setName,
    `Cannot convert the literal '${typeof value === 'object' ? JSON.stringify(value) : String(value)}' of '${column.name}' to the expected type '${edmTypes[column.kind]}'.`,
  )
}

/** Checks one JSON value against its column and brings it into the form rows keep. Null always passes: whether it may be empty is asked later. */
export function readValue(table: Table, column: Column, value: unknown): Cell {
  if (value === null) return null
  switch (column.kind) {
    case 'text':
    case 'memo':
      return readText(table, column, value)
    case 'yesno':
      if (typeof value !== 'boolean') throw cannotConvert(table, column, value)
      return value
    case 'choice':
    case 'state':
    case 'status':
      return readChoice(table, column, value)
    case 'choices':
      return readChoices(table, column, value)
    case 'whole':
    case 'big':
    case 'decimal':
    case 'double':
    case 'money':
      return readNumber(table, column, value)
    case 'datetime':
      if (typeof value !== 'string' || !momentShape.test(value) || Number.isNaN(Date.parse(value)))
        throw cannotConvert(table, column, value)
      return `${new Date(Date.parse(value)).toISOString().slice(0, 19)}Z`
    case 'dateonly':
      if (typeof value !== 'string' || !isDate(value)) throw cannotConvert(table, column, value)
      return value
    case 'guid':
      if (typeof value !== 'string' || !isGuid(value)) throw cannotConvert(table, column, value)
      return value.toLowerCase()
    case 'lookup':
    case 'customer':
    case 'owner':
      throw payloadError(table.setName, `The lookup '${column.name}' is written through its navigation property with @odata.bind.`)
    default:
      return assertNever(column.kind)
  }
}

export function isDate(text: string): boolean {
  if (!dateShape.test(text)) return false
  const day = new Date(`${text}T00:00:00Z`)
  return !Number.isNaN(day.getTime()) && day.toISOString().startsWith(text)
}

function readText(table: Table, column: Column, value: unknown): Cell {
  if (typeof value !== 'string') throw cannotConvert(table, column, value)
  if (column.maxLength !== null && value.length > column.maxLength) throw tooLong(table.name, column.name, column.maxLength)
  // The service keeps no empty texts: they read back as null.
  return value === '' ? null : value
}

function readChoice(table: Table, column: Column, value: unknown): Cell {
  if (typeof value !== 'number' || !Number.isInteger(value)) throw cannotConvert(table, column, value)
  requireOption(table, column, value)
  return value
}

function requireOption(table: Table, column: Column, value: number): void {
  const options = column.optionSet?.options ?? []
  for (const option of options) if (option.value === value) return
  throw outOfRange(table.name, column.name, value, options.map((option) => option.value).join(','))
}

function readChoices(table: Table, column: Column, value: unknown): Cell {
  if (typeof value !== 'string') throw cannotConvert(table, column, value)
  if (value.trim() === '') return null
  const chosen = [...new Set(value.split(',').map((part) => part.trim()))]
  if (chosen.some((part) => !/^-?\d+$/.test(part))) throw cannotConvert(table, column, value)
  if (chosen.length > chosenMax) throw outOfRange(table.name, column.name, value, `at most ${chosenMax} options`)
  const numbers = chosen.map(Number)
  for (const number of numbers) requireOption(table, column, number)
  return numbers.sort((a, b) => a - b).join(',')
}

function readNumber(table: Table, column: Column, value: unknown): Cell {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw cannotConvert(table, column, value)
  if (column.kind === 'whole' || column.kind === 'big') {
    if (!Number.isInteger(value)) throw cannotConvert(table, column, value)
  }
  if ((column.min !== null && value < column.min) || (column.max !== null && value > column.max)) {
    throw outOfRange(table.name, column.name, value, `${column.min ?? ''} to ${column.max ?? ''}`)
  }
  // Money is rounded when its currency is known.
  return column.kind === 'decimal' || column.kind === 'double' ? roundTo(value, column.precision ?? 2) : value
}

/** Half away from zero, on the decimal text of the number: 1.005 is 1.01 although its binary form is a little less. */
export function roundTo(value: number, digits: number): number {
  const sign = value < 0 ? -1 : 1
  const text = Math.abs(value).toString()
  if (text.includes('e')) return Number(value.toFixed(Math.min(20, digits)))
  const rounded = Math.round(Number(`${text}e${digits}`))
  return sign * Number(`${rounded}e-${digits}`)
}

function assertNever(value: never): never {
  throw new Error(`Not a kind of column: ${String(value)}`)
}
