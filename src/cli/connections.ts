import type { Command } from 'commander'
import type { ConnectionView, WebhookView } from '../assemble.js'
import { administered } from './administered.js'
import { EXIT, type Io } from './app.js'
import { foretell, isDryRun, takesDryRun } from './dry-run.js'
import { registerCallbacks, removeCallbacks } from './install.js'
import { printJson } from './print.js'
import type { Run } from './run.js'

/** `webhook`, `connect` and `auth`: the registration at Partner Center and the sign-ins. They work beside a running service and without one. */
export function connectionCommands(program: Command, run: Run): void {
  webhookCommands(program, run)
  authCommands(program, run)
  program
    .command('connect <system>')
    .description('sign in (partner-center), or prove the sign-in (crm); shows account, tenant and expiry')
    .option('--check', 'only show who is signed in')
    .action(
      run.plain((plain, options, [system = '']) => {
        if (system !== 'partner-center' && system !== 'crm') return Promise.resolve(plain.usage('Connect takes partner-center or crm.'))
        return administered(plain, async (desk, { io, user, signal }) => {
          const signsIn = system === 'partner-center' && options['check'] !== true
          const view = signsIn
            ? await desk.signIn({ show: ({ message }) => io.err(`${message}\n`), by: user, signal })
            : await desk.connection(system, signal)
          showConnection(io, view, plain.json)
          return view.state === 'connected' ? EXIT.done : EXIT.remote
        })
      }),
    )
}

const SYSTEMS = ['partner-center', 'crm'] as const

function authCommands(program: Command, run: Run): void {
  program
    .command('auth')
    .description('the sign-ins to Partner Center and the CRM')
    .command('status')
    .description('who is signed in where: tenant, scopes, role, expiry, and the command that repairs it')
    .action(
      run.plain((plain) =>
        administered(plain, async (desk, { io, signal }) => {
          const views = await Promise.all(SYSTEMS.map((system) => desk.connection(system, signal)))
          if (plain.json) printJson(io, { connections: views })
          else
            for (const [index, view] of views.entries()) {
              if (index > 0) io.out('\n')
              showConnection(io, view, false)
            }
          return views.every(({ state }) => state === 'connected') ? EXIT.done : EXIT.remote
        }),
      ),
    )
}

function webhookCommands(program: Command, run: Run): void {
  const webhook = program.command('webhook').description("Partner Center's webhook registration: one for the whole tenant")
  webhook
    .command('show')
    .description('what is registered, and whose it is')
    .action(
      run.plain((plain) =>
        administered(plain, async (desk, { io, signal }) => {
          const view = await desk.webhook(signal)
          if (plain.json) printJson(io, view)
          else {
            io.out(
              `registered: ${view.registered === null ? 'nothing' : `${view.registered.url} (${view.ours ? 'this installation' : 'not this installation'})`}\n`,
            )
            if (view.registered !== null) io.out(`events:     ${view.registered.events.join(', ')}\n`)
            io.out(`wanted:     ${view.wanted?.url ?? 'nothing, because server.publicUrl is not set'}\n`)
            if (view.previous !== null) io.out(`kept:       ${view.previous.url} (for "cosell webhook restore")\n`)
          }
          return view.ours ? EXIT.done : EXIT.attention
        }),
      ),
    )
  takesDryRun(webhook.command('register [system]'))
    .description('register this installation at Partner Center; "register crm" has the CRM send its events')
    .option('--overwrite', "displace somebody else's address; it is kept for restore")
    .action(
      run.plain((plain, options, [system = 'partner-center']) => {
        if (system === 'crm') return registerCallbacks(plain, isDryRun(options))
        if (system !== 'partner-center') return Promise.resolve(plain.usage('Register takes partner-center (the default) or crm.'))
        return administered(plain, async (desk, { io, user, signal }) => {
          if (isDryRun(options)) return foretellRegistration(io, plain.json, await desk.webhook(signal), options['overwrite'] === true)
          const outcome = await desk.registerWebhook({ overwrite: options['overwrite'] === true ? 'yes' : 'no', by: user, signal })
          if (plain.json) printJson(io, outcome)
          else if (outcome.kind === 'registered')
            io.out(
              `${outcome.now.url} is registered${outcome.previous === null ? '' : ` instead of ${outcome.previous.url}`}. Next: cosell webhook test\n`,
            )
          else if (outcome.kind === 'unchanged') io.out(`${outcome.now.url} is registered already.\n`)
          if (outcome.kind !== 'occupied') return EXIT.done
          io.err(
            `${outcome.by.url} is registered, and a tenant has one registration only: nothing was changed.\nIf it is no longer needed, run "cosell webhook register --overwrite"; "cosell webhook restore" puts it back.\n`,
          )
          return EXIT.attention
        })
      }),
    )
  takesDryRun(webhook.command('remove <system>'))
    .description('"remove crm" ends the events of the CRM; polling still finds every change')
    .action(
      run.plain((plain, options, [system = '']) =>
        system === 'crm'
          ? removeCallbacks(plain, isDryRun(options))
          : Promise.resolve(plain.usage('Remove takes crm. Partner Center cannot delete a registration; see "cosell webhook restore".')),
      ),
    )
  proofCommands(webhook, run)
}

