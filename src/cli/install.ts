import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { crmPackage } from '../assemble.js'
import { CRM_NAMES, crmKind, usualCrm, type CrmName } from '../config/index.js'
import type { InstallItem } from '../core/ports.js'
import { administered } from './administered.js'
import { EXIT, type Io } from './app.js'
import { foretell, isDryRun, takesDryRun } from './dry-run.js'
import { oneOf } from './options.js'
import { counted, printJson } from './print.js'
import { progressBar } from './progress.js'
import { removeInstalled } from './install-remove.js'
import type { Plain, Run } from './run.js'

/** `install plan|apply|remove|package`: the fields, tables, forms and icons of the CRM. */
export function installCommands(program: Command, run: Run): void {
  const install = program.command('install').description("the connector's fields, tables, form section and icon in the CRM")
  install
    .command('plan')
    .description('what is there, what is missing and what would change; writes nothing')
    .action(
      run.plain((plain) =>
        administered(plain, async (desk, { io, signal }) => {
          const plan = await desk.installation.plan(signal)
          if (plain.json) printJson(io, plan)
          else showPlan(io, plan.items)
          return EXIT.done
        }),
      ),
    )
  takesDryRun(install.command('apply'))
    .description('make what is missing; what stands in the CRM already is altered only with --yes')
    .option('--yes', 'also alter what stands there: forms, views, change tracking of delivered tables')
    .addHelpText('after', '\nIt may be run again at any time, also after it was interrupted: what is there is left as it is.\n')
    .action(run.plain((plain, options) => (isDryRun(options) ? foretellApply(plain, options['yes'] === true) : apply(plain, options['yes'] === true ? 'yes' : 'ask'))))
  takesDryRun(install.command('remove'))
    .description('take away what "install apply" made, and nothing else; columns and tables stay unless --data')
    .option('--data', 'also delete the columns and tables, with what they hold')
    .option('--yes', 'do it without asking')
    .addHelpText('after', '\nIt shows first what it would do. It may be run again at any time, also after it was interrupted.\n')
    .action(
      run.plain((plain, options) =>
        isDryRun(options)
          ? foretellRemoval(plain, options['data'] === true ? 'delete' : 'keep')
          : removeInstalled(plain, { data: options['data'] === true ? 'delete' : 'keep', consent: options['yes'] === true ? 'yes' : 'ask' }),
      ),
    )
  install
    .command('package')
    .description('write an importable file with the fields, tables, keys and icons')
    .option('--out <file>', 'where', 'cosell.zip')
    .option('--managed', 'as a managed package, where the CRM imports such')
    .option('--source', 'as source files for a repository, where the CRM has such')
    .addOption(oneOf('--crm <kind>', 'for which CRM; without it the one of the configuration', CRM_NAMES))
    .action(run.plain(writePackage))
}

async function writePackage(plain: Plain, options: Readonly<Record<string, unknown>>): Promise<number> {
  const { io } = plain.world
  const crm = crmKind(options['crm'])?.kind ?? (await configuredKind(plain))
  const kind = options['managed'] === true ? 'managed' : options['source'] === true ? 'source' : 'unmanaged'
  const file = String(options['out'])
  const bytes = crmPackage(crm, kind)
  writeFileSync(file, bytes)
  if (plain.json) printJson(io, { file, kind, bytes: bytes.length })
  else {
    io.out(`Wrote ${file} (${kind}, ${bytes.length} bytes).\n`)
    io.err('Prefer "cosell install apply": it makes what is missing, reads it back, and uses what stands there already.\n')
  }
  return EXIT.done
}

/** A package can be written before there is a configuration. */
async function configuredKind(plain: Plain): Promise<CrmName> {
  try {
    return (await plain.config()).config.crm.kind
  } catch {
    return usualCrm
  }
}

function foretellApply(plain: Plain, alters: boolean): Promise<number> {
  return administered(plain, async (desk, { io, signal }) => {
    const open = (await desk.installation.plan(signal)).items.filter(({ state }) => state !== 'present')
    const done = open.filter(({ touches, change }) => change !== null && (touches === 'new' || alters))
    const left = open.filter((item) => !done.includes(item))
    const text = ({ what, change, note }: InstallItem): string => `${what}: ${change ?? note ?? ''}`
    return foretell(io, plain.json, {
      would: done.map((item) => `${item.state === 'missing' ? 'make' : 'alter'} ${text(item)}`),
      but: left.map((item) => `Left as it is: ${text(item)}${item.change === null ? '' : ' (--yes alters it)'}`),
      details: { items: open },
    })
  })
}

function foretellRemoval(plain: Plain, data: 'keep' | 'delete'): Promise<number> {
  return administered(plain, async (desk, { io, signal }) => {
    const { items } = await desk.installation.planRemoval({ data, signal })
    return foretell(io, plain.json, {
      would: items.flatMap(({ what, change }) => (change === null ? [] : [`remove ${what}: ${change}`])),
      details: { items },
    })
  })
}

