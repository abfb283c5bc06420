/** What kind of value a column holds on the wire. `choice` holds the value of an option, `other` nothing we write. */
export type ColumnType = 'text' | 'memo' | 'money' | 'number' | 'integer' | 'flag' | 'date' | 'instant' | 'choice' | 'lookup' | 'other'

/** An option of a choice: Dynamics 365 numbers them, Salesforce names them. The rows that a lookup may point to are its options too, by their ids. */
export interface ChoiceOption {
  readonly value: number | string
  readonly label: string
  /** Of a status reason of Dynamics 365: the state it belongs to. */
  readonly state?: number
}

/** How a lookup of Dynamics 365 is read and written; elsewhere it is a column like any other. */
export interface LookupWire {
  /** `_new_countryid_value` */
  readonly read: string
  /** `new_CountryId@odata.bind` */
  readonly bind: string
  /** The set of the rows it points to. */
  readonly set: string
}

/** One column of a CRM table, as far as values must fit into it. */
export interface Column {
  readonly name: string
  readonly label: string
  readonly type: ColumnType
  readonly maxLength: number | null
  /** Of a number: the digits after the point that it keeps; the CRM rounds what has more. Absent: it does not say. */
  readonly scale?: number
  readonly options: readonly ChoiceOption[] | null
  readonly writable: boolean
  readonly required: boolean
  /** Under column security: what our own user may do. Known to checks only. */
  readonly secured?: { readonly canRead: boolean; readonly canWrite: boolean }
  /** Of a time: the zone in which people read its day. Absent: UTC. */
  readonly zone?: string
  /** People see a day, and the CRM does not say whether it sends one or a time: a row tells. */
  readonly dayInDoubt?: true
  readonly lookup?: LookupWire
  /** Of a lookup of Salesforce: the objects it may point to. */
  readonly pointsTo?: readonly string[]
}

/** A lookup can be mapped only when the rows it points to are known; without them it has no words. */
export const isClosedLookup = ({ type, options }: Column): boolean => type === 'lookup' && options === null
/** The member of a record in which the column's value comes. */
export const readName = ({ name, lookup }: Column): string => lookup?.read ?? name

/** The code of our own refusals where mapping or value and what we know of the columns do not go together: the columns may be others by now. */
export const MISFIT = 'misfit'

/** A column of times, read in the zone of the people. */
export const inZone = (column: Column, zone: string | null): Column =>
  zone === null || column.type !== 'instant' ? column : { ...column, zone }

/** Puts a value into a body as the column takes it. */
export function putInto(body: Record<string, unknown>, { name, lookup }: Column, value: unknown): void {
  if (lookup === undefined) body[name] = value
  else body[lookup.bind] = value === null ? null : `/${lookup.set}(${String(value)})`
}
