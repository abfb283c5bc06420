import type { Locale } from './locale.js'

export interface Formats {
  readonly number: (value: number) => string
  readonly money: (value: number, currency: string | null) => string
  readonly percent: (share: number) => string
  /** A calendar day `YYYY-MM-DD`, or the day of an instant. */
  readonly day: (value: string) => string
  readonly dateTime: (value: string | number) => string
  readonly time: (value: string | number) => string
  readonly utc: (value: string | number) => string
  /** How long ago or ahead, in the largest unit that fits. */
  readonly relative: (value: string | number, now: number) => string
  /** The same where there is little room: `13m ago`. */
  readonly relativeBrief: (value: string | number, now: number) => string
  /** The hour of an instant, as the axis of a chart names it. */
  readonly hour: (value: string) => string
  /** Month and day of a calendar day. */
  readonly shortDay: (value: string) => string
  /** The same with the month in words. */
  readonly monthDay: (value: string) => string
  readonly duration: (ms: number) => string
  /** The name of a country by its two letters; anything else as it is. */
  readonly country: (code: string) => string
  readonly list: (items: readonly string[]) => string
}

const units: readonly (readonly [Intl.RelativeTimeFormatUnit, number])[] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
]

const made = new Map<Locale, Formats>()

/** Formatters are costly to make, so each language makes them once. */
export function formats(locale: Locale): Formats {
  const known = made.get(locale)
  if (known !== undefined) return known
  const fresh = make(locale)
  made.set(locale, fresh)
  return fresh
}

function make(locale: Locale): Formats {
  const number = new Intl.NumberFormat(locale)
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 })
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone: 'UTC' })
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium' })
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'medium' })
  const utc = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'long', timeZone: 'UTC' })
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  const brief = new Intl.RelativeTimeFormat(locale, { numeric: 'auto', style: 'narrow' })
  const hour = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
  const shortDay = new Intl.DateTimeFormat(locale, { month: 'numeric', day: 'numeric', timeZone: 'UTC' })
  const monthDay = new Intl.DateTimeFormat(locale, { month: 'short', day: 'numeric', timeZone: 'UTC' })
  const countries = new Intl.DisplayNames(locale, { type: 'region', fallback: 'code' })
  const list = new Intl.ListFormat(locale, { type: 'conjunction' })
  const unit = (value: number, name: string, digits: number): string =>
    new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'short', maximumFractionDigits: digits }).format(value)
  return {
    number: (value) => number.format(value),
    money: (value, currency) => money(locale, value, currency),
    percent: (share) => percent.format(share),
    day: (value) => day.format(new Date(value)),
    dateTime: (value) => dateTime.format(new Date(value)),
    time: (value) => time.format(new Date(value)),
    utc: (value) => utc.format(new Date(value)),
    relative: (value, now) => relative.format(...gapOf(value, now)),
    relativeBrief: (value, now) => brief.format(...gapOf(value, now)),
    hour: (value) => hour.format(new Date(value)),
    monthDay: (value) => monthDay.format(new Date(value)),
    shortDay: (value) => shortDay.format(new Date(value)),
    duration: (ms) =>
      ms < 1_000 ? unit(Math.round(ms), 'millisecond', 0) : ms < 60_000 ? unit(ms / 1_000, 'second', 1) : unit(ms / 60_000, 'minute', 1),
    country: (code) => (/^[A-Z]{2}$/.test(code) ? (countries.of(code) ?? code) : code),
    list: (items) => list.format(items),
  }
}

/** How far an instant is from now, in the largest unit that fits once. */
function gapOf(value: string | number, now: number): [number, Intl.RelativeTimeFormatUnit] {
  const gap = new Date(value).getTime() - now
  const [name, size] = units.find(([, ms]) => Math.abs(gap) >= ms) ?? ['second', 1_000]
  return [Math.trunc(gap / size), name]
}

function money(locale: Locale, value: number, currency: string | null): string {
  if (currency === null || !/^[A-Z]{3}$/.test(currency)) return new Intl.NumberFormat(locale).format(value)
  return new Intl.NumberFormat(locale, { style: 'currency', currency, maximumFractionDigits: Number.isInteger(value) ? 0 : 2 }).format(
    value,
  )
}
