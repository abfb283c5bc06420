import { expect, test } from 'vitest'
import { roundMoney } from './money.js'

test.each([
  [-0.000001, 4, 0],
  [-0.004, 2, 0],
  [-0, 2, 0],
  [-0.005, 2, -0.01],
  [1.005, 2, 1.01],
  [-1.5, 0, -2],
])('%d at %d digits is %d, and nothing is never below zero', (amount, digits, rounded) => {
  expect(roundMoney(amount, digits)).toBe(rounded)
})
