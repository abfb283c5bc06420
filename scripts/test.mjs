// `npm test`: everything that must hold, each with a heading and its time, and as the very last line `N passed, N failed`.
// Arguments go to vitest: `npm test -- src/core`.
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { compiler, ensureDebianPackages, ensureNode, ensurePackages, root, runNode, tool } from './ensure.mjs'

const report = join(root, '.tmp', 'vitest.json')
const tally = { passed: 0, failed: 0 }

async function step(title, work) {
  console.log(`\n── ${title} ${'─'.repeat(Math.max(3, 70 - title.length))}`)
  const started = Date.now()
  const good = await work()
  console.log(`${good ? '✓' : '✗'} ${title}: ${good ? 'passed' : 'failed'} in ${((Date.now() - started) / 1000).toFixed(1)} s`)
}

/** A check that passes or fails as one. */
function check(title, args) {
  return step(title, async () => {
    const good = (await runNode(args)) === 0
    tally[good ? 'passed' : 'failed'] += 1
    return good
  })
}

/** Counts tests; a file that could not even be loaded, and a run that ended badly without a failed test, count as one failure each. */
function count(exitCode) {
  if (!existsSync(report)) return { passed: 0, failed: 1 }
  const result = JSON.parse(readFileSync(report, 'utf8'))
  const unloaded = result.testResults.filter((file) => file.status === 'failed' && file.assertionResults.every((test) => test.status !== 'failed')).length
  const failed = result.numFailedTests + unloaded
  return { passed: result.numPassedTests, failed: failed === 0 && exitCode !== 0 ? 1 : failed }
}

function tests(args) {
  return step('tests', async () => {
    mkdirSync(join(root, '.tmp'), { recursive: true })
    rmSync(report, { force: true })
    // CI: a page or snapshot that is not current is a failure and never written anew.
    const env = { ...process.env, CI: 'true' }
    const exitCode = await runNode([tool('vitest/vitest.mjs'), 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...args], { env })
    const { passed, failed } = count(exitCode)
    tally.passed += passed
    tally.failed += failed
    return failed === 0
  })
}

ensureNode()
await ensurePackages()
await ensureDebianPackages()
await check('build', ['scripts/build.mjs'])
await check('types', [compiler(), '--noEmit', '-p', 'tsconfig.json'])
await check('types of the console', [compiler(), '--noEmit', '-p', 'console/tsconfig.json'])
await check('types of the browser tests', [compiler(), '--noEmit', '-p', 'test/browser/tsconfig.json'])
await check('lint', [tool('eslint/bin/eslint.js'), '.'])
await check('dependency rules', [tool('dependency-cruiser/bin/dependency-cruise.mjs'), '--config', '.dependency-cruiser.cjs', 'src'])
await check('package (publint)', [tool('publint/src/cli.js'), '--strict'])
await check('package (packed and started)', ['scripts/package.mjs'])
await check('bill of materials', ['scripts/sbom.mjs', join(root, '.tmp', 'sbom.cdx.json')])
await tests(process.argv.slice(2))
console.log(`\n${tally.passed} passed, ${tally.failed} failed`)
process.exitCode = tally.failed === 0 ? 0 : 1
