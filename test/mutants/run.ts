import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { MUTANTS, type Mutant } from './list.js'

/**
 * Makes each bug of the list in a copy of the sources and sees who catches it: the simulation first, then the tests.
 * `npm run mutants [-- --only TEXT] [--seeds N]`. Writes test/mutants/results.json; ends with 1 when one survives.
 */
interface Result {
  readonly name: string
  readonly rules: readonly string[]
  readonly caughtBy: string | null
}

const { values } = parseArgs({ options: { only: { type: 'string' }, seeds: { type: 'string', default: '60' } } })
const root = fileURLToPath(new URL('../../', import.meta.url))
const suites = [
  'src/core',
  'src/engine',
  'src/store',
  'src/adapters',
  'test/property',
  'test/contract/conformance.test.ts',
  'test/contract/corners.test.ts',
  'test/contract/store.test.ts',
  'test/contract/partner-center-adapter.test.ts',
  'test/contract/dynamics-adapter.test.ts',
]
const chosen = MUTANTS.filter(({ name }) => values.only === undefined || name.includes(values.only))

const run = (args: readonly string[], timeout: number) =>
  spawnSync(process.execPath, [...args], { cwd: folder, encoding: 'utf8', timeout, env: { ...process.env, NO_COLOR: '1', CI: 'true' } })

const folder = mkdtempSync(join(tmpdir(), 'cosell-mutants-'))
for (const path of ['src', 'test', 'docs', 'package.json', 'tsconfig.json', 'vitest.config.ts'])
  cpSync(join(root, path), join(folder, path), { recursive: true })
symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'))

const results: Result[] = []
for (const mutant of chosen) {
  const caughtBy = withMutant(mutant, () => bySimulation() ?? byTests())
  results.push({ name: mutant.name, rules: mutant.rules, caughtBy })
  console.log(`${caughtBy === null ? 'SURVIVED' : 'caught'}  ${mutant.name}${caughtBy === null ? '' : `: ${caughtBy}`}`)
}
rmSync(folder, { recursive: true, force: true })

const caught = results.filter(({ caughtBy }) => caughtBy !== null).length
console.log(`${caught} of ${results.length} caught.`)
if (values.only === undefined) {
  const bySimulationAlone = results.filter(({ caughtBy }) => caughtBy?.startsWith('simulation')).length
  const summary = { at: new Date().toISOString().slice(0, 10), mutants: results.length, caught, bySimulationAlone, results }
  writeFileSync(join(root, 'test', 'mutants', 'results.json'), `${JSON.stringify(summary, null, 2)}\n`)
}
process.exitCode = caught === results.length ? 0 : 1

function withMutant<T>({ file, find, replace }: Mutant, work: () => T): T {
  const path = join(folder, file)
  const text = readFileSync(path, 'utf8')
  if (text.split(find).length !== 2) throw new Error(`${file} does not hold the place of this mutant exactly once: ${find}`)
  writeFileSync(
    path,
    text.replace(find, () => replace),
  )
  try {
    return work()
  } finally {
    writeFileSync(path, text)
  }
}

function bySimulation(): string | null {
  const { status, stdout } = run(
    [join('node_modules', 'tsx', 'dist', 'cli.mjs'), 'test/simulation/run.ts', '--seeds', values.seeds, '--bail'],
    120_000,
  )
  const said = /^seed (\d+):\n\s+(\S+):/m.exec(stdout)
  if (said !== null) return `simulation, seed ${said[1] ?? ''}, ${said[2] ?? ''}`
  return status === 0 ? null : 'simulation, which could not go on'
}

function byTests(): string | null {
  const { status, stdout } = run([join('node_modules', 'vitest', 'vitest.mjs'), 'run', '--bail=1', '--maxWorkers=2', ...suites], 300_000)
  if (status === 0) return null
  return `test "${/(?:FAIL|×)\s+(.+)/.exec(stdout)?.[1]?.trim() ?? 'unnamed'}"`
}
