import type { Command } from 'commander'
import type { ObserveReport } from '../assemble.js'
import { EXIT, type Io } from './app.js'
import { momentIn, momentUsage } from './options.js'
import { counted, printJson, printTable, shown } from './print.js'
import type { Run } from './run.js'

/** `flows report`: what observe mode would have done, beside what somebody else's connector did. */
export function flowReport(flows: Command, run: Run): void {
  flows
    .command('report')
    .description('what observe mode would have written, beside what the records show since')
    .option('--since <time>', 'a date or time, or how long ago: 36h; without it since the last switch to observe')
    .action(
      run.service(async ({ service, io, json, signal, usage, now }, options) => {
        const since = typeof options['since'] === 'string' ? momentIn(options['since'], now) : null
        if (since === null && options['since'] !== undefined) return usage(momentUsage)
        const report = await service.observeReport({ since, signal })
        if (json) printJson(io, report)
        else show(io, report)
        return EXIT.done
      }),
    )
}

const outcomes = { agreed: 'the same', different: 'different', 'not-done': 'not done', withdrawn: 'withdrawn' } as const

function show(io: Io, { since, flows, complete, totals, rows }: ObserveReport): void {
  if (rows.length > 0) {
    printTable(
      io,
      ['', 'deal', 'in', 'field', 'before', 'we would write', 'it shows'],
      rows.map(({ outcome, name, deal, side, field, before, ours, theirs }) => [
        outcomes[outcome],
        shown(name ?? deal),
        side === 'crm' ? 'CRM' : 'Partner Center',
        field,
        shown(before),
        shown(ours),
        shown(theirs),
      ]),
    )
  }
  const { agreed, different, notDone, withdrawn, deals } = totals
  io.out(
    `${counted(deals, 'deal')}${since === null ? '' : ` since ${since}`}: ${counted(agreed, 'field')} the same, ${different} different, ${notDone} not done, ${withdrawn} withdrawn.\n`,
  )
  if (!complete) io.err('There are more observations than were looked at; give --since.\n')
  if (!flows.some(({ value }) => value === 'observe'))
    io.err('No flow observes now: what is shown may be our own work. See "cosell flows observe".\n')
}
