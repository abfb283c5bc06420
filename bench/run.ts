import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { built, root } from '../test/support/fleet.js'
import { holds, text, wanted, type Measured, type Result } from './figure.js'
import { GROUPS, resultFile } from './groups.js'
import { writePage } from './page.js'

// `npm run bench [-- --only NAME] [-- --resume]`: measures against the strict simulators, writes bench/results/NAME.json and docs/performance.md.
// NAME is a group or how several begin (`pace`); with --resume those that were measured at this commit are left out; `--only page` writes the page alone.
const { values } = parseArgs({ options: { only: { type: 'string' }, resume: { type: 'boolean' } } })
const isWanted = (name: string): boolean => (values.only === undefined ? GROUPS[name]?.named !== true : name === values.only || name.startsWith(`${values.only}-`))
const wantedNames = Object.keys(GROUPS).filter(isWanted)
if (wantedNames.length === 0 && values.only !== 'page') throw new Error(`There is no ${values.only}, only page, ${Object.keys(GROUPS).join(', ')}.`)
if (wantedNames.length > 0) built()
mkdirSync(join(root, 'bench', 'results'), { recursive: true })
for (const name of wantedNames) {
  const file = resultFile(name)
  const group = GROUPS[name]
  if (group === undefined || (values.resume === true && existsSync(file) && read(file).commit === commit())) continue
  console.log(group.title)
  const measured = await group.run()
  writeFileSync(file, `${JSON.stringify(resultOf(group.title, measured), null, 2)}\n`)
  for (const figure of measured.figures) console.log(`${holds(figure) ? '✓' : '✗'} ${figure.name}: ${text(figure)} (${figure.target === null ? '' : 'wanted '}${wanted(figure)})`)
}
writePage(Object.keys(GROUPS).map(resultFile).filter((file) => existsSync(file)).map(read))

function read(file: string): Result {
  return JSON.parse(readFileSync(file, 'utf8')) as Result // written by this command
}
function resultOf(title: string, measured: Measured): Result {
  return { title, at: new Date().toISOString().slice(0, 10), commit: commit(), machine: `${cpus().length} cores, Node ${process.versions.node}`, ...measured }
}
function commit(): string {
  return execFileSync('git', ['-c', 'safe.directory=*', 'rev-parse', '--short', 'HEAD'], { cwd: root }).toString().trim()
}
