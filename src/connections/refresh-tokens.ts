import { randomUUID } from 'node:crypto'
import { Fault } from '../core/fault.js'
import { hold } from '../engine/hold.js'
import type { RefreshTokens } from '../remote/tokens.js'
import type { ConnectionParts } from './parts.js'

export const PARTNER_CENTER_TOKEN = 'token.partner-center'
const claim = 'token renewal'
const patienceMs = 60_000 // Longer than two requests may take.

/** How the token stands in the store. `seed`: the configuration's token when this one was written, sealed too. */
interface StoredToken {
  readonly sealed: string
  readonly seed: string | null
  /** When it was last written or used: it lapses 90 days after its last use. */
  readonly at?: number
  /** Which sign-in of a person it comes from; a renewal keeps it. */
  readonly signIn?: string
}

// Source: learn.microsoft.com "Refresh tokens in the Microsoft identity platform" (read 2023-10): 90 days without use, for confidential clients.
const lapsesAfterMs = 90 * 86_400_000
const usedNotedEveryMs = 86_400_000 // A use is worth a write once a day: the warning comes weeks before the end.
const writesMost = 10 // Only a rotation of the sealing key writes beside us.

/** When the stored token lapses if nobody uses it; null: there is none, or it is older than this record. */
export async function tokenLapsesAt(store: Pick<ConnectionParts['store'], 'getValue'>): Promise<number | null> {
  const at = (await store.getValue<StoredToken>(PARTNER_CENTER_TOKEN))?.value.at
  return at === undefined ? null : at + lapsesAfterMs
}

type Parts = Pick<ConnectionParts, 'store' | 'seal' | 'plant' | 'clock'>

/** What a person has just signed in with. It stands whatever was there before, and makes every process ask for new access tokens. */
export async function storeSignIn({ store, seal, plant, clock }: Parts, seed: string | null, token: string): Promise<void> {
  plant(token)
  const value: StoredToken = { ...sealedPair(seal, token, seed), at: clock.now(), signIn: randomUUID() }
  await store.setValue(PARTNER_CENTER_TOKEN, value, { expect: 'any', now: clock.now() })
}

const sealedPair = (seal: Parts['seal'], token: string, seed: string | null): Pick<StoredToken, 'sealed' | 'seed'> => ({
  sealed: seal.close(token),
  seed: seed === null ? null : seal.close(seed),
})

/** The refresh token: sealed in the store once somebody signed in, else the configuration's. One renewal at a time among all workers. */
export function refreshTokens(parts: Parts, seed: string | null): RefreshTokens {
  const { store, seal, plant, clock } = parts
  const current = async () => {
    const stored = await store.getValue<StoredToken>(PARTNER_CENTER_TOKEN)
    // A token in the configuration that is not the one we started from was put there by a person: it is newer.
    const usable = stored !== null && (seed === null || stored.value.seed === null || seal.open(stored.value.seed) === seed)
    return { revision: stored?.revision ?? null, old: usable ? stored.value : null, token: usable ? seal.open(stored.value.sealed) : seed }
  }
  return {
    async read() {
      const { token } = await current()
      if (token !== null) plant(token)
      return token
    },
    async signIn() {
      const stored = (await store.getValue<StoredToken>(PARTNER_CENTER_TOKEN))?.value
      return stored?.signIn ?? null
    },
    async renewed(from, token) {
      plant(token)
      for (let tries = 0; tries < writesMost; tries += 1) {
        const { revision, old, token: before } = await current()
        if (before !== from) return 'replaced'
        if (token === from && old?.at !== undefined && clock.now() - old.at < usedNotedEveryMs) return 'stored'
        const signIn = old?.signIn
        const value: StoredToken = { ...sealedPair(seal, token, seed), at: clock.now(), ...(signIn === undefined ? {} : { signIn }) }
        const done = await store.setValue(PARTNER_CENTER_TOKEN, value, { expect: revision, now: clock.now() })
        if (done) return 'stored'
      }
      throw new Fault('stale', 'The refresh token could not be stored: its place in the store changes all the time.', {
        remedy: 'Nothing to do: it is renewed again.',
      })
    },
    async exclusively(work) {
      const untilMs = clock.now() + patienceMs
      const turn = { name: claim, signal: new AbortController().signal }
      while (clock.now() < untilMs) {
        const held = await hold({ store, clock, newId: randomUUID }, turn, work)
        if (held.kind === 'done') return held.value
        await clock.sleep(100)
      }
      return work()
    },
  }
}
