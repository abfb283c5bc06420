import Table from 'cli-table3'
import type { Io } from './app.js'
import { harmless, harmlessJson } from './harmless.js'

/** One JSON document on stdout, nothing else. */
export const printJson = (io: Io, value: unknown): void => io.out(`${harmlessJson(JSON.stringify(value, null, 2))}\n`)

/** What is wrong, for scripts: one JSON document on stderr, while stdout stays empty. */
export interface ProblemText {
  readonly code: string
  readonly message: string
  readonly hint: string | null
  readonly docs: string
  readonly problems?: readonly object[]
}
export const printProblem = (io: Io, error: ProblemText): void => io.err(`${harmlessJson(JSON.stringify({ error }))}\n`)
export const usageProblem = (message: string): ProblemText => ({ code: 'usage', message, hint: 'Add --help to the command to see what it takes.', docs: 'docs/operating.md' })

const plain = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '', left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' }

export function printTable(io: Io, head: readonly string[], rows: readonly (readonly (string | number | null)[])[]): void {
  // The table's own colours go by what it finds out about the process, not by what the command was told.
  const heads = head.map((cell) => (io.color ? `\u001b[1m${cell}\u001b[22m` : cell))
  const table = new Table({ head: heads, chars: plain, style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 } })
  for (const row of rows) table.push(row.map((cell) => (cell === null ? '–' : harmless(String(cell)))))
  // The last column is filled up to its longest text, which would break every other line of a narrow terminal.
  io.out(`${table.toString().replaceAll(/ +$/gm, '')}\n`)
}

/** A value of a deal as one short line. */
export function shown(value: unknown): string {
  if (value === null || value === undefined || value === '') return '–'
  if (Array.isArray(value)) return value.length === 0 ? '–' : value.map((item: Record<string, unknown>) => shown(item['email'] ?? item['id'] ?? JSON.stringify(item))).join(', ')
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const line = text.replaceAll(/\s+/g, ' ')
  return line.length > 60 ? `${line.slice(0, 59)}…` : line
}

/** `1 deal`, `2 deals`. */
export const counted = (count: number, one: string, many = `${one}s`): string => `${count} ${count === 1 ? one : many}`
