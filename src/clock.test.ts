import { expect, test } from 'vitest'
import { realClock, realRandom } from './clock.js'

test('a sleep ends at once when its signal was aborted, also one longer than a timer can hold', async () => {
  const stop = new AbortController()
  const sleeping = realClock.sleep(40 * 86_400_000, stop.signal)
  stop.abort()
  await sleeping
  await realClock.sleep(86_400_000, stop.signal)
})

test('time moves on and chance stays below one', async () => {
  const before = realClock.now()
  await realClock.sleep(5)
  expect(realClock.now()).toBeGreaterThanOrEqual(before + 4)
  expect(realRandom()).toBeLessThan(1)
})
