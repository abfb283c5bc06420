import { Fault } from '../core/fault.js'

/** Resolves once everything that was written before the call is on the disk. */
export type Flush = () => Promise<void>

/**
 * One flush to the disk serves everyone who waits for it. A caller shares the next flush that begins after its call, never the one that is
 * under way: that one may have begun before the caller's commit was written. The flush runs beside the event loop, which a commit that
 * flushed by itself would hold up.
 *
 * A disk that refused once may have dropped what it was given, and a later success would hide the hole: nothing is promised any more
 * until the store is opened again, which reads what is really there.
 */
export function sharedFlush(sync: () => Promise<void>): Flush {
  let next: Promise<void> | null = null
  let current: Promise<void> = Promise.resolve()
  let broken: Fault | null = null
  const run = async (): Promise<void> => {
    next = null
    if (broken !== null) throw broken
    try {
      await sync()
    } catch (cause) {
      broken = new Fault('misconfigured', `The disk did not keep what the store wrote: ${cause instanceof Error ? cause.message : String(cause)}`, {
        remedy: 'Check the disk of the store (space, errors), then start the service again.',
        cause,
      })
      throw broken
    }
  }
  return () => {
    if (next === null) {
      next = current.then(run, run)
      current = next
    }
    return next
  }
}
