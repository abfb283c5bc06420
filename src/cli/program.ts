import { Command, CommanderError } from 'commander'
import { ConfigError } from '../config/index.js'
import { EXIT, type CliWorld } from './app.js'
import { completionCommand } from './completion.js'
import { connectionCommands } from './connections.js'
import { dealsCommands } from './deals.js'
import { showExamples } from './examples.js'
import { harmlessIo } from './harmless.js'
import { groupCommands } from './help-groups.js'
import { installCommands } from './install.js'
import { keepingCommands } from './keeping.js'
import { mappingCommands } from './mapping.js'
import { operateCommands } from './operate.js'
import { printProblem, usageProblem, type ProblemText } from './print.js'
import { runner } from './run.js'
import { solutionCommands } from './solutions.js'
import { commandFault } from './system-fault.js'
import { taxonomyCommands } from './taxonomy.js'
import { triggerCommand } from './trigger.js'
import { workCommands } from './work.js'

/** The command line: reads arguments, does the work, and returns the exit code. */
export async function runProgram(argv: readonly string[], given: CliWorld): Promise<number> {
  const world = { ...given, io: harmlessIo(given.io) }
  let code: number = EXIT.done
  const json = argv.includes('--json')
  const program = new Command('cosell')
    .description('The open co-sell connector: Partner Center referrals and your CRM, the same, both ways.')
    .version(world.version, '-V, --version', 'the version')
    .option('--config <file>', 'the configuration file')
    .option('--tenant <name>', 'which tenant, where the installation serves several')
    .option('--json', 'one JSON document on stdout, nothing else')
    .option('--no-color', 'no colours')
    .option('--no-input', 'never ask')
    .option('--yes', 'answer every question with yes; where none is asked it changes nothing')
    .showSuggestionAfterError(true)
    .showHelpAfterError('Add --help to the command to see what it takes.')
    .exitOverride()
    // With --json what is wrong is said once, as JSON, when the command ends.
    .configureOutput({ writeOut: (text) => world.io.out(text), writeErr: (text) => (json ? undefined : world.io.err(text)) })
    .addHelpText('before', 'Examples:\n  cosell demo\n  cosell deals list --state needs-attention\n  cosell plan\n  cosell sync\n')
  const run = runner(world, (result) => {
    code = result
  })
  operateCommands(program, run)
  workCommands(program, run)
  dealsCommands(program, run)
  connectionCommands(program, run)
  installCommands(program, run)
  solutionCommands(program, run)
  taxonomyCommands(program, run)
  mappingCommands(program, run)
  keepingCommands(program, run)
  triggerCommand(program, run)
  completionCommand(program, run)
  program.hook('preAction', (_program, command) => refuseEmpty(command))
  inherit(program)
  groupCommands(program)
  showExamples(program)
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return code
  } catch (error) {
    return failure(error, world, json)
  }
}

/** Every command understands the common options and ends by an exception, not by leaving the process. */
function inherit(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command)
    // A noun that has verbs does nothing itself, but for the ledger's.
    if (child.commands.length === 0 || child.name() === 'audit') child.option('--json', 'one JSON document on stdout, nothing else').option('--config <file>', 'the configuration file').option('--tenant <name>', 'which tenant, where the installation serves several')
    inherit(child)
  }
}

/** A variable of the shell that was never set names nothing: neither all deals nor some file. */
function refuseEmpty(command: Command): void {
  const at = command.args.findIndex((given) => given.trim() === '')
  if (at === -1) return
  const declared = command.registeredArguments
  command.error(`error: <${declared[Math.min(at, declared.length - 1)]?.name() ?? 'argument'}> is empty. It wants a value.`)
}

function failure(error: unknown, world: CliWorld, json: boolean): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return EXIT.done
    if (json) printProblem(world.io, misuse(error))
    return EXIT.usage
  }
  if (error instanceof ConfigError) {
    const { message, problems } = error
    if (json) printProblem(world.io, { code: 'configuration', message, hint: problems.find(({ hint }) => hint !== null)?.hint ?? null, docs: 'docs/configuration.md', problems })
    else world.io.err(`${message}\n`)
    return EXIT.usage
  }
  const fault = commandFault(error)
  if (json) printProblem(world.io, { code: fault.kind, message: fault.message, hint: fault.remedy, docs: 'docs/operating.md' })
  else world.io.err(`${fault.message}\n${fault.remedy}\n${fault.kind === 'bug' && error instanceof Error ? `${error.stack ?? ''}\n` : ''}`)
  switch (fault.kind) {
    case 'misconfigured':
      return EXIT.usage
    case 'bug':
      return EXIT.bug
    case 'rejected':
    case 'missing':
    case 'stale':
    case 'lease-lost':
      return EXIT.attention
    case 'offline':
    case 'throttled':
    case 'signed-out':
    case 'forbidden':
    case 'ambiguous':
    case 'invalid-answer':
      return EXIT.remote
  }
}

/** What commander says of a wrong use. Without a verb it only shows the help. */
function misuse({ code, message }: CommanderError): ProblemText {
  if (code === 'commander.help') return usageProblem('The command is not complete: a noun wants a verb.')
  return usageProblem(message.replace(/^error: /, '').replaceAll('\n', ' '))
}
