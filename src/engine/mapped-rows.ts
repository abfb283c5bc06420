/**
 * What each row of a mapping reads and writes, as text: `opportunity.details.notes` to the row, `opportunity.status` to the stages. Two
 * mappings whose texts agree for a field see the same thing in it.
 */
export interface MappedRows {
  /** Fingerprint of all rows. */
  readonly id: string
  readonly rows: Readonly<Record<string, string>>
}
