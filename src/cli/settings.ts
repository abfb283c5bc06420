import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import type { Proposal, SettingsSummary } from '../assemble.js'
import { Fault } from '../core/fault.js'
import { EXIT, type Io } from './app.js'
import { isDryRun, takesDryRun } from './dry-run.js'
import { given } from './given.js'
import { printJson, printTable, shown } from './print.js'
import type { Run, WithService } from './run.js'

/** `config versions|export|diff|promote|approve|rollback`: mapping, stages, policies and switches as versions that travel and come back. */
export function settingsCommands(config: Command, run: Run): void {
  config
    .command('versions')
    .description('the versions of mapping, stages, policies and switches, newest first')
    .action(
      run.service(async ({ service, io, json }) => {
        const versions = await service.settings.list()
        if (json) printJson(io, { versions })
        else
          printTable(
            io,
            ['version', 'state', 'at', 'by', 'from', 'note', 'changes'],
            versions.map((row) => [
              row.number,
              row.state,
              row.at,
              row.by,
              row.origin,
              row.note ?? '',
              shown(row.changes.map(({ path }) => path).join(', ')),
            ]),
          )
        return EXIT.done
      }),
    )
  config
    .command('export [version]')
    .description('a version as a document for another installation; without a number the one in force')
    .option('--out <file>', 'write it to a file')
    .action(
      run.service(async ({ service, io, json, usage }, options, [version]) => {
        const number = numberIn(version)
        if (number === undefined) return usage('A version is a number; see "cosell config versions".')
        const document = await service.settings.export(number)
        return given(io, json, { document, file: options['out'] })
      }),
    )
  config
    .command('diff <from>')
    .description('what a document, or a version, would change here, and whether it fits this CRM; changes nothing')
    .action(
      run.service(async ({ service, io, json, signal }, _options, [from = '']) => {
        const proposal = await service.settings.compare(
          /^\d+$/.test(from) ? await service.settings.export(Number(from)) : textOf(from),
          signal,
        )
        if (json) printJson(io, proposal)
        else showProposal(io, proposal)
        return failing(proposal).length > 0 ? EXIT.attention : EXIT.done
      }),
    )
  promoteCommand(config, run)
  backCommands(config, run)
}

function backCommands(config: Command, run: Run): void {
  takesDryRun(config.command('approve <version>'))

    .description("put in force what another person promoted, where sync.approval asks for a second person's agreement")
    .action(
      run.service(async ({ service, io, json, signal, user, usage }, options, [version]) => {
        const number = numberIn(version)
        if (number === undefined || number === null) return usage('A version is a number; see "cosell config versions".')
        if (isDryRun(options)) return foretellVersion({ service, io, json, signal }, { number, flows: 'restore' })
        return ended(io, json, await service.settings.approve(number, user))
      }),
    )
  takesDryRun(config.command('rollback [version]'))

    .description('go back to a version, or to the one before; it becomes a new version')
    .option('--with-flows', 'restore the flow switches too; else they stay as they are')
    .action(
      run.service(async ({ service, io, json, signal, user, usage }, options, [version]) => {
        const number = numberIn(version)
        if (number === undefined) return usage('A version is a number; see "cosell config versions".')
        if (isDryRun(options)) {
          const flows = options['withFlows'] === true ? 'restore' : 'keep'
          const back = number ?? (await earlierVersion({ service, signal }, flows))
          return foretellVersion({ service, io, json, signal }, { number: back, flows })
        }
        return ended(
          io,
          json,
          await service.settings.rollback(number, { flows: options['withFlows'] === true ? 'restore' : 'keep', by: user }),
        )
      }),
    )
}

function promoteCommand(config: Command, run: Run): void {
  takesDryRun(config.command('promote'))

    .description('make a document the next version; shows what it changes and asks')
    .requiredOption('--from <file>', 'what "cosell config export" wrote elsewhere')
    .option('--note <text>', 'why, for those who read the history')
    .option('--yes', 'do not ask')
    .action(
      run.service(async ({ service, io, json, signal, user, usage }, options) => {
        const document = textOf(String(options['from']))
        const proposal = await service.settings.compare(document, signal)
        if (isDryRun(options)) return foretellProposal(io, json, proposal)
        if (!json) showProposal(io, proposal)
        if (failing(proposal).length > 0) {
          if (json) printJson(io, proposal)
          return EXIT.attention
        }
        if (proposal.changes.length > 0 && options['yes'] !== true) {
          if (json || !io.inIsTty || !io.errIsTty)
            return usage('Promoting changes what is written from now on: look at "cosell config diff" and give --yes.')
          const { confirm } = await import('@clack/prompts')
          if ((await confirm({ message: 'Put this in force?', initialValue: false })) !== true) return EXIT.attention
        }
        const note = typeof options['note'] === 'string' ? options['note'] : null
        return ended(io, json, await service.settings.promote(document, { note, by: user, signal }))
      }),
    )
}

