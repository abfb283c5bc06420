import type { Clock, Store } from './core/ports.js'

const heardEveryMs = 1_000 // In a burst a write for each event would cost more than the events themselves.

/** Notes when the last event came, for people to see and for the guard of the webhook. The event itself is stored already. */
export function lastHeard(store: Pick<Store, 'setValue'>, clock: Clock): (source: string) => void {
  const notedAt = new Map<string, number>()
  return (source) => {
    const now = clock.now()
    if (now - (notedAt.get(source) ?? 0) < heardEveryMs) return
    notedAt.set(source, now)
    for (const name of ['event.last', `event.last.${source}`]) void store.setValue(name, now, { expect: 'any', now }).catch(() => undefined) // Only a display.
  }
}
