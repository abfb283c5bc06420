import { expect, test } from 'vitest'
import { preflight } from './preflight.js'

const said = (value: number | null): string | undefined =>
  preflight({ 'details.dealValue': value }).find(({ field }) => field === 'details.dealValue')?.text

test.each([
  [null, 'The deal has no estimated value.'],
  [0, "The deal's estimated value is zero; Partner Center asks for an amount above zero."],
  [-1_200.5, "The deal's estimated value is below zero (-1200.5); Partner Center asks for an amount above zero."],
  [0.01, undefined],
])('a value of %s is called what it is', (value, text) => {
  expect(said(value)).toBe(text)
})
