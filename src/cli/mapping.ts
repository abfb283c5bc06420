import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { mappingJsonSchema } from '../core/mapping-document.js'
import type { Service } from '../assemble.js'
import { EXIT } from './app.js'
import { foretell, isDryRun, takesDryRun } from './dry-run.js'
import { printJson, printTable, shown } from './print.js'
import type { Run } from './run.js'

/** `mapping`: what is mapped, whether it fits this CRM, and what it does to a deal. */
export function mappingCommands(program: Command, run: Run): void {
  const mapping = program.command('mapping').description('which field goes where')
  mapping
    .command('show')
    .description('the effective mapping: built-in rows and those of the file')
    .action(
      run.service(async ({ service, io, json }) => {
        const view = await service.mapping.show()
        if (json) printJson(io, view)
        else {
          printTable(
            io,
            ['record', 'field', 'CRM column', 'into CRM', 'into Partner Center', 'both changed', 'from'],
            view.rows.map(({ kind, field, crm, effect, origin }) => [
              kind,
              field,
              crm,
              WRITTEN[effect.intoCrm],
              WRITTEN[effect.intoPartner],
              effect.rule === 'hold' ? 'a person decides' : effect.rule === 'union' ? 'joined' : `${effect.rule} wins`,
              origin,
            ]),
          )
          printTable(
            io,
            ['record', 'stage', 'CRM values'],
            view.stages.map((row) => [row.kind, row.stage, `${shown(row.crm)}${row.otherOpen ? ' and any other open one' : ''}`]),
          )
        }
        return EXIT.done
      }),
    )
  mapping
    .command('check')
    .description('whether the mapping fits this CRM: columns, types, choices, mandatory columns')
    .option('--mapping <file>', 'a draft instead of the mapping in force')
    .action(
      run.service(async ({ service, io, json, signal }, options) => {
        const checks = await service.mapping.check(draftIn(options), signal)
        if (json) printJson(io, { checks })
        else
          for (const check of checks)
            io.out(
              `${{ pass: '✔ pass', warn: '! warn', fail: '✘ fail' }[check.status]}  ${check.name}: ${check.detail}${check.remedy === null ? '' : `\n        ${check.remedy}`}\n`,
            )
        return checks.some(({ status }) => status === 'fail') ? EXIT.attention : EXIT.done
      }),
    )
  tryCommand(mapping, run)
  acceptCommand(mapping, run)
  mapping
    .command('schema')
    .description('JSON Schema of mapping.yaml, for completion in editors')
    .action(
      run.plain(({ world }) => {
        printJson(world.io, mappingJsonSchema())
        return Promise.resolve(EXIT.done)
      }),
    )
}

function acceptCommand(mapping: Command, run: Run): void {
  takesDryRun(mapping.command('accept'))
    .description('the columns of the CRM are as they should be: ends the notice about their change')
    .action(
      run.service(async ({ service, io, json, user }, options) => {
        if (isDryRun(options)) return foretell(io, json, { would: ["take the CRM's columns, as they are now, for what they should be"] })
        await service.mapping.accept(user)
        if (json) printJson(io, { accepted: true })
        else io.out('From here on every further change of a mapped column is told.\n')
        return EXIT.done
      }),
    )
}

function tryCommand(mapping: Command, run: Run): void {
  mapping
    .command('try <deal>')
    .description('what the mapping makes of one deal, in both directions; writes nothing')
    .option('--mapping <file>', 'a draft instead of the mapping in force')
    .action(
      run.service(async ({ service, io, json, signal }, options, [deal = '']) => {
        const trial = await service.mapping.try(deal, draftIn(options), signal)
        if (json) printJson(io, trial)
        else {
          printTable(
            io,
            ['field', 'CRM column', 'Partner Center', 'as the CRM holds it', 'CRM', 'as Partner Center shows it'],
            trial.rows.map(({ field, row, partner, toCrm, toPartner }) => [
              field,
              row?.crm ?? '',
              shown(partner),
              shown(toCrm.after),
              shown(toPartner.before),
              shown(toPartner.after),
            ]),
          )
          for (const { field, problem } of trial.rows) if (problem !== null) io.out(`! ${field}: ${problem}\n`)
          for (const change of trial.item.changes) {
            io.out(
              `${change.kind === 'create' ? '+ create' : '~ update'}: ${change.what}${change.irreversible ? ' (cannot be taken back)' : ''}\n`,
            )
            for (const { field, before, after } of change.fields)
              io.out(`    ${field}: ${shown(before)} -> ${shown(after)}${causeOf(trial, field)}\n`)
          }
          for (const conflict of trial.item.conflicts) io.out(`! ${conflict.field}: ${conflict.reason}\n`)
          const { changes, reason } = trial.item
          if (changes.length === 0) io.out(`A sync would write nothing.${reason === null ? '' : ` ${reason.text} ${reason.remedy}`}\n`)
        }
        return EXIT.done
      }),
    )
}

const WRITTEN = { always: 'always', create: 'with a new record', update: 'after it was made', never: 'never' } as const

/** The row that a change comes from, in brackets. */
function causeOf({ rows }: Awaited<ReturnType<Service['mapping']['try']>>, field: string): string {
  const row = rows.find((one) => one.field === field)?.row
  return row === null || row === undefined ? '' : `   (row "${field}": ${row.crm}, ${row.flow}, ${row.origin})`
}

/** The draft's text; null when none is named. */
export const draftIn = (options: Readonly<Record<string, unknown>>): string | null =>
  typeof options['mapping'] === 'string' ? readFileSync(options['mapping'], 'utf8') : null
