import { expect, test } from 'vitest'
import { Stride } from './stride.js'

test('a slow CRM gets smaller calls, one that answers quickly again larger ones, within bounds', () => {
  const stride = new Stride()
  expect(stride.records).toBe(100)
  stride.took({ records: 100, ms: 20_000 })
  expect(stride.records).toBe(40)
  stride.took({ records: 40, ms: 6_000 })
  expect(stride.records).toBe(40)
  stride.lost()
  expect(stride.records).toBe(10)
  stride.lost()
  expect(stride.records).toBe(5)
  // A call that was not full says nothing about larger ones.
  stride.took({ records: 2, ms: 100 })
  expect(stride.records).toBe(5)
  for (let calls = 0; calls < 6; calls += 1) stride.took({ records: stride.records, ms: 500 })
  expect(stride.records).toBe(100)
})
