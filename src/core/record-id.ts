const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345'
/**
 * A record id in its one spelling of 18 characters, or null for anything else. The last three say which of the first fifteen are capitals, so
 * that the short and the long spelling are one, and so is a long one whose capitals were lost. A long one is otherwise the org's own word and
 * stays as it is: an id that we had corrected would be nobody's.
 * Source: the vendor's help, "15- and 18-character record ids".
 */
export function asRecordId(value: unknown): string | null {
  if (typeof value !== 'string' || !/^(?:[A-Za-z0-9]{15}|[A-Za-z0-9]{18})$/.test(value)) return null
  if (value.length === 15) return `${value}${tailOf(value)}`
  const tail = value.slice(15)
  return /[a-z]/.test(tail) ? withCapitals(value.slice(0, 15), tail.toUpperCase()) : value
}
const starts = [0, 5, 10] as const
const tailOf = (short: string): string =>
  starts
    .map((start) => {
      const bits = [...short.slice(start, start + 5)].reduce((sum, char, index) => sum + (char >= 'A' && char <= 'Z' ? 1 << index : 0), 0)
      return letters[bits] ?? ''
    })
    .join('')
/** Null where the three cannot be about these fifteen. */
function withCapitals(short: string, tail: string): string | null {
  const isCapital = (index: number): boolean => ((letters.indexOf(tail[Math.floor(index / 5)] ?? '') >> (index % 5)) & 1) === 1
  const told = [...short].map((char, index) => (isCapital(index) ? char.toUpperCase() : char.toLowerCase())).join('')
  return tailOf(told) === tail ? `${told}${tail}` : null
}
