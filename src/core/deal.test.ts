import { describe, expect, it } from 'vitest'
import { sameValue } from './deal.js'

describe('[R13] what two texts say', () => {
  it.each([
    ['one\r\ntwo', 'one\ntwo'],
    ['one\r\n\r\ntwo  ', 'one\n\ntwo'],
    ['  ', ''],
    ['  ', null],
  ])('%j and %j say the same: how lines end and blanks around are nobody’s edit', (a, b) => {
    expect(sameValue(a, b)).toBe(true)
    expect(sameValue(b, a)).toBe(true)
  })

  it.each([
    ['one\ntwo', 'one two'],
    ['one  two', 'one two'],
    ['One', 'one'],
    ['one', null],
  ])('%j and %j do not', (a, b) => {
    expect(sameValue(a, b)).toBe(false)
  })
})
