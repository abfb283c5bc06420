// Packs the npm package as it would be published, looks into it, and starts its demo from an empty folder. Expects a build.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { giveUp, output, root } from './ensure.mjs'

const unpackedMost = 12 * 1024 * 1024
const readyWithinMs = 60_000 // Ten seconds on a machine of its own; tests may share this one with others.
const folder = join(root, '.tmp', 'pack')

function unpack() {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const packed = output('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder])
  if (packed === null) giveUp('npm could not pack the package: run `npm pack --ignore-scripts` to see why.')
  const [{ filename }] = JSON.parse(packed)
  if (spawnSync('tar', ['-xzf', join(folder, filename), '-C', folder]).status !== 0) giveUp(`${filename} could not be unpacked.`)
  return join(folder, 'package')
}

const filesBelow = (at) =>
  readdirSync(at, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))

function inspect(at) {
  const files = filesBelow(at)
  const names = files.map((file) => relative(at, file))
  const wrong = []
  for (const needed of ['dist/cli/main.js', 'dist/assemble.d.ts', 'dist/sandbox/index.js', 'console/dist/index.html', 'README.md', 'CHANGELOG.md', 'LICENSE'])
    if (!names.includes(needed)) wrong.push(`${needed} is missing`)
  for (const name of names) if (/\.test\.|(^|\/)(test|bench|node_modules)\/|\.env$|cosell\.yaml$/.test(name)) wrong.push(`${name} does not belong into it`)
  const own = [root, homedir()].filter((path) => path.length > 5)
  for (const file of files) {
    const text = readFileSync(file, 'latin1')
    for (const path of own) if (text.includes(`${path}/`)) wrong.push(`${relative(at, file)} names a folder of this machine`)
  }
  const bytes = files.reduce((sum, file) => sum + statSync(file).size, 0)
  if (bytes > unpackedMost) wrong.push(`it holds ${bytes} bytes, more than ${unpackedMost}`)
  if (!(statSync(join(at, 'dist/cli/main.js')).mode & 0o100)) wrong.push('dist/cli/main.js cannot be executed')
  if (wrong.length > 0) giveUp(`The package is not right: ${wrong.join('; ')}.`)
  return { files: files.length, bytes }
}

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer()
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

/** The packages it needs are those of this repository, which lies above it. */
async function startDemo(at) {
  const empty = mkdtempSync(join(tmpdir(), 'cosell-package-'))
  const port = await freePort()
  const began = Date.now()
  const child = spawn(process.execPath, [join(at, 'dist/cli/main.js'), 'demo', '--port', String(port)], { cwd: empty, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk) => (said += chunk))
  const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve(signal ?? code)))
  const answers = () => fetch(`http://127.0.0.1:${port}/readyz`).then(({ ok }) => ok, () => false)
  while (!(await answers())) {
    if (Date.now() - began > readyWithinMs || child.exitCode !== null) {
      child.kill('SIGKILL')
      giveUp(`The demo of the package did not get ready within ${readyWithinMs / 1_000} s:\n${said}`)
    }
    await sleep(100)
  }
  const ms = Date.now() - began
  const page = await (await fetch(`http://127.0.0.1:${port}/`)).text()
  child.kill('SIGTERM')
  const end = await ended
  rmSync(empty, { recursive: true, force: true })
  if (!page.includes('<html')) giveUp('The demo of the package shows no console.')
  if (end !== 0) giveUp(`The demo of the package ended with ${end} instead of 0:\n${said}`)
  return ms
}

if (!existsSync(join(root, 'dist', 'cli', 'main.js'))) giveUp('There is no build: run `npm run build` first.')
const at = unpack()
const { files, bytes } = inspect(at)
const ms = await startDemo(at)
rmSync(folder, { recursive: true, force: true })
console.log(`${files} files, ${(bytes / 1024 / 1024).toFixed(1)} MB; its demo is ready after ${(ms / 1_000).toFixed(1)} s and ends in order`)
