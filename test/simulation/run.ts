import { parseArgs } from 'node:util'
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

const startedAt = performance.now()
const failed: number[] = []
for (let seed = first; seed < first + count; seed += 1) {
  const { violations, trace } = await runCase(drawCase(seed))
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
console.log(
  `${count} seeds from ${first}: ${failed.length} failed${failed.length === 0 ? '' : ` (${failed.join(', ')})`}; ${(count / seconds).toFixed(1)} seeds a second.`,
)
process.exitCode = failed.length === 0 ? 0 : 1
