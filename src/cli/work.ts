import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { PlanDocument, Service, SyncSummary } from '../assemble.js'
import { EXIT, type Io } from './app.js'
import { auditText } from './audit-text.js'
import { foretell, foretellDeal, isDryRun, takesDryRun } from './dry-run.js'
import { draftIn } from './mapping.js'
import { oneOf, wholeNumber } from './options.js'
import { planIn } from './plan-file.js'
import { showPlan } from './plan-text.js'
import { counted, printJson, printTable, shown } from './print.js'
import { planning, syncing, watched } from './progress.js'
import type { Run } from './run.js'

/** `sync`, `plan`, `apply`, `conflicts`, `runs`: the work itself. */
export function workCommands(program: Command, run: Run): void {
  takesDryRun(program.command('sync [deals...]'))
    .description('sweep both sides, or take the named deals, and work until nothing due is left')
    .option('--once', 'accepted for scripts; a sync always runs once')
    .option('--yes', 'release the brake')
    .action(run.service(async ({ service, io, json, signal, user }, options, deals) => {
      if (isDryRun(options)) {
        const plan = await watched(io, service, service.plan({ deals, signal }), planning)
        if (json) printJson(io, { dryRun: true, ...plan })
        else showPlan(io, plan)
        return EXIT.done
      }
      const summary = await watched(io, service, service.sync({ deals, release: options['yes'] === true, signal, by: user }), syncing())
      if (json) printJson(io, summary)
      else showSummary(io, summary)
      if (summary.unreachable.count > 0) return EXIT.remote
      const undone = summary.braked.length > 0 || summary.sweeps.some(({ skipped }) => skipped)
      return undone || summary.attention > 0 ? EXIT.attention : EXIT.done
    }))
  program
    .command('plan [deals...]')
    .description('what a sync would write, field by field; writes nothing')
    .option('--out <file>', 'write the plan to a file for "cosell apply"')
    .option('--mapping <file>', 'the effect of a drafted mapping instead; it cannot be applied')
    .action(run.service(async ({ service, io, json, signal }, options, deals) => {
      const draft = draftIn(options)
      const made = draft === null ? service.plan({ deals, signal }) : service.mapping.plan(draft, deals, signal)
      const plan = await watched(io, service, made, planning)
      if (typeof options['out'] === 'string') writeFileSync(options['out'], `${JSON.stringify(plan, null, 2)}\n`, { mode: 0o600 })
      if (json) printJson(io, plan)
      else if (draft === null) showPlan(io, plan, deals.length > 0 ? 'each deal' : 'what is to do')
      else showEffect(io, plan)
      return EXIT.done
    }))
  takesDryRun(program.command('apply <file>'))
    .description('carry out exactly that plan; what has changed since is refused')
    .action(run.service(async ({ service, io, json, signal, user }, options, [file]) => {
      const plan = planIn(file ?? '')
      const report = await service.apply(plan, { by: user, signal, ...(isDryRun(options) ? { only: 'foresee' } : {}) })
      if (isDryRun(options)) {
        const but = report.refused.map(({ deal, why }) => `${deal ?? '(new deal)'}: ${why}`)
        return foretell(io, json, { would: report.applied === 0 ? [] : [`apply ${report.applied} of ${counted(report.applied + but.length, 'deal')}`], but, details: report })
      }
      if (json) printJson(io, report)
      else {
        io.out(`${report.applied} applied, ${report.refused.length} refused.\n`)
        for (const refusal of report.refused) io.out(`! ${refusal.deal ?? '(new deal)'}: ${refusal.why}\n`)
      }
      return report.refused.length > 0 ? EXIT.attention : EXIT.done
    }))
  conflictCommands(program, run)
  runCommands(program, run)
}

function conflictCommands(program: Command, run: Run): void {
  const conflicts = program.command('conflicts').description('held fields and a person\'s decision')
  conflicts.command('list').description('what waits for a choice').action(run.service(async ({ service, io, json }) => {
    const rows = await service.conflicts()
    if (json) printJson(io, { conflicts: rows })
    else printTable(io, ['deal', 'name', 'field', 'Partner Center', 'CRM', 'why'], rows.map(({ deal, name, conflict }) => [deal, shown(name), conflict.field, shown(conflict.saw.partner), shown(conflict.saw.crm), conflict.reason]))
    if (!json && rows.length > 0) io.err('Next: cosell conflicts resolve DEAL FIELD --keep partner|crm (--dry-run shows what it would write)\n')
    return EXIT.done
  }))
  takesDryRun(conflicts.command('resolve <deal> <field>')).description('decide a held field').addOption(oneOf('--keep <side>', 'whose value stays', ['partner', 'crm']).makeOptionMandatory()).action(run.service(async ({ service, io, json, signal, user }, options, [deal, field]) => {
    const keep = options['keep'] as 'partner' | 'crm' // its choices
    if (isDryRun(options)) return foretellDeal(io, json, await service.preview(deal ?? '', { kind: 'resolve', field: field ?? '', keep }, signal))
    const view = await service.resolve(deal ?? '', { field: field ?? '', keep, by: user })
    if (json) printJson(io, view)
    else io.out(`${view.name ?? view.id}: ${view.state}\n`)
    return view.state === 'needs-attention' ? EXIT.attention : EXIT.done
  }))
}

