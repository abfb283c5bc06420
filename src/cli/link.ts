import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { MatchReport } from '../assemble.js'
import { isFault, type Fault } from '../core/fault.js'
import { MATCH_THRESHOLD, type MatchDoubt, type MatchPair, type Unpaired } from '../core/matching.js'
import { EXIT, type Io } from './app.js'
import { csv } from './csv.js'
import { report } from './deal-report.js'
import { foretellDeal, isDryRun, takesDryRun } from './dry-run.js'
import { counted, printJson, printTable, shown } from './print.js'
import { progressBar } from './progress.js'
import type { Run, WithService } from './run.js'

type Options = Readonly<Record<string, unknown>>

/** `deals link`: two records by their ids, or everything that looks alike. */
export function linkCommand(deals: Command, run: Run): void {
  takesDryRun(deals.command('link'))
    .description('connect a referral and a CRM record, or propose which belong together')
    .option('--referral <id>', 'referral id')
    .option('--crm <id>', 'CRM record id')
    .option('--match', 'propose pairs of unlinked referrals and opportunities, with a score')
    .option('--above <score>', 'with --match: from which score on a pair is taken, 0 to 1', String(MATCH_THRESHOLD))
    .option('--yes', 'with --match: link every pair from that score on that is beyond doubt')
    .option('--apply <score>', 'with --match: the same as --above SCORE --yes')
    .option('--out <file>', 'with --match: write what is left over on both sides as CSV')
    .option('--csv <file>', 'the same as --out')
    .addHelpText(
      'after',
      '\nPairs that are too close to tell apart, or that speak against each other, are never linked without a person.\n',
    )
    .action(run.service((context, options) => (options['match'] === true ? match(context, options) : linkTwo(context, options))))
}

async function linkTwo({ service, io, json, signal, user, usage }: WithService, options: Options): Promise<number> {
  const { referral, crm } = options
  if (typeof referral !== 'string' || typeof crm !== 'string') return usage('Give --referral and --crm, or --match.')
  if (isDryRun(options)) return foretellDeal(io, json, await service.preview(referral, { kind: 'link', referral, crm }, signal))
  return report(io, json, await service.link({ referral, crm, by: user }))
}

type Linked = MatchPair & { readonly deal: string | null; readonly state: string | null; readonly failed: string | null }

async function match(context: WithService, options: Options): Promise<number> {
  const { service, io, json, signal, usage } = context
  const above = Number(options['apply'] ?? options['above'])
  if (!(above >= 0 && above <= 1)) return usage('A score lies between 0 and 1, e.g. 0.8.')
  const found = await service.match(signal)
  const wanted = await chosen(found, above, context, options)
  if (wanted === null) return EXIT.attention
  const linked = await linkAll(context, wanted)
  const file = options['out'] ?? options['csv']
  const left = leftovers(found, linked)
  if (typeof file === 'string') writeFileSync(file, csvOf(left), { mode: 0o600 })
  if (json) printJson(io, documentOf(found, linked, left))
  else show(io, found, linked, { left: left.length, file: typeof file === 'string' ? file : null, above })
  const failed = linked.some(({ state, failed }) => failed !== null || state === 'needs-attention' || state === 'stopped')
  const doubtful = wanted.length > 0 && found.pairs.some(({ doubts, score }) => doubts.length > 0 && score >= above)
  return failed || doubtful ? EXIT.attention : EXIT.done
}

/** Which pairs to link; null: the person left. */
async function chosen(found: MatchReport, above: number, context: WithService, options: Options): Promise<readonly MatchPair[] | null> {
  const { io, json } = context
  const certain = found.pairs.filter(({ doubts, score }) => doubts.length === 0 && score >= above)
  if (isDryRun(options)) return []
  if (options['yes'] === true || options['apply'] !== undefined) return certain
  if (json || !io.inIsTty || !io.outIsTty || found.pairs.length === 0) return []
  const { multiselect, isCancel } = await import('@clack/prompts')
  const answer = await multiselect({
    message: 'Which of these are the same deal?',
    required: false,
    initialValues: [...certain],
    options: found.pairs.map((pair) => ({ value: pair, label: sentenceOf(pair), hint: hintOf(pair) })),
  })
  return isCancel(answer) ? null : answer
}

const sentenceOf = ({ referral, opportunity }: MatchPair): string =>
  `${shown(referral.name)} (${shown(referral.customer)}) = ${shown(opportunity.name)} (${shown(opportunity.customer)})`
const hintOf = ({ score, doubts }: MatchPair): string => [score.toFixed(2), ...doubts.map((doubt) => doubtTexts[doubt])].join(' · ')

const doubtTexts: Readonly<Record<MatchDoubt, string>> = {
  ambiguous: 'another record is as likely',
  'other-id': 'one of them carries the id of another record',
  stage: 'one is open, the other closed',
  ignored: 'a person asked to leave it alone',
}

