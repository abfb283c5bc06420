import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { MUTANTS } from './list.js'
import { bundledSimulation, root } from './make.js'
const names = process.argv.slice(4)
for (const name of names) {
  const mutant = MUTANTS.find((one) => one.name === name)
  if (!mutant) throw new Error(name)
  const file = await bundledSimulation('find', mutant)
  const { stdout } = spawnSync(process.execPath, [file, '--crm', process.argv[2]!, '--from', '1', '--seeds', process.argv[3]!, '--bail'], { cwd: root, encoding: 'utf8' })
  console.log(name, process.argv[2], /^seed (\d+):\n\s+(\S+):/m.exec(stdout)?.slice(1, 3), stdout.trim().split('\n').at(-1)?.slice(0, 90))
}
