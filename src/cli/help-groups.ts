import { Help, type Command } from 'commander'

/** What one does with it, in the order in which one comes to need it. */
const GROUPS: readonly (readonly [title: string, commands: readonly string[]])[] = [
  ['Look around:', ['demo', 'sandbox']],
  ['Set up:', ['init', 'connect', 'auth', 'install', 'webhook', 'doctor', 'mapping', 'solutions', 'taxonomy', 'config']],
  ['Every day:', ['deals', 'conflicts', 'plan', 'apply', 'sync', 'flows', 'runs', 'audit']],
  ['Run it:', ['start', 'backup', 'restore', 'secrets', 'trigger', 'completion', 'version', 'help']],
]
const placed = GROUPS.flatMap(([title, commands]) => commands.map((name) => ({ name, title })))
const places = new Map(placed.map(({ name, title }, at) => [name, { title, at }]))
const placeOf = (command: Command): number => places.get(command.name())?.at ?? places.size

/** Thirty commands in a row are read by nobody: the overview shows them by what they are for. */
export function groupCommands(program: Command): void {
  const standard = new Help()
  program.configureHelp({
    visibleCommands: (command) => {
      const commands = standard.visibleCommands(command)
      if (command !== program) return commands
      for (const each of commands) each.helpGroup(places.get(each.name())?.title ?? 'Commands:')
      return commands.sort((a, b) => placeOf(a) - placeOf(b))
    },
    groupItems: (_, visible, groupOf) => standard.groupItems(visible, visible, groupOf),
  })
}
