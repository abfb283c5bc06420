import type { Command } from 'commander'
import { underSettings, type Foreseen } from '../assemble.js'
import { maskedConfig, type LoadedConfig } from '../config/index.js'
import { toFault } from '../core/fault.js'
import { EXIT, type CliWorld } from './app.js'
import { printJson, printTable } from './print.js'
import type { Run } from './run.js'

/** `config show`: what is in force, and who says so: the default, the file, a variable, or a version of the settings. */
export function configShowCommand(config: Command, run: Run): void {
  config.command('show').description('the effective configuration, secrets masked').option('--origin', 'where each value comes from').action(run.plain(async ({ world, config: load, json }, options) => {
    const loaded = await load()
    const ahead = await versionsOf(world, loaded)
    const masked = maskedConfig(ahead === null ? loaded.config : underSettings(loaded.config, ahead.settings))
    const origins = options['origin'] === true ? Object.fromEntries(originsOf(loaded, ahead)) : null
    if (json || origins === null) printJson(world.io, origins === null ? masked : { config: masked, origins })
    else printTable(world.io, ['setting', 'from'], Object.entries(origins))
    return EXIT.done
  }))
}

/** A store that cannot be read is said; the file is shown all the same. */
async function versionsOf(world: CliWorld, loaded: LoadedConfig): Promise<Foreseen | null> {
  try {
    return await world.settingsAhead(loaded)
  } catch (error) {
    world.io.err(`The store cannot be asked for switches and settings that were changed since (${toFault(error).message}): this is what the file says.\n`)
    return null
  }
}

/** Where the settings of a version stand in the file. */
const inFile = (path: string): string => path.replace(/^policies\./, 'sync.').replace(/^flows\./, 'sync.flows.')

function originsOf({ origins }: LoadedConfig, ahead: Foreseen | null): ReadonlyMap<string, string> {
  const held = [...(ahead?.versions ?? [])].map(([path, { number, origin, by }]): [string, string] => [
    inFile(path),
    `version ${number} (${origin === 'switched' ? 'command' : origin} by ${by})`,
  ])
  return new Map([...origins, ...held])
}
