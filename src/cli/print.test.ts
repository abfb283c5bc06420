import { expect, it } from 'vitest'
import { printTable } from './print.js'

it('fills up no line to the longest text of the last column', () => {
  let printed = ''
  printTable({ out: (text: string) => void (printed += text), color: false } as Parameters<typeof printTable>[0], ['deal', 'what'], [['a', 'short'], ['b', 'x'.repeat(200)]])
  expect(printed.split('\n').map((line) => line.length)).toEqual([10, 11, 206, 0])
})
