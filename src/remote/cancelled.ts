import { setMaxListeners } from 'node:events'
import { Fault } from '../core/fault.js'

export const cancelled = (): Fault => new Fault('offline', 'The call was cancelled before it was sent.', { remedy: 'Nothing to do: it is tried again.' })

/** Waits for work that others wait for too: the signal ends the waiting, not the work. @throws Fault `offline` when it does. */
export async function orCancelled<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let leave = (): void => undefined
  setMaxListeners(0, signal) // One signal stands for all calls of a sweep or a worker.
  const left = new Promise<never>((_, reject) => {
    leave = () => reject(cancelled())
    if (signal.aborted) leave()
    else signal.addEventListener('abort', leave, { once: true })
  })
  try {
    return await Promise.race([work, left])
  } finally {
    signal.removeEventListener('abort', leave)
  }
}
