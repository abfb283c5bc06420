import { Fault } from '../core/fault.js'
import type { Clock, Store } from '../core/ports.js'

// A find-or-create of one account takes two calls; after a minute its holder is dead.
const holdMs = 60_000
const waitMs = 100
const patienceMs = 20_000

/** Asked right before the account is made. @throws Fault `offline` when the work slept past its turn: somebody else may have made it meanwhile. */
export type StillAlone = () => Promise<void>

/** Runs work on one customer alone among all workers: two new deals of one new customer must not make two accounts. */
export function customerGuard(
  store: Store,
  clock: Clock,
  newId: () => string,
): <T>(key: string, work: (stillAlone: StillAlone) => Promise<T>, signal: AbortSignal) => Promise<T> {
  return async (key, work, signal) => {
    const name = `customer.${key}`
    const token = newId()
    const untilMs = clock.now() + patienceMs
    let heldUntilMs = 0
    const claim = async (): Promise<boolean> => {
      const now = clock.now()
      if (!(await store.claim(name, { token, forMs: holdMs, now }))) return false
      heldUntilMs = now + holdMs
      return true
    }
    while (!(await claim())) {
      if (signal.aborted || clock.now() >= untilMs) {
        throw new Fault('offline', 'Another deal of the same new customer is being made and takes unusually long.', { remedy: 'Nothing to do: this deal is tried again in a moment.' })
      }
      await clock.sleep(waitMs, signal)
    }
    try {
      return await work(async () => {
        // A claim that ran out may have been another's in between, though nobody has it now.
        if (clock.now() < heldUntilMs && (await claim())) return
        throw new Fault('offline', 'This worker slept while it made a record of a new customer, and another may have made the account.', {
          remedy: 'Nothing to do: it looks again in a moment.',
        })
      })
    } finally {
      // A claim that could not be given back runs out by itself. Said here, it would be taken for the word that nothing was made.
      await store.unclaim(name, token).catch(() => undefined)
    }
  }
}
