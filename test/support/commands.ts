import { administer } from '../../src/administer.js'
import type { CliWorld } from '../../src/cli/app.js'
import { runProgram } from '../../src/cli/program.js'
import { realClock } from '../../src/clock.js'
import type { Installation } from './installation.js'

export interface Said {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** The command line of an installation, as a script has it: no terminal on any stream. */
export async function cosellOn({ app, load }: Pick<Installation, 'app' | 'load'>, argv: readonly string[]): Promise<Said> {
  let [out, err] = ['', '']
  const world: CliWorld = {
    io: {
      out: (text) => void (out += text),
      err: (text) => void (err += text),
      outIsTty: false,
      errIsTty: false,
      inIsTty: false,
      color: false,
    },
    loadConfig: () => Promise.resolve(load()),
    loadTenants: () => Promise.resolve([load()]),
    connect: () => Promise.resolve({ service: app.service, via: 'own', close: () => Promise.resolve() }),
    settingsAhead: () => Promise.resolve(null),
    administer: ({ config }) => administer(config, { clock: realClock, plant: () => undefined }),
    start: () => Promise.resolve(),
    demo: () => Promise.resolve(),
    sandbox: () => Promise.resolve(),
    now: () => Date.now(),
    signal: new AbortController().signal,
    user: 'tester',
    version: 'test',
  }
  return { code: await runProgram(argv, world), out, err }
}
