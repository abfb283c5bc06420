import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../test/support/fleet.js'
import { holds, text, wanted, type Figure, type Result } from './figure.js'
import { drawnLines, drawnOverview } from './plots.js'

const docs = join(root, 'docs')
/** How the titles of the groups begin that one load is carried in by several. */
export const carriedBy = 'The same load carried by '
const head = `# How it performs

Written by \`npm run bench\`; repeat it on your own machine, whole or in parts (\`npm run bench -- --only pace-sqlite-dynamics\`). Each figure that names a floor is
a ratio within one run: the floor is a bare script in a process of its own that receives the event, does only the unavoidable remote calls (read both records,
write one field), with no store, no signature check and no retry, at the same concurrency. A careful script is shown beside it: the same, but it checks the
signature, has the event on disk before it answers and what it will write before it writes. The simulators are strict, sign their webhooks, ask for tokens, and
run in a process of their own, on the same two cores.
`
const shortfalls = `## Where it falls short

Without any latency in the remote systems the service carries fewer events than wanted, and one event takes some three times as long as the bare script's. What no
honest service can leave out (the careful script) already costs half of the bare script's throughput and half again its delay. The service's thread is the limit,
with 1.2 to 1.7 ms an event where the bare script has a quarter of a millisecond; by a profile over the embedded store a quarter of it is the database (two saves of the
deal and five chained ledger entries, some fifteen pages of the log, over forty where an event comes alone, where the careful script appends two lines to a file), a sixth HTTP
in and out, a sixth decoding and checking both records, a ninth what surrounds the statements (JSON of the deal, hashes), a ninth look, plan and merge, an eleventh the collection of garbage; no function of
it takes more than a fortieth. On PostgreSQL an event whose deal finds a free hand costs four journeys to the server, three of them before its write: two to take it and
lease its deal, one for each save; each is some half a millisecond of its server's work. In a crowd, where deals wait for a hand, it is leased and
read by the last save of the deal before it: no journey is made for that alone. At 20 events a second an event takes three times the processor time that it takes
in a crowd: nothing shares its three transactions and flushes, and the caches of the processor have lost its code. Of the four and a half milliseconds that such an event
takes to its write, four tenths go by until its signature is checked, seven until it is stored and its deal leased, fourteen until both records are read (the systems'
answers for the most part), four until both are understood and the write is planned, four until that is saved, three until it is on the disk, two until the write is sent,
and five until it is answered; the rest is the way of the event itself. The figure of the processor is taken after twelve rounds of 200 events, when
no more code is being compiled (after four it is a quarter more). With a real service's latency none of this shows.

What lives in memory does not depend on the number of deals, some 45 MB at any moment of a sweep, except that a sweep keeps the name and id of each deal that it must look at
until its end, for the brake: a hundred thousand at once, as after a first sync, take a quarter more than a thousand. What a sweep used beyond that is given back
within two minutes of rest.
`

/** Writes docs/performance.md and its pictures, and the table of docs/peers.md. */
export function writePage(all: readonly Result[]): void {
  const isOfPeers = ({ title }: Result): boolean => title.startsWith(carriedBy)
  const results = all.filter((result) => !isOfPeers(result))
  writePeers(all.filter(isOfPeers))
  const pictures = join(docs, 'performance')
  mkdirSync(pictures, { recursive: true })
  const save = (file: string, svg: string): void => writeFileSync(join(pictures, `${file}.svg`), svg)
  save('overview', drawnOverview(results))
  for (const plot of results.flatMap(({ plots }) => plots ?? [])) save(plot.file, drawnLines(plot))
  const overview = '![Every figure over what is wanted of it](performance/overview.svg)\n'
  writeFileSync(join(docs, 'performance.md'), [head, overview, ...results.map(section), shortfalls].join('\n'))
}

/** The carriers beside each other, one row a figure. */
function writePeers(results: readonly Result[]): void {
  const file = join(docs, 'peers.md')
  const names = [...new Set(results.flatMap(({ figures }) => figures.map(({ name }) => name)))]
  const cell = ({ figures }: Result, name: string): string => {
    const found = figures.find((figure) => figure.name === name)
    return found === undefined ? '–' : text(found)
  }
  const table = [
    `| | ${results.map(({ title }) => title.slice(carriedBy.length)).join(' | ')} |`,
    `|---|${results.map(() => '---|').join('')}`,
    ...names.map((name) => `| ${name} | ${results.map((result) => cell(result, name)).join(' | ')} |`),
    '',
    ...new Set(results.map(({ at, machine }) => `Measured ${at} on ${machine}.`)),
  ]
  const [before = '', , after = ''] = readFileSync(file, 'utf8').split(fence)
  writeFileSync(file, [before, `\n\n${table.join('\n')}\n\n`, after].join(fence))
}
const fence = '<!-- figures -->'

function section({ title, at, commit, machine, note, figures, plots = [] }: Result): string {
  return [
    `## ${title}`,
    '',
    ...plots.flatMap(({ file, title: of }) => [`![${of}](performance/${file}.svg)`, '']),
    '| Figure | Median (least–most) | Wanted | |',
    '|---|---|---|---|',
    ...figures.map((figure) => `| ${figure.name} | ${text(figure)} | ${wanted(figure)} | ${verdict(figure)} |`),
    '',
    `Measured ${at} at ${commit} on ${machine}.${note === undefined ? '' : ` ${note}`}`,
    '',
  ].join('\n')
}

const verdict = (figure: Figure): string => (figure.target === null ? '' : holds(figure) ? 'kept' : 'missed')
