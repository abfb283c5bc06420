/** One field or table of the remote system, for checks and the mapping editor. */
export interface SchemaField {
  readonly name: string
  readonly label: string
  readonly type: string
  readonly writable: boolean
  readonly required: boolean
  readonly maxLength: number | null
  readonly options: readonly { readonly value: string; readonly label: string }[] | null
}
export interface RemoteSchema {
  readonly records: Readonly<Record<string, readonly SchemaField[]>>
}
