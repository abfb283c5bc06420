import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fold, rowStore, type Row } from './row-store.js'

const ids = ['a', 'b', 'c', 'd', 'e']
type Step = { readonly kind: 'put' | 'remove'; readonly id: string; readonly value: number }

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom('put' as const, 'remove' as const),
    id: fc.constantFrom(...ids),
    value: fc.integer({ min: 0, max: 3 }),
  }),
  { maxLength: 40 },
)

/** Carries out steps and remembers how to take them back, as a transaction does. */
function run(store: ReturnType<typeof rowStore>, list: readonly Step[], firstVersion: number): (() => void)[] {
  const undo: (() => void)[] = []
  list.forEach((step, at) => {
    const before = store.get(step.id)
    const position = store.position()
    const version = firstVersion + at
    if (step.kind === 'remove' && before === undefined) return
    if (step.kind === 'put') store.put({ id: step.id, version, cells: { v: `V${step.value}` } })
    else store.remove(step.id, version)
    undo.push(() => store.rewind(step.id, before, position))
  })
  return undo
}

const shown = (store: ReturnType<typeof rowStore>): unknown => ({
  rows: [...store.all()].map((row: Row) => `${row.id}:${row.version}:${String(row.cells['v'])}`).sort(),
  sorted: store.sortedIds().filter((id) => store.get(id) !== undefined),
  index: [0, 1, 2, 3].map((value) => [...store.find('v', fold(`V${value}`))].sort()),
  changes: store.changes(0, Number.MAX_SAFE_INTEGER),
})

test('taking steps back leaves rows, indexes and the change log as they were', () => {
  fc.assert(
    fc.property(steps, steps, (kept, undone) => {
      const store = rowStore()
      store.index('v')
      run(store, kept, 1)
      const before = shown(store)
      for (const step of run(store, undone, 1_000).reverse()) step()
      expect(shown(store)).toEqual(before)
    }),
  )
})

test('changes since a version are the rows with a newer one, each once, and the ids that are gone', () => {
  fc.assert(
    fc.property(steps, steps, (first, second) => {
      const store = rowStore()
      run(store, first, 1)
      const before = new Map([...store.all()].map((row) => [row.id, row.version]))
      run(store, second, 1_000)
      store.tidy()
      const { changed, deleted } = store.changes(999, 5_000)
      const expected = [...store.all()].filter((row) => row.version >= 1_000).sort((a, b) => a.version - b.version)
      expect(changed).toEqual(expected.map(({ id }) => id))
      for (const id of before.keys()) if (store.get(id) === undefined) expect(deleted).toContain(id)
      for (const id of deleted) expect(store.get(id)).toBeUndefined()
    }),
  )
})

test('texts fold as the database compares them', () => {
  expect([fold('ÉCOLE  '), fold('Zoë'), fold('abc')]).toEqual(['ecole', 'zoe', 'abc'])
})
