import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { built, root } from '../test/support/fleet.js'
import { acknowledging } from './figures/acknowledging.js'
import { calls, carrying, workers } from './figures/carrying.js'
import { consoleFigures } from './figures/console.js'
import { volume } from './figures/volume.js'
import type { Figure } from './stage.js'

// `npm run bench [-- --only NAME]`: measures against the strict simulators, writes bench/results/NAME.json and docs/performance.md.
const groups: Readonly<Record<string, { readonly title: string; readonly run: () => Promise<Figure[]> }>> = {
  calls: { title: 'Remote calls', run: calls },
  acknowledging: { title: 'Acknowledgement of webhooks', run: acknowledging },
  carrying: { title: 'From event to write', run: carrying },
  workers: { title: 'Several workers on PostgreSQL', run: workers },
  console: { title: 'The console', run: consoleFigures },
  volume: { title: 'Ten thousand deals, and rest', run: () => volume() },
}
interface Result {
  readonly title: string
  readonly at: string
  readonly commit: string
  readonly machine: string
  readonly figures: readonly Figure[]
}

const shortfalls = `## Where it falls short

Without any latency in the remote systems the service carries fewer events than wanted, and one event takes a little longer. What no honest
service can leave out (the careful script) already costs half of the bare script's throughput and half again its delay. The service's thread
is the limit, with some 2 ms an event; measured by a profile, a quarter of it is the database (two saves of the deal and five chained ledger
entries, where the careful script appends two lines to a file), a tenth the collection of garbage, and the rest, in small parts, HTTP in and out,
decoding and checking both records, and the plan. With a real service's latency none of this shows.
`

const results = join(root, 'bench', 'results')
const { values } = parseArgs({ options: { only: { type: 'string' } } })
built()
mkdirSync(results, { recursive: true })
for (const [name, { title, run }] of Object.entries(groups)) {
  if (values.only !== undefined && values.only !== name) continue
  console.log(title)
  const figures = await run()
  const result: Result = { title, at: new Date().toISOString().slice(0, 10), commit: commit(), machine: machine(), figures }
  writeFileSync(join(results, `${name}.json`), `${JSON.stringify(result, null, 2)}\n`)
  for (const figure of figures) console.log(`${holds(figure) ? '✓' : '✗'} ${figure.name}: ${text(figure)} ${figure.unit} (${figure.target === null ? '' : 'wanted '}${wanted(figure)})`)
}
writeFileSync(join(root, 'docs', 'performance.md'), page())

function commit(): string {
  return execFileSync('git', ['-c', 'safe.directory=*', 'rev-parse', '--short', 'HEAD'], { cwd: root }).toString().trim()
}
function machine(): string {
  return `${cpus().length} cores, Node ${process.versions.node}`
}
function holds({ measured, better, target }: Figure): boolean {
  if (target === null) return true
  return better === 'less' ? measured.median <= target : measured.median >= target
}
function text({ measured: { min, median, max } }: Figure): string {
  return min === max ? String(median) : `${median} (${min}–${max})`
}
function wanted({ better, target }: Figure): string {
  return target === null ? 'to compare with' : `${better === 'less' ? '≤' : '≥'} ${target}`
}
function verdict(figure: Figure): string {
  return figure.target === null ? '' : holds(figure) ? 'kept' : 'missed'
}

function page(): string {
  const files = Object.keys(groups).filter((name) => existsSync(join(results, `${name}.json`)))
  const read = (name: string): Result => JSON.parse(readFileSync(join(results, `${name}.json`), 'utf8')) as Result
  const sections = files.map(read).map(({ title, at, commit: of, machine: on, figures }) =>
    [
      `## ${title}`,
      '',
      '| Figure | Median (least–most) | Wanted | |',
      '|---|---|---|---|',
      ...figures.map((figure) => `| ${figure.name} | ${text(figure)} ${figure.unit} | ${wanted(figure)} | ${verdict(figure)} |`),
      '',
      `Measured ${at} at ${of} on ${on}.`,
      '',
    ].join('\n'),
  )
  return `# How it performs\n\nWritten by \`npm run bench\`; repeat it on your own machine. Each figure that names a floor is a ratio within one run: the floor is a bare script
in a process of its own that receives the event, does only the unavoidable remote calls (read both records, write one field), with no store, no
signature check and no retry, at the same concurrency. A careful script is shown beside it: the same, but it checks the signature, has the event
on disk before it answers and what it will write before it writes. The simulators are strict, sign their webhooks, ask for tokens, and run in a
process of their own.\n\n${sections.join('\n')}\n${shortfalls}`
}
