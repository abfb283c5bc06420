import { setMaxListeners } from 'node:events'
import type { Engine } from './engine.js'

/** How long the claim of a worker that died outlives it: all polls of a side, and all calls that need a token, may wait for it. */
export const HOLD_MS = 15_000

export type Held<T> = { readonly kind: 'done'; readonly value: T } | { readonly kind: 'taken' }

export interface Holding {
  readonly name: string
  readonly signal: AbortSignal
  /** How long nobody else gets the claim after the work is over, by whether it was done, and at most; absent: it is given back at once. */
  readonly keep?: { readonly forMs: (done: boolean) => number; readonly mostMs: number }
}

/**
 * Work that one worker at a time may do, however long it takes. The claim itself is short and renewed meanwhile, so that a worker that was
 * killed keeps nobody waiting for longer than `HOLD_MS`; one that slept past its claim is told to stop by its signal.
 */
export async function hold<T>(
  { store, clock, newId }: Pick<Engine, 'store' | 'clock' | 'newId'>,
  { name, signal, keep }: Holding,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<Held<T>> {
  const token = newId()
  const mostMs = Math.max(HOLD_MS, keep?.mostMs ?? 0)
  const claim = (forMs = HOLD_MS): Promise<boolean> => store.claim(name, { token, forMs, mostMs, now: clock.now() })
  if (!(await claim())) return { kind: 'taken' }
  const over = new AbortController()
  const stop = new AbortController()
  // Not AbortSignal.any: a signal that lives as long as the process keeps a trace of each that was ever made of it (Node 20), turn after turn.
  const passOn = (): void => stop.abort(signal.reason)
  if (signal.aborted) passOn()
  setMaxListeners(0, signal) // As many turns as there are listen to it, each for as long as it runs.
  signal.addEventListener('abort', passOn)
  const renew = async (): Promise<void> => {
    for (;;) {
      await clock.sleep(HOLD_MS / 3, over.signal)
      if (over.signal.aborted) return
      // A store that does not answer is no proof that the claim is lost; the next renewal tells.
      if (!(await claim().catch(() => true))) stop.abort()
    }
  }
  const renewing = renew()
  let done = false
  try {
    const value = await work(stop.signal)
    done = true
    return { kind: 'done', value }
  } finally {
    signal.removeEventListener('abort', passOn)
    over.abort()
    await renewing
    const keepMs = keep?.forMs(done) ?? 0
    if (keepMs > 0) await claim(keepMs)
    else await store.unclaim(name, token)
  }
}
