import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { mappingJsonSchema } from '../core/mapping-document.js'
import { EXIT } from './app.js'
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
            ['record', 'field', 'CRM column', 'flow', 'when', 'wins', 'from'],
            view.rows.map((row) => [row.kind, row.field, row.crm, row.flow, row.when, row.wins ?? '', row.origin]),
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
            ['field', 'CRM column', 'Partner Center', 'CRM'],
            trial.rows.map(({ field, row, partner, crm }) => [field, row?.crm ?? '', shown(partner), shown(crm)]),
          )
          for (const change of trial.item.changes) {
            io.out(
              `${change.kind === 'create' ? '+ create' : '~ update'}: ${change.what}${change.irreversible ? ' (cannot be taken back)' : ''}\n`,
            )
            for (const field of change.fields) io.out(`    ${field.field}: ${shown(field.before)} -> ${shown(field.after)}\n`)
          }
          for (const conflict of trial.item.conflicts) io.out(`! ${conflict.field}: ${conflict.reason}\n`)
          if (trial.item.changes.length === 0) io.out('A sync would write nothing.\n')
        }
        return EXIT.done
      }),
    )
}

/** The draft's text; null when none is named. */
export const draftIn = (options: Readonly<Record<string, unknown>>): string | null =>
  typeof options['mapping'] === 'string' ? readFileSync(options['mapping'], 'utf8') : null
