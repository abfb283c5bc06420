import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CONVERSIONS } from './conversion-functions.js'
import { HELP_LABELS } from './conversions.js'
import { COUNTRIES } from './countries.js'
import { compileExpression } from './expression.js'
import { STATES } from './states.js'

const run = (source: string, value: string | number | boolean | null) => compileExpression(source, 'a row').evaluate(value)
/** What comes back of a value that went out by one expression and in by another. */
const thereAndBack = (out: string, back: string, value: string | number) => run(back, run(out, value))

const zones = ['UTC', 'Europe/Berlin', 'America/Los_Angeles', 'Asia/Tokyo', 'Pacific/Kiritimati', 'Pacific/Pago_Pago', 'Asia/Kolkata', 'America/St_Johns']

describe('each conversion is undone by its pair', () => {
  test.each(COUNTRIES.map(({ alpha2, alpha3, name }) => [alpha2, alpha3, name] as const))('the country %s is %s is %s', (alpha2, alpha3, name) => {
    expect(thereAndBack('countryName(value)', 'iso2(value)', alpha2)).toBe(alpha2)
    expect(thereAndBack('iso3(value)', 'iso2(value)', alpha2)).toBe(alpha2)
    expect(run('countryName(value)', alpha3)).toBe(name)
  })

  test.each(Object.entries(STATES))('the states of %s', (country, states) => {
    for (const { code, name } of states) {
      expect(thereAndBack(`stateName(value, "${country}")`, `stateCode(value, "${country}")`, code)).toBe(code)
      expect(run(`stateCode(value, "${country}")`, name)).toBe(code)
    }
  })

  test.each(['EUR', 'USD', 'JPY', 'KWD', 'CHF', 'CNY'])('the currency %s', (code) => {
    expect(thereAndBack('currencyName(value)', 'currencyCode(value)', code)).toBe(code)
  })

  test.each(zones)('a day in %s', (zone) => {
    const days = fc.date({ min: new Date('1990-01-01'), max: new Date('2090-12-31'), noInvalidDate: true }).map((at) => at.toISOString().slice(0, 10))
    fc.assert(
      fc.property(days, (day) => {
        expect(thereAndBack(`utc(value, "${zone}")`, `dateOnly(value, "${zone}")`, day)).toBe(day)
      }),
      { numRuns: 60 },
    )
  })

  test.each(Object.keys(HELP_LABELS))('the words for %s', (code) => {
    expect(thereAndBack('label(value)', 'code(value)', code)).toBe(code)
  })

  test.each(['EUR', 'JPY', 'KWD'])('the smallest units of %s', (currency) => {
    fc.assert(
      fc.property(fc.integer({ min: -100_000_000, max: 100_000_000 }), (units) => {
        expect(thereAndBack(`majorUnits(value, "${currency}")`, `minorUnits(value, "${currency}")`, units)).toBe(units === 0 ? 0 : units)
      }),
    )
  })

  test('people by their e-mail addresses', () => {
    const lines = '<kim@fabrikam.example>\n<lee@fabrikam.example>'
    expect(run('emails(value)', 'Kim Lee <kim@fabrikam.example> +49 1\n<lee@fabrikam.example>')).toBe('kim@fabrikam.example; lee@fabrikam.example')
    expect(thereAndBack('emails(value)', 'people(value)', lines)).toBe(lines)
  })

  test('every pair names a conversion that is there', () => {
    for (const { back } of Object.values(CONVERSIONS)) if (back !== null) expect(Object.keys(CONVERSIONS)).toContain(back)
  })
})

describe('a conversion', () => {
  test.each([
    ['money(value, "JPY")', 1234.5, 1235],
    ['money(value, "EUR")', 0.125, 0.13],
    ['money(value, "KWD")', 1.2345, 1.235],
    ['stateCode(value, "US")', 'washington', 'WA'],
    ['stateCode(value, "AU")', 'Western Australia', 'WA'],
    ['stateCode(value, "FR")', 'Bretagne', 'Bretagne'],
    ['currencyCode(value)', 'US Dollar', 'USD'],
    ['currencyCode(value)', 'Talers', 'Talers'],
    ['utc(value, "Asia/Tokyo")', '2026-10-01', '2026-10-01T03:00:00Z'],
    ['code(value)', 'Proof of concept - Demo', 'ProofOfConceptOrDemo'],
  ] as const)('%s of %j is %j', (source, value, expected) => {
    expect(run(source, value)).toBe(expected)
  })

  test.each(Object.keys(CONVERSIONS))('%s leaves an empty value empty', (name) => {
    const [signature = ''] = CONVERSIONS[name]?.signatures ?? []
    const source = signature.includes(',') ? `${name}(value, "EUR")` : `${name}(value)`
    expect(run(source, null)).toBeNull()
    expect(run(source, '')).toBeNull()
  })

  test.each([
    ['dateOnly(value, "Mars/Olympus")', '2026-09-30T22:30:00Z', /"Mars\/Olympus" is no time zone/],
    ['utc(value, "nowhere")', '2026-09-30', /"nowhere" is no time zone/],
    ['iso2(value)', 5, /fails on 5/],
    ['money(value, "EUR")', 'many', /fails on "many"/],
  ] as const)('%s does not make an empty value of %j: it says why not', (source, value, why) => {
    expect(() => run(source, value)).toThrow(why)
  })
})
