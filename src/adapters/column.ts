/** What kind of value a column holds on the wire. `choice` holds the value of an option, `other` nothing we write. */
export type ColumnType = 'text' | 'memo' | 'money' | 'number' | 'integer' | 'flag' | 'date' | 'instant' | 'choice' | 'lookup' | 'other'

/** An option of a choice: Dynamics 365 numbers them, Salesforce names them. */
export interface ChoiceOption {
  readonly value: number | string
  readonly label: string
}

/** One column of a CRM table, as far as values must fit into it. */
export interface Column {
  readonly name: string
  readonly label: string
  readonly type: ColumnType
  readonly maxLength: number | null
  readonly options: readonly ChoiceOption[] | null
  readonly writable: boolean
  readonly required: boolean
}
