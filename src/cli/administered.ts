import type { AdministrationDesk } from '../assemble.js'
import type { CliWorld } from './app.js'
import type { Plain } from './run.js'

/** Opens the installation's own desk, beside a running service or without one, for the length of a command. */
export async function administered(plain: Plain, work: (desk: AdministrationDesk, world: CliWorld) => Promise<number>): Promise<number> {
  const { world } = plain
  const session = await world.administer(await plain.config())
  try {
    return await work(session.desk, world)
  } finally {
    await session.close()
  }
}
