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
    ['value + " GmbH"', null, null],
    ['value + " GmbH"', '', null],
    ['iso2(value) + "x"', null, null],
    ['value == null ? "none" : value', '', 'none'],
    ['value * 2.0', 21, 42],
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
    for (const source of ['value.constructor', 'value.__proto__', 'value["constructor"]', 'value.constructor.constructor("return 1")()', '{"a": 1}.__proto__']) {
      let result: unknown = 'refused'
      try {
        result = run(source, 'text')
      } catch (error) {
        expect(isFault(error) && error.kind).toBe('misconfigured')
      }
      expect(result).toBe('refused')
    }
  })

  const nested = (depth: number, open: string, close: string): string => `${open.repeat(depth)}value${close.repeat(depth)}`
  test.each<[string, string]>([
    ['endless recursion', nested(20_000, 'trim(', ')').slice(0, 9_000)],
    ['deep nesting of parentheses', nested(4_000, '(', ')')],
    ['deep nesting of lists', nested(4_000, '[', ']')],
    ['deep nesting of conditions', 'value == "a" ? '.repeat(500) + '1'],
    ['a huge range', '[1, 2, 3].map(x, [1, 2, 3].map(y, [1, 2, 3].map(z, x * y * z))).size() > 0 ? value : "x"'],
    ['a list that grows', 'cel.bind(a, [value, value], cel.bind(b, a + a, cel.bind(c, b + b, c + c))).join("")'],
    ['a huge pad', 'value.padStart(500000000)'],
    ['a repetition', 'value.repeat(500000000)'],
    ['a text that doubles', Array.from({ length: 401 }, () => 'value').join(' + ')],
    ['a catastrophic regular expression', 'value.matches("^(a+)+$")'],
    ['a catastrophic regular expression as a function', 'matches(value, "^(a|aa)+$")'],
    ['a million characters', `"${'x'.repeat(1_000_000)}"`],
    ['a million operators', '1+'.repeat(500_000) + '1'],
    ['a number beyond all numbers', '1.0e308 * 1.0e308'],
    ['input and output', 'fetch("http://localhost/")'],
    ['the process', 'process.exit(1)'],
    ['a global of the runtime', 'globalThis.value'],
    ['an endless comparison', '[value].exists(x, x == value) ? value : "x"'],
    ['nothing at all', ''],
    ['a control character', '\u0000value'],
  ])('[R58] %s is refused or fails in words, at once', (_what, source) => {
    const started = performance.now()
    let said: unknown = 'nothing'
    try {
      said = compileExpression(source, 'row x').evaluate('a'.repeat(5_000) + '!')
    } catch (error) {
      expect(isFault(error) && error.kind).toBe('misconfigured')
      expect(isFault(error) && error.message.length).toBeLessThan(1_000)
      said = 'refused'
    }
    expect(said).toBe('refused')
    expect(performance.now() - started).toBeLessThan(500)
  })

  test('[R58] the longest work that is allowed ends at once', () => {
    const parts = Array.from({ length: 130 }, () => 'value.replace("a", value)').slice(0, 60)
    const started = performance.now()
    try {
      run(parts.join(' + '), 'a'.repeat(100))
    } catch (error) {
      expect(isFault(error) && error.kind).toBe('misconfigured')
    }
    expect(performance.now() - started).toBeLessThan(500)
  })

  test('a value that does not suit it is a configuration error that names the row', () => {
    expect(() => run('value.contains("x")', 5)).toThrow(/a row.*fails on 5/)
    expect(() => run('upper(value.substring(5))', 'abc')).toThrow(/fails on "abc": .*start index out of range, at character 7 of "upper\(value\.substring\(5\)\)"/)
  })

  test('says what it gives for a value of each type', () => {
    const { typeFor } = compileExpression('value * 2.0', 'a row')
    expect([typeFor('double'), typeFor('string')]).toEqual([
      { ok: true, type: 'double' },
      { ok: false, why: expect.stringContaining('string * double, at character 1') as string },
    ])
  })
})
