import { expect, test } from 'vitest'
import { CLOSING_REASONS, closingReason } from './closing-reasons.js'

test('a reason is named by its number or said in words', () => {
  expect(CLOSING_REASONS.map((_, at) => closingReason(String(at + 1)))).toEqual(CLOSING_REASONS)
  expect(closingReason(' 3 ')).toBe('Customer chose another vendor')
  for (const words of ['9', '0', '12', 'They built it themselves']) expect(closingReason(words)).toBe(words)
})
