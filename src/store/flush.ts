import { fstatSync, readSync, writeSync } from 'node:fs'
import { Fault } from '../core/fault.js'

/** Resolves once everything that was written before the call is on the disk. */
export type Flush = () => Promise<void>

/**
 * One flush to the disk serves everyone who waits for it. A caller shares the next flush that begins after its call, never the one that is
 * under way: that one may have begun before the caller's commit was written. The flush runs beside the event loop, which a commit that
 * flushed by itself would hold up.
 *
 * A disk that refused once may have dropped what it was given, and a later success would hide the hole: nothing is promised any more until
 * `again` has written all of it once more and a flush after that went well.
 */
export function sharedFlush(sync: () => Promise<void>, again: () => void): Flush {
  let next: Promise<void> | null = null
  let current: Promise<void> = Promise.resolve()
  let broken: Fault | null = null
  const run = async (): Promise<void> => {
    next = null
    if (broken !== null) {
      try {
        again()
      } catch {
        throw broken // Somebody is writing, or the disk takes nothing yet.
      }
    }
    try {
      await sync()
      broken = null
    } catch (cause) {
      broken = new Fault('misconfigured', `The disk did not keep what the store wrote: ${cause instanceof Error ? cause.message : String(cause)}`, {
        remedy: 'Check the disk of the store (space, errors); the service goes on by itself once it keeps what is written.',
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

const blockBytes = 1_048_576

/** Gives the disk once more all that the system holds of a file, byte for byte. */
export function writeAllAgain(descriptor: number): void {
  const block = Buffer.alloc(blockBytes)
  const { size } = fstatSync(descriptor)
  for (let at = 0; at < size; ) {
    const read = readSync(descriptor, block, 0, block.length, at)
    if (read === 0) return
    at += writeSync(descriptor, block, 0, read, at)
  }
}
