/** Calendar days and the moments that stand for them. A day is `YYYY-MM-DD`; a moment ISO 8601; a zone an IANA name. */

const isDay = /^\d{4}-\d{2}-\d{2}$/
const startsWithDay = /^(\d{4}-\d{2}-\d{2})/

/** The calendar day of a date or time; in a zone when one is given, else as it is written. @throws RangeError for a zone that is none. */
export function dateOnly(text: string, zone: string | null): string {
  if (zone === null || isDay.test(text)) return startsWithDay.exec(text)?.[1] ?? text
  const at = new Date(text)
  if (Number.isNaN(at.getTime())) return text
  return new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(at)
}

/**
 * A system that keeps days as midnight UTC (Partner Center does) means the day that is written; any other time is a moment, and its day is
 * the one that people in the zone saw.
 */
export const dayOfMoment = (text: string, zone: string | null): string =>
  dateOnly(text, zone === null || /^\d{4}-\d{2}-\d{2}T00:00(?::00(?:\.0+)?)?(?:Z|[+-]00:?00)$/.test(text) ? null : zone)

/** Noon of a day in a zone, as UTC: far from every midnight, so that no clock in that zone shows another day. */
export function noonUtc(text: string, zone: string): string {
  if (!isDay.test(text)) return text
  const guess = Date.parse(`${text}T12:00:00Z`)
  if (Number.isNaN(guess)) return text
  return new Date(guess - offsetMs(guess, zone)).toISOString().replace(/\.\d{3}Z$/, 'Z')
}

/** How far the wall clocks of a zone are ahead of UTC at that moment. */
function offsetMs(at: number, zone: string): number {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  }).formatToParts(at)
  const part = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.find((item) => item.type === type)?.value ?? 0)
  return Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'), part('second')) - Math.floor(at / 1000) * 1000
}

export function isTimeZone(zone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: zone }) instanceof Intl.DateTimeFormat
  } catch {
    return false
  }
}
