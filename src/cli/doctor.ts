import type { Command } from 'commander'
import type { LoadedConfig } from '../config/index.js'
import type { Check } from '../core/ports.js'
import { EXIT, type CliWorld } from './app.js'
import { printJson } from './print.js'
import type { Run } from './run.js'
import { commandFault } from './system-fault.js'

const SIGNS = { pass: '✔ pass', warn: '! warn', fail: '✘ fail' } as const

/** `doctor`: every prerequisite, one line each. */
export function doctorCommand(program: Command, run: Run): void {
  program.command('doctor').description('check every prerequisite').action(
    run.plain(async ({ world, json, config }) => {
      const { io } = world
      const checks = await checksOf(world, await config())
      if (json) printJson(io, { checks })
      else
        for (const { status, name, detail, remedy } of checks)
          io.out(`${SIGNS[status]}  ${name}: ${detail}${remedy === null ? '' : `\n        ${remedy}`}\n`)
      return checks.some(({ status }) => status === 'fail') ? EXIT.attention : EXIT.done
    }),
  )
}

async function checksOf(world: CliWorld, loaded: LoadedConfig): Promise<readonly Check[]> {
  const odd = loaded.warnings.map((detail): Check => ({ name: 'configuration', status: 'warn', detail, remedy: null }))
  let session: Awaited<ReturnType<CliWorld['connect']>>
  try {
    session = await world.connect(loaded, { adopt: false })
  } catch (error) {
    // Nothing else can be asked without a store: that is the finding, and it comes with its remedy like any other.
    const fault = commandFault(error)
    if (fault.kind === 'bug') throw error
    return [...odd, { name: 'store', status: 'fail', detail: fault.message, remedy: fault.remedy }]
  }
  try {
    return [...odd, ...(await session.service.checks(world.signal))]
  } finally {
    await session.close()
  }
}
