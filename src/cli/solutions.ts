import { readFileSync } from 'node:fs'
import type { Command } from 'commander'
import { readCatalogueFile } from '../assemble.js'
import { Fault } from '../core/fault.js'
import { administered } from './administered.js'
import { EXIT } from './app.js'
import { foretell, isDryRun, takesDryRun } from './dry-run.js'
import { printJson, printTable } from './print.js'
import type { Run } from './run.js'

/** `solutions list|import`: the catalogue of solution ids that sellers pick from. */
export function solutionCommands(program: Command, run: Run): void {
  const solutions = program.command('solutions').description('the catalogue of solution ids')
  solutions
    .command('list')
    .description('the catalogue, and ids that deals use but the catalogue does not know')
    .action(
      run.plain((plain) =>
        administered(plain, async (desk, { io, signal }) => {
          const rows = await desk.installation.solutions(signal)
          if (plain.json) printJson(io, { solutions: rows })
          else {
            printTable(
              io,
              ['solution', 'name', 'type', 'publisher', 'deals', ''],
              rows.map((row) => [row.id, row.name, row.type, row.publisher, row.deals, row.known ? '' : '! not in the catalogue']),
            )
          }
          const isWhole = rows.every(({ known }) => known)
          if (!isWhole && !plain.json) io.err('Next: cosell solutions import --from-deals adds what deals use (--dry-run shows it)\n')
          return isWhole ? EXIT.done : EXIT.attention
        }),
      ),
    )
  takesDryRun(solutions.command('import [file]'))
    .description('add solutions from a CSV or XLSX file')
    .option('--from-deals', 'add what past deals used')
    .addHelpText(
      'after',
      '\nThe first row names the columns: Solution Identifier, Solution Name, Type, Publisher Name. Nothing is removed.\n',
    )
    .action(
      run.plain((plain, options, [file]) => {
        const fromDeals = options['fromDeals'] === true
        if ((file === undefined) === !fromDeals) return Promise.resolve(plain.usage('Name a CSV or XLSX file, or give --from-deals.'))
        const entries = file === undefined ? null : readCatalogueFile(readBytes(file))
        return administered(plain, async (desk, { io, user, signal }) => {
          if (isDryRun(options)) {
            const found = await desk.installation.compareSolutions(entries, signal)
            const would = [...found.added.map(({ id, name }) => `add ${id}: ${name}`), ...found.changed.map(({ id, name }) => `change ${id}: ${name}`)]
            return foretell(io, plain.json, { would, details: found })
          }
          const report = await desk.installation.importSolutions({ entries, by: user, signal })
          if (plain.json) printJson(io, report)
          else io.out(`${report.added} added, ${report.changed} changed, ${report.read - report.added - report.changed} unchanged.\n`)
          return EXIT.done
        })
      }),
    )
}

function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch {
    throw new Fault('misconfigured', `${file} cannot be read.`, { remedy: 'Check the name and the rights of the file.' })
  }
}
