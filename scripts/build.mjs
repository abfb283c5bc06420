// Builds dist/ from src/ (and the console, where it is part of the tree). Does nothing when nothing changed since the last build.
import { createHash } from 'node:crypto'
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { compiler, ensureNode, ensurePackages, giveUp, root, run, runNode } from './ensure.mjs'

const dist = join(root, 'dist')
const consoleFolder = join(root, 'console')

/** Every file below a folder, sorted, so that a hash over them is the same everywhere. */
function filesBelow(folder, skip = () => false) {
  if (!existsSync(folder)) return []
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !skip(entry.name))
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(join(folder, entry.name), skip) : [join(folder, entry.name)]))
    .sort()
}

function hashOf(files) {
  const hash = createHash('sha256')
  for (const file of files) hash.update(relative(root, file)).update('\0').update(readFileSync(file)).update('\0')
  return hash.digest('hex')
}

const stampIn = (folder) => join(folder, '.stamp')
function isCurrent(folder, hash) {
  return existsSync(stampIn(folder)) && readFileSync(stampIn(folder), 'utf8') === hash
}

const sources = () => filesBelow(join(root, 'src')).filter((file) => !file.endsWith('.test.ts'))

/** SQL, JSON, CSV, templates: whatever the compiler does not carry over. */
function copyAssets(into) {
  for (const file of sources().filter((path) => !path.endsWith('.ts'))) {
    const target = join(into, relative(join(root, 'src'), file))
    mkdirSync(dirname(target), { recursive: true })
    copyFileSync(file, target)
  }
}

async function buildService(say) {
  const hash = hashOf([...sources(), join(root, 'tsconfig.json'), join(root, 'tsconfig.build.json'), join(root, 'package-lock.json')])
  if (isCurrent(dist, hash)) return say('dist is up to date')
  const started = Date.now()
  say('Compiling src …')
  // Compiled aside and moved into place whole, so that a failed build leaves the last good one and a running service its files.
  const next = join(root, `.dist-${process.pid}`)
  const code = await runNode([compiler(), '-p', 'tsconfig.build.json', '--outDir', next])
  if (code !== 0) {
    rmSync(next, { recursive: true, force: true })
    giveUp('The build stopped at the type errors above; dist is unchanged.')
  }
  copyAssets(next)
  const main = join(next, 'cli', 'main.js')
  if (existsSync(main)) chmodSync(main, 0o755)
  writeFileSync(stampIn(next), hash)
  rmSync(dist, { recursive: true, force: true })
  renameSync(next, dist)
  say(`Compiled src in ${((Date.now() - started) / 1000).toFixed(1)} s`)
}

async function buildConsole(say) {
  if (!existsSync(join(consoleFolder, 'package.json'))) return
  const target = join(consoleFolder, 'dist')
  const hash = hashOf([
    ...filesBelow(consoleFolder, (name) => name === 'node_modules' || name === 'dist' || name.startsWith('.')),
    // The console takes the types of the API from the service.
    ...filesBelow(join(root, 'src', 'server')).filter((file) => !file.endsWith('.test.ts')),
  ])
  if (isCurrent(target, hash)) return say('The console is up to date')
  const started = Date.now()
  await ensurePackages(consoleFolder)
  say('Building the console …')
  const code = await run('npm', ['run', 'build', '--silent', '--', '--logLevel', 'warn'], { cwd: consoleFolder, patience: 'still building the console' })
  if (code !== 0) giveUp('The console could not be built; see above.')
  writeFileSync(stampIn(target), hash)
  say(`Built the console in ${((Date.now() - started) / 1000).toFixed(1)} s`)
}

export async function build({ quiet = false } = {}) {
  ensureNode()
  await ensurePackages()
  // A quiet build speaks only when there is work to wait for.
  const say = (line) => (quiet && line.includes('up to date') ? undefined : console.error(line))
  await buildService(say)
  await buildConsole(say)
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await build()
