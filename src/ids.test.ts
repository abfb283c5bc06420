import { expect, test } from 'vitest'
import { timeOrderedId } from './ids.js'

test('ids are UUIDs of version 7, sort by their moment, and are never the same', () => {
  const moments = [0, 1_793_611_172_999, 1_793_611_173_000, 2 ** 47]
  const ids = moments.map(timeOrderedId)
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(ids.toSorted()).toEqual(ids)
  expect(ids.map((id) => Number.parseInt(id.slice(0, 13).replace('-', ''), 16))).toEqual(moments)
  expect(new Set(Array.from({ length: 1_000 }, () => timeOrderedId(1))).size).toBe(1_000)
})
