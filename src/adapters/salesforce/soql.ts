/** A text inside a query. Source: SOQL reference, "Quoted string escape sequences". */
export const quoted = (text: string): string =>
  `'${text
    .replace(/[\\'"]/g, '\\$&')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')
    .replaceAll('\t', '\\t')}'`

export const isIn = (name: string, values: readonly string[]): string =>
  values.length === 1 ? `${name} = ${quoted(values[0] ?? '')}` : `${name} IN (${values.map(quoted).join(',')})`

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
