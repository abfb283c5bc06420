import { expect, it } from 'vitest'
import { inPages } from './walk.js'

it('leaves a turn of the event loop to everybody else between two pages', async () => {
  const pages = [[1, 2], [3, 4], [5]]
  const seen: unknown[] = []
  const others = (): void => {
    seen.push('others')
    if (seen.length < 20) setImmediate(others)
  }
  setImmediate(others)
  for await (const rows of inPages<number>((last) => Promise.resolve(pages[last === null ? 0 : last / 2] ?? []), 2)) seen.push(rows)
  expect(seen).toEqual([[1, 2], 'others', [3, 4], 'others', [5]])
})

it('asks for no page after one that is not full, and hands out none that is empty', async () => {
  const asked: (number | null)[] = []
  const walk = inPages<number>((last) => {
    asked.push(last)
    return Promise.resolve(last === null ? [1, 2] : [])
  }, 2)
  const seen: (readonly number[])[] = []
  for await (const rows of walk) seen.push(rows)
  expect(asked).toEqual([null, 2])
  expect(seen).toEqual([[1, 2]])
})
