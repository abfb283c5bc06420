// One command to see it all: installs and builds what is missing, then runs `cosell demo` with the same arguments.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { build } from './build.mjs'
import { root } from './ensure.mjs'

await build({ quiet: true })

const child = spawn(process.execPath, [join(root, 'dist', 'cli', 'main.js'), 'demo', ...process.argv.slice(2)], { stdio: 'inherit' })
// Ctrl-C reaches both processes; the demo ends in its own time and this one follows.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
child.on('error', (error) => {
  console.error(`The demo could not be started: ${error.message}`)
  process.exit(70)
})
child.on('close', (code, signal) => process.exit(signal === null ? code ?? 70 : 130))
