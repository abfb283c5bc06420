import type { Rule } from './change.js'
import type { Field } from './deal.js'
import type { Expression } from './expression.js'

export type MappedKind = 'opportunity' | 'lead'
export type RowFlow = 'both' | 'to-crm' | 'to-partner'
/** `usual`: as the field's own rule says (customer, name and owner into the CRM only with a new record, everything else always). */
export type RowWhen = 'usual' | 'both' | 'create' | 'update'

/** One field of a deal and where the CRM keeps it. */
export interface MappingRow {
  readonly field: Field
  /** A column, or `related.column` such as `account.address1_country`. */
  readonly crm: string
  readonly flow: RowFlow
  readonly when: RowWhen
  readonly wins: Rule | null
  /** Partner Center's value to the CRM's value or label. */
  readonly values: Readonly<Record<string, string | number | boolean>> | null
  readonly toPartner: Expression | null
  readonly toCrm: Expression | null
  readonly origin: 'built-in' | 'document'
}
export type MappingRows = { readonly [F in Field]?: MappingRow }
