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
  const commit = groupCommit(refusing(-1, groups), 3)
  const first = commit(1)
  await new Promise(setImmediate)
  const later = [2, 3, 4, 5].map(commit)
  expect(await Promise.all([first, ...later])).toEqual([10, 20, 30, 40, 50])
  expect(groups).toEqual([[1], [2, 3, 4], [5]])
})

test('one that is refused fails alone, and once', async () => {
  const groups: number[][] = []
  const commit = groupCommit(refusing(2, groups), 10)
  const answers = await Promise.allSettled([1, 2, 3].map(commit))
  expect(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : String(answer.reason)))).toEqual([10, 'Error: 2 is refused', 30])
  expect(groups).toEqual([[1, 2, 3], [1], [2], [3]])
  await expect(commit(2)).rejects.toThrow('2 is refused')
  expect(groups).toHaveLength(5)
})
