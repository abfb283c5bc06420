import { describe, expect, test } from 'vitest'
import { compileExpression } from './expression.js'
import { isFault } from './fault.js'

const run = (source: string, value: string | number | boolean | null) => compileExpression(source, 'a row').evaluate(value)
const refusal = (source: string): string => {
  try {
    compileExpression(source, 'row x')
  } catch (error) {
    return isFault(error) && error.kind === 'misconfigured' ? error.message : `wrong error: ${String(error)}`
  }
  return 'accepted'
}

describe('an expression', () => {
  test.each([
    ['iso2(value)', 'Germany', 'DE'],
    ['iso2(value)', 'USA', 'US'],
    ['iso2(value)', 'UK', 'GB'],
    ['iso2(value)', 'Narnia', 'Narnia'],
    ['iso2(value)', null, null],
    ['iso3(value)', 'South Korea', 'KOR'],
    ['countryName(value)', 'us', 'United States'],
    ['dateOnly(value)', '2026-09-30T22:30:00Z', '2026-09-30'],
    ['dateOnly(value, "Europe/Berlin")', '2026-09-30T22:30:00Z', '2026-10-01'],
    ['label(value)', 'ProofOfConceptOrDemo', 'Proof of concept / Demo'],
    ['label(value)', 'SomethingNew', 'Something New'],
    ['upper(trim(value))', ' eur ', 'EUR'],
    ['lower(value)', 'ABC', 'abc'],
    ['stripCheckMark(value)', '✔ Deal', 'Deal'],
    ['value == "EMEA" ? "Europe" : value', 'EMEA', 'Europe'],
    ['value == null ? 0 : 100', null, 0],
    ['1 + 2', null, 3],
    ['value.contains("x")', 'axb', true],
  ])('%s of %j is %j', (source, value, expected) => {
    expect(run(source, value)).toEqual(expected)
  })

  test.each([
    ['nope(value)', 'nope'],
    ['1 + "a"', 'int + string'],
    ['value.matches("(a+)+$")', 'matches'],
    ['cel.bind(a, value + value, a + a)', 'bind'],
    ['[1, 2].map(x, x) == [1]', 'map'],
    ['value +', ''],
    ['other', 'other'],
    ['[value]', 'list'],
    [`"${'x'.repeat(10_001)}"`, 'characters'],
    [`${'('.repeat(300)}1${')'.repeat(300)}`, ''],
    [Array.from({ length: 500 }, () => '1').join('+'), ''],
  ])('%s is refused when it is loaded', (source, part) => {
    const said = refusal(source)
    expect(said).toContain('row x')
    expect(said).toContain(part)
  })

  test('[R58] nothing of the language around it can be reached', () => {
    for (const source of ['value.constructor', 'value.__proto__', 'value["constructor"]']) {
      let result: unknown = 'refused'
      try {
        result = run(source, 'text')
      } catch (error) {
        expect(isFault(error) && error.kind).toBe('misconfigured')
      }
      expect(result).toBe('refused')
    }
  })

  test('a value that does not suit it is a configuration error that names the row', () => {
    expect(() => run('value.contains("x")', 5)).toThrow(/a row.*fails on 5/)
  })
})
