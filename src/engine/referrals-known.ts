import type { Store } from '../core/ports.js'
import type { Engine } from './engine.js'

/** How soon a share that waits for them is looked at again. */
export const untilKnownMs = 2_000
// Each round after the first takes seconds: what changes during three of them, one after the other, is not a referral from long ago.
export const roundsMost = 3
const tickMs = 500
const pauseMostMs = 60_000

const cutShortName = 'referrals.rounds-cut-short'
const askedName = 'referrals.asked-for'

/**
 * Whether every referral that may already exist was seen: a sweep of Partner Center went to the end of its listing. A round that was cut short
 * leaves out what changed meanwhile, and that may be the very referral of a record that looks unshared.
 */
export async function referralsKnown(store: Store): Promise<boolean> {
  const [swept, cutShort] = await Promise.all([store.getValue('swept.partner'), store.getValue(cutShortName)])
  return swept !== null && cutShort === null
}

/** A share waits for them: the next round is wanted now, and not at its turn. */
export async function askForReferrals({ store, clock }: Engine): Promise<void> {
  await store.setValue(askedName, true, { expect: null, now: clock.now() })
}

/** A round through the listing is over: to be noted before the sweep itself is noted as done. */
export async function noteRound({ store, clock }: Engine, { cutShort }: { readonly cutShort: boolean }): Promise<void> {
  if (await referralsKnown(store)) return
  const rounds = ((await store.getValue<number>(cutShortName))?.value ?? 0) + 1
  if (cutShort && rounds < roundsMost) {
    await store.setValue(cutShortName, rounds, { expect: 'any', now: clock.now() })
    return
  }
  await store.dropValue(cutShortName)
  await store.dropValue(askedName)
}

/** After a first round that was cut short: one more as soon as a share waits for it, until referrals are known. */
export async function lookAgainWhenAsked(
  { store, clock }: Pick<Engine, 'store' | 'clock'>,
  { untilMs, signal }: { readonly untilMs: number; readonly signal: AbortSignal },
  round: () => Promise<unknown>,
): Promise<void> {
  let pauseMs = tickMs
  for (let rounds = await roundsOf(store); rounds !== null && clock.now() < untilMs && !signal.aborted; ) {
    const wanted = await anotherRoundWanted(store)
    if (wanted) await round()
    const now = await roundsOf(store)
    // A round that the brake stopped, or that another worker is at, is not made again and again.
    pauseMs = wanted && now === rounds ? Math.min(pauseMs * 2, pauseMostMs) : tickMs
    rounds = now
    if (rounds !== null) await clock.sleep(pauseMs, signal)
  }
}

const roundsOf = async (store: Store): Promise<number | null> => (await store.getValue<number>(cutShortName))?.value ?? null

/** Whether a share waits for another round. */
export async function anotherRoundWanted(store: Store): Promise<boolean> {
  const [asked, cutShort] = await Promise.all([store.getValue(askedName), store.getValue(cutShortName)])
  return asked !== null && cutShort !== null
}
