import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { MUTANTS } from './list.js'

const root = new URL('../../', import.meta.url)
const spec = readFileSync(new URL('docs/SPEC.md', root), 'utf8')

describe('the list of mutants', () => {
  it.each(MUTANTS)('"$name" still has exactly one place to be made at, and rules that exist', ({ file, find, replace, rules }) => {
    const parts = readFileSync(new URL(file, root), 'utf8').split(find)
    expect(parts).toHaveLength(2)
    expect(replace).not.toBe(find)
    for (const rule of rules) expect(spec).toContain(`**${rule}**`)
  })

  it('is long enough, and no two are the same', () => {
    expect(MUTANTS.length).toBeGreaterThanOrEqual(45)
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length)
  })
})
