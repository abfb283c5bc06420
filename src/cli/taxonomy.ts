import type { Command } from 'commander'
import { EXIT } from './app.js'
import { given } from './given.js'
import { printJson, printTable } from './print.js'
import type { Run } from './run.js'

/** `taxonomy list|export`: the words that Partner Center renews every year. */
export function taxonomyCommands(program: Command, run: Run): void {
  const taxonomy = program.command('taxonomy').description('words that Partner Center renews every year: solution areas, plays, roles …')
  taxonomy
    .command('list')
    .description('the words by field, and how many deals carry each')
    .action(
      run.service(async ({ service, io, json }) => {
        const view = await service.taxonomy.show()
        if (json) printJson(io, view)
        else {
          io.out(`Words of ${view.date} (${view.source}); nothing is refused because of them.\n`)
          printTable(
            io,
            ['field', 'word', 'deals', ''],
            view.lists.flatMap(({ field, values }) =>
              values.map(({ value, listed, deals }) => [field, value, deals, listed ? '' : 'not in the file']),
            ),
          )
        }
        return EXIT.done
      }),
    )
  taxonomy
    .command('export')
    .description('the words and what deals carry, as a file to edit and to name as "taxonomy" in cosell.yaml')
    .option('--out <file>', 'write it to a file')
    .action(
      run.service(async ({ service, io, json }, options) => {
        const document = await service.taxonomy.export()
        return given(io, json, { document, file: options['out'] })
      }),
    )
}
