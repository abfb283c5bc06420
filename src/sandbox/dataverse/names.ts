import type { Cell } from './row-store.js'

const joined = (parts: readonly (Cell | undefined)[], between: string): string | null => {
  const filled = parts.filter((part): part is string => typeof part === 'string' && part !== '')
  return filled.length === 0 ? null : filled.join(between)
}

/** First, middle and last name, as an English environment composes them. */
export const fullName = (cells: Readonly<Record<string, Cell | undefined>>): string | null =>
  joined([cells['firstname'], cells['middlename'], cells['lastname']], ' ')?.slice(0, 160) ?? null

export const composedAddress = (cells: Readonly<Record<string, Cell | undefined>>): string | null => {
  const town = joined([cells['address1_city'], joined([cells['address1_stateorprovince'], cells['address1_postalcode']], ' ')], ', ')
  return joined([cells['address1_line1'], cells['address1_line2'], cells['address1_line3'], town, cells['address1_country']], '\r\n')
}
