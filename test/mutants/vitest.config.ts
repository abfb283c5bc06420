import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { MUTANTS } from './list.js'
import { mutated, root } from './make.js'

// The tests, with one bug in the sources: COSELL_MUTANT names it.
const mutant = MUTANTS.find(({ name }) => name === process.env['COSELL_MUTANT'])
if (mutant === undefined) throw new Error('COSELL_MUTANT names no mutant of the list.')

export default defineConfig({
  root,
  test: { include: ['src/**/*.test.ts', 'test/**/*.test.ts'], testTimeout: 30_000, hookTimeout: 60_000, pool: 'forks' },
  plugins: [
    {
      name: 'mutant',
      enforce: 'pre',
      transform: (source, id) => (id.split('?')[0] === join(root, mutant.file) ? mutated(mutant, source) : undefined),
    },
  ],
})
