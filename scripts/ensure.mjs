// What must be in place before anything else: Node, the npm packages, the Debian packages. Uses nothing but Node itself,
// because it runs before anything is installed. Everything here may run again and then does nothing.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { delimiter, join } from 'node:path'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** The newest Node release line we know to be too old. */
const nodeFloor = [20, 19]

/** Ends with one sentence that says what to do. */
export function giveUp(sentence) {
  console.error(sentence)
  process.exit(1)
}

export function ensureNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > nodeFloor[0] || (major === nodeFloor[0] && minor >= nodeFloor[1])) return
  giveUp(`cosell needs Node.js ${nodeFloor.join('.')} or newer, and this is ${process.versions.node}: install a newer one from https://nodejs.org and run this again.`)
}

const readJson = (path) => {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch {
    return null // Missing or half written; both mean "not installed".
  }
}

/**
 * Whether node_modules holds what package-lock.json asks for. npm keeps its own record of what it installed and writes it last,
 * so an interrupted installation is seen too, and one made by `npm install` is not done again.
 */
export function isInstalled(folder) {
  const wanted = readJson(join(folder, 'package-lock.json'))
  const present = readJson(join(folder, 'node_modules', '.package-lock.json'))
  if (wanted === null || present === null) return false
  return Object.entries(wanted.packages).every(([path, entry]) => {
    if (path === '' || entry.link === true) return true
    const found = present.packages[path]
    // Packages for other platforms are left out by npm.
    return found === undefined ? entry.optional === true || entry.peer === true : found.version === entry.version
  })
}

/** Runs a command and shows that it is still alive when it says nothing for a while. Resolves to its exit code. */
export function run(command, args, { cwd = root, env = process.env, patience = null } = {}) {
  return new Promise((resolve) => {
    const started = Date.now()
    const child = spawn(command, args, { cwd, env, stdio: 'inherit', shell: process.platform === 'win32' && command === 'npm' })
    const tick = patience === null ? null : setInterval(() => {
      console.error(`  … ${patience} (${Math.round((Date.now() - started) / 1000)} s)`)
    }, 10_000)
    const end = (code) => {
      if (tick !== null) clearInterval(tick)
      resolve(code)
    }
    child.on('error', (error) => {
      console.error(`${command} could not be started: ${error.message}`)
      end(1)
    })
    child.on('close', (code, signal) => end(signal === null ? code ?? 1 : 130))
  })
}

export async function ensurePackages(folder = root) {
  if (isInstalled(folder)) return
  console.error(`Installing the npm packages${folder === root ? '' : ' for the console'}; this takes about a minute, once.`)
  const code = await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: folder, patience: 'still installing' })
  if (code !== 0) giveUp(`npm could not install the packages in ${folder}: mend what it says above (most often the network or a proxy) and run this again.`)
}

const onPath = (name) => (process.env.PATH ?? '').split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, name)))

function hasPostgres() {
  if (onPath('postgres')) return true
  try {
    return readdirSync('/usr/lib/postgresql').some((version) => existsSync(`/usr/lib/postgresql/${version}/bin/postgres`))
  } catch {
    return false // No such folder: Debian's package is not there.
  }
}

/** What the tests need beyond npm: a PostgreSQL server to start, and a browser. */
const debianPackages = [
  { name: 'postgresql', present: hasPostgres },
  { name: 'chromium', present: () => existsSync('/usr/bin/chromium') },
]

export async function ensureDebianPackages() {
  const missing = debianPackages.filter((item) => !item.present()).map((item) => item.name)
  if (missing.length === 0) return
  const names = missing.join(' ')
  if (process.getuid?.() !== 0 || !onPath('apt-get')) {
    giveUp(`The tests need ${missing.join(' and ')}: run \`sudo apt-get update && sudo apt-get install -y --no-install-recommends ${names}\` and then this again.`)
  }
  console.error(`Installing ${missing.join(' and ')} with apt-get; this takes a minute or two, once.`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  for (const args of [['update', '-qq'], ['install', '-y', '-qq', '-o', 'Dpkg::Use-Pty=0', '--no-install-recommends', ...missing]]) {
    const code = await run('apt-get', args, { env, patience: 'apt-get is still at work' })
    if (code !== 0) giveUp(`apt-get ${args[0]} failed: mend what it says above, or install ${missing.join(' and ')} yourself, and run this again.`)
  }
}

/** A program of node_modules, run by this very Node. */
export const tool = (path) => join(root, 'node_modules', path)

export function runNode(args, options) {
  return run(process.execPath, args, options)
}

/** The fast compiler where its binary runs on this machine, else the one written in JavaScript. Both give the same JavaScript. */
export function compiler() {
  const fast = tool('typescript7/bin/tsc')
  return existsSync(fast) && output(process.execPath, [fast, '--version']) !== null ? fast : tool('typescript/bin/tsc')
}

/** What a short command prints, or null when it failed. */
export function output(command, args) {
  const result = spawnSync(command, args, { cwd: root, encoding: 'utf8' })
  return result.status === 0 ? result.stdout : null
}
