// `npm run sim`: compiles the simulation into one file, which plays a fifth more seeds a second than loading it file by file, and plays it.
// Arguments: --seeds N, --from K, --seed K (one, with its trace), --crm dynamics|salesforce, --wide, --whole, --census, --digest, --minutes N, --bail.
import { spawn } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { root } from './ensure.mjs'

const outfile = join(root, '.tmp', 'simulation', 'run.mjs')
mkdirSync(join(root, '.tmp', 'simulation'), { recursive: true })
await build({
  entryPoints: [join(root, 'test', 'simulation', 'run.ts')],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  packages: 'external',
  sourcemap: 'inline',
  logLevel: 'warning',
})
const child = spawn(process.execPath, ['--max-semi-space-size=32', outfile, ...process.argv.slice(2)], { stdio: 'inherit' })
child.on('exit', (code) => {
  process.exitCode = code ?? 1
})
