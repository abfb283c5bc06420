import { randomUUID } from 'node:crypto'
import type { RefreshTokens } from '../remote/tokens.js'
import type { ConnectionParts } from './parts.js'

export const PARTNER_CENTER_TOKEN = 'token.partner-center'
const claim = 'token renewal'
// Longer than one request may take; a holder that was killed keeps nobody waiting for longer.
const renewHoldMs = 30_000

/** How the token stands in the store. `seed`: the configuration's token when this one was written, sealed too. */
interface StoredToken {
  readonly sealed: string
  readonly seed: string | null
  /** When it was written: it lapses 90 days after its last use. */
  readonly at?: number
}

// Source: learn.microsoft.com "Refresh tokens in the Microsoft identity platform" (read 2023-10): 90 days without use, for confidential clients.
const lapsesAfterMs = 90 * 86_400_000

/** When the stored token lapses if nobody uses it; null: there is none, or it is older than this record. */
export async function tokenLapsesAt(store: Pick<ConnectionParts['store'], 'getValue'>): Promise<number | null> {
  const at = (await store.getValue<StoredToken>(PARTNER_CENTER_TOKEN))?.value.at
  return at === undefined ? null : at + lapsesAfterMs
}

/** The refresh token: sealed in the store once somebody signed in, else the configuration's. One renewal at a time among all workers. */
export function refreshTokens(parts: Pick<ConnectionParts, 'store' | 'seal' | 'plant' | 'clock'>, seed: string | null): RefreshTokens {
  const { store, seal, plant, clock } = parts
  return {
    async read() {
      const stored = await store.getValue<StoredToken>(PARTNER_CENTER_TOKEN)
      // A token in the configuration that is not the one we started from was put there by a person: it is newer.
      const usable = stored !== null && (seed === null || stored.value.seed === null || seal.open(stored.value.seed) === seed)
      const token = usable ? seal.open(stored.value.sealed) : seed
      if (token !== null) plant(token)
      return token
    },
    async write(token) {
      plant(token)
      const value: StoredToken = { sealed: seal.close(token), seed: seed === null ? null : seal.close(seed), at: clock.now() }
      await store.setValue(PARTNER_CENTER_TOKEN, value, { expect: 'any', now: clock.now() })
    },
    async exclusively(work) {
      const holder = randomUUID()
      const untilMs = clock.now() + renewHoldMs
      while (!(await store.claim(claim, { token: holder, forMs: renewHoldMs, now: clock.now() })) && clock.now() < untilMs)
        await clock.sleep(100)
      try {
        return await work()
      } finally {
        await store.unclaim(claim, holder)
      }
    },
  }
}
