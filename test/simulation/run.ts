import { parseArgs } from 'node:util'
import { CRM_KINDS, isCrmKind } from './crm.js'
import { drawCase, runCase } from './run-seed.js'

/**
 * Plays many seeds of the simulation: `npm run sim -- --seeds 2000`, or one of them with its trace: `npm run sim -- --seed 1111`.
 * Ends with 1 when anything that must hold did not.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    crm: { type: 'string', default: 'dynamics' },
    trace: { type: 'boolean', default: false },
    /** Ends with the first seed that fails. */
    bail: { type: 'boolean', default: false },
  },
})
const [first, count] = values.seed === undefined ? [Number(values.from), Number(values.seeds)] : [Number(values.seed), 1]
if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count) || count < 1) {
  console.error('--seeds, --from and --seed take whole numbers.')
  process.exit(2)
}

const { crm } = values
if (!isCrmKind(crm)) {
  console.error(`--crm is one of ${CRM_KINDS.join(', ')}.`)
  process.exit(2)
}
const startedAt = performance.now()
const failed: number[] = []
for (let seed = first; seed < first + count; seed += 1) {
  const { violations, trace } = await runCase(drawCase(seed, crm))
  if (violations.length > 0) {
    failed.push(seed)
    console.log(`seed ${seed}:`)
    for (const { invariant, text } of violations) console.log(`  ${invariant}: ${text}`)
    if (values.seed !== undefined || values.trace) console.log(trace.map((line) => `    ${line}`).join('\n'))
    if (values.bail) break
  }
  if ((seed - first + 1) % 100 === 0) console.error(`${seed - first + 1} of ${count} seeds, ${failed.length} failed`)
}
const seconds = (performance.now() - startedAt) / 1_000
const { user, system } = process.cpuUsage()
console.log(
  `${count} seeds from ${first}: ${failed.length} failed${failed.length === 0 ? '' : ` (${failed.join(', ')})`}; ${(count / seconds).toFixed(1)} seeds a second, ${((count * 1e6) / (user + system)).toFixed(1)} a second of processor time.`,
)
process.exitCode = failed.length === 0 ? 0 : 1
