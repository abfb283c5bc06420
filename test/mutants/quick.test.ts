import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from './make.js'
import { QUICK } from './quick.js'

// The time limit only ends a run that hangs: on a quiet machine it takes a quarter of a minute.
const limitMs = 280_000

it('every bug of the quick choice turns the tests that stand beside it red', async () => {
  const folder = join(root, '.tmp', 'mutants')
  mkdirSync(folder, { recursive: true })
  const report = join(folder, 'quick.json')
  rmSync(report, { force: true })
  const args = [join('node_modules', 'vitest', 'vitest.mjs'), 'run', '--config', join('test', 'mutants', 'quick.config.ts')]
  const env = { ...process.env, CI: 'true', NO_COLOR: '1', COSELL_MUTANTS_REPORT: report }
  const child = spawn(process.execPath, args, { cwd: root, stdio: 'ignore', timeout: limitMs, env })
  // Red is what is wanted; anything else is a run that could not be made.
  expect(await new Promise((resolve) => void child.on('close', resolve))).toBe(1)
  const ended = JSON.parse(readFileSync(report, 'utf8')) as Record<string, string> // as quick.config.ts writes it
  expect(ended).toEqual(Object.fromEntries(QUICK.map(({ name }) => [name, 'red'])))
}, limitMs)
