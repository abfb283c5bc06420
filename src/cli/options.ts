import { InvalidArgumentError, Option } from 'commander'

/** An option that takes one of a few words. */
export const oneOf = (flags: string, text: string, words: readonly string[]): Option => new Option(flags, text).choices([...words])

/** An option that takes a whole number within bounds. */
export function wholeNumber(flags: string, text: string, { least, most }: { readonly least: number; readonly most: number }): Option {
  return new Option(flags, text).argParser((given: string) => {
    const number = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN
    if (!(number >= least && number <= most)) throw new InvalidArgumentError(`It takes a whole number from ${least} to ${most}.`)
    return number
  })
}

export const port = (flags: string, text: string): Option => wholeNumber(flags, text, { least: 0, most: 65_535 })

const units: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** A moment as people write it: a date or time, or how long ago (`90m`, `36h`, `7d`). Null: neither. */
export function momentIn(text: string, now: number): number | null {
  const [, count = '', unit = ''] = /^(\d{1,6})([smhd])$/.exec(text.trim()) ?? []
  if (unit !== '') return now - Number(count) * (units[unit] ?? 0)
  const at = /^\d{4}-/.test(text.trim()) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? null : at
}
export const momentUsage = '--since takes a date or time like 2026-11-01 or 2026-11-01T08:00:00Z, or how long ago like 90m, 36h or 7d.'
