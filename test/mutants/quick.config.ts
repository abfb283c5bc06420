import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConfig } from 'vitest/config'
import { MUTANTS } from './list.js'
import { mutated, root } from './make.js'
import { QUICK } from './quick.js'

// One project a bug: its sources with the bug in them, and the one file of tests that must turn red. COSELL_MUTANTS_REPORT is written with how each ended.
const report = process.env['COSELL_MUTANTS_REPORT']
if (report === undefined) throw new Error('COSELL_MUTANTS_REPORT names no file.')
const ended: Record<string, string> = {}

export default defineConfig({
  root,
  test: {
    maxWorkers: 2,
    reporters: [
      {
        onTestModuleEnd(module) {
          const tests = [...module.children.allTests()]
          // A file that could not be loaded says nothing of whether its tests would notice.
          ended[module.project.name] = tests.length === 0 ? 'not loaded' : tests.some((test) => test.result().state === 'failed') ? 'red' : 'green'
        },
        onTestRunEnd: () => writeFileSync(report, JSON.stringify(ended)),
      },
    ],
    projects: QUICK.map(({ name, suite }) => {
      const mutant = MUTANTS.find((one) => one.name === name)
      if (mutant === undefined) throw new Error(`The list has no mutant "${name}".`)
      return {
        root,
        plugins: [
          {
            name: 'mutant',
            enforce: 'pre' as const,
            transform: (source: string, id: string) => (id.split('?')[0] === join(root, mutant.file) ? mutated(mutant, source) : undefined),
          },
        ],
        test: { name, include: [suite], pool: 'threads' as const, testTimeout: 30_000 },
      }
    }),
  },
})
