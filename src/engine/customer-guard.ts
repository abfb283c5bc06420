import { Fault } from '../core/fault.js'
import type { Clock, Store } from '../core/ports.js'

// A find-or-create of one account takes two calls; after a minute its holder is dead.
const holdMs = 60_000
const waitMs = 100
const patienceMs = 20_000

/** Runs work on one customer alone among all workers: two new deals of one new customer must not make two accounts. */
export function customerGuard(store: Store, clock: Clock, newId: () => string): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  return async (key, work) => {
    const name = `customer.${key}`
    const token = newId()
    const untilMs = clock.now() + patienceMs
    while (!(await store.claim(name, { token, forMs: holdMs, now: clock.now() }))) {
      if (clock.now() >= untilMs) {
        throw new Fault('offline', 'Another deal of the same new customer is being made and takes unusually long.', { remedy: 'Nothing to do: this deal is tried again in a moment.' })
      }
      await clock.sleep(waitMs)
    }
    try {
      return await work()
    } finally {
      await store.unclaim(name, token)
    }
  }
}