/** One at a time: each is looked at on both sides and written before the next. What fails does not stop the rest. */
async function linkAll({ service, io, user, signal }: WithService, wanted: readonly MatchPair[]): Promise<Linked[]> {
  const bar = progressBar(io)
  const linked: Linked[] = []
  for (const pair of wanted) {
    if (signal.aborted) break
    bar.show({ done: linked.length, total: wanted.length, what: 'linking' })
    try {
      const view = await service.link({ referral: pair.referral.id, crm: pair.opportunity.id, by: user })
      linked.push({ ...pair, deal: view.id, state: view.state, failed: null })
    } catch (error) {
      const fault: Fault | null = isFault(error) ? error : null
      if (fault === null || fault.kind === 'signed-out') {
        bar.end()
        throw error
      }
      linked.push({ ...pair, deal: null, state: null, failed: `${fault.message} ${fault.remedy}` })
    }
  }
  bar.end()
  return linked
}

interface Leftover {
  readonly side: 'partner' | 'crm'
  readonly record: Unpaired
  readonly why: string
  readonly candidates: readonly string[]
}

function leftovers(found: MatchReport, linked: readonly Linked[]): Leftover[] {
  const done = new Set(linked.filter(({ deal }) => deal !== null).flatMap(({ referral, opportunity }) => [referral.id, opportunity.id]))
  const open = found.pairs.filter(({ referral, opportunity }) => !done.has(referral.id) && !done.has(opportunity.id))
  const inPairs = (side: Leftover['side']): Leftover[] => {
    const [end, other] = side === 'partner' ? (['referral', 'opportunity'] as const) : (['opportunity', 'referral'] as const)
    const records = new Map(found.pairs.map((pair) => [pair[end].id, pair[end]]))
    return [...records.values()]
      .filter(({ id }) => !done.has(id))
      .map((record) => {
        const own = open.filter((pair) => pair[end].id === record.id)
        const doubts = [...new Set(own.flatMap((pair) => pair.doubts))]
        const why =
          own.length === 0 ? 'no candidate left' : doubts.length === 0 ? 'not linked' : doubts.map((doubt) => doubtTexts[doubt]).join('; ')
        return { side, record, why, candidates: own.map((pair) => pair[other].id) }
      })
  }
  const alone = (side: Leftover['side'], records: readonly Unpaired[]): Leftover[] =>
    records.map((record) => ({ side, record, why: 'no candidate', candidates: [] }))
  return [
    ...inPairs('partner'),
    ...alone('partner', found.leftovers.referrals),
    ...inPairs('crm'),
    ...alone('crm', found.leftovers.opportunities),
  ]
}

const csvOf = (left: readonly Leftover[]): string =>
  csv([
    ['record', 'id', 'name', 'customer', 'postalCode', 'value', 'currency', 'closes', 'why', 'candidates'],
    ...left.map(({ side, record, why, candidates }) => [
      side === 'partner' ? 'referral' : 'opportunity',
      record.id,
      record.name ?? '',
      record.customer ?? '',
      record.postalCode ?? '',
      record.value === null ? '' : String(record.value),
      record.currency ?? '',
      record.closes ?? '',
      why,
      candidates.join(' '),
    ]),
  ])

const documentOf = (found: MatchReport, linked: readonly Linked[], left: readonly Leftover[]): unknown => ({
  pairs: found.pairs.map(({ referral, opportunity, score, by, doubts }) => ({
    referralId: referral.id,
    crmId: opportunity.id,
    score,
    by,
    doubts,
    referral,
    opportunity,
  })),
  linked: linked.map(({ referral, opportunity, score, deal, state, failed }) => ({
    referralId: referral.id,
    crmId: opportunity.id,
    score,
    deal,
    state,
    failed,
  })),
  leftovers: left.map(({ side, record, why, candidates }) => ({ side, ...record, why, candidates })),
})

function show(
  io: Io,
  found: MatchReport,
  linked: readonly Linked[],
  about: { readonly left: number; readonly file: string | null; readonly above: number },
): void {
  const results = new Map(linked.map((pair) => [`${pair.referral.id} ${pair.opportunity.id}`, pair]))
  const resultOf = (pair: MatchPair): string => {
    const result = results.get(`${pair.referral.id} ${pair.opportunity.id}`)
    if (result === undefined) return pair.doubts.map((doubt) => doubtTexts[doubt]).join('; ')
    return result.failed ?? `linked: ${result.state ?? ''}`
  }
  if (found.pairs.length > 0) {
    printTable(
      io,
      ['score', 'referral', 'opportunity', 'customer', ''],
      found.pairs.map((pair) => [
        pair.score.toFixed(2),
        `${shown(pair.referral.name)}\n${pair.referral.id}`,
        `${shown(pair.opportunity.name)}\n${pair.opportunity.id}`,
        shown(pair.opportunity.customer ?? pair.referral.customer),
        resultOf(pair),
      ]),
    )
  }
  const count = linked.filter(({ deal }) => deal !== null).length
  io.out(
    `${counted(found.pairs.length, 'pair')} proposed, ${count} linked; ${counted(about.left, 'record')} left over${about.file === null ? '' : `, listed in ${about.file}`}.\n`,
  )
  if (linked.length === 0 && found.pairs.some(({ doubts, score }) => doubts.length === 0 && score >= about.above))
    io.err(`Next: cosell deals link --match --above ${about.above} --yes, or one by one: cosell deals link --referral ID --crm ID\n`)
}
