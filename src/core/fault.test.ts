import { expect, it } from 'vitest'
import { mendsItself } from './fault.js'

it('a race that was lost once needs nobody; lost again, or anything else, does', () => {
  expect(mendsItself('stale', 1)).toBe(true)
  expect(mendsItself('lease-lost', 1)).toBe(true)
  expect(mendsItself('stale', 2)).toBe(false)
  expect(mendsItself('offline', 1)).toBe(false)
})
