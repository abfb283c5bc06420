import { existsSync, writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { configJsonSchema, exampleConfig, maskedConfig } from '../config/index.js'
import { EXIT } from './app.js'
import { csv } from './csv.js'
import { flowReport } from './flow-report.js'
import { eraseCommand } from './keeping.js'
import { printJson, printTable, shown } from './print.js'
import type { Run } from './run.js'
import { settingsCommands } from './settings.js'

/** `start`, `demo`, `sandbox`, `audit`, `flows`, `doctor`, `config`, `init`, `version`: running it and looking after it. */
export function operateCommands(program: Command, run: Run): void {
  program.command('start').description('run the service').option('--role <role>', 'all, server or worker', 'all').option('--adopt', 'take over a store that was made for other systems').action(run.plain(async ({ world, tenants, usage }, options) => {
    const role = options['role']
    if (role !== 'all' && role !== 'server' && role !== 'worker') return usage('--role takes all, server or worker.')
    await world.start(await tenants(), { role, adopt: options['adopt'] === true })
    return EXIT.done
  }))
  program.command('demo').description('simulators, the connector and sample deals: one command, no account').option('--crm <kind>', 'which simulated CRM', 'dynamics').option('--port <n>', 'port of the service').action(run.plain(async ({ world }, options) => {
    await world.demo({ port: options['port'] === undefined ? null : Number(options['port']), crm: String(options['crm']) })
    return EXIT.done
  }))
  program.command('sandbox').description('the simulators alone').option('--port <n>', 'first of the ports', '8500')
    .option('--fields <kind>', "which co-sell fields Dynamics 365 has: cosell (ours), none (install them yourself), microsoft (its own connector's)", 'cosell')
    .action(run.plain(async ({ world, usage }, options) => {
      const { fields } = options
      if (fields !== 'cosell' && fields !== 'none' && fields !== 'microsoft') return usage('--fields takes cosell, none or microsoft.')
      await world.sandbox({ port: Number(options['port']), fields })
      return EXIT.done
    }))
  auditCommand(program, run)
  flowCommands(program, run)
  configCommands(program, run)
  program.command('doctor').description('check every prerequisite').action(run.service(async ({ service, io, json, signal }) => {
    const checks = await service.checks(signal)
    if (json) printJson(io, { checks })
    else for (const check of checks) io.out(`${{ pass: '✔ pass', warn: '! warn', fail: '✘ fail' }[check.status]}  ${check.name}: ${check.detail}${check.remedy === null ? '' : `\n        ${check.remedy}`}\n`)
    return checks.some((check) => check.status === 'fail') ? EXIT.attention : EXIT.done
  }))
  program.command('version').description('the version').action(run.plain(({ world, json }) => {
    if (json) printJson(world.io, { version: world.version })
    else world.io.out(`${world.version}\n`)
    return Promise.resolve(EXIT.done)
  }))
}

function auditCommand(program: Command, run: Run): void {
  const audit = program.command('audit').description('the ledger').argument('[deal]').option('--since <time>', 'ISO date or time').option('--format <format>', 'json or csv').option('--limit <n>', 'at most so many', '200')
  eraseCommand(audit, run)
  audit.action(run.service(async ({ service, io, json, usage }, options, [deal]) => {
    if (deal === 'verify') {
      const verdict = await service.verifyAudit()
      if (json) printJson(io, verdict)
      else io.out(verdict.broken.length === 0 ? `${verdict.entries} entries in ${verdict.chains} chains, unbroken.\n` : verdict.broken.map((flaw) => `✘ ${flaw.link ?? 'installation'} entry ${flaw.sequence}: ${flaw.why}\n`).join(''))
      return verdict.broken.length === 0 ? EXIT.done : EXIT.attention
    }
    const since = typeof options['since'] === 'string' ? Date.parse(options['since']) : undefined
    if (since !== undefined && Number.isNaN(since)) return usage('--since takes a date or time like 2026-11-01 or 2026-11-01T08:00:00Z.')
    const page = await service.audit({ limit: Number(options['limit']), ...(deal === undefined ? {} : { deal }), ...(since === undefined ? {} : { since }) })
    if (json || options['format'] === 'json') printJson(io, page)
    else if (options['format'] === 'csv') io.out(csv([['at', 'deal', 'by', 'kind', 'event'], ...page.records.map((record) => [new Date(record.at).toISOString(), record.link ?? '', record.by, record.event?.kind ?? '', JSON.stringify(record.event)])]))
    else printTable(io, ['at', 'deal', 'by', 'what', ''], page.records.map((record) => [new Date(record.at).toISOString(), record.link, record.by, record.event?.kind ?? 'erased', shown(record.event)]))
    return EXIT.done
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
    flows.command(`${value} <flow>`).description(`set partnerToCrm, crmToPartner or all to ${value}`).action(run.service(async ({ service, io, json, user, usage }, _options, [flow]) => {
      if (flow !== 'partnerToCrm' && flow !== 'crmToPartner' && flow !== 'all') return usage('A flow is partnerToCrm, crmToPartner or all.')
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
  config.command('show').description('the effective configuration, secrets masked').option('--origin', 'where each value comes from').action(run.plain(async ({ world, config: load, json }, options) => {
    const loaded = await load()
    const masked = maskedConfig(loaded.config)
    const origins = options['origin'] === true ? Object.fromEntries(loaded.origins) : null
    if (json || origins === null) printJson(world.io, origins === null ? masked : { config: masked, origins })
    else printTable(world.io, ['setting', 'from'], Object.entries(origins))
    return EXIT.done
  }))
  program.command('init').description('write a commented cosell.yaml').option('--file <file>', 'where', 'cosell.yaml').option('--crm <kind>', 'dynamics or salesforce', 'dynamics').option('--yes', 'overwrite').action(run.plain(({ world, usage }, options) => {
    const file = String(options['file'])
    if (existsSync(file) && options['yes'] !== true) return Promise.resolve(usage(`${file} exists; give --yes to overwrite it.`))
    writeFileSync(file, exampleConfig(startingAnswers(options['crm'] === 'salesforce')), { mode: 0o600 })
    world.io.err(`Wrote ${file}. Next: fill in what is marked, then "cosell connect partner-center" and "cosell doctor".\n`)
    return Promise.resolve(EXIT.done)
  }))
}

const blank = '00000000-0000-0000-0000-000000000000'

/** What the written file says before a person has filled it in. */
function startingAnswers(salesforce: boolean): Parameters<typeof exampleConfig>[0] {
  return {
    environment: 'staging',
    store: './data',
    publicUrl: 'https://cosell.example.com',
    partnerTenant: 'contoso.onmicrosoft.com',
    partnerClientId: blank,
    partnerId: null,
    crm: salesforce
      ? { kind: 'salesforce', url: 'https://contoso.my.salesforce.com', clientId: blank, jwt: null }
      : { kind: 'dynamics', url: 'https://contoso.crm.dynamics.com', tenant: 'contoso.onmicrosoft.com', clientId: blank },
  }
}
