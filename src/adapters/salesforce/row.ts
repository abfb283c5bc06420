import { Fault } from '../../core/fault.js'
import { asRecordId } from '../../core/record-id.js'

/** One record as it came over the wire: names are known, values are checked where they are read. */
export type Row = Readonly<Record<string, unknown>>

export const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value)
const unreadable = (what: string): Fault =>
  new Fault('invalid-answer', `Salesforce gave an answer that cannot be read: ${what}.`, { remedy: 'Nothing to do: it is asked again.' })

export function asRow(value: unknown, what: string): Row {
  if (!isRow(value)) throw unreadable(what)
  return value
}
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw unreadable(`${what} is no JSON`)
  }
}

export const textOf = (row: Row, name: string): string | null => (typeof row[name] === 'string' && row[name] !== '' ? row[name] : null)
export const flagOf = (row: Row, name: string): boolean => row[name] === true
export const rowOf = (row: Row, name: string): Row | null => (isRow(row[name]) ? row[name] : null)
/** A list, or the records of a child query, which shows nothing at all where there are none. */
export function rowsOf(row: Row, name: string): readonly Row[] {
  const value = row[name]
  if (Array.isArray(value)) return value.filter(isRow)
  return isRow(value) && Array.isArray(value['records']) ? value['records'].filter(isRow) : []
}
/** Milliseconds since the epoch of a stamp such as `2026-03-04T09:15:27.000+0000`. */
export function instantOf(row: Row, name: string): number | null {
  const text = textOf(row, name)
  const at = text === null ? NaN : Date.parse(text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'))
  return Number.isNaN(at) ? null : at
}

export { asRecordId }
export const idOf = (row: Row, name: string): string | null => asRecordId(row[name])
