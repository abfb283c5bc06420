import { describe, expect, it } from 'vitest'
import { prependLines, problemLine, successLine } from './note-text.js'

const at = Date.parse('2026-05-04T09:05:59Z')

describe('the audit text of a record', () => {
  it('has one line a sync, in the words of the reference connector', () => {
    expect(successLine(at, 'crm')).toBe('2026-05-04 09:05 - Partner Center Referral to CRM sync success.')
    expect(successLine(at, 'partner')).toBe('2026-05-04 09:05 - CRM to Partner Center Referral sync success.')
    expect(problemLine(at, 'two\n lines')).toBe('2026-05-04 09:05 - Sync needs attention: two lines')
  })

  it('has the newest line first, and no line twice in a row', () => {
    expect(prependLines(['b', 'c'], 'a', 1_000)).toBe('c\nb\na')
    expect(prependLines(['a'], 'a\nolder', 1_000)).toBe('a\nolder')
  })

  it('loses its oldest lines whole at 90 % of the limit', () => {
    const text = prependLines(['new'], Array.from({ length: 40 }, (_, index) => `line ${index}`).join('\n'), 100)
    expect(text.length).toBeLessThanOrEqual(90)
    expect(text.startsWith('new\nline 0\nline 1')).toBe(true)
    expect(text.split('\n').every((line) => line === 'new' || /^line \d+$/.test(line))).toBe(true)
  })

  it('is empty where the field holds nothing', () => {
    expect(prependLines(['new'], null, 0)).toBe('')
  })
})
