import { createHash } from 'node:crypto'
import { parseArgs } from 'node:util'
import { CRM_KINDS, isCrmKind, type CrmKind } from './crm.js'
import { drawCase, runCase, type Breadth } from './run-seed.js'
import { shrunk } from './shrink.js'

/**
 * Plays many seeds of the simulation: `npm run sim -- --seeds 2000 [--crm salesforce] [--minutes 30]`, or one of them, made as small as it can be
 * and still fail, with its trace: `npm run sim -- --seed 1111`.
 * Ends with 1 when anything that must hold did not.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '200' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    crm: { type: 'string', default: 'dynamics' },
    /** Ends after so long, however many seeds are left. */
    minutes: { type: 'string', default: '100000' },
    trace: { type: 'boolean', default: false },
    /** Also what is not clean yet: records from before the connector came, a crowd that is changed at once, the author of every value. */
    wide: { type: 'boolean', default: false },
    /** Besides, what seldom happens: doors that wait for a word, flows that observe, identifiers written by hand, days without an answer. */
    whole: { type: 'boolean', default: false },
    /** As wide, and readings of referrals by id lag behind the last write. */
    lagging: { type: 'boolean', default: false },
    /** Tells how often everything came up: in how many runs, and how many times in all. */
    census: { type: 'boolean', default: false },
    /** Tells one number of everything that the seeds did: the same before and after whatever shall change no run. */
    digest: { type: 'boolean', default: false },
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
const breadth: Breadth = values.whole ? 'whole' : values.lagging ? 'lagging' : values.wide ? 'wide' : 'narrow'
if (!isCrmKind(crm)) {
  console.error(`--crm is one of ${CRM_KINDS.join(', ')}.`)
  process.exit(2)
}
const print = (trace: readonly string[]): void => console.log(trace.map((line) => `    ${line}`).join('\n'))
/** What is left of the seed when everything is taken away that the failure does not need. */
async function explain(seed: number, kind: CrmKind): Promise<void> {
  const smallest = await shrunk(drawCase(seed, kind, breadth))
  const { violations, trace } = await runCase(smallest)
  console.log(`  As small as it gets: ${JSON.stringify({ weather: smallest.weather, acts: smallest.script.acts.length })}`)
  for (const { invariant, text } of violations) console.log(`  ${invariant}: ${text}`)
  print(trace)
}
const startedAt = performance.now()
const failed: number[] = []
const digest = createHash('sha256')
let played = 0
const tally = new Map<string, { readonly runs: number; readonly times: number }>()
for (let seed = first; seed < first + count; seed += 1) {
  if (performance.now() - startedAt > Number(values.minutes) * 60_000) break
  played += 1
  const { violations, trace, census, simulatedMs, writes } = await runCase(drawCase(seed, crm, breadth))
  digest.update(JSON.stringify({ seed, trace, census: [...census], simulatedMs, writes, violations }))
  for (const [what, count] of census) {
    const { runs, times } = tally.get(what) ?? { runs: 0, times: 0 }
    tally.set(what, { runs: runs + 1, times: times + count })
  }
  if (violations.length === 0 && values.seed !== undefined && values.trace) print(trace)
  if (violations.length > 0) {
    failed.push(seed)
    console.log(`seed ${seed}:`)
    for (const { invariant, text } of violations) console.log(`  ${invariant}: ${text}`)
    if (values.trace) print(trace)
    else if (values.seed !== undefined) await explain(seed, crm)
    if (values.bail) break
  }
  if ((seed - first + 1) % 100 === 0) console.error(`${seed - first + 1} of ${count} seeds, ${failed.length} failed`)
}
if (values.census) for (const [what, { runs, times }] of [...tally].sort()) console.log(`  ${what}: ${times} times in ${runs} runs`)
if (values.digest) console.log(`digest of what was done: ${digest.digest('hex')}`)
const seconds = (performance.now() - startedAt) / 1_000
const { user, system } = process.cpuUsage()
console.log(
  `${crm}: ${played} seeds from ${first}: ${failed.length} failed${failed.length === 0 ? '' : ` (${failed.join(', ')})`}; ${(played / seconds).toFixed(1)} seeds a second, ${((played * 1e6) / (user + system)).toFixed(1)} a second of processor time.`,
)
process.exitCode = failed.length === 0 ? 0 : 1