type Around = Pick<WithService, 'service' | 'io' | 'json' | 'signal'>

type Flows = 'keep' | 'restore'

interface Wanted {
  readonly number: number
  readonly flows: Flows
}
async function foretellVersion({ service, io, json, signal }: Around, { number, flows }: Wanted): Promise<number> {
  return foretellProposal(io, json, await proposalOf({ service, signal }, number, flows))
}

/** What a version would change; the flow switches are among it only where they are to be restored. */
async function proposalOf({ service, signal }: Pick<Around, 'service' | 'signal'>, number: number, flows: Flows): Promise<Proposal> {
  const proposal = await service.settings.compare(await service.settings.export(number), signal)
  return flows === 'restore' ? proposal : { ...proposal, changes: proposal.changes.filter(({ path }) => !/^flows\b/.test(path)) }
}

const verbOf = ({ before, after }: Proposal['changes'][number]): string => (before === null ? 'add' : after === null ? 'remove' : 'change')
const failing = ({ checks }: Proposal): Proposal['checks'] => checks.filter(({ status }) => status === 'fail')

function foretellProposal(io: Io, json: boolean, proposal: Proposal): number {
  const would = proposal.changes.map((change) => `${verbOf(change)} ${change.path}`)
  const but = failing(proposal).map(({ name, detail }) => `${name}: ${detail}`)
  if (json) printJson(io, { dryRun: true, would, but, ...proposal })
  else {
    showProposal(io, proposal)
    io.err('Nothing was changed (--dry-run).\n')
  }
  return but.length > 0 ? EXIT.attention : EXIT.done
}

/**
 * The last version that says something else than the one in force, as a rollback without a number takes it.
 * @throws Fault 'rejected', as the rollback itself, where there is none.
 */
async function earlierVersion({ service, signal }: Pick<Around, 'service' | 'signal'>, flows: Flows): Promise<number> {
  const versions = new Map((await service.settings.list()).map((version) => [version.number, version]))
  const inForce = [...versions.values()].find(({ state }) => state === 'in-force')
  for (let number = inForce?.previous ?? null; number !== null; number = versions.get(number)?.previous ?? null) {
    if ((await proposalOf({ service, signal }, number, flows)).changes.length > 0) return number
  }
  throw new Fault('rejected', 'There is no earlier version to go back to.', { remedy: 'See "cosell config versions".' })
}

function ended(io: Io, json: boolean, version: SettingsSummary): number {
  if (json) printJson(io, version)
  else if (version.state === 'proposed')
    io.out(`Version ${version.number} waits for another person: cosell config approve ${version.number}\n`)
  else if (version.changes.length === 0) io.out(`Nothing changes: version ${version.number} says the same.\n`)
  else io.out(`Version ${version.number} is in force. Back with: cosell config rollback\n`)
  return version.state === 'proposed' ? EXIT.attention : EXIT.done
}

function showProposal(io: Io, proposal: Proposal): void {
  const { against, changes } = proposal
  if (changes.length === 0) io.out(`The same as version ${against}, which is in force.\n`)
  for (const { path, before, after } of changes) {
    io.out(`${before === null ? '+' : after === null ? '-' : '~'} ${path}\n`)
    if (before !== null) io.out(`    - ${before}\n`)
    if (after !== null) io.out(`    + ${after}\n`)
  }
  for (const { name, detail, remedy } of failing(proposal))
    io.out(`✘ ${name}: ${detail}${remedy === null ? '' : `\n    ${remedy}`}\n`)
}

/** Null: none was given; undefined: it is no number. */
const numberIn = (text: string | undefined): number | null | undefined =>
  text === undefined ? null : /^[1-9]\d*$/.test(text) ? Number(text) : undefined

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new Fault('misconfigured', `${file} cannot be read.`, { remedy: 'Check the name and the rights of the file.' })
  }
}