/** The same outcomes as those of a registration, told from what stands at Partner Center now. */
function foretellRegistration(io: Io, json: boolean, { registered, wanted, ours, previous }: WebhookView, overwrite: boolean): number {
  const details = { registered, wanted, previous }
  if (wanted === null) return foretell(io, json, { would: [], but: ['There is no address that Partner Center could call: set server.publicUrl.'], details })
  const same = ours && [...wanted.events].sort().join() === [...(registered?.events ?? [])].sort().join()
  if (same) return foretell(io, json, { would: [], details })
  if (registered !== null && !ours && !overwrite)
    return foretell(io, json, { would: [], but: [`${registered.url} is registered, and a tenant has one registration only: --overwrite displaces it and keeps it for "cosell webhook restore".`], details })
  const instead = registered === null || ours ? '' : ` instead of ${registered.url}, which is kept for "cosell webhook restore"`
  return foretell(io, json, { would: [`register ${wanted.url} for ${wanted.events.join(', ')}${instead}`], details })
}

function proofCommands(webhook: Command, run: Run): void {
  webhook
    .command('test')
    .description('have Partner Center send a test event, and tell what came of it')
    .action(
      run.plain((plain) =>
        administered(plain, async (desk, { io, signal }) => {
          const result = await desk.testWebhook(signal)
          if (plain.json) printJson(io, result)
          else {
            io.out(
              `${result.arrived ? '✔ It arrived' : '✘ It did not arrive'} (${result.status}) at ${result.callbackUrl ?? 'the registered address'}.\n`,
            )
            for (const attempt of result.attempts) io.out(`  ${attempt.at ?? ''}  ${attempt.responseCode}  ${attempt.message}\n`)
          }
          return result.arrived ? EXIT.done : EXIT.remote
        }),
      ),
    )
  takesDryRun(webhook.command('restore'))
    .description('put back what "register --overwrite" displaced')
    .action(
      run.plain((plain, options) =>
        administered(plain, async (desk, { io, user, signal }) => {
          if (isDryRun(options)) {
            const { previous, registered } = await desk.webhook(signal)
            if (previous === null) return foretell(io, plain.json, { would: [], but: ['No earlier registration is kept here.'] })
            return foretell(io, plain.json, { would: [`register ${previous.url} again instead of ${registered?.url ?? 'nothing'}`], details: { previous, registered } })
          }
          const now = await desk.restoreWebhook({ by: user, signal })
          if (plain.json) printJson(io, { now })
          else io.out(`${now.url} is registered again.\n`)
          return EXIT.done
        }),
      ),
    )
}

function showConnection(io: Io, view: ConnectionView, json: boolean): void {
  if (json) return printJson(io, view)
  const lines: readonly (readonly [string, string | null])[] = [
    ['connection', `${view.name}: ${view.state}`],
    ['account', view.account],
    ['role', view.role?.text ?? null],
    ['tenant', view.tenant],
    ['scopes', view.scopes?.join(', ') ?? null],
    ['token until', view.tokenUntil],
    ['sign-in until', view.signInUntil],
    ['', view.detail],
    ['', view.remedy],
    ['repair', view.repair],
  ]
  for (const [name, value] of lines) if (value !== null) io.out(`${name.padEnd(14)} ${value}\n`)
}
