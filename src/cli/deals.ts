import type { Command } from 'commander'
import type { Service } from '../assemble.js'
import { CLOSING_REASONS, closingReason } from '../core/closing-reasons.js'
import { EXIT } from './app.js'
import { report } from './deal-report.js'
import { showDeal } from './deal-text.js'
import { foretell, foretellDeal, isDryRun, takesDryRun } from './dry-run.js'
import { linkCommand } from './link.js'
import type { Run } from './run.js'
import { LINK_STATES } from '../core/link.js'
import { oneOf, wholeNumber } from './options.js'
import { counted, printJson, printTable, shown } from './print.js'

/** An unanswered deal is in sync, and waits for a person all the same. */
const untilWhen = ({ answerDue }: Page['deals'][number]): string | null =>
  answerDue === null ? null : `answer until ${answerDue.slice(0, 10)}`

/** `cosell deals …`: what the deals are and what can be done with them. */
export function dealsCommands(program: Command, run: Run): void {
  const deals = program.command('deals').description('deals and what can be done with them')
  deals
    .command('list')
    .description('list deals with their state')
    .addOption(oneOf('--state <state>', 'the state', LINK_STATES))
    .addOption(oneOf('--kind <kind>', 'the kind', ['opportunity', 'lead']))
    .option('--reason <code>', 'e.g. conflict, preflight, retrying, rejected')
    .addOption(oneOf('--waits-for <whom>', 'whose answer a deal waits for', ['us', 'microsoft']))
    .option('--search <text>', 'part of the name, or an id')
    .addOption(wholeNumber('--limit <n>', 'at most so many; without it all', { least: 1, most: dealsMost }))
    .action(run.service(async ({ service, io, json }, options) => {
      const wanted = ['state', 'kind', 'reason', 'search', 'waitsFor'].flatMap((name) => (typeof options[name] === 'string' ? [[name, options[name]]] : []))
      const limit = typeof options['limit'] === 'number' ? options['limit'] : dealsMost
      const page = await everyDeal(service, Object.fromEntries(wanted) as Record<string, string>, limit) // the options' own words
      if (json) printJson(io, page)
      else {
        printTable(io, ['deal', 'name', 'state', 'status', 'problem'], page.deals.map((deal) => [deal.id, shown(deal.name), deal.state, deal.status === null ? null : `${deal.status}/${deal.substatus ?? ''}`, shown(deal.problem ?? untilWhen(deal))]))
        const next = page.deals.length > 0 ? 'cosell deals show DEAL' : wanted.length > 0 ? 'cosell deals list, without a filter' : 'cosell sync'
        io.err(`${page.deals.length} of ${counted(page.total, 'deal')}. Next: ${next}\n`)
      }
      return EXIT.done
    }))
  deals
    .command('show <deal>')
    .description('show both sides of one deal, field by field')
    .option('--live', 'read both systems now')
    .action(run.service(async ({ service, io, json }, options, [deal]) => {
      const view = await service.deal(deal ?? '', { live: options['live'] === true })
      if (json) printJson(io, view)
      else showDeal(view, io)
      return EXIT.done
    }))
  orderCommands(deals, run)
  takesDryRun(deals.command('hold <deal>')).description('leave a deal alone').option('--release', 'take it up again').action(run.service(async ({ service, io, json, user }, options, [deal]) => {
    if (isDryRun(options)) {
      const { name, id, ignored } = await service.deal(deal ?? '', { live: false })
      const would = options['release'] === true ? `take ${name ?? id} up again` : `leave ${name ?? id} alone: nothing of it is written any more`
      return foretell(io, json, { would: ignored === (options['release'] === true) ? [would] : [], details: { deal: id } })
    }
    const row = await service.hold(deal ?? '', { on: options['release'] !== true, by: user })
    if (json) printJson(io, row)
    else io.out(`${row.name ?? row.id}: ${row.state}\n`)
    return EXIT.done
  }))
  linkCommand(deals, run)
  takesDryRun(deals.command('unlink <deal>')).description('end the connection of two records').action(run.service(async ({ service, io, json, user }, options, [deal]) => {
    if (isDryRun(options)) {
      const { id, referralId, crmEntity, crmId } = await service.deal(deal ?? '', { live: false })
      const would = `end the connection of referral ${shown(referralId)} and ${crmEntity ?? 'record'} ${shown(crmId)}; neither record is changed`
      return foretell(io, json, { would: [would], details: { deal: id, referralId, crmId } })
    }
    const row = await service.unlink(deal ?? '', { by: user })
    if (json) printJson(io, row)
    else io.out(`${row.name ?? row.id}: ${row.state}\n`)
    return EXIT.done
  }))
}

const dealsMost = 1_000_000 // Ten times the largest estate that was measured.
const pageSize = 1_000 // As the API has it.

type Page = Awaited<ReturnType<Service['deals']>>

/** Page by page, as far as is wanted. */
async function everyDeal(service: Service, wanted: object, limit: number): Promise<Page> {
  const deals: Page['deals'] = []
  let next: string | null = null
  let total = 0
  do {
    const atMost = Math.min(pageSize, limit - deals.length)
    const page: Page = await service.deals({ ...wanted, limit: atMost, ...(next === null ? {} : { after: next }) })
    deals.push(...page.deals)
    next = page.next
    total = page.total
  } while (next !== null && deals.length < limit)
  return { deals, next, total }
}

/** Orders that act on the referral; the CRM follows. */
function orderCommands(deals: Command, run: Run): void {
  for (const [take, text, withReason] of [
    ['accept', 'accept an inbound deal', false],
    ['decline', 'decline an inbound deal', true],
    ['win', 'close a deal as won', false],
    ['lose', 'close a deal as lost', true],
    ['share', 'share a deal with Microsoft sellers', false],
  ] as const) {
    const command = takesDryRun(deals.command(`${take} <deal>`)).description(text)
    if (withReason) {
      command.requiredOption('--reason <text>', 'the reason as Microsoft will read it: in words, or the number of one below')
      command.addHelpText('after', `\nReasons:\n${CLOSING_REASONS.map((text, at) => `  ${at + 1}  ${text}`).join('\n')}\n`)
    }
    command.action(run.service(async ({ service, io, json, signal, user, usage }, options, [deal]) => {
      const reason = typeof options['reason'] === 'string' ? closingReason(options['reason']) : null
      if (reason?.trim() === '') return usage('--reason takes the reason in words, or the number of one; see --help.')
      if (isDryRun(options)) return foretellDeal(io, json, await service.preview(deal ?? '', { kind: 'order', take, reason }, signal))
      return report(io, json, await service.order(deal ?? '', { take, reason, by: user }))
    }))
  }
}
