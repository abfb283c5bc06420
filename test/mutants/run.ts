import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { CRM_KINDS } from '../simulation/crm.js'
import { MUTANTS, type Mutant } from './list.js'
import { bundledSimulation, root } from './make.js'
import { suitesFor } from './suites.js'

/**
 * Makes each bug of the list, one at a time and without touching a file, and sees who catches it: a few seeds of the simulation on each CRM,
 * and, where those do not, the tests that stand nearest to the bug.
 * `npm run mutants [-- --only TEXT] [--from N] [--seeds N]`. A whole run writes test/mutants/results.json; ends with 1 when one survives.
 */
interface Result {
  readonly name: string
  readonly rules: readonly string[]
  readonly caughtBy: string | null
}

const { values } = parseArgs({
  options: { only: { type: 'string' }, from: { type: 'string', default: '1' }, seeds: { type: 'string', default: '40' } },
})
const chosen = MUTANTS.slice(Number(values.from) - 1).filter(({ name }) => values.only === undefined || name.includes(values.only))
const run = (args: readonly string[], more: NodeJS.ProcessEnv, timeout: number) =>
  spawnSync(process.execPath, [...args], { cwd: root, encoding: 'utf8', timeout, env: { ...process.env, NO_COLOR: '1', ...more } })

const results: Result[] = []
for (const mutant of chosen) {
  const caughtBy = (await bySimulation(mutant)) ?? byTests(mutant)
  results.push({ name: mutant.name, rules: mutant.rules, caughtBy })
  console.log(`${caughtBy === null ? 'SURVIVED' : 'caught'}  ${mutant.name}${caughtBy === null ? '' : `: ${caughtBy}`}`)
}
const caught = results.filter(({ caughtBy }) => caughtBy !== null).length
console.log(`${caught} of ${results.length} caught.`)
if (chosen.length === MUTANTS.length) {
  const bySimulationAlone = results.filter(({ caughtBy }) => caughtBy?.startsWith('simulation')).length
  const summary = { at: new Date().toISOString().slice(0, 10), mutants: results.length, caught, bySimulationAlone, results }
  writeFileSync(join(root, 'test', 'mutants', 'results.json'), `${JSON.stringify(summary, null, 2)}\n`)
}
process.exitCode = caught === results.length ? 0 : 1

/** The seeds end by themselves after four minutes, however many are left; what goes on after that hangs. */
async function bySimulation(mutant: Mutant): Promise<string | null> {
  const file = await bundledSimulation('mutant', mutant)
  for (const crm of CRM_KINDS) {
    const { status, stdout } = run([file, '--crm', crm, '--seeds', values.seeds, '--minutes', '4', '--bail'], {}, 300_000)
    const said = /^seed (\d+):\n\s+(\S+):/m.exec(stdout)
    if (said !== null) return `simulation on ${crm}, seed ${said[1] ?? ''}, ${said[2] ?? ''}`
    if (status !== 0) return `simulation on ${crm}, which could not go on`
  }
  return null
}

function byTests(mutant: Mutant): string | null {
  const vitest = [join('node_modules', 'vitest', 'vitest.mjs'), 'run', '--config', join('test', 'mutants', 'vitest.config.ts')]
  const { status, stdout } = run([...vitest, '--bail=1', '--maxWorkers=2', ...suitesFor(mutant)], { CI: 'true', COSELL_MUTANT: mutant.name }, 400_000)
  if (status === 0) return null
  return `test "${/(?:FAIL|×)\s+(.+)/.exec(stdout)?.[1]?.trim() ?? 'unnamed'}"`
}