function apply(plain: Plain, consent: 'yes' | 'ask'): Promise<number> {
  return administered(plain, async (desk, { io, user, signal }) => {
    const existing = consent === 'yes' || (await agreed(plain, () => desk.installation.plan(signal))) ? 'alter' : 'leave'
    const bar = progressBar(io)
    const report = await desk.installation
      .apply({ existing, by: user, signal, onProgress: (progress) => bar.show(progress) })
      .finally(() => bar.end())
    const left = report.items.filter(({ state }) => state !== 'present')
    if (plain.json) printJson(io, { done: report.done, left, items: report.items })
    else showReport(io, report.done, left)
    return left.length === 0 ? EXIT.done : EXIT.attention
  })
}

/** Asks a person at a terminal; where nobody can be asked, what stands in the CRM stays as it is. */
async function agreed({ world, json }: Plain, plan: () => Promise<{ readonly items: readonly InstallItem[] }>): Promise<boolean> {
  const { io } = world
  if (json || !io.inIsTty || !io.errIsTty) return false
  const { items } = await plan()
  const alters = items.filter(({ state, touches, change }) => state !== 'present' && touches === 'existing' && change !== null)
  if (alters.length === 0) return false
  io.err('These stand in the CRM already and would be altered:\n')
  for (const item of alters) io.err(`  ~ ${item.what}: ${item.change ?? ''}\n`)
  const { confirm } = await import('@clack/prompts')
  return (await confirm({ message: 'Alter them? (No: everything else is still made.)', initialValue: false })) === true
}

const marks = { present: '✔', missing: '+', differs: '~' } as const

function showPlan(io: Io, items: readonly InstallItem[]): void {
  for (const item of items) io.out(lineOf(item))
  const count = (state: InstallItem['state']): number => items.filter((item) => item.state === state).length
  io.out(`${count('present')} present, ${count('missing')} missing, ${count('differs')} different.\n`)
  if (count('present') === items.length) return
  const alters = items.some(({ state, touches, change }) => state !== 'present' && touches === 'existing' && change !== null)
  io.err(`Next: cosell install apply${alters ? ' --yes (it alters what is marked *)' : ''}\n`)
}

function lineOf(item: InstallItem): string {
  const existing = item.state !== 'present' && item.touches === 'existing' && item.change !== null ? ' *' : ''
  const text = item.change ?? item.note
  return `${item.change === null && item.state !== 'present' ? '!' : marks[item.state]} ${item.what}${text === null ? '' : `: ${text}`}${existing}\n`
}

function showReport(io: Io, done: readonly string[], left: readonly InstallItem[]): void {
  for (const line of done) io.out(`✔ ${line}\n`)
  // What was made may not show: a right to see it is missing, or the CRM shows it later.
  const unseen = left.some(({ state, touches, change }) => state === 'missing' && touches === 'new' && change !== null)
  const readBack = unseen ? 'read back, and not all of it was found' : 'read back and found in place'
  io.out(done.length === 0 ? 'Nothing to do.\n' : `${counted(done.length, 'change')}, ${readBack}.\n`)
  if (left.length === 0) return
  io.err('Left as it is:\n')
  for (const item of left) io.err(`  ${lineOf(item)}`)
  if (left.some(({ change }) => change !== null)) io.err('Run "cosell install apply --yes" to alter these.\n')
}

/** `webhook register crm` */
export function registerCallbacks(plain: Plain, dry: boolean): Promise<number> {
  return administered(plain, async (desk, { io, user, signal }) => {
    if (dry) {
      const url = desk.installation.callbackUrl()
      return foretell(io, plain.json, { would: [`have the CRM send its events to ${url}`], details: { url } })
    }
    const report = await desk.installation.registerCallbacks({ by: user, signal })
    const left = report.items.filter(({ state }) => state !== 'present')
    if (plain.json) printJson(io, { url: report.url, done: report.done, left })
    else {
      for (const line of report.done) io.out(`✔ ${line}\n`)
      io.out(`The CRM sends its events to ${report.url}.\n`)
      for (const item of left) io.err(`! ${item.what}: ${item.note ?? item.change ?? ''}\n`)
    }
    return left.length === 0 ? EXIT.done : EXIT.attention
  })
}

/** `webhook remove crm` */
export function removeCallbacks(plain: Plain, dry: boolean): Promise<number> {
  return administered(plain, async (desk, { io, user, signal }) => {
    if (dry) return foretell(io, plain.json, { would: ['remove what has the CRM send its events here, if there is any; polling still finds every change'] })
    const removed = await desk.installation.removeCallbacks({ by: user, signal })
    if (plain.json) printJson(io, { removed })
    else io.out(removed.length === 0 ? 'There was nothing to remove.\n' : `${removed.map((line) => `✔ removed: ${line}\n`).join('')}`)
    return EXIT.done
  })
}
