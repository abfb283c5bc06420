import { Fault } from '../../core/fault.js'

/** One row of a table as it came over the wire: names are known, values are checked where they are read. */
export type Row = Readonly<Record<string, unknown>>

export const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null && !Array.isArray(value)
const unreadable = (what: string): Fault =>
  new Fault('invalid-answer', `Dynamics 365 gave an answer that cannot be read: ${what}.`, { remedy: 'Nothing to do: the record is read again.' })

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
export const numberOf = (row: Row, name: string): number | null => (typeof row[name] === 'number' ? row[name] : null)
export const flagOf = (row: Row, name: string): boolean | null => (typeof row[name] === 'boolean' ? row[name] : null)
/** A GUID in its one canonical spelling. */
export const idOf = (row: Row, name: string): string | null => textOf(row, name)?.toLowerCase() ?? null
export const rowOf = (row: Row, name: string): Row | null => (isRow(row[name]) ? row[name] : null)
export const rowsOf = (row: Row, name: string): readonly Row[] => (Array.isArray(row[name]) ? row[name].filter(isRow) : [])

/** The version of a row; expanded rows may carry the number without the tag. */
export function etagOf(row: Row): string | null {
  const tag = textOf(row, '@odata.etag')
  if (tag !== null) return tag
  const version = row['versionnumber']
  return typeof version === 'number' || typeof version === 'string' ? `W/"${version}"` : null
}

/** A display label of the metadata: in the caller's language, else the first there is. */
export function labelIn(row: Row, name: string): string | null {
  const label = rowOf(row, name)
  if (label === null) return null
  const own = rowOf(label, 'UserLocalizedLabel')
  return (own && textOf(own, 'Label')) ?? rowsOf(label, 'LocalizedLabels').map((entry) => textOf(entry, 'Label')).find((text) => text !== null) ?? null
}
export function valueIn(row: Row, name: string): unknown {
  return rowOf(row, name)?.['Value']
}

/** A text inside a filter: quotes double, everything else is percent-encoded with the whole query. */
export const quoted = (text: string): string => `'${text.replaceAll('\'', '\'\'')}'`
/** A query string from its parts, encoded as a whole; commas, dollars and brackets stay readable. */
export function query(options: Readonly<Record<string, string | null>>): string {
  const parts = Object.entries(options).flatMap(([name, value]) => (value === null ? [] : [`${name}=${encodeValue(value)}`]))
  return parts.length === 0 ? '' : `?${parts.join('&')}`
}
/**
 * The same question about definitions for everything that is known of them, expansions kept: an environment that does not know one of the members
 * we ask for by name still shows the others. Null for other questions.
 */
export function wholeDefinition(path: string): string | null {
  const at = path.indexOf('?')
  if (at === -1 || !path.startsWith('EntityDefinitions')) return null
  const expand = path.slice(at + 1).split('&').filter((option) => option.startsWith('$expand='))
  return `${path.slice(0, at)}${expand.length === 0 ? '' : `?${expand.join('&')}`}`
}
const encodeValue = (value: string): string => encodeURIComponent(value).replace(/%(?:24|2C|28|29|3D|3B|2F|40|3A)/g, decodeURIComponent)
