import { expect, test } from 'vitest'
import { groupCommit } from './group.js'

const refusing = (bad: number, groups: number[][]) => async (items: readonly number[]): Promise<number[]> => {
  groups.push([...items])
  await new Promise(setImmediate)
  if (items.includes(bad)) throw new Error(`${bad} is refused`)
  return items.map((item) => item * 10)
}

test('what comes while a commit is under way shares the next one, and each caller gets its own answer', async () => {
  const groups: number[][] = []
  const commit = groupCommit(refusing(-1, groups), { most: 3, gather: () => Promise.resolve() })
  const first = commit(1)
  await new Promise(setImmediate)
  const later = [2, 3, 4, 5].map(commit)
  expect(await Promise.all([first, ...later])).toEqual([10, 20, 30, 40, 50])
  expect(groups).toEqual([[1], [2, 3, 4], [5]])
})

test('one that is refused fails alone, and once', async () => {
  const groups: number[][] = []
  const commit = groupCommit(refusing(2, groups), { most: 10, gather: () => Promise.resolve() })
  const answers = await Promise.allSettled([1, 2, 3].map(commit))
  expect(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : String(answer.reason)))).toEqual([10, 'Error: 2 is refused', 30])
  expect(groups).toEqual([[1, 2, 3], [1], [2], [3]])
  await expect(commit(2)).rejects.toThrow('2 is refused')
  expect(groups).toHaveLength(5)
})

test('callers are answered when their group is committed, and the next group gathers until what was asked for is over', async () => {
  const groups: number[][] = []
  let over: () => void = () => undefined
  const gather = (items: readonly number[]): Promise<void> =>
    items.includes(1) ? new Promise((_resolve, reject) => (over = () => reject(new Error('the disk is full')))) : Promise.resolve()
  const commit = groupCommit(refusing(-1, groups), { most: 10, gather })
  expect(await commit(1)).toBe(10)
  const later = [commit(2), commit(3)]
  await new Promise(setImmediate)
  expect(groups).toEqual([[1]])
  over()
  expect(await Promise.all(later)).toEqual([20, 30])
  expect(groups).toEqual([[1], [2, 3]])
})
