import { openDoors, type Doing, type Doors, type Role } from '../assemble.js'
import { realClock } from '../clock.js'
import type { Config } from '../config/index.js'
import { toFault } from '../core/fault.js'
import type { Logger } from '../log.js'
import { EXIT } from './app.js'
import { interrupted, untilInterrupted } from './interrupted.js'

export interface Startable {
  start(role: Role, doors?: Doors): Promise<{ readonly address: string | null }>
  stop(): Promise<void>
}

/** What makes one service of a process: where it is reached, how it is put together, and who is told that it is ready. */
export interface Life<A extends Startable> {
  readonly log: Logger
  readonly role: Role
  readonly at: Pick<Config['server'], 'listen' | 'observe'>
  make(doing: (what: Doing) => void): Promise<A>
  ready(app: A, address: string | null): Promise<void>
}

const startEndsMs = 3_000 // Nothing is taken yet: a migration that is cut is finished by the next start.
const endsWithinMs = 9_500 // Ten seconds are promised; what is cut then ends by itself, as after a crash.

/**
 * Runs until somebody ends it. Its addresses answer before anything is put together. What is open is closed in any case: a process that could
 * not start must not stay.
 * @returns `left`: something that was begun is still under way, and must not keep the process.
 */
export async function serve<A extends Startable>(life: Life<A>): Promise<'closed' | 'left'> {
  const { log, role, at } = life
  if (interrupted.aborted) return 'closed'
  interrupted.addEventListener('abort', () => endInTime(log), { once: true })
  // One that is taken is told of by the start, after what is wrong with the store: a second service of one configuration hears of the first.
  const doors = await openDoors({ listen: role === 'worker' ? null : at.listen, observe: at.observe }).catch(() => null)
  try {
    const app = await unlessTold(life.make((what) => doors?.tell(what)), log)
    if (app === null) return 'left'
    lastResort(log, () => app.stop())
    return await started(app, life, doors)
  } finally {
    await doors?.close()
  }
}

async function started<A extends Startable>(app: A, { role, ready }: Life<A>, doors: Doors | null): Promise<'closed' | 'left'> {
  let begun = false
  const begin = async (): Promise<void> => {
    const { address } = await (doors === null ? app.start(role) : app.start(role, doors))
    if (interrupted.aborted) return
    await ready(app, address)
    begun = true
    await untilInterrupted()
  }
  try {
    await Promise.race([begin(), untilInterrupted()])
  } finally {
    await app.stop()
  }
  return begun ? 'closed' : 'left'
}

/** Whoever is told to end while it is put together waits for a moment only. @returns null: it was told to. */
async function unlessTold<A extends Startable>(making: Promise<A>, log: Logger): Promise<A | null> {
  const made = await Promise.race([making, untilInterrupted()])
  if (made !== undefined) return made
  const late = await Promise.race([making, realClock.sleep(startEndsMs)]).catch((error: unknown) => {
    log.warn({ error: toFault(error).message }, 'the start had failed when it was told to end')
  })
  await late?.stop()
  return null
}

function endInTime(log: Logger): void {
  log.info('stopping: finishing what is under way')
  // A supervisor that asks again still waits for the same; a person's second Ctrl-C ends it at once.
  process.removeAllListeners('SIGTERM').on('SIGTERM', () => log.info('stopping already'))
  setTimeout(() => {
    log.warn('what is under way could not be finished in time: its leases end by themselves within a minute')
    process.exit(EXIT.done)
  }, endsWithinMs).unref()
}

/** What nobody foresaw: it is said once, without secrets, what is under way is handed back, and the supervisor starts us anew. */
function lastResort(log: Logger, stop: () => Promise<void>): void {
  let ending = false
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      log.fatal({ err: error }, 'an error that nobody foresaw: stopping')
      if (ending) return
      ending = true
      setTimeout(() => process.exit(EXIT.bug), lastResortMs).unref()
      void stop()
        .catch(() => undefined)
        .finally(() => process.exit(EXIT.bug))
    })
  }
}
const lastResortMs = 12_000 // Leases are handed back within ten seconds.
