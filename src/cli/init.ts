import { existsSync, writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { CRM_KINDS, CRM_NAMES, crmKind, exampleConfig, exampleVariables, usualCrm, type CrmName, type InitAnswers } from '../config/index.js'
import { EXIT, type Io } from './app.js'
import { oneOf } from './options.js'
import { printJson } from './print.js'
import type { Run } from './run.js'

/** How a person is asked. Null: they left. */
export interface Ask {
  text(question: string, options: { readonly initial: string; readonly mayBeEmpty: boolean }): Promise<string | null>
  choose(question: string, options: readonly { readonly value: string; readonly label: string }[]): Promise<string | null>
}

export function initCommand(program: Command, run: Run): void {
  program
    .command('init')
    .description('write a commented cosell.yaml after a few questions')
    .option('--file <file>', 'where; without it what --config names, else cosell.yaml')
    .addOption(oneOf('--crm <kind>', 'the CRM; without it you are asked', CRM_NAMES))
    .option('--yes', 'overwrite a file that is there, and ask nothing')
    .action(
      run.plain(async ({ world, json, usage }, options) => {
        const { io } = world
        const file = [options['file'], options['config'], 'cosell.yaml'].find((name) => typeof name === 'string') ?? ''
        if (existsSync(file) && options['yes'] !== true) return usage(`${file} exists; give --yes to overwrite it, or another name by --file.`)
        const crm = crmKind(options['crm'])?.kind ?? null
        const asks = !json && options['yes'] !== true && io.inIsTty && io.errIsTty
        const answers = asks ? await answersOf(await terminal(), crm) : unasked(crm ?? usualCrm)
        if (answers === null) return EXIT.attention
        const text = exampleConfig(answers)
        writeFileSync(file, text, { mode: 0o600 })
        const variables = Object.fromEntries(Object.entries(exampleVariables).filter(([name]) => text.includes(`\${${name}}`)))
        if (json) printJson(io, { file, variables })
        else say(io, file, variables, asks ? 'answered' : 'samples')
        return EXIT.done
      }),
    )
}

function say(io: Io, file: string, variables: Readonly<Record<string, string>>, values: 'answered' | 'samples'): void {
  if (values === 'samples') io.err(`Wrote ${file} with samples: put your own tenants, client ids and addresses in their place.\n`)
  else io.err(`Wrote ${file}.\n`)
  io.err('It takes its secrets from the environment:\n')
  for (const [name, text] of Object.entries(variables)) io.err(`  ${name.padEnd(18)} ${text}\n`)
  io.err('Next: set them, then "cosell connect partner-center" and "cosell doctor".\n')
}

const blank = '00000000-0000-0000-0000-000000000000'
const tenantSample = 'contoso.onmicrosoft.com'

/** What the file says where nobody can be asked. */
function unasked(kind: CrmName): InitAnswers {
  return {
    environment: 'staging',
    store: './data',
    publicUrl: 'https://cosell.example.com',
    partnerTenant: tenantSample,
    partnerClientId: blank,
    partnerId: null,
    crm: { kind, ...sampleOf(kind), tenant: tenantSample },
  }
}
const sampleOf = (kind: CrmName) => CRM_KINDS.find((one) => one.kind === kind)?.sample ?? CRM_KINDS[0].sample

/** Asks for what differs from one company to the next; secrets are never asked for. Null: the person left. */
export async function answersOf(ask: Ask, given: CrmName | null): Promise<InitAnswers | null> {
  const crm = crmKind(given ?? (await ask.choose('Which CRM?', CRM_KINDS.map(({ kind, product }) => ({ value: kind, label: product })))))
  if (crm === null) return null
  const answers: string[] = []
  const questions: readonly (readonly [question: string, initial: string, mayBeEmpty: boolean])[] = [
    ['A name for this installation, shown on every page', 'staging', false],
    ['Tenant of your partner account (a domain or an id)', tenantSample, false],
    ['Client id of the app registration for Partner Center', blank, false],
    ['Partner ID of the location new deals belong to (empty: the one of the account)', '', true],
    [crm.asks.url, crm.sample.url, false],
    [crm.asks.clientId, crm.sample.clientId, false],
    ['Public https address of this service (empty: changes are found by polling)', '', true],
  ]
  for (const [question, initial, mayBeEmpty] of questions) {
    const answer = await ask.text(question, { initial, mayBeEmpty })
    if (answer === null) return null
    answers.push(answer.trim())
  }
  const [environment = '', partnerTenant = '', partnerClientId = '', partnerId = '', url = '', clientId = '', publicUrl = ''] = answers
  return {
    ...unasked(crm.kind),
    environment,
    partnerTenant,
    partnerClientId,
    partnerId: partnerId === '' ? null : partnerId,
    publicUrl: publicUrl === '' ? null : publicUrl,
    crm: { kind: crm.kind, url, tenant: partnerTenant, clientId },
  }
}

/** The questions on a terminal. */
async function terminal(): Promise<Ask> {
  const { isCancel, select, text } = await import('@clack/prompts')
  return {
    async text(message, { initial, mayBeEmpty }) {
      const answer = await text({
        message,
        defaultValue: initial,
        ...(initial === '' ? {} : { placeholder: initial }),
        validate: (value) => ((value ?? '').trim() !== '' || mayBeEmpty || initial !== '' ? undefined : 'This cannot be empty.'),
      })
      return isCancel(answer) ? null : answer
    },
    async choose(message, options) {
      const answer = await select({ message, options: options.map(({ value, label }) => ({ value, label })) })
      return isCancel(answer) ? null : answer
    },
  }
}
