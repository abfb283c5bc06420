import type { Config, LoadedConfig } from '../config/index.js'
import type { Service } from '../assemble.js'
import { EXIT, type CliWorld, type Io } from './app.js'
import { printProblem, usageProblem } from './print.js'

/** What a command body gets. */
export interface Plain {
  readonly world: CliWorld
  readonly json: boolean
  /** Ends the command with exit code 2 and this sentence. */
  readonly usage: (text: string) => number
  readonly config: () => Promise<LoadedConfig>
  /** Every tenant that is meant: all of them, where none is named. */
  readonly tenants: () => Promise<readonly LoadedConfig[]>
}
export interface WithService {
  readonly service: Service
  readonly config: Config
  readonly io: Io
  readonly json: boolean
  readonly signal: AbortSignal
  readonly user: string
  readonly now: number
  /** What the configuration says that is not wrong and not right either. */
  readonly warnings: readonly string[]
  readonly usage: (text: string) => number
}
type Options = Readonly<Record<string, unknown>>
type Action = (...args: unknown[]) => Promise<void>

/** Turns a body into a commander action: finds the configuration and the service, keeps the exit code. */
export interface Run {
  plain(body: (plain: Plain, options: Options, args: string[]) => Promise<number>): Action
  service(body: (context: WithService, options: Options, args: string[]) => Promise<number>): Action
}

/** Commander hands an action its positional arguments (a variadic one as a list), its options and itself. */
function unpack(raw: readonly unknown[]): { args: string[]; options: Options } {
  const [command, options, ...positional] = [...raw].reverse()
  const args = positional
    .reverse()
    .flat()
    .filter((value): value is string => typeof value === 'string')
  const all = (command as { optsWithGlobals(): Options }).optsWithGlobals() // the last argument is the command
  return { args, options: { ...all, ...(options as Options) } } // the one before it are its options
}

function textOf(options: Options, name: string): string | null {
  const value = options[name]
  return typeof value === 'string' ? value : null
}

export function runner(world: CliWorld, finish: (code: number) => void): Run {
  const usageOf = (json: boolean) => (text: string): number => {
    if (json) printProblem(world.io, usageProblem(text))
    else world.io.err(`${text}\n`)
    return EXIT.usage
  }
  const plainOf = (options: Options): Plain => ({
    world,
    json: options['json'] === true,
    usage: usageOf(options['json'] === true),
    config: () => world.loadConfig(textOf(options, 'config'), textOf(options, 'tenant')),
    tenants: () => world.loadTenants(textOf(options, 'config'), textOf(options, 'tenant')),
  })
  return {
    plain:
      (body) =>
      async (...raw) => {
        const { args, options } = unpack(raw)
        finish(await body(plainOf(options), options, args))
      },
    service:
      (body) =>
      async (...raw) => {
        const { args, options } = unpack(raw)
        const plain = plainOf(options)
        const loaded = await plain.config()
        for (const warning of loaded.warnings) world.io.err(`warning: ${warning}\n`)
        const session = await world.connect(loaded, { adopt: false })
        try {
          finish(
            await body(
              {
                service: session.service,
                config: loaded.config,
                io: world.io,
                json: plain.json,
                signal: world.signal,
                user: world.user,
                now: world.now(),
                warnings: loaded.warnings,
                usage: plain.usage,
              },
              options,
              args,
            ),
          )
        } finally {
          await session.close()
        }
      },
  }
}
