import { dateOnly, isTimeZone, noonUtc } from './calendar.js'
import { codeOf, labelOf, stripCheckMark } from './conversions.js'
import { countryName, iso2, iso3 } from './countries.js'
import { currencyCode, currencyName } from './currencies.js'
import { digitsOf, roundMoney } from './money.js'
import { stateCode, stateName } from './states.js'

/** One conversion that expressions may name. */
export interface Conversion {
  /** As CEL declares it, one for each way to call it: `iso2(string): string`. */
  readonly signatures: readonly string[]
  /** The conversion that undoes it; null: the way back is the value itself. */
  readonly back: string | null
  /** In one line, for documentation and messages. */
  readonly gives: string
  readonly convert: (...given: readonly unknown[]) => string | number
}

const text = (value: unknown): string => {
  if (typeof value === 'string') return value
  throw new TypeError('a text is needed')
}
const amount = (value: unknown): number => {
  const number = typeof value === 'bigint' ? Number(value) : value
  if (typeof number === 'number' && Number.isFinite(number)) return number
  throw new TypeError('a number is needed')
}
const zone = (value: unknown): string => {
  const name = text(value)
  if (isTimeZone(name)) return name
  throw new TypeError(`"${name}" is no time zone; write an IANA name such as Europe/Berlin`)
}

const onText = (name: string, back: string | null, gives: string, convert: (given: string) => string): Conversion => ({
  signatures: [`${name}(string): string`],
  back,
  gives,
  convert: (given) => convert(text(given)),
})
const withText = (name: string, back: string, gives: string, convert: (given: string, by: string) => string): Conversion => ({
  signatures: [`${name}(string, string): string`],
  back,
  gives,
  convert: (given, by) => convert(text(given), text(by)),
})
const onAmount = (name: string, back: string | null, gives: string, convert: (given: number, currency: string) => number): Conversion => ({
  signatures: [`${name}(double, string): double`, `${name}(int, string): double`],
  back,
  gives,
  convert: (given, currency) => convert(amount(given), text(currency)),
})

/** The addresses of a list of people, `kim@fabrikam.example; lee@fabrikam.example`. */
const emails = (people: string): string =>
  people
    .split(/[\n;,]/)
    .map((line) => (/<([^<>]*)>/.exec(line)?.[1] ?? line).trim())
    .filter((address) => address.includes('@'))
    .join('; ')
/** A list of people as rows keep it, one `<address>` a line. */
const people = (addresses: string): string =>
  addresses
    .split(/[\n;,]/)
    .map((address) => address.replace(/[<>]/g, '').trim())
    .filter((address) => address.includes('@'))
    .map((address) => `<${address}>`)
    .join('\n')

/** The conversions that mapping rows may name. Each is pure; an empty value never reaches one. */
export const CONVERSIONS: Readonly<Record<string, Conversion>> = {
  iso2: onText('iso2', 'countryName', 'a country as DE, from any spelling', iso2),
  iso3: onText('iso3', 'iso2', 'a country as DEU, from any spelling', iso3),
  countryName: onText('countryName', 'iso2', 'a country as Germany, from any spelling', countryName),
  stateCode: withText('stateCode', 'stateName', 'a state as WA, from any spelling, of the given country', stateCode),
  stateName: withText('stateName', 'stateCode', 'a state as Washington, from any spelling, of the given country', stateName),
  currencyCode: onText('currencyCode', 'currencyName', 'a currency as EUR, from its code or English name', currencyCode),
  currencyName: onText('currencyName', 'currencyCode', 'a currency as Euro', currencyName),
  dateOnly: {
    signatures: ['dateOnly(string): string', 'dateOnly(string, string): string'],
    back: 'utc',
    gives: 'the calendar day of a moment, in UTC or in a zone',
    convert: (given, by) => dateOnly(text(given), by === undefined ? null : zone(by)),
  },
  utc: {
    signatures: ['utc(string, string): string'],
    back: 'dateOnly',
    gives: 'noon of a day in a zone as a moment in UTC, which is that day all over the zone',
    convert: (given, by) => noonUtc(text(given), zone(by)),
  },
  label: onText('label', 'code', 'the words for a code of Partner Center', labelOf),
  code: onText('code', 'label', 'the code of Partner Center for its words', codeOf),
  money: onAmount('money', null, 'an amount rounded to what the currency knows', (given, currency) => roundMoney(given, digitsOf(currency))),
  minorUnits: onAmount('minorUnits', 'majorUnits', 'an amount in cents, or the currency\'s smallest unit', (given, currency) =>
    roundMoney(given * 10 ** digitsOf(currency), 0),
  ),
  majorUnits: onAmount('majorUnits', 'minorUnits', 'an amount from cents, or the currency\'s smallest unit', (given, currency) =>
    roundMoney(given / 10 ** digitsOf(currency), digitsOf(currency)),
  ),
  emails: onText('emails', 'people', 'the addresses of people, as one text with semicolons', emails),
  people: onText('people', 'emails', 'people from their addresses', people),
  upper: onText('upper', null, 'capitals', (given) => given.toUpperCase()),
  lower: onText('lower', null, 'small letters', (given) => given.toLowerCase()),
  trim: onText('trim', null, 'no blanks around it', (given) => given.trim()),
  stripCheckMark: onText('stripCheckMark', null, 'a name without the ✔ or ✘ before it', stripCheckMark),
}