function runCommands(program: Command, run: Run): void {
  const runs = program.command('runs').description('what was done, what failed and why')
  runs.command('list').description('newest first').option('--deal <deal>', 'of one deal').option('--failed', 'only those that failed').addOption(wholeNumber('--limit <n>', 'at most so many', { least: 1, most: 1_000 }).default(50)).action(run.service(async ({ service, io, json }, options) => {
    const page = await service.runs({ failedOnly: options['failed'] === true, limit: Number(options['limit']), ...(typeof options['deal'] === 'string' ? { deal: options['deal'] } : {}) })
    if (json) printJson(io, page)
    else printTable(io, ['run', 'at', 'deal', 'because', 'outcome', 'writes', 'message'], page.runs.map((row) => [row.id, row.at, row.deal, row.because, row.outcome, row.writes, shown(row.message)]))
    return EXIT.done
  }))
  runs.command('show <run>').description('everything one run did').action(run.service(async ({ service, io, json }, _options, [id]) => {
    const found = await service.run(id ?? '')
    if (json) printJson(io, found)
    else {
      printTable(io, ['run', 'at', 'outcome', 'writes', 'message'], [[found.run.id, found.run.at, found.run.outcome, found.run.writes, shown(found.run.message)]])
      for (const entry of found.entries) io.out(`${new Date(entry.at).toISOString()}  ${entry.event?.kind ?? '(erased)'}  ${auditText(entry.event)}\n`)
    }
    return EXIT.done
  }))
  takesDryRun(runs.command('retry [deal]')).description('work a deal again, or with --all everything that failed').option('--all', 'everything stopped, rejected or retrying').action(run.service(async ({ service, io, json, user, usage }, options, [deal]) => {
    if ((deal === undefined) === (options['all'] !== true)) return usage('Name one deal, or give --all.')
    if (isDryRun(options)) {
      const named = deal === undefined ? await failingCount(service) : 1
      const name = deal === undefined ? counted(named, 'deal') : ((await service.deal(deal, { live: false })).name ?? deal)
      return foretell(io, json, { would: named === 0 ? [] : [`try ${name} again`], details: { retried: named } })
    }
    const retried = await service.retry(deal === undefined ? { all: true, by: user } : { deal, by: user })
    if (json) printJson(io, { retried })
    else io.out(`${retried} due now. Next: cosell sync\n`)
    return EXIT.done
  }))
}

/** As many as "retry --all" takes: given up, refused for good, or waiting for their next attempt. */
async function failingCount(service: Service): Promise<number> {
  const wanted = [{ state: 'stopped' }, { reason: 'retrying' }, { reason: 'rejected' }] as const
  const pages = await Promise.all(wanted.map((filter) => service.deals({ ...filter, limit: 1 })))
  return pages.reduce((sum, { total }) => sum + total, 0)
}

function showSummary(io: Io, summary: SyncSummary): void {
  for (const sweep of summary.sweeps) io.out(`${sweep.side === 'crm' ? 'CRM' : 'Partner Center'}: ${counted(sweep.records, 'record')} seen, ${sweep.created} new${sweep.skipped ? ' (not swept: another worker has been at it for hours; run "cosell sync" again)' : ''}\n`)
  for (const brake of summary.braked) io.out(`! The sweep of ${brake.side} was stopped: it would change ${brake.wouldChange} of ${brake.linked} linked deals. Look at them with "cosell plan", then run "cosell sync --yes".\n`)
  io.out(`${counted(summary.passes, 'pass', 'passes')}. ${Object.entries(summary.states).map(([state, count]) => `${count} ${state}`).join(', ')}. ${summary.later} due later.\n`)
  if (summary.unreachable.count > 0) io.out(`! ${counted(summary.unreachable.count, 'deal')} could not be reached: ${summary.unreachable.message ?? ''}\n`)
  if (summary.attention > 0) io.err(`${counted(summary.attention, 'deal waits', 'deals wait')} for a person. Next: cosell deals list --state needs-attention\n`)
}

const examplesMost = 10

/** What a draft would do to the whole estate: counts by field, ten examples, and what could not be taken back. */
function showEffect(io: Io, plan: PlanDocument): void {
  const touched = plan.items.filter(({ changes }) => changes.length > 0)
  showPlan(io, { ...plan, items: touched.slice(0, examplesMost) })
  if (touched.length > examplesMost) io.out(`… and ${counted(touched.length - examplesMost, 'more deal')}; --json lists them all.\n`)
  const fields = Object.entries(plan.totals.fields).sort(([, a], [, b]) => b - a)
  if (fields.length > 0) printTable(io, ['field', 'records written'], fields.map(([field, count]) => [field, count]))
  io.out(`${plan.totals.irreversible} of the steps cannot be taken back.\n`)
}
