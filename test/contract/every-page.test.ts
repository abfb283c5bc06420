import { expect, test } from 'vitest'
import { eachPage } from '../../console/src/lib/everything.js'

const listOf = (pages: number) => (after: string | null) => {
  const at = Number(after ?? 0)
  return Promise.resolve({ rows: [at * 2, at * 2 + 1], next: at + 1 < pages ? String(at + 1) : null })
}

test.each([
  [3, Number.POSITIVE_INFINITY, 6, true],
  [3, 6, 6, true],
  [3, 4, 4, false],
])('of %i pages of two, at most %d are taken: %i, and whether that was all is said: %s', async (pages, most, taken, whole) => {
  const rows: number[] = []
  expect(await eachPage(listOf(pages), (more) => rows.push(...more), most)).toBe(whole)
  expect(rows).toEqual(Array.from({ length: taken }, (_, at) => at))
})
