import { beforeEach, describe, expect, it } from 'vitest'
import { memoryStore } from '../../test/support/memory-store.js'
import type { SchemaField } from '../core/ports.js'
import { noticeBoard, type NoticeBoard } from './notice.js'
import { acceptColumns, guardSchema } from './schema-guard.js'

const field = (name: string, more: Partial<SchemaField> = {}): SchemaField => ({
  name,
  label: name.toUpperCase(),
  type: 'text',
  writable: true,
  required: false,
  maxLength: 100,
  options: null,
  ...more,
})
const option = (label: string) => ({ value: label, label })
const start = [
  field('notes'),
  field('stage', { type: 'choice', maxLength: null, options: [option('One'), option('Two')] }),
  field('unmapped'),
]

let columns: SchemaField[]
let version: number
let board: NoticeBoard
let store: ReturnType<typeof memoryStore>
let now: number
let changes: number
let came: boolean[]
beforeEach(() => {
  columns = start
  version = 1
  now = 1
  changes = 0
  came = []
  store = memoryStore({ random: () => 0.5 })
  board = noticeBoard(store, { now: () => now }, () => undefined)
})
/** What the notice says after a turn; null: there is none. */
async function turn(): Promise<string | null> {
  now += 1
  await guardSchema(
    {
      describe: () => Promise.resolve({ records: { opportunity: columns } }),
      used: () => ({ version, columns: { opportunity: ['notes', 'stage'] } }),
      changed: (what) => Promise.resolve(void ((changes += 1), came.push(what.came))),
    },
    { board, store, now, signal: new AbortController().signal },
  )
  return (await board.open())[0]?.text ?? null
}

describe('[R61] a CRM that changes under the mapping', () => {
  it('is told of once, in words, and is over when it is changed back', async () => {
    expect(await turn()).toBeNull()
    expect(await turn()).toBeNull()
    columns = [field('new_notes', { label: 'NOTES' }), ...start.slice(1)]
    expect(await turn()).toBe('Column opportunity.notes ("NOTES") is gone; opportunity.new_notes has its label now.')
    await turn()
    expect(await board.open()).toHaveLength(1)
    columns = start
    expect(await turn()).toBeNull()
  })

  it('knows a column that came back: what was written meanwhile has not reached it', async () => {
    await turn()
    columns = start.slice(1)
    await turn()
    columns = start.map((one) => (one.name === 'stage' ? { ...one, maxLength: 10 } : one))
    await turn()
    columns = start
    await turn()
    expect(came).toEqual([false, true, false])
  })

  it.each<[string, SchemaField[], string]>([
    ['a shorter column', [field('notes', { maxLength: 50 }), ...start.slice(1)], 'held 100 characters and holds 50'],
    ['a mandatory column', [field('notes', { required: true }), ...start.slice(1)], 'opportunity.notes is mandatory now'],
    ['a locked column', [field('notes', { writable: false }), ...start.slice(1)], 'cannot be written any more'],
    ['another kind', [field('notes', { type: 'number' }), ...start.slice(1)], 'was text and is number'],
    ['a new demand', [...start, field('region', { required: true })], 'A new record needs column opportunity.region'],
    [
      'a demand on an unmapped column',
      [start[0] ?? field('notes'), start[1] ?? field('stage'), field('unmapped', { required: true })],
      'opportunity.unmapped',
    ],
    [
      'other options',
      [field('notes'), field('stage', { type: 'choice', maxLength: null, options: [option('One'), option('Three')] })],
      'new options: Three. Column opportunity.stage has lost options: Two',
    ],
  ])('tells of %s', async (_what, changed, said) => {
    await turn()
    columns = changed
    expect(await turn()).toContain(said)
  })

  it('says nothing of columns that no row uses, and begins afresh with the next version', async () => {
    await turn()
    columns = [...start.slice(0, 2), field('unmapped', { type: 'number' })]
    expect(await turn()).toBeNull()
    columns = start.slice(1)
    expect(await turn()).toContain('is gone')
    version = 2
    expect(await turn()).toBeNull()
  })

  it('tells of a second change while the first lasts, and ends when a person accepts it', async () => {
    await turn()
    columns = [field('notes', { maxLength: 50 }), ...start.slice(1)]
    expect(await turn()).toContain('held 100 characters and holds 50')
    columns = [field('notes', { maxLength: 50, required: true }), ...start.slice(1)]
    expect(await turn()).toContain('is mandatory now')
    expect(await board.open()).toHaveLength(1)
    await acceptColumns({ store, board, clock: { now: () => now } }, 'ada')
    expect(await board.open()).toEqual([])
    expect(await turn()).toBeNull()
    columns = [field('notes', { maxLength: 20, required: true }), ...start.slice(1)]
    expect(await turn()).toContain('held 50 characters and holds 20')
  })

  it('has what was refused tried again, also when it is no news: a row more that a lookup may point to', async () => {
    const lookup = (...labels: string[]): SchemaField => field('stage', { type: 'lookup', maxLength: null, options: labels.map(option) })
    columns = [field('notes'), lookup('North')]
    await turn()
    await turn()
    expect(changes).toBe(0)
    columns = [field('notes'), lookup('North', 'West')]
    expect(await turn()).toBeNull()
    expect(changes).toBe(1)
    await turn()
    columns = [...columns, field('unmapped', { label: 'Other words' })]
    await turn()
    expect(changes).toBe(1)
  })
})
