import type { Command } from 'commander'
import { configJsonSchema, CRM_NAMES, usualCrm } from '../config/index.js'
import { EXIT } from './app.js'
import { auditCommand } from './audit.js'
import { configShowCommand } from './config-show.js'
import { doctorCommand } from './doctor.js'
import { foretell, isDryRun, takesDryRun } from './dry-run.js'
import { flowReport } from './flow-report.js'
import { initCommand } from './init.js'
import { oneOf, port, wholeNumber } from './options.js'
import { printJson, printTable } from './print.js'
import type { Run } from './run.js'
import { settingsCommands } from './settings.js'

/** `start`, `demo`, `sandbox`, `audit`, `flows`, `doctor`, `config`, `init`, `version`: running it and looking after it. */
export function operateCommands(program: Command, run: Run): void {
  program.command('start').description('run the service').addOption(oneOf('--role <role>', 'what this process does', ['all', 'server', 'worker']).default('all')).option('--adopt', 'take over a store that was made for other systems').action(run.plain(async ({ world, tenants }, options) => {
    const role = options['role'] as 'all' | 'server' | 'worker' // its choices
    await world.start(await tenants(), { role, adopt: options['adopt'] === true })
    return EXIT.done
  }))
  program.command('demo').description('simulators, the connector and sample deals: one command, no account').addOption(oneOf('--crm <kind>', 'which simulated CRM', CRM_NAMES).default(usualCrm)).addOption(port('--port <n>', 'port of the service')).action(run.plain(async ({ world, json }, options) => {
    await world.demo({ port: typeof options['port'] === 'number' ? options['port'] : null, crm: String(options['crm']), json })
    return EXIT.done
  }))
  program.command('sandbox').description('the simulators alone')
    .addOption(wholeNumber('--port <n>', 'first of five ports in a row; 0: free ones', { least: 0, most: 65_531 }).default(8500))
    .addOption(oneOf('--crm <kind>', 'which CRM the written configuration names', CRM_NAMES).default(usualCrm))
    .addOption(oneOf('--fields <kind>', "which co-sell fields the simulated CRM has: ours, none (install them yourself), those of Microsoft's own connector", ['cosell', 'none', 'microsoft']).default('cosell'))
    .action(run.plain(async ({ world, json }, options) => {
      const fields = options['fields'] as 'cosell' | 'none' | 'microsoft' // its choices
      await world.sandbox({ port: Number(options['port']), crm: String(options['crm']), fields, json })
      return EXIT.done
    }))
  auditCommand(program, run)
  flowCommands(program, run)
  configCommands(program, run)
  initCommand(program, run)
  doctorCommand(program, run)
  program.command('version').description('the version').action(run.plain(({ world, json }) => {
    if (json) printJson(world.io, { version: world.version })
    else world.io.out(`${world.version}\n`)
    return Promise.resolve(EXIT.done)
  }))
}

function flowCommands(program: Command, run: Run): void {
  const flows = program.command('flows').description('the flow switches')
  flows.command('list').description('what flows where').action(run.service(async ({ service, io, json }) => {
    const rows = await service.flows()
    if (json) printJson(io, { flows: rows })
    else printTable(io, ['flow', 'value', 'set by'], rows.map((row) => [row.flow, row.value, row.origin]))
    return EXIT.done
  }))
  flowReport(flows, run)
  for (const value of ['on', 'off', 'observe'] as const) {
    takesDryRun(flows.command(`${value} <flow>`)).description(`set partnerToCrm, crmToPartner or all to ${value}`).action(run.service(async ({ service, io, json, user, usage }, options, [flow]) => {
      if (flow !== 'partnerToCrm' && flow !== 'crmToPartner' && flow !== 'all') return usage('A flow is partnerToCrm, crmToPartner or all.')
      if (isDryRun(options)) {
        const turned = (await service.flows()).filter((row) => (flow === 'all' || row.flow === flow) && row.value !== value)
        return foretell(io, json, { would: turned.map((row) => `turn ${row.flow} from ${row.value} to ${value}`) })
      }
      const rows = await service.setFlow(flow, value, user)
      if (json) printJson(io, { flows: rows })
      else printTable(io, ['flow', 'value', 'set by'], rows.map((row) => [row.flow, row.value, row.origin]))
      return EXIT.done
    }))
  }
}

function configCommands(program: Command, run: Run): void {
  const config = program.command('config').description('the configuration, and the versions of mapping and settings')
  settingsCommands(config, run)
  config.command('schema').description('JSON Schema of cosell.yaml').action(run.plain(({ world }) => {
    printJson(world.io, configJsonSchema())
    return Promise.resolve(EXIT.done)
  }))
  configShowCommand(config, run)
}
