/** A text inside a query. Source: SOQL reference, "Quoted string escape sequences". */
export const quoted = (text: string): string =>
  `'${text
    .replace(/[\\'"]/g, '\\$&')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')}'`

export const isIn = (name: string, values: readonly string[]): string =>
  values.length === 1 ? `${name} = ${quoted(values[0] ?? '')}` : `${name} IN (${values.map(quoted).join(',')})`

// A request line takes 16,384 bytes, and so do line and headers together: what is left for a statement, with our headers and the token aside.
const statementMost = 13_000
const encodedLength = (text: string): number => encodeURIComponent(text).length

/** Values in lists that a statement can name, whose other parts are `rest`: names in other scripts take nine characters each on the wire. */
export function* fitting(values: readonly string[], rest: string, most: number): Generator<readonly string[]> {
  const room = Math.max(statementMost - encodedLength(rest), statementMost / 4)
  let list: string[] = []
  let length = 0
  for (const value of values) {
    const own = encodedLength(`${quoted(value)},`)
    if (list.length > 0 && (list.length >= most || length + own > room)) {
      yield list
      list = []
      length = 0
    }
    list.push(value)
    length += own
  }
  if (list.length > 0) yield list
}

/** A moment as a query takes it: no quotes, whole seconds. */
export const stamp = (at: number): string => new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z')

export interface Select {
  readonly fields: readonly string[]
  readonly from: string
  readonly where?: readonly string[]
  readonly orderBy?: string
  readonly limit?: number
}

/** One statement; the conditions all hold, each in brackets of its own. */
export function soql({ fields, from, where = [], orderBy, limit }: Select): string {
  const conditions = where.filter((condition) => condition !== '')
  return [
    `SELECT ${[...new Set(fields)].join(',')} FROM ${from}`,
    conditions.length === 0
      ? ''
      : conditions.length === 1
        ? `WHERE ${conditions[0] ?? ''}`
        : `WHERE ${conditions.map((condition) => `(${condition})`).join(' AND ')}`,
    orderBy === undefined ? '' : `ORDER BY ${orderBy}`,
    limit === undefined ? '' : `LIMIT ${limit}`,
  ]
    .filter((part) => part !== '')
    .join(' ')
}
