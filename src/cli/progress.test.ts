import { afterEach, expect, test, vi } from 'vitest'
import type { Overview } from '../assemble.js'
import type { Io } from './app.js'
import { planning, syncing, watched } from './progress.js'

afterEach(() => void vi.useRealTimers())

const overview = (over: Partial<Overview>): Overview => ({
  environment: 'test',
  states: { 'in-sync': 0, pending: 0, 'needs-attention': 0, stopped: 0, unlinked: 0 },
  queue: { due: 0, later: 0, leased: 0, oldestDueAt: null, nextDueAt: null },
  lastEventAt: null,
  lastSweepAt: { partner: null, crm: null },
  behind: [],
  flows: [],
  brakes: [],
  planning: null,
  ...over,
})

/** What stands on the terminal after each second of a work that goes on for as many as there are overviews. */
async function seconds(look: Parameters<typeof watched>[3], overviews: readonly Overview[], errIsTty = true): Promise<string[]> {
  vi.useFakeTimers()
  const lines: string[] = []
  const err = (text: string): void => void lines.push(text.trim())
  const io: Io = { out: () => undefined, err, outIsTty: true, errIsTty, inIsTty: true, color: false }
  const left = [...overviews]
  let end = (): void => undefined
  const work = new Promise<void>((resolve) => (end = resolve))
  const told = watched(io, { overview: () => Promise.resolve(left.shift() ?? overview({})) }, work, look)
  await vi.advanceTimersByTimeAsync(1_000 * overviews.length)
  end()
  await told
  return lines.filter((line) => line !== '')
}

test('a long plan tells how many deals of how many, how fast, and how long it will take', async () => {
  const at = (done: number): Overview => overview({ planning: { done, total: 1_000 } })
  const lines = await seconds(planning, [overview({}), at(0), at(30), at(1_000)])
  expect(lines.map((line) => line.replace(/^\[.*\] /, ''))).toEqual([
    '0/1000 deals planned',
    '30/1000 deals planned, 10 a second, about 2 min left',
    '1000/1000 deals planned',
  ])
})

test('a sync tells its queue, and before there is one the deals it has found', async () => {
  const states = { 'in-sync': 3, pending: 4, 'needs-attention': 0, stopped: 0, unlinked: 0 }
  const queue = { due: 3, later: 0, leased: 1, oldestDueAt: null, nextDueAt: null }
  const lines = await seconds(syncing(), [overview({ states }), overview({ queue }), overview({ queue: { ...queue, due: 0 } })])
  expect(lines.map((line) => line.replace(/^\[.*\] /, ''))).toEqual([
    '0/0 sweeping both sides, 7 deals so far',
    '0/4 deals worked',
    '3/4 deals worked, 1.0 a second, about 1 s left',
  ])
})

test('where stderr is no terminal nobody looks', async () => {
  expect(await seconds(planning, [overview({ planning: { done: 1, total: 2 } })], false)).toEqual([])
})
