import type { Command } from 'commander'
import type { Service } from '../assemble.js'
import type { AuditRecord } from '../core/audit.js'
import { EXIT, type Io } from './app.js'
import { csv } from './csv.js'
import { eraseCommand } from './keeping.js'
import { harmlessJson } from './harmless.js'
import { momentIn, momentUsage, oneOf, wholeNumber } from './options.js'
import { counted, printJson, printTable } from './print.js'
import type { Run } from './run.js'
import { auditText } from './audit-text.js'

type Wanted = Omit<Parameters<Service['audit']>[0], 'limit' | 'after'>

const shownMost = 200
const pageMost = 1_000 // As the API has it.
const pageSize = 500
const pagesMost = 1_000_000 // Five hundred million entries: a ledger that leads in a circle ends here.

/** `audit`: the ledger, to look at, to take away, to prove. */
export function auditCommand(program: Command, run: Run): void {
  const audit = program
    .command('audit')
    .description('the ledger; --format writes all of it')
    .argument('[deal]')
    .option('--since <time>', 'a date or time, or how long ago: 36h')
    .addOption(oneOf('--format <format>', 'everything, to be taken away', ['json', 'csv']))
    .addOption(wholeNumber('--limit <n>', `at most so many; to look at: ${shownMost}`, { least: 1, most: 1_000_000 }))
  eraseCommand(audit, run)
  audit.action(
    run.service(async ({ service, io, json, usage, now, signal }, options, [deal]) => {
      if (deal === 'verify') return verify(service, io, json)
      const since = typeof options['since'] === 'string' ? momentIn(options['since'], now) : undefined
      if (since === null) return usage(momentUsage)
      const wanted = { ...(deal === undefined ? {} : { deal }), ...(since === undefined ? {} : { since }) }
      const limit = typeof options['limit'] === 'number' ? options['limit'] : null
      const { format } = options
      if (format === 'json' || format === 'csv') return take({ service, io, signal }, { wanted, limit, format })
      const page = await service.audit({ ...wanted, limit: Math.min(limit ?? shownMost, pageMost) })
      if (json) printJson(io, page)
      else printTable(io, ['at', 'deal', 'by', 'what', ''], page.records.map(row))
      return EXIT.done
    }),
  )
}

const moment = ({ at }: AuditRecord): string => new Date(at).toISOString()
const row = (record: AuditRecord): (string | null)[] => [
  moment(record),
  record.link,
  record.by,
  record.event?.kind ?? 'erased',
  auditText(record.event),
]

async function verify(service: Service, io: Io, json: boolean): Promise<number> {
  const verdict = await service.verifyAudit()
  const flaws = verdict.broken.map((flaw) => `✘ ${flaw.link ?? 'installation'} entry ${flaw.sequence}: ${flaw.why}\n`)
  if (json) printJson(io, verdict)
  else io.out(flaws.length === 0 ? `${counted(verdict.entries, 'entry', 'entries')} in ${counted(verdict.chains, 'chain')}, unbroken.\n` : flaws.join(''))
  return flaws.length === 0 ? EXIT.done : EXIT.attention
}

/** Page by page, so that a ledger of any size passes through a little memory. */
async function take(
  { service, io, signal }: { readonly service: Service; readonly io: Io; readonly signal: AbortSignal },
  { wanted, limit, format }: { readonly wanted: Wanted; readonly limit: number | null; readonly format: 'json' | 'csv' },
): Promise<number> {
  let left = limit ?? Number.POSITIVE_INFINITY
  let after: string | null = null
  let first = true
  io.out(format === 'json' ? '{"records":[' : csv([['at', 'deal', 'by', 'kind', 'event', 'sequence', 'run', 'hash']]))
  for (let pages = 0; pages < pagesMost && left > 0 && !signal.aborted; pages += 1) {
    const page: Awaited<ReturnType<Service['audit']>> = await service.audit({ ...wanted, limit: Math.min(pageSize, left), after })
    for (const record of page.records) {
      io.out(format === 'json' ? `${first ? '' : ','}\n${harmlessJson(JSON.stringify(record))}` : csv([cells(record)]))
      first = false
    }
    left -= page.records.length
    after = page.next
    if (after === null) break
  }
  // A person who stops it must not take half a ledger for a whole one.
  if (signal.aborted) return EXIT.attention
  if (format === 'json') io.out(`\n],"next":${JSON.stringify(after)}}\n`)
  return EXIT.done
}

const cells = (record: AuditRecord): string[] => [
  moment(record),
  record.link ?? '',
  record.by,
  record.event?.kind ?? '',
  JSON.stringify(record.event),
  String(record.sequence),
  record.run ?? '',
  record.hash,
]
